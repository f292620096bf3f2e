"""The command that writes a snapshot's pairs for other trainers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.snapshot.layouts import Layout
from data.terminal import AsJson, Settings, print_result, stopped_says
from data.text.phrases import counted


@stopped_says(lambda given: f"Nothing was written to {given['out']}; run the same command again.")
def export_pairs(
    ctx: typer.Context,
    snapshot: Annotated[Path, typer.Option(help="The snapshot's folder.")],
    layout: Annotated[Layout, typer.Option(help="The trainer that is to read the pairs.")],
    out: Annotated[Path, typer.Option(help="A new folder for them.")],
    as_json: AsJson = False,
) -> None:
    """Write a snapshot's pairs in the layout of LLaMA-Factory or ms-swift; TRL reads the snapshot itself."""
    from data.snapshot.export import export_pairs as use_case

    settings: Settings = ctx.obj
    pairs = use_case(settings.found(snapshot), out, layout)
    print_result(
        {"pairs": pairs, "layout": layout.value, "path": str(out)},
        f"{counted(pairs, 'pair')} for {layout.value} in {out}. It has no weight per pair: the export is for Standard "
        "DPO there.",
        as_json=as_json,
    )
