from __future__ import annotations

from annotator.widgets.grounded_text import faults, faults_html, marked_html
from data.grounding.words import Words, ground_words
from data.vocabulary import TriageLevel
from tests.data.grounding.frames import FRAMES

T = TriageLevel.TELEOPERATION


def test_marks_are_spans_of_plain_text_with_the_evidence() -> None:
    words = Words(T, "A <b>cyclist</b> rides ahead. The road is clear.", "No action needed.")
    found = ground_words(words, FRAMES["street"])
    html = marked_html(words.reasoning, found, "reasoning")
    assert '<mark class="tt-wrong" title="no cyclist is annotated in view">cyclist</mark>' in html
    assert "A &lt;b&gt;" in html
    assert faults(words.parts(), found) == [
        "“cyclist” (reasoning): no cyclist is annotated in view.",
        "“road is clear” (reasoning) speaks against the level.",
        "“No action needed” (action) speaks against the level.",
    ]


def test_evidence_is_plain_text_too_and_nothing_is_listed_where_nothing_is_wrong() -> None:
    assert faults_html([]) == ""
    assert "&lt;script&gt;" in faults_html(["“<script>” (reasoning)"])


def test_what_is_not_named_is_told() -> None:
    words = Words(T, "The vehicle has stopped.", "Take over.")
    told = faults(words.parts(), ground_words(words, FRAMES["crossing"]))
    assert told[0] == "Not named: adult 9 m along the driven path, 1.0 m to its side."
