"""Starting the app's web server in this process."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from annotator.runtime import STORE_VARIABLE, WORKSPACE_VARIABLE
from data.errors import StoreError


def serve(workspace: Path, *, host: str, port: int, store_url: str | None = None) -> NoReturn:
    """Replace this process by the web server; Ctrl-C ends it. Raises StoreError if the port is taken."""
    _require_free(host, port)
    os.environ[WORKSPACE_VARIABLE] = str(workspace.resolve())
    if store_url:
        os.environ[STORE_VARIABLE] = store_url
    page = Path(__file__).with_name("asgi.py")
    command = [
        sys.executable, "-m", "streamlit", "run", str(page),
        "--server.address", host, "--server.port", str(port),
    ]  # fmt: skip
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter with our own arguments


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StoreError(
                f"The app cannot listen on {host}:{port}: {error.strerror}. Choose another --port."
            ) from error
