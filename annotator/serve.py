"""Starting the app's web server in this process."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from annotator.settings import STOPPED_SAYS, AppSettings, settings
from annotator.sign_in.identity_provider import require_provider_file
from annotator.web.admission import LOOPBACK
from data.errors import StoreError
from data.store.opening import open_store


@dataclass(frozen=True)
class Exposure:
    """Where the app listens and what stands before it. `proxies`: addresses of proxies in front, 127.0.0.1 always
    among them. `oidc`: the identity provider's settings, a file only its owner can read."""

    host: str
    port: int
    proxies: Sequence[str] = ()
    oidc: Path | None = None


def serve(told: AppSettings, exposure: Exposure) -> NoReturn:
    """Say where the app is and become its web server; Ctrl-C ends it. Raises StoreError if it cannot be served so."""
    words, environment = _server(told, exposure)
    print(f"The app is at http://{exposure.host}:{exposure.port}", file=sys.stderr, flush=True)  # noqa: T201
    os.environ.update(environment)
    os.environ[STOPPED_SAYS] = "Stopped. Everything is saved; the same command serves it again."
    settings.cache_clear()
    from annotator.web.start_streamlit import run  # noqa: PLC0415 - Streamlit loads once the app can be served

    run(words)


def server_command(told: AppSettings, exposure: Exposure) -> tuple[list[str], dict[str, str]]:
    """The web server as a process of its own: its command and environment. Raises StoreError if it cannot be served
    so."""
    words, environment = _server(told, exposure)
    return [sys.executable, "-m", "annotator.web.start_streamlit", *words], {**os.environ, **environment}


def _server(told: AppSettings, exposure: Exposure) -> tuple[list[str], dict[str, str]]:
    """What the web server is told: the words of its command line, and variables of its environment."""
    require_exposure(told, exposure)
    require_private(told.workspace)
    _require_free(exposure.host, exposure.port)
    page = Path(__file__).with_name("asgi.py")
    words = [
        "run", str(page),
        "--server.address", exposure.host, "--server.port", str(exposure.port), "--logger.hideWelcomeMessage", "true",
        *(["--secrets.files", str(exposure.oidc.resolve())] if exposure.oidc else []),
    ]  # fmt: skip
    sys.stdout.flush()
    return words, {**told.as_environment(), **_of_libraries(told, exposure)}


def require_exposure(told: AppSettings, exposure: Exposure) -> None:
    """Raises StoreError for what would let in more than was meant."""
    if exposure.host not in LOOPBACK and not told.allowed_hosts:
        raise StoreError(
            f"On {exposure.host} others can reach the app: say under which name with --allowed-host, as in "
            "--allowed-host triage.example.org, or listen on 127.0.0.1."
        )
    for name in told.allowed_hosts:
        if "/" in name or "," in name or "*" in name[1:] or (name.startswith("*") and name[1:2] != "."):
            raise StoreError(f"{name!r} is not a host name: it is like triage.example.org or *.example.org.")
    if exposure.oidc:
        require_provider_file(exposure.oidc)
    elif not told.passwords:
        raise StoreError("Without passwords and without --oidc nobody could sign in.")


def require_private(workspace: Path) -> None:
    """Raises StoreError for a workspace that others on this machine can enter: whoever reads the store has its keys."""
    if workspace.stat().st_mode & 0o077:
        raise StoreError(
            f"Others can enter {workspace}, which holds the keys of the app: chmod 700 {workspace}"
        )


def _of_libraries(told: AppSettings, exposure: Exposure) -> dict[str, str]:
    """What uvicorn and Streamlit read themselves: from which addresses X-Forwarded-* is believed, and the key of
    Streamlit's own cookies. It comes from the store, so that it is random, stays, and is the same for several
    processes on one store."""
    store = open_store(told.workspace, url=told.store)
    key = store.secret("page cookies").hex()
    store.close()
    return {
        "FORWARDED_ALLOW_IPS": ",".join(["127.0.0.1", "::1", *exposure.proxies]),
        "STREAMLIT_SERVER_COOKIE_SECRET": key,
    }


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StoreError(
                f"The app cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
            ) from error
