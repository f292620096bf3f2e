"""Two processes on a CPU (gloo) train as one does, on packed pairs, with the reference kept; files are written once."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pytest
import yaml  # type: ignore[import-untyped]  # PyYAML ships no types
from safetensors.torch import load_file

from tests import forked
from tests.annotator.browser.served import free_port
from tests.repository import ROOT
from tests.training.builders import MIXED, write_recipe, write_snapshot
from training.recipe import shipped_recipes
from training.record.provenance import read_adapter_provenance
from training.record.run_folder import refuse_taken
from training.train import train

CONFIGURATIONS = ROOT / "training" / "recipes" / "accelerate"


def two_processes(module: str, *words: str | Path) -> str:
    """Run a module in two processes that find each other as torchrun's do; what they printed on stdout."""
    both = {
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
    }
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(4)]
        started = [
            forked.start(
                module,
                words,
                env={
                    **os.environ,
                    **both,
                    "RANK": str(rank),
                    "LOCAL_RANK": str(rank),
                    "OMP_NUM_THREADS": "1",
                },
                stdout=files[2 * rank],
                stderr=files[2 * rank + 1],
            )
            for rank in range(2)
        ]
        codes = [one.wait(240) for one in started]
        said = [_read(file) for file in files]
    assert codes == [0, 0], said[1][-2000:] + said[3][-2000:]
    return said[0] + said[2]


def _read(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


@pytest.fixture(scope="module")
def in_two(tmp_path_factory: pytest.TempPathFactory, stand_in: Path) -> tuple[Path, Any]:
    """A run in two processes of 4 pairs each, beside a run in one process of 8: (folder of both, printed result)."""
    folder = tmp_path_factory.mktemp("processes")
    steps: dict[str, Any] = {"schedule__epochs": 3, "runtime__save_every_steps": 2}
    snapshot = write_snapshot(folder / "snapshot", MIXED)
    one = write_recipe(folder / "one.yaml", **steps)
    half = write_recipe(folder / "half.yaml", **steps, batch__pairs_per_update=4, batch__pairs_at_once=4)
    train(snapshot, one, stand_in, folder / "one")
    words: list[str | Path] = ["--snapshot", snapshot, "--recipe", half, "--model", stand_in]
    printed = two_processes("annotator", "train", *words, "--out", folder / "two", "--json")
    return folder, json.loads(printed)


def test_two_processes_end_with_the_weights_of_one(in_two: tuple[Path, Any]) -> None:
    folder, _ = in_two
    one, two = (load_file(folder / name / "adapter_model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    assert max(float((one[name] - two[name]).abs().max()) for name in one) < 1e-5
    assert max(float(value.abs().max()) for value in one.values()) > 0.1


def test_two_processes_log_all_their_pairs_and_print_one_result(in_two: tuple[Path, Any]) -> None:
    folder, printed = in_two
    assert (printed["steps"], printed["adapter"]) == (3, str(folder / "two"))
    histories = [
        [json.loads(line) for line in (folder / name / "history.jsonl").read_text().splitlines()][2]
        for name in ("one", "two")
    ]
    for name in ("loss", "grad_norm", "pairs_seen/weight_5", "accuracy/weight_1"):
        assert histories[0][name] == pytest.approx(histories[1][name], abs=1e-5)
    assert histories[0]["pairs_seen/weight_5"] == 6


def test_the_folder_is_written_once_and_says_how_many_there_were(in_two: tuple[Path, Any]) -> None:
    folder, _ = in_two
    assert read_adapter_provenance(folder / "two").environment.processes == 2
    assert len((folder / "two" / "reference_logps.jsonl").read_text().splitlines()) == 8
    assert (folder / "two" / "checkpoints" / "checkpoint-2" / "provenance.json").is_file()


def test_a_sharded_model_gives_the_loss_and_gradients_of_a_whole_one(tmp_path: Path, stand_in: Path) -> None:
    found = json.loads(two_processes("tests.training.sharded_worker", tmp_path, stand_in))
    assert (found["processes"], found["kept"]) == (2, 8)
    assert found["loss"] < 2e-6
    rounding = 1e-5 * found["largest_gradient"]  # sums in another order: 1.3e-7 to 6e-7 by the CPU's kernels
    assert found["largest_gradient"] > 0.1
    assert found["gradient"] < rounding
    assert found["gradient_with_reference_kept"] < rounding


def test_only_the_main_process_asks_whether_the_folder_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recipe.yaml").write_text("begun by the main process")
    monkeypatch.setenv("RANK", "1")
    refuse_taken(tmp_path)


@pytest.mark.parametrize("name", ["one_gpu", "fsdp2", "zero2"])
def test_a_configuration_leaves_precision_to_the_recipe_and_is_no_recipe(name: str) -> None:
    fields = yaml.safe_load((CONFIGURATIONS / f"{name}.yaml").read_text())
    assert fields["mixed_precision"] == "no"
    assert fields["num_processes"] == (1 if name == "one_gpu" else 2)
    assert name not in shipped_recipes()
