"""Searching the words that people and models wrote about frames, on both databases by the same rule.

A text is found if it holds all the words, in any order and case; `pedest*` stands for every word that begins so. The
indexes are the database's own (migration 0022): its triggers and expressions keep them current in the very act that
writes a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import bindparam, text
from sqlmodel import Session

from data.errors import FindRefused

Ints = npt.NDArray[np.int64]

SOURCES: dict[str, tuple[str, ...]] = {
    "adjudication": ("reasoning", "action", "reason"),
    "review": ("reasoning", "action"),
    "frame_note": ("reason",),
    "second_look": ("reason",),
    "proposal": ("reasoning", "action", "chain_of_thought"),
}
"""The tables of texts about one frame, with their columns of words; scenes' descriptions come on top."""
NUMBERED = ("review", "proposal")
"""Tables so large that their rows are found by number: looking up the frame of each would take longest."""
TITLES = {
    "adjudication": "settled",
    "review": "review",
    "frame_note": "note",
    "second_look": "second look",
    "proposal": "proposal",
    "scene": "scene",
}
PUNCTUATION = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~'"
_WORD = re.compile(r"[^\W_]+")
_BEFORE, _LONG = 24, 160


class Word(NamedTuple):
    """A word to be found, in lower case; or the beginning of one."""

    letters: str
    is_beginning: bool


@dataclass(frozen=True)
class TextsFound:
    """Numbers of rows by table of `NUMBERED`, and the frames of all other texts."""

    numbers: dict[str, Ints]
    frame_ids: list[str]


@dataclass(frozen=True)
class Hit:
    """A text that was found: where it stands, and a piece of it in runs, each with whether it is one of the words."""

    source: str
    runs: list[tuple[str, bool]]


def parsed_words(asked: str) -> list[Word]:
    """The words of a search.

    >>> parsed_words("Left-turn pedest*")
    [Word(letters='left', is_beginning=False), Word(letters='turn', is_beginning=False), Word(letters='pedest', \
is_beginning=True)]

    Raises FindRefused for a search without any.
    """
    found = [
        Word(one.group(0).lower(), asked[one.end() : one.end() + 1] == "*") for one in _WORD.finditer(asked)
    ]
    if not found:
        raise FindRefused(f"{asked!r} holds no word to search for.")
    return found


def texts_with_words(session: Session, asked: str) -> TextsFound:
    """The texts that hold all the words. Raises FindRefused."""
    words = parsed_words(asked)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    given = {"words": _sqlite_words(words) if is_sqlite else _postgresql_words(words)}
    found = _sqlite if is_sqlite else _postgresql

    def rows(query: str) -> list[Any]:
        return list(session.connection().execute(text(query), given).scalars().all())

    numbers = {table: _numbers(rows(_listed(table, is_sqlite))[0]) for table in NUMBERED}
    frame_ids = [one for table in SOURCES if table not in NUMBERED for one in rows(found(table, "frame_id"))]
    scenes = found("scene", "id")
    frame_ids += rows(f"SELECT id FROM frame WHERE scene_id IN ({scenes})")  # noqa: S608 - names of our own
    return TextsFound(numbers, frame_ids)


def _listed(table: str, is_sqlite: bool) -> str:
    """All numbers in one text: a word that is in every tenth review would be fifty thousand rows."""
    if is_sqlite:
        return f"SELECT group_concat(rowid) FROM {table}_words WHERE {table}_words MATCH :words"  # noqa: S608
    return _postgresql(table, "string_agg(CAST(id AS TEXT), ',')")


def _numbers(listed: str | None) -> Ints:
    return np.array([], dtype=np.int64) if listed is None else np.fromstring(listed, np.int64, sep=",")


def _sqlite(table: str, wanted: str) -> str:
    if table == "scene":
        return "SELECT scene_id FROM scene_words WHERE scene_words MATCH :words"
    found = f"SELECT rowid FROM {table}_words WHERE {table}_words MATCH :words"  # noqa: S608
    return f"SELECT {wanted} FROM {table} WHERE id IN ({found})"  # noqa: S608


def _postgresql(table: str, wanted: str) -> str:
    vector = _vector(SOURCES.get(table, ("description",)))
    return f"SELECT {wanted} FROM {table} WHERE {vector} @@ to_tsquery('simple', :words)"  # noqa: S608


def _vector(columns: Sequence[str]) -> str:
    """The expression of the index, letter by letter. Punctuation goes first: PostgreSQL would make one word of
    `left-turn`, and of `ahead/left` a path."""
    joined = " || ' ' || ".join(f"coalesce({column}, '')" for column in columns)
    marks = PUNCTUATION.replace("'", "''").replace(":", "\\:")
    return f"to_tsvector('simple', translate({joined}, '{marks}', '{' ' * len(PUNCTUATION)}'))"


def _sqlite_words(words: Iterable[Word]) -> str:
    return " ".join(f'"{word.letters}"{"*" if word.is_beginning else ""}' for word in words)


def _postgresql_words(words: Iterable[Word]) -> str:
    return " & ".join(f"'{word.letters}'{':*' if word.is_beginning else ''}" for word in words)


def hits(session: Session, asked: str, frame_ids: Sequence[str]) -> dict[str, Hit]:
    """The first text of each frame that holds all the words, people's before models'."""
    words = parsed_words(asked)
    found: dict[str, Hit] = {}
    if not frame_ids:
        return found
    for source, frame_id, *texts in _texts(session, frame_ids):
        whole = " · ".join(one for one in texts if one)
        if frame_id not in found and holds(whole, words):
            found[frame_id] = Hit(TITLES[source], marked(whole, words))
    return found


def _texts(session: Session, frame_ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    connection = session.connection()
    for table, columns in SOURCES.items():
        query = (
            f"SELECT frame_id, {', '.join(columns)} FROM {table} WHERE frame_id IN :frames ORDER BY id DESC"  # noqa: S608
        )
        rows = connection.execute(
            text(query).bindparams(bindparam("frames", expanding=True)), {"frames": list(frame_ids)}
        )
        yield from ((table, *row) for row in rows)
    query = (
        "SELECT frame.id, description FROM frame JOIN scene ON scene.id = scene_id WHERE frame.id IN :frames"
    )
    rows = connection.execute(
        text(query).bindparams(bindparam("frames", expanding=True)), {"frames": list(frame_ids)}
    )
    yield from (("scene", *row) for row in rows)


def holds(whole: str, words: Sequence[Word]) -> bool:
    """Whether a text holds all the words.

    >>> holds("A left turn ahead.", parsed_words("turn LEFT")), holds("A left turn.", parsed_words("lef"))
    (True, False)
    """
    there = [one.group(0).lower() for one in _WORD.finditer(whole)]
    return all(any(_is(word, one) for one in there) for word in words)


def _is(word: Word, there: str) -> bool:
    return there.startswith(word.letters) if word.is_beginning else there == word.letters


def marked(whole: str, words: Sequence[Word]) -> list[tuple[str, bool]]:
    """A piece of a text around the first word found, cut into runs that are one of the words and runs that are not.

    >>> marked("Cones stand left.", parsed_words("left"))
    [('Cones stand ', False), ('left', True), ('.', False)]
    """
    places = [
        one.span() for one in _WORD.finditer(whole) if any(_is(word, one.group(0).lower()) for word in words)
    ]
    start = max(0, places[0][0] - _BEFORE) if places else 0
    end = min(len(whole), start + _LONG)
    runs: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for first, last in places:
        if last <= end:
            runs += [(whole[at:first], False), (whole[first:last], True)]
            at = last
    runs += [(whole[at:end], False), ("…" if end < len(whole) else "", False)]
    return [run for run in runs if run[0]]
