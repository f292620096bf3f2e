"""What acts' words come to, judged now: cut as an endpoint cut them where it did, by the rules elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from data.grounding.acts import Key, Said, key_of, words_of
from data.grounding.cutting.kept import cut_of, kept_cuts
from data.grounding.frame_things import scene_facts
from data.grounding.words import Grounding, ground_words


def ground_said(session: Session, acts: Sequence[Said]) -> dict[Key, Grounding]:
    """By act, for those that have words."""
    facts = scene_facts(session, sorted({one.frame_id for one in acts}))
    cuts = kept_cuts(session, [key_of(one) for one in acts])
    worded = ((key_of(one), one.frame_id, words_of(one)) for one in acts)
    return {
        key: ground_words(words, facts[frame_id], cut_of(cuts.get(key)))
        for key, frame_id, words in worded
        if words is not None and frame_id in facts
    }
