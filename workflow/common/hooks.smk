# What snakemake says and does beside its jobs.
import atexit
import gc
from pathlib import Path

from lottery import files as lottery_files
from lottery import quicker, sharing
from lottery.geometry import dead_taps


def reads_data(job) -> str | None:
    """The data set whose folder a job reads, if it reads one."""
    if job.rule.name == "images":
        return job.wildcards.dataset
    if job.rule.name in (*TRAININGS, "mask_on_images"):
        dataset = joined(job.wildcards).dataset
        return dataset if CONFIG.datasets[dataset].streamed else None
    return None


ARCHITECTURES = {
    place: CONFIG.architecture_of(name)
    for name, chain in CHAINS.items()
    for place in ([name] if chain.imported else (name, chain.dense, chain.start_name))
}
"""Names of entries, by ticket and by dense network."""


def tell_dead_taps(jobs):
    """Networks of which a share of the weights only ever meets padding, as they are trained."""
    trained = set()
    for w in (job.wildcards for job in jobs):
        place = w.ticket if hasattr(w, "ticket") else w.dense
        trained.add((ARCHITECTURES[place], joined(w).dataset))
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
    needed = [job for job in jobs if workflow.dag.needrun(job)]
    remaining = len(needed)
    for line in not_imported(needed):
        print(line, file=sys.stderr)
    figures = {
        job.wildcards.figure
        for job in workflow.dag.jobs
        if job.rule.name == "aggregate"
    }
    count = f"{remaining:,} of {len(jobs):,} trainings remain"
    unshared = sharing.without_sharing(CONFIG, figures)
    if unshared > len(jobs):
        count += f" ({unshared:,} without sharing: {unshared - len(jobs):,} are shared)"
    print(count, file=sys.stderr)


# Neither the plan nor whether this is a dry run is known while the rules are read.
atexit.register(tell_trainings)


onstart:
    gc.freeze()
    gc.enable()
    cluster.install_retries()
    if workflow.executor_plugin.name == "slurm":
        cluster.install_plugin(is_made, TRAININGS)
    # Snakemake 9.27 looks for jobs again a second after each look, and each job that ends adds one
    # more such chain: after some hundred jobs it does little else. Without its default limit of 100
    # jobs a second it looks when a job ends. A limit that was asked for stays.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    # Only now it is known which jobs will run, so a figure can be redrawn without any data.
    jobs = list(workflow.dag.needrun_jobs())
    folders = {
        os.path.dirname(file) for job in jobs for file in [*job.output, *job.log]
    }
    closed = sorted(f for f in folders if not lottery_files.writable(Path(f)))
    if closed:
        raise WorkflowError(
            f"no file can be written in {closed[0]}, where a job's results go"
        )
    absent = presence.fetch_missing(
        CONFIG, set(filter(None, map(reads_data, jobs)))
    )
    absent = [*absent, *not_imported(jobs)]
    if absent:
        raise WorkflowError("\n".join(absent))


def tell_data(job):
    """What is missing of the data set that a job reads, if this is a dry run."""
    if job.rule.name == "images":
        contents(job.wildcards.dataset)
    if dataset := reads_data(job):
        data_folder(dataset)


def without_seed_and_round(wildcards):
    """On neither of these a job's resources depend."""
    return tuple(item for item in wildcards.items() if item[0] not in ("seed", "round"))


quicker.install(list(workflow.rules), on_slurm, tell_data, without_seed_and_round)
