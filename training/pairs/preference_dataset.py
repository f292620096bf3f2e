"""A snapshot -> TRL's vision preference columns, with every pair checked before a model sees it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import datasets

from data.errors import LeakError, TrainingError
from data.hashing import file_hash
from data.snapshot.folder import Snapshot, image_hashes, load_snapshot
from data.snapshot.pairs import Message, PreferencePair, pair_weight
from data.vlm.conversation import conversation
from data.vlm.moment import Lookback, Moment
from data.vlm.reply import parse_reply
from data.vocabulary import ImageStorage, ReplyForm, TriageLevel
from training.pairs.contrast import contrast_pairs
from training.pairs.soft_labels import pair_doubts
from training.recipe import LossSettings, Recipe

_MESSAGES = [{"role": datasets.Value("string"), "content": datasets.Value("string")}]
COLUMNS = datasets.Features(
    {
        "pair_id": datasets.Value("string"),
        "images": datasets.List(datasets.Image(decode=False)),
        "prompt": _MESSAGES,
        "chosen": _MESSAGES,
        "rejected": _MESSAGES,
        "weight": datasets.Value("float64"),
        "offset": datasets.Value("float64"),
        "doubt": datasets.Value("float64"),
    }
)
"""Images are stored as paths; the collator scales them as `data.images.model_picture` does."""


@dataclass(frozen=True)
class WeighedPair:
    """A pair with its images as paths and what the recipe makes of it: see `training.sa_dpo.sa_dpo_losses`."""

    pair: PreferencePair
    images: list[Path]
    weight: float
    offset: float = 0.0
    doubt: float = 0.0

    @property
    def levels(self) -> tuple[TriageLevel, TriageLevel]:
        """(right, what the student said)."""
        return self.pair.chosen_level, self.pair.rejected_level

    @property
    def kind(self) -> tuple[float, float]:
        """What the pair's mistake costs, whether that weighs or must be won by."""
        return self.weight, self.offset


def load_pairs(snapshot: Path, loss: LossSettings) -> tuple[Snapshot, list[WeighedPair]]:
    """The snapshot and its pairs, checked, weighed as the recipe says.

    Raises SnapshotError if a file of the snapshot does not match its hash, LeakError if a scene would be in training
    and in evaluation, and TrainingError if there are no pairs, a level is not what its text says, a stored weight
    does not follow from its levels, or an image is gone or changed.
    """
    frozen = load_snapshot(snapshot, check_images=False)  # the pairs' images are checked below, each once
    if not frozen.pairs:
        raise TrainingError(f"The snapshot {snapshot} has no pairs: there is nothing to train on.")
    _refuse_other_prompts(frozen)
    refuse_leak(frozen)
    _refuse_equal_ids(frozen.pairs)
    for pair in frozen.pairs:
        _check_levels(pair)
        _check_weight(pair)
    doubts = pair_doubts(frozen.pairs, prior=loss.soft_labels)
    return frozen, [_weigh(frozen, pair, loss, doubts) for pair in frozen.pairs]


def with_contrast(pairs: list[WeighedPair], recipe: Recipe) -> list[WeighedPair]:
    """The pairs, and behind them the level-contrast pairs that the recipe asks for, weighed alike."""
    if recipe.contrast is None:
        return pairs
    images = {one.pair.frame_id: one.images for one in pairs}
    bare = [one.pair for one in pairs]
    made = contrast_pairs(bare, pairs_per_frame=recipe.contrast.pairs_per_frame, seed=recipe.runtime.seed)
    doubts = pair_doubts([*bare, *made], prior=recipe.loss.soft_labels)
    return [*pairs, *(_weighed(pair, images[pair.frame_id], recipe.loss, doubts) for pair in made)]


def preference_dataset(pairs: list[WeighedPair]) -> datasets.Dataset:
    """One row per pair, in the order given; `COLUMNS` are its columns."""
    return datasets.Dataset.from_list([_row(pair) for pair in pairs], features=COLUMNS)


def unweighted(pairs: list[WeighedPair]) -> list[WeighedPair]:
    """The same pairs, each of weight 1."""
    return [replace(pair, weight=1.0) for pair in pairs]


def pairs_by_weight(pairs: list[WeighedPair]) -> dict[str, int]:
    """How many pairs have each weight, lowest weight first."""
    counts = Counter(pair.weight for pair in pairs)
    return {str(weight): counts[weight] for weight in sorted(counts)}


def refuse_leak(snapshot: Snapshot) -> None:
    """Raise LeakError if any scene stands in training and in evaluation at once."""
    manifest = snapshot.manifest
    training = {pair.scene_id for pair in snapshot.pairs} | set(manifest.train_scenes)
    held_out = {frame.scene_id for frame in snapshot.evaluation} | set(manifest.held_out_scenes)
    if both := sorted(training & held_out):
        raise LeakError(
            f"The scene {both[0]} is in train and held-out ({len(both)} such): an evaluation would be worthless. "
            "Split by scene and take the snapshot again."
        )


def refuse_other_size(snapshot: Snapshot, width_px: int) -> None:
    """Raise TrainingError if the student was asked about pictures of another width than the recipe's."""
    asked_px = snapshot.manifest.image_width_px
    if asked_px is not None and asked_px != width_px:
        raise TrainingError(
            f"The student of the snapshot {snapshot.folder} was shown pictures {asked_px} pixels wide, and the recipe "
            f"trains on {width_px}: set image.width_px: {asked_px}, or ask the student again with --width {width_px}."
        )


def _refuse_other_prompts(snapshot: Snapshot) -> None:
    """What a model is trained on is what it is asked: the conversation, and one form on both sides."""
    form = snapshot.manifest.reply_form
    for pair in snapshot.pairs:
        if form is None or pair.prompt != _asked(pair, form, snapshot.manifest.lookback):
            raise TrainingError(
                f"The pair {pair.pair_id} of {snapshot.folder} has another prompt than models are asked with: it was "
                "frozen by another version. Take the snapshot again."
            )
        for side, messages in (("chosen", pair.chosen), ("rejected", pair.rejected)):
            written = parse_reply(messages[-1].content).form if messages else None
            if written not in (form, None):
                raise TrainingError(
                    f"The {side} side of the pair {pair.pair_id} is written {written.value}, in a snapshot of the form "
                    f"{form.value if form else 'unknown'}."
                )


def _asked(pair: PreferencePair, form: ReplyForm, lookback: Lookback) -> list[Message]:
    """The turns in which models are asked about the pair's frame."""
    moment = Moment.of(lookback, [one.before_s for one in pair.earlier])
    return [Message.model_validate(turn) for turn in conversation(form, moment)]


def _refuse_equal_ids(pairs: list[PreferencePair]) -> None:
    """What is known of a pair, its reference among it, is kept under its id: two pairs must not share one."""
    pair_id, times = Counter(pair.pair_id for pair in pairs).most_common(1)[0]
    if times > 1:
        raise TrainingError(f"The snapshot has {times} pairs with the id {pair_id}: take it again.")


def _check_levels(pair: PreferencePair) -> None:
    for side, messages, level in (
        ("chosen", pair.chosen, pair.chosen_level),
        ("rejected", pair.rejected, pair.rejected_level),
    ):
        said = _level_of(messages)
        if said is not level:
            shown = said.value if said else "no level"
            raise TrainingError(
                f"The {side} side of the pair {pair.pair_id} says {shown} but is recorded as {level.value}."
            )


def _level_of(messages: list[Message]) -> TriageLevel | None:
    assessment = parse_reply(messages[-1].content).assessment if messages else None
    return assessment.level if assessment else None


def _check_weight(pair: PreferencePair) -> None:
    expected = pair_weight(pair.chosen_level, pair.rejected_level)
    if pair.weight != expected:
        raise TrainingError(
            f"The pair {pair.pair_id} has the weight {pair.weight}, but {pair.chosen_level.value} over "
            f"{pair.rejected_level.value} weighs {expected}: the snapshot does not follow its own rule."
        )


def _weigh(
    snapshot: Snapshot, pair: PreferencePair, loss: LossSettings, doubts: dict[str, float]
) -> WeighedPair:
    hashed = zip(pair.images, image_hashes(pair), strict=True)
    return _weighed(pair, [_image(snapshot, pair, name, sha256) for name, sha256 in hashed], loss, doubts)


def _weighed(
    pair: PreferencePair, images: list[Path], loss: LossSettings, doubts: dict[str, float]
) -> WeighedPair:
    levels = pair.chosen_level, pair.rejected_level
    return WeighedPair(pair, images, loss.weight(*levels), loss.offset(*levels), doubts[pair.pair_id])


def _image(snapshot: Snapshot, pair: PreferencePair, name: str, sha256: str) -> Path:
    path = snapshot.folder / name
    is_named = path == Path(name) and snapshot.manifest.policy.get("images") == ImageStorage.REFERENCED.value
    if not is_named and not path.resolve().is_relative_to(snapshot.folder.resolve()):
        raise TrainingError(f"The image {name} of the pair {pair.pair_id} lies outside the snapshot.")
    if not path.is_file():
        raise TrainingError(f"The image {path} of the pair {pair.pair_id} is gone.")
    if file_hash(path) != sha256:
        raise TrainingError(f"The image {path} of the pair {pair.pair_id} was changed after the snapshot.")
    return path


def _row(weighed: WeighedPair) -> dict[str, Any]:
    pair = weighed.pair
    return {
        "pair_id": pair.pair_id,
        "images": [str(path) for path in weighed.images],
        "prompt": [message.model_dump() for message in pair.prompt],
        "chosen": [message.model_dump() for message in pair.chosen],
        "rejected": [message.model_dump() for message in pair.rejected],
        "weight": weighed.weight,
        "offset": weighed.offset,
        "doubt": weighed.doubt,
    }
