# The config, checked before anything else; where files lie; what wildcards may be.
import atexit
import gc
import os
import re
import shlex
import sys

from snakemake.exceptions import WorkflowError

from lottery import config as lottery_config
from lottery import paths
from lottery.errors import LotteryError

# The plan of the whole paper is millions of objects that stay: to search them for garbage is an eighth
# of the time of a dry run, and as much at its end, where Python looks even so. Once jobs run, it looks
# for garbage again.
gc.disable()
atexit.register(gc.freeze)

# Jobs find this environment's programs first, whatever the shell of a cluster node says.
# A prefix replaces snakemake's own, whose strictness makes a failed stage fail behind its `tee`.
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
MASKS = (
    "mask",
    "mask_on_images",
    "random_mask",
    "adjusted_random_mask",
    "shuffled_mask",
    "reinitialised_mask",
)
TRAININGS = (
    "generate_dense",
    "generate",
    "evaluate_dense",
    "evaluate",
    "evaluate_imported",
)


def one_of(entries) -> str:
    """A wildcard constraint: one of these, of which there may be none."""
    return "|".join(map(re.escape, entries)) or "(?!)"


DENSE = paths.dense(RESULTS, "{dense}", "{seed}")
ROUND = paths.round_folder(RESULTS, "{ticket}", "{seed}", "{round}")
CHAINS = {name: CONFIG.chain(name, 0) for name in CONFIG.tickets}
IMPORTED = [name for name, chain in CHAINS.items() if chain.imported]
"""Those of others."""


def tickets(kind: str | None) -> list[str]:
    """Those that are found by training and pruning, or the baselines of a kind."""
    return [
        name
        for name, chain in CHAINS.items()
        if name not in IMPORTED and kind == (chain.baseline and chain.baseline.kind)
    ]


FOUND = tickets(None)
PRUNED = r"(?!00)\d\d"  # rounds; round 0 is in results/dense/


wildcard_constraints:
    dataset=one_of(CONFIG.datasets),
    evaluation=one_of(CONFIG.evaluations),
    figure=one_of(CONFIG.figures),
    round=PRUNED,
    seed=one_of(map(str, CONFIG.every_seed)),
    ticket=one_of(CONFIG.tickets),


# What changes no result must trigger no rerun. Snakemake compares the params of a rule with those
# that a file was made with, but leaves out the ones that are functions of `input`: so these take
# `input` even where they do not use it.
