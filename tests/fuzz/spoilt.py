"""Values and texts that are nearly right: a whole one with a few places changed for something odd."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]
_DEEP: Any = json.loads("[" * 300 + "]" * 300)
_NUMBERS = [0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.5, 1e308, -0.0]
_WORDS = [
    "",
    " ",
    "a\0b",
    "\ud800",
    "\u2028",
    "\u202e",
    "x" * 5_000,
    "../../etc/passwd",
    "NaN",
    "1e400",
    "2026-13-45",
]
_PARTS = [[], [[]], [{}], [None], {}, {"a": {}}, {"": None}, ["AUTONOMY", "AUTONOMY"], _DEEP]
ODD_VALUES: list[Any] = [None, True, False, *_NUMBERS, *_WORDS, *_PARTS]
ODD_TEXTS = [
    *(
        "[" * 3_000,
        "{" * 3_000,
        '{"a":' * 1_000,
        "\0",
        "\ud800",
        "\ufeff",
        "\u2028",
        "\n" * 5_000,
        "```json",
        "```",
    ),
    *(
        "<think>",
        "</think>",
        "1e400",
        "9" * 5_000,
        "NaN",
        "-",
        ":",
        "&a [*a]",
        "*a",
        "<<:",
        "!!python/object:os.x",
    ),
    *(
        "!!int x",
        "!!binary x",
        "2026-13-45",
        "0x",
        "? ",
        "|",
        "%YAML 3.0\n---\n",
        "---\n",
        "\t",
        "'",
        '"',
        ".inf",
    ),
]


@st.composite
def spoilt(draw: st.DrawFn, whole: Any) -> Any:
    """A JSON value with one to three places changed, removed or doubled."""
    value = deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return draw(st.sampled_from(ODD_VALUES))
        _change(draw, value, places[draw(st.integers(0, len(places) - 1))])
    return value


@st.composite
def spoilt_text(draw: st.DrawFn, whole: str) -> str:
    """A text with one to three parts cut out, doubled, or put in."""
    text = whole
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        put = draw(st.sampled_from(["", text[start:end] * 2, *ODD_TEXTS]) | st.text(max_size=12))
        text = text[:start] + put + text[end:]
    return text


def _places(value: Any, at: Path = ()) -> Any:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield (*at, name)
        if len(at) < 12:
            yield from _places(part, (*at, name))


def _change(draw: st.DrawFn, value: Any, place: Path) -> None:
    holder = value
    for name in place[:-1]:
        holder = holder[name]
    name = place[-1]
    match draw(st.sampled_from(["put", "put", "put", "remove", "double"])):
        case "put":
            holder[name] = deepcopy(draw(st.sampled_from(ODD_VALUES) | st.text(max_size=12) | st.integers()))
        case "remove":
            del holder[name]
        case _ if isinstance(holder, list):
            holder.append(deepcopy(holder[int(name)]))
        case _:
            holder[f"{name}{name}"] = deepcopy(holder[name])
