"""Use case: ask about very many frames on a Ray cluster. The only module that talks to Ray (extra `ray`).

Rows go out with a frame's id and the path of its image, which every worker has to see, and come back with the raw
answer; only this process writes, a group of answers per commit, so that a call that was interrupted is resumed by
the same call. With endpoints Ray's HTTP processor asks vLLM servers; without, its vLLM processor runs engines on the
cluster's GPUs. As with batch files there is one call per frame, and an unusable reply is kept, not asked for again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from data.errors import ProposalError
from data.proposals.asking import (
    DueFrame,
    RunRequest,
    Tally,
    due_frames,
    endpoint_run,
    keep_answers,
)
from data.proposals.ray_rows import EndpointSession, FrameRequest, earlier_column, http_answer, model_answer
from data.proposals.runs import Proposed, run_summary
from data.store.opening import Store
from data.vlm.request import SamplingParameters, thinking_switch

COMMIT_EVERY = 500
ENGINE_TOKENS = 8_192
NOT_RETURNED = "Ray brought no answer back; see its logs"


def propose_with_ray(
    store: Store, request: RunRequest, *, workers: int = 1, watch: Callable[[Tally], None] | None = None
) -> Proposed:
    """Ask about every sampled frame that the run has not answered, on the cluster that RAY_ADDRESS names or here.

    request: without endpoints, engines on the cluster are asked. workers: Ray actors, each with the asking's
    concurrency under way. Raises ProposalError: Ray is not installed, several calls or samples per frame where they
    cannot be had, nothing was answered.
    """
    asking = request.asking
    _refuse(asking.sampling, asking.endpoints)
    run = endpoint_run(store, request)
    due = due_frames(store, run)
    tally, asked = Tally(total=len(due)), {frame.frame_id: frame for frame in due}
    frames = FrameRequest(asking.model, asking.sampling, asking.files)
    if due:
        with _ray() as ray:
            build = (
                _http_processor(frames, partial(EndpointSession, asking), workers, asking.concurrency)
                if asking.endpoints
                else _engine_processor(frames, workers, asking.concurrency)
            )
            for group in _answers(build(_dataset(ray, due, asking.concurrency))):
                keep_answers(
                    store, run, [model_answer(row) for row in group], asked, tally, decision=request.decision
                )
                if watch:
                    watch(tally)
    missing = tally.total - tally.done
    if due and not tally.answered:
        reasons = "; ".join(reason.rstrip(".") for reason in tally.unreached) or NOT_RETURNED
        raise ProposalError(f"None of {len(due)} frames got an answer ({reasons}); the run can be resumed.")
    unreached = {**tally.unreached, **({NOT_RETURNED: missing} if missing else {})}
    return replace(run_summary(store, run, added=tally.answered), unreached=unreached)


def _refuse(sampling: SamplingParameters, endpoints: Sequence[str]) -> None:
    if sampling.calls > 1:
        raise ProposalError("With Ray there is one call per frame; give --calls 1, or leave --ray out.")
    if sampling.samples > 1 and not endpoints:
        raise ProposalError(
            f"Ray's engines give one sample per frame, not {sampling.samples}; name an --endpoint for more."
        )


@contextmanager
def _ray() -> Iterator[Any]:
    """Ray, connected, quiet on stdout, and left as it was found."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # noqa: PLC0415 - a second and 100 MB that only this use case needs
        import ray.data.llm  # noqa: PLC0415
    except ImportError as error:
        raise ProposalError(f"Ray is not installed ({error}); pip install 'teletriage[ray]'.") from error
    was_there = ray.is_initialized()
    if not was_there:
        here: dict[str, Any] = {} if os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
        ray.init(log_to_driver=False, logging_level=logging.WARNING, **here)
    settings = ray.data.DataContext.get_current()
    settings.enable_progress_bars = False
    settings.print_on_execution_start = False
    logging.getLogger("ray").setLevel(logging.WARNING)
    try:
        yield ray
    finally:
        if not was_there:
            ray.shutdown()


def _dataset(ray: Any, due: Sequence[DueFrame], rows: int) -> Any:
    """A block per `rows` frames, so that work spreads and answers come back all the time."""
    import pyarrow as pa  # noqa: PLC0415

    groups = [due[start : start + rows] for start in range(0, len(due), rows)]
    return ray.data.from_arrow(
        [
            pa.table(
                {
                    "frame_id": [one.frame_id for one in group],
                    "image": [str(one.asked.image) for one in group],
                    "earlier": [earlier_column(one.asked) for one in group],
                }
            )
            for group in groups
        ]
    )


def _http_processor(request: FrameRequest, session: Any, workers: int, concurrency: int) -> Any:
    from ray.data.llm import HttpRequestProcessorConfig, build_processor  # noqa: PLC0415

    config = HttpRequestProcessorConfig(
        url="the session knows the endpoints",
        session_factory=session,
        concurrency=workers,
        batch_size=concurrency,
    )
    return build_processor(config, preprocess=request.for_http, postprocess=http_answer)


def _engine_processor(request: FrameRequest, workers: int, concurrency: int) -> Any:
    from ray.data.llm import build_processor, vLLMEngineProcessorConfig  # noqa: PLC0415

    config = vLLMEngineProcessorConfig(
        model_source=request.model,
        engine_kwargs={
            "max_model_len": ENGINE_TOKENS,
            "limit_mm_per_prompt": {"image": request.sampling.lookback.frames, "video": 0},
            "max_logprobs": 20,
            "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        },
        prepare_multimodal_stage={"enabled": True},
        concurrency=workers,
        batch_size=concurrency,
        should_continue_on_error=True,
    )
    return build_processor(
        config,
        preprocess=request.for_engine,
        postprocess=request.engine_answer,
        builder_kwargs={"chat_template_kwargs": thinking_switch(on=request.sampling.thinks)},
    )


def _answers(dataset: Any) -> Iterator[list[dict[str, Any]]]:
    """Groups of rows as they come back, in no order."""
    for table in dataset.iter_batches(batch_size=COMMIT_EVERY, batch_format="pyarrow"):
        yield table.to_pylist()
