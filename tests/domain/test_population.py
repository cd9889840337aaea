"""Ordinary people, made up: always the same ones, as stated; and a rule that floods is seen among them."""

import copy
import random

import pytest
from django.core.management import CommandError, call_command

from tests.planted import entry, planted, written
from tests.shipped import EARLIER, earlier_trees, shipped_content, shipped_trees
from triage.domain.content import URGENCIES
from triage.domain.loading import load, population
from triage.domain.population import EVERYBODY, Noise, Tally, people, tell
from triage.domain.walk import read_answers, walk
from triage.store.examination import told_people

CONTENT = shipped_content()
ASSUMED = population(shipped_trees(), CONTENT)
NONE = Noise(unsure=0, other=0, tick=0, miss=0)


def made(number, noise=NONE, seed=1, assumed=ASSUMED):
    return list(people(CONTENT, assumed, number, noise, random.Random(seed).random))


def told(content, number=3000, noise="clear"):
    tallies = {}
    for person in made(number, ASSUMED.noise[noise]):
        tell(content, person, tallies)
    return tallies


def share(tally, urgency):
    return tally.share(tally.urgencies[urgency])


# Making people


def test_the_same_numbers_make_the_same_people():
    assert made(200, ASSUMED.noise["much"]) == made(200, ASSUMED.noise["much"])
    assert made(200, ASSUMED.noise["much"]) != made(200, ASSUMED.noise["much"], seed=2)


def test_each_condition_has_its_share_and_nobody_is_lost():
    whole = sum(condition.share for condition in ASSUMED.conditions)
    found = made(5000)
    assert len(found) == 5000
    for condition in ASSUMED.conditions:
        number = sum(person.condition == condition for person in found)
        assert abs(number - 5000 * condition.share / whole) <= 1


def test_there_are_enough_conditions_and_each_names_what_it_rests_on():
    tree = shipped_trees()["population"]
    assert len(tree["conditions"]) >= 21
    assert len(tree["sources"]) >= 10
    assert {source["id"] for source in tree["sources"]} <= {
        name for row in (*tree["conditions"], *tree["also"]) for name in row["sources"]
    } | {"ferguson-2019", "martinson-2024"}  # of all people, not of one condition


def test_their_answers_are_those_of_a_person_who_goes_through_the_questions():
    for person in made(500, ASSUMED.noise["much"]):
        answers = read_answers(CONTENT, {key: list(codes) for key, codes in person.answers.items()})
        walked = walk(CONTENT, answers)
        assert walked.dropped == ()
        assert set(walked.unanswered) <= {"note"}


def test_answers_come_as_often_as_stated():
    heel = [person.answers for person in made(6000) if person.condition.key == "plantar-heel"]
    ticked = sum("first-steps" in answers.get("foot-feel", ()) for answers in heel if "foot-feel" in answers)
    asked = sum("foot-feel" in answers for answers in heel)
    assert 80 < 100 * ticked / asked < 90  # 85 are stated
    assert 40 < 100 * sum(answers["foot-heavy"] == ("no",) for answers in heel) / len(heel) < 96


def test_who_ticks_one_option_ticks_others_more_often():
    numb = {True: [], False: []}
    for person in made(6000):
        if person.condition.key in ("plantar-heel", "bunion", "corns"):
            diabetes = "diabetes" in person.answers["health"]
            numb[diabetes].append("both-feet-socks" in person.answers["numb-site"])
    with_diabetes, without = (sum(found) / len(found) for found in (numb[True], numb[False]))
    assert with_diabetes > 5 * without


@pytest.mark.parametrize(
    ("noise", "holds"),
    [
        (Noise(100, 0, 0, 0), lambda answers: answers["leg-pain"] == ("not-sure",)),
        (Noise(0, 0, 0, 100), lambda answers: answers["safety-now"] == ("none",)),
        (Noise(0, 0, 100, 0), lambda answers: len(answers["safety-now"]) == 12),
    ],
)
def test_noise_is_what_it_says(noise, holds):
    assert all(holds(person.answers) for person in made(100, noise))


def test_nobody_slips_out_of_the_questions():
    noise = Noise(50, 50, 50, 50)
    assert all(person.answers["age"] == ("16-or-over",) for person in made(200, noise))


# What they are told


def test_what_is_shipped_floods_nobody():
    """The aim of a pilot is 25 and 5; the figures of 20,000 are in the clinical-safety document."""
    everybody = told(CONTENT)[EVERYBODY]
    assert everybody.people == 3000
    assert share(everybody, "emergency") < 5
    assert share(everybody, "same-day") < 28
    assert sum(share(everybody, urgency) for urgency in URGENCIES) == pytest.approx(100)


def test_what_is_dangerous_is_seldom_called_routine():
    tallies = told(CONTENT, 20_000)
    for key in ("cauda-equina", "cold-leg", "clot", "foot-sore", "skin-infection"):
        assert share(tallies[key], "routine") < 15, key


def test_a_rule_that_floods_is_seen():
    """As version 1 once did: a back that hurts is enough."""

    def flood(trees):
        entry(trees, "urgency", "S9")["when"]["any"].append({"item": "back-pain", "is": "now"})

    before, after = (told(content)[EVERYBODY] for content in (CONTENT, load(planted(flood))))
    assert share(after, "same-day") > share(before, "same-day") + 15
    assert after.rules["S9"] > 4 * before.rules["S9"]
    assert after.alone["S9"] > 300


def test_an_older_release_is_asked_with_what_it_knows():
    old = load(earlier_trees())
    tallies = told_people(CONTENT, ASSUMED, [CONTENT, old], 400)["clear"]
    assert [each[EVERYBODY].people for each in tallies] == [400, 400]
    assert tallies[0][EVERYBODY].rules != tallies[1][EVERYBODY].rules


def test_a_tally_of_nobody_has_no_share():
    assert Tally().share(0) == 0


# The command


def run(capsys, *args, **options):
    call_command("population", *args, **options)
    return capsys.readouterr()


def test_the_command_prints_the_same_table_each_time(capsys):
    first = run(capsys, people=300)
    assert run(capsys, people=300) == first
    assert run(capsys, people=300, seed=7).out != first.out
    assert "Everybody" in first.out
    assert "Plantar heel pain" in first.out
    assert first.out.count("Rules that decide most often") == 2


def test_the_command_tells_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr("triage.store.examination.EVERY", 100)
    assert "… 200 of 300 made-up people told, noise: clear" in run(capsys, people=300).err


def test_a_content_that_says_nothing_of_people_takes_those_of_the_shipped_one(capsys):
    told = run(capsys, str(EARLIER), people=100)
    assert "the people are those of the shipped one" in told.err
    assert "Everybody" in told.out


def test_assumptions_that_cannot_be_read_are_named(tmp_path):
    trees = copy.deepcopy(dict(shipped_trees()))
    trees["population"]["anybody"]["side"] = {"middle": 1}
    with pytest.raises(CommandError, match="no code 'middle'"):
        call_command("population", written(trees, tmp_path))


def test_nobody_at_all_is_too_few():
    with pytest.raises(CommandError, match="at least one"):
        call_command("population", people=0)
