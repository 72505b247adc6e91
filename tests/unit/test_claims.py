"""The paper's claims held against tables: the statistics, the verdicts, and the list itself."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery import config
from lottery.claims.comparisons import Between, Gap, Nearest, Saving, Sparsity, Tickets, Trend
from lottery.claims.evidence import Estimate, as_good, at_least, better, differs, within
from lottery.claims.networks import DENSE, EXTREME, MODERATE, PRUNED
from lottery.claims.paper import CLAIMS
from lottery.claims.scoreboard import COLUMNS, markdown, scoreboard
from lottery.errors import LotteryError
from lottery.figure_specs import ClaimsSpec
from lottery.stages.claims import claims
from tests.conftest import REPOSITORY

NOTHING = pd.DataFrame(columns=list({*Gap.columns, *Sparsity.columns, *Saving.columns}))
JUDGES = [better, differs, as_good(), as_good(4), at_least(4), within(3)]
POINTS = st.lists(st.floats(-50, 50), min_size=0, max_size=6)


def accuracies(ticket, by_seed, densities=(1, 0.5, 0.05), **changes):
    """Rows of a table: `by_seed` holds the accuracy (percent) of each round."""
    rows = [
        {"ticket": ticket, "evaluation": "e", "seed": seed, "round": round,
         "density": densities[round], "accuracy": value / 100}
        for seed, values in by_seed.items()
        for round, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**changes)


def gap(a="a", b="b", at=PRUNED):
    return Gap("e", Tickets(a, at), Tickets(b, at))


def interval(lower, upper):
    return Estimate((lower + upper) / 2, 0.1, 3, lower, upper)


def test_an_estimate_against_numbers_worked_out_by_hand():
    """1, 2, 6: mean 3, s = sqrt(7), s.e. sqrt(7/3) = 1.527525; t(0.975, 2) = 4.302653."""
    found = Estimate.of(pd.Series([1.0, 2.0, 6.0]))
    assert (found.effect, found.seeds) == (3, 3)
    assert found.error == pytest.approx(1.527525, abs=1e-6)
    assert found.lower == pytest.approx(3 - 6.572411, abs=1e-5)
    assert found.upper == pytest.approx(3 + 6.572411, abs=1e-5)


def test_a_ratio_has_the_geometric_mean_and_the_error_of_the_delta_method():
    """2 and 8 times: 4 on the geometric mean; s.e. of the logs log(4)/2, times 4."""
    table = pd.DataFrame(
        {"ticket": ["a", "a", "b", "b"], "seed": [0, 1, 0, 1], "generation": [6.0, 40.0, 3.0, 5.0]}
    )
    found = Saving("a", "b").estimate(table)
    assert found.effect == pytest.approx(4)
    assert found.error == pytest.approx(4 * math.log(4) / 2)
    assert found.lower == pytest.approx(4 * math.exp(-12.706205 * math.log(4) / 2), rel=1e-5)


def test_seeds_that_agree_exactly_have_an_interval_of_no_width():
    found = Estimate.of(pd.Series([2.0, 2.0]))
    assert (found.error, found.lower, found.upper) == (0, 2, 2)


def test_one_seed_shows_its_effect_and_no_error():
    found = Estimate.of(pd.Series([7.0]))
    assert found.effect == 7
    assert math.isnan(found.error)
    assert {judge(found) for judge in JUDGES} == {"not enough data"}


@pytest.mark.parametrize(
    ("judge", "holds", "fails", "open_"),
    [
        (better, [(0.01, 9), (0.1, 0.2)], [(-9, 0.49), (-3, -2)], [(0, 9), (-1, 0.5)]),
        (as_good(), [(-1, 9), (3, 4)], [(-9, -1.01)], [(-1.01, 9), (-3, -1)]),
        (as_good(4), [(-4, -3)], [(-9, -4.01)], [(-4.01, 0)]),
        (at_least(4), [(4, 5)], [(1, 3.99)], [(3.99, 5)]),
        (within(3), [(-3, 3), (1, 2)], [(3.01, 9), (-9, -3.01)], [(-3.01, 0), (2, 4), (-9, 9)]),
        (differs, [(0.01, 9), (-9, -0.01)], [(-0.49, 0.49)], [(-0.5, 0.4), (-0.4, 0.5), (-9, 9)]),
    ],
)
def test_each_verdict_of_each_kind(judge, holds, fails, open_):
    for intervals, verdict in (
        (holds, "holds"),
        (fails, "does not hold"),
        (open_, "not enough data"),
    ):
        assert {judge(interval(*ends)) for ends in intervals} == {verdict}, intervals


@given(POINTS)
def test_a_verdict_takes_at_least_two_seeds(values):
    found = Estimate.of(pd.Series(values, dtype=float))
    for judge in JUDGES:
        assert len(values) >= 2 or judge(found) == "not enough data"


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[st.floats(0, 100)] * 6), min_size=1, max_size=5))
def test_swapping_the_two_negates_the_effect_and_only_one_is_better(values):
    a = accuracies("a", {seed: row[:3] for seed, row in enumerate(values)})
    table = pd.concat([a, accuracies("b", {seed: row[3:] for seed, row in enumerate(values)})])
    found, swapped = gap("a", "b").estimate(table), gap("b", "a").estimate(table)
    assert swapped.effect == pytest.approx(-found.effect, abs=1e-9)
    assert swapped.error == pytest.approx(found.error, abs=1e-9, nan_ok=True)
    assert {better(found), better(swapped)} != {"holds"}


def test_accuracies_are_paired_by_seed_and_round():
    """Seed 0: (60 + 30 - 50 - 40) / 2 = 0; seed 1: (80 + 60 - 70 - 50) / 2 = 10. Round 0 is dense.

    Unpaired, over all rounds or in shares of 1, the numbers would be others.
    """
    a = accuracies("a", {0: [90, 60, 30], 1: [95, 80, 60], 7: [1, 1, 1]})
    b = accuracies("b", {1: [10, 70, 50], 0: [10, 50, 40]})
    table = pd.concat([b, a])
    assert gap().per_seed(table).to_dict() == pytest.approx({0: 0, 1: 10})
    assert gap(at=MODERATE).per_seed(table).to_dict() == pytest.approx({0: 10, 1: 10})
    assert gap(at=EXTREME).per_seed(table).to_dict() == pytest.approx({0: -10, 1: 10})
    assert gap(at=DENSE).per_seed(table).to_dict() == pytest.approx({0: 80, 1: 85})
    assert gap().words(table) == "a - b, 50 to 5 % left"


def test_a_trend_is_the_difference_of_two_gaps():
    table = pd.concat(
        [
            accuracies("a", {0: [90, 60, 30], 1: [95, 80, 60], 2: [90, 50, 50]}),
            accuracies("b", {0: [10, 50, 40], 1: [10, 70, 50], 2: [10, 50, 10]}),
        ]
    )
    found = Trend(gap(at=EXTREME), gap(at=MODERATE)).estimate(table)
    assert found.effect == pytest.approx((-20 + 0 + 40) / 3)
    assert found.seeds == 3


def test_pruned_tickets_against_the_dense_network():
    table = accuracies("a", {0: [90, 80, 30], 1: [95, 93, 60]})
    loss = Gap("e", Tickets("a", DENSE), Tickets("a", MODERATE))
    assert loss.per_seed(table).to_dict() == pytest.approx({0: 10, 1: 2})
    assert loss.words(table) == "a, 100 % left - a, 50 % left"


def test_a_ticket_of_two_panels_counts_once_and_another_evaluation_not_at_all():
    a, b = accuracies("a", {0: [90, 60, 30]}), accuracies("b", {0: [90, 50, 40]})
    other = accuracies("a", {0: [0, 0, 0]}, evaluation="other")
    once, twice = pd.concat([a, b]), pd.concat([a, b, a, other])
    assert gap().estimate(twice) == gap().estimate(once)


def test_a_seed_that_lacks_a_round_is_left_out():
    a = accuracies("a", {0: [90, 60, 30], 1: [90, 60]})
    b = accuracies("b", {0: [90, 50, 40], 1: [90, 50, 40]})
    assert gap().per_seed(pd.concat([a, b])).index.tolist() == [0]
    diverged = pd.concat([a.assign(accuracy=a["accuracy"].where(a["round"] < 2)), b])
    assert gap().per_seed(diverged).index.tolist() == [0, 1], "no round 2 of a is left to compare"


@pytest.mark.parametrize(
    ("rounds", "densities", "chosen"),
    [
        (Nearest(0.069), [0.8**r for r in range(31)], [12]),
        (Nearest(0.069), [0.6**r for r in range(11)], [5]),  # 7.8 %
        (Nearest(0.069), [1, 0.43, 0.12, 0.043], []),  # 1.6 times off
        (Nearest(0.069), [], []),
        (MODERATE, [0.8**r for r in range(31)], list(range(1, 11))),
        (EXTREME, [0.8**r for r in range(31)], list(range(11, 31))),
        (MODERATE, [1, 0.43, 0.12, 0.043, 0.015, 0.005], [1, 2]),
        (EXTREME, [1, 0.43, 0.12, 0.043, 0.015, 0.005], [3, 4, 5]),
        (DENSE, [1, 0.43], [0]),
        (Between("none", 2, 3), [1, 0.43], []),
    ],
)
def test_rounds_are_chosen_by_the_weights_that_are_left(rounds, densities, chosen):
    assert rounds.of(pd.Series(densities, dtype=float)) == chosen


@given(st.floats(0.01, 0.99), st.integers(1, 40))
def test_each_pruned_round_is_moderate_or_extreme(rate, rounds):
    densities = pd.Series([(1 - rate) ** round for round in range(rounds)])
    assert sorted(MODERATE.of(densities) + EXTREME.of(densities)) == list(range(1, rounds))


def test_sparsity_is_compared_in_points():
    """Each network's sparsity stands in all rows of its curve."""
    table = pd.DataFrame(
        {"ticket": ["a"] * 4 + ["b"] * 4, "seed": [0, 0, 1, 1] * 2,
         "sparsity": [0.84, 0.84, 0.86, 0.86, 0.1, 0.1, 0.2, 0.2]}
    )  # fmt: skip
    assert Sparsity("a", 84.5).estimate(table).effect == pytest.approx(0.5)
    assert Sparsity("a", "b").estimate(table).effect == pytest.approx(70)


def tickets(comparison):
    """All names that a comparison reads."""
    if isinstance(comparison, Trend):
        return tickets(comparison.gap) | tickets(comparison.than)
    sides = comparison.a, comparison.b
    names = {side.ticket if isinstance(side, Tickets) else side for side in sides}
    return {name for name in names if isinstance(name, str)}


def evaluations(comparison):
    """How what a comparison reads is judged."""
    if isinstance(comparison, Trend):
        return {comparison.gap.evaluation, comparison.than.evaluation}
    return {comparison.evaluation} if isinstance(comparison, Gap) else set()


@pytest.fixture(scope="module")
def paper():
    return config.load([REPOSITORY / "config.yaml"])


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.words)
def test_a_claim_reads_what_its_figures_table_holds(paper, claim):
    """A sparsity table names a network by the first ticket that shares it."""
    curves = paper.aggregate(claim.figure).table.curves
    dense = isinstance(claim.comparison, Sparsity)
    rows = {(curve.chain.dense() if dense else curve.chain).ticket: curve for curve in curves}
    assert tickets(claim.comparison) <= rows.keys() & paper.tickets.keys()
    read = (rows[ticket] for ticket in tickets(claim.comparison))
    judged = {curve.evaluation for curve in read} if evaluations(claim.comparison) else set()
    assert judged == evaluations(claim.comparison)


def test_no_claim_stands_twice():
    for said in ([claim.words for claim in CLAIMS], [claim.comparison for claim in CLAIMS]):
        assert len(set(said)) == len(said)


@pytest.mark.parametrize("table", [None, NOTHING], ids=["absent", "empty"])
def test_without_rows_there_are_not_enough_data(table):
    tables = {} if table is None else {claim.figure: table for claim in CLAIMS}
    found = scoreboard(tables, "paper")
    assert set(found["verdict"]) == {"not enough data"}
    assert set(found["seeds"]) == {0}
    assert found["effect"].isna().all()
    assert found.columns.tolist() == COLUMNS


FIG5 = [claim for claim in CLAIMS if claim.figure == "fig5"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_gaps_in_a_table_are_no_error(kept):
    """Whatever part of Figure 5 is there, each claim gets a verdict and says what it compared."""
    names = sorted(set().union(*(tickets(claim.comparison) for claim in FIG5)))
    full = pd.concat([accuracies(name, {0: [90, 60, 30], 1: [90, 60, 30]}) for name in names])
    table = full.assign(evaluation="imagenet-resnet50")[kept]
    for claim in FIG5:
        claim.judge(claim.comparison.estimate(table))
        assert "% left" in claim.comparison.words(table)


def write(folder, *tickets_, seeds=(0, 1, 2), rounds=31):
    """A table of Figure 1a in which each ticket is 5 points above the next, and noise above all."""
    noise = np.random.default_rng(0).normal(0, 0.1, (len(tickets_), len(seeds), rounds))
    densities = [0.8**round for round in range(rounds)]
    rows = [
        accuracies(name, {s: 80 - 5 * i + noise[i, n] for n, s in enumerate(seeds)}, densities)
        for i, name in enumerate(tickets_)
    ]
    folder.mkdir(exist_ok=True)
    path = folder / "fig1a.csv"
    pd.concat(rows).assign(evaluation="cifar10", figure="fig1a").to_csv(path, index=False)
    return str(path)


NAMES = [f"cifar10-{task}-resnet18" for task in ("rotnet", "labels", "adjusted-random")]


def run(folder, *tables, scale="paper"):
    spec = ClaimsSpec(scale=scale, figures=("fig1a", "table1"))
    csv, text = folder / "claims.csv", folder / "claims.md"
    claims(spec, list(tables), str(csv), str(text))
    return pd.read_csv(csv), text.read_text()


def test_the_stage_tells_verdicts_effects_and_what_was_compared(tmp_path):
    found, text = run(tmp_path, write(tmp_path / "in", *NAMES))
    assert found.columns.tolist() == COLUMNS
    verdicts = dict(zip(found["claim"], found["verdict"], strict=True))
    point = found[found["compared"].str.endswith("6.9 % left")].iloc[0]
    assert point["compared"] == f"{NAMES[0]} - {NAMES[1]}, 6.9 % left"
    assert (point["verdict"], point["seeds"], point["unit"]) == ("holds", 3, "points")
    assert point["effect"] == pytest.approx(5, abs=0.5)
    assert verdicts["ResNet-18: severely pruned, RotNet tickets are better than random ones"] == (
        "holds"
    )
    grows = "ResNet-18: the gap between RotNet and random tickets grows with severe pruning"
    assert verdicts[grows] == "does not hold", "it is 10 points throughout"
    counts = found["verdict"].value_counts()
    assert f"holds: {counts['holds']}, does not hold: {counts['does not hold']}" in text
    assert text.count("\n| 4.1 |") == (found["section"] == "4.1").sum()


def test_the_markdown_says_the_scale(tmp_path):
    table = write(tmp_path / "in", *NAMES, seeds=(0,))
    found, text = run(tmp_path, table, scale="quick")
    first = text.splitlines()[0]
    assert "`quick`" in first
    assert "stand-ins were trained" in first
    assert "nothing is proven" in first
    assert set(found["scale"]) == {"quick"}
    paper = markdown(scoreboard({}, "paper"), "paper").splitlines()[0]
    assert "`paper`" in paper
    assert "proven" not in paper


def test_one_seed_shows_effects_without_verdicts(tmp_path):
    found, text = run(tmp_path, write(tmp_path / "in", *NAMES, seeds=(0,)))
    assert set(found["verdict"]) == {"not enough data"}
    assert found["effect"].notna().any()
    assert found["standard_error"].isna().all()
    assert "nan" not in text


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("fig1a.csv", "", "not a readable table"),
        ("fig1a.csv", 'a,b\n"', "not a readable table"),
        ("fig1a.csv", "ticket,evaluation,seed,round,density,accuracy\na,e,0,0,1,good\n", "good"),
        ("fig1a.csv", "ticket,seed\na,0\n", "no column accuracy, density, evaluation, round"),
        ("fig1c.csv", "ticket,seed\na,0\n", "scale paper has no figure 'fig1c'"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_one_line(tmp_path, name, content, complaint):
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(LotteryError, match=complaint) as error:
        run(tmp_path, str(path))
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LotteryError, match=r"fig1a\.csv: not a readable table"):
        run(tmp_path, str(tmp_path / "fig1a.csv"))
