"""Use case: find out how many feeds a server holds, with frames of the store as what it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import EvaluationError
from data.images.inspection import ImageRefused
from data.images.model_picture import DEFAULT_WIDTH_PX, ModelPicture, model_picture_of
from data.store.opening import Store
from data.vlm.kept_connection import Address
from data.vlm.moment import STILL, Lookback
from data.vlm.request import default_sampling, largest_reply_bytes
from data.vocabulary import ModelRole, ReplyForm
from eval.throughput.feeds import Load, run_feeds
from eval.throughput.figures import LoadFigures, Throughput, largest_holding, load_figures
from eval.throughput.stored_images import stored_images
from eval.throughput.unique_pictures import UniqueRequests

MOST_IMAGES = 32


@dataclass(frozen=True)
class Server:
    """A model behind an endpoint."""

    endpoint: str
    model: str
    api_key: str = "none"
    form: ReplyForm = ReplyForm.LEVEL_FIRST
    width_px: int = DEFAULT_WIDTH_PX
    lookback: Lookback = STILL


def measure_throughput(
    store: Store,
    server: Server,
    load: Load,
    *,
    feeds: Sequence[int] = (),
    most_feeds: int = 64,
    deadline_ms: float = 1000.0,
    progress: Callable[[LoadFigures], None] | None = None,
) -> Throughput:
    """Try the numbers of `feeds`, or (none named) search for the most that hold the deadline.

    Raises EvaluationError: nothing listens there, or the store has no readable frame to ask about.
    """
    address = Address.of(server.endpoint)
    sampling = replace(
        default_sampling(ModelRole.ALIGNED),
        form=server.form,
        image_width_px=server.width_px,
        lookback=server.lookback,
    )
    pictures = frame_pictures(store, MOST_IMAGES, width_px=sampling.image_width_px)
    requests = UniqueRequests(address, pictures, server.model, sampling, api_key=server.api_key)
    most_bytes = largest_reply_bytes(sampling)

    def try_load(n: int) -> LoadFigures:
        logs = run_feeds(address, requests, replace(load, feeds=n), most_bytes=most_bytes)
        figures = load_figures(logs, deadline_ms=deadline_ms)
        if progress:
            progress(figures)
        return figures

    loads = [try_load(n) for n in sorted(set(feeds))] if feeds else largest_holding(try_load, most=most_feeds)
    return Throughput(
        endpoint=server.endpoint,
        model=server.model,
        deadline_ms=deadline_ms,
        loads=loads,
        largest_holding=max((one.feeds for one in loads if one.holds), default=0),
    )


def frame_pictures(store: Store, most: int, *, width_px: int) -> list[ModelPicture]:
    """The first readable sampled frames as models are shown them."""
    found: list[ModelPicture] = []
    for path in stored_images(store):
        found += _rendered(path, width_px)
        if len(found) == most:
            break
    if not found:
        raise EvaluationError(
            "The store has no sampled frame whose image can be read; ingest and sample first."
        )
    return found


def _rendered(path: Path, width_px: int) -> list[ModelPicture]:
    try:
        return [model_picture_of(path, width_px=width_px)]
    except ImageRefused:
        return []
