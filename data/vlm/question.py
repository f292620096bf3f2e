"""What a model is asked about a frame: one template, versioned by its hash, the same for every model.

The question never holds anything but the template's text: no cue, no verified assessment, no other model's answer.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

import jinja2


@cache
def _template() -> str:
    return resources.files("data.vlm").joinpath("question.jinja").read_text(encoding="utf-8")


@cache
def question_text(*, thinking: bool) -> str:
    """The user turn that follows the image. `thinking`: ask for a chain of thought before the answer."""
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701 - plain text for a model, and nothing is inserted into it
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.from_string(_template()).render(thinking=thinking).strip()


@cache
def question_hash() -> str:
    """SHA-256 of the template, first 16 hex digits: the question's version."""
    return hashlib.sha256(_template().encode()).hexdigest()[:16]
