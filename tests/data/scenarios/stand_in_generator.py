"""A stand-in for examples/inference.py of NVIDIA's cosmos-transfer2.5: real mp4 in, image operations, real mp4 out,
under the same names and with the same arguments written down. It knows nothing of any model."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import av
import numpy as np

DEFAULTS: dict[str, Any] = {
    "prompt_path": None, "negative_prompt": "The video captures a game playing.", "guidance": 3, "max_frames": None,
    "context_frame_index": None, "image_context_path": None, "num_conditional_frames": 1, "resolution": "720",
    "sigma_max": None, "num_video_frames_per_chunk": 93, "num_steps": 35, "show_control_condition": False,
    "show_input": False, "keep_input_resolution": True, "depth": None, "vis": None, "seg": None, "seed": 2025,
}  # fmt: skip
CONTROL = {"control_path": None, "control_weight": 1.0, "mask_path": None, "mask_prompt": None}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("-i", type=Path, required=True)
    parser.add_argument("-o", type=Path, required=True)
    parser.add_argument("--model", default="edge")
    given = parser.parse_args()
    given.o.mkdir(parents=True, exist_ok=True)
    (given.o / "config.yaml").write_text(f"model: {given.model}\n")
    specs = [json.loads(line) for line in given.i.read_text().splitlines()]
    refuse_what_the_repository_refuses(specs, given.i.parent)
    for spec in specs:
        generate(spec, given.i.parent, given.o)


def refuse_what_the_repository_refuses(specs: list[dict[str, Any]], folder: Path) -> None:
    """Unknown keys, values out of range, names that stand there twice, missing files, no control."""
    names = [spec["name"] for spec in specs]
    assert len(set(names)) == len(names), "a name is not unique"
    for spec in specs:
        unknown = set(spec) - {*DEFAULTS, "name", "prompt", "video_path", "edge"}
        assert not unknown, f"extra inputs are not permitted: {unknown}"
        assert isinstance(spec["prompt"], str), "a prompt is needed"
        assert isinstance(spec["seed"], int), "the seed is an integer"
        assert spec["guidance"] in range(8), "guidance goes from 0 to 7"
        assert not Path(spec["video_path"]).is_absolute(), "paths are relative to the file"
        assert (folder / spec["video_path"]).is_file(), "the input video is missing"
        controls = [spec[key] for key in ("edge", "vis", "depth", "seg") if spec.get(key) is not None]
        assert controls, "no controls provided"
        assert all(0 <= one.get("control_weight", 1.0) <= 1 for one in controls), "a weight is out of range"


def generate(spec: dict[str, Any], folder: Path, out: Path) -> None:
    arguments = {**DEFAULTS, **spec, "video_path": str((folder / spec["video_path"]).absolute())}
    for key in ("edge", "vis", "depth", "seg"):
        if arguments[key] is not None:
            arguments[key] = {**CONTROL, **arguments[key]}
    (out / f"{spec['name']}.json").write_text(json.dumps(arguments))
    (out / f"{spec['name']}.txt").write_text(spec["prompt"])
    with av.open(str(folder / spec["video_path"])) as source:
        rate = source.streams.video[0].average_rate
        frames = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
    write(out / f"{spec['name']}.mp4", [changed(frame, spec) for frame in frames], rate)
    write(out / f"{spec['name']}_control_edge.mp4", [255 - frame for frame in frames], rate)


def changed(frame: Any, spec: dict[str, Any]) -> Any:
    """Darker by night, paler otherwise; the seed shifts it a little, so that two seeds differ."""
    shift = spec["seed"] % 20
    if "night" in spec["name"]:
        return (frame * 0.15 + shift / 4).astype(np.uint8)
    return (frame * 0.3 + 140 + shift).clip(0, 255).astype(np.uint8)


def write(path: Path, frames: list[Any], rate: Any) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
