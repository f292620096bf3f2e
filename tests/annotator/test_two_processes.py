"""Two processes of the app on one PostgreSQL behind nginx, with the configuration that deploy/ ships."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from sqlmodel import select

from annotator.sign_in.host_cookie import PREFIXED
from data.maintenance.check import damages
from data.maintenance.trail_check import verify_trail
from data.store.opening import STORE_FILE, Store
from data.store.tables import FrameStatus, Review, TrailEntry
from data.vocabulary import Split, TrailAct
from tests.annotator.browser.conftest import a_browser, signed_in
from tests.annotator.browser.served import RunningApp
from tests.annotator.team import LEAD, NGINX, PEOPLE, Team, installed, seated
from tests.postgresql import Cluster


@pytest.fixture(scope="module")
def team(postgresql: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    if not Path(NGINX).exists():
        pytest.skip("Debian's nginx is not installed")
    url = postgresql.new_database()
    with installed(tmp_path_factory.mktemp("team"), url) as team:
        yield team
    postgresql.drop(url)


def served_by(app: RunningApp) -> int:
    """How many syncs a process has answered, as its own metrics say."""
    text = httpx.get(f"{app.url}metrics", timeout=60).text
    found = re.search(r'teletriage_request_seconds_count\{route="card/sync"\} ([0-9.]+)', text)
    return int(float(found[1])) if found else 0


def reviews(store: Store) -> list[tuple[int, str]]:
    with store.read() as session:
        return [(row.person_id, row.frame_id) for row in session.exec(select(Review))]


def test_people_on_two_processes_share_one_queue_and_each_stays_with_one_process(team: Team) -> None:
    before = [served_by(app) for app in team.apps]
    everybody = [seated(team, name) for name in PEOPLE]
    held = [item["frame"] for one in everybody for item in one.told["frames"]]
    assert len(held) == len(set(held)) == 96
    decided = [one.decide() for _ in range(3) for one in everybody]
    assert len(set(decided)) == 36
    assert {frame for _, frame in reviews(team.store)} >= set(decided)
    served = [served_by(app) - first for app, first in zip(team.apps, before, strict=True)]
    assert sum(served) == 48
    assert all(n and n % 4 == 0 for n in served)
    assert not (team.apps[0].workspace / STORE_FILE).exists()


def beyond_need(store: Store) -> dict[str, int]:
    """Frames that more people were asked about than verification needs: one in training, two where held out."""
    counts = Counter(frame for _, frame in reviews(store))
    with store.read() as session:
        sides = dict(session.exec(select(FrameStatus.frame_id, FrameStatus.split)).all())
    return {frame: n for frame, n in counts.items() if n > (1 if sides[frame] is Split.TRAIN else 2)}


def test_what_all_decide_at_once_is_leased_to_one_at_a_time_and_stands_whole_in_the_trail(team: Team) -> None:
    before = [served_by(app) for app in team.apps]
    everybody = [seated(team, name) for name in PEOPLE]
    with ThreadPoolExecutor(len(everybody)) as pool:
        decided = list(pool.map(lambda one: [one.decide() for _ in range(4)], everybody))
    assert [len(frames) for frames in decided] == [4] * len(PEOPLE)
    assert all(served_by(app) > first for app, first in zip(team.apps, before, strict=True))
    held = [holding for one in everybody for holding in one.held]
    assert [pair for pair in combinations(held, 2) if pair[0].meets(pair[1])] == []
    written = reviews(team.store)
    assert len(set(written)) == len(written)
    assert beyond_need(team.store) == {}
    with team.store.read() as session:
        trail = verify_trail(session)
        noted = session.exec(select(TrailEntry.person_id).where(TrailEntry.act == TrailAct.REVIEWED)).all()
        assert damages(session) == []
    assert trail.breaks == []
    assert Counter(noted) == Counter(person for person, _ in written)


def screens_of_a_lead(store: Store) -> list[str]:
    _, frame = reviews(store)[0]
    about_one = [f"frame?id={frame}", f"provenance?of={frame}"]
    return ["adjudicate", "agreement", "trust", "annotators", "guideline", "reports", *about_one, "progress"]


def test_a_lead_sees_every_screen_through_the_proxys_websocket(team: Team) -> None:
    sockets: list[str] = []
    with a_browser() as browser:
        page = signed_in(browser, f"{team.url}/", LEAD, f"password-{LEAD}", ignore_https_errors=True)
        page.on("websocket", lambda socket: sockets.append(socket.url))
        for screen in screens_of_a_lead(team.store):
            page.goto(f"{team.url}/{screen}")
            page.wait_for_selector(".tt-who")
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
            assert page.get_by_test_id("stException").count() == 0, screen
        metric = page.get_by_test_id("stMetric").filter(has_text="Reviews written")
        expect(metric).to_contain_text(str(len(reviews(team.store))))
        page.context.close()
    assert sockets
    assert all(url.startswith(f"{team.url.replace('https', 'wss')}/") for url in sockets)


def test_tls_reaches_the_cookie_and_the_headers_through_the_proxy(team: Team) -> None:
    client = httpx.Client(base_url=team.url, verify=team.trust, headers={"origin": team.url}, timeout=60)
    answer = client.post("/sign-in", data={"user": PEOPLE[0], "password": f"password-{PEOPLE[0]}"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{PREFIXED}=")
    attributes = set(cookie.split("; "))
    assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= attributes
    assert not [part for part in attributes if part.startswith("Domain")]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert client.get("/metrics").status_code == 404
    assert client.get("/healthz", headers={"host": "evil.example.org"}).status_code == 400


def test_when_a_process_goes_its_people_go_on_with_the_other(team: Team) -> None:
    everybody = [seated(team, name) for name in PEOPLE]
    before = len(reviews(team.store))
    team.apps[0].stop()
    try:
        decided = [one.decide() for one in everybody]
        assert len(set(decided)) == len(PEOPLE)
        assert len(reviews(team.store)) == before + len(PEOPLE)
    finally:
        team.apps[0].start()
