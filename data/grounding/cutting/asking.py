"""Use case: have a model at an endpoint cut words into assertions, and keep each cut as it arrives.

A call that was interrupted anywhere, killed included, is resumed by the same call: only words that this model was not
asked about yet are sent. Words are sent without the picture and without anybody's name.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sqlmodel import col, func, select

from data.errors import ProposalError
from data.grounding.acts import KINDS, Key, require_runs, rows_of, words_of
from data.grounding.cutting.kept import keep_cuts
from data.grounding.cutting.question import REPLY_BYTES, cut_body, question_hash
from data.grounding.cutting.reply import NoCut, ReadCut, read_cut
from data.grounding.words import Words
from data.store.opening import Store
from data.store.tables import CutAssertions, ModelRun, Proposal
from data.vlm.answer import read_samples
from data.vlm.client import Asking, Endpoints, Refused, Unreached, asked_in_groups
from data.vlm.request import STUDENT_SAMPLING

Progress = Callable[[int, int], None]
"""Called with (done, total)."""
GIVE_UP_AFTER = 32
"""So many texts in a row without an answer end the call."""
CUT_SHORT = "cut short"


@dataclass
class CutTexts:
    """What a call did. `asked`: texts that are cut now or whose reply could not be used (`unusable`, by reason; the
    rules cut those); `assertions` were kept, `dropped` not, by reason; `unreached`: texts that the next call asks
    about."""

    cut_by: str
    asked: int = 0
    assertions: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    unreached: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        counts = {"cut_by": self.cut_by, "asked": self.asked, "assertions": self.assertions}
        by_reason = {"unusable": self.unusable, "dropped": self.dropped, "unreached": self.unreached}
        return {**counts, **{name: dict(reasons) for name, reasons in by_reason.items()}}


class _Text(NamedTuple):
    key: Key
    frame_id: str
    words: Words


class _Answered(NamedTuple):
    """A cut, or why there is none: the reply is of no use, the endpoint refused the request, or nothing came."""

    text: _Text
    cut: ReadCut | str
    came: Literal["reply", "refusal", "nothing"] = "reply"


def asking_of(
    endpoints: Sequence[str], model: str, *, concurrency: int = 16, api_key: str = "none", **changes: Any
) -> Asking:
    """How words are asked about."""
    return Asking(
        tuple(endpoints),
        model,
        STUDENT_SAMPLING,
        concurrency=concurrency,
        api_key=api_key,
        reply_bytes=REPLY_BYTES,
        **changes,
    )


def cutter_of(asking: Asking) -> str:
    """Names who cuts, and what it is asked."""
    return f"{asking.model} (question {question_hash()})"


def cut_at_endpoint(
    store: Store, asking: Asking, run_names: Sequence[str] = (), *, progress: Progress | None = None
) -> CutTexts:
    """Ask about the words of runs (of all, if none is named) and people's own that this model was not asked about.

    Raises ProposalError: a run that there is not, an endpoint that cannot be reached or does not serve the model, or
    not one text got an answer.
    """
    done = CutTexts(cutter_of(asking))
    with store.read() as session:
        require_runs(session, run_names)
    due = list(_due(store, run_names, done.cut_by))
    if due:
        asyncio.run(_ask(store, asking, due, done, progress))
    if due and not done.asked:
        reasons = "; ".join(reason.rstrip(".") for reason in done.unreached)
        raise ProposalError(
            f"None of {done.unreached.total()} requests to {', '.join(asking.endpoints)} got an answer ({reasons}). "
            "Nothing was changed; run the same command again."
        )
    return done


_AT_ONCE = 500


def _due(store: Store, run_names: Sequence[str], cutter: str) -> Iterator[_Text]:
    keys: list[Key] = []
    with store.read() as session:
        for name, table in KINDS:
            query = (
                select(table.id)
                .outerjoin(CutAssertions, col(getattr(CutAssertions, name)) == table.id)
                .where(func.coalesce(col(CutAssertions.cut_by), "") != cutter)
                .where(col(table.level).is_not(None), col(table.reasoning).is_not(None))
                .order_by(col(table.id))
            )
            if run_names and table is Proposal:
                query = query.join(ModelRun, col(ModelRun.id) == Proposal.run_id)
                query = query.where(col(ModelRun.name).in_(run_names))
            keys += [(name, number) for number in session.exec(query)]
        for start in range(0, len(keys), _AT_ONCE):
            for key, row in rows_of(session, keys[start : start + _AT_ONCE]).items():
                words = words_of(row)
                if words is not None and any(words.parts().values()):
                    yield _Text(key, row.frame_id, words)


async def _ask(
    store: Store, asking: Asking, due: Sequence[_Text], done: CutTexts, progress: Progress | None
) -> None:
    in_a_row = 0

    def keep(answers: list[_Answered]) -> None:
        nonlocal in_a_row
        # before anything was answered, a refusal speaks about the request's form rather than about a text
        replies = done.asked > 0 or any(one.came == "reply" for one in answers)
        final = [one for one in answers if one.came == "reply" or (one.came == "refusal" and replies)]
        keep_cuts(store, done.cut_by, {one.text.key: (one.text.frame_id, one.cut) for one in final})
        for one in answers:
            in_a_row = 0 if one in final else in_a_row + 1
            _count(done, one.cut, is_kept=one in final)
        if progress:
            progress(done.asked + done.unreached.total(), len(due))

    async with Endpoints(asking) as endpoints:
        await endpoints.check()

        async def ask(text: _Text) -> _Answered:
            return await _asked(endpoints, text)

        await asked_in_groups(
            due, ask, keep, concurrency=asking.concurrency, keep_going=lambda: in_a_row < GIVE_UP_AFTER
        )


async def _asked(endpoints: Endpoints, text: _Text) -> _Answered:
    try:
        samples = read_samples(await endpoints.post(cut_body(text.words, endpoints.asking.model)))
    except Unreached as error:
        return _Answered(text, str(error), "nothing")
    except Refused as error:
        return _Answered(text, str(error), "refusal")
    if samples[0].finish_reason == "length":
        return _Answered(text, CUT_SHORT)
    try:
        return _Answered(text, read_cut(samples[0].raw, text.words.parts()))
    except NoCut as error:
        return _Answered(text, str(error))


def _count(done: CutTexts, cut: ReadCut | str, *, is_kept: bool) -> None:
    if not is_kept:
        done.unreached[str(cut)] += 1
        return
    done.asked += 1
    if isinstance(cut, str):
        done.unusable[cut] += 1
    else:
        done.assertions += sum(map(len, cut.parts.values()))
        done.dropped.update(cut.dropped)
