"""Use case: a source of drives into the store. A second ingest adds nothing; frames whose image has come since
are taken back, frames whose image has gone are set aside. Where one picture has another size than its source states,
its whole scene is: what the source says of boxes and lens was said of other pictures.

Frames are kept group by group, so that an ingest that was cut short goes on where it stopped; until it has ended its
data set has no time of ingest, and nothing is sampled from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from data.errors import SourceError
from data.frames.data_sets import begun, require_usable_name
from data.frames.draws import Parted, parted_in
from data.frames.erased import is_due_again, stay_erased
from data.frames.frame_rows import Inspected, Place, derived_id, frame_row, scene_row
from data.images.inspection import ImageRefused, inspect_image, leads_inside
from data.nuscenes.map_expansion import read_intersections
from data.sources.checking import Checker
from data.sources.port import Lack, PictureRefused, SceneSetAside, Source, SourceScene
from data.store.opening import Store
from data.store.tables import NOT_INGESTED, Dataset, Frame, Scene
from data.vocabulary import SetAside, storable_text
from data.whole_files import written_whole

Progress = Callable[[int, int], None]
"""Called with (done, total)."""

FRAMES_AT_ONCE = 1_000
"""Kept together: some ten seconds of reading pictures."""
_READERS = 4
_TOKENS = ("nuscenes",)
"""Kinds of sources whose keys are unique in the world."""
_NEW = SetAside.IMAGE_MISSING
"""Of a frame that the store does not have, nobody has seen the picture."""


@dataclass(frozen=True)
class Ingested:
    """What an ingest did. `set_aside` counts the reasons over all frames of the data set; `scenes_set_aside` has the
    reason by the name of the scene; `elsewhere` counts frames that are left where they are, by the data set that has
    them already; `parted`: scenes that no draw can take, since scenes on both sides show the same."""

    data_set: str
    scenes: int
    frames: int
    added: int
    updated: int
    set_aside: dict[str, int]
    scenes_set_aside: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)
    parted: list[Parted] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def ingest(
    store: Store,
    source: Source,
    *,
    name: str | None = None,
    pictures: Path | None = None,
    progress: Progress | None = None,
    recheck: bool = False,
) -> Ingested:
    """Read a source into the store, under its own name or another.

    pictures: the folder of the workspace below which pictures are written that are no files of their own. recheck: read
    every image again, not only those of frames that are new or set aside. Raises SourceError: what the source finds, a
    name that cannot be taken, and a file that the store has under another id.
    """
    name = name or source.name
    require_usable_name(name)
    root = source.root if source.in_files else _folder(pictures, source, name)
    scenes, aside = _sorted_out(source)
    with store.write(alone=True) as session:
        dataset_id = begun(session, source, name, root)
        known = _known_frames(session, dataset_id)
        places, elsewhere = _places(session, source.kind, name, scenes, dataset_id)
        _refuse_twins(session, places, root)
        due = [place for place in places if is_due_again(known.get(place.frame_id, _NEW), recheck=recheck)]
        if due:
            session.get_one(Dataset, dataset_id).ingested_at_us = NOT_INGESTED
        _keep_scenes(session, places, dataset_id)
    maps = {scene.location: read_intersections(source.root, scene.location) for scene in scenes}
    not_erased = (one for one in places if known.get(one.frame_id) is not SetAside.ERASED)
    updated, whole = 0, _by_scene(not_erased)
    for some in _inspected(_Reading(source, root, recheck), due, progress):
        refused = _of_other_size(some)
        aside |= {whole[scene_id][0].scene.name: one.detail or "" for scene_id, one in refused.items()}
        seen = [one for one in some if one[0].scene_id not in refused]
        seen += [(place, one) for scene_id, one in refused.items() for place in whole[scene_id]]
        rows = [
            frame_row(place, one, maps[place.scene.location], has_words=Lack.TEXT not in source.lacks)
            for place, one in seen
        ]
        updated += _keep(store, rows)
    with store.write(alone=True) as session:
        dataset = session.get_one(Dataset, dataset_id)
        if dataset.ingested_at_us == NOT_INGESTED:
            dataset.ingested_at_us = store.now_us(session)
        after = _known_frames(session, dataset_id)
    with store.read() as session:  # comparing views may take seconds, in which others write
        parted = parted_in(session, dataset_id)
    return Ingested(
        data_set=name,
        scenes=len({place.scene_id for place in places}),
        frames=len(places),
        added=sum(place.frame_id not in known for place in places),
        updated=updated,
        set_aside=_counted(after[place.frame_id] for place in places),
        scenes_set_aside=aside,
        elsewhere=elsewhere,
        parted=parted,
    )


def _folder(pictures: Path | None, source: Source, name: str) -> Path:
    if pictures is None:
        raise SourceError(
            f"{source.root} holds no pictures as files, and there is no folder to write them into."
        )
    return pictures.resolve() / name


def _sorted_out(source: Source) -> tuple[list[SourceScene], dict[str, str]]:
    """The scenes that can be used, and the reasons by the names of those that cannot."""
    usable: list[SourceScene] = []
    aside: dict[str, str] = {}
    for scene in Checker().checked(source.scenes()):
        if isinstance(scene, SceneSetAside):
            aside[storable_text(scene.name)] = storable_text(scene.reason)
        else:
            usable.append(scene)
    if not usable and aside:
        name, reason = next(iter(aside.items()))
        raise SourceError(f"No scene of {source.root} can be used; {name}: {reason}")
    if not usable:
        raise SourceError(f"{source.root} holds no scene.")
    return usable, aside


def _known_frames(session: Session, dataset_id: int) -> dict[str, SetAside | None]:
    """Why each frame of a data set is set aside, None for those that are not, by id."""
    query = select(Frame.id, Frame.set_aside).join(Scene).where(Scene.dataset_id == dataset_id)
    rows: Any = session.exec(query)
    return dict(rows.all())


def _places(
    session: Session, kind: str, name: str, scenes: Sequence[SourceScene], dataset_id: int
) -> tuple[list[Place], dict[str, int]]:
    """Where the source's frames stand in the store, and how many of them another data set has already, by its name."""
    if kind not in _TOKENS:
        found = [
            Place(scene, at, derived_id(name, f"scene {scene.key}"), derived_id(name, frame.key))
            for scene in scenes
            for at, frame in enumerate(scene.frames)
        ]
        return found, {}
    taken_scenes = set(session.exec(select(Scene.id).where(Scene.dataset_id != dataset_id)))
    query = select(Frame.id, Dataset.name).join(Scene, col(Scene.id) == Frame.scene_id).join(Dataset)
    taken = dict(session.exec(query.where(Scene.dataset_id != dataset_id)).all())
    elsewhere, places = Counter[str](), []
    for scene in scenes:
        is_taken = scene.key in taken_scenes  # by another camera's frames, or a part of them
        scene_id = derived_id(name, f"scene {scene.key}") if is_taken else scene.key
        for at, frame in enumerate(scene.frames):
            if frame.key in taken:
                elsewhere[taken[frame.key]] += 1
            else:
                places.append(Place(scene, at, scene_id, frame.key))
    return places, dict(elsewhere)


def _refuse_twins(session: Session, places: Sequence[Place], root: Path) -> None:
    """The same file under two ids could stand in train and held-out at once."""
    query = (
        select(Frame.filename, Frame.id, Dataset.name)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(Dataset.dataroot == str(root))
    )
    known = {filename: (frame_id, name) for filename, frame_id, name in session.exec(query)}
    for place in places:
        frame_id, name = known.get(place.frame.picture, (place.frame_id, ""))
        if frame_id != place.frame_id:
            raise SourceError(
                f"{root / place.frame.picture} is in this store already, under another id, in the data set {name}. "
                "Use another workspace to have the same pictures under another name."
            )


def _keep_scenes(session: Session, places: Sequence[Place], dataset_id: int) -> None:
    """New ones are added; of those there are, what an earlier release did not ask for is filled in."""
    scenes = {place.scene_id: place.scene for place in places}
    known = {one.id: one for one in session.exec(select(Scene).where(Scene.dataset_id == dataset_id))}
    for scene_id, scene in scenes.items():
        row = known.get(scene_id)
        if row is None:
            session.add(scene_row(scene, scene_id, dataset_id))
            continue
        row.licence = row.licence or scene.licence or None
        row.official_side = row.official_side or scene.official_side


def _by_scene(places: Iterable[Place]) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(place.scene_id, []).append(place)
    return found


def _of_other_size(some: Iterable[tuple[Place, Inspected]]) -> dict[str, Inspected]:
    """What was seen on the first picture of each scene that has another size than its source states."""
    found: dict[str, Inspected] = {}
    for place, one in some:
        if one.reason is SetAside.IMAGE_OTHER_SIZE:
            found.setdefault(place.scene_id, one)
    return found


def _groups(due: Sequence[Place]) -> Iterator[Sequence[Place]]:
    """Frames that are kept together: some thousand, no scene that states sizes in two of them."""
    first = 0
    while first < len(due):
        end = min(first + FRAMES_AT_ONCE, len(due))
        while end < len(due) and due[end].frame.size_px and due[end].scene_id == due[end - 1].scene_id:
            end += 1
        yield due[first:end]
        first = end


@dataclass(frozen=True)
class _Reading:
    """A source whose pictures are read below `root`; `is_anew`: those taken out of other files are written again."""

    source: Source
    root: Path
    is_anew: bool


def _inspected(
    reading: _Reading, due: Sequence[Place], progress: Progress | None
) -> Iterator[list[tuple[Place, Inspected]]]:
    """What is seen on the pictures, group by group."""
    done = 0
    with ThreadPoolExecutor(_READERS) as pool:
        for some in _groups(due):
            refused = {} if reading.source.in_files else dict(_written(reading, some))
            looks = pool.map(partial(_look, reading.root, refused), some)
            found = []
            for place, one in zip(some, looks, strict=True):
                found.append((place, one))
                done += 1
                if progress:
                    progress(done, len(due))
            yield found


def _written(reading: _Reading, places: Sequence[Place]) -> Iterator[tuple[str, str]]:
    """Write the pictures that are not there yet; yields the frames of those that cannot be had, with the reason."""
    for place in places:
        target = reading.root / place.frame.picture
        if target.exists() and not reading.is_anew:
            continue
        try:
            content = reading.source.picture(place.scene, place.frame)
        except PictureRefused as refused:
            yield place.frame_id, str(refused)
            continue
        with written_whole(target, survives_power_cut=False) as partial_file:
            partial_file.write_bytes(content)


def _look(root: Path, refused: dict[str, str], place: Place) -> Inspected:
    if place.frame_id in refused:
        return Inspected(None, SetAside.IMAGE_UNREADABLE, storable_text(refused[place.frame_id]))
    path = root / place.frame.picture
    if not leads_inside(path, root):
        detail = f"{place.frame.picture} leads out of the dataroot."
        return Inspected(None, SetAside.IMAGE_UNREADABLE, detail)
    try:
        return Inspected(inspect_image(path, place.frame.size_px))
    except ImageRefused as image_refused:
        return Inspected(None, image_refused.reason, str(image_refused))


def _keep(store: Store, rows: Sequence[Frame]) -> int:
    """Write rows; returns how many of those that were there have changed."""
    changed = 0
    with store.write(alone=True) as session:
        stay_erased(session, rows)
        query = select(Frame).where(col(Frame.id).in_([row.id for row in rows]))
        there = {one.id: one.model_dump() for one in session.exec(query)}
        for row in rows:
            if row.id not in there:
                session.add(row)
            elif there[row.id] != row.model_dump():
                changed += 1
                session.merge(row)
    return changed


def _counted(reasons: Iterable[SetAside | None]) -> dict[str, int]:
    return dict(sorted(Counter(reason.value for reason in reasons if reason).items()))
