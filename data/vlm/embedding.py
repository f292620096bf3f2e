"""Asking a model for the vector of a picture, at any endpoint that takes pictures as vLLM's pooling models do.

vLLM's /v1/embeddings takes a conversation (`messages`) in place of OpenAI's `input`, one per request, and answers with
one vector; the instruction behind the picture is what such models were trained with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import ProposalError, VectorsError
from data.images.inspection import ImageRefused
from data.images.model_picture import model_picture_of
from data.vlm.client import Asking, Endpoints, Refused, Unreached, asked_in_groups
from data.vlm.request import data_url

Floats = npt.NDArray[np.float32]

INSTRUCTION = "Represent the given image."
MOST_DIMS = 65_536
REPLY_BYTES = 4_000_000
DEFAULT_WIDTH_PX = 448


@dataclass(frozen=True)
class Embedded:
    """A frame's vector, or why it has none."""

    frame_id: str
    vector: Floats | str


def embedding_body(image_url: str, model: str, instruction: str) -> dict[str, Any]:
    """The request for one picture."""
    content = [
        {"type": "image_url", "image_url": {"url": image_url}},
        {"type": "text", "text": instruction},
    ]
    return {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "encoding_format": "float",
    }


def read_embedding(answer: dict[str, Any]) -> Floats:
    """The one vector of an answer. Raises VectorsError for anything else."""
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != 1:
        came = f"{len(data):,} vectors" if isinstance(data, list) else "no list of vectors"
        raise VectorsError(f"The endpoint gives {came} for one picture; nothing of it was kept.")
    numbers = data[0].get("embedding") if isinstance(data[0], dict) else None
    single = _as_floats(numbers) if isinstance(numbers, list) and len(numbers) <= MOST_DIMS else None
    if single is None or not len(single):
        raise VectorsError(
            f"What the endpoint gives for a picture is no vector of 1 to {MOST_DIMS:,} numbers; nothing of it was kept."
        )
    if not np.isfinite(single).all():
        raise VectorsError(
            "The endpoint gives a vector with a number that is not finite (NaN or infinity); nothing of it was kept."
        )
    if not single.any():
        raise VectorsError("The endpoint gives a vector of nothing but zeros; nothing of it was kept.")
    return single


def _as_floats(numbers: list[Any]) -> Floats | None:
    """None where one of them is no number; infinity where one is too large."""
    if any(type(one) not in (int, float) for one in numbers):
        return None
    try:
        with np.errstate(over="ignore"):
            return np.array([float(one) for one in numbers], dtype=np.float64).astype(np.float32)
    except OverflowError:  # an integer of hundreds of digits
        return np.array([np.inf], dtype=np.float32)


async def embed_frames(
    frames: Sequence[tuple[str, Path]],
    asking: Asking,
    instruction: str,
    keep: Callable[[Sequence[Embedded]], None],
    *,
    keep_going: Callable[[], bool],
) -> None:
    """Ask for the vectors of (frame id, image path) pairs and hand them to `keep` in groups as they arrive.

    Raises ProposalError as `data.vlm.client.ask_frames`, and VectorsError for an answer that is no vector or where the
    first picture of all is refused.
    """
    async with Endpoints(asking) as endpoints:
        for problem in await endpoints.problems():
            raise ProposalError(problem)
        await _refuse_a_model_without_eyes(endpoints, frames[0][1], instruction)

        async def ask(frame: tuple[str, Path]) -> Embedded:
            frame_id, image = frame
            try:
                return Embedded(frame_id, await _embed(endpoints, image, instruction))
            except ImageRefused as error:
                return Embedded(frame_id, error.reason.value.replace("_", " "))
            except (Unreached, Refused) as error:
                return Embedded(frame_id, str(error))

        await asked_in_groups(frames, ask, keep, concurrency=asking.concurrency, keep_going=keep_going)


async def _refuse_a_model_without_eyes(endpoints: Endpoints, image: Path, instruction: str) -> None:
    """One picture first: a model that takes none refuses every one."""
    try:
        await _embed(endpoints, image, instruction)
    except Refused as error:
        raise VectorsError(
            f"{endpoints.asking.model!r} gives no vector for a picture ({str(error).rstrip('.')}). Serve an embedding "
            "model that takes pictures, such as with `vllm serve MODEL --runner pooling`."
        ) from error
    except (ImageRefused, Unreached):
        return  # it is asked again in its turn, and counted


async def _embed(endpoints: Endpoints, image: Path, instruction: str) -> Floats:
    width_px = endpoints.asking.sampling.image_width_px
    picture = await asyncio.to_thread(model_picture_of, image, width_px=width_px)
    body = embedding_body(data_url(picture), endpoints.asking.model, instruction)
    return read_embedding(await endpoints.post(body, "/embeddings", holds="data"))
