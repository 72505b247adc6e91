"""Masks: of their network, of the exact count, and each inside the one before."""

from collections.abc import Iterator

import torch

from lottery.pruning.baselines.random import random_mask
from lottery.pruning.baselines.shuffled import shuffled_mask
from lottery.pruning.mask import Mask
from lottery.specs import Chain
from lottery.verifying import networks
from lottery.verifying.book import Book
from lottery.verifying.contents import Result
from lottery.verifying.folder import within
from lottery.verifying.known import Known


def check(result: Result, known: Known) -> Iterator[str]:
    """A `mask.pt`; where rounds are missing, it is held against the last one that is there."""
    chain, round = result.spec.chain, result.spec.round
    mask = Mask.unpack(dict(result.content))
    mask.check_fits(networks.prunable_of(chain))
    before = known.mask_before(result.folder)
    known.keep_mask(result.folder, round, mask)
    known.counts[result.file.path] = {n: int(kept.sum()) for n, kept in mask.layers().items()}
    dense = networks.dense(chain)
    if mask.excluded != dense.excluded or (mask.kept & ~dense.kept).any():
        yield "keeps weights that cannot be pruned"
    found = result.content["remaining"]  # as counted by `unpack`
    remaining = networks.remaining_of(chain, round)
    if found != remaining:
        yield (
            f"{found} of {dense.total} weights remain, where round {round} of fraction "
            f"{chain.fraction} leaves {remaining}"
        )
    if before is not None:
        back = int(torch.count_nonzero(mask.kept & ~before[1].kept))
        if back:
            yield f"not nested: {back} of its weights are not in the mask of round {before[0]}"
    yield from _baseline(result, chain, mask, dense)
    if chain.baseline and chain.baseline.kind == "shuffled":
        known.shuffled.append((result.file, result.header["inputs"]["mask"]["path"]))


def compare(known: Known, book: Book) -> None:
    """Hold the counts of shuffled masks in each layer against those of the found masks there."""
    for file, given in known.shuffled:
        path = within(file.root, given, known.counts)
        found, own = known.counts.get(path, {}), known.counts[file.path]
        for layer, count in found.items():
            if own.get(layer) != count:
                book.write(file, f"keeps {own.get(layer)} weights of {layer}, {path} {count}")
                break


def _baseline(result: Result, chain: Chain, mask: Mask, dense: Mask) -> Iterator[str]:
    """A random mask is drawn again; a shared one is that of the found ticket, bit for bit.

    A shuffled mask is drawn again from the counts of its own layers: see `compare`.
    """
    if chain.baseline is None or chain.fraction is None:
        return
    drawn = None
    if chain.baseline.kind == "random":
        drawn = random_mask(dense, chain.fraction, result.spec.round, chain.seed)
    if chain.baseline.kind == "shuffled":
        drawn = shuffled_mask(mask, dense, chain.seed)
    if drawn and not torch.equal(drawn.kept, mask.kept):
        yield f"not the mask that seed {chain.seed} draws"
    if chain.baseline.kind == "reinitialised":
        given = result.header["inputs"]["mask"]["digest"]
        if given != result.header["digest"]:
            yield "not the mask of the found ticket that it was made from"
