"""Staff sign in with the clinic's own accounts: from the button to the worklist and out, and nobody by a lie."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.contrib.auth.models import Group, User
from django.test import Client
from playwright.sync_api import expect

from tests import glewlwyd
from tests.browser import axe_finds, press
from tests.provider import SECRET, TestProvider
from tests.staff import WORKLIST, staff, text
from tests.visitor import Patient, publish
from triage import actions
from triage.actions import identities
from triage.admin import provider as door
from triage.models import AccessEntry, StaffIdentity

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.alike("who is let in is decided in Python; accounts are Django's own on both"),
]
START, BACK, LOGIN = "/admin/provider/", "/admin/provider/back/", "/admin/login/"
PASSWORD = "a password of its own"


@pytest.fixture(scope="module")
def running():
    provider = TestProvider()
    yield provider
    provider.server.shutdown()
    provider.server.server_close()


@pytest.fixture
def mercy(running, settings):
    """The hospital's provider, whose word that a second factor was asked for counts."""
    running.be_honest()
    settings.STAFF_SECOND_FACTOR = True
    settings.PROVIDER = running.settings(second_factor=(("amr", "mfa"),))
    return running


def begin(client, wanted=""):
    """From the button to the provider: its address."""
    answer = client.get(START, {"next": wanted} if wanted else {})
    assert answer.status_code == 302, text(answer)
    return answer["Location"]


def there(address):
    """What the provider's page leads back to: the address of ours, with code and state."""
    return (
        requests.get(address, allow_redirects=False, timeout=5)
        .headers["Location"]
        .removeprefix("http://testserver")
    )


def sign_in(client=None, wanted=""):
    client = client or Client()
    client.answer = client.get(there(begin(client, wanted)))
    return client


def is_in(client):
    return "_auth_user_id" in client.session


def entries():
    return list(AccessEntry.objects.order_by("number").values_list("who", "what", "about", "detail"))


# In


def test_who_has_a_role_there_comes_in_with_it_and_the_log_says_so(mercy):
    client = sign_in(wanted=WORKLIST)
    assert client.answer["Location"] == WORKLIST
    user = User.objects.get()
    assert (user.username, user.is_staff, user.is_superuser) == ("anna", True, False)
    assert not user.has_usable_password()
    assert [group.name for group in user.groups.all()] == ["Reviewers"]
    publish()
    assert client.get(WORKLIST).status_code == 200
    assert entries()[:3] == [
        ("anna", "change", "user anna", f"made on signing in by {mercy.issuer}"),
        ("anna", "change", "user anna", "roles by the provider: Reviewers; before: none"),
        ("anna", "login", "", "by the provider"),
    ]


@pytest.mark.parametrize(("key", "alg"), [("rsa", "RS256"), ("rsa", "PS256"), ("ec", "ES256")])
def test_signatures_by_a_key_of_its_own_are_taken(mercy, key, alg):
    mercy.signing |= {"signed_by": key, "alg": alg}
    assert is_in(sign_in())


def test_a_key_that_came_since_is_found(mercy):
    mercy.published = ["ec"]
    client = Client()
    back = there(begin(client))
    mercy.published = ["ec", "rsa"]
    client.get(back)
    assert is_in(client)


def test_roles_are_those_of_now_and_who_loses_all_does_not_enter(mercy):
    first = sign_in()
    mercy.person["groups"] = ["leads", "office"]
    sign_in()
    user = User.objects.get()
    assert {group.name for group in user.groups.all()} == {"Managers", "Auditors"}
    assert entries()[-2][3] == "roles by the provider: Auditors, Managers; before: Reviewers"
    user.groups.add(Group.objects.get(name="Reviewers"))  # by hand: gone when they come again
    mercy.person["groups"] = ["choir"]
    client = sign_in()
    assert client.answer.status_code == 403
    assert not is_in(client)
    assert "You have no role in Footpath" in text(client.answer)
    assert not user.groups.exists()
    assert first.get(WORKLIST).status_code == 403  # what was open is closed too
    assert ("anna", "failed-login", "", "by the provider: no role") in entries()


@pytest.mark.parametrize("groups", [None, [], "nurse", ["Reviewers"], [["nurses"]], {"nurses": 1}, 7])
def test_who_has_no_role_there_gets_no_account(mercy, groups):
    mercy.claims["groups"] = groups
    client = sign_in()
    assert (client.answer.status_code, is_in(client)) == (403, False)
    assert not User.objects.exists()
    assert entries() == [("", "failed-login", "", "by the provider: no role")]


def test_one_group_may_be_one_word(mercy):
    mercy.claims["groups"] = "nurses"
    assert is_in(sign_in())


def test_a_disabled_account_stays_disabled(mercy):
    sign_in()
    User.objects.update(is_active=False)
    client = sign_in()
    assert "Your account in Footpath is disabled" in text(client.answer)
    assert not is_in(client)
    assert not User.objects.get().is_active


# The second factor


def test_without_its_word_our_own_second_factor_is_asked(mercy):
    for amr in (["pwd"], None, "pwd"):
        mercy.person["amr"] = amr
        mercy.claims = {} if amr != "pwd" else {"amr": None, "acr": "mfa"}
        client = sign_in(wanted=WORKLIST)
        assert client.answer["Location"] == "/admin/second-factor/"
        assert not is_in(client)
        assert client.get(WORKLIST)["Location"].startswith(LOGIN)
        assert client.get("/admin/second-factor/", follow=True).redirect_chain[-1][0].endswith("/set-up/")


def test_its_word_counts_only_where_the_clinic_says_so(mercy, settings):
    settings.PROVIDER = mercy.settings()
    assert sign_in().answer["Location"] == "/admin/second-factor/"


def test_a_session_by_its_word_ends_when_the_provider_is_taken_away(mercy, settings):
    publish()
    client = sign_in()
    assert client.get(WORKLIST).status_code == 200
    settings.PROVIDER = mercy.settings(issuer="https://other.example.org")
    assert client.get(WORKLIST)["Location"].startswith(LOGIN)


# Whose account


def test_a_name_that_somebody_has_here_makes_nobody_theirs(mercy):
    local = actions.create_staff("Anna", PASSWORD, "Managers")
    sign_in()
    provided = StaffIdentity.objects.get().user
    assert (provided.username, provided.pk == local.pk) == ("anna+2", False)
    local.refresh_from_db()
    assert local.check_password(PASSWORD)
    assert [group.name for group in local.groups.all()] == ["Managers"]
    sign_in()
    assert User.objects.count() == 2


def test_a_name_that_is_taken_at_this_very_moment_is_not_theirs(mercy, monkeypatch):
    actions.create_staff("anna", PASSWORD, "Managers")
    free, too_late = identities._free, iter(["anna"])
    monkeypatch.setattr(identities, "_free", lambda name: next(too_late, "") or free(name))
    sign_in()
    assert StaffIdentity.objects.get().user.username == "anna+2"


def test_a_person_is_who_the_provider_says_whatever_they_are_called(mercy):
    sign_in()
    mercy.person["preferred_username"] = "anna.new"
    sign_in()
    assert User.objects.count() == 1
    mercy.person |= {"sub": "another", "preferred_username": "anna"}
    sign_in()
    assert sorted(User.objects.values_list("username", flat=True)) == ["anna", "anna+2"]


def test_no_password_opens_an_account_of_the_provider(mercy, settings):
    sign_in()
    user = User.objects.get()
    user.set_password(PASSWORD)  # however that came about
    user.save()
    client = Client()
    assert "Please enter the correct username" in text(
        client.post(LOGIN, {"username": "anna", "password": PASSWORD})
    )
    StaffIdentity.objects.all().delete()  # so the password was right
    assert client.post(LOGIN, {"username": "anna", "password": PASSWORD}).status_code == 302


def test_a_manager_forgets_its_device_and_makes_no_link_for_it(mercy, settings):
    sign_in()
    settings.STAFF_SECOND_FACTOR = False
    manager, user = staff("Managers"), User.objects.get(username="anna")
    page = manager.post("/admin/staff/", {f"reset-{user.pk}": ""}, follow=True)
    assert "Anna: device forgotten" in text(page)
    assert "One-time link" not in text(page)
    assert "Reviewers by Mercy" in text(page)


@pytest.mark.parametrize("name", ["", "Änne <b>", "x" * 300, "anna (known device)", "\0", "ﷺ" * 100, 7])
def test_a_name_is_one_that_an_account_may_have(mercy, name):
    mercy.person["preferred_username"] = name
    sign_in()
    User.objects.get().clean_fields(exclude=["password"])


def test_a_name_that_only_looks_like_anothers_is_another(mercy):
    sign_in()
    mercy.person |= {"sub": "another", "preferred_username": "ａnna"}
    sign_in()
    assert sorted(User.objects.values_list("username", flat=True)) == ["anna", "anna+2"]


# Lies

LIES = {
    "another issuer": {"claims": {"iss": "https://elsewhere.example"}},
    "no issuer": {"claims": {"iss": None}},
    "another audience": {"claims": {"aud": "another-app"}},
    "another audience beside ours": {"claims": {"aud": ["another-app", "footpath"], "azp": "another-app"}},
    "another nonce": {"claims": {"nonce": "replayed"}},
    "no nonce": {"claims": {"nonce": None}},
    "expired": {"claims": {"exp": int(time.time()) - 120}},
    "no expiry": {"claims": {"exp": None}},
    "of the future": {"claims": {"iat": int(time.time()) + 3600}},
    "nobody": {"claims": {"sub": None}},
    "nobody of that kind": {"claims": {"sub": 7}},
    "a subject that no table holds": {"claims": {"sub": "a\0b"}},
    "a subject longer than there are": {"claims": {"sub": "x" * 256}},
    "a second factor of no kind": {"claims": {"amr": "mfa"}},
    "unsigned": {"signing": {"alg": "none"}},
    "signed with the public key": {"signing": {"alg": "HS256"}},
    "by an unknown key": {"signing": {"signed_by": "stranger"}},
    "by an unknown key that does not say so": {"signing": {"signed_by": "stranger", "kid": False}},
    "no token": {"fails": {"token": lambda: (200, {"access_token": "x", "token_type": "Bearer"})}},
    "no JSON": {"fails": {"token": lambda: (200, "<html>")}},
    "a list": {"fails": {"token": lambda: (200, [])}},
    "no client of theirs": {"fails": {"token": lambda: (401, {"error": "invalid_client"})}},
    "keys that are none": {"fails": {"keys": lambda: (200, {"keys": [{"kty": "RSA"}]})}},
    "no keys": {"fails": {"keys": lambda: (200, [])}},
    "another issuer's endpoints": {"metadata": {"issuer": "https://elsewhere.example"}},
    "nothing said of itself": {"fails": {".well-known/openid-configuration": lambda: (200, [1])}},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_signs_nobody_in_and_says_what_to_do(mercy, lie):
    client = Client()
    back = there(begin(client))
    for name, said in LIES[lie].items():
        getattr(mercy, name).update(said)
    answer = client.get(back)
    assert answer.status_code in (403, 503), text(answer)
    assert "Tell IT: " in text(answer)
    assert "log in with that" in text(answer)
    assert not is_in(client)
    assert not User.objects.exists()
    (entry,) = entries()
    assert entry[:2] == ("", "failed-login")
    assert entry[3].startswith("by the provider: ")
    assert SECRET not in answer.content.decode() + entry[3]
    mercy.be_honest()
    assert is_in(sign_in(client))  # and once it is honest again, the same browser gets in


def test_an_endpoint_without_https_is_told_nothing(mercy, settings, monkeypatch):
    """Where the provider itself has https. It cannot have it here, so that is what it says."""
    settings.PROVIDER = mercy.settings(issuer="https://mercy.example.org")
    mercy.metadata = {"issuer": "https://mercy.example.org"}
    monkeypatch.setattr(door, "discovery", lambda issuer: f"{mercy.issuer}/.well-known/openid-configuration")
    page = Client().get(START)
    assert "an endpoint without https" in text(page)


# Others' browsers, two tabs, lost replies


def test_what_comes_back_to_another_browser_signs_nobody_in(mercy):
    back = there(begin(Client()))
    stranger = Client()
    for browser in (stranger, Client()):
        answer = browser.get(back)
        assert answer.status_code == 400
        assert "was not begun in this browser" in text(answer)
        assert not is_in(browser)
    assert ("POST", "token") not in mercy.seen


def test_a_code_of_somebody_else_put_into_ones_own_return_opens_nothing(mercy):
    mine, theirs = Client(), Client()
    my_back, their_back = there(begin(mine)), there(begin(theirs))
    code = parse_qs(urlsplit(their_back).query)["code"][0]
    state = parse_qs(urlsplit(my_back).query)["state"][0]
    answer = mine.get(BACK, {"code": code, "state": state})
    assert answer.status_code == 400
    assert not is_in(mine)


def test_the_same_return_works_once(mercy):
    client = Client()
    back = there(begin(client))
    old = client.cookies["staff"].value
    client.get(back)
    assert is_in(client)
    assert client.cookies["staff"].value != old  # somebody else may know the old one
    assert client.get(back)["Location"] == "/admin/"  # loaded again
    client.post("/admin/logout/")
    assert client.get(back).status_code == 400
    lost = Client()  # whose reply was lost: the cookie is the one from before
    lost.cookies["staff"] = old
    assert lost.get(back).status_code == 400
    assert is_in(sign_in(lost))


def test_of_two_tabs_the_quicker_signs_in_and_the_other_finds_that(mercy):
    client = Client()
    first, second = there(begin(client)), there(begin(client))
    assert client.get(second)["Location"] == "/admin/"
    assert client.get(first)["Location"] == "/admin/"
    assert [what for _who, what, *_rest in entries()].count("login") == 1


def test_a_return_comes_too_late(mercy, clock):
    client = Client()
    back = there(begin(client))
    clock(minutes=11)
    assert client.get(back).status_code == 400


@pytest.mark.parametrize(
    ("said", "told"),
    [("access_denied", "declined, access_denied"), ("<b>call 555</b>", "declined, no reason given")],
)
def test_who_was_refused_there_is_told(mercy, said, told):
    client = Client()
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    answer = client.get(BACK, {"error": said, "state": state})
    assert f"Tell IT: {told}." in text(answer)
    assert "<b>call" not in answer.content.decode()
    assert Client().get(BACK, {"error": "access_denied"}).status_code == 400  # begun by nobody


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"]
)
def test_no_address_elsewhere_is_led_to(mercy, wanted):
    assert sign_in(wanted=wanted).answer["Location"] == "/admin/"


def test_who_begins_without_end_is_held_up(mercy, settings):
    settings.GUESSES_A_MINUTE = 3
    door.sign_in.guesses.times.clear()
    statuses = [Client().get(START).status_code for _time in range(4)]
    door.sign_in.guesses.times.clear()
    assert statuses == [302, 302, 302, 429]


# The provider is away


def slowly(seconds):
    def answer():
        time.sleep(seconds)
        return 200, {}

    return answer


@pytest.mark.parametrize(
    "fails", [lambda: (500, "broken"), lambda: (404, "gone"), slowly(0.5)], ids=["broken", "gone", "slow"]
)
def test_a_provider_that_is_away_says_so_and_leaves_the_other_way_in(mercy, monkeypatch, fails):
    monkeypatch.setattr(door, "SECONDS", 0.2)
    mercy.fails[".well-known/openid-configuration"] = fails
    answer = Client().get(START)
    assert answer.status_code == 503
    assert "Footpath cannot reach what you sign in with, Mercy" in text(answer)
    actions.create_staff("glass", PASSWORD, "Managers")
    page = Client().get(LOGIN)
    assert "Sign in with Mercy" in text(page)
    local = Client().post(LOGIN, {"username": "glass", "password": PASSWORD})
    assert local["Location"] == "/admin/second-factor/"


def test_a_provider_that_hangs_holds_up_two_and_no_patient(mercy):
    publish()
    for _place in range(2):
        assert door.places.acquire(blocking=False)
    try:
        answer = Client().get(START)
        assert (answer.status_code, answer["Retry-After"]) == (503, "2")
        assert "Others are signing in" in text(answer)
        assert mercy.seen == []
        Patient().whole()
    finally:
        door.places.release(2)


def test_its_places_are_free_again_after_every_end(mercy):
    for fails in (lambda: (500, ""), lambda: (200, [])):
        mercy.fails[".well-known/openid-configuration"] = fails
        for _time in range(3):
            assert Client().get(START).status_code in (403, 503)
    mercy.be_honest()
    assert is_in(sign_in())


# Off, out and the page


def test_off_there_is_no_such_address_and_no_button(settings):
    settings.PROVIDER = None
    for address in (START, BACK):
        assert Client().get(address).status_code == 404
    assert "Sign in with" not in text(Client().get(LOGIN))


def test_signing_out_leads_out_there_too(mercy):
    client = sign_in()
    page = client.post("/admin/logout/")
    assert not is_in(client)
    address = page["Refresh"].partition("url=")[2]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{mercy.issuer}/end?id_token_hint=ey")
    assert (asked["client_id"], asked["post_logout_redirect_uri"]) == (
        "footpath",
        "http://testserver/admin/login/",
    )
    assert entries()[-1][1] == "logout"
    client.get(address.removeprefix(mercy.issuer))  # an address of theirs is none of ours
    assert client.get("/admin/")["Location"].startswith(LOGIN)


@pytest.mark.parametrize("away", [True, False], ids=["away", "knows no sign-out"])
def test_where_it_cannot_the_page_says_that_one_is_still_signed_in_there(mercy, away):
    client = sign_in()
    if away:
        mercy.fails[".well-known/openid-configuration"] = lambda: (500, "")
    mercy.metadata = {"end_session_endpoint": None}
    page = client.post("/admin/logout/")
    assert not is_in(client)
    assert "Refresh" not in page.headers
    assert "you are still signed in with Mercy" in text(page)


def test_who_signed_in_by_password_is_signed_out_here_alone(mercy, settings):
    settings.STAFF_SECOND_FACTOR = False
    page = staff("Reviewers").post("/admin/logout/")
    assert "Refresh" not in page.headers
    assert mercy.seen == []


@pytest.mark.looks
def test_from_the_button_to_the_worklist_and_out(mercy, page, live_server):
    """In a real browser, under the policy that lets no form lead elsewhere."""
    publish()
    mercy.asks = True
    page.goto(f"{LOGIN}?next={WORKLIST}")
    assert axe_finds(page) == []
    page.get_by_role("link", name="Sign in with Mercy").click()
    page.get_by_role("link", name="Go on as Anna").click()
    expect(page).to_have_url(f"{live_server.url}{WORKLIST}")
    assert "anna" in page.locator("#user-tools").inner_text().lower()
    assert "code=" not in page.url
    press(page.get_by_role("button", name="Log out"))
    expect(page).to_have_url(re.compile(rf"{re.escape(live_server.url + LOGIN)}\?state="))
    assert mercy.signed_out == 1
    page.goto(WORKLIST)
    expect(page.get_by_role("heading", name="Clinic staff: log in")).to_be_visible()
    mercy.person["groups"] = []
    page.get_by_role("link", name="Sign in with Mercy").click()
    page.get_by_role("link", name="Go on as Anna").click()
    expect(page.get_by_role("alert")).to_contain_text("You have no role in Footpath")
    assert axe_finds(page) == []


@pytest.mark.looks
@pytest.mark.skipif(not glewlwyd.PROGRAM, reason="needs glewlwyd, a provider among Debian's packages")
def test_with_a_provider_that_others_have_written(mercy, settings, new_page, live_server, tmp_path):
    publish()
    page = new_page(viewport={"width": 1280, "height": 900})
    with glewlwyd.running(tmp_path, live_server.url) as issuer:
        settings.PROVIDER = mercy.settings(
            issuer=issuer, second_factor=(("amr", "session"),), name="Glewlwyd"
        )
        glewlwyd.sign_in_there(page, issuer)
        page.goto(f"{LOGIN}?next={WORKLIST}")
        page.get_by_role("link", name="Sign in with Glewlwyd").click()
        expect(page).to_have_url(f"{live_server.url}{WORKLIST}")
        assert User.objects.get().username == "anna"
        press(page.get_by_role("button", name="Log out"))
        expect(page).to_have_url(
            re.compile(r"/login\.html\?.*end_session")
        )  # where it asks whether one means it
