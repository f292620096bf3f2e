"""Counts in words, for commands, screens and reports alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def counted(n: int, noun: str, plural: str | None = None) -> str:
    """A count with its noun.

    >>> counted(1, "frame"), counted(1200, "frame"), counted(0, "reply", "replies")
    ('1 frame', '1,200 frames', '0 replies')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def listed(counts: dict[str, int]) -> str:
    """Counts by reason in one line.

    >>> listed({"image_missing": 403, "empty": 1})
    '403 image missing, 1 empty'
    """
    return ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in counts.items())


def titled(title: str, names: list[str], *, shown: int = 5) -> list[str]:
    """The lines of a list that a command prints, its first names only; none where there are no names.

    >>> titled("Reports", ["a", "b", "c"], shown=2)
    ['Reports:', '  a', '  b', '  and 1 more (--json lists all)']
    """
    more = [f"  and {len(names) - shown:,} more (--json lists all)"] if len(names) > shown else []
    return [f"{title}:", *(f"  {name}" for name in names[:shown]), *more] if names else []


def entries(counts: dict[str, int]) -> list[str]:
    """Places, each with how many entries it holds.

    >>> entries({"snapshots/first": 1})
    ['snapshots/first (1 entry)']
    """
    return [f"{place} ({counted(n, 'entry', 'entries')})" for place, n in counts.items()]
