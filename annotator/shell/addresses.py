"""Every screen's address, title, group and permission, and each role's home: one table, which the navigation draws and
the gate holds requests against. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from data.people.permissions import Act, may
from data.vocabulary import PersonRole


class Group(StrEnum):
    """A group of the navigation, in its order."""

    WORK = "Work"
    LEAD = "Lead"
    QUALITY = "Quality"
    DATA = "Data"
    OPERATE = "Operate"


@dataclass(frozen=True)
class Screen:
    """One screen. path: its address below the app's root; is_listed: whether the navigation shows it, or only links
    lead there."""

    path: str
    title: str
    act: Act
    group: Group
    is_listed: bool = True


SCREENS = (
    Screen("review", "Review", Act.REVIEW, Group.WORK),
    Screen("my-frames", "My frames", Act.REVIEW, Group.WORK),
    Screen("review-plain", "Plain review", Act.REVIEW, Group.WORK, is_listed=False),
    Screen("overview", "Overview", Act.ADJUDICATE, Group.LEAD),
    Screen("adjudicate", "Adjudicate", Act.ADJUDICATE, Group.LEAD),
    Screen("guideline", "Guideline", Act.WRITE_GUIDELINE, Group.LEAD),
    Screen("progress", "Progress", Act.SEE_PROGRESS, Group.QUALITY),
    Screen("agreement", "Agreement", Act.SEE_PROGRESS, Group.QUALITY),
    Screen("trust", "Trust", Act.SEE_PROGRESS, Group.QUALITY),
    Screen("annotators", "Annotators", Act.SEE_PROGRESS, Group.QUALITY),
    Screen("reports", "Reports", Act.SEE_REPORTS, Group.QUALITY),
    Screen("frames", "Frames", Act.SEE_PROGRESS, Group.DATA),
    Screen("frame", "Frame", Act.SEE_PROGRESS, Group.DATA, is_listed=False),
    Screen("snapshot", "Snapshot", Act.FREEZE_SNAPSHOT, Group.DATA),
    Screen("runs", "Runs", Act.SEE_REPORTS, Group.DATA),
    Screen("provenance", "Provenance", Act.SEE_PROGRESS, Group.DATA),
    Screen("monitor", "Monitor", Act.WATCH_FEEDS, Group.OPERATE),
    Screen("people", "People", Act.MANAGE_PEOPLE, Group.OPERATE),
    Screen("audit-trail", "Audit trail", Act.READ_TRAIL, Group.OPERATE),
)
HOMES = {
    PersonRole.ANNOTATOR: "review",
    PersonRole.LEAD: "overview",
    PersonRole.TRAINER: "progress",
    PersonRole.ADMIN: "people",
    PersonRole.OPERATOR: "monitor",
}
_BY_PATH = {screen.path: screen for screen in SCREENS}


def screen_at(path: str) -> Screen | None:
    """The screen at an address as `/adjudicate`, or None.

    >>> screen_at("/adjudicate/").title, screen_at("/nowhere")
    ('Adjudicate', None)
    """
    return _BY_PATH.get(path.strip("/"))


def screens_of(role: PersonRole) -> list[Screen]:
    """Everything that a role may open, in the navigation's order."""
    order = list(Group)
    return sorted(
        (screen for screen in SCREENS if may(role, screen.act)), key=lambda screen: order.index(screen.group)
    )


def roles_of(screen: Screen) -> list[PersonRole]:
    """Whom a screen is for."""
    return [role for role in PersonRole if may(role, screen.act)]
