"""What a job asks for, by its recipe and by what one like it took."""

import re

from tests.workflow.project import FIGURE, TINY


def minutes(project, rule):
    """The time that each job of a rule asks for."""
    done = project.snakemake(FIGURE, "-n", "--configfile", TINY)
    assert done.returncode == 0, done.stdout
    blocks = re.findall(rf"^rule {rule}:\n(.*?)\n\n", done.stdout, re.MULTILINE | re.DOTALL)
    return {int(re.search(r"runtime=(\d+)", block)[1]) for block in blocks}


TRAININGS = ("generate_dense", "generate", "evaluate_dense", "evaluate")


def test_before_its_first_training_a_recipe_is_guessed(untouched):
    assert [minutes(untouched, rule) for rule in TRAININGS] == [{240}] * 4


def test_a_training_asks_for_the_time_that_one_of_another_seed_took(edited):
    edited.overlay({"seeds": [1]})
    assert [minutes(edited, rule) for rule in TRAININGS] == [{10}] * 4
    edited.overlay({"max_minutes": 5})
    assert [minutes(edited, rule) for rule in TRAININGS] == [{5}] * 4
