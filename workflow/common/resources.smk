# What a job needs of a machine. None of it changes a result.
import functools
import glob
import itertools

from lottery import cluster, hardware
from lottery import threads as cpu_threads
from lottery.campaign import pace
from lottery.config.entries import DenseName


def joined(w):
    """What names the data set and the recipe of a job: an evaluation, a dense network, a ticket."""
    if hasattr(w, "evaluation"):
        return CONFIG.evaluations[w.evaluation]
    return DenseName.parse(w.dense) if hasattr(w, "dense") else CONFIG.found(w.ticket)


def memory_mb(dataset: str) -> int:
    """What a process needs beside its network: a data set and a part of it again, or its loader."""
    entry = CONFIG.datasets[dataset]
    if entry.streamed:
        return 12_000
    pixels = (entry.train_images or 100_000) * 3 * entry.side**2
    return 6000 + int(2.5e-6 * pixels)


def gpus(w) -> int:
    return min(CONFIG.max_gpus, CONFIG.recipes[joined(w).recipe].micro_batches)


def nodes(w) -> int:
    return -(-gpus(w) // CONFIG.gpus_per_node)


def on_this_machine() -> bool:
    """Whether jobs run here, and not on nodes of a cluster; not known before the rules are read."""
    return workflow.local_exec and not workflow.remote_exec


def gpus_held(wanted: int) -> int:
    """GPUs of the machine or of SLURM. Without any, a job takes none: cores alone are counted."""
    without = on_this_machine() and not hardware.has_gpu()
    return 0 if without and wanted == 1 else wanted


@functools.cache
def automatic_threads() -> int:
    """CPU threads of each training where the config leaves them to the plan, finished jobs included.

    So they are the same when the same command is given again.
    """
    if not on_this_machine() or hardware.has_gpu():
        return 1
    needs = workflow.dag.dependencies
    side_by_side = cpu_threads.side_by_side(
        needs, lambda job: job.rule.name in TRAININGS
    )
    return cpu_threads.shared(workflow.cores, side_by_side)


def training_threads(w) -> int:
    """On each node: to decode streamed images eight for each GPU, else what the config says."""
    if CONFIG.datasets[joined(w).dataset].streamed:
        return 8 * (gpus(w) // nodes(w))
    return automatic_threads() if CONFIG.threads == "auto" else CONFIG.threads


def minutes(most: int) -> int:
    """A job's time, which is bound by `max_minutes` as that of trainings is."""
    return min(CONFIG.max_minutes or most, most)


GUESSED_MINUTES = 240
"""Of a training's job, before one like it is there. What takes longer goes on in the next job."""


_took: dict[str, float] = {}


def training_minutes(w) -> int:
    """Of a training's job: half as much again as one of another round or seed took, and ten."""
    reports = like(w)
    if reports not in _took:
        first_few = itertools.islice(
            glob.iglob(reports), 3
        )  # one of them may be damaged
        found = filter(None, map(pace.Report.of, first_few))
        if (first := next(found, None)) is None:
            return GUESSED_MINUTES
        _took[reports] = first.seconds
    return 10 + int(1.5 * _took[reports] / gpus(w) / 60)


def like(w) -> str:
    """The reports of trainings that differ from one in their round or seed alone, as a pattern."""
    place = w.dense if hasattr(w, "dense") else chain_of(w).dense
    if not hasattr(w, "evaluation"):
        return paths.generation(paths.dense(RESULTS, place, "*"))
    if hasattr(w, "ticket"):
        folder = paths.round_folder(RESULTS, w.ticket, "*", "*")
    else:
        folder = paths.dense(RESULTS, place, "*")
    return paths.evaluation(folder, w.evaluation)


MARGIN = 2
"""Minutes before the end of its job at which a training saves its state and stops; of a job of less
than four minutes it is half."""
TRAINING_RESOURCES = {
    "gpu": lambda w: gpus_held(gpus(w)),
    # A retry gets more memory, or more time, if that is what the last try ended for the want of.
    "mem_mb": lambda w, attempt: memory_mb(joined(w).dataset)
    * (gpus(w) // nodes(w))
    * 2 ** cluster.times(w, "OUT_OF_MEMORY"),
    "runtime": lambda w, attempt: minutes(
        training_minutes(w) * 2 ** cluster.times(w, "TIMEOUT")
    ),
}


if CONFIG.seeds_per_gpu > 1:
    cluster.share_gpus(workflow, CONFIG.seeds_per_gpu)
    # What a SLURM job has of them does not bound how many of its trainings run side by side.
    workflow.resource_scopes["gpu"] = "excluded"


def on_several(value):
    """A resource that only a training on several nodes has: a SLURM task on each of them."""
    return lambda w: value(w) if nodes(w) > 1 else None


if CONFIG.max_gpus > CONFIG.gpus_per_node:
    TRAINING_RESOURCES |= {
        "nodes": nodes,
        "tasks": on_several(nodes),
        "tasks_per_gpu": on_several(lambda w: 0),
        "slurm_extra": on_several(lambda w: f"'--gpus-per-node={gpus(w) // nodes(w)}'"),
        "mpi": on_several(
            lambda w: f"srun --nodes={nodes(w)} --ntasks={nodes(w)} --kill-on-bad-exit=1"
            f" --gpus-per-node={gpus(w) // nodes(w)} --cpus-per-task={training_threads(w)}"
        ),
    }


def training(w, input, output, threads, resources) -> str:
    """What a training reads, and how it runs here, as options of its stage."""
    # Only a job of the SLURM profile is one training, and can be run again for its sake.
    is_job = "slurm_partition" in resources.keys()
    minutes = max(resources.runtime - MARGIN, resources.runtime / 2)
    return options(
        w,
        input,
        checkpoints=paths.unfinished(output.report),
        checkpoint_minutes=CONFIG.checkpoint_minutes,
        max_minutes=minutes if is_job else None,
        requeue=is_job or None,
        processes=max(1, resources.get("gpu", 1) // resources.get("nodes", 1)),
        threads=threads,
        loader=CONFIG.loader,
        compile=CONFIG.compile or None,
        data=streamed_from(joined(w).dataset),
    )


def launcher(w, input, resources) -> str:
    """What starts a training on all of its nodes; nothing, on one."""
    return f"{resources.mpi} " if "mpi" in resources.keys() else ""
