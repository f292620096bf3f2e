"""Who cut the words of a report into assertions, in words. Pure."""

from __future__ import annotations

from data.text.phrases import counted, listed
from eval.grounding.figures import Cutter, GroundingFigures


def who_cut(found: GroundingFigures) -> str:
    """For HTML and Markdown alike; the name of a model in it is untrusted."""
    rules = f"rules {found.rules}" if found.rules else "rules"
    models = [one for one in found.cutters if one.by is not None]
    if not models:
        return f"Thought, reasoning and action are cut into assertions by {rules}."
    by_rules = sum(one.texts if one.by is None else one.unusable for one in found.cutters)
    told = [
        "Thought, reasoning and action are cut into assertions: "
        + ", ".join(
            [f"{counted(one.texts, 'text')} by {one.by} at an endpoint" for one in models]
            + [f"{counted(by_rules, 'text')} by {rules}"]
        )
        + "."
    ]
    told += [_lost(one) for one in models if one.unusable or one.dropped]
    return " ".join(told)


def _lost(one: Cutter) -> str:
    dropped = sum(one.dropped.values())
    parts = (
        [f"{counted(one.unusable, 'reply', 'replies')} of no use, cut by the rules instead"]
        if one.unusable
        else []
    )
    parts += [f"{counted(dropped, 'assertion')} dropped ({listed(one.dropped)})"] if dropped else []
    return f"Of {one.by}: {'; '.join(parts)}."
