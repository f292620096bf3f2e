"""`teletriage audit`: is what stands in the store what was written?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import TrailBroken
from data.terminal import AsJson, print_result, stopped_says
from data.text.addresses import without_password
from data.text.phrases import counted

if TYPE_CHECKING:
    from data.maintenance.trail_check import TrailState
    from data.store.trail_chain import Break

SHOWN = 10
audit = typer.Typer(help="The audit trail of everything that was done.", no_args_is_help=True)


@audit.command("verify")
@stopped_says("Nothing was changed in the store; run the same command again.")
def verify(
    ctx: typer.Context,
    head: Annotated[
        str | None, typer.Option(help="A head printed earlier, which the trail must still contain.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every hash of the trail and of the rows it covers. Exit code 1 if anything was changed."""
    from data.maintenance.trail_check import verify_trail

    with ctx.obj.open_store().read() as session:
        state = verify_trail(session, known_head=head)
    rows = counted(state.rows + state.sealed_rows, "row")
    told = f"{counted(state.entries, 'entry', 'entries')} and {rows} are what was written."
    if state.is_whole or as_json:
        print_result(state.as_dict(), f"{told} Head: {state.head}", as_json=as_json)
    refuse_broken(state)


@audit.command("head")
@stopped_says("Nothing was changed in the store; run the same command again.")
def head(
    ctx: typer.Context,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="FILE|URL", help="Append it to a file, or POST it as JSON to an http address."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the head of the trail and keep it elsewhere. Exit code 1 if a head in FILE is no longer in the trail."""
    from data.maintenance.kept_heads import current_head, keep_head

    store = ctx.obj.open_store()
    found = current_head(store) if to is None else keep_head(store, to)
    where = "" if to is None else f", kept at {without_password(to)}"
    told = f"Head of {counted(found.entries, 'entry', 'entries')}: {found.head}{where}"
    print_result(found.model_dump(), told, as_json=as_json)


def refuse_broken(state: TrailState) -> None:
    """Raises TrailBroken with the first places where the trail breaks."""
    if state.is_whole:
        return
    places = counted(len(state.breaks), "place")
    raise TrailBroken(f"The audit trail is broken in {places}:\n{told_breaks(state.breaks)}")


def told_breaks(breaks: Sequence[Break]) -> str:
    """The first of them, one a line."""
    lines = [f"  {one.where}: {one.what}" for one in breaks[:SHOWN]]
    more = [f"  and {len(breaks) - SHOWN:,} more"] if len(breaks) > SHOWN else []
    return "\n".join([*lines, *more])


@audit.command("show")
@stopped_says("Nothing was changed in the store; run the same command again.")
def show(
    ctx: typer.Context,
    last: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the latest entries.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the latest entries, oldest first: when, who, what."""
    from data.maintenance.trail_check import latest_entries

    rows = latest_entries(ctx.obj.open_store(), last)
    lines = [
        f"{row['at']}  {row['who']:16} {row['act']:18} {row['subject']} {row['details']}" for row in rows
    ]
    print_result({"entries": rows}, "\n".join(lines) or "Nothing was done yet.", as_json=as_json)
