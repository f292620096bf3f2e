"""Pages of plain HTML: signing in, changing a password, and saying no. Their one script shows what is typed into a
password's field; without it they work as well."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from starlette.responses import HTMLResponse

from annotator.shell.addresses import HOMES, Screen, roles_of, screen_at
from annotator.shell.routes import MARK
from data.store.tables import Person
from data.vocabulary import PersonRole

_HERE = Path(__file__).parent
_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'  # inside HTML it is understood
_SCRIPT = (_HERE / "show_password.js").read_text(encoding="utf-8")
_SCRIPT_HASH = b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; script-src 'sha256-{_SCRIPT_HASH}'; style-src 'unsafe-inline'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LONGEST = 80
_MANY = {
    PersonRole.ANNOTATOR: "annotators",
    PersonRole.LEAD: "leads",
    PersonRole.TRAINER: "trainers",
    PersonRole.ADMIN: "administrators",
    PersonRole.OPERATOR: "operators",
}


def plain_page(template: Path, *, status: int = 200, **shown: Any) -> HTMLResponse:
    """A page from a template that extends `plain.html.jinja`."""
    html = _templates(template.parent).get_template(template.name).render(**shown)
    return HTMLResponse(
        html, status, headers={"content-security-policy": POLICY, "cache-control": "no-store"}
    )


def not_found(person: Person, path: str) -> HTMLResponse:
    """The answer to an address that no screen has."""
    asked = f"{path[:_LONGEST]}…" if len(path) > _LONGEST else path
    return _refusal(404, "Nothing at this address", f"teletriage has no page {asked}", person)


def not_for_role(person: Person, screen: Screen) -> HTMLResponse:
    """The answer to somebody whose role does not open this screen."""
    many = " and ".join(_MANY[role] for role in roles_of(screen))
    you = f"You are signed in as {person.display_name}, {person.role.value}."
    return _refusal(403, f"{screen.title} is for {many}", f"{you} An administrator can change that.", person)


def no_password(person: Person) -> HTMLResponse:
    """The answer to somebody who asks to change a password and signs in otherwise."""
    told = "You sign in with your organisation, so your password is changed there."
    return _refusal(404, "There is no password to change", told, person)


def _refusal(status: int, title: str, reason: str, person: Person) -> HTMLResponse:
    home = screen_at(HOMES[person.role])
    return plain_page(_HERE / "refusal.html.jinja", status=status, title=title, reason=reason, home=home)


@cache
def _templates(folder: Path) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, _HERE]), autoescape=True, undefined=jinja2.ChainableUndefined
    )
    made.globals["mark"] = Markup(MARK.read_text(encoding="utf-8").replace(_NAMESPACE, ""))  # noqa: S704 - our own file
    made.globals["script"] = Markup(_SCRIPT)  # noqa: S704 - our own file
    return made
