"""Who cut the words of a report into assertions, in words. Pure."""

from __future__ import annotations

from data.grounding.tallies import PEOPLE
from data.text.phrases import counted, listed
from eval.grounding.figures import Cutter, GroundingFigures


def who_cut(found: GroundingFigures) -> str:
    """For HTML and Markdown alike; names of runs and models in it are untrusted."""
    rules = f"rules {found.rules}" if found.rules else "rules"
    models = [one for one in found.cutters if one.by is not None]
    if not models:
        return f"Thought, reasoning and action are cut into assertions by {rules}."
    told = [
        f"{', '.join(_of(name, n) for name, n in one.texts.items())} by {one.by or rules}"
        for one in found.cutters
    ]
    said = [f"Thought, reasoning and action are cut into assertions: {'; '.join(told)}."]
    said += [_lost(one) for one in models if one.unusable or one.dropped]
    if len({one.by for one in found.cutters for name in one.texts if name != PEOPLE}) > 1:
        said.append("Rates of runs that were cut differently cannot be compared.")
    return " ".join(said)


def _of(name: str, n: int) -> str:
    return f"{counted(n, 'text')} of {name}"


def _lost(one: Cutter) -> str:
    dropped, replies = sum(one.dropped.values()), counted(one.unusable, "reply", "replies")
    parts = [f"{replies} of no use, cut by the rules instead"] if one.unusable else []
    parts += [f"{counted(dropped, 'assertion')} dropped ({listed(one.dropped)})"] if dropped else []
    return f"Of {one.by}: {'; '.join(parts)}."
