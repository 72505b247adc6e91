"""The list of the paper's claims, and the scoreboard that the stage writes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lottery import config
from lottery.claims.comparisons import Gap, Growth, Saving, Sparsity, Tickets
from lottery.claims.curves import Curves, Table
from lottery.claims.judges import as_good
from lottery.claims.paper import CLAIMS
from lottery.claims.scoreboard import COLUMNS, markdown, scoreboard
from lottery.claims.verdicts import conclude, examine
from lottery.errors import LotteryError
from lottery.figure_specs import ClaimsSpec
from lottery.stages.claims import claims
from tests.conftest import REPOSITORY, write_table
from tests.unit.test_claims_compared import accuracies

NOTHING = pd.DataFrame(columns=list({*Gap.columns, *Sparsity.columns, *Saving.columns}))


def tickets(comparison):
    """All names that a comparison reads."""
    if isinstance(comparison, Growth):
        return set().union(*map(tickets, comparison.gaps))
    sides = {comparison.a, comparison.b}
    if isinstance(comparison, Gap):
        sides |= {comparison.reference, comparison.random}
    names = {side.ticket if isinstance(side, Tickets) else side for side in sides}
    names |= {side.adjusted for side in sides if isinstance(side, Tickets)}
    return {name for name in names if isinstance(name, str)}


def evaluations(comparison):
    """How what a comparison reads is judged."""
    if isinstance(comparison, Growth):
        return set().union(*map(evaluations, comparison.gaps))
    return {comparison.evaluation} if isinstance(comparison, Gap) else set()


@pytest.fixture(scope="module")
def paper():
    return config.load([REPOSITORY / "config.yaml"])


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.words)
def test_a_claim_reads_what_its_figures_table_holds(paper, claim):
    """Baselines and references too."""
    curves = paper.aggregate(claim.figure).table.curves
    rows = {curve.chain.ticket: curve for curve in curves}
    read = tickets(claim.comparison)
    assert read <= rows.keys() & paper.tickets.keys()
    judged = (
        {rows[ticket].evaluation for ticket in read} if evaluations(claim.comparison) else set()
    )
    assert judged == evaluations(claim.comparison)


def test_no_claim_stands_twice():
    words = [claim.words for claim in CLAIMS]
    assert len(set(words)) == len(words)
    checked = [(claim.comparison, claim.judge) for claim in CLAIMS]
    assert len(set(checked)) == len(checked)


def test_what_is_claimed_equal_is_measured_by_what_could_differ():
    """A reference that is the random baseline itself would be above nothing."""
    for claim in CLAIMS:
        if isinstance(claim.comparison, Gap) and claim.judge.equality:
            assert claim.comparison.reference != claim.comparison.random, claim.words
            assert (claim.comparison.random is None) == ("trivial" in claim.words), claim.words


@pytest.mark.parametrize("table", [None, NOTHING], ids=["absent", "empty"])
def test_without_rows_one_cannot_tell(table):
    tables = {} if table is None else {claim.figure: table for claim in CLAIMS}
    found = scoreboard(tables, "paper")
    assert set(found["verdict"]) == {"cannot tell"}
    assert found["why"].str.startswith("no table of" if table is None else "no results of").all()
    assert set(found["seeds"]) == {0}
    assert found["effect"].isna().all()
    assert found.columns.tolist() == COLUMNS


FIG5 = [claim for claim in CLAIMS if claim.figure == "fig5"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.booleans(), min_size=60, max_size=60))
def test_gaps_in_a_table_are_no_error(kept):
    """Whatever part of Figure 5 is there, each claim gets a verdict and says what it compared."""
    names = sorted(set().union(*(tickets(claim.comparison) for claim in FIG5)))
    full = pd.concat([accuracies(name, {0: [90, 60, 30], 1: [90, 60, 30]}) for name in names])
    table = Table(full.assign(evaluation="imagenet-resnet50")[kept[: len(full)]])
    for claim in FIG5:
        conclude([examine(claim.comparison, claim.judge, table)])
        assert "% left" in claim.comparison.words(table)


HEAD = "ticket,evaluation,seed,round,density,samples,updates,dead,stalled,collapsed"
ROW = "a,e,0,0,1,9,1,0,0,0"


def write(folder, levels, seeds=3, rounds=31, noise=0.1, densities=None):
    """A table of Figure 1a: the accuracy of each ticket's pruned rounds, and noise above it."""
    drawn = np.random.default_rng(0).normal(0, noise, (len(levels), seeds, rounds))
    densities = densities or [0.8**round for round in range(rounds)]
    rows = [
        accuracies(name, {s: level + drawn[i, s] for s in range(seeds)}, densities)
        for i, (name, level) in enumerate(levels.items())
    ]
    folder.mkdir(exist_ok=True)
    path = folder / "fig1a.csv"
    table = pd.concat(rows).assign(evaluation="cifar10", figure="fig1a")
    write_table(path, "fig1a", table.to_csv(index=False))
    return str(path)


TASKS = ("labels", "rotnet", "exemplar", "adjusted-random", "random")
LABELS, ROTNET, EXEMPLAR, ADJUSTED, RANDOM = (f"cifar10-{task}-resnet18" for task in TASKS)
FAR = {LABELS: 80, ROTNET: 80.2, EXEMPLAR: 75, ADJUSTED: 50, RANDOM: 50}
POINT = "ResNet-18: with 6.9 % left, RotNet tickets do as well as labels tickets"
EQUAL = "ResNet-18: extremely pruned, RotNet tickets do as well as labels tickets"
SEVERE = "ResNet-18: severely pruned, RotNet tickets are better than random ones"
GROWS = "ResNet-18: the gap between RotNet and random tickets grows with severe pruning"


def run(folder, *tables, scale="paper"):
    spec = ClaimsSpec(scale=scale, figures=("fig1a", "table1"))
    csv, text = folder / "claims.csv", folder / "claims.md"
    claims(spec, list(tables), str(csv), str(text))
    return pd.read_csv(csv, keep_default_na=False, na_values=[""]), text.read_text()


def test_the_stage_tells_verdicts_reasons_effects_and_what_was_compared(tmp_path):
    found, text = run(tmp_path, write(tmp_path / "in", FAR))
    assert found.columns.tolist() == COLUMNS
    by_claim = found.set_index("claim")
    point = by_claim.loc[POINT]
    assert point["compared"] == f"{ROTNET} - {LABELS}, 6.9 % left"
    assert (point["verdict"], point["seeds"], point["unit"]) == ("holds", 3, "points")
    assert point["effect"] == pytest.approx(0.2, abs=0.3)
    assert point["lower"] < point["effect"] < point["upper"]
    assert point["p"] <= point["p_adjusted"] <= 0.05
    assert by_claim.loc[SEVERE, "verdict"] == "holds"
    assert by_claim.loc[GROWS, "verdict"] == "does not hold", "it is 30 points throughout"
    assert by_claim.loc[GROWS, "why"].startswith("growth from moderate to extreme pruning")
    lost = by_claim.loc[EQUAL.replace("RotNet", "Exemplar")]
    assert lost["verdict"] == "does not hold"
    assert "not above -1" in lost["why"]
    assert by_claim.loc[EQUAL.replace("ResNet-18", "VGG-19"), "why"] == (
        "no results of cifar10-rotnet-vgg19"
    )
    counts = found["verdict"].value_counts()
    assert (
        f"holds: {counts['holds']}, does not hold: {counts['does not hold']}, "
        f"cannot tell: {counts['cannot tell']}."
    ) in text
    assert text.count("\n| 4.1 |") == (found["section"] == "4.1").sum()
    assert f"| {lost['why']} |" in text


def test_each_section_is_a_family_of_its_own(tmp_path):
    found = run(tmp_path, write(tmp_path / "in", FAR))[0].dropna(subset=["p"])
    assert found["section"].nunique() > 1
    for _, own in found.groupby("section"):
        assert own["p_adjusted"].tolist() == pytest.approx(
            stats.false_discovery_control(own["p"]).tolist()
        )


def test_with_everything_at_chance_nothing_holds(tmp_path):
    found, text = run(tmp_path, write(tmp_path / "in", dict.fromkeys(FAR, 10)))
    assert set(found["verdict"]) == {"cannot tell"}
    assert f"{LABELS} not clearly above chance (10 %)" in text


def test_a_lead_of_a_twentieth_of_a_point_is_none(tmp_path):
    levels = FAR | {ROTNET: 50.05}
    found = run(tmp_path, write(tmp_path / "in", levels, noise=0.01))[0].set_index("claim")
    severe = found.loc[SEVERE]
    assert (severe["verdict"], severe["effect"]) == ("does not hold", pytest.approx(0.05, abs=0.01))


@pytest.mark.parametrize(
    ("rounds", "verdict", "note"),
    [(31, "holds", ""), (4, "cannot tell", ""), (3, "holds", " (judged at 4.8 % left)")],
)
def test_a_claim_of_a_round_that_is_not_there_says_which_was_judged(
    tmp_path, rounds, verdict, note
):
    """A round of 4.8 % counts as 6.9 %, one of 12 % does not, and none may read as the other."""
    fraction = {31: 0.2, 4: 0.65, 3: 0.78}[rounds]
    densities = [(1 - fraction) ** round for round in range(rounds)]
    found = run(tmp_path, write(tmp_path / "in", FAR, rounds=rounds, densities=densities))[0]
    row = found.set_index("claim").loc[POINT + note]
    assert row["verdict"] == verdict
    assert ("4.8 % left" in row["compared"]) == bool(note)


def test_tickets_that_match_are_not_said_to_differ():
    """One gap, -0.6 points: 4.1 says of such tickets that they match, 5 that they do not."""
    rows = pd.concat(
        accuracies(name, {s: [76, 70 + level + s / 50, 60 + level] for s in range(3)})
        for name, level in (("labels", 0), ("rotnet", -0.6), ("random", -20))
    )
    rows["ticket"] = "imagenet-" + rows["ticket"] + "-resnet50"
    table = Table(rows.assign(evaluation="imagenet-resnet50"))
    apart = next(
        c for c in CLAIMS if c.words.startswith("Moderately pruned, RotNet tickets do not")
    )
    gap = apart.comparison
    match = Gap(gap.evaluation, gap.b, gap.a, gap.reference, gap.random)
    found = conclude([examine(match, as_good, table), examine(gap, apart.judge, table)])
    assert [one.verdict for one in found] == ["holds", "does not hold"]


def test_the_markdown_says_the_scale(tmp_path):
    found, text = run(tmp_path, write(tmp_path / "in", FAR, seeds=1), scale="quick")
    first = text.splitlines()[0]
    assert "`quick`" in first
    assert "stand-ins were trained" in first
    assert "prove nothing" in first
    assert set(found["scale"]) == {"quick"}
    paper = markdown(scoreboard({}, "paper"), "paper").splitlines()[0]
    assert "`paper`" in paper
    assert "prove" not in paper


def test_the_legend_says_how_many_claims_are_allowed_for():
    assert "Benjamini-Hochberg" in markdown(scoreboard({}, "paper"), "paper")


def test_one_seed_shows_effects_without_verdicts(tmp_path):
    found, text = run(tmp_path, write(tmp_path / "in", FAR, seeds=1))
    assert set(found["verdict"]) == {"cannot tell"}
    assert found.loc[found["effect"].notna(), "why"].eq("one seed").all()
    assert found["effect"].notna().any()
    assert found["standard_error"].isna().all()
    assert "nan" not in text


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("fig1a.csv", "", "not a readable table"),
        ("fig1a.csv", 'a,b\n"', "not a readable table"),
        ("fig1a.csv", f"{HEAD},accuracy,chance\n{ROW},good,0.1\n", "good"),
        ("fig1a.csv", "ticket,seed\na,0\n",
         "no column accuracy, chance, collapsed, dead, density, evaluation"),
        ("fig1a.csv", f"{HEAD},accuracy,chance\n{ROW},0.5,\n",
         "column chance: not all are numbers from 0 to 1"),
        ("fig1a.csv", f"{HEAD},accuracy,chance\n{ROW.replace('9', '')},0.5,0.1\n",
         "column samples: not all are numbers above 0"),
        ("fig1a.csv", f"{HEAD},accuracy,chance\n{ROW.replace('1,0,0,0', '1,0,,0')},0.5,0.1\n",
         "column stalled: not all are 0 or 1"),
        ("fig1a.csv", "ticket,evaluation,seed,round,density,accuracy,chance\n",
         "no column collapsed, dead, samples, stalled, updates"),
        ("fig1c.csv", "ticket,seed\na,0\n", "scale paper has no figure 'fig1c'"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused_in_one_line(tmp_path, name, content, complaint):
    path = tmp_path / name
    write_table(path, "fig1a", content)
    with pytest.raises(LotteryError, match=complaint) as error:
        run(tmp_path, str(path))
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(LotteryError, match=r"fig1a\.json: No such file"):
        run(tmp_path, str(tmp_path / "fig1a.csv"))


def test_an_imported_ticket_which_has_no_round_moves_no_density():
    row = {"ticket": "a", "seed": 0, "round": 1, "density": 0.8, "accuracy": 0.5, "chance": 0.1}
    row |= {"samples": 9, "updates": 1, "dead": 0, "stalled": 0, "collapsed": 0}
    other = {**row, "ticket": "theirs", "round": float("nan"), "density": 0.01}
    found = Curves.of(pd.DataFrame([row, other]))
    assert found.densities.tolist() == [0.8]
    assert np.isnan(found.of_ticket("theirs")).all()
