"""What words came to in a report, made up: enough scenes for every interval."""

from __future__ import annotations

from typing import Any

from data.grounding.tallies import PEOPLE
from data.vocabulary import LEVELS
from eval.grounding.figures import GroundingFigures, JudgedText, grounded_texts


def grounding(**changes: Any) -> GroundingFigures:
    """A run's words and people's on 36 frames of 12 scenes."""
    texts = [
        JudgedText(
            f"scene-{at % 12}", LEVELS[at // 12], 2, int(at % 5 == 0), 1, int(at % 4 == 0), True,
            at % 7 == 0, at % 9 == 0, at % 11 == 0,
        )
        for at in range(36)
    ]  # fmt: skip
    given: dict[str, Any] = {
        "frames": 36,
        "with_boxes": 36,
        "runs": [grounded_texts("a run", texts, 0.95)],
        "people": grounded_texts(PEOPLE, texts[::2], 0.95),
        "examples": [],
        "left_out": 0,
        "rules": "0123456789abcdef",
    }
    return GroundingFigures(**{**given, **changes})
