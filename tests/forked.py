"""Commands in processes of their own that need not import everything anew: forks of a process that has done it.

`python -m annotator` takes one second to import what a store needs, three what the app needs and six what training
needs, which is longer than most tests. What runs is the same module under the same name, with its own words, folder,
environment, files and signals. Tests of starting itself use subprocess.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.dataroots import a_token
from tests.repository import ROOT
from tests.templates import template

APP = (
    "alembic.command",
    "annotator.commands",
    "annotator.health",
    "annotator.monitor.console.routes",
    "annotator.monitor.service.run",
    "annotator.navigation",
    "annotator.review_card.routes",
    "annotator.serve",
    "annotator.sign_in.gate",
    "annotator.sign_in.routes",
    "annotator.web.start_streamlit",
    "data.commands.mounted",
    "eval.commands",
    "pandas",
    "streamlit.web.server.starlette.starlette_app",
)
"""Not `annotator.asgi`: it reads its settings when it is imported."""
TRAINS = {"compare", "decide", "merge", "stand-in", "train", "walkthrough"}
TRAINING = (*APP, "training.train", "training.merge", "training.stand_in", "training.generate")
SOCKET = "socket"


@dataclass
class Forked:
    """A started command, used like subprocess.Popen."""

    args: Sequence[str]
    pid: int
    _end: socket.socket
    returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._end.settimeout(timeout)
            try:
                told = self._end.recv(64)
            except (BlockingIOError, TimeoutError):
                return None
            self._end.close()
            self.returncode = int(told) if told else -signal.SIGKILL
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(
    module: str,
    words: Iterable[str | Path],
    *,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    stdout: IO[Any] | None = None,
    stderr: IO[Any] | None = None,
) -> Forked:
    """Run `python -m module words…`, or `python module words…` where the module is a file's path.

    Without files, what it prints goes to where pytest's output goes.
    """
    said = [module, *map(str, words)]
    asked = json.dumps({"words": said, "cwd": str(cwd), "env": dict(env or os.environ)}).encode()
    files = [(stdout or sys.__stdout__ or 1), (stderr or sys.__stderr__ or 2)]
    end = socket.socket(socket.AF_UNIX)
    trains = TRAINS & {*said} or "training" in module or module.endswith(".py")
    end.connect(_server(TRAINING if trains else APP))
    socket.send_fds(
        end, [len(asked).to_bytes(4)], [one if isinstance(one, int) else one.fileno() for one in files]
    )
    end.sendall(asked)
    return Forked(said, int.from_bytes(_exactly(end, 4)), end)


def run(
    module: str, words: Iterable[str | Path], *, timeout: float | None = None, **how: Any
) -> subprocess.CompletedProcess[str]:
    """Run it to its end; what it printed is kept."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        command = start(module, words, stdout=out, stderr=err, **how)
        try:
            code = command.wait(timeout)
        finally:
            command.kill()
        out.seek(0), err.seek(0)
        return subprocess.CompletedProcess(command.args, code, out.read(), err.read())


@cache
def _server(loaded: tuple[str, ...]) -> str:
    """The address of a process that has imported these modules, one for all of pytest's processes."""
    return str(
        template(f"forks-{a_token(' '.join(loaded))}", lambda folder: _start_server(folder, loaded)) / SOCKET
    )


def _start_server(folder: Path, loaded: tuple[str, ...]) -> None:
    """It ends with pytest: with the process that all of pytest's are children of."""
    pytest_s = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.forked", str(folder / SOCKET), str(pytest_s), *loaded],
        cwd=ROOT,
        env={**os.environ, **alone},
        stdin=subprocess.DEVNULL,
    )
    while not (folder / SOCKET).exists():
        assert server.poll() is None, "the process to fork from did not come up"
        time.sleep(0.01)


def _exactly(end: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        part = end.recv(size - len(read))
        if not part:
            raise EOFError
        read += part
    return read


def _serve(address: str, parent: int, loaded: list[str]) -> None:
    for name in loaded:
        importlib.import_module(name)
    gc.freeze()  # no fork looks through what is imported, and copies it by looking
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(f"{address}.new")
    listening.listen(64)
    Path(f"{address}.new").rename(address)
    listening.settimeout(1)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while _is_alive(parent):
        try:
            end, _ = listening.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            listening.close()
            _attend(end)
        end.close()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _attend(end: socket.socket) -> None:
    """Start what is asked for, tell its number, wait for its end and tell that."""
    end.settimeout(None)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    length, files, _, _ = socket.recv_fds(end, 4, 2)
    asked = json.loads(_exactly(end, int.from_bytes(length)))
    pid = os.fork()
    if pid == 0:
        end.close()
        _become(asked, files)
    for file in files:
        os.close(file)
    end.sendall(pid.to_bytes(4))
    _, status = os.waitpid(pid, 0)
    end.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: dict[str, Any], files: list[int]) -> None:
    """What `python -m` does, in this process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for target, file in enumerate(files, 1):
        os.dup2(file, target)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    sys.argv[:] = asked["words"]
    sys.path[0] = asked["cwd"]
    code = 1
    try:
        name = asked["words"][0]
        if name.endswith(".py"):
            runpy.run_path(name, run_name="__main__")
        else:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = _exit_code(end)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        sys.excepthook(*sys.exc_info())
    _finish(code)


def _exit_code(end: SystemExit) -> int:
    if isinstance(end.code, int) or end.code is None:
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _finish(code: int) -> None:
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads that are no daemons, as the interpreter does
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
    os._exit(0)
