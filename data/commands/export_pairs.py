"""The command that writes a snapshot's pairs for other trainers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.snapshot.layouts import Layout
from data.terminal import AsJson, Settings, print_result, stopped_says
from data.text.phrases import counted

if TYPE_CHECKING:
    from data.snapshot.export import Exported


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
    found = use_case(settings.found(snapshot), out, layout)
    print_result(
        {**asdict(found), "layout": layout.value, "path": str(out)},
        _text(found, layout, out),
        as_json=as_json,
    )


def _text(found: Exported, layout: Layout, out: Path) -> str:
    lines = [
        f"{counted(found.pairs, 'pair')} for {layout.value} in {out}. It has no weight per pair: the export is for "
        "Standard DPO there."
    ]
    if found.left_out:
        lines.append(
            f"Left out: {counted(found.left_out, 'pair')} with <image>, <video> or <audio> in an answer, which "
            "LLaMA-Factory would stop at."
        )
    if found.pixels is not None:
        lines.append(f"Train on the pictures that the student was shown: {_SETTING[layout]} {found.pixels}.")
    return "\n".join(lines)


_SETTING = {Layout.LLAMA_FACTORY: "image_max_pixels:", Layout.MS_SWIFT: "--max_pixels"}
"""How each trainer is told; without it the one takes 589,824 pixels and the other all of them."""
