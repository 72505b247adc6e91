"""Runs programs in forks of a process that has imported Snakemake, which takes two seconds.

It imports nothing of the package, of which each program finds the copy in its own folder.
"""

import atexit
import multiprocessing
import os
import sys
from pathlib import Path

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["snakemake.cli"])


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
    sys.argv = ["snakemake", *arguments]
    with open(out, "wb") as handle:
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
    from snakemake.cli import main

    try:
        main()
    finally:
        atexit._run_exitfuncs()  # as at the end of a program, but not of a fork
