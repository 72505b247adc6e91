"""Unstructured iterative pruning by exact count (Section 3.1), whatever the criterion."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lottery.errors import LotteryError
from lottery.pruning.mask import Mask

PIECE = 2**18
"""Weights that are processed together: they fit in a processor's cache."""
STEP = 61
"""From one weight of the sample to the next: a prime, so as not to fall in step with a layer."""
DEVIATIONS = 6
"""How far each bound lies from the place that is sought, in standard deviations of that place in
the sample, which are half of the root of its size, or less."""
INFINITE = 0x7F800000
"""The bits of infinity as an integer; those of NaN are larger, or negative."""
NEGATIVE_ZERO = LOWEST = -(2**31)
"""The bits of -0.0 as an integer, the lowest there is; it equals zero."""
LOWER_BITS = HIGHEST = 2**31 - 1
_Piece = tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]
"""Scores of some weights, as integers, and whether the weights are kept."""
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

    `count` is at most that of the kept weights. Few passes over the scores, piece by piece, and a
    few MB beside the result, unless a sample of them misleads: then up to 10 bytes a weight. Read
    as integers, floats that are not negative keep their order; negative ones are made to keep it,
    in place.

    Raises: LotteryError if a score of a kept weight is not finite, ValueError if `count` is more.
    """
    bits, result = scores.numpy().view(np.int32), kept.numpy().copy()
    places = [slice(start, start + PIECE) for start in range(0, len(bits), PIECE)]
    pieces = [(bits[place], result[place]) for place in places]  # views
    if any(piece.min() < 0 or piece.max() >= INFINITE for piece, _ in pieces):
        for piece, among in pieces:
            if (among & ~np.isfinite(piece.view(np.float32))).any():
                raise LotteryError(NOT_FINITE)
            piece[piece == NEGATIVE_ZERO] = 0
            piece ^= (piece >> 31) & LOWER_BITS
    if count == 0:
        return torch.from_numpy(result)
    threshold, ties = _threshold(pieces, count)
    for piece, among in pieces:
        among &= piece >= threshold
        if ties:
            equal = np.flatnonzero(among & (piece == threshold))[:ties]
            among[equal] = False
            ties -= len(equal)
    return torch.from_numpy(result)


def _threshold(pieces: list[_Piece], count: int) -> tuple[int, int]:
    """The largest of the `count` lowest scores (1 to all of them), and how many of its equals go.

    Its place in a sorted sample tells two bounds that it lies between, most probably; they are
    moved apart until it does.
    """
    sample = np.sort(np.concatenate([piece[::STEP][among[::STEP]] for piece, among in pieces]))
    remaining = sum(int(np.count_nonzero(among)) for _, among in pieces)
    if count > remaining:
        raise ValueError(f"{count} of {remaining} weights")
    place, slack = count / remaining * len(sample), DEVIATIONS * len(sample) ** 0.5 / 2 + 1
    while True:
        first, last = int(place - slack), int(place + slack)
        low = int(sample[first]) if first > 0 else LOWEST
        high = int(sample[last]) if last < len(sample) else HIGHEST
        if found := _within(pieces, count, low, high):
            return found
        slack *= 8


def _within(pieces: list[_Piece], count: int, low: int, high: int) -> tuple[int, int] | None:
    """See `_threshold`: the score and its equals if it is not beyond these bounds."""
    below = at_low = 0
    between = []
    for piece, among in pieces:
        below += int(np.count_nonzero(among & (piece < low)))
        at_low += int(np.count_nonzero(among & (piece == low)))
        between.append(piece[among & (piece > low) & (piece < high)])
    inside = np.concatenate(between)
    if below < count <= below + at_low:
        return low, count - below
    rest = count - below - at_low
    if 0 < rest <= len(inside):
        inside.partition(rest - 1)
        score = int(inside[rest - 1])
        return score, rest - int(np.count_nonzero(inside < score))
    rest -= len(inside)
    at_high = sum(int(np.count_nonzero(among & (piece == high))) for piece, among in pieces)
    return (high, rest) if low < high and 0 < rest <= at_high else None
