"""What a model is asked that cuts words into assertions: the request, its schema and the hash that names both. Pure."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data.grounding.cutting.reply import cut_schema
from data.grounding.cutting.values import NOUNS, VALUES
from data.grounding.words import Words
from data.hashing import canonical_json
from data.vlm.request import thinking_switch

MAX_TOKENS = 8_192
REPLY_BYTES = 512 * 1024
"""The largest reply that is read: many times what so many tokens hold."""


@cache
def system_turn() -> str:
    """The rules, as the model is told them."""
    # the reader is a model, and nothing untrusted enters the template
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701
    )
    return environment.get_template("question.jinja").render(pairs=VALUES, nouns=NOUNS)


def cut_body(words: Words, model: str) -> dict[str, Any]:
    """The request for the words of one act. The words are data beside the question, never part of it."""
    parts = {name: text for name, text in words.parts().items() if text}
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": system_turn()},
            {"role": "user", "content": json.dumps(parts, ensure_ascii=False)},
        ],
        **_sampled(),
    }


def _sampled() -> dict[str, Any]:
    return {
        "temperature": 0.0,
        "top_p": 1.0,
        "max_tokens": MAX_TOKENS,
        "seed": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "assertions", "schema": cut_schema(), "strict": True},
        },
        "chat_template_kwargs": thinking_switch(on=False),
    }


@cache
def question_hash() -> str:
    """Names the question: the hash of its text, its schema and how it is sampled."""
    parts = {**_sampled(), "question": system_turn()}
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()[:16]
