"""The learning rate and the rewind point, counted in updates."""

import pytest

from lottery.specs import Rewind
from lottery.training.schedule import Schedule
from tests.conftest import recipe


def test_the_rate_steps_down_at_each_milestone():
    schedule = Schedule(recipe(epochs=4, milestones=(2, 3)), [10, 10])
    rates = [schedule.learning_rate(update) for update in range(8)]
    assert rates == pytest.approx([1e-3] * 4 + [1e-4] * 2 + [1e-5] * 2)


def test_warm_up_is_linear_from_the_first_update():
    schedule = Schedule(recipe(epochs=4, warmup_epochs=2), [10, 10])
    rates = [schedule.learning_rate(update) for update in range(5)]
    assert rates == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3])


@pytest.mark.parametrize(
    ("point", "update"),
    [
        (Rewind(epochs=3), 2505),
        (Rewind(samples=3 * 1_281_167), 2505),
        (Rewind(updates=2500), 2500),
        (Rewind(percent=10 / 3), 2505),
    ],
)
def test_table_1_first_row(point, update):
    """ImageNet, 90 epochs of 1,281,167 images in batches of 1536: about 2500 updates."""
    full, rest = divmod(1_281_167, 1536)
    schedule = Schedule(recipe(epochs=90), [1536] * full + [rest])
    assert schedule.update_at(point) == update
