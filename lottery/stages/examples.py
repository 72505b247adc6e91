"""A finished training, set up again for a pruning criterion that runs its network."""

import argparse
import contextlib
from collections.abc import Iterator

from lottery import artifacts, tasks
from lottery.messages import log
from lottery.pruning.examples import Examples
from lottery.pruning.weights import unpack
from lottery.specs import Chain, GenerateSpec
from lottery.stages import inputs
from lottery.stages.running import Running


@contextlib.contextmanager
def opened(
    args: argparse.Namespace, chain: Chain, spec: GenerateSpec, weights: str
) -> Iterator[Examples]:
    """The training of `spec`, whose `weights` are W*, with the data and the device of `args`.

    Raises: LotteryError as a training does.
    """
    how, running = spec.training(), Running.of(args)
    task = tasks.make(how.task, how.recipe)
    data = inputs.data(spec.subset(), args.subset, args.images, task.hides_labels)
    with running.place(how.recipe.precision, how.dataset) as place:
        log(f"criterion {chain.criterion}: on {place.words}")
        model = inputs.network(chain, task.outputs(data.classes), "init", place.device)
        model.load_state_dict(unpack(artifacts.load(weights, "weights", spec)))
        source = running.source(data.train, how.dataset, place.device)
        yield Examples(model, task, source, how.recipe, chain.seed)
