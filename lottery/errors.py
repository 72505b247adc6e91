"""What ends a stage before its work is done."""


class LotteryError(Exception):
    """Bad input, a bad artifact or a failed training, reported in one clear line.

    The command line prints the message without a traceback and exits with status 1.
    """


class Stopped(Exception):
    """A training was stopped: run again, it resumes from its newest checkpoint."""


class Busy(Exception):
    """Another process makes the same result: the message names it."""
