"""config/v2.yaml, the paper's later version: its recipe, its tickets and figures, its claims."""

import math

import numpy as np
import pandas as pd
import pytest

from lottery import config
from lottery.catalogue.tasks import TASKS
from lottery.claims.comparisons import Gap
from lottery.claims.later_version import LATER_CLAIMS
from lottery.claims.paper import CLAIMS
from lottery.claims.scoreboard import claimed, markdown, scoreboard
from lottery.config.entries import BaselineTicket
from lottery.errors import LotteryError
from lottery.figures import style
from lottery.specs import images_per_update, samples_per_epoch
from lottery.stages.claims import claims
from tests.conftest import REPOSITORY, write_table
from tests.unit.test_appendix import INVARIANCES, RESNET50, Line
from tests.unit.test_claims import evaluations, tickets
from tests.unit.test_claims_compared import accuracies

FILE = REPOSITORY / "config/v2.yaml"
PAPER = config.load([REPOSITORY / "config.yaml"])
LATER = config.load([REPOSITORY / "config.yaml", FILE])

EXEMPLAR = Line(
    "ImageNet Exemplar - ResNet-50",
    *(40, 1536, 32, 48, 0.3, 0, 0.00001, (20, 30), INVARIANCES),
    *("imagenet", "all", RESNET50, {"exemplar": "imagenet-exemplar-resnet50"}),
)
"""Epochs, rate and decays as the later version has them, the rest as Appendix A of the first."""


def test_exemplar_on_resnet_50_has_the_numbers_of_the_later_version():
    name = EXEMPLAR.recipes["exemplar"]
    before, after = PAPER.recipes[name], LATER.recipes[name]
    said = {
        "epochs": EXEMPLAR.epochs,
        "learning_rate": EXEMPLAR.rate,
        "milestones": EXEMPLAR.milestones,
    }
    assert after == before.model_copy(update=said) != before
    assert (after.batch_size, after.micro_batches) == (EXEMPLAR.batch, EXEMPLAR.gpus)
    assert after.batch_size / after.micro_batches == EXEMPLAR.per_gpu
    assert after.weight_decay == EXEMPLAR.weight_decay
    assert after.warmup_epochs == EXEMPLAR.warmup


def test_the_recipe_says_what_a_training_costs():
    recipe, views = LATER.recipes["imagenet-exemplar-resnet50"], TASKS["exemplar"].views
    images = samples_per_epoch(LATER.dataset("imagenet"), LATER.subsets["all"], "exemplar")
    updates = recipe.epochs * math.ceil(images / images_per_update(recipe, views))
    inputs = recipe.epochs * images * views
    assert f"# {updates:,} updates, {inputs / 1e6:.0f} million inputs" in FILE.read_text()


def test_nothing_else_is_changed_and_results_go_to_folders_of_their_own():
    before, after = PAPER.model_dump(), LATER.model_dump()
    assert after.pop("scale") != before.pop("scale")
    for own in ("recipes", "tickets", "figures"):
        found, base = after.pop(own), before.pop(own)
        changed = {name for name in base if found.get(name) != base[name]}
        expected = {"recipes": {"imagenet-exemplar-resnet50"}, "figures": set(base)}
        assert changed == expected.get(own, set())
    assert after == before


NETWORKS = ["cifar10-{}-resnet18", "cifar10-{}-vgg19", "imagenet-{}-resnet50"]
NAMES = {"Labels": "labels", "RotNet": "rotnet", "Exemplar": "exemplar"}


@pytest.mark.parametrize("task", NAMES.values())
@pytest.mark.parametrize("network", NETWORKS)
def test_each_mask_is_there_with_weights_drawn_anew(network, task):
    """On ImageNet, where k is 3.3 % of a training, with as long a training too."""
    of = network.format(task)
    twin = f"{of}-reinitialised-equal"
    again = BaselineTicket(baseline="reinitialised", of=of)
    assert LATER.tickets[f"{of}-reinitialised"] == again
    if network.startswith("imagenet"):
        assert LATER.tickets[twin] == again.model_copy(update={"budget": "equal"})
    else:
        assert twin not in LATER.tickets


def curves(network, randoms, suffix="", name=""):
    """A panel's: each task's tickets and its masks reinitialised, and the random ones."""
    found = {}
    for task, words in ((task, words) for words, task in NAMES.items()):
        of = network.format(task)
        found |= {words: of, f"{words}, reinit{name}": f"{of}-reinitialised{suffix}"}
    return found | {words: network.format(task) for words, task in randoms.items()}


ON_CIFAR = {"Random": "random", "Random (adjusted)": "adjusted-random"}
PANELS = {
    ("v2-cifar10", "ResNet-18"): ("cifar10", curves(NETWORKS[0], ON_CIFAR)),
    ("v2-cifar10", "VGG-19"): ("cifar10", curves(NETWORKS[1], ON_CIFAR)),
    ("v2-imagenet", "ResNet-50"): (
        "imagenet-resnet50",
        curves(NETWORKS[2], {"Random": "random"}),
    ),
    ("v2-imagenet", "equal"): (
        "imagenet-resnet50",
        curves(NETWORKS[2], {}, "-equal", " (equal)")
        | {"Random (equal)": "imagenet-random-resnet50-equal"},
    ),
}


def test_its_figures_draw_each_mask_with_w_k_and_with_weights_drawn_anew():
    found = {
        (figure, name): (
            panel.evaluation,
            {curve: entry.ticket for curve, entry in panel.curves.items()},
        )
        for figure, shown in LATER.figures.items()
        for name, panel in shown.panels.items()
    }
    assert found == PANELS
    assert LATER.figures["v2-cifar10"].seeds is None
    assert LATER.figures["v2-imagenet"].seeds == (0, 1, 2)


@pytest.mark.parametrize("figure", LATER.figures)
def test_no_two_curves_of_a_panel_share_a_colour_or_a_mark(figure):
    for panel in LATER.plot(figure).panels:
        names = [curve.curve for curve in panel.curves]
        assert set(names) <= style.CURVES.keys(), "a look that holds across figures"
        looks = style.looks(names).values()
        assert len({look["color"] for look in looks}) == len(names)
        assert len({look["marker"] for look in looks}) == len(names)


@pytest.mark.parametrize("claim", LATER_CLAIMS, ids=lambda claim: claim.words)
def test_a_claim_reads_what_its_figures_table_holds(claim):
    """Baselines and references too."""
    rows = {curve.chain.ticket: curve for curve in LATER.aggregate(claim.figure).table.curves}
    read = tickets(claim.comparison)
    assert read <= rows.keys()
    assert {rows[ticket].evaluation for ticket in read} == evaluations(claim.comparison)


def test_no_claim_stands_twice():
    words = [claim.words for claim in (*CLAIMS, *LATER_CLAIMS)]
    assert len(set(words)) == len(words)
    checked = [(claim.comparison, claim.judge) for claim in LATER_CLAIMS]
    assert len(set(checked)) == len(checked)


def test_a_scoreboard_has_the_claims_of_the_versions_whose_figures_are_there():
    assert claimed(PAPER.figures) == CLAIMS
    assert claimed(LATER.figures) == LATER_CLAIMS
    assert claimed(["fig1a", "v2-cifar10"]) == (*CLAIMS, *LATER_CLAIMS)
    assert claimed(["of-my-own"]) == ()


def test_the_scoreboard_says_whose_claims_they_are():
    first = markdown(scoreboard({}, "v2", LATER_CLAIMS), "v2").splitlines()[0]
    assert first == (
        "The claims of the paper's later version, checked against results at its own scale, `v2`."
    )


ROUNDS = [0, 1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 25, 30]
DENSITIES = {round: 0.8**round for round in ROUNDS}
DEPTH = np.array(ROUNDS) / max(ROUNDS)
CHANCE = {"cifar10": 10, "imagenet-resnet50": 0.1}


def simulated(lost, seeds=6, noise=0.2):
    """A table per figure; `lost` says how many points behind its best curve a ticket ends."""
    rng, found = np.random.default_rng(0), {}
    for (figure, _), (evaluation, shown) in PANELS.items():
        for ticket in shown.values():
            true = 90 - 10 * DEPTH - lost(ticket) * (DEPTH > 0)
            seen = true + rng.normal(0, noise, (seeds, len(ROUNDS)))
            table = accuracies(ticket, dict(enumerate(np.maximum(seen, 0))), [*DENSITIES.values()])
            table["chance"] = CHANCE[evaluation] / 100
            found.setdefault(figure, []).append(table.assign(evaluation=evaluation))
    return {figure: pd.concat(tables) for figure, tables in found.items()}


def as_it_says(ticket):
    """Labels tickets gain 3 points by W_k, all masks are alike without it."""
    if "random" in ticket:
        return 15
    return 0 if "labels" in ticket and "reinitialised" not in ticket else 3


def verdicts(lost):
    """The verdicts by what a claim is about."""
    rows = scoreboard(simulated(lost), "v2", LATER_CLAIMS)
    found = {}
    for kind, words in (
        ("masks", "with weights drawn anew do as well"),
        ("boost", "a boost (it is better"),
        ("hardly", "hardly a boost"),
        ("more", "is worth more to"),
    ):
        found[kind] = set(rows[rows["claim"].str.contains(words, regex=False)]["verdict"])
    assert len(found) == 4
    return found


@pytest.mark.parametrize(
    ("lost", "masks", "boost", "hardly", "more"),
    [
        (as_it_says, "holds", "holds", "holds", "holds"),
        # W_k is worth nothing to any, or as much to all
        (lambda t: 15 * ("random" in t), "holds", "does not hold", "holds", "does not hold"),
        (
            lambda t: 15 if "random" in t else 3 * ("reinitialised" in t),
            "holds",
            "holds",
            "does not hold",
            "does not hold",
        ),
        # masks of labels are better than others, W_k is worth nothing
        (
            lambda t: 15 if "random" in t else 0 if "labels" in t else 4,
            "does not hold",
            "does not hold",
            "holds",
            "does not hold",
        ),
        # nothing is learned
        (lambda t: 1000, *["cannot tell"] * 4),
    ],
    ids=["as it says", "never", "always", "labels masks", "at chance"],
)
def test_verdicts_are_those_of_the_world(lost, masks, boost, hardly, more):
    assert verdicts(lost) == {
        "masks": {masks},
        "boost": {boost},
        "hardly": {hardly},
        "more": {more},
    }


def judged_by_the_stage(folder, text, figure="v2-cifar10"):
    table, out = folder / f"{figure}.csv", folder / "claims.csv"
    write_table(table, figure, text)
    claims(LATER.claims(), [str(table)], str(out), str(folder / "claims.md"))
    return pd.read_csv(out, keep_default_na=False).set_index("claim")


def test_the_stage_judges_a_table_of_the_later_version(tmp_path):
    table = simulated(as_it_says)["v2-cifar10"].to_csv(index=False)
    found = judged_by_the_stage(tmp_path, table)
    assert list(found.index) == [claim.words for claim in LATER_CLAIMS]
    assert set(found.loc[found["figure"] == "v2-cifar10", "verdict"]) == {"holds"}
    assert set(found.loc[found["figure"] == "v2-imagenet", "why"]) == {"no table of v2-imagenet"}


def test_the_stage_refuses_a_table_of_the_later_version_that_lacks_columns(tmp_path):
    with pytest.raises(LotteryError, match="no column accuracy"):
        judged_by_the_stage(tmp_path, "ticket,seed\na,0\n")


def test_equalities_are_measured_by_labels_tickets_above_random_ones():
    for claim in LATER_CLAIMS:
        if isinstance(claim.comparison, Gap) and claim.judge.equality:
            assert "-labels-" in claim.comparison.reference.ticket
            assert "random" in claim.comparison.random.ticket
