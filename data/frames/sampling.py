"""Which frames are worked on: a scene-disjoint split first, then a draw that favours edge cases.

The draw is systematic sampling with unequal probabilities over a seeded random order (Madow 1949): it takes
exactly n frames, each with the inclusion probability that is stored with it, so that estimates over all frames
can be weighted back.
"""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from data.errors import SamplingError
from data.frames.data_sets import MADE_HERE
from data.frames.draws import (
    Parted,
    draws_of,
    is_rested_on,
    named_parted,
    never_drawn,
    parted_scenes,
    take_back,
)
from data.frames.sampling_recipe import SamplingRecipe, SplitBy, expected_mix
from data.frames.shared_views import linked_scenes
from data.frames.sides import SceneToSplit, sides_of
from data.nuscenes.official_split import OFFICIAL_VERSIONS, official_split
from data.store.opening import Store
from data.store.tables import NOT_INGESTED, Dataset, Frame, SampledFrame, Sampling, Scene
from data.vocabulary import Cue, Split

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
    """What a draw took. `asked` are the numbers wanted, `taken` those there were; cue shares before and after, of the
    frames in which the cue could be looked for, None where in none; `cue_unknown`: the share of usable frames in which
    it could not; `thinned`: frames of a standing vehicle that could not be drawn; `frames_per_scene`: least, median
    and most over scenes with any; `expected_levels`: planned shares of the frames drawn, not a measurement;
    `data_sets`: usable frames and those taken on each side by data set; `linked_scenes`: how many stand where they
    do since another data set shows the same; `left_out`: scenes that belong with scenes on both sides; `tags_unseen`:
    tags of the recipe that no usable frame has; `earlier`: scenes on each side by draws that stay; `replaces`: an
    earlier draw, which nothing rested on."""

    seed: int
    asked: dict[str, int]
    taken: dict[str, int]
    scenes: dict[str, int]
    cue_share_before: dict[str, float | None]
    cue_share_after: dict[str, float | None]
    split_by: str = SplitBy.SCENE
    thinned: int = 0
    frames_per_scene: dict[str, float] = field(default_factory=dict)
    expected_levels: dict[str, float] = field(default_factory=dict)
    was_there: bool = False
    replaces: bool = False
    cue_unknown: dict[str, float] = field(default_factory=dict)
    data_sets: dict[str, dict[str, int]] = field(default_factory=dict)
    linked_scenes: int = 0
    left_out: tuple[Parted, ...] = ()
    tags_unseen: tuple[str, ...] = ()
    earlier: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


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
    data_set: str | None = None,
    dry_run: bool = False,
) -> Sampled:
    """Split the scenes that no draw has split, draw frames on both sides, and write both down once.

    recipe: how to split, thin and favour; without one, `bias` alone and no thinning. data_set: draw from it alone.
    dry_run: nothing is written down. The same call again changes nothing; another one replaces draws for as long as
    nothing rests on them. Raises SamplingError: something rests on another draw and no scene has come since, no usable
    frames, no such data set, a number below one.
    """
    if train < 1 or held_out < 1:
        raise SamplingError(f"At least one frame on each side is needed; asked for {train} and {held_out}.")
    chosen = recipe or SamplingRecipe(bias=dict(DEFAULT_BIAS if bias is None else bias))
    parameters = {"train": train, "held_out": held_out, **chosen.as_parameters()}
    parameters = json.loads(json.dumps(parameters))  # as the store gives it back
    with store.read() if dry_run else store.write(alone=True) as session:
        scope = _scope(session, data_set)
        draws = draws_of(session, scope)
        last = draws[-1] if draws else None
        open_ = [one for one in draws if not is_rested_on(session, one)]
        waiting = set(session.exec(select(Scene.id).where(col(Scene.id).in_(_undrawn_scenes(scope)))))
        left_out = parted_scenes(session, waiting, chosen.split_by, {int(one.id or 0) for one in open_})
        is_new = bool(waiting - left_out.keys())
        if last is not None and not is_new and (last.seed, last.parameters) == (seed, parameters):
            return _summary(session, last, was_there=True, left_out=left_out.values())
        _refuse_half_ingested(session, scope)
        if last is not None and not open_ and not is_new:
            raise SamplingError(_rests(last, left_out.values()))
        for one in open_:
            take_back(session, one)
        sampling = Sampling(seed=seed, parameters=parameters, sampled_at_us=store.now_us(session))
        session.add(sampling)
        session.flush()
        linked = _draw_both_sides(session, sampling, chosen, scope, left_out)
        session.flush()
        replaces = bool(open_)
        return _summary(session, sampling, replaces=replaces, linked=linked, left_out=left_out.values())


def _rests(draw: Sampling, left_out: Collection[Parted]) -> str:
    return (
        f"This store was sampled with --train {draw.parameters['train']} --held-out {draw.parameters['held_out']} "
        f"--seed {draw.seed}, and models or people have answered about its frames since; a second draw would break its "
        "split. Ingest other drives to draw from them, or use another workspace for another draw."
        + (f" Of what came since, {named_parted(left_out)}" if left_out else "")
    )


def _scope(session: Session, data_set: str | None) -> dict[int, Dataset]:
    """The data sets that are drawn from, by id."""
    there = [one for one in session.exec(select(Dataset)) if one.kind not in MADE_HERE]
    chosen = [one for one in there if data_set in (None, one.name)]
    if data_set is not None and not chosen:
        names = ", ".join(sorted(one.name for one in there)) or "none"
        raise SamplingError(f"There is no data set {data_set[:64]!r} in this store. It has: {names}.")
    return {int(one.id or 0): one for one in chosen}


def _refuse_half_ingested(session: Session, scope: Mapping[int, Dataset]) -> None:
    half = next((one.name for one in scope.values() if one.ingested_at_us == NOT_INGESTED), None)
    if half is not None:
        raise SamplingError(
            f"The ingest of {half} is still running or broke off: wait for it or run `teletriage ingest` again, then "
            "sample. Frames drawn from a part of it would not stand for all of it."
        )


def _draw_both_sides(
    session: Session,
    sampling: Sampling,
    recipe: SamplingRecipe,
    scope: Mapping[int, Dataset],
    left_out: Mapping[str, Parted],
) -> int:
    """Returns how many scenes another data set's scenes have drawn to their side. left_out: scenes by id that are not
    drawn from."""
    frames = [frame for frame in session.exec(_undrawn(scope)) if frame.scene_id not in left_out]
    if not frames and left_out:
        raise SamplingError(named_parted(left_out.values()))
    if not frames:
        raise SamplingError("The store holds no usable frame. Run `teletriage ingest` first.")
    wanted = {
        Split.TRAIN: int(sampling.parameters["train"]),
        Split.HELD_OUT: int(sampling.parameters["held_out"]),
    }
    share = wanted[Split.HELD_OUT] / sum(wanted.values())
    to_split = _to_split(session, frames)
    links = linked_scenes(session, {frame.scene_id for frame in frames})
    sides = sides_of(to_split, links, recipe.split_by, share, sampling.seed)
    thinned = standing_frames(frames, recipe.standing_move_m, recipe.standing_gap_s)
    frames = [frame for frame in frames if frame.id not in thinned]
    for scene in session.exec(select(Scene).where(col(Scene.id).in_(sides))):
        scene.split, scene.sampling_id = sides[scene.id], sampling.id
        session.add(scene)
    for number, (split, n) in enumerate(wanted.items()):
        pool = [frame for frame in frames if sides[frame.scene_id] is split]
        weights = [_weight(frame, recipe) for frame in pool]
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
    return len({scene for pair in links for scene in pair} & set(sides))


def _to_split(session: Session, frames: Sequence[Frame]) -> list[SceneToSplit]:
    """The scenes of these frames, and those that have been split."""
    sizes = Counter(frame.scene_id for frame in frames)
    query = select(Scene, Dataset).join(Dataset, col(Dataset.id) == Scene.dataset_id)
    rows = session.exec(query.where(col(Dataset.kind).not_in(MADE_HERE))).all()
    rows = [(scene, of) for scene, of in rows if scene.id in sizes or scene.sampling_id is not None]
    official = _official(rows)
    return [
        SceneToSplit(
            id=scene.id,
            data_set=of.name,
            drive=scene.log_name,
            frames=sizes[scene.id],
            official=official.get(scene.id),
            side=scene.split if scene.sampling_id is not None else None,
            keeps_drives=of.kind != "nuscenes",
        )
        for scene, of in rows
    ]


def _official(rows: Sequence[tuple[Scene, Dataset]]) -> dict[str, Split]:
    """Where publishers have the scenes; of nuScenes' own versions by their names, which older stores have alone."""
    sides = {scene.id: scene.official_side for scene, _ in rows if scene.official_side is not None}
    for version in OFFICIAL_VERSIONS:
        sides |= official_split({scene.id: scene.name for scene, of in rows if of.version == version}) or {}
    return sides


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


def _undrawn(scope: Mapping[int, Dataset]) -> SelectOfScalar[Frame]:
    """Usable frames of the scenes that no draw has split."""
    query = (
        select(Frame)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .where(
            col(Scene.dataset_id).in_(scope), col(Scene.sampling_id).is_(None), col(Frame.set_aside).is_(None)
        )
    )
    return query.where(col(Frame.id).not_in(never_drawn())).order_by(Frame.id)


def _undrawn_scenes(scope: Mapping[int, Dataset]) -> Select[Any]:
    return _undrawn(scope).with_only_columns(col(Frame.scene_id)).order_by(None)


def _weight(frame: Frame, recipe: SamplingRecipe) -> float:
    by_tags = sum(recipe.tags.get(tag, 0.0) for tag in frame.tags or ()) if recipe.tags else 0.0
    return 1.0 + sum(recipe.bias.get(Cue(cue), 0.0) for cue in frame.cues) + by_tags


def _summary(
    session: Session,
    sampling: Sampling,
    *,
    was_there: bool = False,
    replaces: bool = False,
    linked: int = 0,
    left_out: Collection[Parted] = (),
) -> Sampled:
    query = (
        select(Frame, Dataset.name)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(Scene.sampling_id == sampling.id, col(Frame.set_aside).is_(None))
        .where(col(Frame.id).not_in(never_drawn()))
        .order_by(Frame.id)
    )
    rows = session.exec(query).all()
    usable, known = [frame for frame, _ in rows], sampling.parameters
    drawn = _drawn(session, sampling)
    taken = [frame for frame in usable if frame.id in drawn]
    sides = Counter(
        (split, sampling_id == sampling.id)
        for split, sampling_id in session.exec(
            select(Scene.split, Scene.sampling_id).where(col(Scene.sampling_id).is_not(None))
        )
    )
    tags = {tag for frame in usable for tag in frame.tags or ()}
    return Sampled(
        seed=sampling.seed,
        asked={"train": known["train"], "held_out": known["held_out"]},
        taken={split.value: list(drawn.values()).count(split) for split in Split},
        scenes={split.value: sides[split, True] for split in Split},
        cue_share_before=_cue_shares(usable),
        cue_share_after=_cue_shares(taken),
        split_by=known.get("split_by", SplitBy.SCENE),
        thinned=len(
            standing_frames(usable, known.get("standing_move_m", 0.0), known.get("standing_gap_s", 0.0))
        ),
        frames_per_scene=_per_scene(taken),
        expected_levels=expected_mix([frame.cues for frame in taken], known.get("expected_levels", {})),
        was_there=was_there,
        replaces=replaces,
        cue_unknown=_unknown_shares(usable),
        data_sets=_by_data_set([(frame.id, name) for frame, name in rows], drawn),
        linked_scenes=linked,
        left_out=tuple(sorted(left_out)),
        tags_unseen=tuple(sorted(set(known.get("tags", {})) - tags)),
        earlier={split.value: sides[split, False] for split in Split},
    )


def _drawn(session: Session, sampling: Sampling) -> dict[str, Split]:
    """The sides of the frames that a draw took; others were added to its frames later."""
    query = select(SampledFrame).where(
        SampledFrame.sampling_id == sampling.id, col(SampledFrame.frame_id).not_in(never_drawn())
    )
    return {row.frame_id: row.split for row in session.exec(query)}


def _by_data_set(frames: Sequence[tuple[str, str]], drawn: Mapping[str, Split]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for frame_id, name in frames:
        counts = found.setdefault(name, {"usable": 0, **{split.value: 0 for split in Split}})
        counts["usable"] += 1
        if frame_id in drawn:
            counts[drawn[frame_id].value] += 1
    return dict(sorted(found.items()))


def _cue_shares(frames: Sequence[Frame]) -> dict[str, float | None]:
    counts = Counter(cue for frame in frames for cue in frame.cues)
    unknown = Counter(cue for frame in frames for cue in frame.unknown_cues or ())
    known = {cue.value: len(frames) - unknown[cue.value] for cue in Cue}
    if not frames:
        return {}
    return {cue: round(counts[cue] / n, 4) if n else None for cue, n in known.items()}


def _unknown_shares(frames: Sequence[Frame]) -> dict[str, float]:
    unknown = Counter(cue for frame in frames for cue in frame.unknown_cues or ())
    return {cue.value: round(unknown[cue.value] / len(frames), 4) for cue in Cue if unknown[cue.value]}


def _per_scene(taken: Sequence[Frame]) -> dict[str, float]:
    counts = list(Counter(frame.scene_id for frame in taken).values())
    if not counts:
        return {}
    return {"least": min(counts), "median": statistics.median(counts), "most": max(counts)}
