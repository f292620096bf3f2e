"""Use case: freeze the verified frames and their preference pairs into a folder. Two runs on the same store are
byte-identical; `data.snapshot.folder` says what the folder holds and reads it back."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from data.errors import SnapshotError
from data.frames.development_part import SEED, SHARE, in_development
from data.frames.named_lists import NamedList, named_list
from data.hashing import canonical_json
from data.people.permissions import Act, require
from data.pictures.shown import shown_pictures
from data.proposals.earlier_frames import earlier_frames
from data.proposals.runs import latest_run, proposals_by_frame, run_form
from data.snapshot.contradicted import CONTRADICTED, contradicted_words, is_contradicted
from data.snapshot.folder import Entry, Manifest
from data.snapshot.leak_guard import (
    complete_fingerprints,
    guarded_frames,
    refuse_leaks,
    refuse_one_drive,
    with_earlier,
)
from data.snapshot.pairs import DevelopmentFrame, EvaluationFrame, Message, PreferencePair, pair_weight
from data.snapshot.pictures import EntryPictures, entry_pictures
from data.snapshot.terms import scene_terms
from data.snapshot.writer import (
    GENERATED,
    NOT_ON_THE_LIST,
    Excluded,
    FolderWriter,
    Progress,
    SnapshotFacts,
    SnapshotLabel,
)
from data.store.opening import Store
from data.store.tables import Frame, FrameStatus, GoldFrame, ModelRun, Proposal, Review, SampledFrame
from data.store.trail import note_act
from data.verification.standing import of_the_frame, standing
from data.verification.status import POLICY
from data.verification.verified_frames import VerifiedFrame, each_verified
from data.vlm.conversation import conversation, conversation_hash
from data.vlm.moment import STILL, Lookback, Moment
from data.vlm.reply import parse_reply, render_reply
from data.vocabulary import (
    ImageStorage,
    Mode,
    ModelRole,
    ReplyForm,
    Split,
    TrailAct,
    TriageLevel,
    VerificationState,
)
from data.whole_files import written_whole

FRAMES_AT_ONCE = 500


@dataclass(frozen=True)
class FreezeOptions:
    """What goes into a snapshot.

    form: the reply form of both sides of every pair; None: the one in which the student answered. thought_first takes
    the frames whose chosen words are the teacher's own, with the teacher's chain of thought.
    generated: take verified generated frames too; they are marked, and the manifest counts them.
    images: copy the pictures into the folder, or name them where they are.
    development: the share of training scenes that are kept out of training, as the part that runs are watched and
    decisions are fitted on.
    of_list: take only the frames on this named list, of both sides of the split.
    contradicted: take training frames whose chosen words are contradicted by what is there too; they are counted.
    """

    form: ReplyForm | None = None
    generated: bool = False
    images: ImageStorage = ImageStorage.COPIED
    development: float = SHARE
    of_list: str | None = None
    contradicted: bool = True

    def as_policy(self) -> dict[str, object]:
        kept_out = {"development": self.development, "development_seed": SEED} if self.development else {}
        left_out = {} if self.contradicted else {"contradicted": False}
        return {
            **POLICY.as_dict(),
            "generated": self.generated,
            **kept_out,
            **left_out,
            "images": self.images.value,
        }


@dataclass(frozen=True)
class _Question:
    """What every pair of a snapshot asks."""

    form: ReplyForm
    lookback: Lookback


FREEZE_DEFAULTS, NO_LABEL = FreezeOptions(), SnapshotLabel()


def freeze(
    store: Store,
    out: Path,
    options: FreezeOptions = FREEZE_DEFAULTS,
    *,
    label: SnapshotLabel = NO_LABEL,
    progress: Progress | None = None,
    by: int | None = None,
) -> Manifest:
    """Write the snapshot folder `out`, whole or not at all. label: what people call it; no part of its hash.

    by: the person who asks for it in the app, None at the command line. Raises NotAllowed; SnapshotError: `out` holds
    something already, nothing is verified, an image is gone or changed since ingest; LeakError: a scene, a picture or
    two pictures of one view on both sides; FindRefused: no such list.
    """
    if by is not None:
        with store.read() as session:
            require(session, by, Act.FREEZE_SNAPSHOT)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SnapshotError(f"{out} is not empty; a snapshot is never written over. Choose another folder.")
    with store.read() as session:
        lookback = snapshot_lookback(latest_run(session, ModelRole.STUDENT))
    complete_fingerprints(store, lookback)
    try:
        with written_whole(out) as partial, store.read() as session:
            partial.mkdir()
            manifest = _written(session, partial, options, label, progress)
    except OSError as error:
        raise SnapshotError(f"{out} cannot be written: {error.strerror}. Choose another folder.") from error
    with store.write() as session:
        subject = f"snapshot:{manifest.snapshot_hash}"
        details = {
            "pairs": sum(manifest.pairs_by_weight.values()),
            "evaluation": sum(manifest.evaluation_by_level.values()),
            **({"list": chosen} if (chosen := manifest.policy.get("list")) else {}),
        }
        note_act(session, TrailAct.FROZE_SNAPSHOT, by=by, subject=subject, details=details)
    return manifest


def _written(
    session: Session, folder: Path, options: FreezeOptions, label: SnapshotLabel, progress: Progress | None
) -> Manifest:
    train, held_out = (guarded_frames(session, split) for split in (Split.TRAIN, Split.HELD_OUT))
    if not train and not held_out:
        raise SnapshotError("No frame is verified yet, so there is nothing to freeze.")
    student_run = latest_run(session, ModelRole.STUDENT)
    lookback = snapshot_lookback(student_run)
    refuse_one_drive(session)
    refuse_leaks(
        with_earlier(session, Split.TRAIN, train, lookback),
        with_earlier(session, Split.HELD_OUT, held_out, lookback),
    )
    form = snapshot_form(session, student_run, options)
    chosen = _chosen(session, options)
    facts = SnapshotFacts(
        policy={**options.as_policy(), **({"list": chosen.as_dict()} if chosen else {})},
        reply_form=form,
        image_width_px=student_run.parameters.get("image_width_px") if student_run else None,
        lookback=lookback,
        question_hash=conversation_hash(form, lookback),
        guideline_versions=sorted(set(session.exec(select(Review.guideline_version)))),
        student_run_id=student_run.id if student_run else None,
        blind_twice=_blind_twice(session),
        frames=sum(chosen is None or one.frame_id in chosen.frame_ids for one in (*train, *held_out)),
        label=label,
        development=options.development > 0,
        terms=scene_terms(session),
    )
    with FolderWriter(folder, facts, options.images, progress) as writer:
        for line in each_entry(session, options):
            if isinstance(line, Excluded):
                writer.exclude(line)
            else:
                writer.add(*line)
        return writer.finish()


def snapshot_form(session: Session, student: ModelRun | None, options: FreezeOptions) -> ReplyForm:
    """The form of a snapshot taken now. Raises SnapshotError where another one is asked for than the student's."""
    answered_in = run_form(session, student) if student else None
    if options.form and answered_in and options.form is not answered_in:
        raise SnapshotError(
            f"The student's run {student.name if student else ''} answered in the form {answered_in.value}; a snapshot "
            f"of the form {options.form.value} needs a student that was asked so: propose --role student --form "
            f"{options.form.value}."
        )
    return options.form or answered_in or ReplyForm.LEVEL_FIRST


def snapshot_lookback(student: ModelRun | None) -> Lookback:
    """How far back every question of a snapshot looks: as the student's did."""
    return Lookback.of(student.parameters) if student else STILL


def each_entry(session: Session, options: FreezeOptions) -> Iterator[Excluded | tuple[Entry, list[Path]]]:
    """Everything that a snapshot taken now would hold: pairs, development and evaluation frames (each with its
    pictures' files), and what is left out with the reason."""
    student_run = latest_run(session, ModelRole.STUDENT)
    question = _Question(snapshot_form(session, student_run, options), snapshot_lookback(student_run))
    chosen = _chosen(session, options)
    gold = set(session.exec(select(GoldFrame.frame_id)))
    for group in _groups(each_verified(session, Split.TRAIN)):
        ids = [one.frame.id for one in group]
        students, wrong = proposals_by_frame(session, student_run, ids), contradicted_words(session, ids)
        for one, shown in _shown(session, group, question, options):
            is_wrong = is_contradicted(one.frame.id, one.text, wrong)
            reason = _left_out(one, chosen, gold, options)
            reason = reason or (CONTRADICTED if is_wrong and not options.contradicted else None)
            built = reason or _pair(one, students.get(one.frame.id), question, shown)
            if is_wrong and isinstance(built, PreferencePair):
                built = built.model_copy(update={"contradicted": True})
            if reason is None and options.development and in_development(one.scene_id, options.development):
                yield _development_frame(one, built, shown), shown.files
            else:
                yield Excluded(one.frame.id, built) if isinstance(built, str) else (built, shown.files)
    for group in _groups(each_verified(session, Split.HELD_OUT)):
        for one, shown in _shown(session, group, question, options):
            reason = _left_out(one, chosen, set(), options)
            yield Excluded(one.frame.id, reason) if reason else (_evaluation_frame(one, shown), shown.files)
    for left in _not_verified(session):
        is_on = chosen is None or left.frame_id in chosen.frame_ids
        yield left if is_on else Excluded(left.frame_id, NOT_ON_THE_LIST)


def _shown(
    session: Session, group: Sequence[VerifiedFrame], question: _Question, options: FreezeOptions
) -> Iterator[tuple[VerifiedFrame, EntryPictures]]:
    earlier = earlier_frames(session, [one.frame for one in group], question.lookback)
    pictures = shown_pictures(session, sorted({one.frame.scene_id for one in group}))
    for one in group:
        yield one, entry_pictures(one, earlier[one.frame.id], pictures, options.images)


def _groups(frames: Iterator[VerifiedFrame]) -> Iterator[list[VerifiedFrame]]:
    while group := list(islice(frames, FRAMES_AT_ONCE)):
        yield group


def _chosen(session: Session, options: FreezeOptions) -> NamedList | None:
    return None if options.of_list is None else named_list(session, options.of_list)


def _left_out(
    one: VerifiedFrame, chosen: NamedList | None, gold: set[str], options: FreezeOptions
) -> str | None:
    """Why a verified frame is kept out whatever the student said: people and models are tested on gold."""
    if chosen is not None and one.frame.id not in chosen.frame_ids:
        return NOT_ON_THE_LIST
    if one.source_frame_id and not options.generated:
        return GENERATED
    return "gold" if one.frame.id in gold else None


def _blind_twice(session: Session) -> tuple[int, int]:
    """(held-out frames that two or more people judged blind, those of them on which they said one level)."""
    levels: dict[str, set[TriageLevel]] = defaultdict(set)
    people: Counter[str] = Counter()
    query = (
        select_columns(
            col(Review.id),
            col(Review.supersedes_id),
            col(Review.frame_id),
            col(Review.level),
            col(Review.mode),
        )
        .join(FrameStatus, col(FrameStatus.frame_id) == Review.frame_id)
        .where(col(FrameStatus.split) == Split.HELD_OUT)
    )
    rows = session.connection().execute(of_the_frame(query)).all()
    for row in standing(rows):
        if row.mode is Mode.BLIND:
            levels[row.frame_id].add(row.level)
            people[row.frame_id] += 1
    twice = [frame_id for frame_id, n in people.items() if n > 1]
    return len(twice), sum(len(levels[frame_id]) == 1 for frame_id in twice)


def _pair(
    verified: VerifiedFrame, student: Proposal | None, question: _Question, shown: EntryPictures
) -> PreferencePair | str:
    """The pair of a verified training frame, or the reason why there is none. The rejected side is what the student
    wrote, to the letter."""
    if verified.text is None:
        return "no_wording"
    if student is None or student.level is None:
        return "no_student_reply" if student is None else "student_reply_failed"
    form, rejected, thought = question.form, student.raw.strip(), verified.text.chain_of_thought
    written = parse_reply(rejected)
    if otherwise := _asked_otherwise(student, written.form, question, shown):
        return otherwise
    if form is not ReplyForm.THOUGHT_FIRST:
        thought = None
    elif thought is None:
        return "no_chain_of_thought"
    chosen = render_reply(verified.text.assessment, form, thought)
    if parse_reply(chosen) == written:
        return "same_text"
    frame, teacher = verified.frame, verified.teacher
    return PreferencePair(
        pair_id=hashlib.sha256(canonical_json([frame.id, chosen, rejected]).encode()).hexdigest()[:16],
        frame_id=frame.id,
        scene_id=verified.scene_id,
        source_frame_id=verified.source_frame_id,
        images=shown.names,
        image_sha256=shown.sha256,
        earlier=shown.earlier,
        prompt=[
            Message.model_validate(turn)
            for turn in conversation(form, Moment.of(question.lookback, shown.before_s))
        ],
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
        votes=verified.votes,
        in_stack=verified.in_stack,
    )


def _asked_otherwise(
    student: Proposal, written: ReplyForm | None, question: _Question, shown: EntryPictures
) -> str | None:
    """Why a student's reply answers another question than the pair's."""
    if written is not question.form:
        return "student_reply_of_another_form"
    same = (student.earlier_frame_ids or []) == [one.frame_id for one in shown.earlier]
    return None if same else "student_shown_other_pictures"


def _evaluation_frame(verified: VerifiedFrame, shown: EntryPictures) -> EvaluationFrame:
    return EvaluationFrame(**_whole_frame(verified, shown))


def _development_frame(
    verified: VerifiedFrame, pair: PreferencePair | str, shown: EntryPictures
) -> DevelopmentFrame:
    """With both sides of its pair, where the student gave it one."""
    sides = (None, None) if isinstance(pair, str) else (pair.chosen[-1].content, pair.rejected[-1].content)
    return DevelopmentFrame(
        **_whole_frame(verified, shown),
        votes=verified.votes,
        chosen=sides[0],
        rejected=sides[1],
        in_stack=verified.in_stack,
    )


def _whole_frame(verified: VerifiedFrame, shown: EntryPictures) -> dict[str, Any]:
    text = verified.text.assessment if verified.text else None
    return {
        "frame_id": verified.frame.id,
        "scene_id": verified.scene_id,
        "source_frame_id": verified.source_frame_id,
        "images": shown.names,
        "image_sha256": shown.sha256,
        "earlier": shown.earlier,
        "level": verified.level,
        "reasoning": text.reasoning if text else "",
        "action": text.action if text else "",
        "review_ids": list(verified.review_ids),
        "adjudication_id": verified.adjudication_id,
    }


def _not_verified(session: Session) -> Iterator[Excluded]:
    """Sampled frames that are contested, awaiting, set aside or not yet proposed for, each with that reason."""
    query = (
        select(SampledFrame.frame_id, Frame.set_aside, FrameStatus.state)
        .join(Frame, col(Frame.id) == SampledFrame.frame_id)
        .join(FrameStatus, col(FrameStatus.frame_id) == SampledFrame.frame_id, isouter=True)
    )
    for frame_id, set_aside, state in session.exec(query).all():
        if set_aside is not None or state is not VerificationState.VERIFIED:
            reason = set_aside or state
            yield Excluded(frame_id, str(reason) if reason else "no_proposal")
