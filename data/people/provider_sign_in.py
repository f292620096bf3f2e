"""Signing in somebody whose identity an OpenID Connect provider has established.

Nobody registers themselves: the provider's verified e-mail address has to be the name of an account that is there.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import select

from data.errors import SignInRefused
from data.people.accounts import open_sign_in
from data.store.opening import Store
from data.store.tables import Person


def person_of_claims(store: Store, claims: Mapping[str, object]) -> Person:
    """The account that the provider's claims stand for. Raises SignInRefused: no verified address, or no account."""
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise SignInRefused("Your identity provider names no e-mail address for you.")
    if claims.get("email_verified") is not True:
        raise SignInRefused(f"Your identity provider has not verified that {email} is yours.")
    name = email.lower()
    with store.read() as session:
        person = session.exec(select(Person).where(Person.name == name)).first()
    if person is None or person.is_scripted or person.is_disabled:
        raise SignInRefused(f"There is no open account named {name}; ask an administrator for one.")
    return person


def sign_in_identified(store: Store, person_id: int) -> str:
    """Open a sign-in for an account; returns the secret that the browser keeps. Raises SignInRefused where the
    account is gone or closed by now."""
    with store.write() as session:
        person = session.get(Person, person_id)
        if person is None or person.is_scripted or person.is_disabled:
            raise SignInRefused("This account is not open; ask an administrator.")
        return open_sign_in(session, person, store.now_us(session), how="provider")
