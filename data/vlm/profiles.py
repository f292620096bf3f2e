"""What is known of each model and of each family of checkpoints. `profiles.yaml` holds the facts and their sources.

Nothing else in the project knows a model by its name.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Self

import yaml  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from data.images.model_picture import TOKEN_PX
from data.vocabulary import ModelRole

PROFILES = Path(__file__).with_name("profiles.yaml")
PAPERS_TEACHER, PAPERS_STUDENT = "nvidia/Cosmos-Reason2-8B", "Qwen/Qwen3-VL-2B-Instruct"


class Thinking(StrEnum):
    """What makes a model write a chain of thought: the question alone, or its chat template's `enable_thinking`,
    which is off or on where nobody sets it."""

    QUESTION = "question"
    TEMPLATE_OFF = "template_off"
    TEMPLATE_ON = "template_on"


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Family(_Facts):
    """Checkpoints of one architecture. `packs`: whether pairs train on packed rows, and `why_not`; None: not tried.

    `processor`: the class in transformers that makes inputs of text and pictures.
    """

    patch_px: PositiveInt
    merge: PositiveInt
    processor: str | None
    packs: bool | None
    why_not: str | None

    @model_validator(mode="after")
    def _cuts_pictures_as_they_are_scaled(self) -> Self:
        if self.patch_px * self.merge != TOKEN_PX:
            raise ValueError(
                f"a token of {self.patch_px * self.merge} pixels where pictures are cut for {TOKEN_PX}"
            )
        return self


class VendorSampling(_Facts):
    """How a model's makers sample it."""

    temperature: Annotated[float, Field(ge=0)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    top_k: PositiveInt
    presence_penalty: float
    repetition_penalty: float


class Samplings(_Facts):
    """With a chain of thought and without."""

    thinking: VendorSampling
    plain: VendorSampling


class Serving(_Facts):
    """How vLLM serves a model. `gpu_memory_gb`: what its makers ask for."""

    needs: str
    flags: tuple[str, ...]
    gpu_memory_gb: PositiveInt | None


class Profile(_Facts):
    """One model. None where a fact is not known; `sources`: what was read of which facts."""

    model: str
    family: str
    roles: tuple[ModelRole, ...]
    thinking: Thinking
    sampling: Samplings | None
    serve: Serving | None
    licence: str
    gated: bool | None
    run: tuple[str, ...]
    not_run: tuple[str, ...]
    sources: dict[str, str]


class Profiles(_Facts):
    """The whole file."""

    serve_all: tuple[str, ...]
    families: dict[str, Family]
    profiles: tuple[Profile, ...]

    @model_validator(mode="after")
    def _families_are_known(self) -> Self:
        for profile in self.profiles:
            if profile.family not in self.families:
                raise ValueError(f"{profile.model} is of the unknown family {profile.family}")
        return self

    def find(self, name: str) -> Profile | None:
        """The profile of a model that is named by its id or by a path that ends in the id's last part."""
        last = name.rstrip("/").rpartition("/")[2].lower()
        found = (one for one in self.profiles if one.model.rpartition("/")[2].lower() == last)
        return next(found, None)

    def thinking_sampling(self, name: str) -> VendorSampling:
        """How the model's makers sample a chain of thought; where that is not known, as the paper's teacher is."""
        known = [one.sampling for one in (self.find(name), self.find(PAPERS_TEACHER)) if one is not None]
        return next(sampling.thinking for sampling in known if sampling is not None)

    def serve_command(self, profile: Profile) -> str | None:
        """The command that serves the model on one line; None where nobody says how."""
        if profile.serve is None:
            return None
        return " ".join(["vllm serve", profile.model, *profile.serve.flags, *self.serve_all])


@cache
def model_profiles() -> Profiles:
    """What the shipped file holds."""
    return Profiles.model_validate(yaml.load(PROFILES.read_bytes(), yaml.CSafeLoader))
