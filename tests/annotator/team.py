"""A team's installation: one PostgreSQL, two processes of the app on it, and nginx in front of them with the
configuration that deploy/ ships."""

from __future__ import annotations

import math
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from data.store.opening import Store
from data.vocabulary import PersonRole
from tests.annotator.browser.served import RunningApp, free_port
from tests.annotator.review_card.test_outbox import an_entry
from tests.builders import a_person, a_store
from tests.repository import ROOT

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
PEOPLE = [f"person-{number}" for number in range(12)]
LEAD = "lena"


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


@contextmanager
def installed(folder: Path, store_url: str) -> Iterator[Team]:
    """A team of PEOPLE and a lead, served on this database until the block ends."""
    (folder / "workspace").mkdir(mode=0o700)
    store = a_store(folder, url=store_url, scenes={f"scene-{number:04}": 24 for number in range(1, 9)})
    for name in PEOPLE:
        a_person(store, name)
    a_person(store, LEAD, PersonRole.LEAD)
    apps = [
        RunningApp(folder / "workspace", store, store_url=store_url, log=f"app-{number}.log")
        for number in (1, 2)
    ]
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
class Holding:
    """A frame that somebody surely held: from when they were told of it until they sent their answer."""

    frame: str
    person_id: int
    since_s: float
    until_s: float = math.inf

    def meets(self, other: Holding) -> bool:
        """Whether two people held the same frame at one moment."""
        is_of_two = self.frame == other.frame and self.person_id != other.person_id
        return is_of_two and self.since_s < other.until_s and other.since_s < self.until_s


@dataclass
class Reviewer:
    """Somebody's browser as far as HTTP goes."""

    client: httpx.Client
    person_id: int = 0
    told: Any = None
    held: list[Holding] = field(default_factory=list)

    def sync(self, *entries: dict[str, Any]) -> Any:
        self._let_go({entry["frame_id"] for entry in entries})
        answer = self.client.post("/card/sync", json={"person": self.person_id, "outbox": list(entries)})
        assert answer.status_code == 200, answer.text
        self.told = answer.json()
        self._take_hold([item["frame"] for item in self.told["frames"]])
        return self.told

    def _let_go(self, frames: set[str]) -> None:
        for one in self.held:
            if one.frame in frames:
                one.until_s = min(one.until_s, time.monotonic())

    def _take_hold(self, frames: list[str]) -> None:
        known = {one.frame for one in self.held}
        now_s = time.monotonic()
        self.held += [Holding(frame, self.person_id, now_s) for frame in frames if frame not in known]

    def decide(self) -> str:
        item = self.told["frames"][0]
        words = {} if "proposal" in item else {"reasoning": "Cones narrow the lane.", "action": "Watch it."}
        told = self.sync(an_entry(item["frame"], token=f"{self.person_id}-{item['frame']}", **words))
        assert [one["saved"] for one in told["acknowledged"]] == [True]
        return str(item["frame"])


def seated(team: Team, name: str) -> Reviewer:
    client = httpx.Client(base_url=team.url, verify=team.trust, headers={"origin": team.url}, timeout=60)
    answer = client.post("/sign-in", data={"user": name, "password": f"password-{name}"})
    assert answer.headers["location"] == "/"
    reviewer = Reviewer(client, PEOPLE.index(name) + 1)
    reviewer.sync()
    return reviewer
