"""Decide for ordinary people, made up by the assumptions of population.yaml: who is told what, how often, and by which
rules. The same content, number and seed always give the same table. All numbers but of people are percent."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from triage.domain.content import ORIGINS, URGENCIES, Content
from triage.domain.loading import ContentError, population
from triage.domain.population import EVERYBODY, Tallies, Tally
from triage.management.content import ContentCommand, named_content, named_trees
from triage.store.content_files import SHIPPED
from triage.store.examination import PEOPLE, SEED, most_telling, told_people

COLUMNS = (*reversed(URGENCIES), *ORIGINS)
MOST = 3  # rules named beside a condition


class Command(ContentCommand):
    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--people", type=int, default=PEOPLE, help=f"how many (default: {PEOPLE:,})")
        parser.add_argument("--seed", type=int, default=SEED, help=f"other people (default: {SEED})")

    def handle(self, *args: Any, content: str, **options: Any) -> None:
        loaded = named_content(content)
        try:
            assumed, maker = population(named_trees(content), loaded), loaded
            if assumed is None:
                self.stderr.write(
                    "This content says nothing of who comes: the people are those of the shipped one."
                )
                maker = named_content(str(SHIPPED))
                assumed = population(named_trees(str(SHIPPED)), maker)
        except ContentError as error:
            raise CommandError(f"{error}\nMend it first.") from None
        assert assumed is not None
        if options["people"] < 1:
            raise CommandError("Name at least one: --people 20000")
        names = {EVERYBODY: "Everybody"} | {each.key: each.name for each in assumed.conditions}
        told = told_people(
            maker,
            assumed,
            (loaded,),
            options["people"],
            options["seed"],
            lambda line: self.stderr.write(f"… {line}"),
        )
        for noise, (tallies,) in told.items():
            self._table(noise, names, tallies)
            self._rules(loaded, tallies[EVERYBODY])

    def _table(self, noise: str, names: dict[str, str], tallies: Tallies) -> None:
        width = max(map(len, names.values()))
        columns = "".join(f"{name:>11}" for name in COLUMNS)
        self.stdout.write(f"\nAnswers with noise: {noise}\n{'':{width}}{'people':>9}{columns}  most by")
        for key, name in names.items():
            if key in tallies:
                self.stdout.write(f"{name:{width}}{_shares(tallies[key])}")

    def _rules(self, content: Content, everybody: Tally) -> None:
        gives = {rule.id: rule.gives for rule in content.urgency_rules}
        self.stdout.write("\nRules that decide most often, and how often no other rule does:")
        for id, count, alone in most_telling(everybody):
            shares = f"{everybody.share(count):6.1f}{everybody.share(alone):6.1f}"
            self.stdout.write(f"  {id:4} {gives[id]:10}{shares}")


def _shares(tally: Tally) -> str:
    counts = (
        *(tally.urgencies[name] for name in reversed(URGENCIES)),
        *(tally.origins[name] for name in ORIGINS),
    )
    most = " ".join(f"{id} {tally.share(count):.1f}" for id, count, _alone in most_telling(tally, MOST))
    return f"{tally.people:>9,}" + "".join(f"{tally.share(count):>11.1f}" for count in counts) + f"  {most}"
