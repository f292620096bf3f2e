"""The commands of the monitor: watching feeds, and the report of a shift."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.commands.asked_as import WEIGHTS_HELP, asked_as
from data.commands.lookback import FRAMES_HELP, SPACING_HELP, WIDTH_HELP
from data.terminal import AsJson, stopped_says
from data.vocabulary import ReplyForm

if TYPE_CHECKING:
    from data.decisions.decision import ModelDecision
    from eval.guarantee.decide import Decision

Endpoint = Annotated[
    list[str], typer.Option(help="The model's endpoint (http://HOST:PORT/v1); repeat to distribute requests.")
]


@stopped_says("Alerts and answers are kept. Watch every feed yourself until the same command runs again.")
def monitor(
    ctx: typer.Context,
    feeds: Annotated[Path, typer.Option(help="The feeds file (YAML): a name and a source for each feed.")],
    endpoint: Endpoint,
    model: Annotated[
        str | None,
        typer.Option(help="The model's name at the endpoint; with --weights, that of its record."),
    ] = None,
    weights: Annotated[Path | None, typer.Option(help=WEIGHTS_HELP)] = None,
    revision: Annotated[str | None, typer.Option(help="The model's revision, kept with its answers.")] = None,
    form: Annotated[
        ReplyForm | None,
        typer.Option(help="The reply form that the model was trained in; level_first by default."),
    ] = None,
    width_px: Annotated[
        int | None,
        typer.Option("--width", min=32, max=16_384, help=WIDTH_HELP),
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, max=8, help=FRAMES_HELP)] = None,
    spacing_s: Annotated[
        float | None, typer.Option("--spacing", min=0.1, max=10.0, help=SPACING_HELP)
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option(help="The snapshot that the model was trained on: its hash or folder.")
    ] = None,
    limits: Annotated[
        Path | None, typer.Option(help="Other limits than the defaults (YAML), such as agreeing: 4.")
    ] = None,
    decision: Annotated[
        Path | None,
        typer.Option(
            help="The model's decision from teletriage decide: decision.json, or a guarantee's file."
        ),
    ] = None,
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    host: Annotated[str, typer.Option(help="Address to listen on for the app and Prometheus.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 0,
    keep_clips_days: Annotated[
        float,
        typer.Option(min=0, max=36_500, help="Days that the video around an alert is kept; 0 makes none."),
    ] = 30.0,
    blur: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL.onnx",
            help="Blur what this detector finds in every picture that is kept: alerts, clips, frames that come back.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help="Stop after this many seconds; by default it runs until Ctrl-C."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watch live feeds with a model and alert operators. Ctrl-C stops it; feeds then need manual monitoring."""
    import asyncio
    from dataclasses import asdict

    from annotator.monitor.rules.limits_file import read_limits
    from annotator.monitor.service.run import PICTURES, Asked, run_monitor, snapshot_hash
    from annotator.monitor.sources.feed_sheet import read_feed_sheet
    from data.blurring.detector import open_detector
    from data.terminal import print_result
    from data.text.phrases import counted

    settings = ctx.obj
    _log_to_stderr()
    sheet, held = read_feed_sheet(feeds), read_limits(limits)
    shape = asked_as(
        settings,
        weights=weights,
        model=model,
        revision=revision,
        form=form,
        width_px=width_px,
        frames=frames,
        spacing_s=spacing_s,
    )
    known = shape.known
    revision = revision or (known.revision if known else None)
    asked = Asked(
        endpoints=tuple(endpoint),
        model=shape.model,
        revision=revision,
        form=shape.form,
        image_width_px=shape.width_px,
        lookback=shape.lookback,
        snapshot=snapshot_hash(snapshot) or (known.lineage["snapshot_hash"] if known else None),
        api_key=api_key,
        host=host,
        port=port,
        for_s=seconds,
        decision=None if decision is None else _decision(decision, shape.model, revision),
        keep_clips_days=keep_clips_days,
        detector=None if blur is None else open_detector(blur),
    )
    store = settings.open_store()
    done = asyncio.run(
        run_monitor(
            store,
            sheet,
            asked,
            held,
            settings.workspace / PICTURES,
            ready=lambda _, address: print(
                f"Watching {counted(len(sheet.feeds), 'feed')}; figures at {address}/metrics", file=sys.stderr
            ),
        )
    )
    store.close()
    sentence = (
        f"Watched {counted(done.feeds, 'feed')} for {done.seconds:g} s: {counted(done.frames, 'frame')}, "
        f"{counted(done.answers, 'answer')} ({done.stale} stale, {done.failed} failed), "
        f"{counted(done.alerts, 'alert')}; {done.manual_share:.1%} of the time by eye."
    )
    print_result(asdict(done), sentence, as_json=as_json)
    if done.interrupted:
        raise KeyboardInterrupt


def _decision(path: Path, model: str, revision: str | None) -> Decision | ModelDecision:
    """The decision in a file or a model's folder, for this model."""
    import json

    from data.decisions.decision import DECISION, decision_for_served
    from eval.guarantee.decide import decision_of

    file = path / DECISION if path.is_dir() else path
    try:
        is_model_s = "weights" in json.loads(file.read_bytes())
    except (OSError, ValueError, TypeError):
        is_model_s = False
    return decision_for_served(file, model, revision) if is_model_s else decision_of(file, model)


@stopped_says("Nothing was changed; run the same command again.")
def shift_report(
    ctx: typer.Context,
    hours: Annotated[float, typer.Option(min=0.01, max=10_000, help="How many hours back from now.")] = 8.0,
    as_json: AsJson = False,
) -> None:
    """Report what the monitor and its operators did: latency, alarms per feed-hour, response times, agreement."""
    from annotator.monitor.shift_report import report_text
    from annotator.monitor.shift_report import shift_report as report_of
    from data.terminal import print_result

    store = ctx.obj.open_store()
    report = report_of(store, hours=hours)
    store.close()
    print_result(report, report_text(report), as_json=as_json)


def _log_to_stderr() -> None:
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", datefmt="%H:%M:%S"))
    log = logging.getLogger("teletriage.monitor")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


COMMANDS: dict[str, Callable[..., None]] = {"monitor": monitor, "shift-report": shift_report}
