"""How charts are drawn: in the width of their column, also on a phone."""

from __future__ import annotations

from typing import Any

import altair as alt
import streamlit as st

_PADDING_PX = {"left": 5, "top": 5, "right": 16, "bottom": 5}
"""On the right there is room for half of an axis' last label."""


def drawn(chart: Any) -> None:
    """Draw an Altair chart in the width of the column."""
    st.altair_chart(chart.properties(padding=_PADDING_PX), width="stretch")


def legend_above(*, columns: int = 2) -> alt.Legend:
    """A legend that takes no width from the chart. Two names beside each other fit a phone; of people's, one does."""
    return alt.Legend(title=None, orient="top", columns=columns)
