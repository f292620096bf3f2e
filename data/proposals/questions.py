"""What a run asks about a frame: its pictures as files, and the hash of the request. Knows no client."""

from __future__ import annotations

from collections.abc import Sequence

from data.pictures.shown import ShownPictures
from data.proposals.earlier_frames import Neighbour
from data.store.tables import Frame, ModelRun
from data.vlm.moment import AskedFrame, Earlier
from data.vlm.request import request_hash


def asked_frame(frame: Frame, earlier: Sequence[Earlier[Neighbour]], pictures: ShownPictures) -> AskedFrame:
    """The frame's pictures as files."""
    shown = tuple(Earlier(pictures.of(one.picture).path, one.before_s) for one in earlier)
    return AskedFrame(frame.id, pictures.of(frame).path, shown)


def frame_request_hash(
    frame: Frame, run: ModelRun, pictures: ShownPictures, earlier: Sequence[Earlier[Neighbour]] = ()
) -> str:
    """The hash under which a run asks about a frame."""
    return request_hash(
        image_sha256=pictures.of(frame).sha256,
        model=run.model,
        revision=run.revision,
        sampling=run.parameters,
        question=run.question_hash,
        earlier=[Earlier(pictures.of(one.picture).sha256, one.before_s) for one in earlier],
    )
