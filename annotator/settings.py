"""What the app reads from its environment, in one place. `teletriage review` writes the same names for the web server
that it becomes; an operator sets only TELETRIAGE_WORKSPACE, TELETRIAGE_STORE and TELETRIAGE_METRICS_TOKEN."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from data.errors import StoreError
from data.vocabulary import Mode

PREFIX = "TELETRIAGE_"
STOPPED_SAYS = f"{PREFIX}STOPPED_SAYS"
"""The variable with what the web server prints after Ctrl-C; whoever runs the server as a part prints it itself."""


class AppSettings(BaseSettings):
    """One app process: where its store is, how it is reached, and how people sign in."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    workspace: Path = Path("workspace")
    store: str | None = None
    """A database URL instead of the workspace's SQLite store."""
    decide_first: float = 0.1
    blind: float = 0.1
    """Shares of training frames; the rest is assisted, and held-out frames are always blind."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names besides this machine's own under which the app answers, comma-separated."""
    oidc: bool = False
    passwords: bool = True
    demo: bool = False
    """The people of the workspace's demo sign in with one click. `teletriage demo` sets it, on this machine alone."""
    json_logs: bool = False
    metrics_token: str | None = None

    @field_validator("workspace")
    @classmethod
    def _absolute(cls, workspace: Path) -> Path:
        return workspace.resolve()

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _listed(cls, told: object) -> object:
        return tuple(name for name in told.split(",") if name) if isinstance(told, str) else told

    @model_validator(mode="after")
    def _within_one(self) -> Self:
        if min(self.decide_first, self.blind) < 0 or self.decide_first + self.blind > 1:
            raise ValueError(
                f"Shares of {self.decide_first} and {self.blind} must be 0 or more and not above 1 together."
            )
        return self

    @property
    def mode_shares(self) -> Mapping[Mode, float]:
        """Shares of training frames by mode."""
        assisted = 1 - self.decide_first - self.blind
        return {Mode.ASSISTED: assisted, Mode.DECIDE_FIRST: self.decide_first, Mode.BLIND: self.blind}

    def as_environment(self) -> dict[str, str]:
        """The variables from which another process reads the same settings."""
        told = self.model_dump(mode="json", exclude_none=True)
        told["allowed_hosts"] = ",".join(self.allowed_hosts)
        return {PREFIX + name.upper(): str(value) for name, value in told.items()}


def settings_from(**chosen: Any) -> AppSettings:
    """The environment's settings, what is chosen here before them. Raises StoreError with the name of a bad one."""
    try:
        return AppSettings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        named = f"{PREFIX}{first['loc'][0]!s}: ".upper() if first["loc"] else ""
        raise StoreError(f"{named}{first['msg'].removeprefix('Value error, ')}") from error


@cache
def settings() -> AppSettings:
    """The settings of this process, read once."""
    return settings_from()
