"""Signing in somebody whose identity an OpenID Connect provider has established.

Nobody registers themselves: the provider's verified e-mail address has to be the name of an account that is there. The
first sign-in links the account to the provider's own name for the person (issuer and subject), and from then on nobody
else comes in by that address.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, delete, select

from data.errors import SignInRefused, StoreError
from data.hashing import signature
from data.people.accounts import open_sign_in, to_be_changed
from data.store.opening import Queue, Store, queue_for
from data.store.tables import Person, ProviderIdentity, UsedProviderAnswer
from data.store.trail import note_act
from data.vocabulary import TrailAct

KEPT_US = 24 * 3_600_000_000
"""How long a used answer is remembered; what a provider said is good for minutes."""


def person_of_claims(store: Store, claims: Mapping[str, object]) -> Person:
    """The account that the provider's claims stand for. Raises SignInRefused: no verified address, no account, or one
    that is linked to somebody else."""
    with store.read() as session:
        return _person(session, claims)


def _person(session: Session, claims: Mapping[str, object]) -> Person:
    email = claims.get("email")
    if not isinstance(email, str) or not email:
        raise SignInRefused("Your identity provider names no e-mail address for you.")
    if claims.get("email_verified") is not True:
        raise SignInRefused(f"Your identity provider has not verified that {email} is yours.")
    if not email.isascii():  # lower() makes an ASCII letter of some that are none
        raise SignInRefused(f"The address {email} has letters beyond ASCII; no account has such a name.")
    name = email.lower()
    person = session.exec(select(Person).where(Person.name == name)).first()
    if person is None or person.is_scripted or person.is_disabled:
        raise SignInRefused(f"There is no open account named {name}; ask an administrator for one.")
    linked = session.get(ProviderIdentity, person.id)
    if linked is not None and (linked.issuer, linked.subject) != _identity(claims):
        raise SignInRefused(
            f"The account {name} belongs to somebody else at your provider; ask an administrator."
        )
    return person


def _identity(claims: Mapping[str, object]) -> tuple[str, str]:
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not (isinstance(issuer, str) and isinstance(subject, str) and issuer and subject):
        raise SignInRefused("Your identity provider does not say who you are to it (iss and sub).")
    return issuer, subject


def sign_in_identified(store: Store, claims: Mapping[str, object], *, answer_sha256: str) -> str:
    """Open a sign-in for whom the claims stand for; returns the secret that the browser keeps.

    answer_sha256: of what the provider said, which serves once. Raises SignInRefused as `person_of_claims` does, and
    for an answer that was used already.
    """
    with store.write() as session:
        queue_for(session, Queue.SIGN_IN)
        now_us = store.now_us(session)
        person = _person(session, claims)
        if session.get(UsedProviderAnswer, answer_sha256) is not None:
            raise SignInRefused("This answer of your identity provider was used already. Sign in again.")
        session.exec(delete(UsedProviderAnswer).where(col(UsedProviderAnswer.used_at_us) < now_us - KEPT_US))
        session.add(UsedProviderAnswer(sha256=answer_sha256, used_at_us=now_us))
        _link(session, person, claims, now_us)
        return open_sign_in(session, person, now_us, how="provider")


def _link(session: Session, person: Person, claims: Mapping[str, object], now_us: int) -> None:
    if session.get(ProviderIdentity, person.id) is not None:
        return
    issuer, subject = _identity(claims)
    there = select(ProviderIdentity).where(
        ProviderIdentity.issuer == issuer, ProviderIdentity.subject == subject
    )
    if session.exec(there).first() is not None:
        raise SignInRefused("You have another account here; ask an administrator.")
    session.add(
        ProviderIdentity(person_id=int(person.id or 0), issuer=issuer, subject=subject, linked_at_us=now_us)
    )
    details = {"identity": signature(b"identity", issuer, subject)[:16]}
    note_act(
        session, TrailAct.LINKED_IDENTITY, by=person.id, subject=f"person:{person.name}", details=details
    )


def unlink_identity(store: Store, name: str, *, by: int | None = None) -> None:
    """Let an account be linked anew at its next sign-in through the provider. Raises NotAllowed, and StoreError: no
    such account, or none that is linked."""
    with store.write() as session:
        person = to_be_changed(session, name, by)
        linked = session.get(ProviderIdentity, person.id)
        if linked is None:
            raise StoreError(f"{name} is not linked to anybody at an identity provider.")
        session.delete(linked)
        note_act(session, TrailAct.UNLINKED_IDENTITY, by=by, subject=f"person:{person.name}")
