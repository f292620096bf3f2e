"""Use case: what a data set says in words of frames that were sampled, kept as a run of a teacher that names no level.

All texts about one frame are one reply: they answer different questions, so that they are no samples of each other.
Such a run is read where replies are: on *Frame*, by searches for words, and on the card where no teacher that names
levels was asked. It proposes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from sqlmodel import col, select

from data.errors import ProposalError
from data.proposals.recorded_replies import RECORDED
from data.proposals.runs import WORDS, Proposed, kept_run, planned_run, run_summary
from data.sources.physical_ai.reasoning import NEAR_US
from data.sources.texts.said import Moment, Said, Texts
from data.store.opening import Store
from data.store.sealing import insert_rows
from data.store.tables import Dataset, Frame, ModelRun, Proposal, SampledFrame, Scene
from data.vlm.reply import MAX_REPLY_CHARS
from data.vocabulary import Failure, ModelRole, storable_text


def propose_from_texts(
    store: Store, texts: Texts, *, role: ModelRole, model: str | None = None, name: str | None = None
) -> Proposed:
    """Keep a set's texts on the sampled frames; frames on which the run has words already keep those.

    model: what speaks; the set's name where nothing is said. Raises ProposalError: another role than the teacher's, no
    frame sampled, more about one frame than a reply may hold. Raises SourceError for a file that cannot be read.
    """
    if role is not ModelRole.TEACHER:
        raise ProposalError(
            f"{texts.name} names no levels, which a {role.value} needs: take it with --role teacher."
        )
    frames = _Frames.of(store)
    of_frame, unknown = _by_frame(texts.said, frames)
    planned = planned_run(
        store, role=role, model=model or texts.name, source=WORDS, question=RECORDED, name=name
    )
    run = kept_run(store, planned)
    added, taken = _record(store, run, of_frame)
    done = run_summary(store, run, added=added, unknown=unknown)
    passed_over = sum(len(words) for words in of_frame.values()) - taken
    return replace(done, texts=taken, passed_over=passed_over)


def _by_frame(said: Iterable[Said], frames: _Frames) -> tuple[dict[str, list[str]], int]:
    """(the texts about each frame in their order, how many are about no sampled frame)."""
    of_frame, unknown = defaultdict[str, list[str]](list), 0
    for one in said:
        frame_id = frames.find(one.about)
        if frame_id is None:
            unknown += 1
        else:
            of_frame[frame_id].append(storable_text(one.words))
    for frame_id, words in of_frame.items():
        length = len(_joined(words))
        if length > MAX_REPLY_CHARS:
            raise ProposalError(
                f"The texts about the frame {frame_id} have {length:,} characters, more than {MAX_REPLY_CHARS:,}."
            )
    return of_frame, unknown


def _joined(words: Sequence[str]) -> str:
    return "\n\n".join(words)


def _record(store: Store, run: ModelRun, of_frame: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """(how many frames, how many texts on them)."""
    with store.write(alone=True) as session:
        answered = set(session.exec(select(Proposal.frame_id).where(Proposal.run_id == run.id)))
        new = {frame_id: words for frame_id, words in of_frame.items() if frame_id not in answered}
        now_us = store.now_us(session)
        rows = [_columns(run, frame_id, words, now_us=now_us) for frame_id, words in new.items()]
        insert_rows(session, Proposal, rows)
    return len(new), sum(len(words) for words in new.values())


def _columns(run: ModelRun, frame_id: str, words: Sequence[str], *, now_us: int) -> dict[str, Any]:
    text = _joined(words)
    return {
        "run_id": run.id,
        "frame_id": frame_id,
        "raw": text,
        "chain_of_thought": text,
        "failure": Failure.NO_LEVEL,
        "failure_detail": storable_text(f"{run.model} says something of the picture and names no level."),
        "answered_at_us": now_us,
    }


@dataclass(frozen=True)
class _Frames:
    """The sampled frames by what sets call them: `by_file` (path, id) by the file's own name, `by_clip` (time, id) in
    order of time."""

    by_file: Mapping[str, list[tuple[tuple[str, ...], str]]]
    by_clip: Mapping[str, list[tuple[int, str]]]

    @classmethod
    def of(cls, store: Store) -> _Frames:
        """Raises ProposalError where nothing was sampled."""
        query = (
            select(Frame.id, Frame.filename, Frame.captured_at_us, Scene.name, Dataset.dataroot, Dataset.kind)  # type: ignore[call-overload]
            .join(SampledFrame, col(SampledFrame.frame_id) == Frame.id)
            .join(Scene, col(Scene.id) == Frame.scene_id)
            .join(Dataset, col(Dataset.id) == Scene.dataset_id)
        )
        by_file = defaultdict[str, list[tuple[tuple[str, ...], str]]](list)
        by_clip = defaultdict[str, list[tuple[int, str]]](list)
        with store.read() as session:
            for frame_id, filename, at_us, scene, root, kind in session.exec(query):
                path = PurePath(root or "", filename)
                by_file[path.name].append((path.parts, frame_id))
                if kind == "physical-ai":
                    by_clip[scene].append((at_us, frame_id))
        if not by_file:
            raise ProposalError("No frame has been sampled yet. Run `teletriage sample` first.")
        return cls(by_file, {clip: sorted(found) for clip, found in by_clip.items()})

    def find(self, about: str | Moment) -> str | None:
        """The one frame that is meant; None where there is none, and where several are as good."""
        if isinstance(about, Moment):
            return self._at(about)
        wanted = PurePath(about).parts
        found = [
            one for parts, one in self.by_file.get(wanted[-1] if wanted else "", ()) if _ends(parts, wanted)
        ]
        return found[0] if len(found) == 1 else None

    def _at(self, moment: Moment) -> str | None:
        times = self.by_clip.get(moment.clip, [])
        place = bisect_left(times, (moment.at_us, ""))
        near = [one for one in times[max(place - 1, 0) : place + 1] if abs(one[0] - moment.at_us) <= NEAR_US]
        return min(near, key=lambda one: abs(one[0] - moment.at_us))[1] if near else None


def _ends(path: Sequence[str], ending: Sequence[str]) -> bool:
    return tuple(path[-len(ending) :]) == tuple(ending)
