"""What ends a stage before its work is done, and how it is told."""


class LotteryError(Exception):
    """Bad input, a bad artifact or a failed training, reported in one clear line.

    The command line prints the message without a traceback and exits with status 1.
    """


class Stopped(Exception):
    """A training was stopped: run again, it resumes from its newest checkpoint."""


class Busy(Exception):
    """Another process makes the same result: the message names it."""


def reason(error: Exception, line: int = 0) -> str:
    """What a library's exception says, in one line: its first, or that of a number."""
    said = str(error).strip().split("\n")[line].strip()[:200] or type(error).__name__
    if said.startswith("Weights only load failed"):  # followed by advice to trust it
        return "truncated, or it holds more than tensors and plain values, such as code"
    return said
