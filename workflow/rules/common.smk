# The config, checked before anything else, and what the rules share.
import functools
import os
import re
import shlex
import sys

from snakemake.exceptions import WorkflowError

from lottery import config as lottery_config
from lottery import paths
from lottery.errors import LotteryError
from lottery.fingerprint import fingerprint

# Jobs find this environment's programs first, whatever the shell of a cluster node says.
# A prefix replaces snakemake's own, whose strictness makes a failed stage fail behind its `tee`.
shell.prefix(
    f'set -euo pipefail; export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"; '
)

try:
    # snakemake lists the overlays first, though they win over config.yaml
    *overlays, paper = workflow.configfiles
    CONFIG = lottery_config.check(config, [paper, *overlays])
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
    seed="|".join(map(str, CONFIG.seeds)),
    round=r"\d\d",


# Those that are found by training; the others are baselines.
FOUND = "|".join(
    re.escape(name)
    for name in CONFIG.tickets
    if CONFIG.chain(name, CONFIG.seeds[0]).training
)


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
        *(f"lottery.tasks.{task.replace('-', '_')}" for task in tasks),
    )


def generate_spec(w, round=None):
    return CONFIG.generate(
        w.ticket, int(w.seed), int(w.round if round is None else round)
    )


def generate_code(w):
    spec = generate_spec(w, 0)
    training = spec.training()
    return training_code(
        "generate", spec.chain.architecture, [training.task], training.dataset
    )


def generate_indices(w):
    entry = CONFIG.found(w.ticket)
    return training_indices(entry.dataset, entry.subset, int(w.seed))


def mask_inputs(w):
    """W* and mask of the round before; of a baseline, what it reads of the found ticket."""
    seed, round = int(w.seed), int(w.round)
    chain = CONFIG.chain(w.ticket, seed)
    if chain.baseline is None:
        inputs = {"weights": paths.weights(RESULTS, w.ticket, seed, round - 1)}
        if round > 1:
            inputs["mask"] = paths.mask(RESULTS, w.ticket, seed, round - 1)
        return inputs
    if chain.baseline.of is None:
        return {}
    if chain.baseline.kind == "reinitialised":
        return {"mask": paths.mask(RESULTS, chain.baseline.of.ticket, seed, round)}
    return {"weights": paths.weights(RESULTS, chain.baseline.of.ticket, seed, 0)}


def evaluate_spec(w):
    return CONFIG.evaluate(w.ticket, int(w.seed), int(w.round), w.evaluation)


def evaluate_inputs(w):
    """W_k of a found ticket and the mask of its round; round 0 is dense."""
    inputs = {
        "subset": training_indices(
            CONFIG.evaluations[w.evaluation].dataset, "all", int(w.seed)
        )
    }
    if CONFIG.chain(w.ticket, int(w.seed)).training is not None:
        inputs["early"] = paths.early(RESULTS, w.ticket, w.seed)
    if int(w.round):
        inputs["mask"] = paths.mask(RESULTS, w.ticket, w.seed, w.round)
    return inputs


def evaluate_code(w):
    spec = evaluate_spec(w)
    return training_code("evaluate", spec.chain.architecture, ["labels"], spec.dataset)


onstart:
    # Only now it is known which jobs will run, so a figure can be redrawn without any data.
    folders = {job.params.get("data") for job in workflow.dag.needrun_jobs()}
    absent = lottery_config.missing_data(
        CONFIG,
        [name for name, entry in CONFIG.datasets.items() if entry.root in folders],
    )
    if absent:
        raise WorkflowError("\n".join(absent))
