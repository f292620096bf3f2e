"""What is kept of the reference, and when it is no longer what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.training.builders import A, S, T, a_pair
from training.pairs.preference_dataset import WeighedPair
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
