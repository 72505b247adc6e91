"""`open_lth_shim.py CLONE TESTS ARGUMENT ...`: run a clone of open_lth on today's libraries.

Nothing in the clone is changed. `np.product`, which NumPy 2 no longer has, is put back. A class of
open_lth cannot derive from both `abc.ABC` and today's DistributedDataParallel: DataParallel takes
the latter's place, as no run on a CPU uses it. CIFAR-10 files of random images are accepted, after
their checksum has been taken as of real ones. TESTS is `end` to test a network at the end of a
training alone, or `all` for all tests that open_lth makes.
"""

import importlib
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn
from torchvision.datasets import cifar
from torchvision.datasets.utils import calculate_md5


def _accept(path: str, md5: str | None = None) -> bool:
    return bool(calculate_md5(path))


def _test_at_end(*, steps: int) -> None:
    """Leave out the tests before a training, and of the network that is rewound to."""
    callbacks: Any = importlib.import_module("training.standard_callbacks")
    create = callbacks.create_eval_callback

    def create_for_end(*args: Any, **options: Any) -> Callable[..., None]:
        test = create(*args, **options)

        def at_end(location: str, step: Any, *others: Any) -> None:
            if step.iteration == steps:
                test(location, step, *others)

        return at_end

    callbacks.create_eval_callback = create_for_end


def main() -> None:
    """Run open_lth.py with the arguments that are left."""
    clone, tests, *arguments = sys.argv[1:]
    # The clone has a package named `lottery` too.
    others = [path for path in sys.path[1:] if not Path(path, "lottery/__init__.py").exists()]
    sys.path[:] = [clone, *others]
    vars(np)["product"] = np.prod
    vars(nn.parallel)["DistributedDataParallel"] = nn.DataParallel
    cifar.check_integrity = _accept
    if tests == "end":
        steps = next(a.split("=")[1] for a in arguments if a.startswith("--training_steps="))
        _test_at_end(steps=int(steps.removesuffix("it")))
    sys.argv = ["open_lth.py", *arguments]
    runpy.run_path(str(Path(clone, "open_lth.py")), run_name="__main__")


if __name__ == "__main__":
    main()
