"""config.yaml, typed: what the paper's experiments are, checked before any job starts."""

from lottery.config.experiment import Config, shares_trainings
from lottery.config.files import load

__all__ = ["Config", "load", "shares_trainings"]
