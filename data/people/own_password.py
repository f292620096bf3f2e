"""Use case: change one's own password, as everybody must who has a temporary one."""

from __future__ import annotations

from sqlmodel import Session, col, delete

from data.errors import SignInRefused, StoreError
from data.people.accounts import (
    announced_attempt,
    close_sign_ins,
    held_sign_in,
    note_failed,
    still_as_checked,
)
from data.people.passwords import matches, password_hash, require_fit
from data.store.opening import Store
from data.store.tables import Person, SignIn, SignInAttempt
from data.store.trail import note_act
from data.vocabulary import TrailAct


def change_own_password(store: Store, secret: str | None, old: str, new: str) -> Person:
    """Change the password of whoever holds this secret. This sign-in goes on, for everything; their others end.

    Raises SignInRefused: no open sign-in, not the present password, too many attempts; StoreError: the new password is
    unfit, or the same. Wrong ones count with those at the sign-in page. Checked outside of any transaction, see
    `sign_in`.
    """
    held = held_sign_in(store, secret)
    if held is None or held[0].password_hash is None:
        raise SignInRefused("Your sign-in has ended. Sign in again to change your password.")
    person, opened = held
    require_fit(new)
    if new == old:
        raise StoreError("The new password is the same as the current one.")
    attempt_id = announced_attempt(store, person.name)
    is_right = matches(person.password_hash, old)
    hashed = password_hash(new) if is_right else None
    with store.write() as session:
        if hashed is not None and still_as_checked(session, person):
            session.exec(delete(SignInAttempt).where(col(SignInAttempt.id) == attempt_id))
            return _changed(session, person, opened, hashed, store.now_us(session))
        note_failed(session, person, store.now_us(session))
    raise SignInRefused("This is not your current password.")


def _changed(session: Session, person: Person, opened: SignIn, hashed: str, now_us: int) -> Person:
    """Raises SignInRefused where the sign-in ended meanwhile."""
    held = session.get_one(Person, person.id)
    kept = session.get_one(SignIn, opened.id, with_for_update={"key_share": True})
    if kept.ended_at_us is not None:
        raise SignInRefused("Your sign-in has ended. Sign in again to change your password.")
    held.password_hash, held.temporary_since_us, kept.is_for_password_change = hashed, None, None
    ended = close_sign_ins(session, held, now_us, but=kept.id)
    note_act(
        session,
        TrailAct.CHANGED_PASSWORD,
        by=held.id,
        subject=f"person:{held.name}",
        details={"ended": ended},
    )
    return held
