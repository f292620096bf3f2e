"""A preference pair: what verified people say of a frame against what the unaligned student said."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from data.vocabulary import TriageLevel

ALPHA_HIGH = 5.0
ALPHA_MED = 2.0


def pair_weight(
    chosen: TriageLevel,
    rejected: TriageLevel,
    *,
    alpha_high: float = ALPHA_HIGH,
    alpha_med: float = ALPHA_MED,
) -> float:
    """w(y_w, y_l) of SA-DPO, equation 4 of the paper: what it costs to say `rejected` where `chosen` is right.

    >>> pair_weight(TriageLevel.TELEOPERATION, TriageLevel.AUTONOMY)
    5.0
    >>> pair_weight(TriageLevel.TELEOPERATION, TriageLevel.SUPERVISION)
    2.0
    >>> pair_weight(TriageLevel.AUTONOMY, TriageLevel.TELEOPERATION)
    1.0
    """
    if chosen is not TriageLevel.TELEOPERATION or rejected is TriageLevel.TELEOPERATION:
        return 1.0
    return alpha_high if rejected is TriageLevel.AUTONOMY else alpha_med


class Message(BaseModel):
    """One turn of a conversation in the form that TRL and chat templates read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class EarlierPicture(BaseModel):
    """A picture that a question shows before the frame's own, taken `before_s` seconds before it in the same scene."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame_id: str
    image_sha256: str
    before_s: float


class PreferencePair(BaseModel):
    """One line of `pairs.jsonl`: TRL's vision preference columns, the weight, and where each side came from.

    `images` holds paths relative to the snapshot folder: those of `earlier`, oldest first, then the frame's own, whose
    hash is `image_sha256`. `prompt` is the conversation that models are asked in
    (`data.vlm.conversation`). `chosen` and `rejected` are single assistant turns: the one rendered by
    `data.vlm.reply.render_reply`, the other as the student wrote it. `votes`: how many people said each level; empty in
    snapshots of version 0.2 and before. Of a generated frame `source_frame_id` is the real
    frame that it was made of and `scene_id` the scene of that one; None for a real frame. `in_stack`: people judged it
    together with a look-alike only; `contradicted`: what is there denies the chosen words, as far as they were judged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pair_id: str
    frame_id: str
    scene_id: str
    images: list[str]
    image_sha256: str
    earlier: list[EarlierPicture] = []
    prompt: list[Message]
    chosen: list[Message]
    rejected: list[Message]
    weight: float
    chosen_level: TriageLevel
    rejected_level: TriageLevel
    review_ids: list[int]
    adjudication_id: int | None
    teacher_proposal_id: int | None
    student_proposal_id: int
    teacher_run_id: str | None
    student_run_id: str
    source_frame_id: str | None = None
    votes: dict[TriageLevel, int] = {}
    in_stack: bool = False
    contradicted: bool = False


class _WholeFrame(BaseModel):
    """A verified frame that nothing is trained on. `images`, `earlier`, `source_frame_id`: as in a PreferencePair."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame_id: str
    scene_id: str
    images: list[str]
    image_sha256: str
    earlier: list[EarlierPicture] = []
    level: TriageLevel
    reasoning: str
    action: str
    review_ids: list[int]
    adjudication_id: int | None
    source_frame_id: str | None = None


class EvaluationFrame(_WholeFrame):
    """One line of `evaluation.jsonl`: a verified held-out frame."""


class DevelopmentFrame(_WholeFrame):
    """One line of `development.jsonl`: a verified frame of the development part.

    `chosen`, `rejected`: the two sides that its pair would have, as they are trained on; None where it would have none.
    """

    votes: dict[TriageLevel, int]
    chosen: str | None
    rejected: str | None
    in_stack: bool = False
