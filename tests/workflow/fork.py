"""Runs programs in forks of a process that has imported what they need.

Importing Snakemake takes two seconds, and PyTorch two more in each of its jobs. Nothing of the
package is imported beforehand: each program finds the copy in its own folder.
"""

import atexit
import contextlib
import json
import multiprocessing
import os
import runpy
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PYTHON = sys.executable
MODULES = {"lottery", "snakemake"}
TRAININGS = {"generate", "evaluate", "evaluate-imported"}
"""Stages whose processes get signals, which a client would not pass on."""

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["snakemake.cli", "torch", "pandas", "matplotlib.figure"])

CLIENT = """#!{python} -SE
import json, os, socket, sys
if sys.argv[1:2] != ["-m"] or sys.argv[2] not in {modules!r}:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    request = json.dumps([os.getcwd(), sys.argv[2:], dict(os.environ)]).encode()
    socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(request)
    sys.exit(int.from_bytes(server.recv(1), "big"))
"""
"""The `python` that these programs call: it asks the server below to run what it was given."""


class Done(NamedTuple):
    """A program that has ended."""

    returncode: int
    stdout: str
    stderr: str


def run(root: Path, words: tuple[str, ...], timeout: float, merged: bool = False) -> Done:
    """`python -m WORDS` in a folder; `merged`, all that it printed is in `stdout`.

    Raises: TimeoutError, having killed it and all that it started.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "out" if merged else "err")
        process = _server.Process(target=_run, args=(str(root), words, str(out), str(err), folder))
        process.start()
        process.join(timeout)
        if process.exitcode is None:
            os.killpg(process.pid, 9)
            raise TimeoutError(f"{' '.join(words)}: over {timeout} s\n{out.read_text()}")
        return Done(process.exitcode, out.read_text(), "" if merged else err.read_text())


def _run(root: str, words: tuple[str, ...], out: str, err: str, folder: str) -> None:
    os.setsid()
    for number, path in ((1, out), (2, err)):
        with open(path, "ab") as handle:
            os.dup2(handle.fileno(), number)
    environment = {**os.environ, "PYTHONPATH": root}
    with _jobs(Path(folder)):
        status = _ended(_start([0, 1, 2], root, list(words), environment))
    sys.exit(status)


@contextlib.contextmanager
def _jobs(folder: Path) -> Iterator[None]:
    """In this block Python's own place is that of a program that runs others in forks."""
    place = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(place)
        listening.listen(64)
        server = os.fork()
        if server == 0:
            _serve(listening)
    client = folder / "python"
    client.write_text(CLIENT.format(python=PYTHON, place=place, modules=MODULES))
    client.chmod(0o755)
    sys.executable = str(client)
    try:
        yield
    finally:
        os.kill(server, signal.SIGTERM)
        os.waitpid(server, 0)


def _serve(listening: socket.socket) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # they are nobody's zombies
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            _answer(connection)
        connection.close()


def _answer(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(connection, 4, 3)
    request = b""
    while len(request) < int.from_bytes(size, "big"):
        request += connection.recv(1 << 16)
    status = _ended(_start(files, *json.loads(request)))
    connection.send(bytes([status]))
    os._exit(0)


def _ended(process: int) -> int:
    """Its status once it has ended, as a shell has it."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return status if status >= 0 else 128 - status


def _start(files: list[int], folder: str, words: list[str], environment: dict[str, str]) -> int:
    """`python -m WORDS` in that folder; the number of its process."""
    process = os.fork()
    if process:
        return process
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = [environment["PYTHONPATH"]]
    if TRAININGS.intersection(words[1:2]):
        sys.executable = PYTHON
    sys.argv = list(words)
    status = 1
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
