"""What docs/results.md and the README say of a pack is what its table gives."""

import csv
import io
import zipfile
from collections import defaultdict
from statistics import fmean, stdev

import numpy as np
import pytest

from lottery.claims.comparisons import Block
from lottery.claims.evidence import LEVEL, Estimate, t_tests
from lottery.claims.judges import better
from tests.conftest import REPOSITORY

PAGE, README = (
    " ".join((REPOSITORY / name).read_text().split()) for name in ("docs/results.md", "README.md")
)


def curves(pack):
    """By curve and percent of the weights: accuracy by seed, percent; NaN if nothing is learned."""
    found = defaultdict(dict)
    with zipfile.ZipFile(REPOSITORY / f"docs/results/{pack}.zip") as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("tables/fig1a.csv"))
        rows = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
    for row in rows:
        lifeless = "1" in (row["dead"], row["stalled"], row["collapsed"])
        place = row["curve"], float(f"{100 * float(row['density']):.2g}")
        found[place][row["seed"]] = np.nan if lifeless else 100 * float(row["accuracy"])
    return found


CURVES = {pack: curves(pack) for pack in ("demo", "baselines", "layers")}


@pytest.mark.parametrize(
    ("pack", "left", "names"),
    [
        *(
            ("baselines", left, ("Labels", "RotNet", "Shuffled", "Reinitialised"))
            for left in (4.8, 1.1)
        ),
        *(
            (
                "layers",
                left,
                (
                    "Labels, shuffled", "Labels, shuffled, W_k", "Labels, reinitialised",
                    "Labels, reinitialised, W_k", "Labels", "RotNet, shuffled",
                    "RotNet, shuffled, W_k", "RotNet",
                ),
            )
            for left in (4, 0.8)
        ),
    ],
)  # fmt: skip
def test_rows_of_means_and_standard_errors(pack, left, names):
    found = [list(CURVES[pack][name, left].values()) for name in names]
    cells = [f"{fmean(own):.1f} ± {stdev(own) / len(own) ** 0.5:.1f}" for own in found]
    assert f"| {' | '.join(cells)} |" in PAGE


@pytest.mark.parametrize(
    ("pack", "curve", "left", "words"),
    [
        ("baselines", "Random (adjusted)", 1.1, "78.4 ± 2.3 of three, and one dead"),
        ("layers", "Random", 0.8, "20.8 ± 0.8 of four, and one dead"),
    ],
)
def test_networks_that_learned_nothing_are_told(pack, curve, left, words):
    values = list(CURVES[pack][curve, left].values())
    living = [value for value in values if not np.isnan(value)]
    assert len(values) - len(living) == 1
    said = f"{fmean(living):.1f} ± {stdev(living) / len(living) ** 0.5:.1f}"
    assert words.startswith(f"{said} of {('three', 'four')[len(living) - 3]}")
    assert words in PAGE


DIFFERENCES = [
    ("layers", "Labels", "Random", {4: "+7.6 (+6.2 to +9.0), better"}),
    ("layers", "RotNet", "Random", {4: "+5.6 (+4.5 to +6.8), better"}),
    ("layers", "Labels, shuffled", "Random", {4: "+4.4 (+3.9 to +5.0), better"}),
    ("layers", "Labels", "Labels, shuffled",
     {4: "+3.2 (+2.0 to +4.3), better", 0.8: "-2.6 (-5.0 to -0.2)"}),
    ("layers", "Labels", "Labels, shuffled, W_k",
     {4: "+3.7 (+2.4 to +5.1), better", 0.8: "-1.0 (-3.6 to +1.5)"}),
    ("layers", "Labels", "Labels, reinitialised",
     {4: "+2.2 (+0.7 to +3.6)", 0.8: "-0.8 (-4.4 to +2.8)"}),
    ("layers", "Labels", "Labels, reinitialised, W_k",
     {4: "+3.4 (+1.8 to +5.0), better", 0.8: "-0.3 (-3.1 to +2.4)"}),
    ("layers", "RotNet", "RotNet, shuffled",
     {4: "+1.8 (+0.5 to +3.1)", 0.8: "-0.4 (-3.2 to +2.5)"}),
    ("layers", "Labels", "RotNet",
     {4: "+1.9 (+1.5 to +2.4), better", 0.8: "-0.9 (-3.8 to +2.0)"}),
]  # fmt: skip
INTERVALS = [
    ("layers", "Labels, shuffled, W_k", "Labels, shuffled", 4, "-0.6, -2.4 to +1.3"),
    ("layers", "Labels, reinitialised, W_k", "Labels, reinitialised", 100, "-1.7, -2.3 to -1.0"),
    ("baselines", "Labels", "Random (adjusted)", 4.8, "+3.8 points, 90 % interval +2.5 to +5.2"),
    ("baselines", "Shuffled", "Random (adjusted)", 4.8, "+2.7, +1.5 to +3.9"),
    ("baselines", "Labels", "Shuffled", 4.8, "+1.1 points (-1.0 to +3.2)"),
    ("baselines", "Labels", "Shuffled", 1.1, "+0.6 (-1.6 to +2.8)"),
    ("baselines", "Labels", "Reinitialised", 4.8, "+0.7 (-1.1 to +2.6)"),
    ("baselines", "Labels", "Reinitialised", 1.1, "-0.8 (-3.3 to +1.6)"),
    ("baselines", "Labels", "RotNet", 4.8, "+1.0 (-1.4 to +3.4)"),
    ("baselines", "Labels", "RotNet", 1.1, "+3.4 points (+0.5 to +6.2)"),
]


def difference(pack, a, b, left):
    """The estimate of one curve minus another, and whether it is better by the claims' test."""
    one, other = CURVES[pack][a, left], CURVES[pack][b, left]
    values = np.array([one[seed] - other[seed] for seed in one])
    assert not np.isnan(values).any(), "what learned nothing is not compared"
    block = Block("here", values, ("here",), values[:, None])
    return Estimate.of(values), t_tests(better.parts(block), "points").inside <= LEVEL


@pytest.mark.parametrize(("pack", "a", "b", "said"), DIFFERENCES)
def test_differences_and_their_verdicts(pack, a, b, said):
    for left, words in said.items():
        found, ahead = difference(pack, a, b, left)
        interval = f"{found.effect:+.1f} ({found.lower:+.1f} to {found.upper:+.1f})"
        assert words == interval + ", better" * ahead
        assert words in PAGE


@pytest.mark.parametrize(("pack", "a", "b", "left", "words"), INTERVALS)
def test_intervals_in_the_text(pack, a, b, left, words):
    found, _ = difference(pack, a, b, left)
    for number in (found.effect, found.lower, found.upper):
        assert f"{number:+.1f}" in words
    assert words in PAGE


def test_what_is_called_worse_and_better_in_the_text_is():
    for pack, behind, ahead, left in (
        ("layers", "Labels, reinitialised, W_k", "Labels, reinitialised", 100),
        ("baselines", "Random (adjusted)", "Labels", 4.8),
        ("baselines", "Random (adjusted)", "Shuffled", 4.8),
    ):
        assert difference(pack, ahead, behind, left)[1]


@pytest.mark.parametrize(
    ("page", "left", "words"),
    [
        (PAGE, 1.1, "labels tickets reach {:.1f} %, RotNet tickets {:.1f} % and adjusted random "
                    "ones {:.1f} %"),
        (PAGE, 4.8, "at 4.8 % it is {:.1f}, {:.1f} and {:.1f} %"),
        (README, 1.1, "reach {:.1f} %, those found without (RotNet) {:.1f} %, "
                      "random ones {:.1f} %"),
    ],
)  # fmt: skip
def test_the_demos_numbers(page, left, words):
    names = ("Labels", "RotNet", "Random (adjusted)")
    means = (fmean(CURVES["demo"][name, left].values()) for name in names)
    assert words.format(*means) in page


def test_the_readmes_interval():
    found, _ = difference("baselines", "Labels", "Shuffled", 1.1)
    assert f"{found.effect:+.1f} points away" in README
    assert f"interval from {found.lower:.1f} to {found.upper:+.1f}" in README
