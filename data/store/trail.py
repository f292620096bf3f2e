"""The audit trail: every act appended in the act's own transaction, with the store's time, chained by SHA-256.

An act that is a row (a review, an adjudication) is written down by itself when its session commits; one that is not
(a sign-in, a change of role) is noted by its use case with `note_act`. `data.store.opening` closes the list at each
commit.

Rows that judgement rests on and that are no acts are covered by seals (`data.store.sealing`), entries like the others.

The chain proves that what stands there is what was written, as long as its head, which `teletriage audit verify`
prints, is kept somewhere else: whoever owns the database could otherwise write a whole new chain. (The blind audit of
unreviewed frames is another thing: `data.review.blind_audits`.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, event
from sqlmodel import Session, SQLModel, col, select

from data.hashing import canonical_json
from data.store import sealing, tables
from data.store.tables import TrailEntry
from data.store.trail_chain import FIRST, Link, entry_sha256, row_sha256
from data.vocabulary import TrailAct

ROW_ACTS: Mapping[type[SQLModel], tuple[TrailAct, str]] = {
    tables.Review: (TrailAct.REVIEWED, "person_id"),
    tables.Adjudication: (TrailAct.ADJUDICATED, "person_id"),
    tables.AdjudicationWithdrawal: (TrailAct.WITHDREW_ADJUDICATION, "person_id"),
    tables.AnswerPause: (TrailAct.PAUSED_ANSWERS, "by_id"),
    tables.AnswerRelease: (TrailAct.RELEASED_ANSWERS, "by_id"),
    tables.SecondLook: (TrailAct.SENT_BACK, "person_id"),
    tables.FrameNote: (TrailAct.NOTED, "person_id"),
    tables.TourAnswer: (TrailAct.ANSWERED_TOUR, "person_id"),
    tables.GuidelineText: (TrailAct.WROTE_GUIDELINE, "person_id"),
    tables.GuidelineReading: (TrailAct.READ_GUIDELINE, "person_id"),
    tables.GoldFrame: (TrailAct.MADE_GOLD, "made_by_id"),
    tables.AuditLot: (TrailAct.OPENED_AUDIT, "opened_by_id"),
    tables.AuditTerms: (TrailAct.OPENED_AUDIT, "person_id"),
    tables.AuditEnd: (TrailAct.ENDED_AUDIT, "person_id"),
    tables.OwnLevel: (TrailAct.CHOSE_OWN_LEVEL, "person_id"),
    tables.FrameLook: (TrailAct.LOOKED_AT_FRAME, "person_id"),
    tables.ClipJudgement: (TrailAct.JUDGED_CLIP, "person_id"),
    tables.OperatorAnswer: (TrailAct.ANSWERED_ALERT, "person_id"),
    tables.AlertAcknowledgement: (TrailAct.ACKNOWLEDGED_ALERT, "person_id"),
    tables.FrameMark: (TrailAct.MARKED_FRAME, "person_id"),
    tables.SavedView: (TrailAct.SAVED_VIEW, "person_id"),
    tables.NextRequest: (TrailAct.REQUESTED_NEXT, "person_id"),
    tables.Erasure: (TrailAct.ERASED_PICTURES, "person_id"),
    tables.Blurring: (TrailAct.BLURRED_PICTURES, "person_id"),
    tables.ShiftHandover: (TrailAct.HANDED_OVER, "person_id"),
    tables.HandoverConfirmation: (TrailAct.CONFIRMED_HANDOVER, "person_id"),
}
"""The tables whose rows are acts: what is done there, and the column that says by whom."""
_NOTED = "acts of the trail"


@dataclass(frozen=True)
class _Act:
    act: TrailAct
    person_id: int | None
    subject: str
    details: Mapping[str, Any] = field(default_factory=dict)
    row_sha256: str | None = None


def note_act(
    session: Session, act: TrailAct, *, by: int | None, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Have an act written down when the session commits; nothing is written if it does not.

    by: the person, None for somebody at the command line or who is not signed in. details: values that JSON has;
    no secret, no password, no free text.
    """
    session.info.setdefault(_NOTED, []).append(_Act(act, by, subject, details or {}))


def keep_trail(session: Session) -> None:
    """Have everything that a session writes noted: rows that are acts, and the seals of rows that acts rest on."""
    event.listen(session, "before_flush", sealing.note_changing)
    event.listen(session, "after_flush", sealing.note_written)
    event.listen(session, "after_flush", _note_rows)
    event.listen(session, "do_orm_execute", sealing.refuse_unsealed)


def _note_rows(session: Session, *_: object) -> None:
    """Note the rows of a flush that are acts themselves."""
    for row in session.new:
        if type(row) in ROW_ACTS:
            act, who = ROW_ACTS[type(row)]
            session.info.setdefault(_NOTED, []).append(
                _Act(act, getattr(row, who), _subject(row), row_sha256=row_sha256(row.model_dump()))
            )


def _subject(row: SQLModel) -> str:
    table = table_of(type(row))
    keys = [str(getattr(row, column.name)) for column in table.primary_key]
    return f"{table.name}:{':'.join(keys)}"


def table_of(kind: type[SQLModel]) -> Table:
    return kind.__table__  # type: ignore[attr-defined,no-any-return]


def write_noted(session: Session, queue: Callable[[], int]) -> None:
    """Append what was noted in this session. `queue` waits for this writer's turn and gives the store's time.

    Where the clock went back since the last entry, an entry that says so stands first.
    """
    acts: list[_Act] = session.info.pop(_NOTED, [])
    acts += [
        _Act(TrailAct.SEALED, None, subject, seal.as_details())
        for subject, seal in sealing.taken_seals(session)
    ]
    if not acts:
        return
    now_us = queue()
    last = session.exec(select(TrailEntry).order_by(col(TrailEntry.id).desc()).limit(1)).first()
    place, before = (last.id, last.sha256) if last else (0, FIRST)
    if last is not None and now_us < last.at_us:
        acts.insert(0, _Act(TrailAct.CLOCK_WENT_BACK, None, "clock", {"by_us": last.at_us - now_us}))
    for act in acts:
        place += 1
        link = Link(
            id=place,
            act=act.act.value,
            person_id=act.person_id,
            subject=act.subject,
            details=canonical_json(act.details),
            row_sha256=act.row_sha256,
            at_us=now_us,
            previous_sha256=before,
        )
        before = entry_sha256(link)
        session.add(TrailEntry(**{**vars(link), "act": act.act}, sha256=before))
