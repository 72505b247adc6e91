# What snakemake reports and does besides its jobs.
import atexit
import inspect

from snakemake.common import overwrite_function_params
from snakemake.resources import Resource

from lottery import sharing
from lottery.geometry import dead_taps


def reads_data(job) -> str | None:
    """The data set whose folder a job reads, if it reads one."""
    if job.rule.name == "images":
        return job.wildcards.dataset
    if job.rule.name in TRAININGS or (
        job.rule.name == "mask" and criterion(job.wildcards).examples
    ):
        dataset = joined(job.wildcards).dataset
        return dataset if CONFIG.datasets[dataset].streamed else None
    return None


ARCHITECTURES = {
    place: CONFIG.found(name).architecture
    for name, chain in CHAINS.items()
    for place in (name, chain.dense, chain.start_name)
}
"""Names of entries, by ticket and by dense network."""


def report_dead_taps(jobs):
    """Report networks in which some weights only ever meet padding, on the data they train on."""
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


def report_trainings():
    """At the end of a dry run, report the trainings that remain and what sharing saves."""
    if not (workflow.dryrun and workflow.dag):
        return
    jobs = [job for job in workflow.dag.jobs if job.rule.name in TRAININGS]
    report_dead_taps(jobs)
    remaining = sum(workflow.dag.needrun(job) for job in jobs)
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
atexit.register(report_trainings)


onstart:
    # Snakemake 9.27 looks for jobs again a second after each look, and each job that ends adds one
    # more such chain: after some hundred jobs it does little else. Without its default limit of 100
    # jobs a second it looks when a job ends. A limit that was asked for stays.
    limit = workflow.scheduling_settings.max_jobs_per_timespan
    if (limit.max_jobs, limit.timespan) == (100, 1):
        workflow.scheduler.job_rate_limiter = None
    # Only now is it known which jobs will run: a figure can be redrawn without any data.
    absent = presence.fetch_missing(
        CONFIG, set(filter(None, map(reads_data, workflow.dag.needrun_jobs())))
    )
    if absent:
        raise WorkflowError("\n".join(absent))


def remember_parameters():
    """Look up the parameters of each function once; Snakemake does so at each of its calls.

    These lookups were a fifth of the whole paper's dry run.
    """
    functions = {Resource.evaluate}
    for rule in workflow.rules:
        functions |= {f for f in (*rule.input, *rule.params) if callable(f)}
        functions |= {r._evaluator for r in rule.resources.values() if r.is_evaluable()}
    for function in functions:
        overwrite_function_params(function, inspect.signature(function).parameters)


remember_parameters()
