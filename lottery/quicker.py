"""What Snakemake does over and over for each job of a plan, done once: same jobs, same words.

Each change is of a function that gives the same for the same question, asked several times of each
of ten thousand jobs. If Snakemake's own is renamed, planning fails at once, not silently.
"""

import inspect
import os
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Any

from snakemake import io as snakemake_io
from snakemake import jobs as snakemake_jobs
from snakemake import resources as snakemake_resources
from snakemake import rules as snakemake_rules
from snakemake.common import overwrite_function_params
from snakemake.dag import DAG
from snakemake.io import _IOFile, fmt, is_callable, is_flagged
from snakemake.iocontainers import Wildcards
from snakemake.jobs import Job
from snakemake.output_index import OutputIndex
from snakemake.resources import Resource
from snakemake.rules import Rule
from snakemake.settings.enums import Quietness

SILENT = {Quietness.RULES, Quietness.ALL}
"""With these Snakemake prints no jobs."""


def install(
    rules: Collection[Rule],
    grouped: Callable[[], bool],
    warn: Callable[[Any], None],
    alike: Callable[[Any], Hashable],
) -> None:
    """Have every plan of this process made so.

    `grouped` is whether functions of `group` count, and `warn` says of a job what its parameters
    would say, were they found before a plan is made. Jobs of a rule for whose wildcards `alike`
    gives the same need the same resources.
    """
    _remember_parameters(rules)
    _remember_wildcards()
    _make_what_is_printed()
    _ask_groups_where(grouped)
    _look_up_folders()
    _remember_producers()
    _look_at_plain_files()
    _leave_finished_names()
    _find_resources_once(rules, alike)
    if not any(rule.conda_env for rule in rules):
        _find_no_environments(warn)


def _remember_parameters(rules: Collection[Rule]) -> None:
    """Snakemake looks up which parameters a function has at each of its calls."""
    functions: set[Any] = {Resource.evaluate}
    for rule in rules:
        asked = (*rule.input, *rule.params, rule.group)
        functions |= {_function(each) for each in asked if is_callable(each)}
        functions |= {r._evaluator for r in rule.resources.values() if r.is_evaluable()}
    for function in functions:
        overwrite_function_params(function, inspect.signature(function).parameters)


def _function(asked: Any) -> Any:
    """That of an input, a parameter or a group, which Snakemake wraps in some of these."""
    asked = getattr(asked, "_file", asked)
    return getattr(asked, "callable", asked)


def _remember_wildcards() -> None:
    """Of each job, its functions get the same wildcards: about ten times."""
    last: tuple[Mapping[str, str] | None, Wildcards | None] = None, None

    def wildcards(fromdict: Mapping[str, str]) -> Wildcards | None:
        nonlocal last
        known, found = last
        if known is not fromdict:
            found = Wildcards(fromdict=fromdict)
            last = fromdict, found
        return found

    snakemake_rules.Wildcards = wildcards


def _make_what_is_printed() -> None:
    """To print a job of a dry run, its shell command is made three times, if it is printed or not.

    For it all parameters are found, and for these the resources.
    """
    command, log = Job.shellcmd.fget, Job.log_info
    last: tuple[Any, str | None] = None, None

    def shellcmd(job: Any) -> str | None:
        nonlocal last
        workflow = job.dag.workflow
        if not workflow.dryrun:  # there its inputs appear, and its parameters change
            return command(job)
        if _printed_by_snakemake(workflow) and not workflow.output_settings.printshellcmds:
            return None
        if last[0] is not job:
            last = job, command(job)
        return last[1]

    def log_info(job: Any, *given: Any, **more: Any) -> None:
        workflow = job.dag.workflow
        quiet = SILENT.intersection(workflow.output_settings.quiet or ())
        if not (workflow.dryrun and quiet and _printed_by_snakemake(workflow)):
            log(job, *given, **more)

    Job.shellcmd, Job.log_info = property(shellcmd), log_info


def _printed_by_snakemake(workflow: Any) -> bool:
    """Whether no plugin gets to know of jobs what Snakemake itself does not print."""
    return not workflow.output_settings.log_handler_settings


def _ask_groups_where(grouped: Callable[[], bool]) -> None:
    """Snakemake asks for a job's group again as long as the answer is none."""
    expand = Rule.expand_group

    def expand_group(rule: Any, wildcards: Any) -> Any:
        if callable(rule.group) and not grouped():
            return None
        return expand(rule, wildcards)

    Rule.expand_group = expand_group


def _look_up_folders() -> None:
    """Whether a job's result lies in a folder that is another's: by look-up, not by comparing."""
    check = DAG.check_directory_outputs

    def check_directory_outputs(dag: Any) -> None:
        files = {os.path.abspath(file) for job in dag.jobs for file in job.output}  # noqa: PTH100
        around = {os.path.dirname(file) for file in files}  # noqa: PTH120
        new = around
        while new:
            new = {os.path.dirname(folder) for folder in new} - around  # noqa: PTH120
            around |= new
        if not files.isdisjoint(around):
            check(dag)  # its error names the jobs, unless they are one

    DAG.check_directory_outputs = check_directory_outputs


def _remember_producers() -> None:
    """Which rules make a file is asked for each job that reads it; rules are all known by then."""
    producers = OutputIndex.match_producers

    def match_producers(index: Any, targetfile: str) -> set[Rule]:
        known = index.__dict__.setdefault("_known", {})
        if targetfile not in known:
            known[targetfile] = producers(index, targetfile)
        return known[targetfile]

    OutputIndex.match_producers = match_producers


def _look_at_plain_files() -> None:
    """Each file is asked for ten flags, one after the other, also where it has none at all."""
    show = fmt.fmt_iofile

    def is_storage(file: Any) -> bool:
        return bool(getattr(file._file, "flags", None)) and is_flagged(file._file, "storage_object")

    def fmt_iofile(file: Any, as_input: bool = False, as_output: bool = False) -> str:
        if isinstance(file, _IOFile) and not file.flags:
            return str(file)
        return show(file, as_input=as_input, as_output=as_output)

    _IOFile.is_storage = property(is_storage)
    snakemake_jobs.fmt_iofile = fmt_iofile


def _leave_finished_names() -> None:
    """Wildcards are put into each name of a file, also where all are in it by then."""
    apply = snakemake_io.apply_wildcards

    def apply_wildcards(pattern: str, wildcards: Any) -> str:
        return apply(pattern, wildcards) if "{" in pattern else pattern

    snakemake_io.apply_wildcards = apply_wildcards


def _find_resources_once(rules: Collection[Rule], alike: Callable[[Any], Hashable]) -> None:
    """To print a job of a dry run, its resources are found, which jobs alike have in common."""
    expand = Rule.expand_resources
    shared = {rule.name for rule in rules if not _asks_by_job(rule)}
    known: dict[Hashable, Any] = {}

    def expand_resources(
        rule: Any, wildcards: Any, files: Any, attempt: int, **skipped: Any
    ) -> Any:
        if not rule.workflow.dryrun or rule.name not in shared:
            return expand(rule, wildcards, files, attempt, **skipped)
        asked = rule.name, attempt, alike(wildcards)
        if asked not in known:
            known[asked] = expand(rule, wildcards, files, attempt, **skipped)
        return known[asked]

    Rule.expand_resources = expand_resources


def _asks_by_job(rule: Any) -> bool:
    """Whether a profile or the command line gives a resource's formula, which may read anything."""
    formulas = (r for r in rule.resources.values() if r.is_evaluable() and r.name != "tmpdir")
    return any(inspect.getmodule(f._evaluator) is snakemake_resources for f in formulas)


def _find_no_environments(warn: Callable[[Any], None]) -> None:
    """All parameters of all jobs are found before a plan is made, for Conda environments' names."""

    def update_conda_envs(dag: Any) -> None:
        for job in dag.jobs:
            warn(job)

    DAG.update_conda_envs = update_conda_envs
