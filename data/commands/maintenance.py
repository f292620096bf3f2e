"""`teletriage backup`, `restore`, `check` and `store copy`: keeping what people did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from data.commands.following import after_backup
from data.commands.trail import told_breaks
from data.errors import BackupError, StoreDamaged
from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted

if TYPE_CHECKING:
    from data.maintenance.backup import Copied
    from data.store.opening import Store

store = typer.Typer(help="The store itself.", no_args_is_help=True)


def _kept(given: Mapping[str, Any]) -> str:
    if given["every"] is not None:
        return f"The backups in {given['out']} stay; the same command goes on."
    return f"No backup was written to {given['out']}; the store is as it was. Run the same command again."


@stopped_says(_kept)
def backup(
    ctx: typer.Context,
    out: Annotated[
        Path,
        typer.Argument(help="A new file, or with --every a folder; nobody else can read what is written."),
    ],
    every: Annotated[
        str | None, typer.Option(help="Go on until interrupted, one backup every 30m, 24h or 7d.")
    ] = None,
    keep: Annotated[
        int, typer.Option(min=1, help="With --every: how many to keep; older ones are removed.")
    ] = 14,
    as_json: AsJson = False,
) -> None:
    """Write the whole store to one file while people work; with --every again and again."""
    from data.maintenance.backup import write_backup

    if every is not None:
        _backups(ctx.obj.open_store(), out, every, keep, as_json=as_json)
    with progress_bar("Copying rows") as progress:
        done = write_backup(ctx.obj.open_store(), out, progress=progress)
    then = ctx.obj.command("check") if done.damages else after_backup(ctx.obj, out)
    print_result({**done.as_dict(), "path": str(out)}, _written(done, out), as_json=as_json, then=then)


def _written(done: Copied, out: Path) -> str:
    damage = (
        f"\nThe store was saved as it is, and it is damaged:\n{told_breaks(done.damages)}"
        if done.damages
        else ""
    )
    return f"{counted(done.rows, 'row')} in {out}. Head of the audit trail: {done.head}{damage}"


def _backups(store: Store, folder: Path, every: str, keep: int, *, as_json: bool) -> NoReturn:
    """Ends with Ctrl-C alone."""
    import time
    from datetime import UTC, datetime

    from data.maintenance.schedule import Kept, interval_s, keep_backing_up

    def say(done: Kept | BackupError) -> None:
        if isinstance(done, BackupError):
            print(f"{done} It is tried again within ten minutes.", file=sys.stderr, flush=True)
            return
        removed = f" Removed {', '.join(path.name for path in done.removed)}." if done.removed else ""
        figures = {**done.copied.as_dict(), "path": str(done.path), "removed": [str(p) for p in done.removed]}
        print_result(figures, _written(done.copied, done.path) + removed, as_json=as_json)
        sys.stdout.flush()

    keep_backing_up(
        store,
        folder,
        every_s=interval_s(every),
        keep=keep,
        say=say,
        sleep=time.sleep,
        clock=lambda: datetime.now(tz=UTC),
    )


@stopped_says("Nothing is restored until all of it is; run the same command again.")
def restore(
    ctx: typer.Context,
    backup_file: Annotated[
        Path,
        typer.Argument(
            metavar="BACKUP", help="What `teletriage backup` wrote; with --rehearse also its folder."
        ),
    ],
    accept_damage: Annotated[
        bool, typer.Option("--accept-damage", help="Restore a backup that is known to be damaged.")
    ] = False,
    rehearse: Annotated[
        bool,
        typer.Option(
            "--rehearse", help="Only try it: restore to a folder that is thrown away and compare every row."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into a workspace without a store, or into an empty database (--store)."""
    from data.maintenance.backup import restore_backup

    settings: Settings = ctx.obj
    if rehearse:
        _rehearse(settings, backup_file, as_json=as_json)
        return
    with progress_bar("Copying rows") as progress:
        done = restore_backup(
            backup_file,
            settings.workspace,
            url=settings.store_url,
            accept_damage=accept_damage,
            progress=progress,
        )
    told = f"{counted(done.rows, 'row')} are back; everybody has to sign in again. Head: {done.head}"
    print_result(done.as_dict(), told, as_json=as_json, then=settings.command("review"))


def _rehearse(settings: Settings, backup_file: Path, *, as_json: bool) -> None:
    """The trail of the store that is there, if one is, says that the rehearsal passed."""
    import time

    from data.maintenance.backup import rehearse_restore
    from data.maintenance.schedule import newest_in

    found = newest_in(backup_file) if backup_file.is_dir() else backup_file
    is_known = settings.store_url is not None or (settings.workspace / "store.db").exists()
    begun_s = time.monotonic()
    done = rehearse_restore(found, known_store=settings.open_store() if is_known else None)
    took_s = time.monotonic() - begun_s
    told = (
        f"{found} can be restored: {counted(done.rows, 'row')} came back as they were written, in {took_s:.1f} s. "
        f"Nothing was kept. Head: {done.head}"
    )
    print_result({**done.as_dict(), "path": str(found), "seconds": round(took_s, 2)}, told, as_json=as_json)


@stopped_says("The check did not finish; run the same command again.")
def check(
    ctx: typer.Context,
    mend: Annotated[
        bool, typer.Option("--mend", help="Recompute stale statuses and release leases without an end.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check the store: file integrity, references, audit trail. Exit code 1 if damaged."""
    from data.maintenance.check import check_store

    state = check_store(ctx.obj.open_store(), mend=mend)
    if as_json:
        print_result(state.as_dict(), "", as_json=True)
    if state.damages:
        raise StoreDamaged(f"The store is damaged:\n{told_breaks(state.damages)}")
    if not as_json:
        print(_told(state.as_dict(), mend=mend))


def _told(state: dict[str, Any], *, mend: bool) -> str:
    can_be_mended = state["stale_statuses"] + state["endless_leases"]
    word = "mended" if mend else "to be mended with --mend"
    note = (
        f" {counted(state['stale_statuses'], 'stale status', 'stale statuses')} and "
        f"{counted(state['endless_leases'], 'endless lease')} {word}."
        if can_be_mended
        else ""
    )
    return f"The store is whole: {counted(state['entries'], 'entry', 'entries')} in the audit trail.{note}"


@store.command("copy")
@stopped_says("The database named by --to does not hold all rows; empty it and run the same command again.")
def copy(
    ctx: typer.Context,
    to: Annotated[str, typer.Option(help="URL of an empty database, such as postgresql://…")],
    as_json: AsJson = False,
) -> None:
    """Copy the store into an empty one and compare every table. Stop the app first."""
    from data.maintenance.backup import copy_store

    settings: Settings = ctx.obj
    source: Store = settings.open_store()
    with progress_bar("Copying rows") as progress:
        done = copy_store(source, settings.workspace, to, progress=progress)
    lines = [
        f"  {name:24} {one.rows:>10,}  {one.sha256[:12]}" for name, one in done.tables.items() if one.rows
    ]
    told = "\n".join([*lines, f"{counted(done.rows, 'row')} arrived as they were read. Head: {done.head}"])
    print_result(done.as_dict(), told, as_json=as_json)


@store.command("rotate-keys")
@stopped_says("The keys are new or as they were; run the same command again.")
def rotate(ctx: typer.Context) -> None:
    """Make new keys for pictures, cookies and the monitor. Restart the app and the monitor afterwards."""
    from data.store.keys import rotate_keys

    rotate_keys(ctx.obj.open_store())
    print("The old keys open nothing more. Restart the app and the monitor now; sign-ins stay open.")


COMMANDS: dict[str, Callable[..., None]] = {"backup": backup, "restore": restore, "check": check}


@stopped_says("The folders named do not hold all tables; empty them and run the same command again.")
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
    """Export every table as files, without password hashes, sign-ins and keys."""
    from data.maintenance.table_files import write_csv, write_parquet

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
