"""Training a ticket and testing the result: what `generate` and `evaluate` share."""

from collections.abc import Sequence
from typing import Any

from torch import nn

from lottery.pruning.mask import Mask
from lottery.specs import Augmentation, EvaluateSpec, Rewind, Training
from lottery.stages.inputs import Data
from lottery.stages.running import Place, Running
from lottery.tasks import Task
from lottery.training.checkpoints import Checkpoints, stopping_at_once
from lottery.training.loop import TrainingLoop
from lottery.training.measure import measure, stalled, tell
from lottery.training.statistics import Result


def train_and_test(
    model: nn.Module,
    mask: Mask,
    task: Task,
    data: Data,
    how: Training | EvaluateSpec,
    seed: int,
    label: str,
    running: Running,
    place: Place,
    checkpoints: Checkpoints | None,
    rewind: Rewind | None,
    rewinds: Sequence[Rewind] = (),
    longer: Rewind | None = None,
) -> tuple[Result, dict[str, Any]]:
    """Train a ticket in place, `model` with its weights under its `mask`, and test the network.

    `how` names the data set and the recipe. `rewind` is the ticket's; a dense training and a
    drawn network have none, but may be trained `longer`. `rewinds` are the points at which W_k is
    kept. Returns what the training left and what was measured of the network.

    Raises: LotteryError if the training diverged; Stopped if it was asked to stop.
    """
    recipe, execution = how.recipe, place.execution
    result = TrainingLoop(
        model,
        task,
        running.source(data.train, how.dataset, place.device),
        recipe,
        seed,
        mask,
        rewinds=rewinds,
        label=label,
        checkpoints=checkpoints,
        execution=execution,
        rewind=rewind,
        longer=longer,
    ).run()
    tests = running.source(data.test, how.dataset, place.device)
    augmentation = recipe.augmentation if task.compares_views else Augmentation()
    with stopping_at_once(checkpoints):
        measured = measure(model, task, tests, augmentation, seed, execution)
    measured["stalled"] = stalled(task, data.train.labels, result)
    tell(label, mask, measured)
    return result, measured
