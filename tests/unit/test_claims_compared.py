"""What claims compare: rounds, gaps paired by seed, growth, sparsity, savings; what is missing."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lottery.claims.comparisons import Gap, Growth, Saving, Sparsity, Tickets
from lottery.claims.curves import Table
from lottery.claims.evidence import Estimate
from lottery.claims.judges import as_good, at_least, better
from lottery.claims.networks import DENSE, EXTREME, MODERATE, PRUNED
from lottery.claims.rounds import Between, Nearest
from lottery.claims.verdicts import conclude, examine


def accuracies(ticket, by_seed, densities=(1, 0.5, 0.05), **changes):
    """Rows of a table: `by_seed` holds the accuracy (percent) of each round."""
    rows = [
        {"ticket": ticket, "evaluation": "e", "seed": float(seed), "round": float(round),
         "density": densities[round], "chance": 0.1, "accuracy": value / 100,
         "samples": 60_000, "updates": 600, "dead": 0, "stalled": 0, "collapsed": 0}
        for seed, values in by_seed.items()
        for round, value in enumerate(values)
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(**changes)


def gap(a="a", b="b", at=PRUNED, b_at=None, reference="b", random=None):
    other = Tickets(b, b_at or at)
    baseline = Tickets(random, other.at) if random else None
    return Gap("e", Tickets(a, at), other, Tickets(reference, other.at), baseline)


def sample(comparison, *tables):
    return comparison.sample(Table(pd.concat(tables)))


def means(comparison, *tables):
    """The effect of each seed."""
    found = sample(comparison, *tables)
    return dict(zip(found.seeds, found.blocks[0].overall.tolist(), strict=True))


def verdict(comparison, judge, *tables):
    return conclude([examine(comparison, judge, Table(pd.concat(tables)))])[0]


A = accuracies("a", {0: [90, 60, 30], 1: [95, 80, 60], 2: [90, 50, 50]})
B = accuracies("b", {1: [10, 70, 50], 0: [10, 50, 40], 2: [10, 50, 10]})


def test_accuracies_are_paired_by_seed_and_round():
    """Seed 0: 60 - 50 and 30 - 40 points; round 0 is dense. Seed 7 is of a alone."""
    other = accuracies("a", {7: [1, 1, 1]})
    found = sample(gap(), B, A, other)
    assert found.seeds == (0, 1, 2)
    assert found.blocks[0].places == ("at 50 % left", "at 5 % left")
    assert found.blocks[0].each == pytest.approx(np.array([[10, -10], [10, 10], [0, 40]]))
    assert means(gap(), A, B) == pytest.approx({0: 0, 1: 10, 2: 20})
    assert means(gap(at=MODERATE), A, B) == pytest.approx({0: 10, 1: 10, 2: 0})
    assert means(gap(at=DENSE), A, B) == pytest.approx({0: 80, 1: 85, 2: 80})
    assert gap().words(Table(pd.concat([A, B]))) == "a - b, 50 to 5 % left"


def test_a_ticket_of_two_panels_counts_once_and_another_evaluation_not_at_all():
    other = accuracies("a", {0: [0, 0, 0]}, evaluation="other")
    assert means(gap(), A, B, A, other) == pytest.approx(means(gap(), A, B))


def test_pruned_tickets_against_the_dense_network():
    loss = gap("a", "a", DENSE, PRUNED)
    assert sample(loss, A).blocks[0].each == pytest.approx(np.array([[30, 60], [15, 35], [40, 40]]))
    assert sample(loss, A).blocks[0].places == ("at 50 % left", "at 5 % left")
    assert loss.words(Table(A)) == "a, 100 % left - a, 50 to 5 % left"


def test_growth_is_that_of_all_against_the_first_and_of_each_against_each():
    """Gaps of 1, 3 and 2 points: 1 in all, 2 at the first step, -1 at the second."""
    tables = [
        *(accuracies(f"a{n}", {0: [0, v, v], 1: [0, v, v]}) for n, v in enumerate((11, 13, 12))),
        accuracies("b", {0: [0, 10, 10], 1: [0, 10, 10]}),
    ]
    growth = Growth(tuple(gap(f"a{n}") for n in range(3)), ("one", "two", "three"))
    first, last = sample(growth, *tables).blocks
    assert first.name == "growth from one to three"
    assert first.overall == pytest.approx([1, 1])
    assert first.places == ("growth from one to two", "growth from two to three")
    assert first.each == pytest.approx(np.array([[2, -1], [2, -1]]))
    assert last.each == pytest.approx(np.array([[2, 2], [2, 2]]))


@pytest.mark.parametrize(
    ("gaps", "expected", "why"),
    [
        ((0, 1, 2, 4), "holds", ""),
        ((0, 0, 0, 4), "holds", ""),
        ((2, 2, 2, 2), "does not hold", "growth from n0 to n3: +0.00, not above +1"),
        ((0, 5, 1, 6), "does not hold", "growth from n1 to n2: -4.00, not above -1"),
        ((0, 6, 5.5, 4.5), "does not hold", "growth from n1 to n3: -1.50, not above -1"),
        ((-9, -8, -5, -3), "does not hold", "on average: -3.00, not above +1"),
    ],
)
def test_what_grows_has_no_step_back_and_ends_ahead(gaps, expected, why):
    """Steps back within the margin may not add up either."""
    noise = (-0.02, 0, 0.02)
    tables = [
        accuracies(f"a{n}", {s: [60, 60 + v + e, 60 + v + e] for s, e in enumerate(noise)})
        for n, v in enumerate(gaps)
    ]
    tables.append(accuracies("b", {s: [60, 60, 60] for s in range(3)}))
    growth = Growth(tuple(gap(f"a{n}") for n in range(4)), tuple(f"n{n}" for n in range(4)))
    found = verdict(growth, better, *tables)
    assert (found.verdict, found.why) == (expected, why)


def test_a_ratio_has_the_geometric_mean_and_the_error_of_the_delta_method():
    """2 and 8 times: 4 on the geometric mean; s.e. of the logs log(4)/2, times 4."""
    table = pd.DataFrame(
        {"ticket": ["a", "a", "b", "b"], "seed": [0, 1, 0, 1], "generation": [6.0, 40.0, 3.0, 5.0]}
    ).assign(inputs=1.0)
    found = Estimate.of(sample(Saving("a", "b"), table).blocks[0].overall).exponential()
    assert found.effect == pytest.approx(4)
    assert found.error == pytest.approx(4 * math.log(4) / 2)
    assert found.lower == pytest.approx(4 * math.exp(-6.313752 * math.log(4) / 2), rel=1e-5)
    nothing = table.assign(generation=0.0)
    assert sample(Saving("a", "b"), nothing).reason == "no results of a, b"


def test_a_saving_is_told_in_times():
    hours = {"a": (30, 31, 32), "b": (10, 10, 10)}
    table = pd.DataFrame(
        [{"ticket": t, "seed": s, "generation": h, "inputs": 9.0 if t == "a" else 2.0}
         for t, own in hours.items() for s, h in enumerate(own)]
    )  # fmt: skip
    assert verdict(Saving("a", "b"), at_least(math.log(2)), table).verdict == "holds"
    found = verdict(Saving("a", "b"), at_least(math.log(4)), table)
    why = "time: 3.10, not above 4; the recipes imply 4.50 times fewer network inputs"
    assert (found.verdict, found.why) == ("does not hold", why)


def sparsities(dead=0.0):
    """Each network's sparsity stands in all rows of its curve."""
    return pd.DataFrame(
        {"ticket": ["a"] * 4 + ["b"] * 4, "seed": [0, 0, 1, 1] * 2,
         "sparsity": [0.84, 0.84, 0.86, 0.86, 0.1, 0.1, 0.2, 0.2],
         "dead_taps": [dead] * 4 + [0] * 4}
    )  # fmt: skip


def test_sparsity_is_compared_in_points():
    assert means(Sparsity("a", 84.5), sparsities()) == pytest.approx({0: -0.5, 1: 1.5})
    assert means(Sparsity("a", "b"), sparsities()) == pytest.approx({0: 74, 1: 66})
    assert verdict(Sparsity("a", "b"), better, sparsities()).verdict == "holds"


def test_sparsity_of_weights_that_only_meet_padding_is_no_evidence():
    found = verdict(Sparsity("a", "b"), better, sparsities(dead=0.235))
    assert found.verdict == "cannot tell"
    assert found.why == "24 % of the weights of a only ever meet padding"


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
    assert rounds.of(np.array(densities, dtype=float)) == chosen


@given(st.floats(0.01, 0.99), st.integers(1, 40))
def test_each_pruned_round_is_moderate_or_extreme(rate, rounds):
    densities = np.array([(1 - rate) ** round for round in range(rounds)])
    assert sorted(MODERATE.of(densities) + EXTREME.of(densities)) == list(range(1, rounds))


# What is missing


@pytest.mark.parametrize(
    ("tables", "at", "reason"),
    [
        ([A], PRUNED, "no results of b"),
        ([A.iloc[:0]], PRUNED, "no results of a"),
        ([A[A["round"] < 2], B[B["round"] < 2]], EXTREME, "no round with less than 10 % left"),
        ([A, B[B["round"] < 2]], PRUNED, "missing rounds: b, 5 % left"),
        ([A, B[B["round"] < 2]], MODERATE, ""),
        ([A[A["seed"] == 0], B], PRUNED, "one seed; without seed 1, 2, which lacks rounds"),
        ([A[A["seed"] == 0], B[B["seed"] == 1]], PRUNED,
         "no seed has all that is compared; without seed 0, 1, which lacks rounds"),
        ([A.assign(accuracy=A["accuracy"].where(A["round"] < 2)), B], PRUNED,
         "missing rounds: a, 5 % left"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_and_nothing_judged(tables, at, reason):
    """Rounds that one ticket lacks are no smaller comparison: they may be the ones that matter."""
    found = verdict(gap(at=at), better, *tables)
    if reason:
        assert (found.verdict, found.why) == ("cannot tell", reason)
    else:
        assert found.adjusted is not None


def test_a_seed_that_lacks_a_round_is_left_out_and_named():
    a = accuracies("a", {s: [90, 69 + s / 10, 69] for s in range(4)} | {4: [90, 60]})
    b = accuracies("b", {s: [90, 60, 60] for s in range(5)})
    found = verdict(gap(), better, a, b)
    assert (found.verdict, found.why) == ("holds", "without seed 4, which lacks rounds")
    assert sample(gap(), a, b).seeds == (0, 1, 2, 3)


def test_a_comparison_without_the_dense_network_cannot_be_made():
    pruned = A[A["round"] > 0]
    found = verdict(gap("a", "a", DENSE, PRUNED), better, pruned)
    assert (found.verdict, found.why) == ("cannot tell", "no round with 100 % left")


def test_equality_without_the_random_baseline_cannot_be_judged():
    a = accuracies("a", {s: [90, 60 + s / 10, 60] for s in range(3)})
    b = accuracies("b", {s: [90, 60, 60] for s in range(3)})
    random = accuracies("random", {s: [90, 30, 20 + s] for s in range(3)})
    equal = gap(random="random")
    assert verdict(equal, as_good, a, b, random).verdict == "holds"
    for part, reason in (
        (random[random["seed"] > 9], "no results of random"),
        (random[random["round"] < 2], "missing rounds: random, 5 % left"),
        (random[random["seed"] < 1], "one seed"),
    ):
        found = verdict(equal, as_good, a, b, part)
        assert found.verdict == "cannot tell"
        assert found.why == f"b not clearly above random: {reason}"
        assert found.adjusted is None, "it is no member of its section's family"


# Budgets, and networks that have learned nothing


AHEAD = accuracies("a", {s: [90, 70 + s / 10, 60] for s in range(3)})
BEHIND = accuracies("b", {s: [90, 60, 50] for s in range(3)})


@pytest.mark.parametrize(
    ("samples", "updates", "expected", "why"),
    [
        (60_000, 600, "holds", ""),
        (60_500, 600, "holds", ""),
        (61_000, 610, "cannot tell",
         "other budgets: a has 60,000 images behind it, b 61,000"),
        (60_000, 900, "holds", "other budgets: a has 600 updates behind it, b 900"),
    ],
)  # fmt: skip
def test_between_other_budgets_there_is_no_verdict(samples, updates, expected, why):
    """More than 1 % of the images; where batches are of other sizes, updates alone are told."""
    found = verdict(gap(), better, AHEAD, BEHIND.assign(samples=samples, updates=updates))
    assert (found.verdict, found.why) == (expected, why)


def test_claims_about_the_rewind_point_itself_are_of_any_budget():
    sides = (Tickets(name, PRUNED) for name in ("a", "b", "b"))
    found = verdict(Gap("e", *sides, None, any_budget=True), better, AHEAD,
                    BEHIND.assign(samples=9, updates=1))  # fmt: skip
    why = "other budgets: a has 60,000 images behind it, b 9, which is what is claimed to matter"
    assert (found.verdict, found.why) == ("holds", why)


def test_budgets_are_those_of_each_seed():
    """Two seeds apart by 2 % and -2 % are equal on average, and still no pairs of equals."""
    samples = BEHIND["seed"].map({0: 61_200, 1: 58_800, 2: 60_000})
    found = verdict(gap(), better, AHEAD, BEHIND.assign(samples=samples))
    assert found.verdict == "cannot tell"
    assert found.why == "other budgets: a has 60,000 images behind it, b 58,800"


def test_a_guard_is_a_comparison_of_equal_budgets_too():
    random = accuracies("random", {s: [90, 30, 20 + s] for s in range(3)}, samples=58_000)
    equal = AHEAD.assign(ticket="b"), AHEAD
    found = verdict(gap(random="random"), as_good, *equal, random)
    assert found.verdict == "cannot tell"
    assert found.why == (
        "b not clearly above random: other budgets: b has 60,000 images behind it, random 58,000"
    )


def test_where_a_baseline_has_a_twin_of_equal_budget_the_twin_is_compared():
    short = BEHIND.assign(samples=50_000, accuracy=0.9)
    twin = BEHIND.assign(ticket="b-equal")
    found = verdict(gap(), better, AHEAD, short, twin)
    assert (found.verdict, found.why) == ("holds", "")
    assert gap().words(Table(pd.concat([AHEAD, short, twin]))) == "a - b-equal, 50 to 5 % left"


def test_an_adjusted_baseline_is_taken_where_few_weights_remain():
    """At 5 % left; at 50 % the plain one, as in Section 4.5."""
    few = accuracies("few", {s: [90, 0, 30] for s in range(3)})
    plain = Tickets("b", PRUNED, adjusted="few")
    compared = Gap("e", Tickets("a", PRUNED), plain, plain, None)
    found = sample(compared, AHEAD, BEHIND, few).blocks[0].each
    assert found == pytest.approx(np.array([[10, 30], [10.1, 30], [10.2, 30]]))
    table = Table(pd.concat([AHEAD, BEHIND, few]))
    assert compared.words(table) == "a - b and few, 50 to 5 % left"


@pytest.mark.parametrize("column", ["dead", "stalled", "collapsed"])
@pytest.mark.parametrize("ticket", ["a", "b"])
def test_a_network_that_has_learned_nothing_takes_the_verdict(column, ticket):
    """Leaving out its seed would leave those that chance has spared."""
    rows = pd.concat([AHEAD, BEHIND])
    at = (rows["ticket"] == ticket) & (rows["seed"] == 1) & (rows["round"] == 2)
    found = verdict(gap(), better, rows.assign(**{column: at.astype(int)}))
    assert found.verdict == "cannot tell"
    assert found.why == f"{ticket}, seed 1, has learned nothing at 5 % left"
    moderate = verdict(gap(at=MODERATE), better, rows.assign(**{column: at.astype(int)}))
    assert moderate.verdict == "holds", "it is of another round"


def test_a_lead_is_not_refuted_where_a_network_of_the_baseline_is_dead():
    """The guard against saturation cannot be met then; a lead, or a loss, could still be shown."""
    random = accuracies("random", {s: [90, 30, 20 + s] for s in range(3)}, dead=1)
    equal = gap(random="random")
    same = AHEAD, AHEAD.assign(ticket="b")
    assert verdict(equal, better, *same).verdict == "cannot tell"
    assert verdict(equal, better, *same, random.assign(dead=0)).verdict == "does not hold"
    assert verdict(equal, better, *same, random).verdict == "cannot tell"
    assert verdict(equal, better, AHEAD, BEHIND, random).verdict == "holds"
    lost = AHEAD.assign(ticket="b"), BEHIND.assign(ticket="a")
    assert verdict(equal, better, *lost, random).verdict == "does not hold"
