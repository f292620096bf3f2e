"""The command that each step names when it is done: paths filled in, ready to copy."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from annotator.__main__ import app
from data.commands.following import (
    after_batch,
    after_ingest,
    after_look,
    after_probe,
    after_propose,
    after_sample,
)
from data.terminal import Settings
from data.vocabulary import ModelRole
from eval.commands import _after_evaluate, _unlisted
from tests.builders import A, a_person, a_store
from training.commands import _after_merge, _after_train

HERE = Settings(Path("my work"), given=("--workspace", "my work"))
FOLLOWING: dict[str, tuple[Callable[[], str | None], str]] = {
    "ingest of a small data set": (
        lambda: after_ingest(HERE, 100), "sample --train 90 --held-out 10 --dry-run",
    ),
    "ingest of the paper's": (lambda: after_ingest(HERE, 34_000), "sample --dry-run"),
    "sample": (lambda: after_sample(HERE), "propose --role teacher --endpoint http://127.0.0.1:8000/v1 --model "),
    "probe": (lambda: after_probe(HERE, "base"), "evaluate --run base --out reports/base-probed"),
    "embed and ground": (lambda: after_look(HERE), "review"),
    "train": (
        lambda: _after_train(HERE, Path("runs/first"), Path("models/base")),
        "merge --adapter runs/first --model models/base --out models/first-merged",
    ),
    "merge": (
        lambda: _after_merge(HERE, Path("models/first-merged")),
        "propose --role aligned --endpoint http://127.0.0.1:8000/v1 --weights models/first-merged",
    ),
    "evaluate": (
        lambda: _after_evaluate(HERE, Path("my work/reports/first")),
        "review, then open http://127.0.0.1:8501/reports?report=first",
    ),
}  # fmt: skip


@pytest.mark.parametrize("step", FOLLOWING)
def test_the_next_command_has_its_paths_filled_in_and_exists(step: str) -> None:
    says, words = FOLLOWING[step]
    line = str(says())
    assert line.startswith(f"teletriage --workspace 'my work' {words}")
    command = shlex.split(line)[3].rstrip(",")
    assert command in typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group


def test_requests_in_a_file_are_answered_by_vllm_and_taken_by_the_same_command() -> None:
    assert after_batch(Path("my asked.jsonl"), "org/model") == (
        "vllm run-batch -i 'my asked.jsonl' -o 'my asked-results.jsonl' --model org/model, then the same command with "
        "--batch-in 'my asked-results.jsonl' instead of --batch-out"
    )


def test_answers_lead_to_the_student_then_to_an_account_then_to_the_app_or_the_report(tmp_path: Path) -> None:
    store = a_store(tmp_path, scenes={"scene-0001": 1, "scene-0002": 1}, student=None)
    assert "propose --role student" in after_propose(HERE, store, ModelRole.TEACHER, "t")
    store.close()
    asked = a_store(tmp_path / "asked", scenes={"scene-0001": 1, "scene-0002": 1}, student=A)
    assert after_propose(HERE, asked, ModelRole.STUDENT, "s").endswith("people add NAME --role annotator")
    a_person(asked, "ada")
    assert after_propose(HERE, asked, ModelRole.STUDENT, "s").endswith(" review")
    report = after_propose(HERE, asked, ModelRole.ALIGNED, "new")
    assert report.endswith("evaluate --run test-student --run new --out reports/new")
    asked.close()


def test_a_report_that_the_app_does_not_list_says_so_in_one_sentence() -> None:
    assert _unlisted(HERE, Path("my work/reports/second")) == []
    assert _after_evaluate(HERE, Path("my work/second")) is None
    assert _unlisted(HERE, Path("my work/second")) == [
        "The app does not list this report: it lists those in my work/reports (--out reports/second)."
    ]
