"""Use case: freeze the verified frames and their preference pairs into a folder. Two runs on the same store are
byte-identical; `data.snapshot_format` says what the folder holds and reads it back."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlmodel import Session, col, select

from data.errors import LeakError, SnapshotError
from data.frame_status import POLICY, adjudications_by_frame, review_fact, reviews_by_frame, standing
from data.preference_pairs import EvaluationFrame, Message, PreferencePair, pair_weight
from data.proposals import latest_run, proposals_by_frame, proposals_for_review
from data.question import question_hash, question_text
from data.reply import render_reply
from data.scenarios.provenance import source_frames, source_scenes
from data.snapshot_format import IMAGES, Manifest
from data.snapshot_writer import GENERATED, Progress, SnapshotContent, write_folder
from data.store import Store
from data.tables import (
    Adjudication,
    Dataset,
    Frame,
    FrameStatus,
    Proposal,
    Review,
    SampledFrame,
    Scene,
)
from data.verification import AdjudicationFact, verify
from data.vocabulary import Assessment, Mode, ModelRole, Split, TriageLevel, VerificationState, canonical_json
from data.wording import ChosenText, chosen_text


@dataclass(frozen=True)
class VerifiedFrame:
    """A verified frame with its words and the acts behind it.

    `scene_id` is the unit of splitting: of a generated frame the scene that it was made of, whose frame
    `source_frame_id` names (None for a real frame).
    """

    frame: Frame
    level: TriageLevel
    text: ChosenText | None
    review_ids: tuple[int, ...]
    adjudication_id: int | None
    image: Path
    scene_id: str
    source_frame_id: str | None = None


def verified_frames(session: Session, split: Split) -> list[VerifiedFrame]:
    """Every verified frame of one side of the split, by scene and time."""
    query = (
        select(Frame, FrameStatus, Dataset)
        .join(FrameStatus, col(FrameStatus.frame_id) == Frame.id)
        .join(Scene, col(Scene.id) == Frame.scene_id)
        .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        .where(FrameStatus.state == VerificationState.VERIFIED, FrameStatus.split == split)
        .order_by(Frame.scene_id, col(Frame.position))
    )
    teachers = proposals_for_review(session)
    reviews, adjudications = reviews_by_frame(session), adjudications_by_frame(session)
    scenes, sources = source_scenes(session), source_frames(session)
    verified = [
        _verified(
            frame,
            split,
            Path(dataset.dataroot) / frame.filename,
            teachers.get(frame.id),
            reviews.get(frame.id, []),
            adjudications.get(frame.id),
        )
        for frame, _, dataset in session.exec(query)
    ]
    return [
        replace(
            one,
            scene_id=scenes.get(one.frame.scene_id, one.frame.scene_id),
            source_frame_id=sources.get(one.frame.id),
        )
        for one in verified
    ]


def _verified(
    frame: Frame,
    split: Split,
    image: Path,
    teacher: Proposal | None,
    reviews: Sequence[Review],
    adjudication: Adjudication | None,
) -> VerifiedFrame:
    settled = AdjudicationFact(int(adjudication.id or 0), adjudication.level) if adjudication else None
    result = verify(
        [review_fact(review) for review in reviews],
        proposed=teacher.level if teacher else None,
        split=split,
        adjudication=settled,
        policy=POLICY,
    )
    if result.level is None:
        raise SnapshotError(f"Frame {frame.id} is marked verified but its reviews say {result.state.value}.")
    counting = [review for review in reviews if review.id in result.review_ids]
    text = chosen_text(result.level, teacher=teacher, reviews=counting, adjudication=adjudication)
    return VerifiedFrame(
        frame, result.level, text, result.review_ids, result.adjudication_id, image, frame.scene_id
    )


def freeze(
    store: Store,
    out: Path,
    *,
    chain_of_thought: bool = False,
    generated: bool = False,
    progress: Progress | None = None,
) -> Manifest:
    """Write the snapshot folder `out`, whole or not at all.

    chain_of_thought: put the teacher's chain of thought into the chosen text where its words stand unchanged.
    generated: take verified generated frames too; they are marked, and the manifest counts them.
    Raises SnapshotError: `out` holds something already, nothing is verified, an image changed since ingest;
    LeakError: a scene on both sides.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SnapshotError(f"{out} is not empty; a snapshot is never written over. Choose another folder.")
    with store.read() as session:
        content = _collect(session, chain_of_thought, generated)
    if not content.images:
        raise SnapshotError("No frame is verified yet, so there is nothing to freeze.")
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        manifest = write_folder(partial, content, progress)
        partial.chmod(0o755)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def _collect(session: Session, with_thought: bool, with_generated: bool) -> SnapshotContent:
    student_run = latest_run(session, ModelRole.STUDENT)
    content = SnapshotContent(
        policy={**POLICY.as_dict(), "chain_of_thought": with_thought, "generated": with_generated},
        question_hash=question_hash(),
        guideline_versions=sorted(set(session.exec(select(Review.guideline_version)))),
        student_run_id=student_run.id if student_run else None,
        blind_twice=_blind_twice(session),
    )
    train, held_out = (verified_frames(session, split) for split in (Split.TRAIN, Split.HELD_OUT))
    _refuse_leak(train, held_out)
    if not with_generated:
        content.excluded += [
            {"frame_id": one.frame.id, "reason": GENERATED}
            for one in [*train, *held_out]
            if one.source_frame_id
        ]
        train, held_out = ([one for one in side if not one.source_frame_id] for side in (train, held_out))
    teachers = proposals_for_review(session)
    students = proposals_by_frame(session, student_run)
    for verified in train:
        built = _pair(
            verified, teachers.get(verified.frame.id), students.get(verified.frame.id), with_thought
        )
        if isinstance(built, str):
            content.excluded.append({"frame_id": verified.frame.id, "reason": built})
        else:
            content.pairs.append(built)
            content.images[built.images[0]] = (verified.image, built.image_sha256)
    for verified in held_out:
        frame = _evaluation_frame(verified)
        content.evaluation.append(frame)
        content.images[frame.images[0]] = (verified.image, frame.image_sha256)
    content.excluded += _not_verified(session)
    content.excluded.sort(key=lambda row: row["frame_id"])
    return content


def _blind_twice(session: Session) -> tuple[int, int]:
    """(held-out frames that two or more people judged blind, those of them on which they said one level)."""
    levels: dict[str, set[TriageLevel]] = defaultdict(set)
    people: Counter[str] = Counter()
    query = select(FrameStatus.frame_id).where(FrameStatus.split == Split.HELD_OUT)
    for frame_id, reviews in reviews_by_frame(session, list(session.exec(query))).items():
        for review in standing(reviews):
            if review.mode is Mode.BLIND:
                levels[frame_id].add(review.level)
                people[frame_id] += 1
    twice = [frame_id for frame_id, n in people.items() if n > 1]
    return len(twice), sum(len(levels[frame_id]) == 1 for frame_id in twice)


def _refuse_leak(train: Sequence[VerifiedFrame], held_out: Sequence[VerifiedFrame]) -> None:
    shared = {one.scene_id for one in train} & {one.scene_id for one in held_out}
    if shared:
        raise LeakError(f"The scenes {', '.join(sorted(shared))} stand in train and held-out at once.")
    images = {one.frame.image_sha256 for one in train} & {one.frame.image_sha256 for one in held_out}
    if images:
        raise LeakError(f"{len(images)} images stand in train and held-out at once, under different scenes.")


def _pair(
    verified: VerifiedFrame, teacher: Proposal | None, student: Proposal | None, with_thought: bool
) -> PreferencePair | str:
    """The pair of a verified training frame, or the reason why there is none."""
    if verified.text is None:
        return "no_wording"
    if student is None:
        return "no_student_reply"
    if student.level is None or student.reasoning is None or student.action is None:
        return "student_reply_failed"
    said = Assessment(reasoning=student.reasoning, level=student.level, action=student.action)
    chosen = render_reply(verified.text.assessment, verified.text.chain_of_thought if with_thought else None)
    rejected = render_reply(said)
    if chosen == rejected:
        return "same_text"
    frame = verified.frame
    return PreferencePair(
        pair_id=hashlib.sha256(canonical_json([frame.id, chosen, rejected]).encode()).hexdigest()[:16],
        frame_id=frame.id,
        scene_id=verified.scene_id,
        source_frame_id=verified.source_frame_id,
        images=[_image_name(frame)],
        image_sha256=frame.image_sha256 or "",
        prompt=[Message(role="user", content=question_text(thinking=False))],
        chosen=[Message(role="assistant", content=chosen)],
        rejected=[Message(role="assistant", content=rejected)],
        weight=pair_weight(verified.level, student.level),
        chosen_level=verified.level,
        rejected_level=student.level,
        review_ids=list(verified.review_ids),
        adjudication_id=verified.adjudication_id,
        teacher_proposal_id=teacher.id if teacher else None,
        student_proposal_id=int(student.id or 0),
        teacher_run_id=teacher.run_id if teacher else None,
        student_run_id=student.run_id,
    )


def _evaluation_frame(verified: VerifiedFrame) -> EvaluationFrame:
    text = verified.text.assessment if verified.text else None
    return EvaluationFrame(
        frame_id=verified.frame.id,
        scene_id=verified.scene_id,
        source_frame_id=verified.source_frame_id,
        images=[_image_name(verified.frame)],
        image_sha256=verified.frame.image_sha256 or "",
        level=verified.level,
        reasoning=text.reasoning if text else "",
        action=text.action if text else "",
        review_ids=list(verified.review_ids),
        adjudication_id=verified.adjudication_id,
    )


def _image_name(frame: Frame) -> str:
    return f"{IMAGES}/{frame.id}{Path(frame.filename).suffix.lower()}"


def _not_verified(session: Session) -> list[dict[str, str]]:
    """Sampled frames that are contested, awaiting, set aside or not yet proposed for, each with that reason."""
    query = (
        select(SampledFrame.frame_id, Frame.set_aside, FrameStatus.state)
        .join(Frame, col(Frame.id) == SampledFrame.frame_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == SampledFrame.frame_id, isouter=True)
    )
    rows = []
    for frame_id, set_aside, state in session.exec(query).all():
        if set_aside is None and state is VerificationState.VERIFIED:
            continue
        reason = set_aside or state
        rows.append({"frame_id": frame_id, "reason": str(reason) if reason else "no_proposal"})
    return rows
