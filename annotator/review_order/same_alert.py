"""Frames of one alert stand together in the order: what came back around it is seen as one situation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, func, select

from data.live.clip_spool import AFTER_S, BEFORE_S
from data.store.tables import Alert, Frame, ReturnedFrame
from data.vocabulary import ReturnedFor

STEP = 0.0001
"""Between two frames of an alert; places are kept to four digits."""
Places = Mapping[str, Mapping[str, float]]


def frames_of_alerts(session: Session) -> list[list[str]]:
    """Frames that came back from one feed within one alert's clip, oldest first; only alerts with several.

    What chance picked is left out: looked at sooner because of an alert, it would no longer stand for all frames.
    """
    before_us, after_us = int(BEFORE_S * 1e6), int(AFTER_S * 1e6)
    query = (
        select(
            ReturnedFrame.frame_id, func.min(col(Alert.captured_at_us)), Frame.captured_at_us, Alert.feed_id
        )
        .join(Frame, col(Frame.id) == ReturnedFrame.frame_id)
        .join(
            Alert,
            (col(Alert.watch_id) == col(ReturnedFrame.watch_id))
            & (col(Alert.feed_id) == col(ReturnedFrame.feed_id))
            & (col(Alert.captured_at_us) <= col(Frame.captured_at_us) + before_us)
            & (col(Alert.captured_at_us) >= col(Frame.captured_at_us) - after_us),
        )
        .where(col(ReturnedFrame.is_new), ReturnedFrame.why != ReturnedFor.RANDOM)
        .group_by(col(ReturnedFrame.frame_id), col(Frame.captured_at_us), col(Alert.feed_id))
        .order_by(col(Frame.captured_at_us))
    )
    found: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for frame_id, alerted_us, _, feed_id in session.exec(query):
        found[feed_id, alerted_us].append(frame_id)
    return [frames for frames in found.values() if len(frames) > 1]


def together(places: Places, groups: Sequence[Sequence[str]]) -> dict[str, dict[str, float]]:
    """The places of frames that move: each group follows its first one, which takes its best place.

    >>> together({"a": {"x": 1.0}, "b": {"x": 3.0}, "c": {"x": 2.0}}, [["a", "b"]])
    {'a': {'x': 1.0, 'same_alert': 2.0}, 'b': {'x': 3.0, 'same_alert': -0.0001}}
    """
    moved: dict[str, dict[str, float]] = {}
    for group in groups:
        there = [frame_id for frame_id in group if frame_id in places]
        best = max((sum(places[one].values()) for one in there), default=0.0)
        for number, frame_id in enumerate(there if len(there) > 1 else ()):
            lift = best - STEP * number - sum(places[frame_id].values())
            moved[frame_id] = {**places[frame_id], "same_alert": round(lift, 4)}
    return moved
