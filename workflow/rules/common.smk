# The config, checked before anything else, and what the rules share.
import atexit
import functools
import os
import re
import shlex
import sys

from snakemake.exceptions import WorkflowError

from lottery import config as lottery_config
from lottery import paths, reports, sharing
from lottery.catalogue import module
from lottery.catalogue.criteria import CRITERIA
from lottery.data import presence
from lottery.errors import LotteryError
from lottery.fingerprint import fingerprint
from lottery.geometry import dead_taps

# Jobs find this environment's programs first, whatever the shell of a cluster node says.
# A prefix replaces snakemake's own, whose strictness makes a failed stage fail behind its `tee`.
shell.prefix(
    f'set -euo pipefail; export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"; '
)

try:
    # snakemake lists the overlays first, though they win over config.yaml
    *overlays, paper = workflow.configfiles
    given = workflow.config_settings.config  # by --config
    CONFIG = lottery_config.load([paper, *overlays], given)
except LotteryError as error:
    raise WorkflowError(str(error)) from None

TRAININGS = ("generate_dense", "generate", "evaluate")
RESULTS = paths.results(CONFIG.scale)
FIGURES = paths.figures(CONFIG.scale)
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"


def names(entries) -> str:
    """A wildcard constraint: one of these, of which there may be none."""
    return "|".join(map(re.escape, entries)) or "(?!)"


wildcard_constraints:
    ticket=names(CONFIG.tickets),
    figure=names(CONFIG.figures),
    evaluation=names(CONFIG.evaluations),
    seed=names(map(str, CONFIG.every_seed)),
    round=r"\d\d",


CHAINS = {name: CONFIG.chain(name, 0) for name in CONFIG.tickets}
# Those that are found by training; the others are baselines.
FOUND = names(name for name, chain in CHAINS.items() if chain.training)
BASELINE = names(name for name, chain in CHAINS.items() if not chain.training)
# Those in whose folder a dense training is; it may be that of other tickets too.
DENSE = names({chain.dense().ticket for chain in CHAINS.values() if chain.training})


def training_indices(dataset: str, subset: str, seed: int) -> str:
    """The draw of indices that a training reads; the whole data set is one draw for all seeds."""
    return paths.subset(
        RESULTS, dataset, paths.subset_draw(subset, None if subset == "all" else seed)
    )


def figure_reports(w) -> list[str]:
    """All reports that a figure shows."""
    return reports.reports_of(CONFIG.aggregate(w.figure), RESULTS)


def newest(files: list[str]) -> str:
    """Which of these are there, and when the last of them was made."""
    there = [file for file in files if os.path.exists(file)]
    return f"{len(there)} {max(map(os.path.getmtime, there), default=0)}"


@functools.cache
def data_folder(dataset: str) -> str:
    """Where this machine has a data set; empty for an embedded one."""
    if workflow.dryrun:
        for line in presence.missing(CONFIG, [dataset]).values():
            logger.warning(
                f"This data set is needed, and is not here as it should be: {line}"
            )
    return CONFIG.datasets[dataset].root or ""


@functools.cache
def contents(dataset: str) -> str:
    """What the class folders of a data set hold, as the stage that reads them saw it, or anew."""
    found, line = presence.contents(
        CONFIG, dataset, paths.images_report(RESULTS, dataset)
    )
    if line:
        logger.warning(line)
    return found


def reads_data(job) -> str | None:
    """The data set whose folder a job reads, if it reads one."""
    if job.rule.name == "images":
        return job.wildcards.dataset
    if job.rule.name in TRAININGS or (
        job.rule.name == "mask" and runs_network(job.wildcards)
    ):
        dataset = joined_by(job.wildcards).dataset
        return dataset if CONFIG.datasets[dataset].streamed else None
    return None


def memory_mb(dataset: str) -> int:
    """What a process needs beside its network: a data set and a part of it again, or its loader."""
    entry = CONFIG.datasets[dataset]
    if entry.streamed:
        return 12_000
    pixels = (entry.train_images or 100_000) * 3 * entry.side**2
    return 6000 + int(2.5e-6 * pixels)


def joined_by(w):
    """What names the data set and the recipe of a training: a ticket or an evaluation."""
    judged = getattr(w, "evaluation", None)
    return CONFIG.evaluations[judged] if judged else CONFIG.found(w.ticket)


def gpus(w) -> int:
    return min(CONFIG.max_gpus, CONFIG.recipes[joined_by(w).recipe].gpus)


def nodes(w) -> int:
    return -(-gpus(w) // CONFIG.gpus_per_node)


def on_several(value):
    """A resource that only a training on several nodes has: a SLURM task on each of them."""
    return lambda w: value(w) if nodes(w) > 1 else None


def training_threads(w) -> int:
    """On each node: one, and to decode streamed images eight for each GPU."""
    streamed = CONFIG.datasets[joined_by(w).dataset].streamed
    return 8 * (gpus(w) // nodes(w)) if streamed else 1


MARGIN = 2
"""Minutes before the end of its job at which a training saves its state and stops; of a job of less
than four minutes it is half."""
TRAINING_RESOURCES = {
    "gpu": gpus,
    "mem_mb": lambda w: memory_mb(joined_by(w).dataset) * (gpus(w) // nodes(w)),
    "runtime": lambda w, attempt: min(CONFIG.max_time or 10**6, 240 * attempt),
    "nodes": nodes,
    "tasks": on_several(nodes),
    "tasks_per_gpu": on_several(lambda w: 0),
    "slurm_extra": on_several(lambda w: f"'--gpus-per-node={gpus(w) // nodes(w)}'"),
    "mpi": on_several(
        lambda w: f"srun --nodes={nodes(w)} --ntasks={nodes(w)} --kill-on-bad-exit=1"
        f" --gpus-per-node={gpus(w) // nodes(w)} --cpus-per-task={training_threads(w)}"
    ),
}


def running(w, input, output, resources) -> str:
    """How a training runs here. A function of `input` triggers no rerun: it changes no result."""
    dataset = joined_by(w).dataset
    # Only a job of the SLURM profile is one training, and can be run again for its sake.
    is_job = "slurm_partition" in resources.keys()
    options = {
        "checkpoints": paths.unfinished(output.report),
        "checkpoint-minutes": CONFIG.checkpoint_minutes,
        "max-minutes": (
            max(resources.runtime - MARGIN, resources.runtime / 2) if is_job else None
        ),
        "processes": max(1, resources.get("gpu", 1) // resources.get("nodes", 1)),
        "loader": CONFIG.loader,
        "data": data_folder(dataset) if CONFIG.datasets[dataset].streamed else None,
    }
    words = [
        f"--{name}={value}" for name, value in options.items() if value is not None
    ]
    words += ["--requeue"] * is_job + ["--compile"] * CONFIG.compile
    return shlex.join(words)


def start(w, input, resources) -> str:
    """What starts a training on all of its nodes; nothing, on one."""
    return f"{resources.mpi} " if "mpi" in resources.keys() else ""


def training_code(stage: str, architecture, task: str) -> str:
    """Fingerprint of the code that a training depends on."""
    return fingerprint(
        f"lottery.stages.{stage}",
        f"lottery.models.{architecture.model}",
        f"lottery.tasks.{module(task)}",
    )


def generate_spec(w, round=None):
    return CONFIG.generate(
        w.ticket, int(w.seed), int(w.round if round is None else round)
    )


def generate_code(w):
    spec = generate_spec(w, 0)
    return training_code("generate", spec.chain.architecture, spec.training().task)


def generate_indices(w):
    entry = CONFIG.found(w.ticket)
    return training_indices(entry.dataset, entry.subset, int(w.seed))


def generate_images(w):
    return paths.images(RESULTS, CONFIG.found(w.ticket).dataset)


def kept(weights: str):
    """W* of a pruned round; where it is not to be kept, snakemake removes it after its last use."""
    return weights if CONFIG.keep_weights else temp(weights)


def early(w):
    """W_k, where the ticket's dense training is; of one not rewound, W* of the round before."""
    chain, round = CHAINS[w.ticket], int(w.round)
    dense = chain.dense().ticket
    if round and chain.training.rewind.none:
        before = dense if round == 1 else w.ticket
        return paths.weights(RESULTS, before, w.seed, round - 1)
    return paths.early(RESULTS, dense, w.seed)


def mask_inputs(w):
    """W* and mask of the round before; of a baseline, what it reads of the found ticket."""
    seed, round = int(w.seed), int(w.round)
    chain = CONFIG.chain(w.ticket, seed)
    if chain.baseline is None:
        before = chain.dense().ticket if round == 1 else w.ticket
        inputs = {"weights": paths.weights(RESULTS, before, seed, round - 1)}
        if round > 1:
            inputs["mask"] = paths.mask(RESULTS, w.ticket, seed, round - 1)
        wanted = CRITERIA[chain.criterion]
        if wanted.early:
            inputs["early"] = paths.early(RESULTS, chain.dense().ticket, seed)
        if wanted.examples:
            inputs |= {"images": generate_images(w), "subset": generate_indices(w)}
        return inputs
    if chain.baseline.of is None:
        return {}
    if chain.baseline.kind == "reinitialised":
        return {"mask": paths.mask(RESULTS, chain.baseline.of.ticket, seed, round)}
    return {"weights": paths.weights(RESULTS, chain.baseline.of.ticket, seed, 0)}


def runs_network(w) -> bool:
    """Whether a mask is found by running a network, on what its training ran on."""
    return CRITERIA[CHAINS[w.ticket].criterion].examples


def mask_code(w):
    """Of its own criterion alone, so that another one reruns nothing."""
    chain = CHAINS[w.ticket]
    modules = ["lottery.stages.mask", f"lottery.models.{chain.architecture.model}"]
    if chain.baseline is None:
        modules.append(f"lottery.pruning.criteria.{module(chain.criterion)}")
    if runs_network(w):
        modules.append("lottery.stages.examples")
        modules.append(f"lottery.tasks.{module(chain.training.task)}")
    return fingerprint(*modules)


def mask_options(w, input, threads) -> str:
    """What a mask is made from, and what runs its network, if any does."""
    options = dict(input.items())
    if runs_network(w):
        dataset = CONFIG.found(w.ticket).dataset
        streamed = CONFIG.datasets[dataset].streamed
        options |= {"threads": threads, "loader": CONFIG.loader}
        options |= {"data": data_folder(dataset)} if streamed else {}
    return shlex.join(f"--{name}={value}" for name, value in options.items())


def evaluate_spec(w):
    return CONFIG.evaluate(w.ticket, int(w.seed), int(w.round), w.evaluation)


def evaluate_inputs(w):
    """W_k of a found ticket and the mask of its round; round 0 is dense."""
    dataset = CONFIG.evaluations[w.evaluation].dataset
    inputs = {
        "images": paths.images(RESULTS, dataset),
        "subset": training_indices(dataset, "all", int(w.seed)),
    }
    if CHAINS[w.ticket].training is not None:
        inputs["early"] = early(w)
    if int(w.round):
        inputs["mask"] = paths.mask(RESULTS, w.ticket, w.seed, w.round)
    return inputs


def evaluate_code(w):
    return training_code("evaluate", evaluate_spec(w).chain.architecture, "labels")


def tell_dead_taps(jobs):
    """Networks of which a share of the weights only ever meets padding, as they are trained."""
    trained = set()
    for job in jobs:
        found = CONFIG.found(job.wildcards.ticket)
        trained.add((found.architecture, joined_by(job.wildcards).dataset))
    for architecture, dataset in sorted(trained):
        size = CONFIG.datasets[dataset].image_size
        dead = dead_taps(CONFIG.architectures[architecture], size)
        if dead.share:
            print(
                f"dead taps: {dead.share:.1%} of the prunable weights of {architecture} only ever"
                f" meet padding on the {size} pixels of {dataset}: {', '.join(dead.layers)}"
                f" (pruning.dead_taps: {CONFIG.pruning.dead_taps})",
                file=sys.stderr,
            )


def tell_trainings():
    """What a dry run says at its end: trainings that remain, and what sharing them saves."""
    if not (workflow.dryrun and workflow.dag):
        return
    jobs = [job for job in workflow.dag.jobs if job.rule.name in TRAININGS]
    tell_dead_taps(jobs)
    remaining = sum(workflow.dag.needrun(job) for job in jobs)
    figures = {
        job.wildcards.figure
        for job in workflow.dag.jobs
        if job.rule.name == "aggregate"
    }
    count = f"{remaining:,} of {len(jobs):,} trainings remain"
    alone = sharing.alone(CONFIG, figures)
    if alone > len(jobs):
        count += f" ({alone:,} without sharing: {alone - len(jobs):,} are shared)"
    print(count, file=sys.stderr)


# Neither the plan nor whether this is a dry run is known while the rules are read.
atexit.register(tell_trainings)


onstart:
    # Snakemake 9.27 looks for jobs again a second after each look, and each job that ends adds one
    # more such chain: after some hundred jobs it does little else. Without its default limit of 100
    # jobs a second it looks when a job ends. A limit that was asked for stays.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    # Only now it is known which jobs will run, so a figure can be redrawn without any data.
    absent = presence.fetch_missing(
        CONFIG, set(filter(None, map(reads_data, workflow.dag.needrun_jobs())))
    )
    if absent:
        raise WorkflowError("\n".join(absent))
