"""A real Label Studio for tests and benchmarks, and people who annotate in it through its API as its editor does."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from data.label_studio.server import LabelStudioServer
from data.label_studio.tasks import result_of
from data.vocabulary import Assessment

HERE = Path(__file__).parent
ENVIRONMENT = os.environ.get("TELETRIAGE_LABEL_STUDIO", "")
TOKEN = "0123456789abcdef0123456789abcdef01234567"  # of a server that lives as long as a test
START_S = 900
DATABASE = "label_studio.sqlite3"


@dataclass
class RunningServer:
    """Its address, its data folder, and the first start's seconds until it answered."""

    url: str
    folder: Path
    start_s: float = 0.0
    tokens: dict[str, str] = field(default_factory=dict)

    def server(self, **options: Any) -> LabelStudioServer:
        """Our side of it, as the administrator."""
        return LabelStudioServer(self.url, TOKEN, **options)

    def api(self, email: str | None = None) -> httpx.Client:
        """Its API, as somebody or as the administrator."""
        token = TOKEN if email is None else self.token(email)
        headers = {"Authorization": f"Token {token}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=600)

    def token(self, email: str) -> str:
        """Somebody's token; the user is made if need be. Tokens are made with users and read from the database."""
        if email not in self.tokens:
            with self.api() as api:
                api.post("/api/users/", json={"email": email, "username": email})
            query = "SELECT key FROM authtoken_token JOIN htx_user ON htx_user.id = user_id WHERE email = ?"
            with closing(sqlite3.connect(self.folder / DATABASE)) as database:
                self.tokens[email] = str(database.execute(query, (email,)).fetchone()[0])
        return self.tokens[email]

    def annotate(
        self, email: str, task_id: int, said: Assessment | list[dict[str, Any]], **fields: Any
    ) -> dict[str, Any]:
        """Submit an annotation as somebody; returns it as the server gives it back."""
        result = said if isinstance(said, list) else result_of(said)
        with self.api(email) as api:
            answer = api.post(
                f"/api/tasks/{task_id}/annotations/", json={"result": result, "lead_time": 12.5, **fields}
            )
        answer.raise_for_status()
        return dict(answer.json())

    def change(self, email: str, annotation_id: int, fields: Mapping[str, Any]) -> None:
        """Change an annotation as somebody."""
        with self.api(email) as api:
            api.patch(f"/api/annotations/{annotation_id}/", json=dict(fields)).raise_for_status()


@contextmanager
def running_server(folder: Path, images: Path) -> Iterator[RunningServer]:
    """Start Label Studio on a free port with an empty database; ended when the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    folder.mkdir(parents=True, exist_ok=True)
    log, begun = (folder / "server.log").open("w"), time.monotonic()
    command = [str(HERE / "serve.sh"), ENVIRONMENT, str(folder), port, TOKEN, str(images)]
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/health", process, Path(log.name))
        yield RunningServer(url, folder, time.monotonic() - begun)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 - our own server
            return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"Label Studio did not start within {START_S} s: {log.read_text()[-3000:]}")
