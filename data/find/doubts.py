"""Verified training levels that may be wrong, and those that a trait alone would have told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.errors import VectorsError
from data.find.facets import NONE, Codes, Facet, Flags, Floats, Ints, many_codes
from data.find.frame_facts import FrameFacts
from data.find.question import About
from data.find.said_facts import LEVEL_VALUES, SaidFacts
from data.find.standing_facts import STATES, StatusFacts
from data.store.tables import FrameStatus
from data.suspicion.kept import FILE, current_suspicions
from data.suspicion.ranking import Suspicion
from data.suspicion.traits import Trait, fifths
from data.text.phrases import counted
from data.vocabulary import LEVELS, Split, VerificationState

ANY = "any"
NOT_RANKED = "No level has been ranked yet: `teletriage suspicions` does it."
TOLD, AGAINST = "told", "against"


@dataclass(frozen=True)
class DoubtFacts:
    """`score`: (n,) how much likelier another level is, NaN for a level that is not suspicious."""

    score: Floats
    facets: tuple[Facet, Facet]


def read_doubts(
    workspace: Path | None, frames: FrameFacts, said: SaidFacts, statuses: StatusFacts
) -> DoubtFacts:
    """The kept ranking, and what traits tell of the levels as they stand."""
    score, suspicious = _suspicious(workspace, frames, statuses)
    return DoubtFacts(score, (suspicious, _shortcuts(frames, said, statuses)))


def _suspicious(workspace: Path | None, frames: FrameFacts, statuses: StatusFacts) -> tuple[Floats, Facet]:
    """Levels that were verified anew since the ranking are not in doubt any more; the note counts them."""
    score = np.full(len(frames.ids), np.nan)
    try:
        if workspace is None or not (workspace / FILE).is_file():
            return score, _no_values(NOT_RANKED)
        ranked = current_suspicions(workspace)
    except VectorsError as error:
        return score, _no_values(str(error))
    known = {frames.place[one]: found for one, found in ranked.items() if one in frames.place}
    stands = {
        place: one
        for place, one in known.items()
        if statuses.level[place] == one.level.rank and _is_verified(statuses)[place]
    }
    pairs: set[tuple[int, str]] = set()
    for place, one in stands.items():
        score[place] = one.score
        pairs |= {(place, ANY), (place, f"{one.level.value}:{one.likely.value}")}
    others = (f"{one}:{other}" for one in LEVEL_VALUES for other in LEVEL_VALUES if one != other)
    facet = many_codes(About.SUSPICIOUS, (ANY, *others), pairs)
    return score, Facet(
        facet.about, facet.values, facet.code, facet.frame, _outdated(len(known) - len(stands))
    )


def standing_suspicion(workspace: Path | None, frame_id: str, status: FrameStatus | None) -> Suspicion | None:
    """Why a frame's verified level may be wrong, if it is still the level that was ranked."""
    try:
        found = current_suspicions(workspace).get(frame_id) if workspace else None
    except VectorsError:
        return None
    stands = found is not None and status is not None and status.level is found.level
    return found if stands else None


def _outdated(n: int) -> str:
    if not n:
        return ""
    ranked = counted(n, "ranked level has", "ranked levels have")
    return f"{ranked} changed since: `teletriage suspicions` ranks anew."


def _no_values(note: str) -> Facet:
    return Facet(About.SUSPICIOUS, (), np.array([], np.int32), np.array([], np.int64), note)


def _is_verified(statuses: StatusFacts) -> Flags:
    return np.asarray(statuses.state == STATES.index(VerificationState.VERIFIED.value))


def _shortcuts(frames: FrameFacts, said: SaidFacts, statuses: StatusFacts) -> Facet:
    """Verified training frames that a camera took, by whether a trait tells their level."""
    by_about = {one.about: one for one in frames.facets}
    is_training = by_about[About.SPLIT].having(Split.TRAIN.value, len(frames.ids))
    places = np.flatnonzero(is_training & _is_verified(statuses) & ~frames.is_generated)
    level, scene = statuses.level[places].astype(np.int64), frames.scene[places]
    luma = [None if np.isnan(one) else float(one) for one in frames.brightness[places]]
    traits = (
        Trait("brightness", *fifths(luma)),
        *(_trait(by_about[about], by_about[about].code[places]) for about in (About.LOCATION, About.HOUR)),
        _trait(said.reviews.facets[About.PERSON], _last_person(said, len(frames.ids))[places]),
    )
    found = [told_levels(trait.group, level, scene) for trait in traits]
    wanted = [flags for told in found for flags in (told == level, (told >= 0) & (told != level))]
    codes = np.repeat(np.arange(len(wanted)), [np.count_nonzero(one) for one in wanted])
    values = tuple(f"{trait.name}:{name}" for trait in traits for name in (TOLD, AGAINST))
    frame = np.concatenate([places[one] for one in wanted])
    return Facet(About.SHORTCUT, values, codes.astype(np.int32), frame)


def _trait(facet: Facet, code: Codes) -> Trait:
    return Trait(facet.about.value, facet.values, code.astype(np.int64))


def _last_person(said: SaidFacts, n: int) -> Codes:
    """(n,) who reviewed each frame last."""
    last = np.full(n, NONE, dtype=np.int32)
    last[said.reviews.frame] = said.reviews.facets[About.PERSON].code  # in the order of the reviews
    return last


def told_levels(group: Ints, level: Ints, scene: Ints) -> Ints:
    """(n,) the level that is most common among frames of the same group in other scenes, the less urgent one of
    equals; -1 where the group is not known (-1) or no other scene has frames of it."""
    told = np.full(len(group), -1, dtype=np.int64)
    known = np.flatnonzero(group >= 0)
    if not len(known):
        return told
    n = len(LEVELS)
    _, own = np.unique(scene[known] * (group.max() + 1) + group[known], return_inverse=True)
    of_group = np.bincount(group[known] * n + level[known], minlength=(group.max() + 1) * n).reshape(-1, n)
    of_scene = np.bincount(own * n + level[known], minlength=(own.max() + 1) * n).reshape(-1, n)
    elsewhere = of_group[group[known]] - of_scene[own]
    told[known] = np.where(elsewhere.sum(axis=1) > 0, elsewhere.argmax(axis=1), -1)
    return told
