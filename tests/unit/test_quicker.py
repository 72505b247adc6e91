"""Snakemake with what it does once, not over and over: the same errors and the same words."""

import subprocess
import sys

import pytest

NESTED = """
from lottery import quicker
rule one:
    output: directory("folder")
    shell: "mkdir {output}"
rule two:
    output: "folder/inside.txt"
    shell: "touch {output}"
rule all:
    default_target: True
    input: "folder", "folder/inside.txt"
quicker.install(list(workflow.rules), lambda: False, lambda job: None, tuple)
"""
PLAIN = """
from lottery import quicker
rule one:
    output: "{name}.txt"
    params: twice=lambda w: w.name * 2
    shell: "echo {params.twice} > {output}"
rule all:
    default_target: True
    input: "a.txt", "b.txt"
quicker.install(list(workflow.rules), lambda: False, lambda job: None, tuple)
"""


def dry(folder, snakefile, *options):
    """What a dry run prints."""
    (folder / "Snakefile").write_text(snakefile)
    command = [sys.executable, "-m", "snakemake", "-n", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


def test_a_result_inside_of_another_jobs_folder_is_still_refused(tmp_path):
    assert "ChildIOException" in dry(tmp_path, NESTED)


@pytest.mark.parametrize("options", [["-p"], []])
def test_shell_commands_are_printed_where_they_are_asked_for(tmp_path, options):
    said = dry(tmp_path, PLAIN, *options)
    assert ("echo aa > a.txt" in said, "echo bb > b.txt" in said) == (bool(options),) * 2
    assert "wildcards: name=a" in said
    assert "wildcards: name=b" in said


def test_quiet_runs_count_all_jobs_and_print_none(tmp_path):
    said = dry(tmp_path, PLAIN, "--quiet", "rules")
    assert "total        3" in said
    assert "wildcards" not in said


FORMULAS = """
from lottery import quicker
rule one:
    output: "{name}.{number}.txt"
    resources: size=lambda w: len(w.name), other=1
    shell: "touch {output}"
rule all:
    default_target: True
    input: "a.1.txt", "aa.1.txt", "aa.2.txt"
quicker.install(list(workflow.rules), lambda: False, lambda job: None, lambda w: w["name"])
"""


def test_resources_are_those_of_jobs_alike(tmp_path):
    said = dry(tmp_path, FORMULAS)
    names = [line for line in said.splitlines() if "wildcards: " in line]
    sizes = [line.split("size=")[1][0] for line in said.splitlines() if "size=" in line]
    assert sizes == ["1" if "name=a," in line else "2" for line in names]
    assert sorted(sizes) == ["1", "2", "2"]


def test_a_formula_of_the_command_line_may_read_what_else_differs(tmp_path):
    said = dry(tmp_path, FORMULAS, "--set-resources", "one:other=int(wildcards.number) + 5")
    given = [line for line in said.splitlines() if "resources:" in line]
    assert {line.split("other=")[1][0] for line in given} == {"6", "7"}
