""""""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.commands.following import after_snapshot
from data.frames.development_part import SHARE
from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted, listed
from data.vocabulary import ImageStorage, ReplyForm

if TYPE_CHECKING:
    from data.snapshot.folder import Manifest
    from data.snapshot.freeze import FreezeOptions
    from data.snapshot.writer import SnapshotLabel


@stopped_says(
    lambda given: (
        "Nothing was changed; run the same command again."
        if given["verify"] or given["diff"]
        else f"No snapshot was written to {given['out_dir']}; run the same command again."
    )
)
def snapshot(
    ctx: typer.Context,
    out_dir: Annotated[
        Path | None,
        typer.Argument(
            help="A new folder, a relative one in the workspace; with --verify, the one to check."
        ),
    ] = None,
    form: Annotated[
        ReplyForm | None,
        typer.Option(
            help="The reply form of every pair; by default that of the student's run. thought_first takes frames whose "
            "words are the teacher's own, with its chain of thought."
        ),
    ] = None,
    generated: Annotated[
        bool,
        typer.Option("--generated", help="Take verified generated frames too; the manifest counts them."),
    ] = False,
    images: Annotated[
        ImageStorage,
        typer.Option(help="Copy the pictures into the folder, or reference them in place."),
    ] = ImageStorage.COPIED,
    development: Annotated[
        float,
        typer.Option(
            min=0,
            max=0.9,
            help="Share of training scenes kept out of training, as the development part that runs are watched and "
            "decisions are fitted on.",
        ),
    ] = SHARE,
    of_list: Annotated[
        str | None,
        typer.Option(
            "--list", help="Take only the frames on this named list, as they are put together under Frames."
        ),
    ] = None,
    no_contradicted: Annotated[
        bool,
        typer.Option(
            "--no-contradicted",
            help="Leave out training frames whose chosen words are contradicted by what is there; judges them first.",
        ),
    ] = False,
    name: Annotated[str | None, typer.Option(help="What to call it; no part of its hash.")] = None,
    description: Annotated[
        str | None, typer.Option(help="What it is for, in a few words; no part of its hash.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check a snapshot against its own hashes.")
    ] = False,
    diff: Annotated[
        tuple[Path, Path] | None, typer.Option(help="Compare two snapshots: what changed, and why.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Freeze the verified frames and their preference pairs into a hashed folder."""
    if diff is not None:
        _diff(*map(ctx.obj.found, diff), as_json=as_json)
    elif out_dir is None:
        raise typer.BadParameter("Name a folder, or give --diff A B.")
    elif verify:
        _verify(ctx.obj.found(out_dir), as_json=as_json)
    else:
        from data.snapshot.freeze import FreezeOptions
        from data.snapshot.writer import SnapshotLabel

        options = FreezeOptions(form, generated, images, development, of_list, not no_contradicted)
        label = SnapshotLabel(name, description)
        _freeze(ctx.obj, ctx.obj.made(out_dir), options, label, as_json=as_json)


def _freeze(
    settings: Settings, out_dir: Path, options: FreezeOptions, label: SnapshotLabel, *, as_json: bool
) -> None:
    from data.snapshot.freeze import freeze

    store = settings.open_store()
    if not options.contradicted:
        from data.grounding.grounded_words import ground

        with progress_bar("Judging words") as judging:
            ground(store, progress=judging)
    with progress_bar("Freezing") as progress:
        manifest = freeze(store, out_dir, options, label=label, progress=progress)
    pairs = sum(manifest.pairs_by_weight.values())
    by_weight = ", ".join(f"{n:,} of weight {weight}" for weight, n in manifest.pairs_by_weight.items())
    excluded = f" Left out: {listed(manifest.excluded_by_reason)}." if manifest.excluded_by_reason else ""
    excluded += (
        f" The chosen words of {counted(n, 'pair')} are contradicted." if (n := manifest.contradicted) else ""
    )
    made = manifest.generated["pairs"] + manifest.generated["evaluation"]
    excluded += f" {counted(made, 'frame')} of it generated." if made else ""
    figures = {**manifest.model_dump(mode="json", exclude={"files"}), "pairs": pairs, "path": str(out_dir)}
    print_result(
        figures,
        f"Snapshot {manifest.snapshot_hash[:12]} in {out_dir}: {counted(pairs, 'pair')} ({by_weight or 'none'}), "
        f"{_kept_out(manifest)}"
        f"{counted(sum(manifest.evaluation_by_level.values()), 'held-out frame')}.{excluded}",
        as_json=as_json,
        then=after_snapshot(settings, store, out_dir, manifest),
    )


def _kept_out(manifest: Manifest) -> str:
    frames, scenes = sum(manifest.development_by_level.values()), len(manifest.development_scenes)
    return f"{counted(frames, 'development frame')} of {counted(scenes, 'scene')}, " if frames else ""


def _verify(folder: Path, *, as_json: bool) -> None:
    from data.snapshot.folder import load_snapshot

    whole = load_snapshot(folder)
    files, pairs = len(whole.manifest.files), len(whole.pairs)
    print_result(
        {"snapshot_hash": whole.manifest.snapshot_hash, "files": files, "pairs": pairs, "whole": True},
        f"{folder} is whole: {counted(files, 'file')} and {counted(pairs, 'pair')} match their hashes.",
        as_json=as_json,
    )


def _diff(first: Path, second: Path, *, as_json: bool) -> None:
    from data.snapshot.diff import diff_snapshots

    found = diff_snapshots(first, second)
    lines = [f"{change.kind:8} {change.frame_id}  {change.why}" for change in found.changes]
    total = f"{listed(found.counts)}." if lines else "The two snapshots hold the same frames and texts."
    print_result(found.as_dict(), "\n".join([*lines, total]), as_json=as_json)


@stopped_says("Nothing was changed; run the same command again.")
def trace(
    ctx: typer.Context,
    pair_or_frame: Annotated[
        str, typer.Argument(help="A frame id, an image's file name, 'scene-0103 frame 17', or a pair id.")
    ],
    snapshots: Annotated[
        Path | None,
        typer.Option(help="The folder of snapshots to look pairs up in; the workspace's by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where a pair or a frame comes from: acts, proposals, runs, image."""
    from data.snapshot.trace import trace as use_case
    from data.snapshot.trace import trace_text

    settings: Settings = ctx.obj
    found = use_case(
        settings.open_store(), pair_or_frame, snapshots=snapshots or settings.workspace / "snapshots"
    )
    print_result(found, trace_text(found), as_json=as_json)
