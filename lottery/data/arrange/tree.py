"""The links: a tree that is made completely or not at all."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lottery.data.arrange.layouts import Members, Plan
from lottery.errors import LotteryError


def check_free(to: Path) -> None:
    """Raises: LotteryError if something is there that is not an empty folder."""
    if to.is_dir():
        if any(to.iterdir()):
            raise LotteryError(f"{to}: not empty, expected a new folder or an empty one")
    elif os.path.lexists(to):
        raise LotteryError(f"{to}: no folder, expected a new one or an empty one")


def make(plan: Plan, to: Path) -> None:
    """Link the plan's images below `to`, as train/CLASS/IMAGE and val/CLASS/IMAGE.

    Links are relative, so download and tree can be moved together. A folder that has the images of
    one class and no others is one link.

    Raises: LotteryError if `to` is taken or no links can be made there.
    """
    check_free(to)
    try:
        with _whole_or_absent(to.resolve()) as temporary:
            for split, classes in (("train", plan.train), ("val", plan.val)):
                (temporary / split).mkdir()
                for name, members in classes.items():
                    _link(members, temporary / split / name)
    except OSError as error:  # which names the temporary folder, or a link's target
        raise LotteryError(f"{to}: no links can be made: {error.strerror}") from None


def _link(members: Members, place: Path) -> None:
    folder = members.folder.resolve()
    if members.whole:
        place.symlink_to(os.path.relpath(folder, place.parent))
        return
    place.mkdir()
    relative = os.path.relpath(folder, place)
    for name in members.names:
        (place / name).symlink_to(f"{relative}/{name}")


@contextmanager
def _whole_or_absent(to: Path) -> Iterator[Path]:
    """A temporary folder next to `to`, so that relative links stay valid when it is renamed to it.

    If anything goes wrong (an exception, a full disk, SIGTERM as SystemExit), it is removed.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    ours = f".{glob.escape(to.name)}.*.arrange"
    for stale in to.parent.glob(ours):  # of a process that was killed
        shutil.rmtree(stale, ignore_errors=True)
    temporary = to.with_name(f".{to.name}.{os.getpid()}.arrange")
    try:
        temporary.mkdir()
        yield temporary
        temporary.rename(to)  # replaces an empty folder
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
