""""""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.terminal import AsJson, Settings, print_result, progress_bar
from data.text.phrases import counted, listed

if TYPE_CHECKING:
    pass


def ingest(
    ctx: typer.Context,
    dataroot: Annotated[Path, typer.Argument(help="The nuScenes dataroot: it holds VERSION/ and samples/.")],
    version: Annotated[str, typer.Option(help="The folder with the tables.")] = "v1.0-trainval",
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Read every image again, not only new ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read nuScenes tables into the store: scenes, and their CAM_FRONT keyframes."""
    from data.frames.ingest import ingest as use_case
    from data.nuscenes.tables import require_dataroot
    from data.verification.status import refresh_statuses

    settings: Settings = ctx.obj
    require_dataroot(dataroot, version)  # before a workspace is made for it
    with progress_bar("Reading images") as progress:
        store = settings.open_store(create=True)
        done = use_case(store, dataroot, version, progress=progress, recheck=recheck)
    refresh_statuses(store)
    aside = f" Set aside: {listed(done.set_aside)}." if done.set_aside else ""
    print_result(
        done.as_dict(),
        f"{counted(done.frames, 'frame')} in {counted(done.scenes, 'scene')}: "
        f"{done.added:,} added, {done.updated:,} updated.{aside}",
        as_json=as_json,
    )


def sample(
    ctx: typer.Context,
    train: Annotated[int, typer.Option(help="How many frames to train on.")] = 9500,
    held_out: Annotated[int, typer.Option(help="How many frames to evaluate on.")] = 1000,
    seed: Annotated[int, typer.Option(help="The same seed draws the same frames.")] = 0,
    recipe: Annotated[
        Path | None,
        typer.Option(help="Split, thinning and biases (YAML); data/frames/sampling_recipe.yaml by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Split the scenes and draw frames on both sides, edge cases with a higher probability."""
    from data.frames.sampling import sample_frames
    from data.frames.sampling_recipe import read_recipe
    from data.frames.sampling_report import sampling_report
    from data.verification.status import refresh_statuses

    store = ctx.obj.open_store()
    drawn = sample_frames(store, train=train, held_out=held_out, seed=seed, recipe=read_recipe(recipe))
    refresh_statuses(store)
    sides = " and ".join(
        f"{counted(drawn.taken[side], 'frame')} of {counted(drawn.scenes[side], 'scene')} {words}"
        for side, words in (("train", "to train on"), ("held_out", "held out"))
    )
    short = [f"{drawn.asked[side]:,}" for side in drawn.asked if drawn.taken[side] < drawn.asked[side]]
    note = f" Fewer were there than asked for ({' and '.join(short)})." if short else ""
    again = " (drawn before; nothing changed)" if drawn.was_there else ""
    print_result(drawn.as_dict(), f"{sides}{again}.{note}\n{sampling_report(drawn)}", as_json=as_json)


def cues(
    ctx: typer.Context,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Write a contact sheet per cue into this folder, to check them by eye."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count the frames that show each cue."""
    from dataclasses import asdict

    from data.frames.cue_sheets import count_cues, write_cue_sheets

    store = ctx.obj.open_store()
    done = count_cues(store) if sheet is None else write_cue_sheets(store, sheet)
    written = f" Sheets in {sheet}: {', '.join(done.sheets) or 'none'}." if sheet else ""
    print_result(
        asdict(done), f"{counted(done.frames, 'frame')}: {listed(done.counts)}.{written}", as_json=as_json
    )
