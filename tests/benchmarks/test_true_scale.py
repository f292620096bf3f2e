from __future__ import annotations

from pathlib import Path

from data.nuscenes.scenes import read_scenes
from tests.benchmarks.bench_ingest import bench
from tests.benchmarks.true_scale import BOXES, SAMPLE_DATA, SAMPLES, VERSION, share, write_dataroot


def test_the_shares_of_all_scenes_add_up_to_the_true_totals() -> None:
    for total in (SAMPLES, SAMPLE_DATA, BOXES):
        assert sum(share(total, scene) for scene in range(850)) == total


def test_the_written_tables_are_read_with_all_their_keyframes(tmp_path: Path) -> None:
    rows = write_dataroot(tmp_path / "root", scenes=2)
    scenes = read_scenes(tmp_path / "root", VERSION)
    assert rows["sample"] == sum(len(scene.keyframes) for scene in scenes) == 80
    assert (rows["sample_data"], rows["sample_annotation"]) == (6192, 2743)


def test_the_benchmark_gives_its_ratios_and_what_pictures_cost(tmp_path: Path) -> None:
    figures = bench(2, tmp_path, rounds=1, pictured=1)
    assert {"cpu_ratio", "memory_ratio", "port_ratio", "pictures_per_s", "whole_set_minutes"} <= set(figures)
    assert (figures["frames"], figures["pictures"]) == (80, 40)
    assert figures["port"]["found"] == (figures.get("before") or figures["port"])["found"]
