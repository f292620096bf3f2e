"""Which proposals about a frame rest on its picture as it was before people had it blurred."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from data.pictures.blurred import first_blurred_us
from data.pictures.shown import original_pictures, shown_pictures
from data.proposals.earlier_frames import earlier_frames
from data.proposals.questions import frame_request_hash
from data.store.tables import Frame, ModelRun, Proposal
from data.vlm.moment import Lookback


def asked_unblurred(
    session: Session, frame: Frame, proposals: Sequence[tuple[Proposal, ModelRun]]
) -> frozenset[int]:
    """The ids of those whose question showed a picture that is shown blurred now, whenever the answer came; replies
    that were imported without a question's hash are told by their time."""
    scenes = [frame.scene_id]
    shown, original = shown_pictures(session, scenes), original_pictures(session, scenes)
    if not shown.copies:
        return frozenset()
    found = set()
    for proposal, run in proposals:
        earlier = earlier_frames(session, [frame], Lookback.of(run.parameters))[frame.id]
        before, now = (frame_request_hash(frame, run, one, earlier) for one in (original, shown))
        hashes = [
            one for one in (frame.image_sha256, *(each.picture.image_sha256 for each in earlier)) if one
        ]
        since_us = min(first_blurred_us(session, hashes).values(), default=0)
        is_older = proposal.request_hash is None and proposal.answered_at_us < since_us
        if before != now and (is_older or proposal.request_hash == before):
            found.add(int(proposal.id or 0))
    return frozenset(found)
