from __future__ import annotations

import pytest

from data.people.permissions import Act, may
from data.vocabulary import PersonRole

ALLOWED = {
    (PersonRole.ANNOTATOR, Act.REVIEW),
    (PersonRole.LEAD, Act.REVIEW),
    (PersonRole.LEAD, Act.ADJUDICATE),
    (PersonRole.LEAD, Act.WRITE_GUIDELINE),
    (PersonRole.LEAD, Act.SEE_PROGRESS),
    (PersonRole.LEAD, Act.SEE_REPORTS),
    (PersonRole.LEAD, Act.SEND_BACK),
    (PersonRole.LEAD, Act.ERASE),
    (PersonRole.LEAD, Act.BLUR),
    (PersonRole.TRAINER, Act.SEND_BACK),
    (PersonRole.TRAINER, Act.SEE_PROGRESS),
    (PersonRole.TRAINER, Act.SEE_REPORTS),
    (PersonRole.TRAINER, Act.FREEZE_SNAPSHOT),
    (PersonRole.ADMIN, Act.MANAGE_PEOPLE),
    (PersonRole.ADMIN, Act.READ_TRAIL),
    (PersonRole.ADMIN, Act.ERASE),
    (PersonRole.ADMIN, Act.BLUR),
    (PersonRole.LEAD, Act.WATCH_FEEDS),
    (PersonRole.OPERATOR, Act.WATCH_FEEDS),
}


@pytest.mark.parametrize("role", PersonRole)
@pytest.mark.parametrize("act", Act)
def test_a_role_may_do_what_is_listed_and_nothing_else(role: PersonRole, act: Act) -> None:
    assert may(role, act) is ((role, act) in ALLOWED)
