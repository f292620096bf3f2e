"""`teletriage people`, `audit` and what keeps a store whole, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from annotator.__main__ import app
from data.errors import SignInRefused, TeletriageError
from data.people.accounts import person_signed_in, sign_in
from data.people.own_password import change_own_password
from data.people.provider_sign_in import sign_in_identified
from data.store.opening import Store, open_store
from tests.postgresql import Cluster
from tests.stores import an_empty_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return an_empty_workspace(tmp_path)


def teletriage(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--workspace", str(workspace), *words])


def on_url(url: str, *words: str) -> Result:
    return CliRunner().invoke(app, ["--store", url, *words])


def figures(workspace: Path, *words: str) -> dict[str, object]:
    done = teletriage(workspace, *words, "--json")
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def refusal(workspace: Path, *words: str) -> str:
    done = teletriage(workspace, *words)
    assert isinstance(done.exception, TeletriageError), done.output
    return str(done.exception)


def in_trail(store: Store) -> list[str]:
    with store.read() as session:
        acts = text("SELECT act FROM trail_entry WHERE act <> 'sealed' ORDER BY id")
        return list(session.connection().execute(acts).scalars())


def test_people_come_change_and_go_from_the_command_line(workspace: Path) -> None:
    made = str(figures(workspace, "people", "add", "ada", "--role", "annotator")["password"])
    store = open_store(workspace)
    first = sign_in(store, "ada", made)
    assert person_signed_in(store, first) is None  # before she has chosen her own
    change_own_password(store, first, made, "chosen by ada")
    assert person_signed_in(store, first) is not None
    assert figures(workspace, "people", "role", "ada", "lead") == {"name": "ada", "role": "lead"}
    new = str(figures(workspace, "people", "reset", "ada")["password"])
    assert person_signed_in(store, first) is None
    assert person_signed_in(store, sign_in(store, "ada", new)) is None
    assert "temporary password" in teletriage(workspace, "people", "list").stdout
    assert figures(workspace, "people", "reset", "ada", "--sign-ins-only") == {"name": "ada", "ended": 1}
    assert figures(workspace, "people", "disable", "ada") == {"name": "ada", "disabled": True}
    assert "disabled" in teletriage(workspace, "people", "list").stdout
    assert figures(workspace, "people", "disable", "ada", "--undo") == {"name": "ada", "disabled": False}
    assert in_trail(store) == [
        *(
            "added_person",
            "signed_in",
            "changed_password",
            "changed_role",
            "set_password",
            "signed_in",
            "ended_sign_ins",
        ),
        *("disabled_person", "enabled_person"),
    ]


def test_somebody_whom_only_the_provider_lets_in_gets_no_password(workspace: Path) -> None:
    add = ("people", "add", "ada@example.org", "--role", "annotator", "--no-password")
    assert figures(workspace, *add) == {"name": "ada@example.org", "role": "annotator", "password": None}
    store = open_store(workspace)
    claims = {"email": "ada@example.org", "email_verified": True, "iss": "https://id.example.org", "sub": "1"}
    secret = sign_in_identified(store, claims, answer_sha256="1" * 64)
    assert person_signed_in(store, secret) is not None
    assert "is linked to whoever" in teletriage(workspace, "people", "unlink", "ada@example.org").stdout
    with pytest.raises(SignInRefused, match="wrong"):
        sign_in(store, "ada@example.org", "")
    assert "annotator  no password" in teletriage(workspace, "people", "list").stdout
    both = teletriage(workspace, *add, "--password", "long enough")
    assert (both.exit_code, "a password was given too" in both.output) == (2, True)


def test_wrong_words_are_one_sentence(workspace: Path) -> None:
    for act in ("disable", "reset"):
        assert refusal(workspace, "people", act, "zoe") == "There is no account named zoe."
    assert teletriage(workspace, "people", "role", "zoe", "boss").exit_code == 2


def test_verifying_says_what_was_changed_and_fails(workspace: Path) -> None:
    teletriage(workspace, "people", "add", "ada", "--role", "annotator")
    whole = figures(workspace, "audit", "verify")
    assert (whole["entries"], whole["sealed_rows"], whole["whole"]) == (2, 1, True)
    assert "added_person" in teletriage(workspace, "audit", "show").stdout
    assert teletriage(workspace, "audit", "verify", "--head", str(whole["head"])).exit_code == 0
    assert "no entry has the hash abc" in refusal(workspace, "audit", "verify", "--head", "abc")
    with open_store(workspace).engine.begin() as connection:
        connection.execute(text("DROP TRIGGER trail_entry_no_update"))
        connection.execute(text("UPDATE trail_entry SET subject = 'person:adb' WHERE id = 1"))
    told = refusal(workspace, "audit", "verify")
    assert (
        told
        == "The audit trail is broken in 1 place:\n  entry 1: it is not what was written: its hash differs"
    )


def test_a_backup_is_checked_put_back_and_copied_from_the_command_line(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory, postgresql: Cluster
) -> None:
    other, url = tmp_path_factory.mktemp("other"), postgresql.bare_database()
    teletriage(workspace, "people", "add", "ada", "--role", "lead")
    file = str(other / "backup.db")
    saved = figures(workspace, "backup", file)
    assert (saved["rows"], saved["damages"]) == (3, [])
    assert figures(other, "restore", file)["head"] == saved["head"]
    assert refusal(other, "restore", file).endswith("a store is never written over. Move it away first.")
    assert teletriage(other, "check").stdout == "The store is whole: 3 entries in the audit trail.\n"
    copied = teletriage(other, "store", "copy", "--to", url)
    assert "rows arrived as they were read" in copied.stdout, copied.output
    assert json.loads(on_url(url, "check", "--json").stdout)["entries"] == 4
    postgresql.drop(url)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("backup", "/nowhere/x.db"), "The backup /nowhere/x.db could not be written"),
        (("restore", "/nowhere/x.db"), "There is no backup /nowhere/x.db."),
        (("store", "copy", "--to", "mysql://x"), "'mysql' does not begin a store's address"),
        (("store", "copy", "--to", "postgresql://nobody@127.0.0.1:1/x"), "cannot be opened: "),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(workspace: Path, words: tuple[str, ...], sentence: str) -> None:
    told = refusal(workspace, *words)
    assert sentence in told
    assert "\n" not in told


def test_a_damaged_store_is_told_and_fails(workspace: Path) -> None:
    teletriage(workspace, "people", "add", "ada", "--role", "lead")
    with open_store(workspace).engine.begin() as connection:
        connection.execute(text("DROP TRIGGER trail_entry_no_update"))
        connection.execute(text("UPDATE trail_entry SET at_us = at_us + 1 WHERE id = 1"))
    assert "entry 1: it is not what was written" in refusal(workspace, "check")
    saved = figures(workspace, "backup", str(workspace / "b.db"))
    assert saved["damages"] == [
        {"where": "trigger trail_entry_no_update", "what": "is missing"},
        {"where": "entry 1", "what": "it is not what was written: its hash differs"},
    ]
