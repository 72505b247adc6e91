"""CPU threads of trainings: the cores over what trains side by side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottery import threads


def trains(job):
    return job.startswith("train")


CHAIN = {"train2": ["mask1"], "mask1": ["train1"], "train1": ["images"]}


def test_a_lonely_chain_is_one_training_at_a_time():
    assert threads.side_by_side(CHAIN, trains) == 1


def test_two_chains_are_two():
    other = {f"{job}'": [f"{n}'" for n in needs] for job, needs in CHAIN.items()}
    assert threads.side_by_side(CHAIN | other, trains) == 2


def test_evaluations_beside_a_chain_count_by_half_where_they_are_half_as_many():
    assert threads.side_by_side(CHAIN | {"train evaluation": ["images"]}, trains) == 1.5


def test_a_plan_without_trainings_has_none():
    assert threads.side_by_side({"mask": ["images"]}, trains) == 0
    assert threads.side_by_side({}, trains) == 0


@pytest.mark.parametrize(
    ("cores", "side_by_side", "each"),
    [(2, 1, 2), (2, 1.4, 1), (4, 1.4, 2), (4, 30, 1), (16, 2, 8), (64, 1, threads.MOST), (4, 0, 4)],
)
def test_cores_are_shared(cores, side_by_side, each):
    assert threads.shared(cores, side_by_side) == each


@given(st.integers(1, 256), st.floats(0, 1000))
def test_no_more_threads_than_cores_and_at_least_one(cores, side_by_side):
    each = threads.shared(cores, side_by_side)
    assert 1 <= each <= cores
    assert each == 1 or each * side_by_side <= cores
