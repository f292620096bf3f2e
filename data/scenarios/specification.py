"""What Cosmos-Transfer2.5's command line takes: one JSON object per line of a file that ends in .jsonl.

The fields, their ranges and defaults are those of `InferenceArguments` in cosmos_transfer2/config.py of NVIDIA's
repository, which forbids unknown keys and refuses the whole file for one wrong line. This model is stricter in three
ways: controls forbid unknown keys too (there they are ignored), paths are relative to the file and stay below its
folder, and names are safe as file names, because outputs are called by them. Needs no file to be there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    StringConstraints,
    ValidationError,
    model_validator,
)

from data.errors import ScenarioError
from data.hashing import canonical_json

CHUNK_FRAMES = 93
"""Frames that are generated at once. Shorter clips are padded and cut again; the distilled model takes no other."""
DISTILLED_STEPS = 4
CONTROLS = ("edge", "vis", "depth", "seg")
_MAX_SIGMA = 200.0


def _relative(path: str) -> str:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or "\\" in path or "~" in path or "\0" in path:
        raise ValueError(f"the path {path!r} has to be relative and below the specification's folder")
    return path


RelativePath = Annotated[str, AfterValidator(_relative)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$")]
Weight = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Threshold = Literal["very_low", "low", "medium", "high", "very_high"]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=8000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Control(_Strict):
    """How strongly the output keeps to one aspect of the input. Without `control_path` it is computed from it."""

    control_path: RelativePath | None = None
    control_weight: Weight = 1.0
    mask_path: RelativePath | None = None
    mask_prompt: str | None = None

    @model_validator(mode="after")
    def _one_mask(self) -> Self:
        if self.mask_path is not None and self.mask_prompt is not None:
            raise ValueError("give one of mask_path and mask_prompt")
        return self


class Edge(Control):
    """Canny edges: outlines stay where they are."""

    preset_edge_threshold: Threshold = "medium"


class Vis(Control):
    """A blurred input: colours and light stay."""

    preset_blur_strength: Threshold = "medium"


class Depth(Control):
    """Distances stay (VideoDepthAnything)."""


class Seg(Control):
    """Regions stay (GroundingDINO and SAM2 on `control_prompt`)."""

    control_prompt: str | None = None


class TransferSpec(_Strict):
    """One clip to generate. `sigma_max` is a number in text, 0 to 200, as the command line has it."""

    name: Name
    prompt: Prompt | None = None
    prompt_path: RelativePath | None = None
    video_path: RelativePath
    negative_prompt: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 2025
    guidance: Annotated[int, Field(ge=0, le=7)] = 3
    max_frames: PositiveInt | None = None
    context_frame_index: PositiveInt | None = None
    image_context_path: RelativePath | None = None
    num_conditional_frames: Literal[0, 1, 2] = 1
    resolution: Literal["480", "720"] = "720"
    sigma_max: str | None = None
    num_video_frames_per_chunk: PositiveInt = CHUNK_FRAMES
    num_steps: PositiveInt = 35
    show_control_condition: bool = False
    show_input: bool = False
    keep_input_resolution: bool = True
    guided_generation_mask: RelativePath | None = None
    guided_generation_step_threshold: PositiveInt | None = None
    guided_generation_foreground_labels: tuple[int, ...] | None = None
    edge: Edge | None = None
    vis: Vis | None = None
    depth: Depth | None = None
    seg: Seg | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.prompt is None) == (self.prompt_path is None):
            raise ValueError("give exactly one of prompt and prompt_path")
        if not self.controls:
            raise ValueError(f"at least one control is needed: {', '.join(CONTROLS)}")
        if self.vis is not None and self.image_context_path is not None:
            raise ValueError("vis and image_context_path both set the style; give one of them")
        if self.sigma_max is not None:
            _check_sigma(self.sigma_max)
        return self

    @property
    def controls(self) -> tuple[str, ...]:
        """The names of the controls that are on."""
        return tuple(name for name in CONTROLS if getattr(self, name) is not None)

    def as_json(self) -> dict[str, object]:
        """The fields that were given, as they are written."""
        return self.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _check_sigma(text: str) -> None:
    try:
        sigma = float(text)
    except ValueError:
        sigma = -1.0
    if not 0 <= sigma <= _MAX_SIGMA:
        raise ValueError(f"sigma_max is a number from 0 to 200 in text, not {text!r}")


class GeneralSpec(_Strict):
    """A clip to generate with any generator: `source_clip` is to become what `prompt` says, frame for frame.

    The output is expected as NAME.mp4 with `frames` frames.
    """

    name: Name
    scenario: str
    prompt: Prompt
    source_clip: RelativePath
    frames: PositiveInt
    frames_per_second: PositiveInt
    seed: int

    def as_json(self) -> dict[str, object]:
        """The fields as they are written."""
        return self.model_dump(mode="json")


Spec = TransferSpec | GeneralSpec
Kind = TypeVar("Kind", TransferSpec, GeneralSpec)


def spec_hash(spec: Spec) -> str:
    """SHA-256 over what was written."""
    return hashlib.sha256(canonical_json(spec.as_json()).encode()).hexdigest()


def write_specs(path: Path, specs: Iterable[Spec]) -> None:
    """One specification per line. Raises ScenarioError if two have one name."""
    every = list(specs)
    _refuse_doubles(path, every)
    path.write_text("".join(canonical_json(spec.as_json()) + "\n" for spec in every), encoding="utf-8")


def read_specs(path: Path) -> list[TransferSpec]:
    """The specifications of a file. Raises ScenarioError: unreadable, not strict JSON, a line that the command line
    would refuse (with its number and what is wrong), a name that stands there twice."""
    specs = [_read(TransferSpec, path, number, line) for number, line in _lines(path)]
    _refuse_doubles(path, specs)
    return specs


def read_general_specs(path: Path) -> list[GeneralSpec]:
    """As `read_specs`, for the general form."""
    specs = [_read(GeneralSpec, path, number, line) for number, line in _lines(path)]
    _refuse_doubles(path, specs)
    return specs


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"The specifications {path} cannot be read: {error}.") from error
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _read(kind: type[Kind], path: Path, number: int, line: str) -> Kind:
    try:
        return kind.model_validate(json.loads(line))
    except ValidationError as error:
        first = error.errors()[0]
        place, reason = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        where = f"{place}: " if place else ""
        raise ScenarioError(f"{path}, line {number}, is not a specification: {where}{reason}.") from error
    except (ValueError, RecursionError) as error:
        raise ScenarioError(f"{path}, line {number}, is not strict JSON: {error}.") from error


def _refuse_doubles(path: Path, specs: Iterable[Spec]) -> None:
    seen: set[str] = set()
    for spec in specs:
        if spec.name in seen:
            raise ScenarioError(f"{path} has two specifications called {spec.name!r}; names are unique.")
        seen.add(spec.name)
