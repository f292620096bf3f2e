"""The command that each step names when it is done: paths filled in, ready to copy."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlmodel import select

from data.commands.following import (
    after_backup,
    after_batch,
    after_ingest,
    after_look,
    after_merge,
    after_probe,
    after_propose,
    after_sample,
    after_snapshot,
    after_suspicions,
)
from data.demo.replies import STUDENT_MODEL
from data.snapshot.folder import load_snapshot
from data.snapshot.freeze import freeze
from data.store.tables import ModelRun
from data.terminal import Settings
from data.vocabulary import ModelRole
from eval.commands import _after_claim, _after_decide, _after_evaluate, _after_guarantee, _unlisted
from tests.annotator.test_ctrl_c import COMMANDS, TELETRIAGE
from tests.builders import A, T, a_person, a_store
from tests.data.snapshot.test_snapshot import a_verified_store
from training.commands import _after_teach, _after_train

HERE = Settings(Path("my work"), given=("--workspace", "my work"))
FOLLOWING: dict[str, tuple[Callable[[], str | None], str]] = {
    "ingest": (lambda: after_ingest(HERE, 100), "sample --train 90 --held-out 10 --dry-run"),
    "ingest of the paper's data set": (lambda: after_ingest(HERE, 34_000), "sample --dry-run"),
    "sample": (lambda: after_sample(HERE), "propose --role teacher --endpoint http://127.0.0.1:8000/v1 --model "),
    "probe": (lambda: after_probe(HERE, "base"), "evaluate --run base --out reports/base-probed"),
    "embed": (lambda: after_look(HERE), "review"),
    "ground": (lambda: after_look(HERE), "review"),
    "suspicions": (
        lambda: after_suspicions(HERE),
        "review, then open http://127.0.0.1:8501/frames?suspicious=any&sort=suspicion",
    ),
    "stand-in teach": (lambda: _after_teach(HERE, Path("models/mini")), "stand-in serve --model models/mini"),
    "backup": (lambda: after_backup(HERE, Path("kept.db")), "restore --rehearse kept.db"),
    "train": (
        lambda: _after_train(HERE, Path("runs/first"), Path("models/base")),
        "merge --adapter runs/first --model models/base --out models/first-merged",
    ),
    "merge": (
        lambda: after_merge(HERE, Path("models/first-merged")),
        "propose --role aligned --endpoint http://127.0.0.1:8000/v1 --weights models/first-merged",
    ),
    "evaluate": (
        lambda: _after_evaluate(HERE, Path("my work/reports/first")),
        "review, then open http://127.0.0.1:8501/reports?report=first",
    ),
    "decide": (
        lambda: _after_decide(HERE, Path("models/first")),
        "propose --role aligned --endpoint http://127.0.0.1:8001/v1 --weights models/first",
    ),
    "decide with a guarantee": (
        lambda: _after_guarantee(HERE, "org/model", Path("decision.json")),
        "monitor --feeds feeds.yaml --endpoint http://127.0.0.1:8001/v1 --model org/model --decision decision.json",
    ),
    "claim register": (
        lambda: _after_claim(HERE, ("new",), "base"), "evaluate --run base --run new --out reports/new",
    ),
}  # fmt: skip
OF_A_STORE = {"people add", "propose", "restore", "snapshot"}
"""Commands that the tests below have with a store."""
NONE_FOLLOWS = {
    "it serves or watches until it is stopped": ("review", "demo", "monitor", "stand-in serve"),
    "it answers a question and changes nothing": (
        "cues", "trace", "check", "agreement", "throughput", "shift-report", "audit verify", "audit head", "audit show",
        "people list", "claim list", "scenarios coverage",
    ),
    "it is the last of its kind": (
        "walkthrough", "compare", "store copy", "store rotate-keys", "people role", "people disable",
        "people unlink", "people reset", "labelstudio pull", "labelstudio import", "scenarios critic",
    ),
    "another program goes on with what it wrote": (
        "export-pairs", "tables", "labelstudio push", "labelstudio export",
    ),
    "its own lines say what is left to do": ("blur", "erase", "scenarios plan", "scenarios ingest"),
    "training on it needs a snapshot, of which it knows nothing": ("stand-in build",),
}  # fmt: skip


def test_every_command_names_the_next_one_or_has_a_reason_to_name_none() -> None:
    silent = [command for commands in NONE_FOLLOWS.values() for command in commands]
    assert sorted([*silent, *OF_A_STORE, *(FOLLOWING.keys() & COMMANDS.keys())]) == sorted(COMMANDS)


@pytest.mark.parametrize("step", FOLLOWING)
def test_the_next_command_has_its_paths_filled_in_and_exists(step: str) -> None:
    says, words = FOLLOWING[step]
    line = str(says())
    assert line.startswith(f"teletriage --workspace 'my work' {words}")
    first, second = [word.rstrip(",") for word in [*shlex.split(line), ""]][3:5]
    assert {first, f"{first} {second}"} & COMMANDS.keys()


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


def test_a_snapshot_leads_to_the_rehearsal_of_training_the_student_that_was_asked(tmp_path: Path) -> None:
    store = a_verified_store(tmp_path, level=T)
    folder = tmp_path / "my first"
    freeze(store, folder)
    line = after_snapshot(HERE, store, folder, load_snapshot(folder).manifest)
    store.close()
    assert shlex.split(line) == [
        "teletriage", "--workspace", "my work", "train", "--snapshot", str(folder), "--recipe", "sa_dpo",
        "--model", "models/test-student", "--out", "runs/my first", "--dry-run",
    ]  # fmt: skip


def test_a_demo_s_snapshot_leads_to_the_stand_in_as_no_folder_holds_its_scripted_student(
    tmp_path: Path,
) -> None:
    here, folder = Settings(tmp_path, given=("--workspace", str(tmp_path))), tmp_path / "snapshots" / "week"
    store = a_verified_store(tmp_path, level=T)
    freeze(store, folder)
    with store.write() as session:
        for run in session.exec(select(ModelRun)):
            run.model = STUDENT_MODEL
    manifest = load_snapshot(folder).manifest
    build, train = after_snapshot(here, store, folder, manifest).split(" && ")
    assert build == f"teletriage --workspace {tmp_path} stand-in build --out models/stand-in"
    assert train.endswith("--recipe stand_in --model models/stand-in --out runs/week --dry-run")
    (tmp_path / "models" / "stand-in").mkdir(parents=True)
    assert after_snapshot(here, store, folder, manifest) == train
    store.close()


def test_an_account_a_backup_and_a_restored_store_say_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_store(tmp_path, sampled=False).close()
    kept, back = tmp_path / "kept.db", tmp_path / "back"
    for workspace, words, following in (
        (tmp_path / "workspace", ["people", "add", "ada", "--role", "lead"], "review"),
        (tmp_path / "workspace", ["backup", str(kept)], f"restore --rehearse {kept}"),
        (back, ["restore", str(kept)], "review"),
    ):
        TELETRIAGE.main(["--workspace", str(workspace), *words], standalone_mode=False)
        last = capsys.readouterr().out.splitlines()[-1]
        assert last == f"Next: teletriage --workspace {workspace} {following}"


def test_a_report_that_the_app_does_not_list_says_so_in_one_sentence() -> None:
    assert _unlisted(HERE, Path("my work/reports/second")) == []
    assert _after_evaluate(HERE, Path("my work/second")) is None
    assert _unlisted(HERE, Path("my work/second")) == [
        "The app does not list this report: it lists those in my work/reports (--out reports/second)."
    ]
