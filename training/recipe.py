"""A recipe: one commented YAML file that determines a training run. Every key is required and none is guessed."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from data.errors import RecipeError
from data.snapshot.pairs import pair_weight
from data.text.strict_yaml import YAMLError, read_yaml
from data.vocabulary import TriageLevel


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"it is no regular expression: {error}") from error
    return pattern


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class LossSettings(_Section):
    """What is minimised. "preference": DPO over pairs; "supervised": the chosen side alone, which needs no `beta`.

    `beta` holds the policy to the reference. The alphas are what the mistakes of equation 4 cost, `other_weights`
    (right level -> level that the student said -> cost) what others do, where equation 4 says 1: a whole cost matrix.
    `costs_weigh`: a pair's loss times its cost, as in equation 2. `cost_margin`: a pair must be won by this many nats
    per ln(cost), so that a cost goes on acting once the pair is in order (ODPO); 0: none.
    `soft_labels`: labels are as sure as the people who gave them were of one mind (cDPO); the number is how many votes
    the snapshot's own rate of disagreement counts as. null: every label is sure.
    `sft_weight`: how much of the supervised loss of the chosen side is added, per token; 0: none.
    """

    objective: Literal["preference", "supervised"]
    beta: PositiveFloat | None
    alpha_high: PositiveFloat
    alpha_med: PositiveFloat
    other_weights: dict[TriageLevel, dict[TriageLevel, PositiveFloat]]
    costs_weigh: bool
    cost_margin: NonNegativeFloat
    soft_labels: PositiveFloat | None
    sft_weight: NonNegativeFloat

    @model_validator(mode="after")
    def _leaves_the_alphas_theirs(self) -> Self:
        under = self.other_weights.get(TriageLevel.TELEOPERATION, {})
        if TriageLevel.AUTONOMY in under or TriageLevel.SUPERVISION in under:
            raise ValueError("what a missed TELEOPERATION weighs is alpha_high and alpha_med")
        return self

    @model_validator(mode="after")
    def _has_what_its_objective_reads(self) -> Self:
        if self.objective == "preference" and self.beta is None:
            raise ValueError("the objective preference needs a beta")
        pairs_only = {"beta": None, "cost_margin": 0.0, "soft_labels": None, "sft_weight": 0.0}
        given = [name for name, off in pairs_only.items() if getattr(self, name) != off]
        if self.objective == "supervised" and given:
            raise ValueError(f"the objective supervised does not read {', '.join(given)}: leave it off")
        return self

    @property
    def is_supervised(self) -> bool:
        """Whether only the chosen side is learned from."""
        return self.objective == "supervised"

    @property
    def weighs_pairs(self) -> bool:
        """Whether pairs weigh differently at all."""
        others = (cost for of_one in self.other_weights.values() for cost in of_one.values())
        return self.costs_weigh and {self.alpha_high, self.alpha_med, *others} != {1.0}

    def cost(self, chosen: TriageLevel, rejected: TriageLevel) -> float:
        """What the mistake of a pair costs, by the right level and the student's."""
        other = self.other_weights.get(chosen, {}).get(rejected)
        if other is not None:
            return other
        return pair_weight(chosen, rejected, alpha_high=self.alpha_high, alpha_med=self.alpha_med)

    def weight(self, chosen: TriageLevel, rejected: TriageLevel) -> float:
        """What the loss of a pair is multiplied by."""
        return self.cost(chosen, rejected) if self.costs_weigh else 1.0

    def offset(self, chosen: TriageLevel, rejected: TriageLevel) -> float:
        """How many nats of beta * Delta a pair must be won by before its loss is below log 2."""
        return self.cost_margin * math.log(self.cost(chosen, rejected))


class ContrastSettings(_Section):
    """Level-contrast pairs beside the snapshot's: people's words for the right level against people's words for a wrong
    one, taken from another frame, so that level and picture decide and style does not."""

    pairs_per_frame: Literal[1, 2]


class WatchSettings(_Section):
    """Looks at the snapshot's development part every `every_steps` updates, before the first and after the last.

    A look is the better, the fewer TELEOPERATION frames it misses where at most `false_calls` of the others are
    called; the best one's adapter is kept. `patience`: the run ends after so many looks in a row that are no better;
    null: never.
    `replies`: of how many frames a whole reply is asked, to see whether replies can still be read.
    """

    every_steps: PositiveInt
    false_calls: Annotated[float, Field(ge=0, lt=1)]
    patience: PositiveInt | None
    replies: Annotated[int, Field(ge=0)]


class AdapterSettings(_Section):
    """LoRA. There is no dropout: the log-probabilities of policy and reference must differ by the adapter alone."""

    rank: PositiveInt
    alpha: PositiveFloat
    target_modules: Annotated[str, AfterValidator(_compiles)]
    allow_large_adapter: bool


class ImageSettings(_Section):
    """`width_px`: to what width frames are scaled down (`data.images.model_picture`): as the student was asked."""

    width_px: Annotated[int, Field(ge=32, le=16_384)]


class BatchSettings(_Section):
    """One update is over `pairs_per_update` pairs on each device, `pairs_at_once` of them in memory at a time.

    `pairs_at_once` decides how fast and in how much memory, not what is learned; "auto": as the device's memory allows.
    `stratified`: each update has its share of each kind of pair (right level, student's level), where a shuffle leaves
    a fifth of batches of 16 without a heavy one. The order does not depend on the weights.
    `hold_each_weight`: each update has a pair of every weight; where one would have none, a pair of the commonest
    weight makes room, so that rare mistakes are seen more often than they are made.
    """

    pairs_per_update: PositiveInt
    pairs_at_once: PositiveInt | Literal["auto"]
    stratified: bool
    hold_each_weight: bool

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.pairs_at_once != "auto" and self.pairs_per_update % self.pairs_at_once:
            raise ValueError(f"{self.pairs_at_once} pairs at once do not divide {self.pairs_per_update}")
        return self


@dataclass(frozen=True)
class BatchShape:
    """How an update over `pairs_at_once * accumulation` pairs is run; `recompute`: gradient checkpointing."""

    pairs_at_once: int
    accumulation: int
    recompute: bool

    def __str__(self) -> str:
        layers = "with" if self.recompute else "without"
        return f"{self.pairs_at_once} at once on each device, {layers} gradient checkpointing"


class WarmUpSettings(_Section):
    """A supervised start on the chosen side alone: `steps` updates, each over as many pairs as one of the run itself.

    The reference is then the model as the warm-up left it. The paper has none.
    """

    steps: PositiveInt
    learning_rate: PositiveFloat


class ScheduleSettings(_Section):
    """How long and how fast. `warmup_share` is a share of the steps; `max_steps` null: as the epochs say."""

    epochs: PositiveFloat
    max_steps: PositiveInt | None
    learning_rate: PositiveFloat
    decay: Literal["cosine", "linear", "constant"]
    warmup_share: Annotated[float, Field(ge=0, lt=1)]
    weight_decay: Annotated[float, Field(ge=0)]
    max_grad_norm: PositiveFloat


class RuntimeSettings(_Section):
    """How it runs. `save_every_steps` null: no checkpoints on the way.

    `pack_pairs`: encode a pair's image and question once, with both answers behind them, wherever the model allows it.
    `gradient_checkpointing` "auto": only where memory would not do without.
    `deterministic`: kernels that add in a fixed order, so that a run on a GPU can be repeated to the last bit; slower.
    """

    precision: Literal["bf16", "fp32"]
    pack_pairs: bool
    gradient_checkpointing: bool | Literal["auto"]
    deterministic: bool
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    log_every_steps: PositiveInt
    save_every_steps: PositiveInt | None


class Recipe(_Section):
    """What the file holds, typed."""

    name: Annotated[str, Field(min_length=1)]
    loss: LossSettings
    contrast: ContrastSettings | None
    adapter: AdapterSettings
    image: ImageSettings
    batch: BatchSettings
    warm_up: WarmUpSettings | None
    schedule: ScheduleSettings
    watch: WatchSettings | None
    runtime: RuntimeSettings

    @model_validator(mode="after")
    def _asks_for_nothing_without_effect(self) -> Self:
        if self.loss.is_supervised and self.contrast:
            raise ValueError(
                "contrast pairs differ in their rejected side, which the objective supervised never reads"
            )
        if self.loss.is_supervised and self.warm_up:
            raise ValueError(
                "a warm_up before the objective supervised is more of the same: raise schedule.epochs"
            )
        return self

    @property
    def weighs_pairs(self) -> bool:
        """Whether pairs weigh differently at all."""
        return self.loss.weighs_pairs


@dataclass(frozen=True)
class RecipeFile:
    """A recipe with the very text it was read from."""

    recipe: Recipe
    text: str

    @property
    def hash(self) -> str:
        """SHA-256 of the file's text, as hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def shipped_recipes() -> dict[str, Path]:
    """The recipes that come with the project, by name."""
    folder = Path(str(resources.files("training").joinpath("recipes")))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def find_recipe(name_or_path: str) -> Path:
    """The shipped recipe of that name, else the file at that path. Raises RecipeError if there is neither."""
    shipped = shipped_recipes()
    if name_or_path in shipped:
        return shipped[name_or_path]
    path = Path(name_or_path)
    if not path.is_file():
        known = ", ".join(shipped)
        raise RecipeError(f"{name_or_path} is neither a recipe file nor a shipped recipe ({known}).")
    return path


def load_recipe(path: Path) -> RecipeFile:
    """Read and check a recipe. Raises RecipeError with the key and the file in the sentence."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise RecipeError(f"The recipe {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"The recipe {path} is not YAML: {error}.") from error
    return read_recipe(path, text)


def read_recipe(path: Path, text: str) -> RecipeFile:
    """Check a recipe's text. `path`: how sentences name it. Raises RecipeError."""
    try:
        recipe = Recipe.model_validate(read_yaml(text))
    except YAMLError as error:
        raise RecipeError(f"The recipe {path} is not YAML: {' '.join(str(error).split())}.") from error
    except ValidationError as error:
        raise RecipeError(_sentence(path, error)) from error
    _refuse_lost_weights(path, recipe)
    return RecipeFile(recipe, text)


def _refuse_lost_weights(path: Path, recipe: Recipe) -> None:
    if recipe.weighs_pairs and recipe.batch.pairs_per_update == 1:
        raise RecipeError(
            f"The recipe {path} has one pair per step: AdamW scales each step to the same size, so the "
            "pair's weight would have no effect. Set batch.pairs_per_update to 8 or more."
        )


def _sentence(path: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "extra_forbidden":
        return f"The recipe {path} has a key that means nothing here: {key}. Remove it or correct its name."
    if first["type"] == "missing":
        return f"The recipe {path} lacks the key {key}."
    return f"The recipe {path} has {first['input']!r} for {key}: {first['msg']}."
