"""The one exception that a user is meant to see."""


class LotteryError(Exception):
    """Bad input, a bad artifact or a failed training, told in one clear line.

    The command line prints the message without a traceback and exits with status 1.
    """


class Stopped(Exception):
    """A training was asked to stop and has saved its state: run it again and it goes on.

    It may have been asked by its clock: `out_of_time`.
    """

    def __init__(self, message: str, out_of_time: bool = False) -> None:
        super().__init__(message)
        self.out_of_time = out_of_time
