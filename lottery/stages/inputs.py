"""Reading what earlier stages wrote, checked against this stage's own chain."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from lottery import artifacts, models
from lottery.catalogue.tasks import TASKS
from lottery.data.batches import UNLABELLED
from lottery.data.datasets import SPLITS, Images, Listing
from lottery.errors import LotteryError, reason
from lottery.models.layout import layout
from lottery.pruning import weights
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import dense_mask, prunable
from lottery.specs import (
    Chain,
    Dataset,
    EarlySpec,
    EvaluateSpec,
    GenerateSpec,
    ImagesSpec,
    MaskSpec,
    SubsetSpec,
)
from lottery.training.schedule import Behind

DRAWN = "baseline init"
"""The purpose of the seed from which the weights of baselines are drawn."""


class Data(NamedTuple):
    """The images of one training; labels count the drawn classes from 0."""

    train: Images | Listing
    test: Images | Listing
    classes: int


def images(
    dataset: Dataset, path: str
) -> tuple[dict[str, tuple[Images | Listing, str]], list[str]]:
    """By split, the images of a data set and their digest; and the names of its classes, if known.

    Raises: LotteryError if they are missing or of another data set.
    """
    payload = artifacts.load(path, "images", ImagesSpec(dataset=dataset), *SPLITS)
    kind = Listing if dataset.streamed else Images
    found: dict[str, tuple[Images | Listing, str]] = {}
    for split in SPLITS:
        try:
            fields = [payload[split][field] for field in kind._fields]
            found[split] = kind(*fields), payload[split]["digest"]
        except KeyError as error:
            raise LotteryError(f"{path}: damaged: its {split} split holds no {error}") from None
    return found, payload.get("classes", [])


def data(spec: SubsetSpec, subset: str, path: str, hide_labels: bool = False) -> Data:
    """Both splits, reduced to the drawn indices and classes.

    With `hide_labels` all training images are kept, but only the drawn ones have a label.

    Raises: LotteryError if the images are not those that the subset was drawn from.
    """
    drawn = artifacts.load(subset, "subset", spec, "indices", "classes", *SPLITS)
    found, _ = images(spec.dataset, path)
    for split, (_, digest) in found.items():
        if digest != drawn[split]:
            raise LotteryError(f"{subset}: drawn from other {split} images than those of {path}")
    (train, _), (test, _) = found.values()
    whole = len(drawn["indices"]) == len(train.labels)  # and in order: no copy is needed
    chosen = train if whole else train.select(drawn["indices"])
    if hide_labels:
        labels = torch.full_like(train.labels, UNLABELLED)
        labels[drawn["indices"]] = chosen.labels
        chosen = train._replace(labels=labels)
    test = test.select(torch.nonzero(torch.isin(test.labels, drawn["classes"])).flatten())
    renumber = torch.full((spec.dataset.classes + 1,), UNLABELLED)  # its last is that of -1
    renumber[drawn["classes"]] = torch.arange(len(drawn["classes"]))
    chosen, test = (split._replace(labels=renumber[split.labels]) for split in (chosen, test))
    return Data(chosen, test, len(drawn["classes"]))


def network(chain: Chain, outputs: int, purpose: str, device: torch.device) -> nn.Module:
    """A fresh network of the chain's architecture on its device."""
    model = models.build(chain.architecture, outputs, chain.seed, purpose)
    return model.to(device).to(memory_format=layout(model))


def rewind(model: nn.Module, chain: Chain, round: int, early: str, outputs: int) -> Behind:
    """Set a network to the weights of a round's ticket, bit for bit: the chain's W_k.

    Where the ticket is not rewound, `early` holds W* of the round before instead (in round 0 still
    W_0). Only the first `outputs` rows of the head are set; the rest stays as freshly drawn.
    Returns the training that these weights have behind them.

    Raises: LotteryError if the weights are of another network.
    """
    training = chain.training
    assert training is not None  # only a found ticket has weights
    assert training.rewind is not None  # only a dense training has none
    state: dict[str, Tensor]
    if training.rewind.none and round:
        spec = GenerateSpec.of(chain, round - 1)
        payload = artifacts.load(early, "weights", spec, "values", *Behind._fields)
        state = weights.unpack(payload)
    else:
        payload = artifacts.load(early, "early", EarlySpec.of(chain), "model", *Behind._fields)
        state = payload["model"]
    own, head = model.state_dict(), models.head(model)
    try:
        for name in (f"{head}.weight", f"{head}.bias"):
            kept = own[name].to("cpu", copy=True)
            kept[:outputs] = state[name][:outputs]
            state = {**state, name: kept}
        model.load_state_dict(state)
    except (RuntimeError, KeyError) as error:
        raise LotteryError(
            f"{early}: weights of another architecture: {reason(error, -1)}"
        ) from None
    return Behind(*(int(payload[field]) for field in Behind._fields))


def begin(
    spec: EvaluateSpec, outputs: int, early: str | None, device: torch.device
) -> tuple[nn.Module, Behind]:
    """The network that an evaluation begins with, and the training that it has behind it.

    It has the weights in the file `early`, W_k or W* of the round before; without, all are drawn.
    Those of a reinitialised ticket that can be pruned are drawn in any case.

    Raises: LotteryError if the weights are missing, damaged, or of another chain.
    """
    chain, rewound = spec.chain, spec.chain.rewound
    if early is None or rewound is None:
        return network(chain, outputs, DRAWN, device), Behind()
    model = network(chain, outputs, "init", device)
    behind = rewind(model, rewound, spec.round, early, outputs if keeps_head(spec) else 0)
    if chain.redraws:
        drawn = prunable(network(chain, outputs, DRAWN, device))
        with torch.no_grad():
            for name, weight in prunable(model).items():
                weight.copy_(drawn[name])
    return model, behind


def keeps_head(spec: EvaluateSpec) -> bool:
    """Whether an evaluation begins with the head of W_k, which tells the same classes apart."""
    rewound = spec.chain.rewound
    found = rewound.training if rewound else None
    if found is None or spec.head == "redraw":
        return False
    same = (found.dataset, found.subset.classes) == (spec.dataset, None)
    return same and TASKS[found.task].classifies


def early(chain: Chain, kept: Mask, path: str | None) -> dict[str, Tensor]:
    """The prunable weights of W_k that a round's training started from: pruned ones are zero.

    Raises: LotteryError if they are missing or of another chain or architecture.
    """
    if path is None:
        raise LotteryError(f"--early: criterion {chain.criterion} compares with W_k")
    state = artifacts.load(path, "early", EarlySpec.of(chain), "model")["model"]
    try:
        found = {name: state[name] for name in kept.shapes}
        kept.check_fits(found)
    except (KeyError, LotteryError) as error:
        raise LotteryError(f"{path}: weights of another architecture: {error}") from None
    return kept.expand(kept.compress(found))


def trained(spec: GenerateSpec, path: str | None) -> dict[str, Tensor]:
    """The prunable weights among W* of a training, in the network's order.

    Raises: LotteryError if they are missing or of another training.
    """
    if path is None:
        raise LotteryError(f"--weights: round {spec.round} of {spec.chain.ticket} is needed")
    payload = artifacts.load(path, "weights", spec, "mask", "values")
    try:
        return weights.prunable(payload)
    except LotteryError as error:
        raise LotteryError(f"{path}: {error}") from None


def mask(weights: Mapping[str, Tensor], chain: Chain, round: int, path: str | None) -> Mask:
    """The mask of a round over the prunable `weights`; round 0 is dense and has none.

    Raises: LotteryError if it is damaged, missing, or of another chain or architecture.
    """
    if (path is None) != (round == 0):
        raise LotteryError(f"--mask: round {round} {'needs a' if round else 'has no'} mask")
    if path is None:
        return dense_mask(weights, chain.architecture, chain.excluded_at)
    payload = artifacts.load(path, "mask", MaskSpec(chain=chain, round=round))
    try:
        found = Mask.unpack(payload)
        found.check_fits(weights)
    except LotteryError as error:
        raise LotteryError(f"{path}: {error}") from None
    return found
