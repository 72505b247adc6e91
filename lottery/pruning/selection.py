"""Unstructured iterative pruning by exact count (Section 3.1), whatever the criterion."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lottery.errors import LotteryError
from lottery.pruning.mask import Mask

PIECE = 2**18
"""Weights that are processed together: they fit in a processor's cache."""
INFINITE = 0x7F80
"""Upper half of the bits of infinity; those of NaN are larger."""
NEGATIVE_ZERO = -(2**31)
"""The bits of -0.0 as an integer; it equals zero."""
NOT_FINITE = "cannot prune: a weight, or its score, is not finite"


def remaining_after(total: int, fraction: float, rounds: int) -> int:
    """Weights that remain of `total` after `rounds` rounds, each of which prunes `fraction`."""
    exact = Fraction(str(fraction))  # 0.2 means one fifth, not its nearest binary fraction
    for _ in range(rounds):
        total -= round(exact * total)
    return total


def select(scores: Tensor, mask: Mask, fraction: float) -> Mask:
    """The next round's mask: without the lowest `fraction` of the weights that remain, globally.

    `scores` (float32, n) are those of all weights of the mask; the tensor may be overwritten. Equal
    scores are pruned in the network's order, so that the count is exact even if
    most weights are zero.

    Raises: LotteryError if there are not as many scores as weights, or one is not finite.
    """
    if scores.shape != mask.kept.shape:
        raise LotteryError(f"{len(scores)} scores for a mask over {len(mask.kept)} weights")
    count = mask.remaining - remaining_after(mask.remaining, fraction, 1)
    return mask.keeping(drop_lowest(scores, mask.kept, count))


def drop_lowest(scores: Tensor, kept: Tensor, count: int) -> Tensor:
    """`kept` (bool, n) without its `count` lowest `scores` (float32, n); ties by index.

    O(n), and in a few MB beside the result: read as integers, floats that are not negative keep
    their order, so a histogram of their upper halves finds the upper half of the largest one to
    go, and a second histogram, of the lower halves below that, its lower half. Negative floats are
    made to keep it, in place.

    Raises: LotteryError if a score of a kept weight is not finite.
    """
    bits, result = scores.numpy().view(np.int32), kept.numpy().copy()
    least = int(bits.min(initial=0))
    places = [slice(start, start + PIECE) for start in range(0, len(bits), PIECE)]
    pieces = [(bits[place], result[place]) for place in places]  # views
    for piece, among in pieces if least < 0 else ():
        if not np.isfinite(piece.view(np.float32)[among]).all():
            raise LotteryError(NOT_FINITE)
        piece[piece == NEGATIVE_ZERO] = 0
        piece ^= (piece >> 31) & 0x7FFFFFFF
    lowest = -(2**15) if least < 0 else 0
    upper = _histogram((piece[among] >> 16) - lowest for piece, among in pieces)
    if least >= 0 and upper[INFINITE:].any():
        raise LotteryError(NOT_FINITE)
    if count == 0:
        return torch.from_numpy(result)
    top, within = _locate(upper, count)
    top += lowest
    lower = _histogram(piece[among & (piece >> 16 == top)] & 0xFFFF for piece, among in pieces)
    bottom, ties = _locate(lower, within)
    threshold = top << 16 | bottom
    for piece, among in pieces:
        among &= piece >= threshold
        if ties:
            equal = np.flatnonzero(among & (piece == threshold))[:ties]
            among[equal] = False
            ties -= len(equal)
    return torch.from_numpy(result)


def _histogram(pieces: Iterable[npt.NDArray[np.int32]]) -> npt.NDArray[np.int64]:
    """How often each number of 16 bits occurs."""
    counts = np.zeros(2**16, np.int64)
    for piece in pieces:
        counts += np.bincount(piece, minlength=2**16)
    return counts


def _locate(counts: npt.NDArray[np.int64], place: int) -> tuple[int, int]:
    """The number at position `place` (from 1) in sorted order, and its rank among its equals."""
    number = int(np.searchsorted(counts.cumsum(), place))
    return number, place - int(counts[:number].sum())
