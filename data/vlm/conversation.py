"""The one conversation in which models are asked, trained, served and judged: a system turn, pictures, a question.

Requests, pairs, the collator, local generation, the stand-in and the monitor all take it from here; its hash is part of
every run's identity and of every snapshot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Any

import jinja2

from data.hashing import canonical_json
from data.vlm.moment import NOW, STILL, Lookback, Moment
from data.vlm.reply import reply_schema
from data.vocabulary import LEVELS, ReplyForm, TriageLevel

SYSTEM_TEXT = "You are a helpful assistant."


@cache
def _template() -> jinja2.Template:
    text = resources.files("data.vlm").joinpath("question.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - plain text for a model, and nothing but times is inserted into it
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.from_string(text)


@lru_cache(maxsize=1024)
def question_text(form: ReplyForm, moment: Moment = NOW, levels: tuple[TriageLevel, ...] = LEVELS) -> str:
    """The user turn that follows the pictures; `moment`: when the earlier ones were taken; `levels`: in which order
    they are explained, upwards or downwards."""
    said = {
        "form": form.value,
        "earlier": moment.earlier,
        "missing": moment.missing,
        "shown": "pictures" if moment.earlier else "picture",
        "order": [level.value for level in levels],
    }
    return _template().render(said).strip()


def conversation(
    form: ReplyForm, moment: Moment = NOW, levels: tuple[TriageLevel, ...] = LEVELS
) -> list[dict[str, str]]:
    """The turns before a reply, as text: {"role", "content"}. The pictures stand before the user turn's text."""
    return [
        {"role": "system", "content": SYSTEM_TEXT},
        {"role": "user", "content": question_text(form, moment, levels)},
    ]


def with_pictures(turns: list[dict[str, str]], pictures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The turns in blocks, `pictures` being the blocks of the pictures, oldest first: the order that the models were
    trained with."""
    return [
        {**turn, "content": [*pictures, {"type": "text", "text": turn["content"]}]}
        if turn["role"] == "user"
        else turn
        for turn in turns
    ]


@cache
def conversation_hash(form: ReplyForm, lookback: Lookback = STILL) -> str:
    """SHA-256 of the turns and of the schema that the reply is held to, first 16 hex digits. With a lookback: of what
    is said where every earlier picture is there, and where none is."""
    schema = reply_schema(form)
    parts: dict[str, Any] = {"form": form.value, "turns": conversation(form), "schema": schema}
    if lookback.frames > 1:
        whole, bare = (Moment.of(lookback, shown) for shown in (lookback.due_s, ()))
        parts |= {"turns": [conversation(form, whole), conversation(form, bare)], **lookback.as_dict()}
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:16]
