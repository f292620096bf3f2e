"""Use case: ask a model whether each generated clip could be real. Its answer is advice to people; it rejects nothing.

A clip is shown as one sheet of moments, because the endpoint takes one picture. The question ends where a thinking
model's thought would, so the verdict is looked for in all that was said, and the last one counts.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path

import jinja2
from PIL import Image
from sqlmodel import Session, col, select

from data.errors import ScenarioError
from data.frames.origins import rejected_clips
from data.images.inspection import ImageRefused, rendition
from data.pictures.shown import shown_pictures
from data.store.opening import Store
from data.store.tables import ClipCritique, Frame, GeneratedClip
from data.vlm.answer import ModelAnswer
from data.vlm.client import Asking, Keep, ask_frames
from data.vlm.moment import AskedFrame
from data.vlm.request import TEACHER_SAMPLING, SamplingParameters

MOMENTS, COLUMNS, TILE_PX = 6, 3, (640, 360)
_VERDICT = re.compile(
    r"^[^\w\n]{0,40}verdict[^\w:]{0,40}:\W{0,40}(approve|reject)", re.IGNORECASE | re.MULTILINE
)


@dataclass
class Criticised:
    """What a model said of the clips that it had not been asked about. `unclear`: answers without a verdict;
    `unreached`: clips without an answer, by reason; `disagreements`: clips on which it and people differ, over all
    that it has answered."""

    model: str
    asked: int = 0
    approved: int = 0
    rejected: int = 0
    unclear: int = 0
    unreached: dict[str, int] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


@cache
def _template() -> jinja2.Template:
    text = resources.files("data.scenarios").joinpath("critic.jinja").read_text(encoding="utf-8")
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text)  # noqa: S701 - plain text


def critic_question(frames: int, prompt: str) -> str:
    """What the model is asked about a sheet of so many moments."""
    return _template().render(frames=frames, prompt=prompt).strip()


def critic_hash() -> str:
    """The hash of the question's text, whatever it is asked about."""
    return hashlib.sha256(critic_question(0, "").encode()).hexdigest()


def read_verdict(raw: str) -> bool | None:
    """Whether the model finds the clip plausible; None where it gave no verdict.

    >>> read_verdict("The bus melts.\\nVerdict: reject"), read_verdict("**Verdict:** Approve"), read_verdict("Hm.")
    (False, True, None)
    """
    found = _VERDICT.findall(raw)
    return found[-1].lower() == "approve" if found else None


def criticise(
    store: Store,
    *,
    endpoint: str | Sequence[str],
    model: str,
    api_key: str = "none",
    concurrency: int = 8,
    progress: Callable[[int, int], None] | None = None,
) -> Criticised:
    """Ask about every clip that this model has not answered; each answer is kept as it arrives.

    Raises ScenarioError where there is no generated clip, and ProposalError as `data.vlm.client.ask_frames` does.
    """
    done, unreached = Criticised(model), Counter[str]()
    asking = Asking(
        endpoints=(endpoint,) if isinstance(endpoint, str) else tuple(endpoint),
        model=model,
        sampling=_sampling(),
        concurrency=concurrency,
        api_key=api_key,
    )
    with store.read() as session:
        due = _due(session, model)
        moments = {clip.id: _moments(session, clip) for clip in due}

    def keep(answers: list[ModelAnswer]) -> None:
        for answer in answers:
            _keep(store, model, answer, done, unreached)
        if progress:
            progress(done.asked + unreached.total(), len(due))

    if due:
        _ask(due, moments, asking, keep)
    done.unreached = dict(unreached)
    done.disagreements = _disagreements(store, model)
    return done


def _ask(due: Sequence[GeneratedClip], moments: dict[str, list[Path]], asking: Asking, keep: Keep) -> None:
    """Ask about the clips, one sheet each; the sheets are gone when it ends."""
    questions = {clip.id: critic_question(len(moments[clip.id]), str(clip.spec["prompt"])) for clip in due}
    with tempfile.TemporaryDirectory(prefix="teletriage-critic-") as folder:
        sheets = [AskedFrame(clip.id, _sheet(clip, moments[clip.id], Path(folder))) for clip in due]
        asked = ask_frames(sheets, asking, keep, keep_going=lambda: True, question_of=questions.__getitem__)
        asyncio.run(asked)


def _sampling() -> SamplingParameters:
    """One sample, at the sheet's own width."""
    return replace(TEACHER_SAMPLING, samples=1, image_width_px=COLUMNS * TILE_PX[0])


def _due(session: Session, model: str) -> list[GeneratedClip]:
    clips = list(session.exec(select(GeneratedClip).order_by(GeneratedClip.name)))
    if not clips:
        raise ScenarioError(
            "There is no generated clip yet; take some in with `teletriage scenarios ingest`."
        )
    query = select(ClipCritique.clip_id)
    answered = set(
        session.exec(query.where(ClipCritique.model == model, ClipCritique.question_hash == critic_hash()))
    )
    return [clip for clip in clips if clip.id not in answered]


def _moments(session: Session, clip: GeneratedClip) -> list[Path]:
    """The pictures to show of a clip: some of the frames that were taken in, evenly spread."""
    query = select(Frame).where(Frame.scene_id == clip.scene_id).order_by(col(Frame.position))
    frames = list(session.exec(query))
    n = min(MOMENTS, len(frames))
    pictures = shown_pictures(session)
    return [pictures.of(frames[place * len(frames) // n]).path for place in range(n)]


def _sheet(clip: GeneratedClip, pictures: Sequence[Path], folder: Path) -> Path:
    """The pictures of a clip as one JPEG, row by row."""
    sheet = Image.new("RGB", (COLUMNS * TILE_PX[0], -(-len(pictures) // COLUMNS) * TILE_PX[1]), "black")
    for number, path in enumerate(pictures):
        corner = (number % COLUMNS * TILE_PX[0], number // COLUMNS * TILE_PX[1])
        try:
            with Image.open(
                io.BytesIO(rendition(path, width_px=TILE_PX[0], how=Image.Resampling.LANCZOS))
            ) as picture:
                sheet.paste(picture.resize(TILE_PX), corner)
        except ImageRefused as refused:
            raise ScenarioError(f"The clip {clip.name} cannot be shown to a model: {refused}") from refused
    path = folder / f"{clip.id}.jpg"
    sheet.save(path, quality=92)
    return path


def _keep(store: Store, model: str, answer: ModelAnswer, done: Criticised, unreached: Counter[str]) -> None:
    if not answer.samples:
        unreached[answer.unreached or answer.refused or "The endpoint gave no choice."] += 1
        return
    raw = answer.samples[0].raw.replace("\0", "\ufffd")
    verdict = read_verdict(raw)
    with store.write() as session:
        session.add(
            ClipCritique(
                clip_id=answer.frame_id,
                model=model,
                question_hash=critic_hash(),
                raw=raw,
                is_plausible=verdict,
                asked_at_us=store.now_us(session),
            )
        )
    done.asked += 1
    done.approved += verdict is True
    done.rejected += verdict is False
    done.unclear += verdict is None


def _disagreements(store: Store, model: str) -> list[str]:
    """Clips that the model rejects and people have not, and the other way round, by name."""
    with store.read() as session:
        rejected = rejected_clips(session)
        query = (
            select(GeneratedClip, ClipCritique)
            .join(ClipCritique, col(ClipCritique.clip_id) == GeneratedClip.id)
            .where(ClipCritique.model == model, ClipCritique.question_hash == critic_hash())
            .order_by(GeneratedClip.name)
        )
        rows = session.exec(query).all()
    differing = [
        (clip, one)
        for clip, one in rows
        if one.is_plausible is not None and one.is_plausible == (clip.id in rejected)
    ]
    return [
        f"{clip.name}: the model {'approves' if one.is_plausible else 'rejects'}, people "
        f"{'have rejected it' if clip.id in rejected else 'have not'}"
        for clip, one in differing
    ]
