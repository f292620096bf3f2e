"""A private PostgreSQL for tests: a cluster in a temporary folder behind a unix socket, one database per store.

Databases are copies of one that is migrated already. Durability is off, as for anything that is thrown away;
tests of durability ask for a cluster of their own.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from data.store.opening import Store, open_store
from tests.repository import scratch

_INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
BIN = _INSTALLED[-1] if _INSTALLED else None
"""The folder of the newest installed server, None where there is none."""
MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql)"
_OURS = {"max_connections": "250", "listen_addresses": "''", "dynamic_shared_memory_type": "mmap"}
_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_SMALL_LOG = {"min_wal_size": "2MB", "wal_recycle": "off"}
_MIGRATED = "migrated"
_COPYING = "STRATEGY FILE_COPY" if BIN is not None and int(BIN.parent.name) >= 15 else ""
"""Half the work of sending each page of the template through the log."""


class Cluster:
    """A running server. Nothing outside this machine's socket folder can reach it."""

    def __init__(
        self,
        *,
        durable: bool = False,
        data: Path | None = None,
        log: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        """data, log: where the data files or the write-ahead log lie, on a disk apart from the other's. folder: keeps
        the cluster, and what it holds is started again."""
        place = Path(tempfile.gettempdir()) if durable else scratch()
        self.folder = folder or Path(tempfile.mkdtemp(prefix="teletriage-pg-", dir=place))
        self.folder.mkdir(exist_ok=True)
        self._data = str(data or self.folder / "data")
        is_apart = data is not None or log is not None
        apart = ["--wal-segsize=1", f"--waldir={log or self.folder / 'wal'}"] if is_apart else []
        own = _SMALL_LOG if is_apart else {}
        fast = {} if durable else _FAST
        self._settings = {**_OURS, **own, **fast}
        self._number = itertools.count()
        self._templates: dict[str, str] = {}
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        words = ("--auth=trust", "--no-sync", "--encoding=UTF8", "-Upostgres", *apart)
        if (Path(self._data) / "PG_VERSION").exists():
            self.start("-m", "fast", "restart")  # whoever used it last may have been killed
        else:
            self._do("initdb", "--pgdata", self._data, *words)
            self.start()

    def _do(self, program: str, *words: str) -> None:
        """Run one of the server's programs; the server refuses to run as root, so root hands it over."""
        assert BIN is not None, MISSING
        other: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []}
        account = other if os.geteuid() == 0 else {}
        done = subprocess.run(
            [BIN / program, *words], cwd=self.folder, capture_output=True, text=True, check=False, **account
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *how: str) -> None:
        settings = " ".join(f"-c {name}={value}" for name, value in self._settings.items())
        log = str(self.folder / "log")
        options = ("-w", "-l", log, "-o", f"{settings} -k {self.folder}")
        self._do("pg_ctl", "-D", self._data, *options, *(how or ("start",)))

    def restart(self) -> None:
        """Have it run, whether it runs now, is recovering from a crash or has given up."""
        self.start("-m", "immediate", "restart")

    def stop(self, *, how: str = "immediate") -> None:
        """Stop the server; `immediate` is a crash, `fast` closes it in order."""
        self._do("pg_ctl", "-D", self._data, "-w", "-m", how, "stop")

    def remove(self) -> None:
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def sql(self, statement: str) -> None:
        where = f"host={self.folder} user=postgres dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self) -> str:
        """The address of a new database with the current schema and nothing in it."""
        if _MIGRATED not in self._templates:
            self._templates[_MIGRATED] = self.bare_database()
            open_store(self.folder, url=self._templates[_MIGRATED]).close()
        return self._copy(self._templates[_MIGRATED])

    def like(self, name: str, fill: Callable[[str], None]) -> str:
        """The address of a new database with what `fill` puts into the first one of this name."""
        if name not in self._templates:
            made = self.new_database()
            fill(made)
            self._templates[name] = made
        return self._copy(self._templates[name])

    def knows(self, name: str) -> bool:
        return name in self._templates

    def keep(self, name: str, url: str) -> None:
        """Copy this database, which nobody uses any more, whenever one like `name` is asked for."""
        self._templates[name] = url

    def _copy(self, url: str) -> str:
        name = f"store_{next(self._number)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {_name_in(url)} {_COPYING}")
        return self.url(name)

    def bare_database(self) -> str:
        """The address of a new database without any table."""
        name = f"bare_{next(self._number)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        self.sql(f"DROP DATABASE IF EXISTS {_name_in(url)} WITH (FORCE)")


def _name_in(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


@dataclass
class Databases:
    """The databases of one test, which go with it."""

    cluster: Cluster
    _opened: list[str] = field(default_factory=list)

    def new(self) -> str:
        self._opened.append(self.cluster.new_database())
        return self._opened[-1]

    def like(self, template: str, fill: Callable[[str], None]) -> str:
        self._opened.append(self.cluster.like(template, fill))
        return self._opened[-1]

    def like_that_of(self, name: str, make: Callable[[], Store]) -> str:
        """The address of a new database like that of the store that is made where none of this name was."""
        if not self.cluster.knows(name):
            make().close()
            self.cluster.keep(name, self._opened.pop())
        return self.like(name, lambda _: None)

    def drop(self) -> None:
        for url in self._opened:
            self.cluster.drop(url)
