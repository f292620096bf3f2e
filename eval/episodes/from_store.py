"""Use case: the events of held-out scenes, run by run, from what people verified and what the runs said."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from data.proposals.runs import proposals_by_frame
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, ModelRun
from data.vocabulary import Split, TriageLevel, VerificationState
from eval.episodes.episodes import Moment, find_episodes
from eval.episodes.figures import IN_TIME_S, EventFigures, event_figures


def events_of_runs(
    store: Store, names: Sequence[str], *, in_time_s: float = IN_TIME_S
) -> dict[str, EventFigures]:
    """The event figures of each run by its name, over the held-out frames that it answered; runs that are not there are
    left out."""
    with store.read() as session:
        frames = _held_out(session)
        runs = session.exec(select(ModelRun).where(col(ModelRun.name).in_(names))).all()
        moments = {run.name: _moments(session, run, frames) for run in runs}
    return {
        name: event_figures(find_episodes(moments[name]), in_time_s=in_time_s)
        for name in names
        if name in moments
    }


def _held_out(session: Session) -> list[tuple[Frame, TriageLevel | None]]:
    query = (
        select(Frame, FrameStatus)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .where(FrameStatus.split == Split.HELD_OUT, col(Frame.generated_clip_id).is_(None))
    )
    return [
        (frame, status.level if status.state is VerificationState.VERIFIED else None)
        for frame, status in session.exec(query)
    ]


def _moments(
    session: Session, run: ModelRun, frames: Sequence[tuple[Frame, TriageLevel | None]]
) -> list[Moment]:
    said = proposals_by_frame(session, run)
    return [
        Moment(frame.scene_id, frame.position, frame.captured_at_us / 1e6, verified, said[frame.id].level)
        for frame, verified in frames
        if frame.id in said
    ]
