# Which jobs of Snakemake make one job of SLURM.
from snakemake.iocontainers import Wildcards


def on_slurm() -> bool:
    """Whether jobs go to SLURM; not known before the rules are read."""
    return getattr(workflow.executor_plugin, "name", "") == "slurm"


def only_on_slurm(job_of):
    """A rule's `group`, by what names its SLURM job; elsewhere each job is by itself."""

    def group(w):
        name = job_of(w) if on_slurm() else None
        if name and CONFIG.seeds_per_gpu > 1:
            share(name)
        return name

    return group


def share(group: str):
    """Let chains that wait for nothing of each other share a group: else Snakemake makes several.

    Its settings (`--group-components`) are not there yet when the rules are read.
    """
    settings = workflow.group_settings
    workflow.parent_groupids[group] = "seeds"
    settings.group_components = {
        **settings.group_components,
        "seeds": CONFIG.seeds_per_gpu,
    }


def seeds_of_job(w) -> str:
    """Its seed, or on one GPU those that share it."""
    shared = CONFIG.seeds_per_gpu if gpus(w) == 1 else 1
    first = int(w.seed) // shared * shared
    return f"seed{first}" if shared == 1 else f"seeds{first}to{first + shared - 1}"


def job_of_round(w, place: str, round: int) -> str | None:
    """The SLURM job that a training shares with the masks that are found in what it ends with.

    In a job of its own a mask would wait in the queue for two seconds of work. But none is shared by
    a training on several nodes: SLURM starts no step on one of them that asks for no GPU.
    """
    if nodes(w) > 1:
        return None
    return f"{place.replace(os.sep, '-')}-{seeds_of_job(w)}-round{round}"


def job_of_training(w) -> str | None:
    """That of a training, or of the round that is evaluated."""
    place = w.dense if hasattr(w, "dense") else w.ticket
    return job_of_round(w, place, int(w.get("round", 0)))


def job_of_mask(w) -> str | None:
    """That of the training before a mask."""
    round = int(w.round) - 1
    return job_of_round(w, w.ticket if round else chain_of(w).dense, round)


def job_of_evaluation(w) -> str | None:
    """The SLURM job that an evaluation shares with the baseline's mask that it alone needs, or with
    those whose seeds share its GPU."""
    drawn = hasattr(w, "ticket") and chain_of(w).training is None
    alone = drawn and CONFIG.evaluated_as[w.ticket] == {w.evaluation}
    if not alone and (CONFIG.seeds_per_gpu == 1 or gpus(w) > 1):
        return None
    job = job_of_training(w)
    return job and f"{w.evaluation}-of-{job}"


def job_of_baseline_mask(w) -> str | None:
    """The same, for the mask."""
    if len(CONFIG.evaluated_as[w.ticket]) != 1:
        return None
    [evaluation] = CONFIG.evaluated_as[w.ticket]
    return job_of_evaluation(
        Wildcards(fromdict={**dict(w.items()), "evaluation": evaluation})
    )


JOBS = dict.fromkeys(("generate", "generate_dense"), job_of_training) | {
    "mask": job_of_mask,
    "mask_on_images": job_of_mask,
    "random_mask": job_of_baseline_mask,
    "adjusted_random_mask": job_of_baseline_mask,
    "shuffled_mask": job_of_baseline_mask,
    "reinitialised_mask": job_of_baseline_mask,
    "evaluate": job_of_evaluation,
    "evaluate_dense": job_of_evaluation,
}
"""What names the SLURM job of each rule whose jobs may share one."""
