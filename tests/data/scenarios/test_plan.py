from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from data.errors import ScenarioError
from data.images.clips import read_frames
from data.nuscenes.scenes import CameraFrame, read_camera_frames
from data.scenarios.catalogue import read_catalogue
from data.scenarios.footage import window
from data.scenarios.plan import PlanRequest, plan_clips
from data.scenarios.plan_folder import read_plan
from data.scenarios.specification import read_specs
from data.store.opening import Store
from data.store.tables import Scene
from data.vocabulary import Split
from tests.builders import VERSION, a_store, a_token
from tests.data.scenarios.builders import SCENES, a_plan, a_scenario_store, generate, with_sweeps


def test_sweeps_are_read_between_their_keyframes(tmp_path: Path, store: Store) -> None:
    with_sweeps(tmp_path / "dataroot")
    scene = a_token("scene-0002")
    (frames,) = read_camera_frames(tmp_path / "dataroot", VERSION, [scene]).values()
    assert [frame.is_keyframe for frame in frames] == [True, False, False, False, False, False] * 8
    assert [frame.captured_at_us for frame in frames] == sorted(frame.captured_at_us for frame in frames)
    assert frames[0].token == a_token("frame-scene-0002-0")


def frames_named(n: int) -> list[CameraFrame]:
    return [CameraFrame(str(place), place, f"{place}.jpg", True) for place in range(n)]


@pytest.mark.parametrize(
    ("frame", "expected"), [("0", "01234"), ("1", "01234"), ("5", "34567"), ("8", "56789"), ("9", "56789")]
)
def test_a_window_keeps_its_frame_near_the_middle_and_inside_the_scene(frame: str, expected: str) -> None:
    assert "".join(one.token for one in window(frames_named(10), frame, 5)) == expected


def test_a_window_longer_than_the_scene_is_the_scene() -> None:
    assert len(window(frames_named(10), "4", 93)) == 10


def test_a_light_change_gets_the_published_weights_and_a_command(tmp_path: Path, store: Store) -> None:
    planned = a_plan(store, tmp_path / "plan", "fog", clips=2)
    specs = read_specs(tmp_path / "plan" / "specs.jsonl")
    assert (planned.clips, planned.specifications, planned.from_keyframes) == ({"fog": 2}, 2, 2)
    for spec in specs:
        assert (spec.guidance, spec.controls) == (3, ("edge", "vis"))
        assert spec.edge is not None
        assert spec.vis is not None
        assert (spec.edge.control_weight, spec.vis.control_weight) == (1.0, 0.2)
        assert len(list(read_frames(tmp_path / "plan" / spec.video_path))) == 8
    script = (tmp_path / "plan" / "run.sh").read_text()
    assert 'python examples/inference.py -i "$here/specs.jsonl" -o "$here/outputs"\n' in script
    assert (tmp_path / "plan" / "run.sh").stat().st_mode & 0o111


def test_new_objects_go_into_the_general_form_alone(tmp_path: Path, store: Store) -> None:
    planned = a_plan(store, tmp_path / "plan", "large_animal", "fog")
    assert planned.not_for_transfer == ["large_animal"]
    lines = (tmp_path / "plan" / "general.jsonl").read_text().splitlines()
    general = [json.loads(line) for line in lines]
    assert [one["scenario"] for one in general] == ["large_animal", "fog"]
    assert "deer" in general[0]["prompt"]
    assert (general[0]["frames"], general[0]["frames_per_second"]) == (8, 2)
    assert [spec.name[:3] for spec in read_specs(tmp_path / "plan" / "specs.jsonl")] == ["fog"]


def test_sweeps_make_a_clip_of_twelve_frames_a_second(tmp_path: Path, store: Store) -> None:
    with_sweeps(tmp_path / "dataroot")
    planned = a_plan(store, tmp_path / "plan", frames=24)
    (clip,) = read_plan(tmp_path / "plan").clips.values()
    assert (planned.from_keyframes, clip.frames) == (0, 24)
    assert json.loads((tmp_path / "plan" / "general.jsonl").read_text())["frames_per_second"] == 12
    assert {later - earlier for earlier, later in pairwise(sorted(clip.source_frames))} == {6}
    assert len(clip.source_frames) == 4


def test_a_missing_sweep_falls_back_to_keyframes_and_says_so(tmp_path: Path, store: Store) -> None:
    with_sweeps(tmp_path / "dataroot")
    for path in (tmp_path / "dataroot" / "sweeps" / "CAM_FRONT").glob("*_3.jpg"):
        path.unlink()
    planned = a_plan(store, tmp_path / "plan")
    (clip,) = read_plan(tmp_path / "plan").clips.values()
    assert (planned.from_keyframes, clip.frames, sorted(clip.source_frames)) == (1, 8, list(range(8)))


@pytest.mark.parametrize("split", list(Split))
def test_a_plan_stays_on_its_side_of_the_split(tmp_path: Path, store: Store, split: Split) -> None:
    a_plan(store, tmp_path / "plan", "fog", "glare", clips=9, split=split)
    with store.read() as session:
        for clip in read_plan(tmp_path / "plan").clips.values():
            assert (clip.split, session.get_one(Scene, clip.source_scene_id).split) == (split, split)


def test_a_plan_is_the_same_whenever_it_is_made_and_another_with_another_seed(
    tmp_path: Path, store: Store
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        request = PlanRequest(read_catalogue().chosen(["fog", "glare"]), clips=2, variants=2, seed=seed)
        plan_clips(store, request, tmp_path / name)
    files = ("specs.jsonl", "general.jsonl", "plan.jsonl")
    same = [(tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files]
    other = [(tmp_path / "a" / name).read_bytes() == (tmp_path / "c" / name).read_bytes() for name in files]
    assert (same, other) == ([True] * 3, [False] * 3)
    seeds = [spec.seed for spec in read_specs(tmp_path / "a" / "specs.jsonl")]
    assert len(set(seeds)) == len(seeds) == 8


def test_fewer_scenes_than_asked_for_are_said(tmp_path: Path, store: Store) -> None:
    planned = a_plan(store, tmp_path / "plan", clips=50)
    assert planned.fewer == planned.clips
    assert planned.clips["fog"] < len(SCENES)


def test_the_distilled_model_takes_93_frames_and_edges_alone(tmp_path: Path) -> None:
    store = a_scenario_store(tmp_path, scenes={"scene-0001": 20, "scene-0002": 20})
    request = PlanRequest(read_catalogue().chosen(["fog"]), clips=1, distilled=True)
    with pytest.raises(ScenarioError, match="No clip has the 93 frames"):
        plan_clips(store, request, tmp_path / "plan")
    assert not (tmp_path / "plan").exists()
    with_sweeps(tmp_path / "dataroot")
    plan_clips(store, request, tmp_path / "plan")
    (spec,) = read_specs(tmp_path / "plan" / "specs.jsonl")
    assert (spec.num_steps, spec.controls) == (4, ("edge",))
    assert len(list(read_frames(tmp_path / "plan" / spec.video_path))) == 93
    script = (tmp_path / "plan" / "run.sh").read_text()
    assert "--model=edge/distilled" in script
    assert "export COSMOS_EXPERIMENTAL_CHECKPOINTS=1\n" in script
    checked = subprocess.run(["bash", "-n", str(tmp_path / "plan" / "run.sh")], check=False)
    assert checked.returncode == 0


def test_a_plan_is_never_written_over_and_needs_a_sample(tmp_path: Path, store: Store) -> None:
    a_plan(store, tmp_path / "plan")
    with pytest.raises(ScenarioError, match="is not empty"):
        a_plan(store, tmp_path / "plan")
    fresh = a_store(tmp_path / "fresh", sampled=False)
    with pytest.raises(ScenarioError, match="No train frame has been sampled yet"):
        a_plan(fresh, tmp_path / "other")
    with pytest.raises(
        ScenarioError, match="No sampled train frame qualifies as a source for night_pedestrian"
    ):
        a_plan(store, tmp_path / "other", "night_pedestrian")


@pytest.mark.parametrize(
    ("file", "old", "new", "reason"),
    [
        ("specs.jsonl", '"guidance":3', '"guidance":5', "is not the one that was planned"),
        ("general.jsonl", "dense fog", "thick fog", "is not the one that was planned"),
        ("specs.jsonl", '"guidance":3', '"guidance":3,"fps":12', "fps: Extra inputs are not permitted"),
        ("plan.jsonl", '"split":"train"', '"split":"both"', "line 1, is no planned clip: split"),
    ],
)
def test_a_plan_that_was_changed_is_not_read(
    tmp_path: Path, store: Store, file: str, old: str, new: str, reason: str
) -> None:
    a_plan(store, tmp_path / "plan")
    path = tmp_path / "plan" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ScenarioError, match=reason):
        read_plan(tmp_path / "plan")


def test_the_stand_in_takes_what_is_planned_and_refuses_what_the_repository_would(
    tmp_path: Path, store: Store
) -> None:
    a_plan(store, tmp_path / "plan", "fog", "night_rain", clips=2, variants=2)
    assert len(list(generate(tmp_path / "plan").glob("*-????????.mp4"))) == 8
    specs = tmp_path / "plan" / "specs.jsonl"
    specs.write_text(specs.read_text().replace('"guidance":3', '"guidance":3,"output_dir":"x"'))
    with pytest.raises(AssertionError, match="extra inputs are not permitted"):
        generate(tmp_path / "plan")
