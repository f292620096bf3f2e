"""The commands of the app: serving it, and the demo."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.terminal import stopped_says

if TYPE_CHECKING:
    from annotator.demo.drawn_drives import DrawnVehicles

HOST = "127.0.0.1"
PORT = 8501
Host = Annotated[str, typer.Option(help="The address to listen on.")]
AllowedHost = Annotated[
    list[str] | None, typer.Option(help="Host name under which people open the app; repeatable.")
]
Port = Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")]


@stopped_says("Everything is saved; the same command serves it again.")
def review(
    ctx: typer.Context,
    host: Host = HOST,
    port: Port = PORT,
    decide_first: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of training frames in decide-first mode (0.1).")
    ] = None,
    blind: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of training frames in blind mode (0.1).")
    ] = None,
    allowed_host: AllowedHost = None,
    proxy: Annotated[
        list[str] | None, typer.Option(help="Address of a proxy in front of the app; repeatable.")
    ] = None,
    oidc: Annotated[
        Path | None,
        typer.Option(
            envvar="TELETRIAGE_OIDC_FILE", help="Settings of an OpenID Connect provider (TOML, 0600)."
        ),
    ] = None,
    passwords: Annotated[bool, typer.Option(help="Whether people can sign in with a password.")] = True,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Log one JSON object a line.")] = False,
) -> None:
    """Serve the review app. Ctrl-C stops it; work is saved."""
    from annotator.review_order.ranking import rank_frames
    from annotator.serve import Exposure, require_exposure, serve
    from annotator.settings import settings_from
    from data.people.accounts import list_people

    shares = {"decide_first": decide_first, "blind": blind}
    told = settings_from(
        workspace=ctx.obj.workspace,
        store=ctx.obj.store_url,
        allowed_hosts=tuple(allowed_host or ()),
        oidc=oidc is not None,
        passwords=passwords,
        json_logs=json_logs,
        demo=False,
        **{name: share for name, share in shares.items() if share is not None},
    )
    exposure = Exposure(host, port, tuple(proxy or ()), oidc)
    require_exposure(told, exposure)
    store = ctx.obj.open_store()
    rank_frames(store)
    if not any(not person.is_scripted for person in list_people(store)):
        print("Nobody can sign in yet: teletriage people add NAME --role annotator", file=sys.stderr)
    store.close()
    serve(told, exposure)


@stopped_says("What was drawn and decided is kept; the same command goes on.")
def demo(
    ctx: typer.Context,
    host: Host = HOST,
    port: Port = PORT,
    serve_app: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Open the app when it is built.")
    ] = True,
    allowed_host: AllowedHost = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Watch drawn drives that a model judges, the miniature, instead of replayed vehicles.",
        ),
    ] = False,
) -> None:
    """Build a workspace with drawn frames and scripted proposals and reviews, serve the app on it and watch four
    replayed vehicles."""
    from annotator.demo.running import run_demo
    from annotator.demo.workspace import build_demo
    from annotator.serve import Exposure, require_exposure
    from annotator.settings import settings_from
    from annotator.web.admission import LOOPBACK
    from data.terminal import progress_bar

    settings = ctx.obj
    told = settings_from(
        workspace=settings.workspace,
        store=settings.store_url,
        allowed_hosts=tuple(allowed_host or ()),
        demo=host in LOOPBACK and not allowed_host,
    )
    exposure = Exposure(host, port)
    if serve_app:
        require_exposure(told, exposure)
    with progress_bar("Drawing frames") as progress:
        people = build_demo(settings.workspace, store_url=settings.store_url, progress=progress)
    for person in people:
        print(f"  {person.name:8} {person.role:10} password {person.password}")
    if serve_app:
        print(f"\nThe app is at http://{host}:{port} (stop it with Ctrl-C; your work is kept)")
        run_demo(told, exposure, _drawn_vehicles(settings.workspace) if live else None)


def _drawn_vehicles(workspace: Path) -> DrawnVehicles:
    from annotator.demo.drawn_drives import drawn_vehicles
    from data.terminal import progress_bar

    with progress_bar("Drawing drives") as progress:
        return drawn_vehicles(workspace, progress)


COMMANDS: dict[str, Callable[..., None]] = {"review": review, "demo": demo}
