"""The head of the audit trail goes where nobody who owns the database can change it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from data.errors import HeadNotKept, TrailBroken
from data.maintenance import kept_heads
from data.maintenance.kept_heads import current_head, keep_head
from data.store import Store
from data.store.trail_chain import FIRST
from tests.builders import a_person, an_empty_store
from tests.data.store.test_audit_trail import as_its_owner


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return an_empty_store(tmp_path / "workspace")


def test_each_head_is_a_line_of_the_file_and_follows_the_earlier_ones(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    for name in ("ada", "ben"):
        keep_head(store, str(file))
        a_person(store, name)
    last = keep_head(store, str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["entries"] for line in lines] == sorted({line["entries"] for line in lines})
    assert lines[-1] == last.model_dump() == {**current_head(store).model_dump(), "at": last.at}


def test_the_head_of_an_empty_trail_can_be_kept(tmp_path: Path) -> None:
    store = an_empty_store(tmp_path / "workspace")
    with as_its_owner(store) as connection:
        connection.execute(text("DELETE FROM trail_entry"))
    assert current_head(store).head == FIRST
    keep_head(store, str(tmp_path / "heads"))
    a_person(store)
    keep_head(store, str(tmp_path / "heads"))


def test_a_trail_that_was_cut_and_written_anew_is_not_added_to_the_file(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    a_person(store, "ada")
    keep_head(store, str(file))
    with as_its_owner(store) as connection:
        connection.execute(text("DELETE FROM trail_entry WHERE id > 1"))
        connection.execute(text("DELETE FROM person"))
    for name in ("ben", "cleo", "dora"):
        a_person(store, name)
    before = file.read_text()
    with pytest.raises(TrailBroken, match=r"is not the head in line 1 of .*heads\.jsonl"):
        keep_head(store, str(file))
    assert file.read_text() == before


@pytest.mark.parametrize("line", ["", "junk", "{}", '{"at": "x", "entries": -1, "head": "ab"}'])
def test_a_file_of_something_else_is_left_alone(store: Store, tmp_path: Path, line: str) -> None:
    file = tmp_path / "notes"
    file.write_text(f"{line}\n")
    with pytest.raises(HeadNotKept, match=r"Line 1 of .* is no head"):
        keep_head(store, str(file))
    assert file.read_text() == f"{line}\n"


def test_a_folder_that_is_not_there_is_one_sentence(store: Store, tmp_path: Path) -> None:
    with pytest.raises(HeadNotKept, match="No such file or directory"):
        keep_head(store, str(tmp_path / "none" / "heads"))


class _Keeper(BaseHTTPRequestHandler):
    """Somebody else's server. /slow says nothing, /drip sends a header a letter at a time, /no refuses."""

    bodies: list[bytes]
    stop: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/slow":
            self.stop.wait(10)
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Drip: ")
            while not self.stop.wait(0.05):
                self.wfile.write(b"x")
        self.bodies.append(body)
        self.send_response({"/no": 403, "/elsewhere": 307}.get(self.path, 200))
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()
        self.wfile.write(b"x" * 10_000)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def keeper() -> Iterator[str]:
    _Keeper.bodies, _Keeper.stop = [], threading.Event()
    server = HTTPServer(("127.0.0.1", 0), _Keeper)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://lena:secret@127.0.0.1:{server.server_port}"
    _Keeper.stop.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_is_sent_the_head(store: Store, keeper: str) -> None:
    head = keep_head(store, f"{keeper}/heads")
    assert [json.loads(body) for body in _Keeper.bodies] == [head.model_dump()]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/no", r"did not take the head: it answered 403"),
        ("/elsewhere", r"did not take the head: it answered 307"),
        ("/slow", r"did not take the head within 0 s"),
        ("/drip", r"did not take the head within 0 s"),
    ],
)
def test_an_address_that_does_not_take_it_is_one_sentence_without_its_password(
    store: Store, keeper: str, path: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_heads, "WITHIN_S", 0.4)
    with pytest.raises(HeadNotKept, match=reason) as refused:
        keep_head(store, keeper + path)
    assert "secret" not in str(refused.value)


def test_nobody_at_the_address_is_one_sentence(store: Store) -> None:
    with pytest.raises(HeadNotKept, match=r"http://127\.0\.0\.1:9/ cannot be reached"):
        keep_head(store, "http://127.0.0.1:9/")
