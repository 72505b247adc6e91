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
from pathlib import Path

PYTHON = sys.executable

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["snakemake.cli", "torch", "pandas", "matplotlib.figure"])

CLIENT = """#!{python} -SE
import json, os, socket, sys
if sys.argv[1:3] != ["-m", "lottery"]:
    os.execv({python!r}, [{python!r}, *sys.argv[1:]])
with socket.socket(socket.AF_UNIX) as server:
    server.connect({place!r})
    request = json.dumps([os.getcwd(), sys.argv[3:], dict(os.environ)]).encode()
    socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
    server.sendall(request)
    sys.exit(int.from_bytes(server.recv(1), "big"))
"""
"""The `python` of a job: it asks the server below to run what it was given."""


def snakemake(root: Path, arguments: tuple[str, ...], timeout: float) -> tuple[int, str]:
    """`python -m snakemake ARGUMENTS` in a folder: its status, and all that it printed.

    Raises: TimeoutError, having killed it and all that it started.
    """
    out = root.with_name(f"{root.name}.out")
    process = _server.Process(target=_run, args=(str(root), arguments, str(out)))
    process.start()
    process.join(timeout)
    if process.exitcode is None:
        os.killpg(process.pid, 9)
        raise TimeoutError(f"snakemake {' '.join(arguments)}: over {timeout} s\n{out.read_text()}")
    return process.exitcode, out.read_text()


def _run(root: str, arguments: tuple[str, ...], out: str) -> None:
    os.setsid()
    os.chdir(root)
    os.environ["PYTHONPATH"] = root
    sys.path.insert(0, root)
    with open(out, "wb") as handle:
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
    with _jobs(Path(f"{root}.jobs")):
        sys.argv = ["snakemake", *arguments]
        from snakemake.cli import main

        try:
            main()
        finally:
            atexit._run_exitfuncs()  # as at the end of a program, but not of a fork


@contextlib.contextmanager
def _jobs(folder: Path):
    """In this block Python's own place is that of a program that runs stages in forks."""
    folder.mkdir(exist_ok=True)
    place = folder / f"{os.getpid()}.socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen(64)
        server = os.fork()
        if server == 0:
            _serve(listening)
    client = folder / "python"
    client.write_text(CLIENT.format(python=PYTHON, place=str(place)))
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
    stage = os.fork()
    if stage == 0:
        connection.close()
        _become(files, *json.loads(request))
    status = os.waitstatus_to_exitcode(os.waitpid(stage, 0)[1])
    connection.send(bytes([status if status >= 0 else 128 - status]))
    os._exit(0)


def _become(files: list[int], folder: str, words: list[str], environment: dict[str, str]) -> None:
    """`python -m lottery WORDS` of that folder."""
    for number, file in enumerate(files):
        os.dup2(file, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.executable = PYTHON
    sys.argv = ["lottery", *words]
    status = 1
    try:
        runpy.run_module("lottery", run_name="__main__", alter_sys=True)
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
