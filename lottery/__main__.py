"""The command line: `python -m lottery STAGE --help`."""

import argparse
import contextlib
import importlib
import json
import math
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import NoReturn

import lottery
from lottery import paths
from lottery.errors import Busy, LotteryError, Stopped
from lottery.messages import last_words, log
from lottery.training import slurm
from lottery.training.progress import peak_memory

ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
"""The variable that names the file to which a process started by torchrun writes its error."""

STAGES = {
    "arrange": "link the images of a downloaded data set in class folders",
    "images": "decode a data set, or list a streamed one",
    "subset": "draw the training indices of a data set",
    "generate": "train a network on the generation task (round 0 saves W_k)",
    "mask": "find the next mask from trained weights, or draw a baseline's",
    "evaluate": "train a ticket (W_k, mask) on all labels and test it",
    "evaluate-imported": "train a ticket of others on all labels and test it",
    "sparsity": "count the weights that converged to zero in the dense network",
    "aggregate": "collect what a figure shows in a tidy table",
    "plot": "draw a figure from its table",
    "claims": "check the paper's claims against the tables of the figures",
    "status": "tell what figures have, miss, and would make again, and why",
    "forecast": "tell what figures will take: trainings, hours, days, disk",
    "adopt": "accept results under changed code that does not matter",
    "pack": "put a figure with all that it was made from into one zip",
    "unpack": "check such a zip and merge it into this project",
    "redraw": "draw the figures of such a zip from its tables, without config or data",
    "verify": "check a results folder from end to end",
    "export": "write a ticket in a format that other libraries read",
    "import": "take a mask and weights of others as a ticket to be evaluated",
    "schema": "print the JSON schema of config.yaml",
}


def main(argv: list[str] | None = None) -> int:
    """Run one stage; a mistake in its input is reported in one line, with status 1."""
    started = time.monotonic()
    parser = argparse.ArgumentParser("python -m lottery", description=lottery.__doc__)
    stages = parser.add_subparsers(dest="stage", required=True, metavar="STAGE")
    name = next((word for word in argv or sys.argv[1:] if word in STAGES), None)
    for stage, help_text in STAGES.items():
        sub = stages.add_parser(stage, help=help_text, description=help_text)
        if stage == name:  # import only what this stage needs
            module = importlib.import_module(f"lottery.stages.{module_of(stage)}")
            module.arguments(sub)
    args = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    args.deadline = started + 60 * getattr(args, "max_minutes", math.inf)
    try:
        processes = getattr(args, "processes", 0)  # only trainings have several
        launched = "RANK" in os.environ
        with contextlib.nullcontext() if launched else _alone(args):
            if processes * slurm.nodes() > 1 and not launched:
                from lottery.training.launch import launch  # which imports torch

                launch(argv or sys.argv[1:], processes)
            else:
                module.run(args)
                log(f"{args.stage}: {time.monotonic() - started:.1f} s, {peak_memory()}")
    except LotteryError as error:
        return _fail(args.stage, str(error))
    except Busy as busy:
        if args.requeue:  # so that its GPU is another's while it waits
            return _requeue(args.stage, str(busy))
        return _fail(args.stage, str(busy), os.EX_TEMPFAIL)
    except Stopped as stopped:
        if os.environ.get(ERROR_FILE):
            log(str(stopped))
        again = "RANK" not in os.environ and args.requeue
        if again and (time.monotonic() > args.deadline or slurm.preempted()):
            return _requeue(args.stage, str(stopped))
        return _fail(args.stage, str(stopped), os.EX_TEMPFAIL)
    except OSError as error:
        if error.strerror is None:
            raise
        return _fail(args.stage, f"{error.filename or 'file'}: {error.strerror}", os.EX_IOERR)
    except KeyboardInterrupt:
        return _fail(args.stage, "interrupted", 128 + signal.SIGINT)
    except Exception as error:
        if os.environ.get(ERROR_FILE):
            _fail(args.stage, f"{type(error).__name__}: {error}")
        raise
    return 0


def module_of(stage: str) -> str:
    """The module of a stage: `import` is a word that none can be named by."""
    return {"import": "importing"}.get(stage, stage.replace("-", "_"))


def _alone(args: argparse.Namespace) -> contextlib.AbstractContextManager[None]:
    """The lock of a training of the workflow, which has a folder for checkpoints."""
    if not getattr(args, "checkpoints", None) or not slurm.is_first_node():
        return contextlib.nullcontext()
    from lottery.training.lock import alone

    # Other nodes would not wait as long for this one.
    return alone(paths.lock(args.report), wait=not args.requeue and slurm.nodes() == 1)


def _requeue(stage: str, message: str) -> int:
    log(f"lottery {stage}: {message}; asking SLURM to run this job again")
    try:
        slurm.requeue()
    except LotteryError as error:
        return _fail(stage, str(error), os.EX_TEMPFAIL)
    return os.EX_TEMPFAIL


def _fail(stage: str, message: str, status: int = 1) -> int:
    """Report an error: to the launcher, if this is one of several processes, else on stderr."""
    error_file = os.environ.get(ERROR_FILE)
    if error_file:
        Path(error_file).write_text(json.dumps({"message": message}))
    else:
        print(last_words(stage, message, status), file=sys.stderr, flush=True)
    return status


def leave() -> NoReturn:
    """Run a stage and exit, even if a thread is stuck reading a file.

    Python would wait for the thread, for ever if a network file system is dead.
    """
    status = 1
    try:
        status = main()
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    except BaseException:
        traceback.print_exc()
    others = [thread for thread in threading.enumerate() if not thread.daemon]
    if len(others) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    leave()
