"""When the unreviewed rest may be trusted: the audits, and what their certificate does and does not promise."""

from __future__ import annotations

import streamlit as st

from annotator.review_order.ranking import rank_frames
from annotator.runtime import store
from annotator.widgets.page import empty_state, page_head, plain
from annotator.widgets.tables import figures_table, is_lead
from data.errors import TeletriageError
from data.review.blind_audits import LIMIT, MAX_REASON_CHARS, cancel_audit, open_audit
from data.store.tables import Person
from data.text.phrases import counted
from data.text.visible import visible
from data.vocabulary import LotEnd
from eval.certificate.certificate import (
    RECALL_GOAL,
    Certificate,
    certify,
    in_words,
    recall_at_least,
    recall_text,
    stratum_in_words,
)
from eval.certificate.from_store import LotRecord, Trust, trust


def show(person: Person) -> None:
    """The certificate of the latest lot, and every lot before it."""
    page_head(person, "Audit of unreviewed frames")
    found = trust(store())
    if found.certificate is None:
        _none_yet(person, found)
        _strata(found)
        _open_or_cancel(person, found)
        return
    _figures(found.certificate, found)
    promises, silences = in_words(found.certificate, found.found, found.others)
    left, right = st.columns(2, gap="large")
    with left:
        st.header("What it promises" if found.certificate.is_given else "Where it stands")
        _listed([*_before([one for one in found.lots if one.stratum is None]), *promises])
    with right:
        st.header("What it does not promise")
        _listed(silences)
    _strata(found)
    st.header("Lots")
    st.caption(
        "A lot ends when it is certified, when a missed frame is confirmed (its neighbours are reviewed, and the "
        "remaining frames form the next lot), when every frame of it has been audited or when a lead cancels it. The "
        "overall error of all lots is at most 5 %, cancelled ones included."
    )
    figures_table([_lot(one) for one in found.lots], name="audit-lots")
    if found.lots[-1].end is not None:
        st.caption(_left(found))
    _open_or_cancel(person, found)


def _none_yet(person: Person, found: Trust) -> None:
    """Beside the form for those who may open one; in the middle of an empty page for the others."""
    title, text = "No audit of all frames yet", f"{_left(found)} {_HOW}"
    if not is_lead(person) or not found.would_audit:
        empty_state(title, text)
        return
    st.header(title)
    st.html(f'<div class="tt-text" style="max-width: 44rem">{plain(text)}</div>')


def _open_or_cancel(person: Person, found: Trust) -> None:
    if found.lots and found.lots[-1].end is None:
        _cancel(person, found.lots[-1].number)
    else:
        _open_button(person, found)


def _strata(found: Trust) -> None:
    """Audits of frames that leads picked, each with its own certificate."""
    if not found.strata:
        return
    st.header("Strata: frames that a lead picked")
    for name, certificate in found.strata.items():
        words = stratum_in_words(visible(name), certificate)
        st.html(f"<h3>{plain(visible(name))}, lot {certificate.lot:,}: {plain(_standing(certificate))}</h3>")
        _listed(words)


def _before(lots: list[LotRecord]) -> list[str]:
    """Why there is a lot after the first, where a miss ended the one before."""
    if len(lots) < 2 or lots[-2].end is not LotEnd.MISSED:  # noqa: PLR2004 - the one before
        return []
    before, now = lots[-2:]
    return [
        f"Lot {before.number} ended with a miss on {', '.join(before.missed)}. The frames near it are reviewed first, "
        f"and lot {now.number} holds the other {now.frames:,}."
    ]


def _listed(texts: list[str]) -> None:
    """As plain text: people choose their own names."""
    st.html(f"<ul>{''.join(f'<li>{plain(text)}</li>' for text in texts)}</ul>")


_HOW = (
    "Review the first quarter in order, then audit the rest purely at random: an audit serves them blind, in random "
    "order, until their miss rate is shown to be below the limit."
)


def _left(found: Trust) -> str:
    """How many frames nobody has reviewed, and why an audit would hold fewer."""
    frames = counted(found.unreviewed, "training frame")
    text = f"Nobody has reviewed {frames} that the teacher put below TELEOPERATION."
    fewer = found.unreviewed - found.would_audit
    if not fewer:
        return text
    others = "one lies near a found miss or is" if fewer == 1 else f"{fewer:,} lie near a found miss or are"
    return f"{text} An audit would hold {found.would_audit:,}: {others} on a screen."


def _figures(certificate: Certificate, found: Trust) -> None:
    columns = st.columns(4)
    columns[0].metric("Certificate", _standing(certificate), border=True)
    columns[0].caption(f"Lot {certificate.lot:,}, miss rate below {certificate.limit:.1%}")
    columns[1].metric("Audited without a miss", f"{certificate.audited - certificate.misses:,}", border=True)
    columns[1].caption(_still(certificate))
    rate = certificate.rate_at_most
    columns[2].metric(
        "Miss rate of the rest", "not known yet" if rate is None else f"≤ {rate:.2%}", border=True
    )
    columns[2].caption(
        f"of {counted(certificate.frames, 'frame')} left, upper bound at {1 - certificate.alpha:.1%} confidence"
    )
    recall = recall_at_least(found.found, certificate)
    columns[3].metric(
        "TELEOPERATION found", "not known yet" if recall is None else recall_text(recall), border=True
    )
    columns[3].caption(
        f"of those verified on the training side ({found.found:,}) or left in this lot; goal {RECALL_GOAL:.0%}"
    )


def _still(certificate: Certificate) -> str:
    if certificate.end is LotEnd.MISSED or certificate.misses > certificate.unconfirmed:
        return "the lot ended with a miss"
    if certificate.unconfirmed:
        return f"{counted(certificate.unconfirmed, 'miss', 'misses')} to be confirmed"
    if certificate.end is not None:
        return "the lot is closed"
    return f"{certificate.more or 0:,} more needed"


def _standing(certificate: Certificate) -> str:
    if certificate.end is LotEnd.CANCELLED:
        return "Cancelled"
    if certificate.is_doubted:
        return "Suspended"
    if certificate.is_given:
        return "Given"
    if certificate.is_exhausted:
        return "Nothing left"
    if certificate.end is LotEnd.MISSED or certificate.misses > certificate.unconfirmed:
        return "Ended by a miss"
    return "Too fast" if certificate.is_hasty and certificate.more == 0 else "Not yet"


def _lot(one: LotRecord) -> dict[str, object]:
    return {
        "lot": one.number,
        "of": visible(one.stratum) if one.stratum else "all that was left",
        "frames": one.frames,
        "audited": one.audited,
        "missed on": ", ".join(one.missed) or "none",
        "opened because": one.reason,
        "ended": one.end.value if one.end else "open",
        "why cancelled": one.cancelled or "",
    }


def _open_button(person: Person, found: Trust) -> None:
    if not is_lead(person) or not found.would_audit:
        return
    percent = st.number_input(
        "Miss rate to rule out, %", 0.1, 20.0, 100 * LIMIT, 0.1, key="audit-limit", width=240
    )
    st.button("Open an audit", type="primary", on_click=_open, args=(person, percent / 100))
    st.caption(_takes(found, percent / 100))
    if problem := st.session_state.pop("audit_problem", None):
        st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')


def _takes(found: Trust, limit: float) -> str:
    """What the next lot asks for, before it uses up a part of the overall error."""
    number = found.lots[-1].number + 1 if found.lots else 1
    see = found.people_see.share
    lot = certify(lot=number, frames=found.would_audit, audited=0, misses=0, limit=limit, people_see=see)
    frames = f"{lot.more or 0:,} of the {counted(found.would_audit, 'frame')}"
    return f"To rule out {limit:.1%}, {frames} have to be audited without a miss."


def _open(person: Person, limit: float) -> None:
    try:
        see = trust(store()).people_see
        open_audit(store(), int(person.id or 0), limit=limit, people_see=see.share, golds=see.golds)
        rank_frames(store())
    except TeletriageError as error:
        st.session_state["audit_problem"] = str(error)


def _cancel(person: Person, lot: int) -> None:
    """Ending an open audit, with what that does to the certificate before the button."""
    if not is_lead(person):
        return
    with st.expander("Cancel this audit"):
        st.html(
            f'<div class="tt-text">Lot {lot:,} then gives no certificate, whatever was found in it. The answers stay '
            "reviews of their frames. The next lot has to be longer: each lot, cancelled or not, uses up a part of "
            "the 5 % by which all of them together may be wrong.</div>"
        )
        st.text_input("Why? (kept in the record)", key="cancel-audit-reason", max_chars=MAX_REASON_CHARS)
        st.button("Cancel the audit", on_click=_cancel_now, args=(person,))
        if problem := st.session_state.pop("cancel_audit_problem", None):
            st.html(f'<div class="tt-card" role="alert">{plain(problem)}</div>')


def _cancel_now(person: Person) -> None:
    try:
        cancel_audit(store(), int(person.id or 0), str(st.session_state.get("cancel-audit-reason", "")))
        rank_frames(store())
    except TeletriageError as error:
        st.session_state["cancel_audit_problem"] = str(error)
