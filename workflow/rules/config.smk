# The config, checked before anything else; where files lie; what wildcards may be.
import os
import re
import shlex
import sys

from snakemake.exceptions import WorkflowError

from lottery import config as lottery_config
from lottery import paths
from lottery.errors import LotteryError

# Jobs find this environment's programs first, whatever a cluster node's shell sets up.
# A prefix replaces snakemake's own, which has `pipefail`: without it a stage that fails before
# `tee` would succeed.
shell.prefix(
    f'set -euo pipefail; export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"; '
)

try:
    # snakemake lists the overlays first, though they win over config.yaml
    *overlays, paper = workflow.configfiles
    command_line = workflow.config_settings.config  # by --config
    CONFIG = lottery_config.load([paper, *overlays], command_line)
except LotteryError as error:
    raise WorkflowError(str(error)) from None

RESULTS = paths.results(CONFIG.scale)
FIGURES = paths.figures(CONFIG.scale)
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
TRAININGS = ("generate_dense", "generate", "evaluate_dense", "evaluate")


def one_of(entries) -> str:
    """A wildcard constraint: one of these; nothing matches if there are none."""
    return "|".join(map(re.escape, entries)) or "(?!)"


CHAINS = {name: CONFIG.chain(name, 0) for name in CONFIG.tickets}


def tickets(kind: str | None) -> str:
    """A constraint to found tickets (None), or to the baselines of a kind."""
    return one_of(
        name
        for name, chain in CHAINS.items()
        if kind == (chain.baseline and chain.baseline.kind)
    )


FOUND = tickets(None)
PRUNED = r"(?!00)\d\d"  # rounds; that of the dense network, 00, is in results/dense/


wildcard_constraints:
    dataset=one_of(CONFIG.datasets),
    evaluation=one_of(CONFIG.evaluations),
    figure=one_of(CONFIG.figures),
    round=PRUNED,
    seed=one_of(map(str, CONFIG.every_seed)),
    ticket=one_of(CONFIG.tickets),


# What changes no result must trigger no rerun. Snakemake compares the params of a rule with those
# that a file was made with, except params that are functions of `input`. Functions for such params
# therefore take `input` even if they do not use it.
