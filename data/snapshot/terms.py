"""Which terms bind the pictures of a snapshot. Pure but for the one question to the store."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from sqlmodel import Session, col, select

from data.nuscenes.official_split import LICENCE as NUSCENES
from data.store.tables import Dataset, Scene

_NON_COMMERCIAL = re.compile(r"\bNC\b|non-?commercial|research[ -]only", re.IGNORECASE)


class SceneTerms(NamedTuple):
    """The data set that a scene is of, its kind, and the terms; None where nobody has said which."""

    data_set: str
    kind: str
    licence: str | None


class Terms(BaseModel):
    """How many entries of a snapshot are of a data set under the same terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_set: str
    licence: str | None
    entries: int


def scene_terms(session: Session) -> dict[str, SceneTerms]:
    """The terms of every scene, by its id."""
    query = select(Scene.id, Dataset.name, Dataset.kind, Scene.licence)
    rows = session.exec(query.join(Dataset, col(Dataset.id) == Scene.dataset_id))
    return {scene_id: SceneTerms(*rest) for scene_id, *rest in rows}


def counted_terms(entries_by_scene: Mapping[str, int], terms: Mapping[str, SceneTerms]) -> list[Terms]:
    """The terms of a snapshot by data set. Empty where all of it is of nuScenes' tables and nothing else was said of
    them: the card's own paragraph holds then, as it always has."""
    counts = Counter[SceneTerms]()
    for scene_id, entries in entries_by_scene.items():
        if scene_id in terms:
            counts[terms[scene_id]] += entries
    if all(one.kind == "nuscenes" and one.licence in (None, NUSCENES) for one in counts):
        return []
    by_name = sorted(counts.items(), key=lambda one: (one[0].data_set, one[0].licence or ""))
    return [Terms(data_set=one.data_set, licence=one.licence, entries=n) for one, n in by_name]


def binding(terms: Sequence[Terms]) -> str:
    """What the terms come to for whoever has the snapshot.

    >>> binding([Terms(data_set="a", licence="CC-BY-4.0", entries=2)])
    'All pictures are under CC-BY-4.0.'
    """
    known = sorted({one.licence for one in terms if one.licence})
    unsaid = sorted({one.data_set for one in terms if not one.licence})
    said = [f"All pictures are under {known[0]}."] if len(known) == 1 and not unsaid else []
    if len(known) > 1:
        said.append(
            f"The pictures are under several terms: {'; '.join(known)}. What is made of them as a whole, and what "
            "is trained on it, is bound by all of them at once."
        )
    elif known and unsaid:
        said.append(f"Some pictures are under {known[0]}, which binds the snapshot as a whole.")
    if any(_NON_COMMERCIAL.search(one) for one in known):
        said.append("One of them allows no commercial use, so the whole allows none.")
    if unsaid:
        said.append(
            f"Nobody has said which terms bind the pictures of {', '.join(unsaid)}: find out before you pass them on."
        )
    return " ".join(said)
