"""Use cases: answering questions about frames page by page, counting values, and saying what makes an answer empty."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from sqlmodel import Session, col, select

from data.alike.vectors import Vectors, current_vectors
from data.errors import FindRefused
from data.find.current import Columns, Order, current_columns, largest_first
from data.find.facets import Flags, Ints
from data.find.frame_facts import FrameFacts
from data.find.question import OF_REVIEWS, About, Question, Sort
from data.find.said_facts import ANSWERS
from data.find.stacked import first_of_each, stack_places
from data.find.standing_facts import STATES
from data.find.words import texts_with_words
from data.people.permissions import Act, require
from data.review.looks import note_looks
from data.store.opening import Store
from data.store.tables import Lease
from data.vocabulary import LEVELS, TriageLevel

MOST = 500
"""Frames that one page holds at most."""
NO_VECTORS = "There are no vectors yet: run `teletriage embed` to find frames that look alike."
Cursor = tuple[float, str]
"""The sort key and the id of a page's last frame; the next page begins behind them."""


@dataclass(frozen=True)
class FoundFrame:
    """A frame in the grid. `proposed` is a level or `failed`; `said` are the different levels that people said. All
    levels are None or empty where the frame waits for reviews and the question does not tell. `aside`: the word
    that stands in place of a picture. `alike`: how many others of the answer it stands for."""

    frame_id: str
    scene: str
    position: int
    location: str
    state: str
    proposed: str | None
    said: tuple[TriageLevel, ...]
    level: TriageLevel | None
    is_generated: bool
    aside: str | None
    alike: int = 0


@dataclass(frozen=True)
class FoundPage:
    """Some of the frames in their order. `n`: how many there are in all; `held`: how many were left out because the
    person is reviewing them; `after`: what the next page begins behind, None at the end."""

    frames: list[FoundFrame]
    n: int
    held: int
    after: Cursor | None


@dataclass(frozen=True)
class ValueCount:
    """A value of a filter, and how many frames there would be with it."""

    value: str
    frames: int


def find_frames(
    store: Store,
    person_id: int,
    question: Question,
    *,
    after: Cursor | None = None,
    n: int = 60,
    workspace: Path | None = None,
) -> FoundPage:
    """A page of the answer. Who learns from it what was said of frames that wait for reviews is not asked about them
    any more (`data.review.looks`). Raises NotAllowed, FindRefused."""
    if not 0 < n <= MOST:
        raise FindRefused(f"A page holds 1 to {MOST} frames, not {n}.")
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        columns = current_columns(store, workspace)
        held = _held(session, store, person_id, columns)
        _refuse_telling_of_held(columns, held, question)
        kept = _kept(session, columns, question)
    order = _order(columns, question, workspace)
    kept &= ~np.isnan(order.key)
    left_out = int(np.count_nonzero(kept[held]))
    kept[held] = False
    stack = stack_places(store, columns.frames, workspace) if question.is_stacked else None
    places, total, following = _page(columns, order, question.is_reversed, kept, after, n, stack)
    asked = _may_be_asked(columns)
    reserved = _note_looks(store, person_id, columns, places[asked[places]]) if question.tells else set()
    is_silent = _is_like_held(columns, held, question)
    frames = [
        _found(columns, int(place), not is_silent and (question.tells or not asked[place]))
        for place in places
    ]
    if stack is not None:
        sizes = np.bincount(stack[np.flatnonzero(kept)], minlength=len(stack))
        frames = [
            replace(one, alike=int(sizes[stack[place]]) - 1)
            for one, place in zip(frames, places, strict=True)
        ]
    frames = [one for one in frames if one.frame_id not in reserved]
    return FoundPage(frames, total, left_out, following)


def count_values(
    store: Store, person_id: int, question: Question, *, workspace: Path | None = None
) -> dict[About, list[ValueCount]]:
    """Every value of every filter with its count, given the rest of the question. Raises NotAllowed, FindRefused."""
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        columns = current_columns(store, workspace)
        held = _held(session, store, person_id, columns)
        also = np.ones(columns.facets.n, dtype=np.bool_)
        if question.words:
            also = _with_words(session, columns, question.words)
    also[held] = False
    counts = columns.facets.counts(question.of_values, also)
    return {about: _values(columns, about, counts[about]) for about in About if about in counts}


def notes_on_filters(store: Store, person_id: int, *, workspace: Path | None = None) -> dict[About, str]:
    """What people should know of filters: the command that computes what is not there yet or has changed since.

    Raises NotAllowed.
    """
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
    facets = current_columns(store, workspace).facets
    notes = {about: facet.note for about, facet in facets.of_frames.items() if facet.note}
    has_vectors = workspace is not None and current_vectors(workspace) is not None
    return notes if has_vectors else {**notes, About.LIKE: NO_VECTORS}


def emptied_by(
    store: Store, person_id: int, question: Question, *, workspace: Path | None = None
) -> list[tuple[int, int]]:
    """For an answer without frames: (filter, frames without it) for each filter whose loss would bring frames, counted
    as `Question.without` does. Raises NotAllowed, FindRefused."""
    with store.read() as session:
        require(session, person_id, Act.SEE_PROGRESS)
        columns = current_columns(store, workspace)
        asked = range(len(question.filters) + bool(question.words))
        found = [(place, _kept(session, columns, question.without(place)).sum()) for place in asked]
    return [(place, int(n)) for place, n in found if n]


def _order(columns: Columns, question: Question, workspace: Path | None) -> Order:
    """The order that is asked for; by likeness, frames without a vector have the key NaN."""
    if question.like is None:
        suspicious = columns.facets.of_frames[About.SUSPICIOUS]
        if question.sort is Sort.SUSPICION and not suspicious.values:
            raise FindRefused(suspicious.note)
        return columns.order(question.sort)
    vectors = None if workspace is None else current_vectors(workspace)
    if vectors is None:
        raise FindRefused(NO_VECTORS)
    return _alike(vectors, columns.frames, question.like)


@lru_cache(maxsize=8)
def _alike(vectors: Vectors, frames: FrameFacts, like: str) -> Order:
    """The frames by how near they are to one: whoever turns its pages or adds a filter compares nothing anew."""
    similar = vectors.similarities(like)
    key = np.full(len(frames.ids), np.nan)
    there = _places_of(vectors, frames)
    key[there[there >= 0]] = similar[there >= 0]
    key[frames.is_set_aside] = np.nan
    key[frames.places([like])] = np.nan
    return largest_first(key)


@lru_cache(maxsize=2)
def _places_of(vectors: Vectors, frames: FrameFacts) -> Ints:
    """The place of each vector's frame, -1 for one that is not there any more."""
    return np.array([frames.place.get(one, -1) for one in vectors.frame_ids], dtype=np.int64)


def _held(session: Session, store: Store, person_id: int, columns: Columns) -> Ints:
    """The frames that this person is reviewing."""
    query = select(Lease.frame_id).where(
        Lease.person_id == person_id, col(Lease.until_us) > store.now_us(session)
    )
    return columns.frames.places(list(session.exec(query)))


def _is_like_held(columns: Columns, held: Ints, question: Question) -> bool:
    return question.like is not None and columns.frames.place.get(question.like, -1) in held


def _refuse_telling_of_held(columns: Columns, held: Ints, question: Question) -> None:
    """Neighbours' levels would tell a person the level of the frame that is on the person's card."""
    if question.tells and _is_like_held(columns, held, question):
        raise FindRefused(
            "You are reviewing this frame: until you have answered, frames like it are shown without their levels. "
            "Drop what asks for levels, people or words."
        )


def _kept(session: Session, columns: Columns, question: Question) -> Flags:
    kept = columns.facets.passing(question.of_values)
    return kept & _with_words(session, columns, question.words) if question.words else kept


def _with_words(session: Session, columns: Columns, words: str) -> Flags:
    """(n,) frames about which one text holds the words: of reviews, those that stand."""
    found = texts_with_words(session, words)
    flags = np.zeros(columns.facets.n, dtype=np.bool_)
    flags[columns.frames.places(found.frame_ids)] = True
    for table, of_rows in (("review", columns.said.rows), ("proposal", columns.runs.rows)):
        flags[of_rows.frames(found.numbers[table])] = True
    return flags


def _values(columns: Columns, about: About, counts: Ints) -> list[ValueCount]:
    facets = columns.facets
    facet = facets.of_reviews.facets[about] if about in OF_REVIEWS else facets.of_frames[about]
    return [ValueCount(value, n) for value, n in zip(facet.values, counts.tolist(), strict=True)]


def _page(
    columns: Columns,
    order: Order,
    is_reversed: bool,
    kept: Flags,
    after: Cursor | None,
    n: int,
    stack: Ints | None = None,
) -> tuple[Ints, int, Cursor | None]:
    """The places of a page, how many there are in all, and the cursor to the next."""
    places = order.places[kept[order.places]]
    if is_reversed:
        places = places[::-1]
    if stack is not None:
        places = first_of_each(places, stack)
    start = _behind(columns, order, is_reversed, places, after) if after is not None else 0
    page = places[start : start + n]
    is_end = start + n >= len(places)
    following = None if is_end else (float(order.key[page[-1]]), columns.frames.ids[page[-1]])
    return page, len(places), following


def _behind(columns: Columns, order: Order, is_reversed: bool, places: Ints, after: Cursor) -> int:
    """Where the page behind a cursor begins, wherever its frame stands by now."""
    key, sign = order.key, 1 if is_reversed else -1
    ids: Sequence[str] = columns.frames.ids
    at = bisect_right(ids, after[1]) - 1  # frames are in the order of their ids
    return bisect_right(places, (sign * after[0], sign * at), key=lambda one: (sign * key[one], sign * one))


def _may_be_asked(columns: Columns) -> Flags:
    """(n,) frames that somebody may still be asked about."""
    gold = columns.facets.of_frames[About.GOLD].having("yes", columns.facets.n)
    return (columns.statuses.needed > 0) | columns.statuses.is_audit | gold


def _note_looks(store: Store, person_id: int, columns: Columns, places: Ints) -> set[str]:
    """Returns those that were reserved for the person meanwhile."""
    frame_ids = [columns.frames.ids[place] for place in places]
    return note_looks(store, person_id, frame_ids) if frame_ids else set()


def _aside(frames: FrameFacts, place: int) -> str | None:
    if frames.is_erased[place]:
        return "erased"
    return "set aside" if frames.is_set_aside[place] else None


def _found(columns: Columns, place: int, shows_levels: bool) -> FoundFrame:
    frames, scene = columns.frames, int(columns.frames.scene[place])
    proposed, bits = int(columns.runs.shown[place]), int(columns.said.levels[place])
    level = int(columns.statuses.level[place])
    return FoundFrame(
        frame_id=frames.ids[place],
        scene=frames.scene_names[scene],
        position=int(frames.position[place]),
        location=frames.locations[scene],
        state=STATES[columns.statuses.state[place]],
        proposed=ANSWERS[proposed] if shows_levels and proposed >= 0 else None,
        said=tuple(one for one in LEVELS if shows_levels and bits & (1 << one.rank)),
        level=LEVELS[level] if shows_levels and level >= 0 else None,
        is_generated=bool(frames.is_generated[place]),
        aside=_aside(frames, place),
    )
