"""When the unreviewed rest may be trusted: the audits, and what their certificate does and does not promise."""

from __future__ import annotations

import streamlit as st

from annotator.review_order.ranking import rank_frames
from annotator.runtime import store
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.tables import figures_table, is_lead
from data.errors import TeletriageError
from data.review.blind_audits import LIMIT, open_audit
from data.store.tables import Person
from data.text.phrases import counted
from eval.certificate.bound import Certificate, in_words, recall_at_least
from eval.certificate.from_store import LotRecord, Trust, trust


def show(person: Person) -> None:
    """The certificate of the latest lot, and every lot before it."""
    page_head(person, "Trust in the unreviewed rest")
    found = trust(store())
    if found.certificate is None:
        empty_state(
            "No audit is open",
            f"{counted(found.unreviewed, 'training frame')} below TELEOPERATION nobody has reviewed. Review the first "
            "quarter in order, then audit the rest purely at random: an audit serves them blind, in random order, "
            "until their miss rate is shown to be below the limit.",
        )
        _open_button(person, found)
        return
    _figures(found.certificate, found)
    promises, silences = in_words(found.certificate, found.found)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("What it promises" if found.certificate.is_given else "Where it stands")
        st.markdown("\n".join(f"- {text}" for text in promises))
    with right:
        st.subheader("What it does not promise")
        st.markdown("\n".join(f"- {text}" for text in silences))
    st.subheader("Lots")
    st.caption(
        "A miss ends a lot: the frames around it are reviewed first, and what is left is the next lot. All lots "
        "together may be wrong once in twenty."
    )
    figures_table([_lot(one) for one in found.lots], name="audit-lots")
    if found.certificate.misses or found.certificate.is_given:
        _open_button(person, found)


def _figures(certificate: Certificate, found: Trust) -> None:
    columns = st.columns(4)
    columns[0].metric("Certificate", _standing(certificate), border=True)
    columns[0].caption(f"Lot {certificate.lot:,}, miss rate below {certificate.limit:.1%}")
    columns[1].metric("Audited without a miss", f"{certificate.audited - certificate.misses:,}", border=True)
    columns[1].caption(
        f"{certificate.more:,} more needed" if certificate.more is not None else "the lot ended with a miss"
    )
    rate = certificate.rate_at_most
    columns[2].metric("Miss rate of the rest", "open" if rate is None else f"≤ {rate:.2%}", border=True)
    columns[2].caption(
        f"of {counted(certificate.frames, 'frame')} left, upper bound at {1 - certificate.alpha:.1%} confidence"
    )
    recall = recall_at_least(found.found, certificate)
    columns[3].metric("TELEOPERATION recall", "open" if recall is None else f"≥ {recall:.0%}", border=True)
    columns[3].caption(f"{counted(found.found, 'verified TELEOPERATION frame')} found; goal 95 %")


def _standing(certificate: Certificate) -> str:
    if certificate.is_given:
        return "Given"
    return "Ended by a miss" if certificate.misses else "Not yet"


def _lot(one: LotRecord) -> dict[str, object]:
    return {
        "lot": one.number,
        "frames": one.frames,
        "audited": one.audited,
        "missed on": ", ".join(one.missed) or "none",
        "opened because": one.reason,
    }


def _open_button(person: Person, found: Trust) -> None:
    if not is_lead(person) or not found.unreviewed:
        return
    percent = st.number_input(
        "Miss rate to rule out, %", 0.1, 20.0, 100 * LIMIT, 0.1, key="audit-limit", width=240
    )
    st.button("Open an audit", type="primary", on_click=_open, args=(person, percent / 100))
    if problem := st.session_state.pop("audit_problem", None):
        st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')


def _open(person: Person, limit: float) -> None:
    try:
        open_audit(store(), int(person.id or 0), limit=limit)
        rank_frames(store())
    except TeletriageError as error:
        st.session_state["audit_problem"] = str(error)
