from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from annotator.sign_in.identity_provider import provider_claims, require_provider_file
from data.errors import SignInRefused, StoreError
from data.people.accounts import person_signed_in
from data.people.provider_sign_in import person_of_claims, sign_in_identified
from data.store.opening import Store
from data.store.tables import Person
from tests.builders import a_person, a_store

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
