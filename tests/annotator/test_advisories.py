"""What went wrong in other annotation tools, tried on this one: each test is named after the public advisory.

Those that need a browser stand in browser/test_advisories_in_browser.py.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import re
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import starlette
import streamlit
from PIL import Image
from sqlmodel import select
from starlette.applications import Starlette
from starlette.testclient import TestClient

from annotator import asgi
from annotator.pictures.signed_addresses import SMALL_PX, ImageRequest, image_address
from annotator.review_card import routes
from annotator.runtime import COOKIE
from annotator.settings import AppSettings
from annotator.sign_in.host_cookie import PREFIXED
from data.errors import DatarootError, NotAllowed, SettingsRefused, SignInRefused
from data.frames.ingest import ingest
from data.images.inspection import ImageRefused, inspect_image, open_image, rendition
from data.people.accounts import person_signed_in, sign_in
from data.people.card_settings import DEFAULT_KEYS, save_settings
from data.people.provider_sign_in import person_of_claims
from data.review.adjudication import Settlement, adjudicate
from data.review.serving import lease_frames
from data.sources.nuscenes import nuscenes
from data.store.opening import Store, journal_mode, open_store
from data.store.tables import Dataset, Frame, Person, PersonSettings, Review
from data.text.csv_text import csv_text
from data.vocabulary import PersonRole, SetAside, TriageLevel
from tests.annotator.review_card.test_outbox import an_entry
from tests.builders import VERSION, a_dataroot, a_person, a_picture, a_store, frames_of, reviewed
from tests.repository import ROOT

HERE = "http://localhost"
SCRIPT = "<script>alert(1)</script>"
PACKAGES = ("annotator", "data", "eval", "training")
USING_STORE = (
    "pictures.routes",
    "sign_in.routes",
    "sign_in.identity_provider",
    "sign_in.gate",
    "health",
    "review_card.routes",
)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    store = a_store(tmp_path)
    for name in USING_STORE:
        monkeypatch.setattr(importlib.import_module(f"annotator.{name}"), "store", lambda: store)
    monkeypatch.setattr(
        importlib.import_module("annotator.pictures.routes"), "workspace", lambda: tmp_path / "workspace"
    )
    monkeypatch.setattr(routes, "app_settings", lambda: AppSettings(decide_first=0, blind=0))
    return store


@pytest.fixture
def client(store: Store) -> TestClient:
    app = Starlette(routes=asgi.ROUTES, middleware=asgi.MIDDLEWARE)
    return TestClient(app, base_url=HERE, follow_redirects=False, headers={"origin": HERE})


def signed_in(client: TestClient, store: Store, name: str = "ada") -> int:
    person_id = a_person(store, name)
    client.cookies.set(COOKIE, sign_in(store, name, f"password-{name}"))
    return person_id


def ask(client: TestClient, act: str, person_id: int, /, **body: Any) -> Any:
    return client.post(f"/card/{act}", json={"person": person_id, **body})


def sources() -> Iterator[tuple[Path, str]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")


# ---- what people say about themselves and about frames


def test_cve_2026_22033_user_settings_are_keys_of_a_keyboard_and_nothing_else(store: Store) -> None:
    ada = a_person(store)
    for hostile in (SCRIPT, "'};alert(1)//", "</script>", "javascript:alert(1)"):
        with pytest.raises(SettingsRefused):
            save_settings(store, ada, {"keys": {**DEFAULT_KEYS, "accept": hostile}})
        with pytest.raises(SettingsRefused):
            save_settings(store, ada, {hostile: True})
    with store.read() as session:
        assert session.get(PersonSettings, ada) is None


def test_cve_2026_22033_no_route_hands_out_a_secret_to_a_page(client: TestClient, store: Store) -> None:
    ada = signed_in(client, store)
    secret = client.cookies[COOKIE]
    bodies = [
        ask(client, name, ada, frame=frames_of("scene-0001")[0], settings={}).text for name in routes._ACTS
    ]
    assert not [body for body in bodies if secret in body or "secret" in body or "password" in body]


def test_cve_2024_26152_and_cve_2025_25296_text_travels_as_json_that_no_browser_takes_for_a_page(
    client: TestClient, store: Store
) -> None:
    ada = signed_in(client, store)
    frame = ask(client, "sync", ada).json()["frames"][0]["frame"]
    words = {"reasoning": SCRIPT, "action": SCRIPT, "level": "TELEOPERATION"}
    answer = ask(client, "sync", ada, outbox=[an_entry(frame, **words)])
    assert answer.json()["recent"][0]["reasoning"] == SCRIPT
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_cve_2025_47783_nothing_that_was_sent_comes_back_as_a_page(client: TestClient) -> None:
    for answer in (
        client.get(f"/frame/{SCRIPT}.jpg"),
        client.post("/sign-in", data={"user": SCRIPT, "password": SCRIPT}),
        client.post("/card/sync", content=SCRIPT),
    ):
        assert SCRIPT not in answer.text
        is_page = answer.headers.get("content-type", "").startswith("text/html")
        policy = answer.headers["content-security-policy"]
        assert not is_page or "default-src 'none'" in policy
        runs = re.findall(r"script-src ([^;]*)", policy)  # at most the page's own script, by its hash
        assert not is_page or all(re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", one) for one in runs)
        assert "<script>" not in answer.headers.get("location", "")


def test_ghsa_fq23_a_cell_of_a_table_taken_away_runs_in_no_spreadsheet() -> None:
    rows = [{"person": "=HYPERLINK(1)", "n": 1}, {"person": "@SUM(A1)", "n": 2}]
    assert csv_text(rows) == "person,n\r\n'=HYPERLINK(1),1\r\n'@SUM(A1),2\r\n"


def test_echoleak_cve_2025_32711_pictures_come_from_this_site_only(client: TestClient) -> None:
    policy = client.get("/healthz").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["img-src"] == "'self' data: blob:"
    assert rules["connect-src"] == "'self' data:"
    assert (rules["form-action"], rules["object-src"]) == ("'self'", "'none'")


def test_csp_is_enforced_and_not_only_reported(client: TestClient) -> None:
    names = {name.lower() for name in client.get("/healthz").headers}
    assert "content-security-policy" in names
    assert "content-security-policy-report-only" not in names


def test_cors_no_other_site_may_read_an_answer(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"origin": "https://elsewhere.invalid"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# ---- pictures and files


def test_cve_2023_47115_markup_in_a_pictures_metadata_never_reaches_a_browser(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    ada = signed_in(client, store)
    frame_id = frames_of("scene-0001")[0]
    with store.read() as session:
        path = tmp_path / "dataroot" / session.get_one(Frame, frame_id).filename
    metadata = Image.Exif()
    metadata[0x010E] = SCRIPT
    Image.new("RGB", (64, 36)).save(path, "JPEG", exif=metadata, comment=SCRIPT.encode())
    assert SCRIPT.encode() in path.read_bytes()
    answer = client.get(f"/{image_address(store.secret('images'), ImageRequest(frame_id, ada, SMALL_PX))}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert SCRIPT.encode() not in answer.content


@pytest.mark.parametrize("content", [b"<svg onload=alert(1)>", b"<html><script>", b"GIF89a" + b"\0" * 64])
def test_cve_2023_47115_a_file_is_what_its_bytes_say_whatever_its_name(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "avatar.jpg"
    path.write_bytes(content)
    with pytest.raises(ImageRefused):
        rendition(path)


def test_cve_2026_40192_a_fits_bomb_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.jpg"
    cards = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 60000", "NAXIS2  = 60000", "END"]
    path.write_bytes(
        "".join(card.ljust(80) for card in cards).encode().ljust(2880) + b"\x1f\x8b" + b"\0" * 9999
    )
    with pytest.raises(ImageRefused, match="not a JPEG or PNG"):
        inspect_image(path)


BOMB = """
import resource, sys, time
from pathlib import Path
from data.images.inspection import ImageRefused, inspect_image, rendition
begun = time.process_time()
before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for look in (inspect_image, rendition):
    try:
        look(Path(sys.argv[1]))
    except ImageRefused as refused:
        print(refused.reason.value)
print(time.process_time() - begun, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024)
"""


def test_an_image_bomb_is_refused_within_a_second_and_300_megabytes(tmp_path: Path) -> None:
    from tests.annotator.browser.test_card_untrusted import huge_png

    path = tmp_path / "bomb.png"
    path.write_bytes(huge_png())
    told = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert told[:2] == [SetAside.IMAGE_TOO_LARGE.value] * 2
    assert float(told[2]) < 1
    assert float(told[3]) < 300


@pytest.mark.parametrize(
    "filename",
    [
        "../canary.txt",
        "samples/../../canary.txt",
        "/etc/passwd",
        "samples\\..\\..\\canary.txt",
        "\\\\host\\share\\x.jpg",
        "samples/x\0.jpg",
    ],
)
def test_ghsa_6f87_and_ghsa_cpmr_a_dataset_names_no_file_outside_its_folder(
    tmp_path: Path, filename: str
) -> None:
    root = a_dataroot(tmp_path / "dataroot")
    table = root / VERSION / "sample_data.json"
    rows = json.loads(table.read_text())
    rows[0]["filename"] = filename
    table.write_text(json.dumps(rows))
    (tmp_path / "canary.txt").write_text("canary")
    store = open_store(tmp_path / "workspace", create=True)
    with pytest.raises(DatarootError, match="leaves the dataroot"):
        ingest(store, nuscenes(root, VERSION))


def test_ghsa_6f87_a_picture_that_became_a_link_leads_to_no_canary(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    ada = signed_in(client, store)
    frame_id = frames_of("scene-0001")[0]
    canary = tmp_path / "canary.jpg"
    canary.write_bytes(a_picture(colour=(1, 2, 3)))
    with store.read() as session:
        path = tmp_path / "dataroot" / session.get_one(Frame, frame_id).filename
    path.unlink()
    path.symlink_to(canary)
    answer = client.get(f"/{image_address(store.secret('images'), ImageRequest(frame_id, ada, SMALL_PX))}")
    assert answer.status_code == 404
    assert answer.text == f"{path.name} leads out of the dataroot."


@pytest.mark.parametrize(
    "path", ["/frame/../store.db", "/frame/..%2fstore.db.jpg", "/frame/%2e%2e%2f%2e%2e%2fstore.db.jpg"]
)
def test_ghsa_cpmr_no_encoded_path_reaches_the_store(client: TestClient, store: Store, path: str) -> None:
    signed_in(client, store)
    assert client.get(path).status_code in (403, 404)


def test_ghsa_x396_the_app_writes_nothing_into_a_dataset(
    client: TestClient, store: Store, tmp_path: Path
) -> None:
    ada = signed_in(client, store)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "dataroot").rglob("*")}
    frame_id = frames_of("scene-0001")[0]
    address = image_address(store.secret("images"), ImageRequest(frame_id, ada, SMALL_PX))
    assert client.get(f"/{address}").status_code == 200
    frame = ask(client, "sync", ada).json()["frames"][0]["frame"]
    ask(client, "sync", ada, outbox=[an_entry(frame)])
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "dataroot").rglob("*")} == before


def test_ghsa_w6mx_a_guidelines_own_html_is_text() -> None:
    """Streamlit shows HTML in Markdown as text unless it is told otherwise, and the card never makes HTML of text."""
    told = [
        path.name
        for path, text in sources()
        if "unsafe_allow_html" in text or "unsafe_allow_javascript" in text
    ]
    assert told == []
    scripts = (ROOT / "annotator" / "review_card" / "js").glob("*.js")
    danger = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function")
    assert [path.name for path in scripts if danger.search(path.read_text())] == []


def test_cve_2025_1684_nothing_can_be_uploaded() -> None:
    asked = [path.name for path, text in sources() if "file_uploader" in text or "camera_input" in text]
    assert asked == []


# ---- who may


def test_cve_2023_43791_and_ghsa_f475_no_key_is_built_in(tmp_path: Path) -> None:
    first = open_store(tmp_path / "first", create=True).secret("images")
    second = open_store(tmp_path / "second", create=True).secret("images")
    assert (len(first), len(second)) == (32, 32)
    assert first != second
    assigned = re.compile(r"(?i)(secret_key|cookie_?secret|client_secret|api_key)\s*=\s*[\"'][^\"'{]{8,}")
    assert [path.name for path, text in sources() if assigned.search(text)] == []


def test_cve_2023_43791_a_forged_cookie_or_address_opens_nothing(client: TestClient, store: Store) -> None:
    ada = signed_in(client, store)
    frame_id = frames_of("scene-0001")[0]
    forged = image_address(b"\0" * 32, ImageRequest(frame_id, ada, SMALL_PX))
    assert client.get(f"/{forged}").status_code == 403
    client.cookies.set(COOKIE, "1")
    assert ask(client, "sync", ada).status_code == 401


def test_cve_2025_54573_an_address_that_nobody_verified_signs_nobody_in(store: Store) -> None:
    a_person(store, "ada@example.org")
    for claims in ({"email": "ada@example.org"}, {"email": "ada@example.org", "email_verified": "yes"}):
        with pytest.raises(SignInRefused):
            person_of_claims(store, claims)


def test_cve_2022_36551_nobody_registers_themselves(client: TestClient, store: Store) -> None:
    known = len(_people(store))
    for path in ("/register", "/sign-up", "/user/signup", "/api/users"):
        assert client.post(path, data={"user": "eve", "password": "password-eve"}).status_code in (404, 405)
    client.post("/sign-in", data={"user": "eve", "password": "password-eve"})
    with pytest.raises(SignInRefused, match="no open account"):
        person_of_claims(store, {"email": "eve@example.org", "email_verified": True})
    assert len(_people(store)) == known


def _people(store: Store) -> list[Person]:
    with store.read() as session:
        return list(session.exec(select(Person)))


def test_cve_2026_23526_nothing_a_browser_sends_makes_it_somebody_else_or_more(
    client: TestClient, store: Store
) -> None:
    ada, lead = signed_in(client, store), a_person(store, "lea", PersonRole.LEAD)
    assert ask(client, "sync", lead).status_code == 409
    assert ask(client, "settings", ada, settings={"role": "admin"}).status_code == 422
    ask(client, "sync", ada, role="admin", is_admin=True, person_id=lead)
    assert {one.name: one.role for one in _people(store)}["ada"] is PersonRole.ANNOTATOR


def test_cve_2024_47172_and_ghsa_m7p7_somebody_elses_frame_is_out_of_reach_by_every_route(
    client: TestClient, store: Store
) -> None:
    eve = a_person(store, "eve")
    theirs = [one.frame.id for one in lease_frames(store, eve, n=8)]
    ada = signed_in(client, store)
    frame = theirs[0]
    assert ask(client, "strip", ada, frame=frame).status_code == 422
    assert ask(client, "thought", ada, frame=frame).status_code == 422
    assert ask(client, "own-level", ada, frame=frame, level="AUTONOMY").status_code == 422
    told = ask(client, "sync", ada, outbox=[an_entry(frame)]).json()
    assert told["acknowledged"][0]["saved"] is False
    assert not {item["frame"] for item in told["frames"]} & set(theirs)
    address = image_address(store.secret("images"), ImageRequest(frame, eve, SMALL_PX))
    assert client.get(f"/{address}").status_code == 403


def test_cve_2024_45393_an_annotator_settles_nothing(store: Store) -> None:
    ada, eve = a_person(store), a_person(store, "eve")
    frame = frames_of("scene-0001")[0]
    reviewed(store, eve, frame, TriageLevel.TELEOPERATION)
    settlement = Settlement(
        frame_id=frame, level=TriageLevel.AUTONOMY, reasoning="x", action="x", reason="because"
    )
    with pytest.raises(NotAllowed):
        adjudicate(store, ada, settlement)


def test_open_sign_in_without_a_cookie_every_route_but_health_is_closed(
    client: TestClient, store: Store
) -> None:
    for name in routes._ACTS:
        assert ask(client, name, 1).status_code == 401
    assert client.get("/frame/x.jpg").status_code == 403
    assert client.get("/metrics").status_code == 403


def test_session_fixation_a_cookie_from_before_is_never_taken_over(client: TestClient, store: Store) -> None:
    a_person(store)
    client.cookies.set(COOKIE, "chosen-by-somebody-else")
    answer = client.post("/sign-in", data={"user": "ada", "password": "password-ada"})
    given = answer.cookies[COOKIE]
    assert given != "chosen-by-somebody-else"
    again = client.post("/sign-in", data={"user": "ada", "password": "password-ada"})
    assert again.cookies[COOKIE] != given


def test_behind_tls_the_cookie_goes_over_tls_only(store: Store) -> None:
    a_person(store)
    app = Starlette(routes=asgi.ROUTES, middleware=asgi.MIDDLEWARE)
    tls = TestClient(app, base_url="https://localhost", follow_redirects=False)
    answer = tls.post(
        "/sign-in", data={"user": "ada", "password": "password-ada"}, headers={"origin": "https://localhost"}
    )
    assert "Secure" in answer.headers["set-cookie"]
    ours = {"origin": "https://localhost"}
    assert tls.get("/sign-in", headers=ours).status_code == 303
    gone = tls.post("/sign-out", headers=ours).headers["set-cookie"]
    assert gone.startswith(f"{PREFIXED}=")
    assert "Secure" in gone


def test_cookie_tossing_behind_tls_a_neighbours_cookie_signs_nobody_in_or_out(store: Store) -> None:
    """A page on a subdomain may set cookies for the whole domain, but none with the prefix `__Host-`."""
    for name in ("ada", "bob"):
        a_person(store, name)
    planted, own = (sign_in(store, name, f"password-{name}") for name in ("bob", "ada"))
    app = Starlette(routes=asgi.ROUTES, middleware=asgi.MIDDLEWARE)
    tls = TestClient(app, base_url="https://localhost", follow_redirects=False)
    alone = tls.get("/sign-in", headers={"cookie": f"{COOKIE}={planted}"})
    assert alone.status_code == 200
    both = f"{COOKIE}={planted}; {PREFIXED}={own}; {COOKIE}={planted}"
    assert tls.post("/sign-out", headers={"cookie": both, "origin": "https://localhost"}).status_code == 303
    assert person_signed_in(store, own) is None
    assert person_signed_in(store, planted) is not None


# ---- what the app asks of others, and of the database


def test_cve_2023_47117_and_ghsa_6hjj_a_request_chooses_no_column_and_no_order(
    client: TestClient, store: Store
) -> None:
    ada = signed_in(client, store)
    plainly = ask(client, "sync", ada).json()
    asked = {
        "filter": "person__password_hash__startswith=$",
        "order_by": "person.password_hash",
        "sort": "1;--",
    }
    assert ask(client, "sync", ada, **asked).json()["frames"] == plainly["frames"]
    assert ask(client, "strip", ada, frame="x' OR '1'='1").status_code == 422
    with store.read() as session:
        assert len(session.exec(select(Dataset)).all()) == 1


def test_cve_2023_47116_and_ghsa_9rjc_the_app_fetches_nothing_that_a_browser_names() -> None:
    """No module behind a route or a screen can ask another server, for none of them imports a client; but for the
    line to the monitor, whose address the monitor itself wrote into the store, and what sets options on sockets that
    are open already."""
    apart = {
        "serve.py",
        "demo/walkthrough.py",
        "demo/scripted_endpoint.py",
        "demo/drawn_drives.py",
        "web/low_latency.py",
    }
    apart |= {
        "monitor/service/run.py",
        "monitor/service/serving.py",
        "monitor/service/proof.py",
        "monitor/console/link.py",
    }
    clients = {
        "httpx",
        "requests",
        "urllib.request",
        "urllib3",
        "aiohttp",
        "openai",
        "socket",
        "data.vlm.client",
    }
    found = [
        (path.name, name)
        for path, text in sources()
        if path.is_relative_to(ROOT / "annotator")
        and path.relative_to(ROOT / "annotator").as_posix() not in apart
        for name in _imported(text)
        if name in clients or name.split(".")[0] in clients
    ]
    assert found == []


def _imported(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_cve_2025_23045_and_cve_2026_31223_nothing_is_unpickled() -> None:
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "jsonpickle"}
    imported = [(path.name, name) for path, text in sources() for name in _imported(text) if name in unsafe]
    assert imported == []
    # st.cache_data pickles what it keeps; st.cache_resource does not.
    calls = re.compile(r"cache_data|read_pickle|allow_pickle\s*=\s*True|yaml\.(unsafe_load|full_load)\(")
    assert [path.name for path, text in sources() if calls.search(text)] == []


def test_cve_2025_5173_weights_are_loaded_as_safetensors_or_as_plain_tensors() -> None:
    loads = re.compile(r"torch\.load\(([^)]*)\)")
    loose = [
        path.name
        for path, text in sources()
        for found in loads.findall(text)
        if "weights_only=True" not in found
    ]
    assert loose == []


def test_the_wal_reset_bug_is_kept_out_by_the_journal_mode(store: Store) -> None:
    for version in ((3, 7, 0), (3, 40, 1), (3, 51, 2)):
        assert journal_mode(version) == "TRUNCATE"
    with store.read() as session:
        in_use = session.connection().exec_driver_sql("PRAGMA journal_mode").scalar_one()
        mapped = session.connection().exec_driver_sql("PRAGMA mmap_size").scalar_one()
    assert in_use == journal_mode(sqlite3.sqlite_version_info).lower()
    assert mapped == 0


def test_cve_2026_33682_and_cve_2026_48818_what_serves_the_pages_has_their_fixes() -> None:
    assert _version(streamlit.__version__) >= (1, 54)
    assert _version(starlette.__version__) >= (1, 1)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {"streamlit[auth]>=1.60", "starlette>=1.1"} <= set(wanted)
    config = tomllib.loads((ROOT / "annotator" / ".streamlit" / "config.toml").read_text())
    assert config["server"]["enableStaticServing"] is False


def _version(text: str) -> tuple[int, int]:
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def test_a_page_shows_no_traceback_and_tells_nobody_how_it_is_used() -> None:
    config = tomllib.loads((ROOT / "annotator" / ".streamlit" / "config.toml").read_text())
    assert config["client"]["showErrorDetails"] == "none"
    assert config["browser"]["gatherUsageStats"] is False
    assert (config["server"]["enableXsrfProtection"], config["server"]["enableCORS"]) == (True, True)


def test_an_image_that_says_it_is_huge_is_measured_by_its_head_alone() -> None:
    out = io.BytesIO()
    Image.new("1", (6000, 4000)).save(out, "PNG")
    with pytest.raises(ImageRefused, match="6000x4000 pixels"):
        open_image(out.getvalue(), "x.png")


def test_a_review_is_by_whoever_signed_in_whatever_the_answer_says(client: TestClient, store: Store) -> None:
    ada = signed_in(client, store)
    frame = ask(client, "sync", ada).json()["frames"][0]["frame"]
    told = ask(client, "sync", ada, outbox=[an_entry(frame, person_id=2, reviewed_at_us=0)]).json()
    assert told["acknowledged"][0]["saved"] is False
    ask(
        client,
        "sync",
        ada,
        outbox=[an_entry(frame, token="token-honest", reasoning="It is so.", action="Watch.")],
    )
    with store.read() as session:
        assert [row.person_id for row in session.exec(select(Review))] == [ada]


POSTED = sorted(route.path for route in asgi.ROUTES if "POST" in (route.methods or ()))


@pytest.mark.parametrize("path", POSTED)
def test_cross_site_requests_are_refused_by_every_route_that_takes_something(
    client: TestClient, store: Store, path: str
) -> None:
    signed_in(client, store)
    for origin in ("https://elsewhere.invalid", "null", "http://localhost.elsewhere.invalid"):
        assert client.post(path, json={}, headers={"origin": origin}).status_code == 403


@pytest.mark.parametrize("path", POSTED)
def test_no_route_takes_more_than_a_megabyte(client: TestClient, path: str) -> None:
    assert client.post(path, content=b"x" * 1_000_001).status_code == 413
