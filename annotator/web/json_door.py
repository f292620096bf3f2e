"""The one door for addresses that take JSON and answer JSON: who asks is found out here, an act is done, and an error
becomes a status that tells the browser whether to send the same thing again (503) or to stop (4xx)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy.exc import DataError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from annotator.web.same_origin import same_origin
from annotator.web.worker_threads import act_on
from data.errors import NotAllowed, NotNow, TeletriageError
from data.people.accounts import person_signed_in
from data.people.permissions import Act as Permission
from data.people.permissions import may
from data.store.opening import Store
from data.store.tables import Person

Body = dict[str, Any]
Act = Callable[[Store, int, Body], Body]
LiveAct = Callable[[int, Body], Awaitable[Body | Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class _Refused(Exception):
    """A request that reaches no act: the status and the reason of its answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Door:
    """How one part of the app lets requests in.

    cookie: where a browser keeps its sign-in. signed_out: what somebody without one is told. needs: what a person must
    be permitted for every act behind this door, if the acts do not ask for themselves.
    """

    store: Callable[[], Store]
    cookie: str
    signed_out: str
    needs: Permission | None = None

    def reads(self, act: Act) -> Endpoint:
        """An act that writes nothing, in a thread of its own: it does not queue behind those that do."""

        async def endpoint(request: Request, body: object) -> Response:
            return await asyncio.to_thread(self._done, self.store(), self._secret(request), body, act)

        return _opened(endpoint)

    def writes(self, act: Act) -> Endpoint:
        """An act that writes; several may share one commit, with the question who asks inside it."""

        async def endpoint(request: Request, body: object) -> Response:
            work = partial(self._done, secret=self._secret(request), body=body, act=act)
            return await act_on(self.store(), work)

        return _opened(endpoint)

    def awaits(self, act: LiveAct) -> Endpoint:
        """An act on the event loop, which may wait for something else than the store."""

        async def endpoint(request: Request, body: object) -> Response:
            secret = self._secret(request)
            try:
                person_id, told = await asyncio.to_thread(self._admitted, self.store(), secret, body)
                done = await act(person_id, told)
                return done if isinstance(done, Response) else JSONResponse(done)
            except Exception as error:  # noqa: BLE001 - what has no status of its own is raised again
                return _refusal(error)

        return _opened(endpoint)

    def signed_in(self, request: Request) -> Person | None:
        """Who asks, if they may; for addresses beside the JSON ones, such as pictures."""
        person = person_signed_in(self.store(), self._secret(request))
        return person if person is not None and self._may(person) else None

    def _secret(self, request: Request) -> str | None:
        return request.cookies.get(self.cookie)

    def _done(self, store: Store, secret: str | None, body: object, act: Act) -> Response:
        try:
            person_id, told = self._admitted(store, secret, body)
            return JSONResponse(act(store, person_id, told))
        except Exception as error:  # noqa: BLE001 - what has no status of its own is raised again
            return _refusal(error)

    def _admitted(self, store: Store, secret: str | None, body: object) -> tuple[int, Body]:
        person = person_signed_in(store, secret)
        if person is None:
            raise _Refused(401, self.signed_out)
        if not isinstance(body, dict) or body.get("person") != person.id:
            raise _Refused(409, "Somebody else is signed in now. Load the page again.")
        if not self._may(person):
            raise _Refused(403, f"{person.name} may not {self.needs.value if self.needs else 'do this'}.")
        return int(person.id or 0), body

    def _may(self, person: Person) -> bool:
        return self.needs is None or may(person.role, self.needs)


def _opened(endpoint: Callable[[Request, object], Awaitable[Response]]) -> Endpoint:
    async def opened(request: Request) -> Response:
        if not same_origin(request):
            return _no(403, "This was sent from another site.")
        try:
            body = await request.json()
        except (ValueError, RecursionError):
            return _no(400, "This is not JSON.")
        return await endpoint(request, body)

    return opened


def _refusal(error: Exception) -> Response:
    """The answer to an error that has one; any other is raised again, as a fault of ours."""
    match error:
        case _Refused():
            return _no(error.status, str(error))
        case NotNow():
            return _no(503, str(error))
        case NotAllowed():
            return _no(403, str(error))
        case TeletriageError():
            return _no(422, str(error))
        case KeyError() | ValueError() | TypeError() | OverflowError() | DataError():
            return _no(400, f"This cannot be understood: {type(error).__name__}.")
    raise error


def _no(status: int, reason: str) -> Response:
    return JSONResponse({"reason": reason}, status)
