"""One GPU is chosen where a process sees several, and the person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.process.devices import VISIBLE, choose_one_gpu, count_gpus


@pytest.mark.parametrize(
    ("before", "gpus", "chosen", "told"),
    [
        ({}, 2, "0", True),
        ({VISIBLE: "3,5"}, 8, "3", True),
        ({VISIBLE: " GPU-8f1c , GPU-77aa"}, 8, "GPU-8f1c", True),
        ({VISIBLE: "5"}, 8, "5", False),
        ({VISIBLE: ""}, 8, "", False),  # no GPU is wanted
        ({}, 1, "0", False),
        ({}, 0, "0", False),  # they are not seen as files, as under WSL
    ],
)
def test_the_first_gpu_is_taken(before: dict[str, str], gpus: int, chosen: str, told: bool) -> None:
    environment = dict(before)
    sentence = choose_one_gpu(environment, gpus=gpus)
    assert environment[VISIBLE] == chosen
    assert (sentence is not None) is told
    assert sentence is None or f"GPU {chosen} alone" in sentence


@pytest.mark.parametrize("launcher", [{"WORLD_SIZE": "2"}, {"LOCAL_RANK": "0"}])
def test_a_launched_process_keeps_all_gpus(launcher: dict[str, str]) -> None:
    environment = dict(launcher)
    assert choose_one_gpu(environment, gpus=2) is None
    assert environment == launcher


def test_gpus_are_counted_by_their_device_files(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "nvidia-modeset"):
        (tmp_path / name).touch()
    assert count_gpus(tmp_path) == 2
    assert count_gpus(tmp_path / "none") == 0
