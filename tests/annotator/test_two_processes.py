"""Two processes of the app on one store behind nginx, with the configuration that deploy/ ships."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlmodel import select

from annotator.runtime import COOKIE
from data.store import Store
from data.tables import Review
from tests.annotator.browser.served import ROOT, RunningApp, free_port
from tests.annotator.test_outbox import an_entry
from tests.builders import a_person, a_store

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
PEOPLE = [f"person-{number}" for number in range(12)]


@dataclass
class Team:
    """A store, two processes on it, and the address of the proxy in front of them."""

    store: Store
    apps: list[RunningApp]
    url: str
    trust: ssl.SSLContext


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody else has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "teletriage test")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "fullchain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return chain, private


def nginx_configuration(folder: Path, apps: list[RunningApp], port: int) -> str:
    """deploy/nginx.conf with this test's addresses, inside what Debian's nginx.conf has around it."""
    chain, private = a_certificate(folder)
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for place, app in zip(("8501", "8502"), apps, strict=True):
        site = site.replace(f"127.0.0.1:{place}", f"127.0.0.1:{app.port}")
    site = site.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    site = site.replace("/etc/ssl/teletriage/fullchain.pem", str(chain))
    site = site.replace("/etc/ssl/teletriage/key.pem", str(private))
    kept = "".join(
        f"{name}_temp_path {folder / name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off;\npid {folder / 'nginx.pid'};\nerror_log stderr;\nworker_processes 1;\n"
        f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n{kept}{site}\n}}\n"
    )


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    if not Path(NGINX).exists():
        pytest.skip("Debian's nginx is not installed")
    folder = tmp_path_factory.mktemp("team")
    store = a_store(folder, scenes={f"scene-{number:04}": 24 for number in range(1, 9)})
    for name in PEOPLE:
        a_person(store, name)
    apps = [RunningApp(folder / "workspace", store, log=f"app-{number}.log") for number in (1, 2)]
    for app in apps:
        app.start()
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(nginx_configuration(folder, apps, port))
    with (folder / "nginx.log").open("wb") as log:
        nginx = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration)], stdout=log, stderr=log)
    trust = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    made = Team(store, apps, f"https://127.0.0.1:{port}", trust)
    try:
        _wait_until_up(made, folder / "nginx.log")
        yield made
    finally:
        nginx.terminate()
        nginx.wait(10)
        for app in apps:
            app.stop()
        store.close()


def _wait_until_up(team: Team, log: Path) -> None:
    for _ in range(100):
        try:
            if httpx.get(f"{team.url}/healthz", verify=team.trust, timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(log.read_text()[-2000:])


@dataclass
class Reviewer:
    """Somebody's browser as far as HTTP goes."""

    client: httpx.Client
    person_id: int = 0
    told: Any = None

    def sync(self, *entries: dict[str, Any]) -> Any:
        answer = self.client.post("/card/sync", json={"person": self.person_id, "outbox": list(entries)})
        assert answer.status_code == 200, answer.text
        self.told = answer.json()
        return self.told

    def decide(self) -> str:
        item = self.told["frames"][0]
        words = {} if "proposal" in item else {"reasoning": "Cones narrow the lane.", "action": "Watch it."}
        told = self.sync(an_entry(item["frame"], token=f"{self.person_id}-{item['frame']}", **words))
        assert [one["saved"] for one in told["acknowledged"]] == [True]
        return str(item["frame"])


def seated(team: Team, name: str) -> Reviewer:
    client = httpx.Client(base_url=team.url, verify=team.trust, headers={"origin": team.url}, timeout=60)
    answer = client.post("/sign-in", data={"user": name, "password": f"password-{name}"})
    assert answer.headers["location"] == "./"
    reviewer = Reviewer(client, PEOPLE.index(name) + 1)
    reviewer.sync()
    return reviewer


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


def test_tls_reaches_the_cookie_and_the_headers_through_the_proxy(team: Team) -> None:
    client = httpx.Client(base_url=team.url, verify=team.trust, headers={"origin": team.url}, timeout=60)
    answer = client.post("/sign-in", data={"user": PEOPLE[0], "password": f"password-{PEOPLE[0]}"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"Secure", "HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))
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
