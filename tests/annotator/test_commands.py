from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from annotator.__main__ import app
from data.vocabulary import ModelRole
from tests import forked
from tests.builders import VERSION, A, S, a_dataroot, a_filename, a_raw_reply, replies_file
from tests.repository import ROOT

REFERENCE = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {command.name or "" for command in app.registered_commands}
    | {str(group.name) for group in app.registered_groups}
)


def teletriage(*words: str, workspace: Path | None = None) -> subprocess.CompletedProcess[str]:
    place = ["--workspace", str(workspace)] if workspace else []
    return forked.run("annotator", [*place, *words])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_stands_in_the_reference(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) > 4
    assert f"## teletriage {command}" in REFERENCE


def test_help_loads_no_heavy_package() -> None:
    code = (
        "import sys, annotator.__main__\n"
        "heavy = {'torch', 'streamlit', 'pandas', 'numpy', 'duckdb', 'sqlalchemy', 'openai', 'scipy', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_whole_way_by_commands(tmp_path: Path) -> None:
    workspace, root = tmp_path / "w", a_dataroot(tmp_path / "d")
    names = [a_filename(scene, n) for scene in ("scene-0001", "scene-0002") for n in range(4)]
    teacher = replies_file(tmp_path / "t.jsonl", dict.fromkeys(names, a_raw_reply(S)), role=ModelRole.TEACHER)
    student = replies_file(tmp_path / "s.jsonl", dict.fromkeys(names, a_raw_reply(A)), role=ModelRole.STUDENT)
    steps = [
        ("ingest", str(root), "--version", VERSION),
        ("sample", "--train", "8", "--held-out", "8", "--yes"),
        ("propose", "--role", "teacher", "--replies", str(teacher)),
        ("propose", "--role", "student", "--replies", str(student)),
        ("people", "add", "ada", "--role", "annotator"),
        ("people", "list"),
    ]
    figures = []
    for step in steps:
        done = teletriage(*step, "--json", workspace=workspace)
        assert (done.returncode, done.stderr) == (0, "")
        figures.append(json.loads(done.stdout))
    assert (figures[0]["frames"], figures[1]["taken"]) == (8, {"train": 4, "held_out": 4})
    assert (figures[2]["parsed"], figures[3]["run"]) == (8, "test-student")
    assert len(figures[4]["password"]) == 19
    ada = {"name": "ada", "role": "annotator", "scripted": False, "disabled": False, "no_password": False}
    assert figures[5]["people"] == [{**ada, "temporary_password": True}]


ASK = ("propose", "--role", "student", "--endpoint", "http://127.0.0.1:9/v1", "--model", "m")


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("ingest", "/nowhere"), 1, "teletriage: /nowhere does not exist."),
        (("sample",), 1, "is not a workspace"),
        (("snapshot", "out"), 1, "is not a workspace"),
        (("evaluate", "--out", "out"), 1, "is not a workspace"),
        (("propose", "--role", "teacher"), 2, "Give exactly one of --endpoint, --replies"),
        (("propose", "--role", "chief"), 2, "Invalid value for '--role': 'chief' is not one of"),
        ((*ASK, "--frames", "9"), 2, "Invalid value for '--frames'"),
        ((*ASK, "--spacing", "0.5"), 2, "--spacing needs --frames 2 or more"),
        (("suspicions", "--show", "many"), 2, "Invalid value for '--show': 'many' is not a whole number."),
        (
            ("review", "--port", "99999"),
            2,
            "Invalid value for '--port': '99999' is too large: give 65535 or less.",
        ),
        (("nonsense",), 2, "No such command"),
        (("walkthrough", "--dataroot", "/x"), 2, "--dataroot and --replies go together"),
    ],
)
def test_wrong_use_is_one_sentence_and_its_exit_code(
    tmp_path: Path, words: tuple[str, ...], exit_code: int, said: str
) -> None:
    done = teletriage(*words, workspace=tmp_path / "w")
    assert done.returncode == exit_code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "w").exists()


def test_debug_shows_where_an_error_came_from(tmp_path: Path) -> None:
    done = teletriage("--debug", "ingest", "/nowhere", workspace=tmp_path)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    import socket

    root = a_dataroot(tmp_path / "d")
    assert teletriage("ingest", str(root), "--version", VERSION, workspace=tmp_path / "w").returncode == 0
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = teletriage("review", "--port", str(taken.getsockname()[1]), workspace=tmp_path / "w")
    assert done.returncode == 1
    assert "Choose another --port" in done.stderr
    assert "The app is at" not in done.stderr
