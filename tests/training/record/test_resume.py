"""An interrupted run goes on to the very parameters that it would have had, whatever interrupted it."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from data.errors import TrainingError
from tests import forked
from tests.training.builders import MIXED, A, S, T, a_development_frame, write_recipe, write_snapshot
from training.record.checkpoints import is_whole, last_good, take_place
from training.record.provenance import read_adapter_provenance, read_checkpoint
from training.train import train

EVERY_STEP: dict[str, Any] = {
    "schedule__max_steps": 5,
    "schedule__decay": "cosine",
    "batch__pairs_per_update": 3,
    "batch__pairs_at_once": 3,
    "runtime__save_every_steps": 1,
}


class PowerCutError(Exception):
    """What stops a run in these tests."""


@dataclass(frozen=True)
class Run:
    """What a run is given, and what it ends with if nothing interrupts it."""

    snapshot: Path
    recipe: Path
    model: Path
    parameters: dict[str, torch.Tensor]
    history: list[dict[str, Any]]


def parameters(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def history(folder: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]
    return [line for line in lines if "loss" in line]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> Run:
    folder = tmp_path_factory.mktemp("uninterrupted")
    snapshot = write_snapshot(folder / "snapshot", MIXED)
    recipe = write_recipe(folder / "recipe.yaml", **EVERY_STEP)
    train(snapshot, recipe, stand_in, folder / "out")
    return Run(snapshot, recipe, stand_in, parameters(folder / "out"), history(folder / "out"))


def interrupt(run: Run, out: Path, *, after: int = 3) -> None:
    def stop(done: int, _: int) -> None:
        if done == after:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        train(run.snapshot, run.recipe, run.model, out, progress=stop)


def resume(run: Run, out: Path) -> None:
    train(run.snapshot, run.recipe, run.model, out, resume=True)


def assert_as_uninterrupted(run: Run, out: Path) -> None:
    ended = parameters(out)
    assert ended.keys() == run.parameters.keys()
    assert all(torch.equal(ended[name], run.parameters[name]) for name in ended)


def test_a_resumed_run_ends_with_the_same_parameters_and_the_same_log(run: Run, tmp_path: Path) -> None:
    interrupt(run, tmp_path / "out")
    resume(run, tmp_path / "out")
    assert_as_uninterrupted(run, tmp_path / "out")
    timeless = [{k: v for k, v in line.items() if "time" not in k} for line in run.history]
    assert [
        {k: v for k, v in line.items() if "time" not in k} for line in history(tmp_path / "out")
    ] == timeless
    seen = {name: n for name, n in run.history[-1].items() if name.startswith("pairs_seen/")}
    assert sum(seen.values()) == 15  # five updates over three pairs
    assert read_adapter_provenance(tmp_path / "out").steps == 5


def test_a_watched_run_goes_on_with_its_looks_and_its_best_adapter(run: Run, tmp_path: Path) -> None:
    """Killed between two renames, when the best look's adapter is whole and not yet under its name."""
    folder, out = tmp_path / "watched", tmp_path / "watched" / "out"
    part = [a_development_frame(folder / "snapshot", place, level) for place, level in enumerate((T, A, S))]
    watch = {"every_steps": 2, "false_calls": 0.2, "patience": None, "replies": 0}
    watched = Run(
        write_snapshot(folder / "snapshot", MIXED, development=part),
        write_recipe(folder / "recipe.yaml", **{**EVERY_STEP, "watch": watch}),
        run.model,
        run.parameters,
        run.history,
    )
    interrupt(watched, out)
    (out / "best").rename(out / "best.new")
    resume(watched, out)
    assert_as_uninterrupted(run, out)
    assert is_whole(out / "best")
    assert not (out / "best.new").exists()
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "eval_missed" in line] == [0, 2, 4, 5]


def test_a_half_written_best_adapter_is_removed(tmp_path: Path) -> None:
    (tmp_path / "best.new").mkdir()
    (tmp_path / "best.new" / "adapter_model.safetensors").touch()
    take_place(tmp_path / "best")
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_bears_its_step_its_origin_and_the_hash_of_each_file(run: Run, tmp_path: Path) -> None:
    interrupt(run, tmp_path / "out")
    checkpoint = last_good(tmp_path / "out" / "checkpoints")
    assert checkpoint is not None
    record = read_checkpoint(checkpoint)
    assert record is not None
    assert (record.step, record.origin.recipe) == (2, "stand_in")  # the third update was not saved any more
    assert record.origin.recipe_text == run.recipe.read_text()
    assert {"adapter_model.safetensors", "optimizer.pt", "trainer_state.json"} <= record.files.keys()


@pytest.mark.parametrize("damage", ["cut", "unsealed", "gone"])
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    run: Run, tmp_path: Path, damage: str
) -> None:
    out = tmp_path / "out"
    interrupt(run, out)
    latest = out / "checkpoints" / "checkpoint-2"
    if damage == "cut":
        os.truncate(latest / "optimizer.pt", 100)
    elif damage == "unsealed":
        (latest / "provenance.json").unlink()
    else:
        (latest / "adapter_model.safetensors").unlink()
    assert last_good(out / "checkpoints") == out / "checkpoints" / "checkpoint-1"
    resume(run, out)
    assert_as_uninterrupted(run, out)


def test_without_any_good_checkpoint_a_resumed_run_starts_over(run: Run, tmp_path: Path) -> None:
    interrupt(run, tmp_path / "out", after=1)
    resume(run, tmp_path / "out")
    assert_as_uninterrupted(run, tmp_path / "out")


@contextmanager
def a_disk_that_takes_files_up_to(size: int) -> Iterator[None]:
    """Writing past `size` bytes into any file fails, as on a disk that has become full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_while_saving_leaves_the_last_good_checkpoint(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    interrupt(run, out)
    with (
        a_disk_that_takes_files_up_to(14_000),
        pytest.raises(TrainingError, match=r"checkpoint after step 3 could not be written .* --resume"),
    ):
        resume(run, out)
    assert last_good(out / "checkpoints") == out / "checkpoints" / "checkpoint-2"
    assert not (out / "checkpoints" / "checkpoint-3").exists()
    resume(run, out)
    assert_as_uninterrupted(run, out)


def test_kill_9_while_saving_leaves_a_run_that_can_be_gone_on_with(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words: list[str | Path] = [
        "--snapshot",
        run.snapshot,
        "--recipe",
        run.recipe,
        "--model",
        Path(run.model),
        "--out",
        out,
    ]
    with Path(os.devnull).open("w") as nowhere:
        started = forked.start("annotator", ["train", *words], stderr=nowhere)
    deadline = time.monotonic() + 120
    while not (out / "checkpoints" / "checkpoint-3").exists() and time.monotonic() < deadline:
        time.sleep(0.002)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    good = last_good(out / "checkpoints")
    assert good is not None
    assert good.name in ("checkpoint-2", "checkpoint-3")
    resume(run, out)
    assert_as_uninterrupted(run, out)


@pytest.mark.parametrize("changed", ["recipe", "snapshot", "processor"])
def test_a_run_is_not_gone_on_with_from_something_else(run: Run, tmp_path: Path, changed: str) -> None:
    interrupt(run, tmp_path / "out", after=1)
    recipe, snapshot, model = run.recipe, run.snapshot, run.model
    if changed == "processor":
        model = shutil.copytree(run.model, tmp_path / "model")
        (model / "chat_template.jinja").write_text(
            "{# another #}" + (model / "chat_template.jinja").read_text()
        )
    elif changed == "recipe":
        recipe = write_recipe(tmp_path / "other.yaml", **EVERY_STEP, runtime__seed=99)
    else:
        snapshot = write_snapshot(tmp_path / "other", MIXED[:4])
    with pytest.raises(TrainingError, match=f"cannot be resumed: its {changed}_hash was"):
        train(snapshot, recipe, model, tmp_path / "out", resume=True)


def test_there_must_be_something_to_resume(run: Run, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds no run to resume"):
        resume(run, tmp_path / "nothing")


def test_a_finished_run_is_not_resumed(run: Run) -> None:
    with pytest.raises(TrainingError, match="already holds a finished result"):
        resume(run, run.snapshot.parent / "out")


def test_a_full_disk_at_the_very_end_loses_nothing(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(done: int, total: int) -> None:
        if done == total:
            resource.setrlimit(resource.RLIMIT_FSIZE, (14_000, before[1]))

    recipe = write_recipe(tmp_path / "recipe.yaml", **EVERY_STEP | {"runtime__save_every_steps": None})
    try:
        with pytest.raises(TrainingError, match=r"adapter could not be written .* --resume"):
            train(run.snapshot, recipe, run.model, out, progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with pytest.raises(TrainingError, match="its training never ended"):
        read_adapter_provenance(out)
    train(run.snapshot, recipe, run.model, out, resume=True)
    assert_as_uninterrupted(run, out)
