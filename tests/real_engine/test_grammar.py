"""What models are trained to write, xgrammar lets them write: asked of xgrammar itself, compiled as vLLM does."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from data.vlm.reply import render_reply, reply_schema
from data.vocabulary import Assessment, ReplyForm, TriageLevel

ENVIRONMENT = os.environ.get("TELETRIAGE_REAL_ENGINE", "")
pytestmark = pytest.mark.skipif(not ENVIRONMENT, reason="make test-vllm runs this")

WORDS = {
    "plain": "Cones narrow the lane.",
    "quoted": 'A sign says "STOP" ahead.',
    "backslash": "A sign shows C:\\ROAD and \\\\.",
    "lines": "Two lines:\nthe second\tone.",
    "emoji": "Zwei Männer regeln den Verkehr — 10 m voraus 🚧.",
    "long": "x" * 600,
}


def accepted(schema: dict[str, Any], texts: list[str]) -> list[bool]:
    command = [f"{ENVIRONMENT}/bin/python", str(Path(__file__).with_name("accepts.py"))]
    asked = json.dumps({"schema": schema, "texts": texts})
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=300)
    return list(json.loads(done.stdout))


@pytest.mark.parametrize("form", list(ReplyForm))
def test_every_rendered_reply_is_accepted(form: ReplyForm) -> None:
    thought = "Cones stand there." if form is ReplyForm.THOUGHT_FIRST else None
    replies = [
        render_reply(
            Assessment(level=TriageLevel.TELEOPERATION, reasoning=words, action=words[:300]), form, thought
        )
        for words in WORDS.values()
    ]
    texts = [reply[reply.index("{") :] for reply in replies]  # a thought stands before what the grammar holds
    print(form.value, dict(zip(WORDS, verdicts := accepted(reply_schema(form), texts), strict=True)))
    assert all(verdicts)


def test_bounds_on_lengths_and_spaces_between_parts_are_what_it_would_refuse() -> None:
    """The two ways in which a text could be trained that no served model can write."""
    form = ReplyForm.LEVEL_FIRST
    said = Assessment(level=TriageLevel.TELEOPERATION, reasoning=WORDS["quoted"], action="Stop.")
    reply, bounded = render_reply(said, form), reply_schema(form)
    bounded["properties"]["reasoning"] = {"type": "string", "minLength": 1, "maxLength": 600}
    assert accepted(bounded, [reply]) == [False]
    assert accepted(reply_schema(form), [json.dumps(json.loads(reply))]) == [False]
