"""Who can sign in to a demo, and with which password: a file of the demo's own workspace, which no other has."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from data.people.accounts import add_person, list_people, set_password
from data.people.passwords import random_password
from data.store import Store
from data.vocabulary import PersonRole

PASSWORDS = "demo-passwords.txt"


@dataclass(frozen=True)
class DemoPerson:
    """Somebody who can sign in to the demo, and what there is to try."""

    name: str
    display_name: str
    role: PersonRole
    to_try: str


PEOPLE = (
    DemoPerson("ada", "Ada", PersonRole.ANNOTATOR, "Review the next frames: one key per decision."),
    DemoPerson(
        "lena",
        "Lena",
        PersonRole.LEAD,
        "Settle contested frames; see agreement, pace and trust.",
    ),
    DemoPerson("theo", "Theo", PersonRole.TRAINER, "Freeze a snapshot, read the report, trace a pair."),
    DemoPerson("olga", "Olga", PersonRole.OPERATOR, "Watch four vehicles; take over when one asks for it."),
    DemoPerson("adam", "Adam", PersonRole.ADMIN, "Add and disable accounts, and change roles."),
)


def make_accounts(store: Store, workspace: Path) -> dict[str, str]:
    """The demo's people with their passwords by name, which stay as they were once made (a file only its owner
    reads)."""
    known, there = passwords(workspace), {person.name for person in list_people(store)}
    for person in PEOPLE:
        if person.name in there and person.name in known:
            continue
        known[person.name] = random_password()
        if person.name in there:
            set_password(store, person.name, known[person.name])
        else:
            add_person(
                store,
                person.name,
                person.role,
                password=known[person.name],
                display_name=person.display_name,
            )
    handle = os.open(workspace / PASSWORDS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.writelines(f"{name} {password}\n" for name, password in known.items())
    return known


def passwords(workspace: Path) -> dict[str, str]:
    """Passwords by name, as the demo wrote them; empty where no demo ever did."""
    path = workspace / PASSWORDS
    if not path.is_file():
        return {}
    return dict(line.split(" ", 1) for line in path.read_text(encoding="utf-8").splitlines() if " " in line)
