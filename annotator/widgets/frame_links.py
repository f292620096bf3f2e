"""Links from figures to the frames that they count."""

from __future__ import annotations

from html import escape

from data.find.question import About, Filter, Question


def frames_address(*filters: tuple[About, str]) -> str:
    """The grid's address with these filters."""
    return f"frames?{Question(filters=tuple(Filter(*one) for one in filters)).address}"


def counted_frames(n: int, *filters: tuple[About, str]) -> str:
    """HTML of a number that leads to the frames that it counts; a plain 0."""
    if not n:
        return "0"
    return f'<a href="{escape(frames_address(*filters))}" target="_self">{n:,}</a>'
