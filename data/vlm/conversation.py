"""The one conversation in which models are asked, trained, served and judged: a system turn, a picture, a question.

Requests, pairs, the collator, local generation, the stand-in and the monitor all take it from here; its hash is part of
every run's identity and of every snapshot.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any

import jinja2

from data.hashing import canonical_json
from data.vlm.reply import reply_schema
from data.vocabulary import ReplyForm

SYSTEM_TEXT = "You are a helpful assistant."


@cache
def question_text(form: ReplyForm) -> str:
    """The user turn that follows the picture."""
    template = resources.files("data.vlm").joinpath("question.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - plain text for a model, and nothing is inserted into it
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.from_string(template).render(form=form.value).strip()


def conversation(form: ReplyForm) -> list[dict[str, str]]:
    """The turns before a reply, as text: {"role", "content"}. The picture stands before the user turn's text."""
    return [
        {"role": "system", "content": SYSTEM_TEXT},
        {"role": "user", "content": question_text(form)},
    ]


def with_picture(turns: list[dict[str, str]], picture: dict[str, Any]) -> list[dict[str, Any]]:
    """The turns in blocks, `picture` being the block of the picture: the order that the models were trained with."""
    return [
        {**turn, "content": [picture, {"type": "text", "text": turn["content"]}]}
        if turn["role"] == "user"
        else turn
        for turn in turns
    ]


@cache
def conversation_hash(form: ReplyForm) -> str:
    """SHA-256 of the turns and of the schema that the reply is held to, first 16 hex digits."""
    parts = {"form": form.value, "turns": conversation(form), "schema": reply_schema(form)}
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:16]
