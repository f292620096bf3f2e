"""What tests ask a model for, with keyword defaults."""

from __future__ import annotations

from data.proposals.asking import RunRequest
from data.vlm.client import Asking
from data.vlm.request import SamplingParameters, default_sampling
from data.vocabulary import ModelRole


def a_request(
    *endpoints: str,
    role: ModelRole = ModelRole.STUDENT,
    model: str = "tiny-vl",
    sampling: SamplingParameters | None = None,
    concurrency: int = 16,
) -> RunRequest:
    """A run of a model that waits hardly at all before it is asked again."""
    chosen = sampling or default_sampling(role)
    return RunRequest(role, Asking(endpoints, model, chosen, concurrency=concurrency, first_pause_s=0.01))
