"""What a store's schema has that no table of the code stands for."""

from __future__ import annotations


def is_of_a_table(name: str | None, kind: str, parents: object) -> bool:
    """For alembic's comparison: everything but the indexes of words, which the database keeps by itself."""
    return "_words" not in (name or "") or "grounded_words" in (name or "")
