"""Reading what somebody annotated in Label Studio: an answer, or the reason why it is none. Pure.

Label Studio checks nothing of this itself: unknown choices, missing controls and forged authors are all stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from data.errors import AnnotationRefused
from data.label_studio.configuration import ACTION, CONTROLS, LEVEL, REASONING
from data.vocabulary import Assessment, TriageLevel

MAX_SECONDS = 86_400.0
_MAX_SHOWN_CHARS = 80
MOST_ID = 2**63
"""Beyond what any server counts to."""


class Annotation(BaseModel):
    """One annotation as Label Studio's API and its JSON exports give it; what we do not use is left out.

    `completed_by` is a user's id or, in some exports, the user with an e-mail address. `updated_by` is who wrote
    it last. `lead_time` in seconds.
    """

    model_config = ConfigDict(extra="ignore")

    id: int = Field(ge=0, lt=MOST_ID)
    project: int | None = Field(default=None, ge=0, lt=MOST_ID)
    completed_by: StrictInt | dict[str, Any] | None = None
    updated_by: StrictInt | dict[str, Any] | None = None
    result: list[dict[str, Any]]
    was_cancelled: bool = False
    lead_time: float | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def key(self) -> str:
        """Names the annotation wherever it is read: the server's lists and its exports."""
        return f"{self.project or 0}-{self.id}-{self.created_at_us}"

    @property
    def updated_at_us(self) -> int:
        return _microseconds(self.updated_at)

    @property
    def created_at_us(self) -> int:
        return _microseconds(self.created_at)

    @property
    def seconds_shown(self) -> float | None:
        """How long the annotation took, where that makes sense."""
        known = self.lead_time is not None and 0 <= self.lead_time <= MAX_SECONDS
        return self.lead_time if known else None


def read_annotation(value: Mapping[str, Any]) -> Annotation:
    """One annotation of a task. Raises AnnotationRefused if it has not the form of one."""
    try:
        return Annotation.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise AnnotationRefused(f"its {where} cannot be read: {first['msg']}") from error


def author(annotation: Annotation, emails: Mapping[int, str]) -> str:
    """The e-mail address that the answer stands under, in small letters.

    emails: address by user id. Raises AnnotationRefused: nobody, or an unknown user.
    """
    wrote = _email(annotation.completed_by, emails)
    if wrote is None:
        who = annotation.completed_by
        unknown = (
            f"user {shown(who if isinstance(who, int) else who.get('id'))} is not among the known users"
            if who
            else ""
        )
        raise AnnotationRefused(unknown or "it does not say who answered")
    return wrote


def refuse_forged(annotation: Annotation, emails: Mapping[int, str], *, imported: bool) -> None:
    """Any user of Label Studio can answer under another's name or change another's answer; it keeps who did last.

    imported: take answers that nobody wrote in the editor (whoever imports a file vouches for it; a server cannot).
    Raises AnnotationRefused.
    """
    wrote = _email(annotation.completed_by, emails)
    if annotation.updated_by is None:
        if not imported:
            raise AnnotationRefused(f"it was imported under {wrote}, not written by them")
        return
    last = _email(annotation.updated_by, emails)
    if last != wrote:
        raise AnnotationRefused(f"it stands under {wrote} but was written by {last or 'somebody unknown'}")


def _email(who: int | dict[str, Any] | None, emails: Mapping[int, str]) -> str | None:
    if isinstance(who, dict):
        given = who.get("email")
        return given.lower() if isinstance(given, str) and given else _email(_id(who), emails)
    found = emails.get(who) if who is not None else None
    return found.lower() if found else None


def _id(who: Mapping[str, Any]) -> int | None:
    given = who.get("id")
    return given if type(given) is int else None


def answered(annotation: Annotation) -> Assessment:
    """What the annotation says: one level, a reasoning and an operator action. Raises AnnotationRefused."""
    given: dict[str, Any] = {}
    for name in CONTROLS:
        items = [item for item in annotation.result if item.get("from_name") == name]
        if len(items) != 1:
            raise AnnotationRefused(f"the control {name} {'is missing' if not items else 'stands twice'}")
        value = items[0].get("value")
        given[name] = value.get("choices" if name == LEVEL else "text") if isinstance(value, dict) else None
    texts = {name: _text(given[name]) for name in (REASONING, ACTION)}
    try:
        return Assessment.model_validate({**texts, "level": _level(given[LEVEL])})
    except ValidationError as error:
        first = error.errors()[0]
        raise AnnotationRefused(f"its {first['loc'][0]} is not taken: {first['msg']}") from error


def refuse_borrowed_words(said: Assessment, proposed: Assessment | None) -> None:
    """Raise AnnotationRefused where another level was chosen under words that were proposed for the first: they
    would teach a model to argue for one level and say another."""
    if proposed is None or said.level is proposed.level:
        return
    if (said.reasoning, said.action) == (proposed.reasoning, proposed.action):
        raise AnnotationRefused(
            f"it changes {proposed.level.value} to {said.level.value} and keeps every word that was proposed for "
            f"{proposed.level.value}"
        )


def _level(choices: Any) -> TriageLevel:
    if not isinstance(choices, list) or len(choices) != 1:
        chosen = len(choices) if isinstance(choices, list) else "no"
        raise AnnotationRefused(f"it chooses {chosen} levels and not one")
    (chosen,) = choices
    if not isinstance(chosen, str) or chosen not in TriageLevel.__members__:
        raise AnnotationRefused(f"the level is {shown(chosen)}, which is none of the three")
    return TriageLevel(chosen)


def _text(value: Any) -> str:
    """A text area's lines as one text; Label Studio gives one as a list, or as a bare string."""
    parts = value if isinstance(value, list) else [value]
    return " ".join(part.strip() for part in parts if isinstance(part, str))


def shown(value: Any) -> str:
    """A value from outside as a sentence names it; lists and objects, which may be deep, by their kind alone."""
    if value is None or isinstance(value, bool | int | float | str):
        text = repr(value)
        return text if len(text) <= _MAX_SHOWN_CHARS else f"{text[:_MAX_SHOWN_CHARS]}…"
    return "a list" if isinstance(value, list) else "an object"


def _microseconds(time: datetime) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1_000_000)
