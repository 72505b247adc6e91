"""Reading results from your own code: `import lottery` offers these, imported on first use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lottery import artifacts, config, headers, models, paths, tasks
from lottery.errors import LotteryError
from lottery.exchange import imported
from lottery.pruning import weights
from lottery.pruning.mask import Mask
from lottery.pruning.prunable import prunable
from lottery.specs import (
    Chain,
    Dataset,
    EvaluateSpec,
    ImportSpec,
    MaskSpec,
    Subset,
    Training,
    parse_in,
)
from lottery.stages import inputs


@dataclass(frozen=True)
class Ticket:
    """A ticket (W_k, m) of one round."""

    model: nn.Module
    """The network with all of W_k, pruned weights included, on the CPU and in training mode."""
    mask: Mask
    header: Mapping[str, Any]
    """That of `mask.pt`, or of an imported ticket's file."""
    dataset: Dataset | None
    """What its network is trained on; None if that is not known of an imported ticket."""
    start: Path | None
    """The file of its weights; None for a baseline whose weights are all drawn, and for an
    imported ticket, whose file has both."""

    def pruned(self) -> nn.Module:
        """The network with its pruned weights set to zero, in place."""
        own = dict(self.model.named_parameters())
        with torch.no_grad():
            for name, kept in self.mask.layers().items():
                own[name][~kept] = 0
        return self.model


def load_config(*files: str | Path) -> config.Config:
    """`config.yaml` with its overlays, typed and checked; of two files the later one wins.

    Raises: LotteryError naming each file and key that is wrong.
    """
    return config.load(list(files))


def load_header(path: str | Path) -> dict[str, Any]:
    """What a `.pt` file is and what it was made from: its spec, inputs, versions, device.

    Raises: LotteryError if it is absent, damaged or foreign.
    """
    header, _ = artifacts.read(path)
    return header


def load_mask(path: str | Path) -> Mask:
    """A `mask.pt`, or the mask of an imported ticket.

    `Mask.layers()` gives a bool tensor for each pruned parameter, True where kept.

    Raises: LotteryError if it is absent, damaged or something else.
    """
    payload = _payload(path, "mask", "imported")
    return Mask.unpack(payload.get("mask", payload))


def load_weights(path: str | Path) -> Mapping[str, Tensor]:
    """A `state_dict`, float32 on the CPU: W* of a `weights.pt`, or W_k of a file in `early/`.

    Pruned weights of W* are zero; W_k is the whole network's. Those of an imported ticket are as
    they were given.

    Raises: LotteryError if it is absent, damaged or something else.
    """
    payload = _payload(path, "weights", "early", "imported")
    return payload["model"] if "model" in payload else weights.unpack(payload)


def load_ticket(folder: str | Path) -> nn.Module:
    """The ticket of a round, from its folder: W_k with pruned weights zero, in a torch network.

    It has as many outputs as its generation task, is on the CPU and in training mode. The weights
    of a baseline are drawn as for its evaluation, whose report must lie beside its mask. An
    imported ticket is loaded from its file, `results/imported/NAME.pt`.

    Raises: LotteryError if the mask, W_k, or the report of a baseline is absent, damaged or of
        another chain, or if the folder does not lie in a results folder as its spec says.
    """
    return read_ticket(folder).pruned()


def read_ticket(folder: str | Path) -> Ticket:
    """The parts of `load_ticket`, with the same errors."""
    if Path(folder).suffix == ".pt":
        return _imported(folder)
    given = Path(paths.mask(str(folder)))
    header, payload = artifacts.read(given)
    if header["what"] != "mask":
        raise LotteryError(f"{given}: holds {header['what']!r}, expected 'mask'")
    spec = parse_in(MaskSpec, header)
    chain, place = spec.chain, Path(folder).absolute()
    root = str(place.parents[3]) if len(place.parents) > 3 else ""
    expected = paths.round_folder(root, chain.ticket, chain.seed, spec.round)
    if Path(expected) != place:
        raise LotteryError(f"{folder}: by its mask's spec it must end like {expected}")
    start = None
    if chain.training:
        model, dataset, start = _rewound(root, chain, chain.training, spec.round)
    else:
        evaluation = _evaluation(place, chain)
        dataset, outputs = evaluation.dataset, evaluation.dataset.classes
        if chain.rewound and chain.rewound.training:
            start = Path(_start(root, chain.rewound, chain.rewound.training, spec.round))
        early = str(start) if start else None
        model, _ = inputs.begin(evaluation, outputs, early, torch.device("cpu"))
    mask = Mask.unpack(payload)
    mask.check_fits(prunable(model, chain.convolutions))
    return Ticket(model, mask, header, dataset, start)


def _imported(path: str | Path) -> Ticket:
    header, payload = artifacts.read(path)
    if header["what"] != "imported":
        raise LotteryError(f"{path}: holds {header['what']!r}; a ticket of here is a folder")
    spec = parse_in(ImportSpec, header)
    try:
        mask, state = imported.unpack(payload, spec.architecture)
        outputs = len(state[f"{models.head(models.skeleton(spec.architecture))}.weight"])
        model = models.build(spec.architecture, outputs, 0)
        imported.begin(model, state, keep_head=True)
    except (LotteryError, KeyError) as error:
        raise LotteryError(f"{path}: damaged: {error}") from None
    return Ticket(model, mask, header, spec.imported.dataset, None)


def _outputs(training: Training) -> int:
    """The size of the generation task's head, for the classes that its subset draws."""
    available = training.dataset.classes
    share = Subset(classes=training.subset.classes).share(1, available)
    return tasks.make(training.task, training.recipe).outputs(round(share * available))


def _start(root: str, chain: Chain, training: Training, round: int) -> str:
    """The file of the weights that a round starts from: W_k, or W* of the round before."""
    dense = paths.dense(root, chain.dense, chain.seed)
    if training.rewind is None or not training.rewind.none:
        return paths.early(dense, training.rewind_name)
    before = paths.round_folder(root, chain.ticket, chain.seed, round - 1)
    return paths.weights(before if round > 1 else dense)


def _rewound(
    root: str, chain: Chain, training: Training, round: int
) -> tuple[nn.Module, Dataset, Path]:
    """The network of a found ticket, the data set that it was found on, and the file of W_k."""
    outputs = _outputs(training)
    model = inputs.network(chain, outputs, "init", torch.device("cpu"))
    start = Path(_start(root, chain, training, round))
    inputs.rewind(model, chain, round, str(start), outputs)
    return model, training.dataset, start


def _evaluation(folder: Path, chain: Chain) -> EvaluateSpec:
    """How a baseline is evaluated, by the first of the reports in its folder."""
    for report in sorted(folder.glob("evaluation-*.json")):
        spec = parse_in(EvaluateSpec, headers.read(report))
        if spec.chain == chain:
            return spec
    raise LotteryError(
        f"{folder}: {chain.ticket} is a baseline: without the report of its evaluation nothing "
        "says how many outputs its network has"
    )


def _payload(path: str | Path, *kinds: str) -> dict[str, Any]:
    header, payload = artifacts.read(path)
    if header.get("what") not in kinds:
        raise LotteryError(f"{path}: holds {header.get('what')!r}, expected {' or '.join(kinds)}")
    return payload
