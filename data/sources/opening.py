"""Which adapter reads what a person names. Adapters are imported when they are needed: some of their libraries are
large."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from data.errors import SourceError
from data.sources.pace import RATE_HZ
from data.sources.port import Source

ADAPTERS: Mapping[str, str] = {
    "nuscenes": "data.sources.nuscenes",
    "folder": "data.sources.folder",
    "video": "data.sources.video",
    "mcap": "data.sources.bag.drives",
    "nuscenes-schema": "data.sources.nuscenes_schema",
    "waymo-e2e": "data.sources.waymo",
    "nuplan": "data.sources.nuplan",
    "argoverse2": "data.sources.argoverse",
    "physical-ai": "data.sources.physical_ai.drives",
}
"""The words that `--as` takes, each with the module of its adapter."""
_WHERE_NOTHING_ELSE = frozenset({"folder", "video"})
"""Pictures and videos lie in data sets of every kind: these are what a path is that looks like nothing else."""


@dataclass(frozen=True)
class Options:
    """What a person may say about a source; None: nothing, the adapter decides or asks.

    version: of its tables; camera: the channel that becomes frames; rate_hz: at most so many frames of each second of
    a recording; licence: the terms that bind its pictures.
    """

    version: str | None = None
    camera: str | None = None
    rate_hz: float | None = None
    licence: str | None = None

    @property
    def pace_hz(self) -> float:
        """The rate that was asked for, else the usual one."""
        return RATE_HZ if self.rate_hz is None else self.rate_hz


class Adapter(Protocol):
    """What the module of an adapter offers."""

    @property
    def TAKES(self) -> Collection[str]:  # noqa: N802 - a constant of the module
        """The names of the options that mean something to it, beside the licence, which all take."""
        ...

    def matches(self, path: Path) -> bool:
        """Whether this looks like a source of its kind, by names alone."""
        ...

    def source_at(self, path: Path, options: Options) -> Source:
        """Raises SourceError where it is none."""
        ...


def holds_file(path: Path, fits: Callable[[str], bool]) -> bool:
    """Whether this is a file of such a name, or a folder that holds one, or a folder of such folders. No deeper: a
    data set has a million files."""
    if path.is_file():
        return fits(path.name)
    return any(fits(one.name) for depth in range(2) for one in path.glob(f"{'*/' * depth}*"))


def open_source(path: Path, kind: str | None = None, options: Options | None = None) -> Source:
    """The source at a path, read as `kind`, or as what it looks like.

    Raises SourceError: nothing is there, no kind or several kinds look like it, an option that the kind does not
    take, and what the adapter finds wrong.
    """
    asked, path = options or Options(), path.resolve()
    if not path.exists():
        raise SourceError(f"{path} does not exist.")
    kind = kind or _kind_of(path)
    adapter = _adapter(kind)
    given = {name for name, value in asdict(asked).items() if value is not None} - {"licence"}
    for name in sorted(given - set(adapter.TAKES)):
        raise SourceError(f"A source of the kind {kind} takes no --{name.removesuffix('_hz')}.")
    return adapter.source_at(path, asked)


def _kind_of(path: Path) -> str:
    kinds = [kind for kind in ADAPTERS if _adapter(kind).matches(path)]
    kinds = [kind for kind in kinds if kind not in _WHERE_NOTHING_ELSE] or kinds
    if len(kinds) == 1:
        return kinds[0]
    found = (
        f"It looks like {' and like '.join(kinds)}: say which" if kinds else "It looks like no kind of source"
    )
    raise SourceError(f"What is {path}? {found}; --as takes {', '.join(ADAPTERS)}.")


def _adapter(kind: str) -> Adapter:
    if kind not in ADAPTERS:
        raise SourceError(f"There is no kind of source {kind[:64]!r}; --as takes {', '.join(ADAPTERS)}.")
    return cast(Adapter, import_module(ADAPTERS[kind]))
