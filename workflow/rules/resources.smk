# The resources of a job. None of them changes a result.
from lottery.config.entries import DenseName


def joined(w):
    """The entry with a job's data set and recipe: an evaluation, a dense network or a ticket."""
    if hasattr(w, "evaluation"):
        return CONFIG.evaluations[w.evaluation]
    return DenseName.parse(w.dense) if hasattr(w, "dense") else CONFIG.found(w.ticket)


def memory_mb(dataset: str) -> int:
    """What a process needs besides its network: a data set and a partial copy, or a loader."""
    entry = CONFIG.datasets[dataset]
    if entry.streamed:
        return 12_000
    pixels = (entry.train_images or 100_000) * 3 * entry.side**2
    return 6000 + int(2.5e-6 * pixels)


def gpus(w) -> int:
    return min(CONFIG.max_gpus, CONFIG.recipes[joined(w).recipe].micro_batches)


def nodes(w) -> int:
    return -(-gpus(w) // CONFIG.gpus_per_node)


def training_threads(w) -> int:
    """Threads per node: one, or eight for each GPU if streamed images are decoded."""
    streamed = CONFIG.datasets[joined(w).dataset].streamed
    return 8 * (gpus(w) // nodes(w)) if streamed else 1


MARGIN = 2
"""Minutes before the end of its job at which a training saves a checkpoint and stops; in a job of
less than four minutes, half of its time."""
TRAINING_RESOURCES = {
    "gpu": gpus,
    "mem_mb": lambda w: memory_mb(joined(w).dataset) * (gpus(w) // nodes(w)),
    "runtime": lambda w, attempt: min(CONFIG.max_minutes or 10**6, 240 * attempt),
}


def on_several(value):
    """A resource that only a training on several nodes has, with a SLURM task on each of them."""
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


def running(w, input, output, resources) -> str:
    """The options that say how a training runs here."""
    dataset = joined(w).dataset
    # Only in the SLURM profile is a job a single training, which may be requeued on its own.
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


def launcher(w, input, resources) -> str:
    """The command that starts a training on all of its nodes; empty for a single node."""
    return f"{resources.mpi} " if "mpi" in resources.keys() else ""
