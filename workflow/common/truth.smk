# Which jobs must run: decided by the headers of what is there, see lottery/planning.py.
import atexit
import json

from lottery import fingerprint, planning, truth
from lottery import specs as lottery_specs
from lottery import work

HOLDS = {
    "images": {"images": "images", "report": "images"},
    "subset": {"indices": "subset"},
    "generate_dense": {"weights": "weights", "report": "generation"},
    "generate": {"weights": "weights", "report": "generation"},
    "evaluate_dense": {"report": "evaluation"},
    "evaluate": {"report": "evaluation"},
    "evaluate_imported": {"report": "evaluation"},
    "sparsity": {"report": "sparsity"},
    "aggregate": {"report": "table"},
    "plot": {"png": "figure"},
    "claims": {"report": "claims"},
} | {rule: {"mask": "mask"} for rule in MASKS}
"""What the outputs of each rule hold that have a header."""


def given(job, name: str) -> str:
    """A parameter of a job that depends on its wildcards only: to find all takes ten times longer."""
    found = job.rule.params.get(name)
    return found(job.wildcards) if callable(found) else job.params.get(name)


@functools.cache
def codes_before(job) -> frozenset[str]:
    """The code of all stages that lead to what a job makes."""
    own = {given(job, "code")} if job.rule.name in HOLDS else set()
    return frozenset(own.union(*map(codes_before, workflow.dag.dependencies[job])))


def made_from(job) -> dict[str, str]:
    """The files that a job's headers name as its inputs."""
    if job.rule.name == "aggregate":
        reports = figure_reports(job.wildcards)
        there = filter(os.path.exists, reports) if CONFIG.partial else reports
        return {path.removeprefix(f"{RESULTS}/"): path for path in there}
    if job.rule.name == "claims":
        return {os.path.basename(path)[: -len(".csv")]: path for path in job.input}
    return files_read(job.wildcards, job.input)


def held(job) -> dict[str, tuple[str, str]]:
    """The results of a job that have a header: what each holds, and the text of its spec."""
    text = given(job, "spec")
    found = {
        job.output.get(name): (what, text)
        for name, what in HOLDS[job.rule.name].items()
    }
    if job.rule.name == "generate_dense":
        spec = lottery_specs.parse(lottery_specs.GenerateSpec, text)
        trained = spec.trained()
        found = {path: (what, trained.text()) for path, (what, _) in found.items()}
        for name, point in spec.rewinds.items():
            at = lottery_specs.EarlySpec(dense=trained, rewind=point)
            found[f"{job.output.early}/{name}.pt"] = "early", at.text()
    return found


@functools.cache
def stale(job) -> str | None:
    """Why what is there of a job's results must be made again."""
    if not any(map(os.path.exists, job.output)):
        return None  # without reading any code
    return differs(job, codes_before(job))


def differs(job, codes: frozenset[str]) -> str | None:
    """Why what is there of a job's results is not what it would make, after stages of these codes."""
    if job.rule.name not in HOLDS:
        return None
    partial = CONFIG.partial and job.rule.name in ("aggregate", "plot", "claims")
    inputs = None
    for path, (what, text) in held(job).items():
        if not os.path.exists(path):
            continue
        inputs = made_from(job) if inputs is None else inputs
        expected = truth.Expected(
            path,
            what,
            text,
            codes,
            fingerprint.named(given(job, "code")),
            inputs,
            partial,
        )
        if words := truth.stale(expected):
            return words
    if inputs is not None and job.rule.name == "images":
        return other_folder(job)
    return None


def other_folder(job) -> str | None:
    """Whether the folder of a data set holds other images than when it was read."""
    try:
        with open(job.output.report) as file:
            then = json.load(file)["result"].get("contents", "")
    except (OSError, ValueError):
        return None  # missing; damaged ones are told before
    return (
        None if then == job.params.contents else f"{job.output.report}: another folder"
    )


def every_file(job):
    return made_from(job).values() if job.rule.name in HOLDS else []


def is_made(job) -> bool:
    """Whether all results of a job are there by now, and are what it would make of its inputs.

    Of these the files tell: a job that was sent elsewhere knows no other jobs.
    """
    truth.forget()
    if job.rule.name not in HOLDS or not all(map(os.path.exists, job.output)):
        return False
    before = filter(None, map(truth.header, every_file(job)))
    codes = {given(job, "code")}.union(*(header["codes"] for header in before))
    return not differs(job, frozenset(codes))


def clears(job) -> bool:
    """Whether a job removes what is there of its results: not what another process makes, nor what
    is right.
    """
    if job.rule.name in TRAININGS and os.path.exists(paths.lock(job.output.report)):
        return False
    return not is_made(job)


planning.install(stale, clears, every_file)


def found_by(job) -> dict[str, list[str]]:
    """The figures that a job's results are for, and the ticket or dense network that they are of."""
    w = job.wildcards
    named = (w.get(key) for key in ("ticket", "dense", "dataset"))
    place = next(filter(None, named), "")
    return {"figures": sorted(figures_of(job)), "of": place}


@functools.cache
def figures_of(job) -> frozenset[str]:
    own = {job.wildcards.figure} if job.rule.name in ("aggregate", "plot") else set()
    after = workflow.dag.depending[job]
    return frozenset(own.union(*map(figures_of, after)))


def work_of(job) -> work.Work | None:
    """What a training takes to learn."""
    if job.rule.name not in TRAININGS:
        return None
    kind = (
        lottery_specs.GenerateSpec
        if job.rule.name in ("generate", "generate_dense")
        else lottery_specs.EvaluateSpec
    )
    return work.Work.of(
        lottery_specs.parse(kind, given(job, "spec")), images_there(job)
    )


def images_there(job) -> int | None:
    """How many training images a data set has, if the config does not say and they were counted."""
    if CONFIG.datasets[joined(job.wildcards).dataset].train_images is not None:
        return None
    counted = paths.images_report(RESULTS, joined(job.wildcards).dataset)
    try:
        with open(counted) as file:
            return json.load(file)["result"]["train"]["images"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def size_of(job, what: str) -> int:
    """Bytes of a result on disk, about."""
    if what == "images":
        return work.images_on_disk(CONFIG.dataset(job.wildcards.dataset))
    if what not in ("weights", "early", "mask"):
        return work.HEADER_BYTES
    pruned = int(job.wildcards.round) if job.rule.name == "generate" else 0
    return work.size_on_disk(what, chain_of(job.wildcards), pruned)


def why_again(job) -> dict:
    """Why what is there of a job's results must be made again, and the code that would make it."""
    modules = fingerprint.named(given(job, "code")).modules
    return {"stale": stale(job), "modules": modules}


def slurm_job(job) -> str:
    """What names the SLURM job that a job runs in; nothing, if it runs where snakemake does."""
    if job.rule.name in workflow._localrules:
        return ""
    job_of = JOBS.get(job.rule.name)
    return (job_of and job_of(job.wildcards)) or f"{job.rule.name} of {job.output[0]}"


def write_plan():
    """For commands that tell or change what there is: each result, what it would be made by, whether
    it is there and why it would be made again, and what that takes."""
    if workflow.dag is None:  # the plan failed; one of no jobs to run is false
        return
    results = []
    jobs = [job for job in workflow.dag.jobs if job.rule.name in HOLDS]
    numbers = {job: number for number, job in enumerate(jobs)}
    for job, number in numbers.items():
        before = workflow.dag.dependencies[job]
        about = {
            "rule": job.rule.name,
            **found_by(job),
            "runs": workflow.dag.needrun(job),
            "job": number,
            "slurm_job": slurm_job(job),
            "before": [numbers[other] for other in before if other in numbers],
            "log": next(iter(job.log), ""),
            "work": work_of(job),
            "devices": gpus(job.wildcards) if job.rule.name in TRAININGS else 0,
        }
        for path, (what, text) in held(job).items():
            there = os.path.exists(path)
            result = {
                **about,
                "path": path,
                "what": what,
                "key": lottery_specs.key_of(text),
                "there": there,
                "codes": sorted(codes_before(job)),
                "size": size_of(job, what),
            }
            results.append(result | (why_again(job) if there else {}))
    results += imported_results(results)
    with open(os.environ[truth.PLAN], "w") as file:
        json.dump(results, file)


if truth.PLAN in os.environ:
    atexit.register(write_plan)
