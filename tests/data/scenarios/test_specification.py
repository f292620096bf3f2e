from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from data.errors import ScenarioError
from data.scenarios.specification import Edge, TransferSpec, Vis, read_specs, spec_hash, write_specs


def given(**changes: Any) -> dict[str, Any]:
    fields = {"name": "fog-1", "prompt": "Fog.", "video_path": "clips/a.mp4", "edge": {"control_weight": 1.0}}
    return {name: value for name, value in {**fields, **changes}.items() if value is not None}


def test_what_is_written_is_read_back_and_holds_only_what_was_given(tmp_path: Path) -> None:
    spec = TransferSpec(
        name="fog-1",
        prompt="Fog.",
        video_path="clips/a.mp4",
        seed=7,
        edge=Edge(),
        vis=Vis(control_weight=0.2),
    )
    write_specs(tmp_path / "specs.jsonl", [spec])
    (line,) = (tmp_path / "specs.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "name": "fog-1",
        "prompt": "Fog.",
        "video_path": "clips/a.mp4",
        "seed": 7,
        "edge": {},
        "vis": {"control_weight": 0.2},
    }
    (again,) = read_specs(tmp_path / "specs.jsonl")
    assert (again, spec_hash(again)) == (spec, spec_hash(spec))


def test_the_defaults_are_those_of_the_command_line() -> None:
    spec = TransferSpec.model_validate(given())
    assert (spec.seed, spec.guidance, spec.resolution, spec.num_steps) == (2025, 3, "720", 35)
    assert (spec.num_video_frames_per_chunk, spec.num_conditional_frames) == (93, 1)
    assert (spec.keep_input_resolution, spec.show_input, spec.controls) == (True, False, ("edge",))


@pytest.mark.parametrize(
    "changes",
    [
        {"output_dir": "outputs"},
        {"edge": {"control_weight": 1.0, "weight": 1}},
        {"edge": None},
        {"edge": {"control_weight": 1.01}},
        {"edge": {"control_weight": float("nan")}},
        {"edge": {"preset_edge_threshold": "strong"}},
        {"edge": {"mask_path": "m.mp4", "mask_prompt": "car"}},
        {"prompt": None},
        {"prompt_path": "prompt.txt"},
        {"guidance": 8},
        {"guidance": 2.5},
        {"num_conditional_frames": 3},
        {"max_frames": 0},
        {"sigma_max": "201"},
        {"sigma_max": "a lot"},
        {"video_path": "/data/a.mp4"},
        {"video_path": "clips/../../a.mp4"},
        {"video_path": "~/a.mp4"},
        {"name": "a/b"},
        {"name": ".."},
        {"vis": {}, "image_context_path": "style.png"},
    ],
)
def test_what_the_command_line_would_refuse_or_ignore_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TransferSpec.model_validate(given(**changes))


def test_every_documented_field_is_taken() -> None:
    everything = given(
        negative_prompt="Cartoon.",
        context_frame_index=1,
        max_frames=93,
        sigma_max="80",
        num_steps=4,
        show_control_condition=True,
        guided_generation_step_threshold=25,
        guided_generation_foreground_labels=[1, 2],
        guided_generation_mask="mask.mp4",
        vis={"preset_blur_strength": "low"},
        depth={"control_path": "depth.mp4"},
        seg={"control_prompt": "car building"},
    )
    assert TransferSpec.model_validate(everything).controls == ("edge", "vis", "depth", "seg")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (json.dumps(given()) + "\n// a comment\n", "line 2, is not strict JSON"),
        (json.dumps(given(output_dir="x")), "line 1, is not a specification: output_dir: Extra inputs"),
        (json.dumps(given()) + "\n" + json.dumps(given(seed=3)), "two specifications called 'fog-1'"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "specs.jsonl"
    path.write_text(text)
    with pytest.raises(ScenarioError, match=reason):
        read_specs(path)
