from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Literal

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlmodel import Session, select

from data.errors import NotAllowed, SignInRefused, StoreError
from data.people import accounts, passwords
from data.people.accounts import (
    STRANGERS_PER_MINUTE,
    add_person,
    add_scripted_reviewer,
    change_role,
    disable_person,
    enable_person,
    end_sign_ins,
    person_signed_in,
    set_password,
    sign_in,
    sign_out,
)
from data.people.passwords import random_password
from data.people.standing import standings
from data.review.serving import lease_frames
from data.store.opening import Store
from data.store.tables import Lease, Person, SignIn, SignInAttempt, TrailEntry
from data.vocabulary import PersonRole, TrailAct
from tests.builders import a_person, a_store, an_empty_store

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
    ("name", "password"),
    [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("ada", ""), ("ad\0a", PASSWORD), ("\ud800", "x\0")],
)
def test_a_wrong_name_and_a_wrong_password_are_refused_alike(store: Store, name: str, password: str) -> None:
    with pytest.raises(SignInRefused, match=r"^Name or password is wrong\.$"):
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
        with pytest.raises(SignInRefused, match="is wrong"):
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
    with pytest.raises(StoreError, match="There is no account"):
        set_password(store, "scripted-1", PASSWORD)


class WatchedHasher(PasswordHasher):
    """A hasher that remembers how dear each of its checks was."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checks: list[Parameters] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.checks.append(extract_parameters(str(hash)))
        return super().verify(hash, password)


def test_without_a_password_every_password_is_refused_as_a_wrong_one_is_and_costs_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_person(store, "eve@example.org", PersonRole.LEAD, password=None)
    watched = WatchedHasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: watched)
    for name, password in (("ada", "wrong password"), ("eve@example.org", ""), ("eve@example.org", "None")):
        with pytest.raises(SignInRefused, match=r"^Name or password is wrong\.$"):
            sign_in(store, name, password)
    first, *others = watched.checks
    assert others == [first, first]


def test_who_came_without_a_password_can_be_given_one(store: Store) -> None:
    added = add_person(store, "eve@example.org", PersonRole.LEAD, password=None)
    assert (added.password_hash, added.is_scripted) == (None, False)
    set_password(store, "eve@example.org", PASSWORD)
    assert sign_in(store, "eve@example.org", PASSWORD)


def test_an_account_that_nobody_could_sign_in_to_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="'eve' could never sign in: without a password"):
        add_person(store, "eve", PersonRole.LEAD, password=None)


@pytest.mark.parametrize("name", ["", "Ada", "a b", "-ada", "ada\n", "аda", "x" * 65, "<b>"])
def test_a_name_that_could_be_mistaken_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="cannot be a name"):
        add_person(store, name, PersonRole.LEAD, password=PASSWORD)


def test_a_taken_name_and_a_short_password_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="already somebody called ada"):
        add_person(store, "ada", PersonRole.LEAD, password=PASSWORD)
    with pytest.raises(StoreError, match="at least 10 characters"):
        add_person(store, "ben", PersonRole.LEAD, password="short")
    with pytest.raises(StoreError, match="1 to 120 characters"):
        add_person(store, "ben", PersonRole.LEAD, password=PASSWORD, display_name="B" * 121)


def test_random_passwords_differ_and_are_long_enough() -> None:
    made = {random_password() for _ in range(200)}
    assert len(made) == 200
    assert {len(password) for password in made} == {19}


def test_twenty_guesses_at_once_are_not_more_than_five(store: Store) -> None:
    refused: Counter[str] = Counter()

    def guess(_: int) -> None:
        with pytest.raises(SignInRefused) as caught:
            sign_in(store, "ada", "wrong password")
        refused[str(caught.value).split()[0]] += 1

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(guess, range(20)))
    assert refused == {"Name": 5, "Too": 15}


def test_signing_in_often_is_no_reason_to_wait(store: Store) -> None:
    assert len({sign_in(store, "ada", PASSWORD) for _ in range(8)}) == 8


def test_a_disabled_person_is_out_at_once_and_holds_nothing(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store, "ada")
    secret = sign_in(store, "ada", "password-ada")
    lease_frames(store, ada, n=3)
    disable_person(store, "ada")
    assert person_signed_in(store, secret) is None
    with pytest.raises(NotAllowed, match="not active"):
        lease_frames(store, ada)
    with store.read() as session:
        assert session.exec(select(Lease)).all() == []
    enable_person(store, "ada")
    assert person_signed_in(store, secret) is None
    assert sign_in(store, "ada", "password-ada")


def test_a_new_role_holds_from_the_next_act_on(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    ada = a_person(store, "ada")
    change_role(store, "ada", PersonRole.TRAINER)
    with pytest.raises(NotAllowed, match="ada is a trainer"):
        lease_frames(store, ada)


def test_ended_sign_ins_are_ended_everywhere_and_the_password_stays(store: Store) -> None:
    secrets = [sign_in(store, "ada", PASSWORD) for _ in range(3)]
    assert end_sign_ins(store, "ada") == 3
    assert [person_signed_in(store, secret) for secret in secrets] == [None] * 3
    assert sign_in(store, "ada", PASSWORD)


@pytest.mark.parametrize("role", PersonRole)
def test_only_an_administrator_manages_people_and_never_themselves(store: Store, role: PersonRole) -> None:
    who = add_person(store, "mia", role, password=PASSWORD)
    acts: list[Callable[[str], object]] = [
        lambda name: change_role(store, name, PersonRole.ADMIN, by=who.id),
        lambda name: disable_person(store, name, by=who.id),
        lambda name: enable_person(store, name, by=who.id),
        lambda name: end_sign_ins(store, name, by=who.id),
        lambda name: set_password(store, name, "a new password", by=who.id),
    ]
    for act in acts:
        if role is not PersonRole.ADMIN:
            with pytest.raises(NotAllowed, match="may not manage people"):
                act("ada")
        else:
            act("ada")
            with pytest.raises(NotAllowed, match="another administrator"):
                act("mia")
    if role is not PersonRole.ADMIN:
        with pytest.raises(NotAllowed):
            add_person(store, "eve", PersonRole.ADMIN, password=PASSWORD, by=who.id)


def test_setting_the_clock_back_neither_locks_a_name_nor_lengthens_a_sign_in(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, day_us = Store.now_us, 86_400_000_000
    monkeypatch.setattr(Store, "now_us", lambda self, session: now(self, session) + day_us)
    tomorrow = sign_in(store, "ada", PASSWORD)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            sign_in(store, "ada", "wrong password")
    monkeypatch.setattr(Store, "now_us", now)
    assert person_signed_in(store, tomorrow) is None
    assert person_signed_in(store, sign_in(store, "ada", PASSWORD)) is not None


def test_a_stranger_who_tries_thousands_of_names_fills_no_trail(store: Store) -> None:
    for number in range(STRANGERS_PER_MINUTE + 10):
        with pytest.raises(SignInRefused):
            sign_in(store, f"nobody-{number}", "wrong-password")
    with store.read() as session:
        failed = session.exec(select(TrailEntry).where(TrailEntry.act == TrailAct.SIGN_IN_FAILED)).all()
    assert [one.subject for one in failed] == ["nobody by this name"] * STRANGERS_PER_MINUTE


def test_the_last_administrator_stays_one(store: Store) -> None:
    add_person(store, "root", PersonRole.ADMIN, password=PASSWORD)
    with pytest.raises(NotAllowed, match="root is the last administrator"):
        disable_person(store, "root")
    with pytest.raises(NotAllowed, match="root is the last administrator"):
        change_role(store, "root", PersonRole.LEAD)
    add_person(store, "rita", PersonRole.ADMIN, password=PASSWORD)
    disable_person(store, "root")
    with pytest.raises(NotAllowed, match="rita is the last administrator"):
        disable_person(store, "rita")


def test_two_administrators_who_disable_each_other_leave_one(store: Store) -> None:
    ids = {
        name: int(add_person(store, name, PersonRole.ADMIN, password=PASSWORD).id or 0)
        for name in ("rita", "root")
    }

    def disable(pair: tuple[str, str]) -> bool:
        by, other = pair
        try:
            disable_person(store, other, by=ids[by])
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(disable, [("rita", "root"), ("root", "rita")])) == [False, True]


def test_two_administrators_who_hold_their_own_accounts_at_once_do_not_lock_each_other_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [
        int(add_person(store, name, PersonRole.ADMIN, password=PASSWORD).id or 0) for name in ("rita", "root")
    ]
    require, both_are_here = accounts._require_manager, Barrier(2)

    def meet(session: Session, by: int | None) -> None:
        require(session, by)
        with suppress(BrokenBarrierError):  # as it should be: the other one waits
            both_are_here.wait(0.3)

    monkeypatch.setattr(accounts, "_require_manager", meet)
    with ThreadPoolExecutor(2) as pool:
        ended = [
            pool.submit(disable_person, store, name, by=by)
            for name, by in zip(("root", "rita"), ids, strict=True)
        ]
    assert sorted(type(one.exception()) is NotAllowed for one in ended) == [False, True]
    assert sum(one.exception() is None for one in ended) == 1


def test_how_everybody_stands(store: Store) -> None:
    root = int(add_person(store, "root", PersonRole.ADMIN, password=PASSWORD).id or 0)
    add_person(store, "ben", PersonRole.LEAD, password=PASSWORD)
    sign_in(store, "ada", PASSWORD)
    for _ in range(accounts.ATTEMPTS_PER_MINUTE):
        with pytest.raises(SignInRefused):
            sign_in(store, "ben", "wrong")
    eve = add_person(store, "eve", PersonRole.TRAINER, password=PASSWORD)
    with store.write() as session:  # as one from before the trail began
        old = SignIn(secret_sha256="0" * 64, person_id=int(eve.id or 0), created_at_us=5, expires_at_us=6)
        session.add(old)
    by_name = {one.person.name: one for one in standings(store, root)}
    assert (by_name["eve"].last_seen_us, by_name["eve"].open_sign_ins) == (5, 0)
    ada, ben = by_name["ada"], by_name["ben"]
    assert (ada.open_sign_ins, ada.failed_sign_ins, ada.is_locked_out) == (1, 0, False)
    assert (ben.open_sign_ins, ben.failed_sign_ins, ben.is_locked_out) == (0, 5, True)
    assert (ada.last_seen_us or 0) > 0
    assert ben.last_seen_us is None
