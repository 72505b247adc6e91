"""How often verdicts are wrong, and how often there is one, in worlds whose truth is known.

Each world has a true curve for every ticket that a claim reads; accuracies are these with the noise
of seeds, and all claims are judged as the scoreboard does it.
"""

import functools
from collections import Counter

import numpy as np
import pytest

from lottery.claims.comparisons import Gap, Growth
from lottery.claims.curves import Curves, Table
from lottery.claims.evidence import LEVEL, MARGIN
from lottery.claims.judges import at_least, better, no_worse
from lottery.claims.paper import CLAIMS
from lottery.claims.scoreboard import judged_claims

ROUNDS = [0, 1, 2, 3, 4, 6, 8, 10, 12, 15, 18, 21, 24, 27, 30]
DENSITIES = np.array([0.8**round for round in ROUNDS])
PRUNED, EXTREME = DENSITIES < 1, DENSITIES < 0.1
DEPTH = np.linspace(0, 1, len(ROUNDS))
"""0 for the dense network, 1 for the sparsest ticket."""
NOISE = 0.12 + 0.25 * DEPTH
"""Points: the standard deviation of an accuracy over seeds; of a difference, 1.4 times as much."""
CHANCE = {"cifar10": 10.0, "imagenet-resnet50": 0.1, "imagenet-alexnet": 0.1}
DENSE = {"cifar10": 94.0, "imagenet-resnet50": 76.0, "imagenet-alexnet": 60.0}
ABOUT = [claim for claim in CLAIMS if isinstance(claim.comparison, Gap | Growth)]
REPETITIONS = 6


def read():
    """The tickets that claims read, by figure and evaluation."""
    found = {}
    for claim in ABOUT:
        for gap in getattr(claim.comparison, "gaps", (claim.comparison,)):
            names = found.setdefault((claim.figure, gap.evaluation), set())
            for side in (gap.a, gap.b, gap.reference, *([gap.random] if gap.random else [])):
                names |= {side.ticket, side.adjusted} - {None}
    return {key: sorted(names) for key, names in found.items()}


READ = read()
ALL = sorted({(evaluation, name) for (_, evaluation), names in READ.items() for name in names})

BEHIND = [
    ("cifar10-adjusted-random", 2, 15), ("cifar10-permuted", 2, 15), ("cifar10-", 0, 0),
    ("random", 6, 25), ("places365", 6, 3), ("labels", 0, 0),
    ("alexnet-conv", 0.2, 0.2), ("alexnet", 8, 12),
    ("conv11", 0.1, 0.1), ("conv24", 0.3, 0.3), ("conv43", 2.5, 0.3),
    ("rotnet", 6, 0.3), ("exemplar", 6, 0.3), ("semi-supervised", 1.5, 0.2),
    ("resnet50-", 6, 4), ("-30-", 2, 0.1), ("-10-", 3.2, 0.2), ("-1-", 4.5, 0.3),
]  # fmt: skip
"""A world of which all that the paper says is true: points behind labels tickets where pruning is
moderate, and where it is extreme, of the first name that a ticket's own contains."""


def labels(evaluation):
    """Flat while pruning is moderate, then down by fifteen points."""
    return DENSE[evaluation] - 30 * np.clip(DEPTH - 0.5, 0, None)


def true_curves(world, rng):
    """Percent by round, of each ticket."""

    def curve(evaluation, ticket):
        best = labels(evaluation)
        if world == "all at chance":
            return np.full(len(ROUNDS), CHANCE[evaluation])
        if world == "all equal":
            return best
        if world == "as in the paper":
            moderate, extreme = next(points for part, *points in BEHIND if part in ticket)
            return best - np.where(EXTREME, extreme, moderate) * PRUNED
        if world == "only labels tell":
            return best - (0 if "labels" in ticket else 15) * PRUNED
        if world == "only found masks matter":  # whatever they were found by
            return best - (15 if "random" in ticket else 0) * PRUNED
        if world == "only adjusted random fails more and more":
            lost = 15 * EXTREME if "adjusted" in ticket else 15 if "random" in ticket else 0
            return best - lost * PRUNED
        if world == "only random fails":  # few classes somewhat, pruning a little
            return best - (20 if "random" in ticket else 10 if "classes" in ticket else 3) * PRUNED
        # Leads and losses that drift, many of them about as large as the margin.
        drift = rng.normal(0, 1) + rng.normal(0, 2) * DEPTH
        return best + drift - (8 * DEPTH if "random" in ticket else 0)

    return {name: curve(*name) for name in ALL}


def tables(accuracy, lifeless=None, *, seeds):
    """By figure; a ticket has the same numbers in all of them."""
    found = {}
    for (figure, evaluation), names in READ.items():
        own, dead = (
            {name: np.atleast_2d(arrays[evaluation, name]) for name in names if arrays}
            for arrays in (accuracy, lifeless)
        )
        chance = CHANCE[evaluation]
        curves = Curves(tuple(range(seeds)), DENSITIES, chance, own, lifeless=dead)
        found.setdefault(figure, Table(None)).given[evaluation] = curves
    return found


def noisy(true, seeds, rng):
    """What a seed does to all tickets, to one, and to each of its trainings."""
    common = rng.normal(0, 0.3, (seeds, 1))
    return {
        name: curve
        + common
        + rng.normal(0, 0.1, (seeds, 1))
        + rng.normal(0, NOISE, (seeds, len(ROUNDS)))
        for name, curve in true.items()
    }


def kept(sample, judge):
    """Whether true numbers are where a judge wants them."""
    return all(
        ((part.low < part.values) & (part.values < part.high)).all()
        for block in sample.blocks
        for part in judge.parts(block)
    )


def right(claim, table):
    """The verdicts that are not wrong, by a table of true curves."""
    compared, judge = claim.comparison, claim.judge
    sample = compared.sample(table)
    true = kept(sample, judge) != judge.broken
    learned = all(kept(guard.sample, at_least(MARGIN)) for guard in compared.above_chance(table))
    seen = all(kept(guard.sample, better) for guard in compared.above_random(table))
    if judge.equality:
        told = learned and seen
        return {"cannot tell", "holds" if true else "does not hold"} if told else {"cannot tell"}
    lost = not kept(sample, no_worse)
    refuted = learned and (seen or lost)
    return {"cannot tell", "holds"} if true else {"cannot tell", *["does not hold"] * refuted}


def kind(claim):
    if isinstance(claim.comparison, Growth):
        return "growth"
    return "equality" if claim.judge.equality else "superiority"


@functools.cache
def outcomes(world, seeds):
    """Of each repetition: by claim its verdict and whether that is wrong."""
    rng = np.random.default_rng(seeds)
    found = []
    for repetition in range(REPETITIONS):
        if repetition == 0 or world == "anything":
            true = true_curves(world, rng)
            truths = tables(true, seeds=1)
            allowed = {claim: right(claim, truths[claim.figure]) for claim in ABOUT}
        judged = judged_claims(tables(noisy(true, seeds, rng), seeds=seeds))
        verdicts = {claim: judged[claim][1].verdict for claim in ABOUT}
        found.append({c: (v, v not in allowed[c]) for c, v in verdicts.items()})
    return found


WORLDS = [
    "all at chance",
    "all equal",
    "as in the paper",
    "only labels tell",
    "only random fails",
    "only found masks matter",
    "only adjusted random fails more and more",
    "anything",
]
FAILING = ["only labels tell", "only random fails", "only found masks matter"]


@pytest.mark.parametrize("seeds", [3, 6])
@pytest.mark.parametrize("world", WORLDS)
def test_few_verdicts_are_wrong(world, seeds):
    """Of the claims of each kind, and of the verdicts of each section, no more than 5 %."""
    found = outcomes(world, seeds)
    for name in ("equality", "superiority", "growth"):
        wrong = [w for one in found for claim, (_, w) in one.items() if kind(claim) == name]
        assert np.mean(wrong) <= LEVEL, name
    for section in {claim.section for claim in ABOUT}:
        shares = []
        for one in found:
            own = [(v, w) for claim, (v, w) in one.items() if claim.section == section]
            given = sum(verdict != "cannot tell" for verdict, _ in own)
            shares.append(sum(w for _, w in own) / max(given, 1))
        assert np.mean(shares) <= LEVEL, section


def rates(world, seeds, name):
    """The share of each verdict among claims of one kind."""
    counts = Counter(
        verdict
        for one in outcomes(world, seeds)
        for claim, (verdict, _) in one.items()
        if kind(claim) == name
    )
    return {verdict: count / counts.total() for verdict, count in counts.items()}


@pytest.mark.parametrize(
    ("world", "seeds", "name", "verdict", "least"),
    [
        ("all at chance", 3, "equality", "cannot tell", 1),
        ("all at chance", 6, "superiority", "cannot tell", 1),
        ("all equal", 6, "superiority", "cannot tell", 0.9),
        ("only found masks matter", 3, "superiority", "does not hold", 0.2),
        ("only found masks matter", 6, "superiority", "does not hold", 0.4),
        ("only found masks matter", 6, "growth", "does not hold", 0.95),
        ("as in the paper", 3, "superiority", "holds", 0.9),
        ("as in the paper", 3, "growth", "holds", 0.7),
        ("as in the paper", 3, "equality", "holds", 0.1),
        ("as in the paper", 6, "superiority", "holds", 0.99),
        ("as in the paper", 6, "growth", "holds", 0.95),
        ("as in the paper", 6, "equality", "holds", 0.75),
        ("only labels tell", 3, "equality", "does not hold", 0.6),
        ("only labels tell", 6, "growth", "does not hold", 0.95),
    ],
)
def test_what_is_true_is_mostly_seen(world, seeds, name, verdict, least):
    """A scoreboard that never tells is never wrong either. Equality takes more than three seeds."""
    assert rates(world, seeds, name)[verdict] >= least


@pytest.mark.parametrize("seeds", [3, 6])
def test_where_tickets_are_equal_only_what_needs_no_baseline_is_called_so(seeds):
    """Random ones are as good there: "as good" says nothing, and no claim of a lead holds."""
    for one in outcomes("all equal", seeds):
        holding = {claim for claim, (verdict, _) in one.items() if verdict == "holds"}
        assert {claim.comparison.random for claim in holding} <= {None}


def dying(true, seeds, rng, often, told=True, each=True):
    """The same, and which networks have died: random ones do so often and end at chance.

    Each by itself; or, as masks are nested, all of a seed from where pruning is extreme.
    """
    accuracy, lifeless = noisy(true, seeds, rng), {}
    for name, own in accuracy.items():
        dead = np.zeros(own.shape, dtype=bool)
        if "random" in name[1]:
            together = (rng.random((seeds, 1)) < often) & EXTREME
            dead = (rng.random(own.shape) < often) & PRUNED if each else together
        own[dead] = CHANCE[name[0]]
        lifeless[name] = dead.astype(float) * told
    return accuracy, lifeless


def wrong_where_networks_die(world, seeds, often, each, told=True):
    """Of each section, the share of its verdicts that are wrong about networks that live."""
    rng = np.random.default_rng(seeds)
    true = true_curves(world, rng)
    truths = tables(true, seeds=1)
    allowed = {claim: right(claim, truths[claim.figure]) for claim in ABOUT}
    wrong = {section: [] for section in {claim.section for claim in ABOUT}}
    for _ in range(REPETITIONS):
        judged = judged_claims(tables(*dying(true, seeds, rng, often, told, each), seeds=seeds))
        for section, shares in wrong.items():
            own = {claim: judged[claim][1].verdict for claim in ABOUT if claim.section == section}
            given = sum(verdict != "cannot tell" for verdict in own.values())
            shares.append(sum(v not in allowed[c] for c, v in own.items()) / max(given, 1))
    return {section: np.mean(shares) for section, shares in wrong.items()}


@pytest.mark.parametrize("often", [0.1, 0.2, 0.33])
@pytest.mark.parametrize(("seeds", "each"), [(3, True), (6, False)], ids=["each", "seeds"])
@pytest.mark.parametrize("world", ["all equal", "as in the paper", "only labels tell"])
def test_few_verdicts_are_wrong_where_networks_die(world, seeds, each, often):
    """A claim that takes in a network which has learned nothing is not judged at all."""
    assert max(wrong_where_networks_die(world, seeds, often, each).values()) <= LEVEL


def test_if_the_tables_did_not_tell_who_died_the_bound_would_not_hold():
    """With whole seeds at chance: what follows is no normal noise, which t tests assume."""
    wrong = wrong_where_networks_die("only labels tell", 6, 0.33, each=False, told=False)
    assert wrong["4.1"] > LEVEL


def test_a_claim_that_takes_in_a_dead_network_is_not_judged_and_says_which():
    rng = np.random.default_rng(0)
    accuracy, lifeless = dying(true_curves("as in the paper", rng), 6, rng, 0)
    name, figures = "imagenet-random-resnet50", tables(accuracy, lifeless, seeds=6)
    lifeless["imagenet-resnet50", name][4, -1] = 1
    judged = judged_claims(tables(accuracy, lifeless, seeds=6))
    reading = [c for c in ABOUT if f"- {name}, 6.9 to" in c.comparison.words(figures[c.figure])]
    assert len(reading) > 3
    for claim in reading:
        found = judged[claim][1]
        assert found.verdict == "cannot tell"
        assert found.why == f"{name}, seed 4, has learned nothing at 0.12 % left"


def test_the_full_network_is_one_that_pruning_at_random_harms():
    """Where it harms nothing, tickets that lose nothing refute no loss: there is none to see."""
    losses = {c for c in ABOUT if "worse than the full network" in c.words}
    assert len(losses) == 2
    for world, verdict in (("all equal", "cannot tell"),
                           ("only found masks matter", "does not hold")):  # fmt: skip
        for one in outcomes(world, 6):
            assert {one[claim][0] for claim in losses} == {verdict}


@pytest.mark.parametrize("network", ["ResNet-18", "VGG-19"])
def test_a_gap_that_grows_only_against_the_adjusted_baseline_has_not_grown(network):
    """Section 4.5 adjusts where less than 15 % remain: plain random tickets are behind before."""
    found = outcomes("only adjusted random fails more and more", 6)
    growing = [claim for claim in ABOUT if f"{network}: the gap between" in claim.words]
    assert len(growing) == 2
    for one in found:
        assert {one[claim][0] for claim in growing} == {"does not hold"}


def possible(verdict, worlds):
    """The claims of which a verdict is right in one of the worlds."""
    truths = [tables(true_curves(world, None), seeds=1) for world in worlds]
    return {c.words for c in ABOUT if any(verdict in right(c, t[c.figure]) for t in truths)}


def test_all_claims_of_the_paper_can_be_true_at_once_and_each_can_fail():
    every = {claim.words for claim in ABOUT}
    assert possible("holds", ["as in the paper"]) == every
    assert possible("does not hold", ["all equal", *FAILING]) == every
