"""The lead's home: what needs a lead now, each with its count and the screen that deals with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

from annotator.runtime import store
from annotator.widgets.figure_cache import cached
from annotator.widgets.page import page_head, plain
from data.find.question import About, Filter, Question, Sort
from data.live.unanswered import unanswered_alerts
from data.overview.contested import count_contested
from data.overview.forecast import pace
from data.overview.progress import frames_by_state
from data.people.permissions import Act, may
from data.review.guideline import guideline_in_force, readers
from data.review.notes import open_flags
from data.review.pauses import open_pauses
from data.store.opening import Store
from data.store.tables import Person
from data.text.phrases import counted
from data.vocabulary import LotEnd, VerificationState
from eval.annotators.from_store import HURRIED_SHARE, HURRIED_TIMED, HurriedPerson, hurried_people
from eval.certificate.certificate import since_the_end, standing
from eval.certificate.from_store import Trust, trust


@dataclass(frozen=True)
class Matter:
    """Something that a lead deals with. `n`: how much of it waits, 0 where nothing does; `figure`: shown in its place
    where it is no count."""

    title: str
    n: int
    told: str
    path: str
    figure: str = ""


def show(person: Person) -> None:
    """What waits first; everything at rest in one sentence."""
    page_head(person, "Overview")
    found = matters(store(), person)
    waiting = [one for one in found if one.n]
    if waiting:
        st.html(f'<div class="tt-matters" role="list">{"".join(_item(one) for one in waiting)}</div>')
    else:
        st.html('<div class="tt-text">Nothing needs a lead now.</div>')
    at_rest = [one for one in found if not one.n]
    if at_rest:
        told = "<br>".join(f"{_link(one.path, one.title)}: {plain(one.told)}" for one in at_rest)
        st.html(f'<div class="tt-label">At rest</div><div class="tt-text">{told}</div>')
    st.html(f'<div class="tt-label">Progress</div><div class="tt-text">{_progress()}</div>')


def matters(opened: Store, person: Person) -> list[Matter]:
    """Everything that could need a lead, most urgent first. Each figure is the one that its screen shows."""
    audit = cached(opened, trust)
    first = [*_alerts(opened, person), _contested(opened), _flags(opened), *_certificate(audit)]
    return [*first, _hurried(opened), *_paused(opened), _audit(audit), _guideline(opened)]


def _link(path: str, title: str) -> str:
    return f'<a href="{escape(path)}" target="_self">{plain(title)}</a>'


def _item(one: Matter) -> str:
    figure = plain(one.figure or f"{one.n:,}")
    words = f"<b>{plain(one.title)}</b><br>{plain(one.told)}"
    return (
        f'<div role="listitem"><a href="{escape(one.path)}" target="_self">'
        f'<span class="tt-figure">{figure}</span><span>{words}</span></a></div>'
    )


def _alerts(opened: Store, person: Person) -> list[Matter]:
    if not may(person.role, Act.WATCH_FEEDS):
        return []
    missed = unanswered_alerts(opened)
    if not missed.n:
        return []
    told = f"Raised by live feeds and never answered, {missed.teleoperation:,} of them TELEOPERATION."
    return [Matter("Unanswered alerts", missed.n, told, "monitor")]


def _contested(opened: Store) -> Matter:
    with opened.read() as session:
        n = count_contested(session)
    told = "Reviewers disagree about the level, or a frame was sent back." if n else "no frame."
    return Matter("Contested frames", n, told, "adjudicate")


def _flags(opened: Store) -> Matter:
    n = len(open_flags(opened))
    return Matter(
        "Flags", n, "Annotators ask, and wait for an answer." if n else "none is open.", "adjudicate#flags"
    )


def _certificate(found: Trust) -> list[Matter]:
    """A certificate that should not be relied on any more."""
    certificate = found.certificate
    if certificate is None or not certificate.is_stale:
        return []
    told = standing(certificate) if certificate.is_doubted else " ".join(since_the_end(certificate))
    return [Matter("Certificate out of date", 1, told, "trust", figure="!")]


def _hurried(opened: Store) -> Matter:
    with opened.read() as session:
        hurried = hurried_people(session, opened.now_us(session))
    told = "; ".join(f"{one.name} {one.too_fast.value:.0%} of {one.too_fast.n:,}" for one in hurried)
    if hurried:
        told = f"Answers in under a second: {told}."
    else:
        told = (
            f"nobody has given {HURRIED_SHARE:.0%} or more of their answers in under a second (of at least "
            f"{HURRIED_TIMED}; people on pause are left out)."
        )
    return Matter("Too fast", len(hurried), told, _frames_of(opened, hurried))


def _frames_of(opened: Store, hurried: Sequence[HurriedPerson]) -> str:
    """The frames of the one who is too fast, quickest first; of several, the table that leads to each one's."""
    if len(hurried) != 1:
        return "annotators"
    with opened.read() as session:
        account = session.get_one(Person, hurried[0].person_id).name
    quickest = Question((Filter(About.PERSON, account),), sort=Sort.SECONDS, is_reversed=True)
    return f"frames?{quickest.address}"


def _paused(opened: Store) -> list[Matter]:
    with opened.read() as session:
        pauses = open_pauses(session)
    if not pauses:
        return []
    names = ", ".join(one.person.display_name for one in pauses)
    waiting = counted(sum(one.waiting for one in pauses), "frame")
    told = f"Of {names}: look at them and release them. {waiting} wait for somebody else."
    return [Matter("Paused answers", len(pauses), told, "annotators#paused-answers")]


def _audit(found: Trust) -> Matter:
    """Where the audit stands; it needs a lead when none is open and there is something to audit."""
    certificate, is_open = found.certificate, bool(found.lots) and found.lots[-1].end is None
    if is_open and certificate is not None:
        return Matter("Audit", 0, f"lot {certificate.lot:,} is open. {standing(certificate)}", "trust")
    left = counted(found.would_audit, "frame")
    if found.would_audit and (certificate is None or certificate.end is not LotEnd.CERTIFIED):
        told = f"{left} that nobody has reviewed could be audited; no audit is open."
        return Matter("Audit", found.would_audit, told, "trust")
    told = "nothing is left to audit." if certificate is None else standing(certificate)
    return Matter("Audit", 0, told, "trust")


def _guideline(opened: Store) -> Matter:
    with opened.read() as session:
        held = guideline_in_force(session)
        read, of = readers(session)
    unread = of - read
    if not unread:
        return Matter("Guideline", 0, f"version {held.number} is in force.", "guideline")
    have = "has" if unread == 1 else "have"
    told = f"{unread:,} of {counted(of, 'person', 'people')} {have} not read what changed in version {held.number}."
    return Matter("Guideline", unread, told, "guideline")


def _progress() -> str:
    with store().read() as session:
        states = frames_by_state(session)
    ahead = pace(store())
    told = f"{states[VerificationState.VERIFIED]:,} of {sum(states.values()):,} frames are verified"
    if ahead.days_left is not None and ahead.per_day:
        days = counted(max(1, round(ahead.days_left)), "working day")
        told += f"; about {days} left at {ahead.per_day:,.0f} reviews a day by people"
    return f"{told}. {_link('progress', 'Progress')}"
