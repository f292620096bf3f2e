"""Fetching the clip of an alert: who may, any part of it, nothing else, and the reason where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotator.monitor.console import door
from annotator.monitor.console import routes as console
from annotator.runtime import COOKIE
from data.erasure.erase import erase
from data.live.clip_spool import Places
from data.live.clips import remove_clips
from data.live.record import end_watch
from data.people.accounts import sign_in
from data.vocabulary import PersonRole
from tests.builders import a_person
from tests.data.feeds import a_watch, an_alert
from tests.data.live.test_clips import at, with_clip
from tests.stores import an_empty_store

NO_CLIP = b"There is no clip of this alert."
BEING_MADE = b"The clip of this alert is still being made."


def test_a_clip_is_for_those_who_watch_feeds_in_any_part_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, places = an_empty_store(tmp_path / "workspace"), Places(tmp_path / "monitor")
    monkeypatch.setattr(door, "store", lambda: store)
    client = TestClient(Starlette(routes=console.ROUTES), base_url="http://testserver")
    watch = a_watch(store, tmp_path)
    alert, bare = an_alert(store, watch), an_alert(store, watch)
    address = f"/monitor/clip/{alert}.mp4"
    a_person(store, "ada")
    a_person(store, "olga", PersonRole.OPERATOR)

    def get(path: str, who: str = "olga", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        secret = sign_in(store, who, f"password-{who}") if who else ""
        answer = client.get(path, headers={"cookie": f"{COOKIE}={secret}", **headers})
        return answer.status_code, answer.content, dict(answer.headers)

    assert get(address)[:2] == (404, NO_CLIP)
    spool = places.spool(watch.watch_id, alert)
    spool.parent.mkdir(parents=True)
    spool.write_bytes(b"pictures")
    status, content, headers = get(address)
    assert (status, content, headers["retry-after"]) == (404, BEING_MADE, "2")
    places.clips.mkdir(parents=True)
    places.early_clip(alert).write_bytes(b"so far")
    status, content, headers = get(address)
    assert (status, content, headers["retry-after"]) == (200, b"so far", "2")
    spool.unlink()
    row = with_clip(store, places, alert, at(-1, 0, 1), written_us=1)
    whole = places.clip(alert).read_bytes()
    status, content, headers = get(address)
    assert (status, content, headers["content-type"]) == (200, whole, "video/mp4")
    assert (headers["accept-ranges"], headers["content-encoding"]) == ("bytes", "identity")
    assert headers["cache-control"].startswith("private")
    assert "retry-after" not in headers
    status, content, headers = get(address, range="bytes=10-19")
    assert (status, content) == (206, whole[10:20])
    assert headers["content-range"] == f"bytes 10-19/{row.bytes}"
    assert get(address, range="bytes=999999999-")[0] == 416
    assert [get(address, who)[0] for who in ("", "ada")] == [403, 403]
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    for other in ("..%2F..%2Fsecret", "../../secret", f"{alert}.before", "nobody"):
        assert get(f"/monitor/clip/{other}.mp4")[0] == 404
    assert get(f"/monitor/clip/{bare}.mp4")[:2] == (404, NO_CLIP)
    remove_clips(store, places, keep_days=0, most_bytes=0, now_us=10**18)
    assert get(address)[0] == 404
    assert b"was removed" in get(address)[1]
    end_watch(store, watch.watch_id)
    admin = a_person(store, "root", PersonRole.ADMIN)
    erase(store, tmp_path / "workspace", "van", why="Asked for.", person_id=admin)
    for gone in (address, f"/monitor/picture/{alert}.jpg", f"/monitor/clip/{bare}.mp4"):
        assert get(gone)[:2] == (410, b"Erased: Asked for.")
