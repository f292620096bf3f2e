"""Snapshots, recipes and batches for tests: small, valid, and wrong only where a test says so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml  # type: ignore[import-untyped]  # PyYAML ships no types
from PIL import Image
from trl.trainer.dpo_trainer import DataCollatorForVisionPreference

from data.hashing import file_hash
from data.snapshot.folder import (
    DEVELOPMENT,
    EVALUATION,
    EXCLUDED,
    MANIFEST,
    OWN_FILES,
    PAIRS,
    Entry,
    manifest_hash,
)
from data.snapshot.pairs import (
    DevelopmentFrame,
    EarlierPicture,
    EvaluationFrame,
    Message,
    PreferencePair,
    pair_weight,
)
from data.vlm.conversation import conversation, conversation_hash
from data.vlm.moment import Lookback, Moment
from data.vlm.reply import render_reply
from data.vocabulary import Assessment, ReplyForm, TriageLevel
from tests.repository import ROOT
from training.pairs.collator import shown_picture
from training.recipe import LossSettings

Looking = TypeVar("Looking", PreferencePair, DevelopmentFrame)
A, S, T = TriageLevel.AUTONOMY, TriageLevel.SUPERVISION, TriageLevel.TELEOPERATION
FORM = ReplyForm.LEVEL_FIRST
COLOURS = {A: (40, 180, 60), S: (220, 200, 40), T: (200, 30, 30)}
MIXED = [(T, A), (A, S), (S, A), (T, S), (A, T), (S, T), (T, A), (A, A)]
"""Eight pairs of levels that weigh 5, 1, 1, 2, 1, 1, 5, 1."""


def an_assessment(
    level: TriageLevel = T, reasoning: str = "The lane is blocked.", action: str = "Take control."
) -> Assessment:
    return Assessment(reasoning=reasoning, level=level, action=action)


def a_pair(
    folder: Path, index: int = 0, *, chosen: TriageLevel = T, rejected: TriageLevel = A, **changed: Any
) -> PreferencePair:
    """A pair whose image is drawn into the snapshot folder, in the colour of the chosen level."""
    name = f"images/frame-{index}.png"
    (folder / "images").mkdir(parents=True, exist_ok=True)
    red, green, blue = COLOURS[chosen]
    Image.new("RGB", (160, 90), (red, green, (blue + 7 * index) % 256)).save(folder / name)
    fields: dict[str, Any] = {
        "pair_id": f"pair-{index}",
        "frame_id": f"frame-{index}",
        "scene_id": f"scene-{index % 4}",
        "images": [name],
        "image_sha256": file_hash(folder / name),
        "prompt": [Message.model_validate(turn) for turn in conversation(FORM)],
        "chosen": [_answer(an_assessment(chosen, f"Case {index}: as people see it."))],
        "rejected": [_answer(an_assessment(rejected, "The road is clear.", "No action is needed."))],
        "weight": pair_weight(chosen, rejected),
        "chosen_level": chosen,
        "rejected_level": rejected,
        "review_ids": [index + 1],
        "adjudication_id": None,
        "teacher_proposal_id": None,
        "student_proposal_id": index + 1,
        "teacher_run_id": None,
        "student_run_id": "student-run",
    }
    return PreferencePair(**(fields | changed))


def looking_back(folder: Path, entry: Looking, lookback: Lookback, before_s: Sequence[float]) -> Looking:
    """The entry with earlier pictures, taken so long before its own and drawn into the snapshot folder."""
    names: list[str] = [f"images/{entry.frame_id}-{number}.png" for number in range(len(before_s))]
    for number, name in enumerate(names):
        Image.new("RGB", (160, 90), (60 * number, 90, len(entry.frame_id) * 5)).save(folder / name)
    earlier = [
        EarlierPicture(frame_id=Path(name).stem, image_sha256=file_hash(folder / name), before_s=seconds)
        for name, seconds in zip(names, before_s, strict=True)
    ]
    changed: dict[str, Any] = {"images": [*names, *entry.images], "earlier": earlier}
    if isinstance(entry, PreferencePair):
        turns = conversation(FORM, Moment.of(lookback, before_s))
        changed["prompt"] = [Message.model_validate(turn) for turn in turns]
    return entry.model_copy(update=changed)


def write_snapshot_with_time(folder: Path, levels: Sequence[tuple[TriageLevel, TriageLevel]]) -> Path:
    """A snapshot of questions of three frames, 0.5 s apart, whose pairs show three, two and one in turn."""
    lookback, shown = Lookback(3, 0.5), ((1.0, 0.5), (0.5,), ())
    pairs = [
        looking_back(folder, a_pair(folder, n, chosen=c, rejected=r), lookback, shown[n % 3])
        for n, (c, r) in enumerate(levels)
    ]
    asked = {**lookback.as_dict(), "question_hash": conversation_hash(FORM, lookback)}
    return write_snapshot(folder, pairs=pairs, **asked)


def an_evaluation_frame(scene: str = "scene-held-out") -> EvaluationFrame:
    return EvaluationFrame(
        frame_id="frame-held-out",
        scene_id=scene,
        images=["images/frame-held-out.png"],
        image_sha256="0" * 64,
        level=T,
        reasoning="The lane is blocked.",
        action="Take control.",
        review_ids=[1],
        adjudication_id=None,
    )


def a_development_frame(
    folder: Path, index: int, level: TriageLevel, *, said: TriageLevel = A, **changed: Any
) -> DevelopmentFrame:
    """A frame of another scene than any pair's, drawn into the snapshot folder as a pair's would be."""
    pair = a_pair(folder, 500 + index, chosen=level, rejected=said)
    fields: dict[str, Any] = {
        "frame_id": pair.frame_id,
        "scene_id": f"development-{index % 3}",
        "images": pair.images,
        "image_sha256": pair.image_sha256,
        "level": level,
        "reasoning": "As people see it.",
        "action": "Take control.",
        "review_ids": [index],
        "adjudication_id": None,
        "votes": {level: 1},
        "chosen": pair.chosen[0].content,
        "rejected": pair.rejected[0].content,
    }
    return DevelopmentFrame(**(fields | changed))


def write_snapshot(
    folder: Path,
    levels: Sequence[tuple[TriageLevel, TriageLevel]] = MIXED,
    *,
    pairs: Sequence[PreferencePair] | None = None,
    evaluation: Sequence[EvaluationFrame] = (),
    development: Sequence[DevelopmentFrame] = (),
    **manifest: Any,
) -> Path:
    """Freeze a snapshot with a pair for each (chosen, rejected), or with the pairs given; hashes are right."""
    folder.mkdir(parents=True, exist_ok=True)
    if pairs is None:
        pairs = [a_pair(folder, i, chosen=c, rejected=r) for i, (c, r) in enumerate(levels)]
    _lines(folder / PAIRS, pairs)
    _lines(folder / EVALUATION, evaluation)
    _lines(folder / EXCLUDED, [])
    if development:
        _lines(folder / DEVELOPMENT, development)
    for frame in evaluation:
        Image.new("RGB", (160, 90), COLOURS[frame.level]).save(folder / frame.images[0])
    for name in set(OWN_FILES) - {PAIRS, EVALUATION, EXCLUDED}:
        (folder / name).write_bytes(b"")  # for people and the hub: training reads neither
    fields: dict[str, Any] = {
        "schema_version": 1,
        "pairs_by_weight": dict(Counter(str(pair.weight) for pair in pairs)),
        "pairs_by_levels": {},
        "evaluation_by_level": dict(Counter(frame.level.value for frame in evaluation)),
        "excluded_by_reason": {},
        "policy": {},
        "reply_form": FORM.value,
        "image_width_px": None,
        "question_hash": conversation_hash(FORM),
        "guideline_versions": [],
        "train_scenes": sorted({pair.scene_id for pair in pairs}),
        "held_out_scenes": sorted({frame.scene_id for frame in evaluation}),
        "student_run_id": "student-run",
        "development_scenes": sorted({frame.scene_id for frame in development}),
        "development_by_level": dict(Counter(frame.level.value for frame in development)),
        "files": {
            str(path.relative_to(folder)): file_hash(path)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != MANIFEST
        },
    } | manifest
    text = json.dumps({**fields, "snapshot_hash": manifest_hash(fields)})
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    return folder


def a_loss(**changed: Any) -> LossSettings:
    """Equation 2 with the paper's weights, and nothing else."""
    fields = yaml.safe_load((ROOT / "training" / "recipes" / "sa_dpo.yaml").read_text())["loss"]
    return LossSettings.model_validate(fields | changed)


def write_recipe(path: Path, shipped: str = "stand_in", **changed: Any) -> Path:
    """A shipped recipe with some keys changed, by section and key joined with two underscores."""
    fields = yaml.safe_load((ROOT / "training" / "recipes" / f"{shipped}.yaml").read_text())
    for name, value in changed.items():
        *sections, key = name.split("__")
        place = fields
        for section in sections:
            place = place[section]
        place[key] = value
    path.write_text(yaml.safe_dump(fields), encoding="utf-8")
    return path


@dataclass
class StockCollator(DataCollatorForVisionPreference):
    """TRL's own collator on pictures as ours shows them, so that the two can be held against each other."""

    width_px: int = 160

    def torch_call(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        shown = [
            {**one, "images": [shown_picture(image, self.width_px) for image in one["images"]]}
            for one in examples
        ]
        return dict(super().torch_call(shown))


def _answer(assessment: Assessment) -> Message:
    return Message(role="assistant", content=render_reply(assessment, FORM))


def _lines(path: Path, values: Sequence[Entry]) -> None:
    path.write_text("".join(f"{value.model_dump_json()}\n" for value in values), encoding="utf-8")
