"""The dataset card of a snapshot: the README that people and the Hugging Face hub read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import cast

import jinja2

from data.snapshot.terms import Terms, binding
from data.text.markdown import markdown_text


@cache
def _template() -> jinja2.Template:
    text = resources.files("data.snapshot").joinpath("dataset_card.md.jinja").read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - Markdown of our own counts, no outside text
    environment.filters["plain"] = markdown_text
    return environment.from_string(text)


def render_card(fields: Mapping[str, object], *, rated_twice: int, agreed: int) -> str:
    """The card's Markdown from the manifest's fields (all but the hashes).

    rated_twice: held-out frames that two people judged blind; agreed: those on which they gave one level.
    """
    terms = [Terms.model_validate(one) for one in cast(list[object], fields.get("terms", []))]
    return _template().render(
        manifest=fields,
        rated_twice=rated_twice,
        agreed=agreed,
        terms=terms,
        binding=markdown_text(binding(terms)),
    )
