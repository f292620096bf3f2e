"""The development part as a model is shown it: pictures, verified levels, and the two sides of each frame's pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.errors import TrainingError
from data.snapshot.folder import Snapshot
from data.snapshot.pairs import DevelopmentFrame
from data.vlm.conversation import conversation
from data.vlm.moment import STILL, Lookback
from data.vocabulary import ReplyForm, TriageLevel
from training.pairs.questions import ShownQuestion, entry_moment, shown_question

T = TriageLevel.TELEOPERATION


@dataclass(frozen=True)
class DevelopmentPart:
    """The verified frames of the snapshot's development part. Pictures are read when they are shown."""

    folder: Path
    frames: Sequence[DevelopmentFrame]
    width_px: int
    form: ReplyForm
    lookback: Lookback = STILL

    @property
    def levels(self) -> list[TriageLevel]:
        """The verified levels, in the frames' order."""
        return [frame.level for frame in self.frames]

    def rows(self) -> list[dict[str, Any]]:
        """Rows for a collator, of the frames that have both sides of a pair; each weighs 1."""
        return [
            {
                "pair_id": f"development-{one.frame_id}",
                "images": [{"path": str(self.folder / name), "bytes": None} for name in one.images],
                "prompt": conversation(self.form, entry_moment(one, self.lookback)),
                "chosen": [{"role": "assistant", "content": one.chosen}],
                "rejected": [{"role": "assistant", "content": one.rejected}],
                "weight": 1.0,
                "offset": 0.0,
                "doubt": 0.0,
            }
            for one in self.frames
            if one.chosen and one.rejected
        ]

    def questions(self) -> list[ShownQuestion]:
        """As the model is asked. Raises TrainingError for a picture that is gone."""
        return [
            shown_question(self.folder, one, self.lookback, width_px=self.width_px) for one in self.frames
        ]


def development_part(snapshot: Snapshot, *, width_px: int) -> DevelopmentPart:
    """The part, checked. Raises TrainingError where it cannot say what a run does to TELEOPERATION."""
    frames = snapshot.development
    if not frames:
        raise TrainingError(
            f"The snapshot {snapshot.folder} has no development part to watch decisions on: freeze it with "
            "--development 0.1, or set watch: null in the recipe."
        )
    if not any(frame.level is T for frame in frames):
        raise TrainingError(
            f"None of the {len(frames)} development frames of {snapshot.folder} is TELEOPERATION, so nothing would say "
            "whether a run misses it: freeze with a larger --development, or set watch: null in the recipe."
        )
    form = snapshot.manifest.reply_form or ReplyForm.LEVEL_FIRST
    return DevelopmentPart(snapshot.folder, frames, width_px, form, snapshot.manifest.lookback)
