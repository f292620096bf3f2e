"""Which reviews show how far people follow a proposal: those of frames whose level does not depend on the review.

A level that exists because two people disagreed says nothing of those who agreed on a wrong one. So truth comes from
gold (settled before the review, of people who had not seen the frame) and from the random share, as far as leads have
settled all of it in its random order, whatever people said. Held-out frames and those of audits are left out: they are
blind by rule and not by chance.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.overview.review_columns import MODES, NONE, ReviewColumns
from data.store.tables import AuditFrame, RandomShare, SampledFrame
from data.vocabulary import LEVELS, Mode, Split
from eval.annotators.automation_bias import Observation

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEIGHBOUR_S = 10 * 60
"""Somebody who saw a proposal in the same scene so shortly before judges no frame of it blind."""


@dataclass(frozen=True)
class Truth:
    """(frames,) ranks, NONE where there is none: the teacher's level, the gold level, and what leads said of the random
    share. counts: (frames,) frames whose mode chance decides."""

    proposed: Ints
    gold: Ints
    settled: Ints
    counts: Flags


def counting_frames(session: Session, place: dict[str, int]) -> Flags:
    """(frames,) training frames that no audit ever held."""
    counts = np.ones(max(1, len(place)), dtype=np.bool_)
    held_out = select(SampledFrame.frame_id).where(SampledFrame.split == Split.HELD_OUT)
    for query in (held_out, select(AuditFrame.frame_id).distinct()):
        counts[[place[frame_id] for frame_id in session.exec(query)]] = False
    return counts


def random_share(session: Session, place: dict[str, int]) -> list[int]:
    """The random share's frames in their random order."""
    query: Any = select_columns(col(RandomShare.frame_id)).order_by(
        col(RandomShare.place), col(RandomShare.frame_id)
    )
    return [place[frame_id] for frame_id in session.connection().execute(query).scalars()]


def settled_in_order(share: Iterable[int], reviewed: Flags, settled: Ints) -> Ints:
    """(frames,) levels of the random share as far as every reviewed frame of it, in its order, is settled; NONE for
    the rest. Stopping at the first open one keeps the choice free of what people said."""
    known = np.full_like(settled, NONE)
    for frame in share:
        if not reviewed[frame]:
            continue
        if settled[frame] == NONE:
            break
        known[frame] = settled[frame]
    return known


def observations(reviews: ReviewColumns, truth: Truth) -> list[Observation]:
    """Reviews that bear on bias: where the proposal was wrong, or the own first answer was."""
    frame = reviews.frame
    proposed, true = truth.proposed[frame], np.where(reviews.is_test, truth.gold[frame], truth.settled[frame])
    known = (proposed != NONE) & (true != NONE) & truth.counts[frame]
    wrong_first = reviews.given_in(Mode.DECIDE_FIRST) & (reviews.first != true)
    bears = known & ((proposed != true) | wrong_first)
    chosen = np.flatnonzero(bears & ~(reviews.given_in(Mode.BLIND) & after_a_proposal(reviews)))
    told = reviews.where(chosen)
    levels = (proposed[chosen], true[chosen], told.level, told.first)
    columns = (told.person, told.scene, told.mode, *levels, told.is_test)
    return [
        Observation(
            person_id=person,
            scene_id=reviews.scene_ids[scene],
            mode=MODES[mode],
            proposed=LEVELS[said],
            true=LEVELS[level],
            final=LEVELS[final],
            first=LEVELS[first] if first != NONE else None,
            is_gold=is_gold,
        )
        for person, scene, mode, said, level, final, first, is_gold in zip(
            *(one.tolist() for one in columns), strict=True
        )
    ]


def after_a_proposal(reviews: ReviewColumns) -> Flags:
    """(reviews,) whether the person saw a proposal of the same scene within NEIGHBOUR_S before."""
    if not len(reviews):
        return np.zeros(0, dtype=np.bool_)
    who = reviews.person * len(reviews.scene_ids) + reviews.scene
    at = (who << 32) + reviews.reviewed_at_us // 1_000_000
    shown = np.sort(at[~reviews.given_in(Mode.BLIND)])
    if not len(shown):
        return np.zeros(len(reviews), dtype=np.bool_)
    before = np.searchsorted(shown, at, side="left") - 1
    last = shown[np.maximum(before, 0)]
    return np.asarray((before >= 0) & (last >> 32 == who) & (at - last <= NEIGHBOUR_S))
