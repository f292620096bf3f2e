"""The labelling configuration of our projects in Label Studio, and whether another asks the same. Pure."""

from __future__ import annotations

from functools import cache
from importlib import resources
from xml.etree import ElementTree

from data.vocabulary import LEVELS

IMAGE = "image"
LEVEL = "level"
REASONING = "reasoning"
ACTION = "action"
CONTROLS = {LEVEL: "Choices", REASONING: "TextArea", ACTION: "TextArea"}
"""The controls that an answer consists of, and their kinds."""


@cache
def labelling_config() -> str:
    """Our configuration: the picture, three levels with hotkeys, editable reasoning and action, and the chain of
    thought to read."""
    return resources.files("data.label_studio").joinpath("labelling.xml").read_text(encoding="utf-8")


def config_problems(config: str) -> list[str]:
    """What a project's configuration lacks to be answered as ours; empty where answers can be taken.

    More controls, other wording and other hotkeys are a team's own business.

    >>> config_problems("<View/>")[0]
    'it has no Choices called level'
    """
    try:
        root = _parsed(config)
    except (ElementTree.ParseError, ValueError) as error:
        return [f"it is not XML that can be read: {error}"]
    problems = []
    for name, kind in CONTROLS.items():
        found = [one for one in root.iter(kind) if one.get("name") == name]
        if len(found) != 1:
            problems.append(f"it has {'no' if not found else len(found)} {kind} called {name}")
        elif found[0].get("toName") != IMAGE:
            problems.append(f"its {kind} {name} belongs to {found[0].get('toName')!r} and not to {IMAGE!r}")
    return problems or _level_problems(root)


def _parsed(config: str) -> ElementTree.Element:
    if "<!DOCTYPE" in config or "<!ENTITY" in config:
        raise ValueError("it declares entities")
    return ElementTree.fromstring(config)  # noqa: S314 - without entities there is nothing to expand


def _level_problems(root: ElementTree.Element) -> list[str]:
    choices = next(one for one in root.iter("Choices") if one.get("name") == LEVEL)
    values = [one.get("value") for one in choices.iter("Choice")]
    wanted = [level.value for level in LEVELS]
    return [] if sorted(map(str, values)) == wanted else [f"its levels are {', '.join(map(str, values))}"]
