"""What a model replied that was asked to cut words into assertions, read with distrust. Pure.

The reply as a whole has to be of the schema and within its bounds. An assertion whose words do not stand in the text
letter for letter, or whose value is none of its kind, is dropped and counted; none is mended.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.grounding.assertions import EGO, Assertion, Kind, Mention
from data.grounding.cutting.values import NOUNS, OF_NAMED_THING, VALUES, fits

MOST_ASSERTIONS = 200
MOST_CHARS = 300
MOST_AMOUNT = 10_000.0
NOT_THERE = "not in the text"
NOT_OF_THE_KIND = "of no known value"
TWICE = "said twice"
Part = Literal["thought", "reasoning", "action"]
Cut = Mapping[str, list[Assertion]]
"""Assertions by part of the words, by place; every part that was cut is there."""
_Words = Annotated[str, Field(min_length=1, max_length=MOST_CHARS)]


class _Said(BaseModel):
    """One assertion as it came."""

    model_config = ConfigDict(extra="forbid", strict=True)
    part: Part
    kind: Kind
    value: _Words
    words: _Words
    noun: _Words | None
    noun_words: _Words | None
    amount: Annotated[float, Field(ge=0, le=MOST_AMOUNT, allow_inf_nan=False)]
    is_negated: bool


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    assertions: Annotated[list[_Said], Field(max_length=MOST_ASSERTIONS)]


def cut_schema() -> dict[str, Any]:
    """The schema that a server holds the reply to. Strings have no bounds in it, as in `data.vlm.reply`."""
    text, maybe = {"type": "string"}, {"type": ["string", "null"]}
    values = sorted({value for known in VALUES.values() for value in known})
    properties = {
        "part": {"type": "string", "enum": ["thought", "reasoning", "action"]},
        "kind": {"type": "string", "enum": [kind.value for kind in Kind]},
        "value": {"type": "string", "enum": values},
        "words": text,
        "noun": {"type": ["string", "null"], "enum": [*NOUNS, None]},
        "noun_words": maybe,
        "amount": {"type": "number"},
        "is_negated": {"type": "boolean"},
    }
    one = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"assertions": {"type": "array", "items": one}},
        "required": ["assertions"],
        "additionalProperties": False,
    }


class NoCut(ValueError):
    """A reply is not of the schema. The message says where."""


@dataclass
class ReadCut:
    """The assertions of a reply, and how many were dropped, by reason."""

    parts: dict[str, list[Assertion]]
    dropped: Counter[str] = field(default_factory=Counter)


def read_cut(raw: str, parts: Mapping[str, str]) -> ReadCut:
    """The assertions of a raw reply about texts by part. Raises NoCut."""
    try:
        reply = _Reply.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "the reply"
        raise NoCut(f"not of the schema, {where[:60]}: {first['msg'][:120]}") from error
    read = ReadCut({part: [] for part, text in parts.items() if text})
    things = _Things()
    taken: Counter[tuple[str, Kind, str, str]] = Counter()
    # things first, so that what is said of them finds them
    for said in sorted(reply.assertions, key=lambda one: one.kind is not Kind.OBJECT):
        found = _assertion(said, parts.get(said.part, ""), things, taken)
        if isinstance(found, str):
            read.dropped[found] += 1
        else:
            read.parts[said.part].append(found)
    for some in read.parts.values():
        some.sort(key=lambda one: (one.start, one.end))
    return read


class _Things:
    """The things that a reply speaks of: all that is said of one shares its mention, as judging expects."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[Mention]] = {}

    def at(self, part: str, new: Mention) -> Mention:
        """The thing of this noun at these places, which may be called by more or fewer words there."""
        known = self._known.setdefault((part, new.noun), [])
        there = next((one for one in known if one.start < new.end and new.start < one.end), None)
        if there is None:
            known.append(new)
        return there or new


def _assertion(
    said: _Said, text: str, things: _Things, taken: Counter[tuple[str, Kind, str, str]]
) -> Assertion | str:
    """The assertion, or why it is dropped."""
    noun = said.value if said.kind is Kind.OBJECT else EGO if said.kind is Kind.EGO else said.noun
    if not fits(said.kind, said.value, noun):
        return NOT_OF_THE_KIND
    key = (said.part, said.kind, said.value, said.words)
    places = _places(text, said.words)
    if taken[key] >= len(places):
        return TWICE if places else NOT_THERE
    start = places[taken[key]]
    end = start + len(said.words)
    mention = _mention(said, noun, text, (start, end), things)
    if isinstance(mention, str):
        return mention
    taken[key] += 1
    return Assertion(said.kind, said.value, start, end, mention, said.amount, said.is_negated)


def _mention(
    said: _Said, noun: str | None, text: str, span: tuple[int, int], things: _Things
) -> Mention | str | None:
    """What is spoken of, or why the assertion is dropped; None for an assertion about the frame."""
    if said.kind is Kind.EGO:
        return Mention(EGO, *span)
    if noun is None or said.kind not in (Kind.OBJECT, Kind.PATH, *OF_NAMED_THING):
        return None
    if said.kind is Kind.OBJECT:
        return things.at(said.part, Mention(noun, *span, is_negated=said.is_negated))
    places = _places(text, said.noun_words or "")
    if not places:
        return NOT_THERE
    start = min(places, key=lambda place: (abs(place - span[0]), place))
    return things.at(said.part, Mention(noun, start, start + len(said.noun_words or "")))


def _places(text: str, words: str) -> list[int]:
    """Where words stand in a text letter for letter, and not as a part of longer ones."""
    if not words.strip():
        return []
    return [found.start() for found in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text)]
