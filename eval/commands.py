"""The commands of the eval package: parse, call one function, print."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from data.commands.asked_as import WEIGHTS_HELP, asked_as
from data.commands.following import STUDENT_AT, in_the_app
from data.commands.lookback import FRAMES_HELP, SPACING_HELP, WIDTH_HELP
from data.errors import DecisionError
from data.terminal import AsJson, Settings, print_result, stopped_says
from data.text.phrases import counted
from data.vocabulary import ReplyForm

if TYPE_CHECKING:
    from eval.episodes.figures import EventFigures


GATE_REFUSED = 3
"""The exit code of `evaluate --against` where a run may not take the other's place."""


@stopped_says(
    lambda given: (
        "Nothing was changed; run the same command again."
        if given["published"]
        else f"No report was written to {given['out']}; run the same command again."
    )
)
def evaluate(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help="The folder of the report; a relative one is made in the workspace.")
    ] = None,
    run: Annotated[
        list[str] | None, typer.Option(help="A run to evaluate; repeat for several. All runs by default.")
    ] = None,
    claim: Annotated[
        str | None,
        typer.Option(
            help="A figure to hold against a limit, e.g. missed_teleoperation; registered claims always are."
        ),
    ] = None,
    limit: Annotated[
        float | None, typer.Option(help="The claim's limit, a share: 0.01; with --than a difference.")
    ] = None,
    than: Annotated[
        str | None, typer.Option(help="The run that the claim compares with, e.g. the baseline.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="The run whose place each --run is to take, e.g. the model before it was quantised: exit code 3 where "
            "one is not shown to miss at most --margin more TELEOPERATION."
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="With --against: the most that a run may miss more, a share.")
    ] = 0.01,
    card: Annotated[
        Path | None,
        typer.Option(
            help="The folder of a run's weights, adapter or merged: its model card gets the run's figures."
        ),
    ] = None,
    snapshot: Annotated[
        Path | None, typer.Option(help="Refuse if the verified frames are no longer those of this snapshot.")
    ] = None,
    as_of: Annotated[
        Path | None, typer.Option(help="Evaluate against this snapshot's frames instead of the store's.")
    ] = None,
    of_list: Annotated[
        str | None,
        typer.Option(
            "--list", help="Compare on the frames of this named list alone; no claim is held on them."
        ),
    ] = None,
    by_log: Annotated[
        bool,
        typer.Option("--by-log", help="Count scenes of one log (drive) as one in every interval and test."),
    ] = False,
    frame_rate: Annotated[float, typer.Option(min=0.01, help="Frames per second of a vehicle.")] = 1.0,
    feeds: Annotated[int, typer.Option(min=1, help="Vehicles that one centre watches.")] = 10,
    author: Annotated[
        str | None, typer.Option(help="Who evaluates, for the report; by default the account here.")
    ] = None,
    events: Annotated[
        bool,
        typer.Option(
            "--events", help="Count situations too: called in time, how soon, false alarms per hour."
        ),
    ] = False,
    published: Annotated[
        bool, typer.Option("--published", help="Check the paper's printed figures against its own matrices.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare runs with the verified held-out frames: report.html, report.md and evaluation.json."""
    if published:
        _published(as_json)
        return
    if out is None:
        raise typer.BadParameter("Name the folder of the report with --out.")
    if (claim is None) != (limit is None) or (than is not None and claim is None):
        raise typer.BadParameter("--claim and --limit go together, and --than goes with them.")
    if against is not None and not set(run or []) - {against}:
        raise typer.BadParameter("Name the run that is to take its place with --run.")
    if snapshot is not None and as_of is not None:
        raise typer.BadParameter("--snapshot and --as-of are two ways to name the frames; give one of them.")
    from data.vlm.weights import read_weights
    from eval.comparison.claim import stated_claim
    from eval.evaluation.from_store import evaluate_runs
    from eval.evaluation.reference_set import Against
    from eval.metrics.deployment import Assumptions
    from eval.report.model_card import run_of_weights, tell_the_card
    from eval.report.render import refuse_taken, write_evaluation

    settings: Settings = ctx.obj
    out = settings.made(out)
    refuse_taken(out)
    if card is not None:
        read_weights(settings.found(card))
    snapshot, as_of = (settings.found(one) if one else None for one in (snapshot, as_of))
    evaluation = evaluate_runs(
        settings.open_store(),
        run or [] if against is None else list(dict.fromkeys([against, *(run or [])])),
        against=Against(snapshot=snapshot, as_of=as_of, by_log=by_log, of_list=of_list),
        claim=None if claim is None or limit is None else stated_claim(claim, limit, than=than),
        gate=None if against is None else (against, margin),
        author=author,
        assumptions=Assumptions(frames_per_second=frame_rate, feeds=feeds),
        workspace=settings.workspace,
    )
    if card is not None:
        run_of_weights(evaluation.runs, settings.found(card))
    page = write_evaluation(evaluation, out)
    frames, runs = counted(evaluation.frames.compared, "held-out frame"), counted(len(evaluation.runs), "run")
    figures = {**evaluation.model_dump(mode="json"), "report": str(page)}
    claimed = [one.says for claimed in evaluation.claims for one in claimed.runs]
    known = evaluation.lineage
    look = f"Evaluation {known.look} of this held-out set, entry {known.trail_entry} of the audit trail."
    passed = [one.says for one in evaluation.gates]
    looked = [f"{one.run}: {text}" for one in evaluation.probes for text in one.alarms or [one.says]]
    lines = [f"{runs} on {frames}: {page}", look, *passed, *claimed, *evaluation.shows, *looked]
    if evaluation.generated:
        made = counted(evaluation.generated.frames.compared, "verified generated frame")
        lines.append(f"{made} apart, in no figure above.")
    if card is not None:
        lines.append(f"Model card: {tell_the_card(evaluation, settings.found(card), out.name)}")
    if events:
        happened = _events(ctx, [one.name for one in evaluation.runs], out)
        figures["events"] = {name: one.model_dump(mode="json") for name, one in happened.items()}
        lines += [line for name, one in happened.items() for line in _event_lines(name, one)]
    lines += _unlisted(settings, out)
    print_result(figures, "\n".join(lines), as_json=as_json, then=_after_evaluate(settings, out))
    if not all(one.is_passed for one in evaluation.gates):
        raise typer.Exit(GATE_REFUSED)


def _is_listed(settings: Settings, out: Path) -> bool:
    return out.parent.resolve() == (settings.workspace / "reports").resolve()


def _unlisted(settings: Settings, out: Path) -> list[str]:
    """What is said of a report that the app does not list."""
    if _is_listed(settings, out):
        return []
    listed = Path("reports") / out.name
    return [
        f"The app does not list this report: it lists those in {settings.workspace / 'reports'} (--out {listed})."
    ]


def _after_evaluate(settings: Settings, out: Path) -> str | None:
    """Opening the report in the app, which lists the reports of the workspace."""
    if not _is_listed(settings, out):
        return None
    return in_the_app(settings, f"reports?report={quote(out.name)}")


def _events(ctx: typer.Context, runs: list[str], out: Path) -> dict[str, EventFigures]:
    """The event figures of the runs, kept beside their report as events.json."""
    import json

    from eval.episodes.from_store import events_of_runs
    from eval.episodes.in_words import DEFINITIONS

    found = events_of_runs(ctx.obj.open_store(), runs)
    kept = {
        "definitions": DEFINITIONS,
        "runs": {name: one.model_dump(mode="json") for name, one in found.items()},
    }
    (out / "events.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return found


def _event_lines(name: str, figures: EventFigures) -> list[str]:
    from eval.episodes.in_words import event_lines

    return event_lines(name, figures)


def _published(as_json: bool) -> None:
    from eval.published.check import check_published
    from eval.published.table import published_table

    check = check_published()
    print_result(check.model_dump(mode="json"), published_table(check), as_json=as_json)


@stopped_says("No decision was written; run the same command again.")
def decide(
    ctx: typer.Context,
    model: Annotated[
        Path | None,
        typer.Option(
            help="A trained folder: temperature and thresholds are fitted and kept in it as decision.json."
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            help="The run whose probabilities are used; with --model, instead of what training left."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The file of a guarantee, for teletriage monitor --decision.")
    ] = None,
    false_calls: Annotated[
        float, typer.Option(min=0, max=1, help="With --model: call at most this share of the other frames.")
    ] = 1.0,
    false_cost: Annotated[
        float, typer.Option(min=0, help="With --model: cost of a false TELEOPERATION; a miss costs 5.")
    ] = 1.0,
    guarantee: Annotated[
        float, typer.Option(help="Miss at most this share of a scene's TELEOPERATION frames, on average.")
    ] = 0.05,
    confidence: Annotated[float, typer.Option(help="How sure the guarantee is.")] = 0.95,
    share: Annotated[float, typer.Option(help="The development part, of the training scenes.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Seed of the development part.")] = 0,
    snapshot: Annotated[
        Path | None, typer.Option(help="What the run was trained on; refused if it holds development scenes.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fit a model's decision on its development part (--model), or a threshold that keeps a guarantee (--run)."""
    if model is not None:
        _decide_for_model(ctx.obj, model, snapshot, run, false_calls, false_cost, as_json=as_json)
        return
    from eval.guarantee.decide import decide as use_case
    from eval.guarantee.decide import in_words

    if run is None or out is None:
        raise typer.BadParameter(
            "Name a --model with its --snapshot, or a --run and an --out for a guarantee."
        )
    if out.exists():
        raise typer.BadParameter(f"{out} exists; name a new file with --out.")
    found = use_case(
        ctx.obj.open_store(),
        run,
        guarantee=guarantee,
        confidence=confidence,
        share=share,
        seed=seed,
        snapshot=snapshot,
    )
    lines, least, then = in_words(found, guarantee, confidence), found.chosen.least, None
    if found.decision is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(found.decision.model_dump_json(indent=2) + "\n", encoding="utf-8")
        then = _after_guarantee(ctx.obj, found.decision.model, out)
    figures: dict[str, Any] = {
        "decision": None if found.decision is None else found.decision.model_dump(),
        "least_guarantee": least if isinstance(least, float) else None,
        "scenes": found.chosen.scenes,
        "frames": found.chosen.frames,
        "missed": found.chosen.missed,
        "false_calls": found.false_calls,
        "others": found.others,
        "not_verified": found.open,
    }
    print_result(figures, "\n".join(lines), as_json=as_json, then=then)
    if found.decision is None:
        raise typer.Exit(1)


def _after_guarantee(settings: Settings, model: str, out: Path) -> str:
    """Watching feeds with the threshold."""
    asked = ("--endpoint", STUDENT_AT, "--model", model, "--decision", out)
    return settings.command("monitor", "--feeds", "feeds.yaml", *asked)


def _decide_for_model(
    settings: Settings,
    model: Path,
    snapshot: Path | None,
    run: str | None,
    false_calls: float,
    false_cost: float,
    *,
    as_json: bool,
) -> None:
    from data.decisions.fit import COSTS
    from data.vocabulary import TriageLevel
    from eval.decisions.for_model import decide_for_model, in_words

    if snapshot is None:
        raise typer.BadParameter("Name the --snapshot that the model was trained on.")
    folder = settings.found(model)
    if not folder.is_dir():
        raise DecisionError(f"There is no model folder {folder}: name what `train` or `merge` wrote.")
    t = TriageLevel.TELEOPERATION
    costs = {right: {**of, t: false_cost} if right is not t else dict(of) for right, of in COSTS.items()}
    decision = decide_for_model(
        folder,
        settings.found(snapshot),
        run=run,
        store=settings.open_store,
        costs=costs,
        false_calls=false_calls,
    )
    figures = {**decision.model_dump(mode="json"), "decision": decision.hash, "path": str(folder)}
    then = _after_decide(settings, folder)
    print_result(figures, "\n".join(in_words(decision, folder)), as_json=as_json, then=then)


def _after_decide(settings: Settings, model: Path) -> str:
    """Asking the model once more, so that its decided levels are stored."""
    return settings.command("propose", "--role", "aligned", "--endpoint", STUDENT_AT, "--weights", model)


claim_group = typer.Typer(
    help="Register what a run is to show before it is evaluated, and list what was registered.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@claim_group.command("register")
@stopped_says("The claim was registered or not: `teletriage claim list` shows it.")
def register(
    ctx: typer.Context,
    figure: Annotated[str, typer.Option(help="The figure, e.g. missed_teleoperation.")],
    limit: Annotated[
        float,
        typer.Option(
            help="Its limit, a share: 0.05. With --than, a difference: 0.01 for one point, 0 for better."
        ),
    ],
    run: Annotated[list[str], typer.Option(help="A run that the claim is about; repeat for several.")],
    than: Annotated[
        str | None, typer.Option(help="The run to compare with: the claim is about the difference.")
    ] = None,
    author: Annotated[str | None, typer.Option(help="Who claims it; by default the account here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a claim on the present held-out set into the audit trail."""
    from eval.comparison.claim import stated_claim
    from eval.evaluation.ledger import register_claim, utc

    stated = stated_claim(figure, limit, than=than)
    found = register_claim(ctx.obj.open_store(), stated, run, by=author or getpass.getuser())
    figures = {**stated.model_dump(), "runs": list(found.runs), "entry": found.entry, "at": utc(found.at_us)}
    sentence = f"Registered as entry {found.entry} of the audit trail: {stated.told_of(found.runs)}"
    print_result(figures, sentence, as_json=as_json, then=_after_claim(ctx.obj, found.runs, than))


def _after_claim(settings: Settings, runs: Sequence[str], than: str | None) -> str:
    """The evaluation that holds the claim against its limit."""
    asked = [word for run in ([than] if than else []) + [*runs] for word in ("--run", run)]
    return settings.command("evaluate", *asked, "--out", Path("reports") / runs[0])


@claim_group.command("list")
@stopped_says("Nothing was changed; run the same command again.")
def registered(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the claims and the evaluations on the present held-out set."""
    from eval.evaluation.ledger import held_out_hash, looks, registrations, utc

    with ctx.obj.open_store().read() as session:
        held_out = held_out_hash(session)
        claims, seen = registrations(session, held_out), looks(session, held_out)
    figures: dict[str, Any] = {
        "held_out": held_out,
        "claims": [
            {**one.claim.model_dump(), "runs": list(one.runs), "entry": one.entry, "at": utc(one.at_us)}
            for one in claims
        ],
        "evaluations": [{"runs": list(one.runs), "entry": one.entry, "at": utc(one.at_us)} for one in seen],
    }
    known = f"{counted(len(claims), 'claim')}, {counted(len(seen), 'evaluation')}"
    lines = [f"Held-out set {held_out[:12]}: {known}."]
    lines += [f"  {utc(one.at_us)}  entry {one.entry}: {one.claim.told_of(one.runs)}" for one in claims]
    lines += [f"  {utc(one.at_us)}  entry {one.entry}: evaluated {', '.join(one.runs)}" for one in seen]
    print_result(figures, "\n".join(lines), as_json=as_json)


@stopped_says("The loads measured so far are not kept; run the same command again.")
def throughput(
    ctx: typer.Context,
    endpoint: Annotated[str, typer.Option(help="The OpenAI-compatible endpoint: http://HOST:PORT/v1.")],
    model: Annotated[
        str | None,
        typer.Option(help="The model's name at the endpoint; with --weights, that of its record."),
    ] = None,
    weights: Annotated[Path | None, typer.Option(help=WEIGHTS_HELP)] = None,
    feeds: Annotated[
        list[int] | None,
        typer.Option(
            min=1, help="Number of feeds to try; repeatable. By default the largest is searched for."
        ),
    ] = None,
    frame_rate: Annotated[float, typer.Option(min=0.1, help="Frames per second of each feed.")] = 10.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long each load is counted.")] = 20.0,
    in_flight: Annotated[int, typer.Option(min=1, help="Concurrent requests per feed.")] = 8,
    deadline_ms: Annotated[
        float, typer.Option(min=1, help="Maximum age of an answer at the 95th percentile, in milliseconds.")
    ] = 1000.0,
    most_feeds: Annotated[int, typer.Option(min=1, help="Largest number of feeds to try.")] = 64,
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
    bench: Annotated[
        Path | None, typer.Option(help="A result of vllm bench serve --save-result, to show beside it.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for throughput.json and throughput.html.")
    ] = None,
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    as_json: AsJson = False,
) -> None:
    """Measure how many camera feeds at a fixed frame rate an endpoint can serve."""
    from data.terminal import progress_bar
    from eval.throughput.feeds import Load
    from eval.throughput.report import read_bench, throughput_lines, write_throughput
    from eval.throughput.server import Server, measure_throughput

    shape = asked_as(
        ctx.obj,
        weights=weights,
        model=model,
        revision=None,
        form=form,
        width_px=width_px,
        frames=frames,
        spacing_s=spacing_s,
    )
    beside = read_bench(bench) if bench else None
    with progress_bar("Trying loads") as progress:
        found = measure_throughput(
            ctx.obj.open_store(),
            Server(endpoint, shape.model, api_key, shape.form, shape.width_px, shape.lookback),
            Load(1, frame_rate, seconds, in_flight=in_flight),
            feeds=feeds or (),
            most_feeds=most_feeds,
            deadline_ms=deadline_ms,
            progress=lambda load: progress(load.feeds, most_feeds),
        )
    lines = throughput_lines(found)
    if out is not None:
        lines += f"\n{write_throughput(found, out, bench=beside)}"
    figures = {**found.model_dump(mode="json"), "vllm_bench": beside}
    print_result(figures, lines, as_json=as_json)


@stopped_says("Nothing was changed; run the same command again.")
def agreement(
    ctx: typer.Context,
    out: Annotated[Path | None, typer.Option(help="Write agreement.html and agreement.csv here too.")] = None,
    as_json: AsJson = False,
) -> None:
    """Report agreement of independent ratings, with intervals over scenes."""
    from eval.agreement.from_store import agreement as use_case
    from eval.agreement.report import as_figures, as_sentences, write_agreement_report

    found = use_case(ctx.obj.open_store())
    figures = as_figures(found)
    if out is not None:
        figures["report"] = str(write_agreement_report(found, out))
    print_result(figures, "\n".join(as_sentences(found)), as_json=as_json)


@stopped_says("Nothing was changed; run the same command again.")
def coverage(
    ctx: typer.Context,
    picture: Annotated[Path | None, typer.Option(help="Write the picture (SVG) into this file too.")] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            help="The report whose run is held against the scenarios; the workspace's newest by default."
        ),
    ] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="Another catalogue; data/scenarios/catalogue.yaml by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Report which scenarios the verified frames lack, and where 100 more frames would help most."""
    from data.scenarios.catalogue import read_catalogue
    from eval.coverage.from_store import coverage as use_case
    from eval.coverage.report import as_figures, as_lines, write_picture

    store = ctx.obj.open_store()
    found = use_case(store, read_catalogue(catalogue), ctx.obj.workspace / "reports", report=report)
    figures, lines = as_figures(found), as_lines(found)
    if picture is not None:
        figures["picture"] = str(write_picture(found, picture))
        lines.append(f"Picture: {picture}")
    print_result(figures, "\n".join(lines), as_json=as_json)


GROUPS: dict[str, typer.Typer] = {"claim": claim_group}
"""What this package adds to `teletriage` as groups of commands."""
SCENARIO_COMMANDS: dict[str, Callable[..., None]] = {"coverage": coverage}
"""What this package adds to `teletriage scenarios`."""
COMMANDS: dict[str, Callable[..., None]] = {
    "evaluate": evaluate,
    "decide": decide,
    "agreement": agreement,
    "throughput": throughput,
}
