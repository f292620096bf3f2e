"""What the grid is told, as JSON: frames of a page, counts, and one frame with everything that was said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotator.pictures.signed_addresses import FULL_PX, SCREEN_PX, SMALL_PX
from annotator.review_card.serving import Address, local_time, proposal_text
from annotator.widgets.page import review_marks
from data.find.pages import FoundFrame, ValueCount
from data.find.question import MEANINGS, About, Question
from data.find.words import Hit
from data.frames.erased import why_aside
from data.overview.frame_history import FrameView
from data.store.tables import Adjudication, Frame, ModelRun, Person, Proposal, Review
from data.suspicion.ranking import Suspicion
from data.verification.standing import standing
from data.vocabulary import Mode

MOST_VALUES = 80
"""Values of one filter that the panel lists; the others can be typed."""
_MODES = {
    Mode.ASSISTED: "saw the proposal",
    Mode.DECIDE_FIRST: "decided first",
    Mode.BLIND: "blind",
    Mode.STACK: "judged with a look-alike",
}


def found_frame(found: FoundFrame, hit: Hit | None, address: Address) -> dict[str, Any]:
    """A cell of the grid."""
    return {
        "frame": found.frame_id,
        "caption": f"{found.scene} · frame {found.position + 1}",
        "place": found.location,
        "state": found.state,
        "proposed": found.proposed,
        "said": [level.value for level in found.said],
        "level": found.level.value if found.level else None,
        "generated": found.is_generated,
        "aside": found.aside,
        "alike": found.alike,
        "small": address(found.frame_id, SMALL_PX),
        "large": address(found.frame_id, SCREEN_PX),
        "hit": {"source": hit.source, "runs": hit.runs} if hit else None,
    }


def told_counts(
    counts: Mapping[About, list[ValueCount]], question: Question, notes: Mapping[About, str]
) -> list[dict[str, Any]]:
    """The values that frames have, the most frequent MOST_VALUES of each filter, those that are asked for, and what is
    to be known of them."""
    asked = {(one.about, one.value) for one in question.filters}
    found = {
        about: [one for one in counts.get(about, ()) if one.frames or (about, one.value) in asked]
        for about in About
    }
    return [
        {
            "name": about.value,
            "title": MEANINGS[about],
            "n": len(there),
            "values": _listed(about, there, asked),
            "note": notes.get(about, ""),
        }
        for about, there in found.items()
        if there or about in notes
    ]


def _listed(about: About, values: list[ValueCount], asked: set[tuple[About, str]]) -> list[tuple[str, int]]:
    most = {one.value for one in sorted(values, key=lambda one: -one.frames)[:MOST_VALUES]}
    return [(one.value, one.frames) for one in values if one.value in most or (about, one.value) in asked]


def emptied(question: Question, without: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """Which filters empty an answer, each with the address without it and how many frames that brings."""
    told = []
    for place, frames in without:
        is_words = place == len(question.filters)
        about = "words" if is_words else question.filters[place].about.value
        value = question.words if is_words else question.filters[place].value
        told.append(
            {"name": about, "value": value, "frames": frames, "address": question.without(place).address}
        )
    return told


def opened_frame(
    view: FrameView, around: list[Frame], suspicion: Suspicion | None, address: Address
) -> dict[str, Any]:
    """One frame with everything that was said of it."""
    frame, scene = view.frame, view.scene
    current = {review.id for review in standing(review for review, _ in view.reviews)}
    return {
        "frame": frame.id,
        "file": frame.filename,
        "caption": " · ".join(filter(None, (scene.name, f"frame {frame.position + 1}", scene.location))),
        "local_time": local_time(frame.captured_at_us, scene.utc_offset_min),
        "description": scene.description,
        "cues": [{"name": name.replace("_", " "), "evidence": text} for name, text in frame.cues.items()],
        "unknown_cues": [name.replace("_", " ") for name in frame.unknown_cues or ()],
        "generated": frame.generated_clip_id,
        "aside": why_aside(frame),
        "large": address(frame.id, SCREEN_PX),
        "full": address(frame.id, FULL_PX),
        "around": [_neighbour(one, frame, address) for one in around],
        **_standing(view),
        "suspicion": suspicion
        and {
            "likely": suspicion.likely.value,
            "chances": f"{suspicion.p_level:.0%} against {suspicion.p_likely:.0%}",
            "why": suspicion.why,
        },
        "cards": [
            *(_settled(row, who, stands=row.id not in view.taken_back) for row, who in view.adjudications),
            *(_said(row, who, stands=row.id in current) for row, who in view.reviews),
            *(_proposed(row, run) for row, run in view.proposals),
        ],
    }


def _neighbour(one: Frame, frame: Frame, address: Address) -> dict[str, Any]:
    return {
        "frame": one.id,
        "offset": one.position - frame.position,
        "seconds": round((one.captured_at_us - frame.captured_at_us) / 1e6, 1),
        "small": address(one.id, SMALL_PX),
    }


def _standing(view: FrameView) -> dict[str, Any]:
    status = view.status
    if status is None:
        return {"state": None, "gold": view.is_gold}
    return {
        "state": status.state.value,
        "needed": status.reviews_needed,
        "level": status.level.value if status.level else None,
        "gold": view.is_gold,
        "priority": status.priority,
        "next": list(view.asked_next),
        "terms": {name.replace("_", " "): value for name, value in status.priority_terms.items()}
        if status.reviews_needed
        else {},
    }


def _settled(row: Adjudication, who: Person, *, stands: bool) -> dict[str, Any]:
    texts = [row.reasoning, row.action, f"Why: {row.reason}"]
    title = f"Settled by {who.display_name}{'' if stands else ', taken back since'}"
    return _card(title, row.level.value, texts)


def _said(row: Review, who: Person, *, stands: bool) -> dict[str, Any]:
    title = f"{who.display_name}, {_MODES[row.mode]}{review_marks(row)}{'' if stands else ', replaced since'}"
    return _card(title, row.level.value, [row.reasoning or "The proposal's words stand.", row.action])


def _proposed(row: Proposal, run: ModelRun) -> dict[str, Any]:
    told = proposal_text(row)
    texts = [row.reasoning, row.action, _chances(row)]
    if told["failure"]:
        texts = [f"No assessment: {told['failure']}"]
    return {**_card(f"{run.role.value} {run.name}", told["level"], texts), "thought": told["thought"]}


def _card(title: str, level: str | None, texts: list[str | None]) -> dict[str, Any]:
    return {"title": title, "level": level, "texts": [text for text in texts if text]}


def _chances(row: Proposal) -> str | None:
    if not row.level_probabilities:
        return None
    named = zip(("A", "S", "T"), row.level_probabilities, strict=True)
    return "Probabilities: " + ", ".join(f"{name} {chance:.0%}" for name, chance in named)
