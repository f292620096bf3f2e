"""Which frames are worked on: a scene-disjoint split first, then a draw that favours edge cases.

The draw is systematic sampling with unequal probabilities over a seeded random order (Madow 1949): it takes
exactly n frames, each with the inclusion probability that is stored with it, so that estimates over all frames
can be weighted back.
"""

from __future__ import annotations

import json
import math
import random
import statistics
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt
from sqlmodel import Session, col, delete, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from data.errors import SamplingError
from data.frames.sampling_recipe import SamplingRecipe, SplitBy, expected_mix
from data.nuscenes.official_split import OFFICIAL_VERSIONS, official_split
from data.store.opening import Store
from data.store.tables import (
    NOT_INGESTED,
    Adjudication,
    AuditLot,
    Dataset,
    Frame,
    FrameStatus,
    GeneratedClip,
    GoldFrame,
    Lease,
    OwnLevel,
    Proposal,
    RandomShare,
    Ranking,
    ReturnedFrame,
    Review,
    SampledFrame,
    Sampling,
    Scene,
)
from data.store.trail import note_act
from data.vocabulary import Cue, Split, TrailAct

DEFAULT_BIAS: dict[Cue, float] = {
    Cue.PEDESTRIAN_NEAR: 2.0,
    Cue.CONSTRUCTION: 3.0,
    Cue.INTERSECTION: 1.0,
    Cue.RAIN: 1.5,
    Cue.FOG: 2.0,
    Cue.NIGHT: 1.0,
    Cue.GLARE: 2.0,
}
"""Added to a frame's weight of 1 for each cue it shows."""

ENOUGH_SCENES = 10
"""Held-out scenes below which reports give no interval."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sampled:
    """What a draw took. `asked` are the numbers wanted, `taken` those there were; cue shares before and after;
    `thinned`: frames of a standing vehicle that could not be drawn; `frames_per_scene`: least, median and most
    over scenes with any; `expected_levels`: planned shares of the frames drawn, not a measurement; `replaces`:
    an earlier draw, which nothing rested on."""

    seed: int
    asked: dict[str, int]
    taken: dict[str, int]
    scenes: dict[str, int]
    cue_share_before: dict[str, float]
    cue_share_after: dict[str, float]
    split_by: str = SplitBy.SCENE
    thinned: int = 0
    frames_per_scene: dict[str, float] = field(default_factory=dict)
    expected_levels: dict[str, float] = field(default_factory=dict)
    was_there: bool = False
    replaces: bool = False

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def split_scenes(frames_by_scene: Mapping[str, int], held_out_share: float, seed: int) -> dict[str, Split]:
    """Put whole scenes on the held-out side as long as that brings it nearer to its share of the frames.

    Each side gets at least one scene.

    Raises SamplingError for fewer than two scenes.
    """
    if len(frames_by_scene) < 2:  # noqa: PLR2004
        raise SamplingError(
            f"A split by scene needs at least two scenes with usable frames; there are {len(frames_by_scene)}."
        )
    order = sorted(frames_by_scene)
    random.Random(seed).shuffle(order)
    wanted = held_out_share * sum(frames_by_scene.values())
    sides = dict.fromkeys(order, Split.TRAIN)
    held_out = 0
    for scene in order[:-1]:
        size = frames_by_scene[scene]
        if held_out == 0 or abs(held_out + size - wanted) < abs(held_out - wanted):
            sides[scene] = Split.HELD_OUT
            held_out += size
    return sides


def inclusion_probabilities(weights: Sequence[float], n: int) -> Floats:
    """Probabilities proportional to the weights that add up to n, none above 1; shape (frames,).

    >>> inclusion_probabilities([1, 1, 2], 2).tolist()
    [0.5, 0.5, 1.0]
    """
    size = np.asarray(weights, dtype=np.float64)
    if n >= len(size):
        return np.ones(len(size))
    probabilities = np.zeros(len(size))
    certain = np.zeros(len(size), dtype=bool)
    while True:
        open_ = ~certain
        probabilities[certain] = 1.0
        probabilities[open_] = (n - certain.sum()) * size[open_] / size[open_].sum()
        if (probabilities <= 1.0).all():
            return probabilities
        certain |= probabilities >= 1.0


def draw(probabilities: Floats, seed: int) -> list[int]:
    """Indices of the frames drawn, ascending: systematic sampling over a seeded random order."""
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(probabilities))
    steps = np.floor(np.cumsum(probabilities[order]) + generator.random() + 1e-9)
    taken = np.diff(steps, prepend=0.0) > 0
    return sorted(int(index) for index in order[taken])


def sample_frames(
    store: Store,
    *,
    train: int,
    held_out: int,
    seed: int = 0,
    bias: Mapping[Cue, float] | None = None,
    recipe: SamplingRecipe | None = None,
    dry_run: bool = False,
) -> Sampled:
    """Split the store's scenes, draw frames on both sides, and write both down once.

    recipe: how to split, thin and favour; without one, `bias` alone and no thinning. dry_run: nothing is written down.
    The same call again changes nothing; another one replaces the draw for as long as nothing rests on it. Raises
    SamplingError: something rests on another draw, no usable frames, a number below one.
    """
    if train < 1 or held_out < 1:
        raise SamplingError(f"At least one frame on each side is needed; asked for {train} and {held_out}.")
    chosen = recipe or SamplingRecipe(bias=dict(DEFAULT_BIAS if bias is None else bias))
    parameters = {"train": train, "held_out": held_out, **chosen.model_dump(mode="json")}
    parameters = json.loads(json.dumps(parameters))  # as the store gives it back
    with store.read() if dry_run else store.write(alone=True) as session:
        before = session.exec(select(Sampling)).first()
        if before is not None and before.seed == seed and before.parameters == parameters:
            return _summary(session, before, was_there=True)
        _refuse_half_ingested(session)
        if before is not None:
            _take_back(session, before)
        sampling = Sampling(seed=seed, parameters=parameters, sampled_at_us=store.now_us(session))
        session.add(sampling)
        session.flush()
        _draw_both_sides(session, sampling, chosen)
        session.flush()
        return _summary(session, sampling, replaces=before is not None)


_RESTS_ON_A_DRAW = (
    Proposal,
    Review,
    OwnLevel,
    Adjudication,
    AuditLot,
    GoldFrame,
    ReturnedFrame,
    GeneratedClip,
)
"""What is decided, asked or made with a split in place: with a row of any of these, the draw stays."""


def _take_back(session: Session, before: Sampling) -> None:
    """Undo a draw that nothing rests on. Raises SamplingError if something does."""
    if any(session.exec(select(kind).limit(1)).first() is not None for kind in _RESTS_ON_A_DRAW):
        raise SamplingError(
            f"This store was sampled with --train {before.parameters['train']} --held-out "
            f"{before.parameters['held_out']} --seed {before.seed}, and models or people have answered about its "
            "frames since; a second draw would break its split. Use another workspace for another draw."
        )
    details = {"seed": before.seed, "sampled_at_us": before.sampled_at_us}
    note_act(session, TrailAct.TOOK_BACK_SAMPLE, by=None, subject=f"sampling:{before.id}", details=details)
    for derived in (Lease, FrameStatus, Ranking):
        session.exec(delete(derived))
    for kind in (RandomShare, SampledFrame):
        for row in session.exec(select(kind)):
            session.delete(row)
    session.flush()
    session.delete(before)
    session.flush()


def _refuse_half_ingested(session: Session) -> None:
    half = session.exec(select(Dataset.version).where(Dataset.ingested_at_us == NOT_INGESTED)).first()
    if half is not None:
        raise SamplingError(
            f"The ingest of {half} is still running or broke off: wait for it or run `teletriage ingest` again, then "
            "sample. Frames drawn from a part of it would not stand for all of it."
        )


def _draw_both_sides(session: Session, sampling: Sampling, recipe: SamplingRecipe) -> None:
    frames = _usable(session)
    if not frames:
        raise SamplingError("The store holds no usable frame. Run `teletriage ingest` first.")
    wanted = {
        Split.TRAIN: int(sampling.parameters["train"]),
        Split.HELD_OUT: int(sampling.parameters["held_out"]),
    }
    share = wanted[Split.HELD_OUT] / sum(wanted.values())
    sides = _sides(session, frames, recipe.split_by, share, sampling.seed)
    left_out = standing_frames(frames, recipe.standing_move_m, recipe.standing_gap_s)
    frames = [frame for frame in frames if frame.id not in left_out]
    for scene in session.exec(select(Scene).where(col(Scene.id).in_(sides))):
        scene.split = sides[scene.id]
        session.add(scene)
    for number, (split, n) in enumerate(wanted.items()):
        pool = [frame for frame in frames if sides[frame.scene_id] is split]
        weights = [_weight(frame, recipe.bias) for frame in pool]
        probabilities = inclusion_probabilities(weights, n)
        for index in draw(probabilities, sampling.seed * 2 + number):
            session.add(
                SampledFrame(
                    frame_id=pool[index].id,
                    sampling_id=int(sampling.id or 0),
                    split=split,
                    inclusion_probability=float(probabilities[index]),
                )
            )


def _sides(
    session: Session, frames: Sequence[Frame], split_by: SplitBy, share: float, seed: int
) -> dict[str, Split]:
    """The side of every scene that has usable frames."""
    sizes = Counter(frame.scene_id for frame in frames)
    scenes = [scene for scene in session.exec(select(Scene)) if scene.id in sizes]
    versions = set(session.exec(select(Dataset.version)))
    if split_by is SplitBy.OFFICIAL and versions <= set(OFFICIAL_VERSIONS):
        official = official_split({scene.id: scene.name for scene in scenes})
        if official is not None:
            return official
    if split_by is not SplitBy.LOG:
        return split_scenes(sizes, share, seed)
    by_log: Counter[str] = Counter()
    for scene in scenes:
        by_log[scene.log_name] += sizes[scene.id]
    sides = split_scenes(by_log, share, seed)
    return {scene.id: sides[scene.log_name] for scene in scenes}


def standing_frames(frames: Sequence[Frame], move_m: float, gap_s: float) -> set[str]:
    """Ids of frames that show what the last kept frame of their scene showed: the vehicle has moved less than
    `move_m` since and less than `gap_s` have passed. Scenes whose poses are all zero have none, and stay whole."""
    by_scene: dict[str, list[Frame]] = defaultdict(list)
    for frame in sorted(frames, key=lambda one: one.position):
        by_scene[frame.scene_id].append(frame)
    left_out: set[str] = set()
    for scene in by_scene.values():
        if move_m == 0 or not any(frame.ego_x_m or frame.ego_y_m for frame in scene):
            continue
        kept = scene[0]
        for frame in scene[1:]:
            moved_m = math.dist((frame.ego_x_m, frame.ego_y_m), (kept.ego_x_m, kept.ego_y_m))
            if moved_m < move_m and frame.captured_at_us - kept.captured_at_us < gap_s * 1e6:
                left_out.add(frame.id)
            else:
                kept = frame
    return left_out


def _usable(session: Session) -> list[Frame]:
    """Frames that the dataset's camera took; others are worked on too, but none of them is ever drawn."""
    query = select(Frame).where(col(Frame.set_aside).is_(None), col(Frame.id).not_in(_never_drawn()))
    return list(session.exec(query.order_by(Frame.id)))


def _never_drawn() -> SelectOfScalar[str]:
    """Frames that came from live feeds, and generated ones."""
    of_feeds = select(ReturnedFrame.frame_id).where(col(ReturnedFrame.is_new))
    return select(Frame.id).where(or_(col(Frame.generated_clip_id).is_not(None), col(Frame.id).in_(of_feeds)))


def _weight(frame: Frame, bias: Mapping[Cue, float]) -> float:
    return 1.0 + sum(bias.get(Cue(cue), 0.0) for cue in frame.cues)


def _summary(
    session: Session, sampling: Sampling, *, was_there: bool = False, replaces: bool = False
) -> Sampled:
    usable = _usable(session)
    rows = session.exec(select(SampledFrame).where(col(SampledFrame.frame_id).not_in(_never_drawn())))
    drawn = {row.frame_id: row.split for row in rows}
    generated = set(session.exec(select(GeneratedClip.scene_id)))
    sides = [one.split for one in session.exec(select(Scene)) if one.split and one.id not in generated]
    taken = [frame for frame in usable if frame.id in drawn]
    return Sampled(
        seed=sampling.seed,
        asked={"train": sampling.parameters["train"], "held_out": sampling.parameters["held_out"]},
        taken={split.value: list(drawn.values()).count(split) for split in Split},
        scenes={split.value: sides.count(split) for split in Split},
        cue_share_before=_cue_shares(usable),
        cue_share_after=_cue_shares(taken),
        split_by=sampling.parameters.get("split_by", SplitBy.SCENE),
        thinned=_thinned(usable, sampling),
        frames_per_scene=_per_scene(taken),
        expected_levels=expected_mix(
            [frame.cues for frame in taken], sampling.parameters.get("expected_levels", {})
        ),
        was_there=was_there,
        replaces=replaces,
    )


def _cue_shares(frames: Sequence[Frame]) -> dict[str, float]:
    counts = Counter(cue for frame in frames for cue in frame.cues)
    return {cue.value: round(counts[cue.value] / len(frames), 4) for cue in Cue} if frames else {}


def _thinned(usable: Sequence[Frame], sampling: Sampling) -> int:
    known = sampling.parameters
    return len(standing_frames(usable, known.get("standing_move_m", 0.0), known.get("standing_gap_s", 0.0)))


def _per_scene(taken: Sequence[Frame]) -> dict[str, float]:
    counts = list(Counter(frame.scene_id for frame in taken).values())
    if not counts:
        return {}
    return {"least": min(counts), "median": statistics.median(counts), "most": max(counts)}
