"""Use case: somebody has faces and number plates blurred, and says why. Pictures are blurred group by group; a group's
copies are on disk before the store shows them, and from then on nothing shows the originals.

Whatever stops it, the same call goes on: pictures that the same detector has looked at are not blurred again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, func, select

from data.blurring.copying import Blurrer, Copied, NotCopied
from data.blurring.detector import Detector
from data.blurring.due import DuePicture, Selection, selection
from data.blurring.traces import proposals_before, remove_traces, shown_now
from data.erasure.holders import backups_before, reports_showing, snapshots_holding
from data.errors import BlurRefused
from data.moments.files import MomentFiles
from data.people.permissions import Act, require
from data.pictures.blurred import FOLDER
from data.store.opening import Store
from data.store.tables import BlurredPicture, Blurring
from data.vocabulary import storable_text
from data.whole_files import locked

Progress = Callable[[int, int], None]
"""Called with (pictures looked at, pictures to blur)."""
MAX_WHY_CHARS = 300
GROUP = 64
_EXAMPLES = 5
_WAIT_S = 3600.0
"""So long the tables of a data set may take to be read for their boxes."""


@dataclass(frozen=True)
class BlurRequest:
    """What is to be blurred: frames, scenes and feeds as `erase` takes them, and named lists; without any, everything.
    is_rehearsal: only say what would be done."""

    why: str
    subjects: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    detector: Detector | None = None
    is_rehearsal: bool = False


@dataclass
class Blurred:
    """What was blurred. `pictures`: by this call, `before`: by earlier ones, `regions`: in those of this call, of which
    `without` had none. `boxed`: pictures whose data set has boxes. `not_blurred`: pictures that are still shown as they
    are, by reason, with `examples` by file. `lost`: frames whose picture no ingest could read. `files`, `vectors`: made
    of the originals, and removed; `proposals`: answered before, which screens say; `snapshots`, `reports`, `backups`:
    made before, and never edited."""

    named: list[str]
    pictures: int = 0
    before: int = 0
    due: int = 0
    boxed: int = 0
    regions: int = 0
    without: int = 0
    not_blurred: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    lost: int = 0
    files: int = 0
    vectors: int = 0
    proposals: int = 0
    snapshots: dict[str, int] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def blur(
    store: Store,
    workspace: Path,
    asked: BlurRequest,
    *,
    person_id: int,
    progress: Progress | None = None,
) -> Blurred:
    """Blur pictures and show the copies from then on.

    Raises NotAllowed; BlurRefused: no reason, nothing that can be blurred, another call is at work, or a rendition
    cannot be deleted; EraseRefused and FindRefused for what nothing is called; VectorsError while somebody writes them.
    """
    why, folder = _usable(asked.why), (workspace / FOLDER).resolve()
    digest = asked.detector.sha256 if asked.detector else None
    with store.read() as session:
        require(session, person_id, Act.BLUR)
        chosen = selection(session, asked.subjects, asked.lists)
    due = chosen.left(digest)
    done = Blurred([*asked.subjects, *asked.lists], before=len(chosen.pictures) - len(due), due=len(due))
    done.boxed, done.lost = sum(one.boxes is not None for one in due), chosen.lost
    _refuse_hopeless(chosen, due, asked.detector)
    if asked.is_rehearsal:
        return done
    with _alone(folder):
        if due:
            blurring = _begun(store, asked, why, folder, person_id)
            blurrer = Blurrer(folder, MomentFiles(workspace, wait_s=_WAIT_S), asked.detector)
            _all(store, blurring, blurrer, due, done, progress)
        return _told(store, workspace, folder, chosen, done)


def _usable(why: str) -> str:
    why = " ".join(storable_text(why).split())
    if not why:
        raise BlurRefused("Say why the pictures are blurred: --why TEXT.")
    if len(why) > MAX_WHY_CHARS:
        raise BlurRefused(f"A reason has at most {MAX_WHY_CHARS} characters; this one has {len(why):,}.")
    return why


def _refuse_hopeless(chosen: Selection, due: Sequence[DuePicture], detector: Detector | None) -> None:
    if not chosen.pictures:
        raise BlurRefused("There is no picture here to blur; `teletriage ingest` takes pictures in.")
    if due and detector is None and not any(one.boxes for one in due):
        raise BlurRefused(
            "The data set has no boxes of these pictures, so only a detector can say where faces and plates are: "
            "--detector MODEL.onnx. Nothing was blurred."
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    turn = locked(folder)
    if turn is None:
        raise BlurRefused(f"Another `teletriage blur` is writing into {folder}; wait until it is done.")
    with turn:
        yield


def _begun(store: Store, asked: BlurRequest, why: str, folder: Path, person_id: int) -> int:
    detector = asked.detector
    with store.write() as session:
        row = Blurring(
            subject=", ".join((*asked.subjects, *asked.lists)),
            why=why,
            folder=str(folder),
            detector=storable_text(detector.name) if detector else None,
            detector_sha256=detector.sha256 if detector else None,
            least_score=detector.least_score if detector else None,
            person_id=person_id,
            begun_at_us=store.now_us(session),
        )
        session.add(row)
        session.flush()
        return int(row.id or 0)


def _all(
    store: Store,
    blurring: int,
    blurrer: Blurrer,
    due: Sequence[DuePicture],
    done: Blurred,
    progress: Progress | None,
) -> None:
    """Blur on all cores; what is left of a group that something stops is lost, and made again by the next call."""
    reasons: Counter[str] = Counter()
    with ThreadPoolExecutor(cores()) as pool:
        for first in range(0, len(due), GROUP):
            found = list(pool.map(blurrer.copied, due[first : first + GROUP]))
            copied = [one for one in found if isinstance(one, Copied)]
            with store.write() as session:
                now_us = store.now_us(session)
                session.add_all(_row(blurring, one, now_us) for one in copied)
            done.pictures += len(copied)
            done.regions += sum(one.regions for one in copied)
            done.without += sum(not one.regions for one in copied)
            for one in found:
                if isinstance(one, NotCopied):
                    reasons[one.why] += 1
                    done.examples += [str(one.due.original)] if len(done.examples) < _EXAMPLES else []
            if progress:
                progress(first + len(found), len(due))
    done.not_blurred = dict(reasons.most_common())


def cores() -> int:
    """How many pictures are blurred at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _row(blurring: int, one: Copied, now_us: int) -> BlurredPicture:
    return BlurredPicture(
        blurring_id=blurring,
        image_sha256=one.due.sha256,
        blurred_sha256=one.blurred_sha256,
        regions=one.regions,
        boxes=one.boxes,
        blurred_at_us=now_us,
    )


def _told(store: Store, workspace: Path, folder: Path, chosen: Selection, done: Blurred) -> Blurred:
    with store.read() as session:
        now, since_us = shown_now(session), _first_us(session)
        done.proposals = proposals_before(session)
        done.backups = backups_before(session, since_us) if now.blurred else []
    frames = {one.id for one in chosen.reach.frames if one.image_sha256 in now.blurred}
    done.files, done.vectors = remove_traces(workspace, folder, now, frames)
    done.snapshots = snapshots_holding(workspace, hashes=now.blurred)
    done.reports = [one for one in reports_showing(workspace, frames) if _is_older(Path(one), since_us)]
    return done


def _first_us(session: Session) -> int:
    return session.exec(select(func.min(Blurring.begun_at_us))).one() or 0


def _is_older(page: Path, at_us: int) -> bool:
    return page.stat().st_mtime_ns // 1000 < at_us
