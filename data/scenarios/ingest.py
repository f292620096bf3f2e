"""Use case: a generator's outputs into the store, as frames that are marked generated.

A generated clip becomes a scene of its own on the side of the split on which its source stands. Levels are never
inherited: models are asked and people judge, as for any frame. What keeps its geometry keeps its boxes and the cues
that come from them; light and weather are measured anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from data.errors import ScenarioError
from data.images.clips import as_jpeg, read_frames
from data.images.inspection import ImageFacts, ImageRefused, inspect_image
from data.scenarios.generated_rows import Picture, Source, clip_id_of, generated_dataset, save_clip
from data.scenarios.outputs import Output, Refused, find_outputs, match_output
from data.scenarios.plan_folder import OUTPUTS, PLAN, read_plan
from data.store.opening import Store
from data.store.tables import Frame, GeneratedClip, SampledFrame, Scene
from data.vocabulary import Split

FOLDER = "generated"
SHAPE_TOLERANCE = 0.02
Progress = Callable[[int, int], None]


@dataclass
class TakenIn:
    """What was taken in. `refused`: the reason by file name; `known`: clips that the store had already; `skipped`:
    controls and masks; `not_generated`: planned clips without an output."""

    clips: int = 0
    frames: int = 0
    known: int = 0
    by_split: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    not_generated: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def take_in(
    store: Store,
    outputs: Path,
    workspace: Path,
    *,
    plan_folder: Path | None = None,
    model: str | None = None,
    progress: Progress | None = None,
) -> TakenIn:
    """Take every output in that is what was planned; each one whole or not at all.

    plan_folder: the parent of `outputs` by default. model: see `match_output`. A clip that cannot be taken in is
    refused with its reason and stops no other. Raises ScenarioError as `read_plan` and `find_outputs` do.
    """
    _require_outputs(outputs)
    plan = read_plan(plan_folder or outputs.resolve().parent)
    found = find_outputs(outputs, plan)
    done = TakenIn(skipped=found.skipped, not_generated=found.not_generated)
    root = (workspace / FOLDER).resolve()
    for number, path in enumerate(found.clips, start=1):
        try:
            _take_one(store, match_output(path, plan, found.sums, model), root, done)
        except ScenarioError as refused:
            done.refused[path.name] = str(refused)
        if progress:
            progress(number, len(found.clips))
    return done


def _require_outputs(outputs: Path) -> None:
    if not outputs.is_dir():
        raise ScenarioError(f"{outputs} is not a folder with what a generator made.")
    if (outputs / PLAN).is_file():
        raise ScenarioError(f"{outputs} is a plan; name the folder of its outputs: {outputs / OUTPUTS}.")


def _take_one(store: Store, output: Output, root: Path, done: TakenIn) -> None:
    with store.read() as session:
        there = session.exec(select(GeneratedClip).where(GeneratedClip.name == output.planned.name)).first()
        source = _source(session, output)
    if there is not None:
        if there.output_sha256 != output.sha256:
            raise Refused(
                f"{output.path.name} was taken in before with other content; that is never written over."
            )
        done.known += 1
        return
    folder = root / clip_id_of(output)
    try:
        pictures = _extract(output, folder, source)
        with store.write() as session:
            dataset = generated_dataset(session, root, store.now_us(session))
            save_clip(session, output, source, pictures, dataset, store.now_us(session))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    side = output.planned.split.value
    done.clips += 1
    done.frames += len(pictures)
    done.by_split[side] = done.by_split.get(side, 0) + len(pictures)


def _source(session: Session, output: Output) -> Source:
    """The real scene and frames that the plan names. Raises Refused: they are not in this store, or the scene does
    not stand on the side that the clip was planned for."""
    planned, name = output.planned, output.path.name
    scene = session.get(Scene, planned.source_scene_id)
    if scene is None or scene.split is None:
        raise Refused(
            f"{name}: its source {planned.source_scene} is not among the sampled scenes of this store."
        )
    if scene.split is not planned.split:
        raise Refused(
            f"{name} was planned for {_side(planned.split)}, but its source {scene.name} is "
            f"{_side(scene.split)} in this store. A scene and what is made of it stand on one side."
        )
    wanted = list(planned.source_frames.values())
    rows = session.exec(select(Frame).where(col(Frame.id).in_(wanted), Frame.scene_id == scene.id)).all()
    frames = {frame.id: frame for frame in rows}
    if not wanted or set(frames) != set(wanted) or max(planned.source_frames) >= planned.frames:
        raise Refused(
            f"{name}: the plan names source frames that are not frames of {scene.name} in this store."
        )
    sampled = session.exec(select(SampledFrame).where(col(SampledFrame.frame_id).in_(wanted))).first()
    if sampled is None:
        raise Refused(f"{name}: none of its source frames was sampled in this store.")
    by_place = {place: frames[frame_id] for place, frame_id in sorted(planned.source_frames.items())}
    return Source(scene, by_place, sampled.sampling_id)


def _side(split: Split) -> str:
    return "training" if split is Split.TRAIN else "held out"


def _extract(output: Output, folder: Path, source: Source) -> dict[int, Picture]:
    """Write the frames to take in as pictures, by place. Raises Refused for a clip of another length or shape."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, count = {}, 0
    for count, picture in enumerate(read_frames(output.path), start=1):
        place = count - 1
        if place in source.frames:
            _require_shape(output.path.name, picture.shape[1] / picture.shape[0], source.frames[place])
            path = folder / f"{place:04d}.jpg"
            path.write_bytes(as_jpeg(picture))
            pictures[place] = Picture(f"{folder.name}/{path.name}", _facts(path))
    if count != output.planned.frames:
        raise Refused(f"{output.path.name} has {count} frames; its source clip has {output.planned.frames}.")
    return pictures


def _require_shape(name: str, ratio: float, source: Frame) -> None:
    """Side by side with a control or the input, a picture is twice as wide as its source."""
    wanted = (source.width_px or 1) / (source.height_px or 1)
    if abs(ratio / wanted - 1) > SHAPE_TOLERANCE:
        raise Refused(f"{name} is {ratio:.2f} times as wide as high, its source {wanted:.2f}.")


def _facts(path: Path) -> ImageFacts:
    try:
        return inspect_image(path)
    except ImageRefused as refused:
        raise Refused(f"A frame of the clip cannot be used: {refused}") from refused
