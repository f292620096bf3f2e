"""The command that asks models: at endpoints, through recorded replies or batch files, or on a Ray cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.commands.asked_as import as_trained, known_weights
from data.commands.asking_bar import asking_bar
from data.commands.following import after_batch, after_propose
from data.commands.lookback import FRAMES_HELP, SPACING_HELP, WIDTH_HELP, lookback_asked
from data.terminal import AsJson, Settings, print_result, stopped_says
from data.text.phrases import counted, listed
from data.vocabulary import ModelRole, ReplyForm

if TYPE_CHECKING:
    from data.decisions.decision import ModelDecision
    from data.proposals.asking import RunRequest
    from data.proposals.runs import Proposed
    from data.store import Store
    from data.vlm.moment import Lookback
    from data.vlm.request import SamplingParameters
    from data.vlm.weights import Weights

_SOURCES = ("--endpoint", "--replies", "--batch-out", "--batch-in", "--ray")


@stopped_says(
    lambda given: (
        "No file of requests was finished; run the same command again."
        if given["batch_out"]
        else "Every answer so far is stored; the same command goes on with the others."
    )
)
def propose(
    ctx: typer.Context,
    role: Annotated[ModelRole, typer.Option(help="Role of the model.")],
    endpoint: Annotated[
        list[str] | None,
        typer.Option(
            help="An OpenAI-compatible endpoint, such as http://127.0.0.1:8000/v1; repeat to distribute requests."
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="The model's name at the endpoint or in the file.")
    ] = None,
    replies: Annotated[
        Path | None,
        typer.Option(
            help="Recorded replies instead of an endpoint (JSONL), or texts without levels: DriveLM (JSON), CODA-LM "
            "(JSONL), PhysicalAI-AV (ood_reasoning.parquet)."
        ),
    ] = None,
    batch_out: Annotated[
        Path | None, typer.Option(help="Write the requests to a file for `vllm run-batch` instead.")
    ] = None,
    batch_in: Annotated[
        Path | None, typer.Option(help="Take the results that `vllm run-batch` wrote for such a file.")
    ] = None,
    ray: Annotated[
        bool,
        typer.Option(
            "--ray",
            help="Use Ray Data: with --endpoint its HTTP processor, otherwise vLLM engines on the cluster's GPUs.",
        ),
    ] = False,
    ray_workers: Annotated[
        int, typer.Option(min=1, help="Ray actors; each has --concurrency concurrent requests.")
    ] = 1,
    weights: Annotated[
        Path | None,
        typer.Option(
            help="The local folder of the weights that are served (from merge or train): its record names the model "
            "and gives the run's revision, lineage, form and width."
        ),
    ] = None,
    revision: Annotated[str | None, typer.Option(help="The model's revision, kept with the run.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; the model's name by default.")] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, max=64, help="Answers per frame; the most voted level is proposed.")
    ] = None,
    form: Annotated[
        ReplyForm | None,
        typer.Option(
            help="Order in which the reply is written; by default thought_first for teachers, else level_first."
        ),
    ] = None,
    calls: Annotated[
        int | None,
        typer.Option(min=1, max=2, help="2: a free chain of thought first, then the constrained reply."),
    ] = None,
    width_px: Annotated[
        int | None,
        typer.Option("--width", min=32, max=16_384, help=WIDTH_HELP),
    ] = None,
    frames: Annotated[int | None, typer.Option(min=1, max=8, help=FRAMES_HELP)] = None,
    spacing_s: Annotated[
        float | None, typer.Option("--spacing", min=0.1, max=10.0, help=SPACING_HELP)
    ] = None,
    temperature: Annotated[float | None, typer.Option(min=0.0, help="Sampling temperature.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=16, help="Maximum reply length in tokens.")] = None,
    seed: Annotated[int | None, typer.Option(help="Sampling seed.")] = None,
    files: Annotated[
        bool,
        typer.Option(
            "--files",
            help="Write the scaled pictures into WORKSPACE/model_pictures and name them by path; the server must allow "
            "that folder.",
        ),
    ] = False,
    accept_token_mismatch: Annotated[
        bool,
        typer.Option(
            "--accept-token-mismatch",
            help="Go on where the server counts other prompt tokens than the text and the picture have.",
        ),
    ] = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=1024, help="Concurrent requests; vLLM batches 64 to 256 of them.")
    ] = 64,
    api_key: Annotated[str, typer.Option(envvar="TELETRIAGE_API_KEY", help="The endpoint's key.")] = "none",
    as_json: AsJson = False,
) -> None:
    """Ask a model about the sampled frames, or take its recorded replies."""
    given = [bool(endpoint) or ray, replies is not None, batch_out is not None, batch_in is not None]
    if sum(given) != 1:
        raise typer.BadParameter(f"Give exactly one of {', '.join(_SOURCES)}.")
    settings: Settings = ctx.obj
    known = known_weights(settings, weights, model, revision)
    named = model or (known.served_name if known else None)
    if replies is None and named is None:
        raise typer.BadParameter("This needs a --model, or the --weights of one that was trained here.")
    lookback = lookback_asked(frames, spacing_s, known)
    wanted = {
        "form": form,
        "samples": samples,
        "calls": calls,
        "image_width_px": width_px,
        "lookback": lookback,
        "temperature": temperature,
        "max_tokens": max_tokens,
        "seed": seed,
    }
    store = settings.open_store()
    if replies is not None:
        done = _recorded(store, replies, role, model, name, lookback)
    else:
        from data.proposals.asking import RunRequest
        from data.vlm.client import Asking

        one_call = {"calls": calls or 1} if ray or not endpoint else {}
        asking = Asking(
            tuple(endpoint or ()),
            str(named),
            _sampling(role, str(named), {**wanted, **one_call}, known),
            concurrency=concurrency,
            api_key=api_key,
            files=settings.workspace / "model_pictures" if files else None,
            accepts_token_mismatch=accept_token_mismatch,
        )
        request = RunRequest(
            role,
            asking,
            revision or (known.revision if known else None),
            name,
            known.lineage if known else None,
            _decision(settings, weights, known),
        )
        if batch_out is not None:
            _write_batch(store, request, batch_out, as_json=as_json)
            return
        done = _asked(store, request, batch_in=batch_in, ray_workers=ray_workers if ray else None)
    _finish(settings, store, role, done, as_json=as_json)


def _recorded(
    store: Store, file: Path, role: ModelRole, model: str | None, name: str | None, lookback: Lookback | None
) -> Proposed:
    """A file of replies, or of a data set's texts, by what it looks like."""
    from data.proposals.recorded_replies import propose_from_replies
    from data.proposals.set_texts import propose_from_texts
    from data.sources.texts.kinds import texts_in

    texts = texts_in(file)
    if texts is not None:
        return propose_from_texts(store, texts, role=role, model=model, name=name)
    return propose_from_replies(store, file, role=role, model=model, name=name, lookback=lookback)


def _decision(settings: Settings, folder: Path | None, weights: Weights | None) -> ModelDecision | None:
    """The decision that lies beside the weights that are asked."""
    from data.decisions.decision import DECISION, decision_for

    if folder is None or weights is None or not (settings.found(folder) / DECISION).is_file():
        return None
    return decision_for(settings.found(folder), weights.revision)


def _write_batch(store: Store, request: RunRequest, out: Path, *, as_json: bool) -> None:
    from data.proposals.batch_files import open_batch_run, write_batch

    run = open_batch_run(store, request)
    figures = write_batch(store, run, out, files=request.asking.files)
    sentence = f"{counted(figures['requests'], 'request')} of run {run.name} in {out}."
    print_result(figures, sentence, as_json=as_json, then=after_batch(out, request.asking.model))


def _asked(store: Store, request: RunRequest, *, batch_in: Path | None, ray_workers: int | None) -> Proposed:
    """The answers to a request: from a batch's results, a Ray cluster or the endpoints."""
    if batch_in is not None:
        from data.proposals.batch_files import open_batch_run, read_batch

        return read_batch(store, open_batch_run(store, request), batch_in, decision=request.decision)
    with asking_bar(f"Asking {request.asking.model}") as watch:
        if ray_workers is not None:
            from data.proposals.ray_proposals import propose_with_ray

            return propose_with_ray(store, request, workers=ray_workers, watch=watch)
        from data.proposals.asking import propose_from_endpoint

        return propose_from_endpoint(store, request, watch=watch)


def _sampling(
    role: ModelRole, model: str, wanted: dict[str, Any], weights: Weights | None
) -> SamplingParameters:
    """The role's settings with what is wanted otherwise; weights trained here are asked as they were trained."""
    from data.errors import ProposalError
    from data.images.model_picture import shared_width_px
    from data.vlm.moment import STILL
    from data.vlm.request import default_sampling

    given = as_trained(weights, {name: value for name, value in wanted.items() if value is not None})
    default = default_sampling(role, model)
    given.setdefault("image_width_px", shared_width_px(given.get("lookback", STILL).frames))
    if given.get("form", default.form) is not ReplyForm.THOUGHT_FIRST:
        given.setdefault("calls", 1)
    sampling = replace(default, **given)
    if sampling.calls > 1 and not sampling.thinks:
        raise ProposalError("Two calls need a chain of thought: give --form thought_first with --calls 2.")
    if sampling.samples > 1 and sampling.temperature == 0:
        raise ProposalError(
            f"{sampling.samples} samples at temperature 0 would all be the same; give a --temperature."
        )
    return sampling


def _finish(settings: Settings, store: Store, role: ModelRole, done: Proposed, *, as_json: bool) -> None:
    from data.verification.status import refresh_statuses

    refresh_statuses(store)
    failed = f" ({listed(done.failures)})" if done.failures else ""
    lost = f" No answer yet: {listed(done.unreached)}." if done.unreached else ""
    unknown = f" {done.unknown:,} about other frames or settings." if done.unknown else ""
    beside = (
        f" {counted(done.samples, 'further reply', 'further replies')} to the same frames: kept as samples."
    )
    unknown += beside if done.samples else ""
    sentence = (
        f"Run {done.run}: {counted(done.added, 'new reply', 'new replies')}; of {counted(done.frames, 'frame')} "
        f"{done.parsed:,} parsed, {done.failed:,} failed{failed}, {done.unanswered:,} unanswered.{lost}{unknown}"
    )
    if done.texts or done.passed_over:
        sentence = _words(done)
    then = after_propose(settings, store, role, done.run)
    print_result(done.as_dict(), sentence, as_json=as_json, then=then)


def _words(done: Proposed) -> str:
    """What became of a data set's texts."""
    rest = [
        f"{counted(done.unknown, 'text is', 'texts are')} about frames that were not sampled."
        if done.unknown
        else "",
        f"{counted(done.passed_over, 'text is', 'texts are')} about frames on which the run has words already: take "
        "them under a --model of their own."
        if done.passed_over
        else "",
    ]
    return " ".join(
        [
            f"Run {done.run}: {counted(done.texts, 'text')} on {counted(done.added, 'frame')}, those on one frame put "
            f"together; of {counted(done.frames, 'frame')} {done.unanswered:,} have none. The texts name no level, and "
            "none is given to them: they can be read and searched, and propose nothing.",
            *(one for one in rest if one),
        ]
    )
