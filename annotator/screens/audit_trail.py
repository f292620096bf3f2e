"""The audit trail, for administrators: who did what and when, and when the store was last backed up."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from annotator.runtime import store
from annotator.widgets.page import empty_state, page_head
from annotator.widgets.tables import figures_table
from annotator.widgets.times import how_long_ago
from data.maintenance.trail_search import Entry, Wanted, find_entries
from data.people.accounts import list_people
from data.store.tables import Person
from data.vocabulary import TrailAct

_AT_ONCE = 100
_EVERYBODY, _NOBODY = "everybody", "command line, or not signed in"
_ACTS, _WITH_SEALS = "every act", "every act and seal"
_KEPT = {
    TrailAct.WROTE_BACKUP: "Last backup",
    TrailAct.REHEARSED_RESTORE: "Last rehearsal of a restore",
}


def show(person: Person) -> None:
    """The latest entries that fit the filters; older ones follow on request."""
    page_head(person, "Audit trail")
    by = int(person.id or 0)
    _kept(by)
    wanted = _filters()
    st.session_state.setdefault("trail-shown", _AT_ONCE)
    found = find_entries(store(), by, wanted, n=st.session_state["trail-shown"])
    if not found:
        empty_state("No such entry", "Nothing in the audit trail fits these filters.")
        return
    figures_table([_row(one) for one in found], name="audit-trail", widths_px={"who": 170})
    if len(found) == st.session_state["trail-shown"]:
        st.button("Show older entries", on_click=_more)
    if wanted.act is None and not wanted.with_seals:
        st.caption("Numbers that are missing are seals over the acts before them; the filter shows them too.")
    st.caption(
        "Times are UTC. Entries are never changed or removed; teletriage audit verify checks that, and teletriage "
        "audit head keeps the proof elsewhere."
    )


def _more() -> None:
    st.session_state["trail-shown"] += _AT_ONCE


def _filters() -> Wanted:
    who, what, on, since, until = st.columns([20, 20, 24, 18, 18])
    names = [one.name for one in list_people(store())]
    person = who.selectbox("Who", [_EVERYBODY, *names, _NOBODY])
    act = what.selectbox("What", [_ACTS, _WITH_SEALS, *(one.value for one in TrailAct)], format_func=_words)
    subject = on.text_input("On what (begins with)", max_chars=80, placeholder="person:ada")
    first = since.date_input("From", value=None)
    last = until.date_input("To", value=None)
    return Wanted(
        person={_EVERYBODY: "", _NOBODY: "-"}.get(person, person),
        act=None if act in (_ACTS, _WITH_SEALS) else TrailAct(act),
        with_seals=act == _WITH_SEALS,
        subject=subject.strip(),
        since_us=_midnight_us(first),
        until_us=_midnight_us(last + timedelta(days=1)) if isinstance(last, date) else None,
    )


def _midnight_us(day: object) -> int | None:
    if not isinstance(day, date):
        return None
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000


def _kept(by: int) -> None:
    """When people's work was last saved elsewhere; administrators look for it here."""
    told = []
    for act, words in _KEPT.items():
        last = next(iter(find_entries(store(), by, Wanted(act=act), n=1)), None)
        ago = how_long_ago(last.at_us, now_us=time.time_ns() // 1_000) if last else "never"
        told.append(f"{words}: {ago}")
    st.caption(f"{'. '.join(told)}.")


def _row(one: Entry) -> dict[str, str | int]:
    at = datetime.fromtimestamp(one.at_us / 1e6, tz=UTC)
    return {
        "no.": one.id,
        "at": f"{at:%Y-%m-%d %H:%M:%S}",
        "who": one.who,
        "what": _words(one.act.value),
        "on": one.subject,
        "details": told(one.details),
    }


def _words(act: str) -> str:
    return act.replace("_", " ")


def told(details: str) -> str:
    """The details of an entry as people read them.

    >>> told('{"added": 1, "is_scripted": false, "runs": ["a", "b"], "note": null}')
    'added: 1, is scripted: no, runs: a and b, note: none'
    >>> told('{"after": "lead", "before": "operator"}')
    'before: operator, after: lead'
    """
    known = json.loads(details or "{}")
    ordered = sorted(known, key=lambda name: name == "after")
    return ", ".join(f"{_words(name)}: {_value(known[name])}" for name in ordered)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " and ".join(map(_value, value)) or "none"
    return "none" if value is None else str(value)
