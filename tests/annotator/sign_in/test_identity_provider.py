from __future__ import annotations

from pathlib import Path

import pytest

from annotator.sign_in.identity_provider import person_of_ticket, require_provider_file, ticket
from data.errors import SignInRefused, StoreError
from data.people.accounts import person_signed_in
from data.people.provider_sign_in import person_of_claims, sign_in_identified
from data.store.opening import Store
from data.store.tables import Person
from tests.builders import a_person, a_store

KEY, COOKIES = b"k" * 32, {"_streamlit_user": "signed by the page"}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, sampled=False)


def test_a_ticket_is_good_for_its_time_and_its_cookie() -> None:
    given = ticket(KEY, 7, COOKIES, now_s=1000.0)
    assert person_of_ticket(KEY, given, COOKIES, now_s=1119.0) == 7
    assert person_of_ticket(KEY, given, COOKIES, now_s=1121.0) is None
    assert person_of_ticket(KEY, given, {"_streamlit_user": "another"}, now_s=1001.0) is None
    assert person_of_ticket(KEY, given, {}, now_s=1001.0) is None
    assert person_of_ticket(b"x" * 32, given, COOKIES, now_s=1001.0) is None


@pytest.mark.parametrize(
    "forged",
    ["", "8.9999999999.0", "7", "a.b.c", "7.1e9.aa", "8" + ticket(KEY, 7, COOKIES)[1:]],
    ids=["nothing", "no seal", "a number", "no numbers", "another number", "somebody else's"],
)
def test_a_forged_ticket_names_nobody(forged: str) -> None:
    assert person_of_ticket(KEY, forged, COOKIES) is None


def test_a_ticket_without_a_providers_cookie_is_never_good() -> None:
    assert person_of_ticket(KEY, ticket(KEY, 7, {}), {}) is None


def test_claims_stand_for_the_account_of_the_verified_address(store: Store) -> None:
    ada = a_person(store, "ada@example.org")
    person = person_of_claims(store, {"email": "ADA@example.org", "email_verified": True})
    assert person.id == ada
    signed_in = person_signed_in(store, sign_in_identified(store, ada))
    assert signed_in is not None
    assert signed_in.name == "ada@example.org"


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_only_the_word_true_itself_verifies(store: Store, verified: object) -> None:
    a_person(store, "ada@example.org")
    with pytest.raises(SignInRefused, match="has not verified"):
        person_of_claims(store, {"email": "ada@example.org", "email_verified": verified})


def test_a_closed_account_stays_closed(store: Store) -> None:
    ada = a_person(store, "ada@example.org")
    with store.write() as session:
        session.get_one(Person, ada).is_disabled = True
    with pytest.raises(SignInRefused, match="no open account"):
        person_of_claims(store, {"email": "ada@example.org", "email_verified": True})
    with pytest.raises(SignInRefused):
        sign_in_identified(store, ada)


SETTINGS = (
    '[auth]\nredirect_uri = "https://t.example.org/oauth2callback"\nclient_id = "c"\nclient_secret = "s"\n'
    'server_metadata_url = "https://id.example.org/.well-known/openid-configuration"\n'
)


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        (SETTINGS + f'cookie_secret = "{"x" * 40}"', 0o640, "others can read it: chmod 600"),
        (SETTINGS, 0o600, "lacks cookie_secret"),
        (SETTINGS + 'cookie_secret = "short"', 0o600, "shorter than 32"),
        ("[auth\n", 0o600, "not TOML"),
    ],
)
def test_a_providers_settings_are_checked_before_the_app_starts(
    tmp_path: Path, text: str, mode: int, sentence: str
) -> None:
    path = tmp_path / "oidc.toml"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(StoreError, match=sentence):
        require_provider_file(path)
