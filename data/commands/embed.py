"""The command that gives frames their vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from data.commands.following import after_look
from data.terminal import AsJson, Settings, print_result, progress_bar, stopped_says
from data.text.phrases import counted, listed


@stopped_says("The vectors made so far are kept; the same command goes on with the other frames.")
def embed(
    ctx: typer.Context,
    local: Annotated[
        bool,
        typer.Option(
            "--local", help="Describe pictures here, without weights: layout, colour, edges, cues, pose."
        ),
    ] = False,
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            help="An OpenAI-compatible endpoint whose /embeddings takes pictures; repeat for several."
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="The embedding model's name at the endpoint.")] = None,
    revision: Annotated[str | None, typer.Option(help="The model's revision, kept with the vectors.")] = None,
    instruction: Annotated[
        str | None, typer.Option(help="The text behind the picture; by default: Represent the given image.")
    ] = None,
    width_px: Annotated[
        int,
        typer.Option("--width", min=32, max=4096, help="Width that pictures are scaled down to, in pixels."),
    ] = 448,
    concurrency: Annotated[int, typer.Option(min=1, max=1024, help="Concurrent requests.")] = 64,
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    as_json: AsJson = False,
) -> None:
    """Give every frame a vector, so that frames that look like one are found."""
    if local == bool(endpoint):
        raise typer.BadParameter("Give either --local or --endpoint.")
    if bool(endpoint) != (model is not None):
        raise typer.BadParameter("--endpoint and --model go together.")
    from data.alike.embed import embed_at_endpoint, embed_locally

    settings: Settings = ctx.obj
    store = settings.open_store()
    with progress_bar("Embedding pictures") as progress:
        if local:
            done = embed_locally(store, settings.workspace, progress=progress)
        else:
            from data.vlm.client import Asking
            from data.vlm.embedding import INSTRUCTION, REPLY_BYTES
            from data.vlm.request import STUDENT_SAMPLING

            asking = Asking(
                tuple(endpoint or ()),
                str(model),
                replace(STUDENT_SAMPLING, image_width_px=width_px),
                concurrency=concurrency,
                api_key=api_key,
                reply_bytes=REPLY_BYTES,
            )
            done = embed_at_endpoint(
                store,
                settings.workspace,
                asking,
                revision=revision,
                instruction=INSTRUCTION if instruction is None else instruction,
                progress=progress,
            )
    failed = f" Without one: {listed(done.failed)}." if done.failed else ""
    gone = f", {done.dropped:,} dropped" if done.dropped else ""
    print_result(
        done.as_dict(),
        f"{counted(done.frames, 'frame')} with a vector of {done.dims:,} numbers ({done.added:,} new{gone}), made by "
        f"{done.made_by}; {counted(done.stacks, 'stack')} of look-alikes.{failed}",
        as_json=as_json,
        then=after_look(settings),
    )
