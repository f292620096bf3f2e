"""Tables of figures, each with its CSV to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from data.store.tables import Person
from data.text.csv_text import csv_text
from data.vocabulary import PersonRole


def figures_table(rows: Sequence[Mapping[str, Any]], *, name: str) -> None:
    """The rows as a table, and below it the same as a CSV file `name`.csv."""
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch")
    st.download_button(
        "Download CSV", csv_text(rows), file_name=f"{name}.csv", mime="text/csv", key=f"csv-{name}"
    )


def is_lead(person: Person) -> bool:
    """Whether this person may act on what the screen shows; trainers only look."""
    return person.role is PersonRole.LEAD
