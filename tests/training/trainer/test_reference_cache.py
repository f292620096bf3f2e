"""What is kept of the reference, and when it is no longer what it was."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.repository import ROOT
from tests.training.builders import A, S, T, a_pair
from tests.training.trainer.test_trainer import checked
from training.assembly import build_trainer, run_origin
from training.pairs.preference_dataset import WeighedPair
from training.recipe import BatchShape
from training.record.run_folder import RunFolder
from training.trainer.reference_cache import ReferenceCache, reference_keys

KEYS = {"pair-0": "aa", "pair-1": "bb"}


def a_weighed_pair(folder: Path, weight: float = 5.0, **changed: Any) -> WeighedPair:
    return WeighedPair(
        a_pair(folder, chosen=T, rejected=A, **changed), [folder / "images/frame-0.png"], weight
    )


def test_what_was_added_is_found_in_the_order_asked(tmp_path: Path) -> None:
    cache = ReferenceCache(tmp_path / "kept.jsonl", KEYS)
    cache.add([("pair-0", (-1.5, -2.25)), ("pair-1", (-3.0, -4.0))])
    assert cache.find(["pair-1", "pair-0"]) == [(-3.0, -4.0), (-1.5, -2.25)]
    assert ReferenceCache(tmp_path / "kept.jsonl", KEYS).find(["pair-0"]) == [(-1.5, -2.25)]


def test_nothing_is_found_if_one_pair_is_unknown(tmp_path: Path) -> None:
    cache = ReferenceCache(tmp_path / "kept.jsonl", KEYS)
    cache.add([("pair-0", (-1.0, -2.0))])
    assert cache.find(["pair-0", "pair-1"]) is None


def test_half_a_line_is_skipped_and_the_next_begins_a_line_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    ReferenceCache(file, KEYS).add([("pair-0", (-1.0, -2.0))])
    with file.open("a") as lines:
        lines.write('{"key": "bb", "chos')
    cache = ReferenceCache(file, KEYS)
    assert cache.find(["pair-1"]) is None
    cache.add([("pair-1", (-3.0, -4.0))])
    assert ReferenceCache(file, KEYS).find(["pair-0", "pair-1"]) == [(-1.0, -2.0), (-3.0, -4.0)]


def test_one_process_writes_and_the_others_remember(tmp_path: Path) -> None:
    cache = ReferenceCache(tmp_path / "kept.jsonl", KEYS)
    cache.add([("pair-0", (-1.0, -2.0))], write=False)
    assert cache.find(["pair-0"]) == [(-1.0, -2.0)]
    assert not (tmp_path / "kept.jsonl").exists()


def test_the_weight_is_not_part_of_the_key(tmp_path: Path) -> None:
    keys = [
        reference_keys([a_weighed_pair(tmp_path, weight)], setting={"model": "x"}) for weight in (1.0, 5.0)
    ]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("changed", ["image", "answer", "setting"])
def test_a_change_of_image_answer_or_setting_is_another_key(tmp_path: Path, changed: str) -> None:
    pair = a_weighed_pair(tmp_path)
    other = {
        "image": a_weighed_pair(tmp_path, image_sha256="0" * 64),
        "answer": WeighedPair(a_pair(tmp_path, chosen=T, rejected=S), pair.images, 2.0),
        "setting": pair,
    }[changed]
    setting: dict[str, object] = {"model": "y" if changed == "setting" else "x"}
    before = reference_keys([pair], setting={"model": "x"})
    after = reference_keys([other], setting=setting)
    assert before.keys() == after.keys()
    assert before != after


def test_runs_that_share_a_file_do_not_cut_each_other_s_lines(tmp_path: Path) -> None:
    file, pairs = tmp_path / "kept.jsonl", 2_000
    code = (
        "import sys\nfrom pathlib import Path\nfrom training.trainer.reference_cache import ReferenceCache\n"
        "run, file, pairs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])\n"
        "keys = {str(i): f'{run}-{i}' for i in range(pairs)}\n"
        "for start in range(0, pairs, 500):\n"
        "    ReferenceCache(file, keys).add([(str(i), (-1.0, -2.0)) for i in range(start, start + 500)])\n"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", code, name, str(file), str(pairs)], cwd=ROOT) for name in "ab"
    ]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    keys = {f"{name}-{i}": f"{name}-{i}" for name in "ab" for i in range(pairs)}
    assert ReferenceCache(file, keys).find(list(keys)) == [(-1.0, -2.0)] * len(keys)


@pytest.mark.parametrize("changed", ["pairs_at_once", "device", "torch"])
def test_another_device_library_or_batch_shape_finds_nothing_of_before(
    tmp_path: Path, stand_in: Path, changed: str
) -> None:
    inputs = checked(tmp_path, stand_in)
    folder = RunFolder(tmp_path / "out")
    origin = run_origin(inputs)
    first = build_trainer(inputs, folder, origin).reference_cache
    environment = origin.environment
    if changed == "pairs_at_once":
        inputs = replace(inputs, shape=BatchShape(4, 2, recompute=False))
    elif changed == "device":
        environment = environment.model_copy(update={"device": "NVIDIA H200"})
    else:
        environment = environment.model_copy(update={"versions": environment.versions | {"torch": "2.11.0"}})
    origin = origin.model_copy(update={"environment": environment})
    assert first is not None
    first.add([("pair-0", (-1.0, -2.0))])
    assert first.find(["pair-0"]) == [(-1.0, -2.0)]
    then = build_trainer(inputs, folder, origin).reference_cache
    assert then is not None
    assert then.find(["pair-0"]) is None
