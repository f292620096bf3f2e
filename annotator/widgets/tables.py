"""Tables of figures, each with its CSV to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

import pandas as pd
import streamlit as st

from annotator.widgets.page import plain
from data.snapshot.expected_pairs import REPEATED_AT_LEAST, RepeatedSentence
from data.store.tables import Person
from data.text.csv_text import csv_text
from data.text.phrases import counted
from data.text.visible import visible
from data.vocabulary import PersonRole

_WHOLE = 25
"""Rows up to which a table shows all of them; a longer one scrolls."""


def figures_table(
    rows: Sequence[Mapping[str, Any]],
    *,
    name: str,
    link: str | None = None,
    widths_px: Mapping[str, int] | None = None,
) -> None:
    """The rows as a table, and below it the same as a CSV file `name`.csv. link: the column that holds addresses of the
    grid of frames, which the file leaves out. widths_px: of columns that would be cut where the first rows are short.
    """
    shown: dict[str, Any] = {
        column: st.column_config.Column(width=px) for column, px in (widths_px or {}).items()
    }
    if link:
        shown[link] = st.column_config.LinkColumn(display_text="show")
    height: Literal["content", "auto"] = "content" if len(rows) <= _WHOLE else "auto"
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", height=height, column_config=shown)
    _download([{column: value for column, value in row.items() if column != link} for row in rows], name)


def wrapped_table(rows: Sequence[Mapping[str, str]], *, name: str, label: str) -> None:
    """Rows of sentences as a table whose cells wrap, so that many columns fit the page, and below it the same as a CSV
    file. label: what screen readers call it."""
    head = "".join(f'<th scope="col">{plain(column)}</th>' for column in rows[0])
    body = "".join(f"<tr>{_cells(*row.values())}</tr>" for row in rows)
    st.html(
        f'<div class="tt-wide" role="region" aria-label="{escape(label)}" tabindex="0">'
        f'<table class="tt-table tt-wrapped"><tr>{head}</tr>{body}</table></div>'
    )
    _download([{visible(column): visible(value) for column, value in row.items()} for row in rows], name)


def _cells(first: str, *others: str) -> str:
    return f'<th scope="row">{plain(first)}</th>' + "".join(f"<td>{plain(one)}</td>" for one in others)


def _download(rows: Sequence[Mapping[str, Any]], name: str) -> None:
    st.download_button(
        "Download CSV",
        csv_text(rows),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        on_click="ignore",  # a page that is drawn anew meanwhile can cancel the download
    )


def repeated_table(repeated: Sequence[RepeatedSentence]) -> None:
    """Human sentences that many pairs share; nothing where each pair has its own."""
    if not repeated:
        return
    most = repeated[0].pairs
    with st.expander(f"{counted(len(repeated), 'repeated sentence')}, the most frequent in {most:,} pairs"):
        st.caption(
            f"Reasonings that people chose in at least {REPEATED_AT_LEAST} pairs. A model trained on many copies of a "
            "sentence learns the sentence; naming what is seen, where and how far makes the words fit the frame."
        )
        rows = [
            {"reasoning": visible(one.reasoning), "level": one.level.value, "pairs": one.pairs}
            for one in repeated
        ]
        figures_table(rows, name="repeated-sentences")


def is_lead(person: Person) -> bool:
    """Whether this person may act on what the screen shows; trainers only look."""
    return person.role is PersonRole.LEAD
