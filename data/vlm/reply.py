"""Model text <-> Assessment. One function renders what a model is trained on, one parses it; they are inverses.

Model text is untrusted: parsing never raises on it, bounds every length, and returns the reason why there is
no assessment instead of guessing one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from data.vocabulary import Assessment, Failure, ReplyForm, TriageLevel

MAX_REPLY_CHARS = 200_000
"""Longer replies are runaway generations: kept raw, never parsed."""

WHITESPACE_LOOP_CHARS = 64
"""So much whitespace at the end of a cut reply is a model that wrote nothing else any more."""

_ORDER = {
    ReplyForm.LEVEL_FIRST: ("level", "reasoning", "action"),
    ReplyForm.WORDS_FIRST: ("reasoning", "level", "action"),
    ReplyForm.THOUGHT_FIRST: ("level", "reasoning", "action"),
}
_OPEN, _CLOSE = "<think>", "</think>"
_FENCE = "```"


@dataclass(frozen=True)
class Reply:
    """What a raw reply holds: an assessment, or the failure and one sentence about it; never both, never neither.

    `form`: the order in which an assessment's parts were written."""

    chain_of_thought: str | None
    assessment: Assessment | None
    failure: Failure | None = None
    detail: str | None = None
    form: ReplyForm | None = None


def reply_schema(form: ReplyForm) -> dict[str, Any]:
    """JSON schema of a reply's object for constrained decoding, its properties in writing order.

    Strings have no bounds: xgrammar then writes them by a rule that leaves out quotation marks and line breaks
    (mlc-ai/xgrammar#800). `max_tokens` bounds a reply, and `parse_reply` its parts.
    """
    properties: dict[str, Any] = {
        "reasoning": {"type": "string"},
        "level": {"type": "string", "enum": [level.value for level in TriageLevel]},
        "action": {"type": "string"},
    }
    order = _ORDER[form]
    return {
        "type": "object",
        "properties": {name: properties[name] for name in order},
        "required": list(order),
        "additionalProperties": False,
    }


def render_reply(assessment: Assessment, form: ReplyForm, chain_of_thought: str | None = None) -> str:
    """The text a model is trained to write; `parse_reply` gives back exactly what went in.

    No space stands between the parts: vLLM's grammar allows none (`disable_any_whitespace`), and what a model cannot
    write when it is served it must not be trained to write.

    Raises ValueError if there is a chain of thought in another form than thought_first or none in that one, or if it
    holds a think tag, since it could not be read back.
    """
    parts = {**assessment.model_dump(), "level": assessment.level.value}
    body = json.dumps({name: parts[name] for name in _ORDER[form]}, ensure_ascii=False, separators=(",", ":"))
    if (chain_of_thought is not None) != (form is ReplyForm.THOUGHT_FIRST):
        raise ValueError(f"a reply of the form {form.value} and its chain of thought do not go together")
    if chain_of_thought is None:
        return body
    if _OPEN in chain_of_thought or _CLOSE in chain_of_thought:
        raise ValueError("a chain of thought that holds a think tag cannot be rendered")
    return f"{_OPEN}\n{chain_of_thought.strip()}\n{_CLOSE}\n\n{body}"


def parse_reply(raw: str, *, finish_reason: str | None = None) -> Reply:
    """Read a model's raw text.

    finish_reason: as the endpoint gave it; "length" means the reply was cut and is a failure even if what is
    there happens to parse.

    >>> parse_reply('{"reasoning": "Clear road.", "level": "AUTONOMY", "action": "None."}').assessment.level
    <TriageLevel.AUTONOMY: 'AUTONOMY'>
    >>> parse_reply("<think>The lorry").failure
    <Failure.TRUNCATED: 'truncated'>
    """
    if len(raw) > MAX_REPLY_CHARS:
        return Reply(None, None, Failure.TOO_LONG, f"The reply has {len(raw):,} characters.")
    thought, answer, open_thought = _split_thought(raw)
    if finish_reason == "length" or open_thought:
        return Reply(
            thought, None, Failure.TRUNCATED, f"The reply was cut off {_where_cut(raw, open_thought)}."
        )
    if not answer:
        return Reply(thought, None, Failure.EMPTY, "The reply holds no answer.")
    return _parse_answer(thought, answer)


def _where_cut(raw: str, open_thought: bool) -> str:
    if len(raw) - len(raw.rstrip()) >= WHITESPACE_LOOP_CHARS:
        return "in a run of whitespace; set disable_any_whitespace at the server"
    return "inside its chain of thought" if open_thought else "at the token limit"


def _split_thought(raw: str) -> tuple[str | None, str, bool]:
    """(chain of thought or None, the text after it, whether the thought was never closed)."""
    text = raw.strip().removeprefix("\ufeff").strip()
    if _is_object(text):
        return None, text, False
    before, tag, after = text.partition(_CLOSE)
    if tag and not after.lstrip().startswith(("{", "```")):
        before, tag, after = text.rpartition(_CLOSE)
    if tag:
        thought = before.strip().removeprefix(_OPEN).strip()
        return thought or None, after.strip(), False
    if text.startswith(_OPEN):
        return text.removeprefix(_OPEN).strip() or None, "", True
    return None, text, False


def _is_object(text: str) -> bool:
    """Whether the whole text is one JSON object: its strings may hold think tags, which then mean nothing."""
    if not text.startswith("{") or not text.endswith("}") or _CLOSE not in text:
        return False
    try:
        return isinstance(json.loads(text, strict=False), dict)
    except (ValueError, RecursionError):
        return False


def _parse_answer(thought: str | None, answer: str) -> Reply:
    body = _unfenced(answer)
    if not body.lstrip().startswith("{"):
        return Reply(thought, None, Failure.NO_JSON, "The reply is not a JSON object.")
    try:
        # Constrained decoding lets raw control characters into strings (vLLM with xgrammar does): read through.
        value = json.loads(body, strict=False, object_pairs_hook=_no_duplicates, parse_constant=_no_constants)
    except RecursionError:
        return Reply(thought, None, Failure.INVALID_JSON, "The JSON is nested too deeply.")
    except ValueError as error:
        if _is_cut(body, error):
            return Reply(thought, None, Failure.TRUNCATED, "The JSON object is not closed.")
        return Reply(thought, None, Failure.INVALID_JSON, f"The JSON cannot be read: {error}.")
    return _validate(thought, value)


def _unfenced(answer: str) -> str:
    """The text inside a Markdown fence. String operations, so that the time grows with the length."""
    if len(answer) < 2 * len(_FENCE) or not (answer.startswith(_FENCE) and answer.endswith(_FENCE)):
        return answer
    return answer[len(_FENCE) : -len(_FENCE)].removeprefix("json").strip()


def _is_cut(body: str, error: ValueError) -> bool:
    """Whether the JSON merely stops: the error stands at its end, or in a string that is never closed."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.pos >= len(body.rstrip()) or error.msg.startswith("Unterminated string")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice")
    return value


def _no_constants(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _validate(thought: str | None, value: dict[str, Any]) -> Reply:
    level = value.get("level")
    if not isinstance(level, str) or level not in TriageLevel.__members__:
        shown = repr(level)[:60]
        return Reply(
            thought, None, Failure.UNKNOWN_LEVEL, f"The level is {shown}, which is none of the three."
        )
    try:
        return Reply(thought, Assessment.model_validate(value), form=_form(thought, value))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        return Reply(thought, None, Failure.INVALID_FIELDS, f"The field {field}: {first['msg']}.")


def _form(thought: str | None, value: dict[str, Any]) -> ReplyForm:
    if thought is not None:
        return ReplyForm.THOUGHT_FIRST
    return ReplyForm.LEVEL_FIRST if next(iter(value)) == "level" else ReplyForm.WORDS_FIRST
