"""The commands of the data package: parse, call one function, print."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.people_commands import people
from data.propose_commands import propose
from data.store_commands import COMMANDS as STORE_COMMANDS
from data.store_commands import store
from data.terminal import AsJson, Settings, counted, listed, print_result, progress_bar
from data.trail_commands import audit
from data.vocabulary import ImageStorage

if TYPE_CHECKING:
    from data.snapshot import FreezeOptions


def ingest(
    ctx: typer.Context,
    dataroot: Annotated[Path, typer.Argument(help="The nuScenes dataroot: it holds VERSION/ and samples/.")],
    version: Annotated[str, typer.Option(help="The tables' folder.")] = "v1.0-trainval",
    recheck: Annotated[
        bool, typer.Option("--recheck", help="Read every image again, not only new ones.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read nuScenes tables into the store: scenes, and their CAM_FRONT keyframes."""
    from data.frame_status import refresh_statuses
    from data.ingest import ingest as use_case
    from data.nuscenes import require_dataroot

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
        typer.Option(help="Split, thinning and biases (YAML); data/sampling_recipe.yaml by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Split the scenes and draw frames on both sides, edge cases with a higher probability."""
    from data.frame_status import refresh_statuses
    from data.sampling import sample_frames
    from data.sampling_recipe import read_recipe
    from data.sampling_report import sampling_report

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
    """How many frames show each cue."""
    from dataclasses import asdict

    from data.cue_sheets import count_cues, write_cue_sheets

    store = ctx.obj.open_store()
    done = count_cues(store) if sheet is None else write_cue_sheets(store, sheet)
    written = f" Sheets in {sheet}: {', '.join(done.sheets) or 'none'}." if sheet else ""
    print_result(
        asdict(done), f"{counted(done.frames, 'frame')}: {listed(done.counts)}.{written}", as_json=as_json
    )


def snapshot(
    ctx: typer.Context,
    out_dir: Annotated[
        Path | None, typer.Argument(help="A new folder; with --verify, the one to check.")
    ] = None,
    chain_of_thought: Annotated[
        bool,
        typer.Option(
            "--chain-of-thought", help="Keep the teacher's chain of thought where its words stand unchanged."
        ),
    ] = False,
    generated: Annotated[
        bool,
        typer.Option("--generated", help="Take verified generated frames too; the manifest counts them."),
    ] = False,
    images: Annotated[
        ImageStorage,
        typer.Option(help="Copy the pictures into the folder, or name them where they are (referenced)."),
    ] = ImageStorage.COPIED,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check a snapshot against its own hashes.")
    ] = False,
    diff: Annotated[
        tuple[Path, Path] | None, typer.Option(help="Say what changed between two snapshots, and why.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Freeze the verified frames and their preference pairs into a hashed folder."""
    if diff is not None:
        _diff(*diff, as_json=as_json)
    elif out_dir is None:
        raise typer.BadParameter("Name a folder, or give --diff A B.")
    elif verify:
        _verify(out_dir, as_json=as_json)
    else:
        from data.snapshot import FreezeOptions

        options = FreezeOptions(chain_of_thought, generated, images)
        _freeze(ctx.obj, out_dir, options, as_json=as_json)


def _freeze(settings: Settings, out_dir: Path, options: FreezeOptions, *, as_json: bool) -> None:
    from data.snapshot import freeze

    store = settings.open_store()
    with progress_bar("Freezing") as progress:
        manifest = freeze(store, out_dir, options, progress=progress)
    pairs = sum(manifest.pairs_by_weight.values())
    by_weight = ", ".join(f"{n:,} of weight {weight}" for weight, n in manifest.pairs_by_weight.items())
    excluded = f" Left out: {listed(manifest.excluded_by_reason)}." if manifest.excluded_by_reason else ""
    made = manifest.generated["pairs"] + manifest.generated["evaluation"]
    excluded += f" {counted(made, 'frame')} of it generated." if made else ""
    figures = {**manifest.model_dump(mode="json", exclude={"files"}), "pairs": pairs, "path": str(out_dir)}
    print_result(
        figures,
        f"Snapshot {manifest.snapshot_hash[:12]} in {out_dir}: {counted(pairs, 'pair')} ({by_weight or 'none'}), "
        f"{counted(sum(manifest.evaluation_by_level.values()), 'held-out frame')}.{excluded}",
        as_json=as_json,
    )


def _verify(folder: Path, *, as_json: bool) -> None:
    from data.snapshot_format import load_snapshot

    whole = load_snapshot(folder)
    files, pairs = len(whole.manifest.files), len(whole.pairs)
    print_result(
        {"snapshot_hash": whole.manifest.snapshot_hash, "files": files, "pairs": pairs, "whole": True},
        f"{folder} is whole: {counted(files, 'file')} and {counted(pairs, 'pair')} match their hashes.",
        as_json=as_json,
    )


def _diff(first: Path, second: Path, *, as_json: bool) -> None:
    from data.snapshot_diff import diff_snapshots

    found = diff_snapshots(first, second)
    lines = [f"{change.kind:8} {change.frame_id}  {change.why}" for change in found.changes]
    total = f"{listed(found.counts)}." if lines else "The two snapshots hold the same frames and texts."
    print_result(found.as_dict(), "\n".join([*lines, total]), as_json=as_json)


def trace(
    ctx: typer.Context,
    pair_or_frame: Annotated[str, typer.Argument(help="A frame id, an image's file name, or a pair id.")],
    snapshots: Annotated[
        Path | None,
        typer.Option(help="The folder of snapshots to look pairs up in; the workspace's by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a pair or a frame comes from: acts, proposals, runs, image."""
    from data.trace import trace as use_case
    from data.trace import trace_text

    settings: Settings = ctx.obj
    found = use_case(
        settings.open_store(), pair_or_frame, snapshots=snapshots or settings.workspace / "snapshots"
    )
    print_result(found, trace_text(found), as_json=as_json)


def tables(
    ctx: typer.Context,
    parquet: Annotated[
        Path | None, typer.Option(help="An empty folder for one Parquet file per table, for pandas.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="An empty folder for one CSV per table, safe to open in a spreadsheet."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write every table of the store as files; passwords' hashes, sign-ins and keys stay where they are."""
    from data.table_files import write_csv, write_parquet

    if parquet is None and csv is None:
        raise typer.BadParameter("Give --parquet DIR, --csv DIR or both.")
    store = ctx.obj.open_store()
    written = [
        write(store, folder)
        for write, folder in ((write_parquet, parquet), (write_csv, csv))
        if folder is not None
    ]
    rows = written[0].rows
    folders = [one.folder for one in written]
    print_result(
        {"folders": folders, "rows": rows},
        f"{counted(len(rows), 'table')} with {counted(sum(rows.values()), 'row')} in {' and '.join(folders)}.",
        as_json=as_json,
    )


COMMANDS: dict[str, Callable[..., None]] = {
    "ingest": ingest,
    "cues": cues,
    "sample": sample,
    "propose": propose,
    "snapshot": snapshot,
    "trace": trace,
    **STORE_COMMANDS,
    "tables": tables,
}
GROUPS: dict[str, typer.Typer] = {"people": people, "audit": audit, "store": store}
