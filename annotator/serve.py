"""Starting the app's web server in this process."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from annotator.runtime import STORE_VARIABLE, WORKSPACE_VARIABLE
from annotator.sign_in.identity_provider import PROVIDER_VARIABLE, require_provider_file
from annotator.sign_in.routes import NO_PASSWORDS_VARIABLE
from annotator.web.admission import ALLOWED_HOSTS_VARIABLE, LOOPBACK
from annotator.web.structured_log import JSON_LOGS_VARIABLE
from data.errors import StoreError
from data.store.opening import open_store

PROXIES_VARIABLE = "FORWARDED_ALLOW_IPS"
"""uvicorn's own: from which addresses X-Forwarded-Proto and X-Forwarded-For are believed."""


@dataclass(frozen=True)
class Exposure:
    """How the app stands in the network. `oidc`: the identity provider's settings, a file only its owner can read.
    `proxies`: addresses of proxies in front, 127.0.0.1 always among them."""

    allowed_hosts: Sequence[str] = ()
    proxies: Sequence[str] = ()
    oidc: Path | None = None
    takes_passwords: bool = True
    json_logs: bool = False


def serve(
    workspace: Path, *, host: str, port: int, store_url: str | None = None, exposure: Exposure | None = None
) -> NoReturn:
    """Replace this process by the web server; Ctrl-C ends it. Raises StoreError if it cannot be served so."""
    chosen = exposure or Exposure()
    require_exposure(host, chosen)
    _require_free(host, port)
    os.environ.update(_environment(workspace, store_url, chosen))
    page = Path(__file__).with_name("asgi.py")
    command = [
        sys.executable, "-m", "streamlit", "run", str(page),
        "--server.address", host, "--server.port", str(port),
        *(["--secrets.files", str(chosen.oidc.resolve())] if chosen.oidc else []),
    ]  # fmt: skip
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter with our own arguments


def require_exposure(host: str, exposure: Exposure) -> None:
    """Raises StoreError for what would let in more than was meant."""
    if host not in LOOPBACK and not exposure.allowed_hosts:
        raise StoreError(
            f"On {host} others can reach the app: say under which name with --allowed-host, as in "
            "--allowed-host triage.example.org, or listen on 127.0.0.1."
        )
    for name in exposure.allowed_hosts:
        if "/" in name or "," in name or "*" in name[1:] or (name.startswith("*") and name[1:2] != "."):
            raise StoreError(f"{name!r} is not a host name: it is like triage.example.org or *.example.org.")
    if exposure.oidc:
        require_provider_file(exposure.oidc)
    elif not exposure.takes_passwords:
        raise StoreError("Without passwords and without --oidc nobody could sign in.")


def _environment(workspace: Path, store_url: str | None, exposure: Exposure) -> dict[str, str]:
    """What the web server's process finds out about its task. The key of Streamlit's own cookies comes from the
    store, so that it is random, stays, and is the same for several processes on one store."""
    store = open_store(workspace, url=store_url)
    key = store.secret("page cookies").hex()
    store.close()
    told = {
        WORKSPACE_VARIABLE: str(workspace.resolve()),
        STORE_VARIABLE: store_url or "",
        ALLOWED_HOSTS_VARIABLE: ",".join(exposure.allowed_hosts),
        PROXIES_VARIABLE: ",".join(["127.0.0.1", "::1", *exposure.proxies]),
        PROVIDER_VARIABLE: "1" if exposure.oidc else "",
        NO_PASSWORDS_VARIABLE: "" if exposure.takes_passwords else "1",
        JSON_LOGS_VARIABLE: "1" if exposure.json_logs else "",
        "STREAMLIT_SERVER_COOKIE_SECRET": key,
    }
    return {name: value for name, value in told.items() if value}


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StoreError(
                f"The app cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
            ) from error
