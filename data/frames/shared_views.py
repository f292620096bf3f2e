"""Which scenes of different data sets show the same drive: one under two names must not stand on both sides of a split.

Two scenes are linked by a picture that both have, by two pictures of one view, or by one drive's name and a time that
both were recorded at, as two cameras of one vehicle are. A time in the first year of the clock is none: it stands for
the order of files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlmodel import Session, col, select

from data.frames.data_sets import MADE_HERE
from data.images.fingerprint import near_pairs
from data.store.tables import Dataset, Frame, Scene

Link = tuple[str, str]
"""The ids of two scenes."""
FIRST_TIME_US = 365 * 86_400_000_000


@dataclass(frozen=True)
class _View:
    """What is compared of a frame."""

    scene_id: str
    dataset_id: int
    sha256: str | None
    fingerprint: str
    drive: str
    at_us: int


def linked_scenes(session: Session, new: set[str]) -> list[Link]:
    """Pairs of scenes of different data sets that show the same, one of each among the `new` ones at least."""
    if not has_several_data_sets(session):
        return []
    views = _views(session)
    found = {*_by_picture(views), *_by_view(views, new), *_by_drive(views)}
    return sorted(pair for pair in found if new & set(pair))


def scenes_of_one_drive(session: Session) -> list[Link]:
    """Pairs of scenes of different data sets that are one drive's, at a time that both were recorded at."""
    return sorted(set(_by_drive(_views(session)))) if has_several_data_sets(session) else []


def has_several_data_sets(session: Session) -> bool:
    """Whether there are several that a source holds: within one, scenes are what it says."""
    names = session.exec(select(Dataset.id).where(col(Dataset.kind).not_in(MADE_HERE)).limit(2)).all()
    return len(names) > 1


def _views(session: Session) -> list[_View]:
    query = (
        select(  # type: ignore[call-overload]
            Scene.id,
            Scene.dataset_id,
            Frame.image_sha256,
            Frame.image_fingerprint,
            Scene.log_name,
            Frame.captured_at_us,
        )
        .join(Frame, col(Frame.scene_id) == Scene.id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(col(Frame.set_aside).is_(None), col(Dataset.kind).not_in(MADE_HERE))
        .order_by(Scene.id, Frame.position)
    )
    return [
        _View(scene_id, dataset_id, sha256, fingerprint or "", drive, at_us)
        for scene_id, dataset_id, sha256, fingerprint, drive, at_us in session.exec(query)
    ]


def _by_picture(views: Sequence[_View]) -> Iterator[Link]:
    by_hash: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for view in views:
        if view.sha256:
            by_hash[view.sha256].add((view.scene_id, view.dataset_id))
    for scenes in by_hash.values():
        yield from _between(sorted(scenes))


def _by_view(views: Sequence[_View], new: set[str]) -> Iterator[Link]:
    for dataset_id in sorted({view.dataset_id for view in views if view.scene_id in new}):
        ours = [view for view in views if view.dataset_id == dataset_id and view.scene_id in new]
        others = [view for view in views if view.dataset_id != dataset_id]
        for one, other in near_pairs(
            [view.fingerprint for view in ours], [view.fingerprint for view in others]
        ):
            yield _pair(ours[one].scene_id, others[other].scene_id)


def _by_drive(views: Sequence[_View]) -> Iterator[Link]:
    times: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for view in views:
        if view.drive and view.at_us >= FIRST_TIME_US:
            times[view.drive, view.scene_id, view.dataset_id].append(view.at_us)
    by_drive: dict[str, list[tuple[str, int, int, int]]] = defaultdict(list)
    for (drive, scene_id, dataset_id), taken in times.items():
        by_drive[drive].append((scene_id, dataset_id, min(taken), max(taken)))
    for scenes in by_drive.values():
        for one, other in combinations(scenes, 2):
            if one[1] != other[1] and one[2] <= other[3] and other[2] <= one[3]:
                yield _pair(one[0], other[0])


def _between(scenes: Sequence[tuple[str, int]]) -> Iterator[Link]:
    for (one, its_set), (other, another_set) in combinations(scenes, 2):
        if its_set != another_set:
            yield _pair(one, other)


def _pair(one: str, other: str) -> Link:
    return (min(one, other), max(one, other))
