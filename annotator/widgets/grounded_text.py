"""Words with what in them is contradicted marked, and the evidence below, as safe HTML. Pure."""

from __future__ import annotations

from html import escape

from annotator.widgets.page import plain
from data.grounding.words import Grounding
from data.text.marked import Piece, pieces


def marked_html(text: str, found: Grounding | None, part: str) -> str:
    """A part of the words as HTML; what is there denies the marked spans."""
    if found is None:
        return plain(text)
    return "".join(
        plain(piece) if why is None else f'<mark class="tt-wrong" title="{escape(why)}">{plain(piece)}</mark>'
        for piece, why in contradicted_pieces(text, found, part)
    )


def contradicted_pieces(text: str, found: Grounding, part: str) -> list[Piece]:
    """A part of the words in pieces, the contradicted ones with the evidence."""
    return pieces(
        text, [(one.assertion.start, one.assertion.end, one.evidence) for one in found.contradictions(part)]
    )


def faults(parts: dict[str, str], found: Grounding | None) -> list[str]:
    """What is wrong with words, a sentence each: contradictions of every part, omissions, words against level."""
    if found is None:
        return []
    told = [
        f"“{text[one.assertion.start : one.assertion.end]}” ({part}): {one.evidence}."
        for part, text in parts.items()
        for one in found.contradictions(part)
    ]
    told += [f"Not named: {one.evidence}." for one in found.omissions or []]
    against = (("reasoning", found.reason_against), ("action", found.action_against))
    told += [f"“{one.phrase}” ({part}) speaks against the level." for part, one in against if one]
    return [*told, "Names nothing that could be seen."] if found.names_nothing else told


def faults_html(told: list[str]) -> str:
    """The same as a list below the words; nothing where nothing is wrong."""
    if not told:
        return ""
    items = "".join(f"<li>{plain(one)}</li>" for one in told)
    return f'<ul class="tt-faults" aria-label="What is there says otherwise">{items}</ul>'
