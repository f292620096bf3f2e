"""Use case: find out how many feeds a server holds, with frames of the store as what it is asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.errors import EvaluationError
from data.images.inspection import ImageRefused
from data.images.model_picture import model_picture_of
from data.store.opening import Store
from data.vlm.kept_connection import Address
from data.vlm.request import data_url, default_sampling, one_call_body
from data.vocabulary import ModelRole
from eval.throughput.feeds import Load, run_feeds
from eval.throughput.figures import LoadFigures, Throughput, largest_holding, load_figures
from eval.throughput.stored_images import stored_images

MOST_IMAGES = 32


@dataclass(frozen=True)
class Server:
    """A model behind an endpoint."""

    endpoint: str
    model: str
    api_key: str = "none"


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
    requests = [
        address.request(_body(image, server.model), api_key=server.api_key)
        for image in frame_images(store, MOST_IMAGES)
    ]

    def try_load(n: int) -> LoadFigures:
        figures = load_figures(run_feeds(address, requests, replace(load, feeds=n)), deadline_ms=deadline_ms)
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


def frame_images(store: Store, most: int) -> list[str]:
    """The first readable sampled frames as data addresses, as models are asked about them."""
    found: list[str] = []
    for path in stored_images(store):
        found += _rendered(path)
        if len(found) == most:
            break
    if not found:
        raise EvaluationError(
            "The store has no sampled frame whose image can be read; ingest and sample first."
        )
    return found


def _rendered(path: Path) -> list[str]:
    width_px = default_sampling(ModelRole.ALIGNED).image_width_px
    try:
        return [data_url(model_picture_of(path, width_px=width_px))]
    except ImageRefused:
        return []


def _body(image_url: str, model: str) -> dict[str, object]:
    """The request of an aligned model: the whole answer in one call, held to the schema."""
    return one_call_body(image_url, model, default_sampling(ModelRole.ALIGNED))
