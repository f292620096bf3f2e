"""Use case: somebody has pictures erased, and says why. First the act, from which on nothing shows them; then the
files.

Whatever stops it, the same call goes on where it was: what is erased already is not written twice, and every file is
looked for again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import select

from data.alike.writing import forget_frames
from data.erasure.act import PlannedErasure, write_erasure
from data.erasure.files import Progress, Removed, remove_files
from data.erasure.holders import reports_showing, snapshots_holding
from data.erasure.subject import subject_of
from data.errors import EraseRefused
from data.people.permissions import Act, may, require
from data.store.opening import Store
from data.store.tables import Person
from data.store.trail import note_act
from data.vocabulary import TrailAct, storable_text

MAX_WHY_CHARS = 300


@dataclass(frozen=True)
class Erased:
    """What was erased. `frames`, `alerts`: how many show no picture now, `clips` are around alerts; `files`, `bytes`
    and `vectors` went by this call. `originals`: files outside the workspace, which are never written. `snapshots`:
    how many entries of each show a picture. `is_new`: False where this was erased before, with `why` it was then."""

    subject: str
    why: str
    is_new: bool
    frames: int
    alerts: int
    clips: int
    files: int = 0
    bytes: int = 0
    vectors: int = 0
    originals: list[str] = field(default_factory=list)
    snapshots: dict[str, int] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)
    backups: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def erase(
    store: Store, workspace: Path, address: str, *, why: str, person_id: int, progress: Progress | None = None
) -> Erased:
    """Erase the pictures of what `address` names (`data.erasure.subject.subject_of`).

    Raises NotAllowed, and EraseRefused: no such thing, no reason, the monitor has the pictures in memory, or a file
    cannot be deleted; VectorsError while somebody else writes vectors. After the last two the pictures are erased
    from everything that is shown, and the same call removes what is left.
    """
    why = _usable(why)
    workspace = workspace.resolve()
    with store.write(alone=True) as session:
        require(session, person_id, Act.ERASE)
        plan = write_erasure(
            session, workspace, subject_of(session, address), why, person_id, store.now_us(session)
        )
    roots = {workspace, *([plan.monitor] if plan.monitor else [])}
    removed = remove_files([one for one in roots if not roots & set(one.parents)], plan.going, progress)
    vectors = forget_frames(workspace, {one.id for one in plan.reach.frames})
    if removed.files or vectors:
        with store.write() as session:
            details = {"files": removed.files, "bytes": removed.bytes, "vectors": vectors}
            subject = f"erasure:{plan.erasure.id}"
            note_act(session, TrailAct.REMOVED_FILES, by=person_id, subject=subject, details=details)
    return _told(workspace, plan, removed, vectors)


def _usable(why: str) -> str:
    why = " ".join(storable_text(why).split())
    if not why:
        raise EraseRefused("Say why the pictures are erased: --why TEXT.")
    if len(why) > MAX_WHY_CHARS:
        raise EraseRefused(f"A reason has at most {MAX_WHY_CHARS} characters; this one has {len(why):,}.")
    return why


def person_who(does: str, act: Act, store: Store, name: str | None) -> int:
    """The id of the account of that name; without a name, of the only one that may do it. does: the act as a verb.
    Raises EraseRefused."""
    with store.read() as session:
        people = session.exec(select(Person).order_by(Person.name)).all()
    able = [one for one in people if may(one.role, act) and not one.is_disabled and not one.is_scripted]
    if name is None and len(able) == 1:
        return int(able[0].id or 0)
    found = next((one for one in people if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in able) or "nobody yet; `teletriage people add` makes an account"
        asked = f"Say who {does} with --by NAME." if name is None else f"There is no account named {name!r}."
        raise EraseRefused(f"{asked} Leads and administrators may: {known}.")
    return int(found.id or 0)


def _told(workspace: Path, plan: PlannedErasure, removed: Removed, vectors: int) -> Erased:
    frame_ids = {one.id for one in plan.reach.frames}
    return Erased(
        subject=plan.subject.words,
        why=plan.erasure.why,
        is_new=plan.is_new,
        frames=len(plan.reach.frames),
        alerts=len(plan.reach.alerts),
        clips=len(plan.reach.clips),
        files=removed.files,
        bytes=removed.bytes,
        vectors=vectors,
        originals=[str(path) for path in plan.outside if path.exists()],
        snapshots=snapshots_holding(workspace, hashes=plan.reach.hashes, frame_ids=frame_ids),
        reports=reports_showing(workspace, frame_ids),
        backups=plan.backups,
    )
