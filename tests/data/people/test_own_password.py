"""A password that somebody else set opens nothing but the act that replaces it, and one's own can be changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from data.errors import SignInRefused, StoreError
from data.maintenance.check import check_store
from data.maintenance.trail_check import latest_entries
from data.people.accounts import (
    ATTEMPTS_PER_MINUTE,
    add_person,
    person_signed_in,
    set_password,
    sign_in,
    sign_out,
)
from data.people.own_password import change_own_password
from data.people.provider_sign_in import sign_in_identified
from data.store.opening import Store
from data.vocabulary import PersonRole
from tests.builders import a_person, an_empty_store

OWN, NEW = "password-ada", "a new password"
NAME = "ada@example.org"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = an_empty_store(tmp_path)
    a_person(store)
    return store


def entries(store: Store, act: str) -> list[dict[str, str]]:
    return [one for one in latest_entries(store, 100) if one["act"] == act]


@pytest.mark.each_store
def test_a_changed_password_is_the_only_one_and_ends_the_other_sign_ins(store: Store) -> None:
    here, elsewhere = sign_in(store, "ada", OWN), sign_in(store, "ada", OWN)
    a_person(store, "ben")
    bens = sign_in(store, "ben", "password-ben")
    change_own_password(store, here, OWN, NEW)
    assert [person_signed_in(store, secret) is None for secret in (here, elsewhere, bens)] == [
        *(False, True, False)
    ]
    with pytest.raises(SignInRefused):
        sign_in(store, "ada", OWN)
    assert person_signed_in(store, sign_in(store, "ada", NEW)) is not None
    told = [(one["who"], one["subject"], one["details"]) for one in entries(store, "changed_password")]
    assert told == [("ada", "person:ada", '{"ended":1}')]
    assert check_store(store).damages == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("not the password", NEW, "This is not your current password."),
        (OWN, "too short", "A password needs at least 10 characters."),
        (OWN, "x" * 257, "A password has at most 256 characters."),
        (OWN, OWN, "The new password is the same as the current one."),
    ],
)
def test_what_is_refused_changes_nothing(store: Store, old: str, new: str, told: str) -> None:
    here, elsewhere = sign_in(store, "ada", OWN), sign_in(store, "ada", OWN)
    with pytest.raises((SignInRefused, StoreError), match=told):
        change_own_password(store, here, old, new)
    assert person_signed_in(store, elsewhere) is not None
    assert sign_in(store, "ada", OWN)


def test_an_open_browser_is_no_place_to_guess_the_password(store: Store) -> None:
    here = sign_in(store, "ada", OWN)
    for _ in range(ATTEMPTS_PER_MINUTE):
        with pytest.raises(SignInRefused, match="not your current"):
            change_own_password(store, here, "a guess of mine", NEW)
    with pytest.raises(SignInRefused, match="Too many"):
        change_own_password(store, here, OWN, NEW)
    assert len(entries(store, "sign_in_failed")) == ATTEMPTS_PER_MINUTE


def test_nobody_changes_a_password_without_an_open_sign_in(store: Store) -> None:
    here = sign_in(store, "ada", OWN)
    sign_out(store, here)
    for secret in (here, "made-up", "", None):
        with pytest.raises(SignInRefused, match="has ended"):
            change_own_password(store, secret, OWN, NEW)


@pytest.mark.parametrize("how", ["added", "reset"])
def test_with_a_temporary_password_nobody_is_signed_in_until_it_is_changed(store: Store, how: str) -> None:
    if how == "added":
        add_person(store, "eve", PersonRole.LEAD, password="given-to-eve", is_temporary=True)
    else:
        a_person(store, "eve", PersonRole.LEAD)
        set_password(store, "eve", "given-to-eve", is_temporary=True)
    first, second = (sign_in(store, "eve", "given-to-eve") for _ in range(2))
    assert [person_signed_in(store, one) for one in (first, second)] == [None, None]
    change_own_password(store, first, "given-to-eve", NEW)
    assert [person_signed_in(store, one) is None for one in (first, second)] == [False, True]
    assert person_signed_in(store, sign_in(store, "eve", NEW)) is not None
    assert check_store(store).damages == []


def test_a_password_that_nobody_else_knows_opens_everything(store: Store) -> None:
    set_password(store, "ada", NEW)
    assert person_signed_in(store, sign_in(store, "ada", NEW)) is not None


def test_whoever_comes_through_the_provider_has_nothing_to_change(store: Store) -> None:
    """Also with a temporary password beside it, which they may never have been told."""
    add_person(store, NAME, PersonRole.LEAD, password="given-to-her", is_temporary=True)
    claims = {"email": NAME, "email_verified": True, "iss": "https://id.example", "sub": "1"}
    through = sign_in_identified(store, claims, answer_sha256="1" * 64)
    assert person_signed_in(store, through) is not None
    assert person_signed_in(store, sign_in(store, NAME, "given-to-her")) is None


def test_a_limit_that_was_taken_off_past_the_app_is_found(store: Store) -> None:
    add_person(store, "eve", PersonRole.LEAD, password="given-to-eve", is_temporary=True)
    sign_in(store, "eve", "given-to-eve")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sign_in SET is_for_password_change = NULL"))
    assert [one.where for one in check_store(store).damages] == ["sign_in"]
