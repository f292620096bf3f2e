"""Use case: a generator's outputs into the store, as frames that are marked generated.

A generated clip becomes a scene of its own on the side of the split on which its source stands. Levels are never
inherited: models are asked and people judge, as for any frame. What keeps its geometry keeps its boxes and the cues
that come from them; light and weather are measured anew.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlmodel import Session, col, select

from data.cues import frame_cues
from data.errors import ScenarioError
from data.frame_status import refresh
from data.images import ImageFacts, ImageRefused, inspect_image
from data.scenarios.clips import as_jpeg, read_frames
from data.scenarios.outputs import Output, Refused, find_outputs, match_output
from data.scenarios.plan_folder import OUTPUTS, PLAN, read_plan
from data.scenarios.provenance import VERSION
from data.store import Store
from data.tables import Dataset, Frame, GeneratedClip, GeneratedFrame, SampledFrame, Scene
from data.vocabulary import Cue, Split

FOLDER = "generated"
GEOMETRIC = (Cue.PEDESTRIAN_NEAR, Cue.CONSTRUCTION, Cue.INTERSECTION)
"""Cues that lie in where things stand, not in light or weather."""
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


@dataclass(frozen=True)
class _Source:
    scene: Scene
    frames: dict[int, Frame]
    sampling_id: int


@dataclass(frozen=True)
class _Picture:
    """A frame of a clip as it lies in the workspace."""

    filename: str
    facts: ImageFacts


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
    folder = root / _clip_id(output)
    try:
        pictures = _extract(output, folder, source)
        with store.write() as session:
            dataset = _dataset(session, root, store.now_us(session))
            _save(session, output, source, pictures, dataset, store.now_us(session))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    side = output.planned.split.value
    done.clips += 1
    done.frames += len(pictures)
    done.by_split[side] = done.by_split.get(side, 0) + len(pictures)


def _source(session: Session, output: Output) -> _Source:
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
    return _Source(scene, by_place, sampled.sampling_id)


def _side(split: Split) -> str:
    return "training" if split is Split.TRAIN else "held out"


def _clip_id(output: Output) -> str:
    text = f"{output.planned.name}|{output.spec_hash}|{output.sha256}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _extract(output: Output, folder: Path, source: _Source) -> dict[int, _Picture]:
    """Write the frames to take in as pictures, by place. Raises Refused for a clip of another length or shape."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures, count = {}, 0
    for count, picture in enumerate(read_frames(output.path), start=1):
        place = count - 1
        if place in source.frames:
            _require_shape(output.path.name, picture.shape[1] / picture.shape[0], source.frames[place])
            path = folder / f"{place:04d}.jpg"
            path.write_bytes(as_jpeg(picture))
            pictures[place] = _Picture(f"{folder.name}/{path.name}", _facts(path))
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


def _dataset(session: Session, root: Path, now_us: int) -> Dataset:
    dataset = session.exec(select(Dataset).where(Dataset.version == VERSION)).one_or_none()
    if dataset is None:
        dataset = Dataset(version=VERSION, dataroot=str(root), ingested_at_us=now_us)
    dataset.dataroot = str(root)
    session.add(dataset)
    session.flush()
    return dataset


def _save(
    session: Session,
    output: Output,
    source: _Source,
    pictures: dict[int, _Picture],
    dataset: Dataset,
    now_us: int,
) -> None:
    scene = _scene(output, source, dataset)
    session.add(scene)
    session.flush()
    clip = GeneratedClip(
        id=_clip_id(output),
        name=output.planned.name,
        scene_id=scene.id,
        source_scene_id=source.scene.id,
        scenario=output.planned.scenario,
        model=output.model,
        seed=output.planned.seed,
        spec=output.spec,
        spec_hash=output.spec_hash,
        source_sha256=output.planned.source_sha256,
        output_sha256=output.sha256,
        frames=output.planned.frames,
        taken_in_at_us=now_us,
    )
    frames = [
        _frame(clip, position, source.frames[place], picture, output.planned.keeps_geometry)
        for position, (place, picture) in enumerate(sorted(pictures.items()))
    ]
    session.add_all([clip, *frames])
    session.flush()
    for frame, place in zip(frames, sorted(pictures), strict=True):
        session.add_all(_marks(frame, clip, source, place))
    session.flush()
    refresh(session, [frame.id for frame in frames])


def _scene(output: Output, source: _Source, dataset: Dataset) -> Scene:
    clip_id = _clip_id(output)
    return Scene(
        id=hashlib.sha256(f"generated scene|{clip_id}".encode()).hexdigest()[:32],
        dataset_id=int(dataset.id or 0),
        name=f"{source.scene.name} generated {clip_id[:6]}",
        description=f"Generated by {output.model} from {source.scene.name}: {output.planned.scenario}.",
        log_name=source.scene.log_name,
        location=source.scene.location,
        utc_offset_min=source.scene.utc_offset_min,
        split=source.scene.split,
    )


def _frame(
    clip: GeneratedClip, position: int, source: Frame, picture: _Picture, keeps_geometry: bool
) -> Frame:
    facts = picture.facts
    kept = {cue.value for cue in GEOMETRIC} if keeps_geometry else set()
    inherited = {name: f"as in the source frame: {why}" for name, why in source.cues.items() if name in kept}
    measured = {cue.value: why for cue, why in frame_cues([], facts, "").items()}
    return Frame(
        id=hashlib.sha256(f"generated frame|{clip.id}|{position}".encode()).hexdigest()[:32],
        scene_id=clip.scene_id,
        position=position,
        captured_at_us=source.captured_at_us,
        filename=picture.filename,
        width_px=facts.width_px,
        height_px=facts.height_px,
        image_sha256=facts.sha256,
        boxes=dict(source.boxes) if keeps_geometry else {},
        cues={**inherited, **measured},
        pixels=facts.pixels(),
        ego_x_m=source.ego_x_m,
        ego_y_m=source.ego_y_m,
        generated_clip_id=clip.id,
    )


def _marks(
    frame: Frame, clip: GeneratedClip, source: _Source, place: int
) -> tuple[GeneratedFrame, SampledFrame]:
    """The frame's provenance, and its entry among the frames that are worked on: all are, none is drawn."""
    made = GeneratedFrame(
        frame_id=frame.id, clip_id=clip.id, source_frame_id=source.frames[place].id, place=place
    )
    split = source.scene.split or Split.TRAIN
    taken = SampledFrame(
        frame_id=frame.id, sampling_id=source.sampling_id, split=split, inclusion_probability=1.0
    )
    return made, taken
