"""The commands of the data package: parse, call one function, print."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from data.blurring.commands import blur
from data.commands.doubts import ground, suspicions
from data.commands.embed import embed
from data.commands.export_pairs import export_pairs
from data.commands.frames import cues, erase, ingest, sample
from data.commands.maintenance import COMMANDS as STORE_COMMANDS
from data.commands.maintenance import store, tables
from data.commands.people import people
from data.commands.probe import probe
from data.commands.propose import propose
from data.commands.snapshot import snapshot, trace
from data.commands.trail import audit

if TYPE_CHECKING:
    pass


COMMANDS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "cues": cues,
    "sample": sample,
    "propose": propose,
    "probe": probe,
    "embed": embed,
    "suspicions": suspicions,
    "ground": ground,
    "snapshot": snapshot,
    "trace": trace,
    "export-pairs": export_pairs,
    **STORE_COMMANDS,
    "tables": tables,
    "blur": blur,
    "erase": erase,
}
GROUPS: dict[str, typer.Typer] = {"people": people, "audit": audit, "store": store}
