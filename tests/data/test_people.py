from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import select

from data.errors import SignInRefused, StoreError
from data.people import (
    add_person,
    add_scripted_reviewer,
    person_signed_in,
    random_password,
    set_password,
    sign_in,
    sign_out,
)
from data.store import Store
from data.tables import Person, SignIn, SignInAttempt
from data.vocabulary import PersonRole
from tests.builders import an_empty_store

pytestmark = pytest.mark.each_store

PASSWORD = "correct horse"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = an_empty_store(tmp_path)
    add_person(store, "ada", PersonRole.ANNOTATOR, password=PASSWORD)
    return store


def test_the_right_password_opens_a_sign_in_that_names_the_person(store: Store) -> None:
    person = person_signed_in(store, sign_in(store, "ada", PASSWORD))
    assert person is not None
    assert (person.name, person.role) == ("ada", PersonRole.ANNOTATOR)


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("ada", "")]
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(store: Store, name: str, password: str) -> None:
    with pytest.raises(SignInRefused, match=r"^The name or the password is not right\.$"):
        sign_in(store, name, password)


def test_neither_passwords_nor_secrets_stand_in_the_store(store: Store) -> None:
    secret = sign_in(store, "ada", PASSWORD)
    with store.read() as session:
        stored = session.exec(select(Person)).one().password_hash or ""
        opened = session.exec(select(SignIn)).one().secret_sha256
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert secret not in opened


def test_the_sixth_attempt_within_a_minute_has_to_wait(store: Store) -> None:
    for _ in range(5):
        with pytest.raises(SignInRefused, match="not right"):
            sign_in(store, "ada", "wrong password")
    with pytest.raises(SignInRefused, match="Too many attempts"):
        sign_in(store, "ada", PASSWORD)
    with store.write() as session:
        for attempt in session.exec(select(SignInAttempt)):
            attempt.attempted_at_us -= 61_000_000
            session.add(attempt)
    assert sign_in(store, "ada", PASSWORD)


def test_signing_out_ends_it(store: Store) -> None:
    secret = sign_in(store, "ada", PASSWORD)
    sign_out(store, secret)
    assert person_signed_in(store, secret) is None


def test_a_sign_in_runs_out(store: Store) -> None:
    secret = sign_in(store, "ada", PASSWORD)
    with store.write() as session:
        opened = session.exec(select(SignIn)).one()
        opened.expires_at_us = store.now_us(session)
        session.add(opened)
    assert person_signed_in(store, secret) is None


def test_disabling_somebody_ends_what_they_have_open(store: Store) -> None:
    secret = sign_in(store, "ada", PASSWORD)
    with store.write() as session:
        person = session.exec(select(Person)).one()
        person.is_disabled = True
        session.add(person)
    assert person_signed_in(store, secret) is None
    with pytest.raises(SignInRefused):
        sign_in(store, "ada", PASSWORD)


def test_a_new_password_ends_old_sign_ins(store: Store) -> None:
    secret = sign_in(store, "ada", PASSWORD)
    set_password(store, "ada", "another password")
    assert person_signed_in(store, secret) is None
    assert sign_in(store, "ada", "another password")


@pytest.mark.parametrize("secret", [None, "", "guess", "0" * 43])
def test_a_guessed_secret_is_nobody(store: Store, secret: str | None) -> None:
    assert person_signed_in(store, secret) is None


def test_a_scripted_reviewer_can_never_sign_in(store: Store) -> None:
    robot = add_scripted_reviewer(store, "scripted-1")
    assert robot.is_scripted
    for password in ("", "None", PASSWORD):
        with pytest.raises(SignInRefused):
            sign_in(store, "scripted-1", password)
    with pytest.raises(StoreError, match="Nobody who can sign in"):
        set_password(store, "scripted-1", PASSWORD)


@pytest.mark.parametrize("name", ["", "Ada", "a b", "-ada", "ada\n", "аda", "x" * 65, "<b>"])
def test_a_name_that_could_be_mistaken_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be a name"):
        add_person(store, name, PersonRole.LEAD, password=PASSWORD)


def test_a_taken_name_and_a_short_password_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="already somebody called ada"):
        add_person(store, "ada", PersonRole.LEAD, password=PASSWORD)
    with pytest.raises(StoreError, match="at least 10 characters"):
        add_person(store, "ben", PersonRole.LEAD, password="short")


def test_random_passwords_differ_and_are_long_enough() -> None:
    made = {random_password() for _ in range(200)}
    assert len(made) == 200
    assert {len(password) for password in made} == {19}
