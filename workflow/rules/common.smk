# The config, checked before anything else, and what the rules share.
import functools
import os
import re
import sys

from snakemake.exceptions import WorkflowError

from lottery import config as lottery_config
from lottery import paths
from lottery.errors import LotteryError
from lottery.fingerprint import fingerprint

# Jobs find this environment's programs first, whatever the shell of a cluster node says.
os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])

try:
    CONFIG = lottery_config.check(config, workflow.configfiles)
except LotteryError as error:
    raise WorkflowError(str(error)) from None

RESULTS = paths.results(CONFIG.scale)
FIGURES = paths.figures(CONFIG.scale)
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"


wildcard_constraints:
    ticket="|".join(map(re.escape, CONFIG.tickets)),
    figure="|".join(map(re.escape, CONFIG.figures)),
    evaluation="|".join(map(re.escape, CONFIG.evaluations)),
    seed=r"\d+",
    round=r"\d\d",


def training_indices(dataset: str, subset: str, seed: int) -> str:
    """The draw of indices that a training reads; the whole data set is one draw for all seeds."""
    return paths.subset(
        RESULTS, dataset, paths.subset_draw(subset, None if subset == "all" else seed)
    )


@functools.cache
def data_folder(dataset: str) -> str:
    """Where this machine has a data set; empty for an embedded one."""
    if workflow.dryrun:
        for line in lottery_config.missing_data(CONFIG, [dataset]):
            logger.warning(f"Stages that read this data set would fail: {line}")
    return CONFIG.datasets[dataset].root or ""


def training_code(stage: str, architecture, tasks: list, dataset) -> str:
    """Fingerprint of the code that a training depends on."""
    return fingerprint(
        f"lottery.stages.{stage}",
        f"lottery.models.{architecture.model}",
        f"lottery.data.{dataset.format}",
        *(f"lottery.tasks.{task}" for task in tasks),
    )


onstart:
    # Only now it is known which jobs will run, so a figure can be redrawn without any data.
    folders = {job.params.get("data") for job in workflow.dag.needrun_jobs()}
    absent = lottery_config.missing_data(
        CONFIG, [name for name, entry in CONFIG.datasets.items() if entry.root in folders]
    )
    if absent:
        raise WorkflowError("\n".join(absent))
