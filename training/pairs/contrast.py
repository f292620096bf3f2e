"""Level-contrast pairs: both sides in people's words, one for the right level, one for a wrong level. A pure rule.

Where chosen is a person's text and rejected the student's, style tells them apart and the level need not be learned;
here only the level, and the words that go with it, can.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Sequence

from data.errors import TrainingError
from data.hashing import canonical_json
from data.snapshot.pairs import PreferencePair, pair_weight
from data.vocabulary import LEVELS, TriageLevel


def contrast_pairs(
    pairs: Sequence[PreferencePair], *, pairs_per_frame: int, seed: int
) -> list[PreferencePair]:
    """For each pair as many with a wrong level as asked for, or as there are wrong levels with words in the snapshot.

    The rejected side is what people chose for another frame, drawn by `seed`. These pairs are made for a run and kept
    nowhere: their review ids are those of the chosen side. Raises TrainingError if all frames have one level.
    """
    words = _words(pairs)
    if len(words) == 1:
        raise TrainingError(
            f"Every pair of the snapshot is {next(iter(words)).value}: there are no words for a wrong level, and the "
            "recipe asks for contrast pairs. Set contrast: null, or freeze a snapshot with more levels."
        )
    randomness = random.Random(f"contrast {seed}")
    made = []
    for pair in pairs:
        wrong = [level for level in words if level is not pair.chosen_level]
        for level in randomness.sample(wrong, min(pairs_per_frame, len(wrong))):
            made.append(_against(pair, level, randomness.choice(words[level])))
    return list({pair.pair_id: pair for pair in made}.values())


def _words(pairs: Sequence[PreferencePair]) -> dict[TriageLevel, list[str]]:
    """Level -> the different texts that people chose for it."""
    found: dict[TriageLevel, dict[str, None]] = defaultdict(dict)
    for pair in pairs:
        found[pair.chosen_level][pair.chosen[-1].content] = None
    return {level: list(found[level]) for level in LEVELS if level in found}


def _against(pair: PreferencePair, level: TriageLevel, text: str) -> PreferencePair:
    identity = canonical_json(["contrast", pair.frame_id, pair.chosen[-1].content, text])
    return pair.model_copy(
        update={
            "pair_id": hashlib.sha256(identity.encode()).hexdigest()[:16],
            "rejected": [pair.rejected[-1].model_copy(update={"content": text})],
            "rejected_level": level,
            "weight": pair_weight(pair.chosen_level, level),
        }
    )
