from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from sqlmodel import select
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from annotator.sign_in.identity_provider import provider_claims, require_provider_file
from data.errors import SignInRefused, StoreError
from data.people.accounts import person_signed_in, sign_in
from data.people.provider_sign_in import person_of_claims, sign_in_identified, unlink_identity
from data.store.opening import Store
from data.store.tables import Person, SignInAttempt
from tests.builders import a_person, a_store

CLAIMS = {"email": "ada@example.org", "email_verified": True, "iss": "https://id.example.org", "sub": "ada-1"}
KEY, SITE = "k" * 40, "https://triage.example.org"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return a_store(tmp_path, sampled=False)


def cookies(said: object, *, key: str = KEY, name: str = "_streamlit_user") -> dict[str, str]:
    return {name: create_signed_value(key, name, json.dumps(said)).decode()}


SAID = {"email": "ada@example.org", "email_verified": True, "is_logged_in": True, "origin": SITE}


def test_what_the_provider_said_to_this_site_is_read_from_its_signed_cookie() -> None:
    assert provider_claims(cookies(SAID), KEY, SITE) == SAID


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"_streamlit_user": "x"},
        cookies(SAID, key="x" * 40),
        {"_streamlit_user": cookies(SAID, name="_streamlit_user_tokens")["_streamlit_user_tokens"]},
        cookies({**SAID, "origin": "https://elsewhere.example"}),
        cookies({**SAID, "is_logged_in": False}),
        cookies([SAID]),
    ],
    ids=["nothing", "invented", "another key", "another cookie", "another site", "signed out", "no claims"],
)
def test_a_providers_cookie_that_nobody_signed_for_this_site_says_nothing(forged: dict[str, str]) -> None:
    assert provider_claims(forged, KEY, SITE) is None


def test_what_the_provider_said_is_of_no_use_after_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    said = cookies(SAID)
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s + 599)
    assert provider_claims(said, KEY, SITE) == SAID
    monkeypatch.setattr(time, "time", lambda: now_s + 602)
    assert provider_claims(said, KEY, SITE) is None


def test_claims_stand_for_the_account_of_the_verified_address(store: Store) -> None:
    ada = a_person(store, "ada@example.org")
    person = person_of_claims(store, {**CLAIMS, "email": "ADA@example.org"})
    assert person.id == ada
    signed_in = person_signed_in(store, sign_in_identified(store, CLAIMS, answer_sha256="1" * 64))
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
        sign_in_identified(store, CLAIMS, answer_sha256="1" * 64)


def test_an_answer_of_the_provider_opens_one_sign_in_and_no_more(store: Store) -> None:
    a_person(store, "ada@example.org")
    sign_in_identified(store, CLAIMS, answer_sha256="1" * 64)
    with pytest.raises(SignInRefused, match="used already"):
        sign_in_identified(store, CLAIMS, answer_sha256="1" * 64)
    sign_in_identified(store, CLAIMS, answer_sha256="2" * 64)


def test_an_address_that_passed_to_somebody_else_does_not_open_the_account(store: Store) -> None:
    a_person(store, "ada@example.org")
    sign_in_identified(store, CLAIMS, answer_sha256="1" * 64)
    for other in ({"sub": "eve-2"}, {"iss": "https://elsewhere.example"}):
        with pytest.raises(SignInRefused, match="belongs to somebody else"):
            sign_in_identified(store, {**CLAIMS, **other}, answer_sha256="2" * 64)
    unlink_identity(store, "ada@example.org")
    sign_in_identified(store, {**CLAIMS, "sub": "eve-2"}, answer_sha256="3" * 64)


def test_one_identity_has_one_account(store: Store) -> None:
    a_person(store, "ada@example.org")
    a_person(store, "ada@second.example.org")
    sign_in_identified(store, CLAIMS, answer_sha256="1" * 64)
    with pytest.raises(SignInRefused, match="another account"):
        sign_in_identified(store, {**CLAIMS, "email": "ada@second.example.org"}, answer_sha256="2" * 64)


@pytest.mark.parametrize("claims", [{"iss": None}, {"sub": ""}, {"sub": 5}])
def test_who_is_not_named_by_the_provider_does_not_come_in(store: Store, claims: dict[str, object]) -> None:
    a_person(store, "ada@example.org")
    with pytest.raises(SignInRefused, match="iss and sub"):
        sign_in_identified(store, {**CLAIMS, **claims}, answer_sha256="1" * 64)


def test_a_letter_that_only_looks_like_one_of_ours_names_no_account(store: Store) -> None:
    a_person(store, "mike@example.org")
    with pytest.raises(SignInRefused, match="beyond ASCII"):
        person_of_claims(store, {**CLAIMS, "email": "mi\u212ae@example.org"})


def test_what_was_typed_as_a_name_is_not_kept_and_soon_forgotten(store: Store) -> None:
    with pytest.raises(SignInRefused):
        sign_in(store, "my-password-by-mistake", "x")
    with store.write() as session:
        [kept] = session.exec(select(SignInAttempt))
        assert "my-password" not in kept.name
        kept.attempted_at_us -= 25 * 3_600_000_000
    with pytest.raises(SignInRefused):
        sign_in(store, "another", "x")
    with store.read() as session:
        assert len(session.exec(select(SignInAttempt)).all()) == 1


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
