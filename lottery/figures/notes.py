"""What the footer of a figure of accuracies says: what its points are, and what was learned from.

Tables of earlier versions know less: what they do not know is NaN, and nothing is said of it.
"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from lottery.figure_specs import BUDGET, LIFELESS, PlotSpec, ShownPanel

EARLY = (
    "at 100 %, hollow: trained on from $W_k$ of its own task; all others: from an initialisation"
)
"""What round 0 is, which differs between tickets of other tasks and those from labels."""
UNITS = {"updates": "updates", "samples": "images"}
"""The columns of budgets, and their words."""
FEW = 3
"""The points of a curve, the panels, or the curves of one budget, that are each named."""


def notes(spec: PlotSpec, rows: pd.DataFrame) -> list[str]:
    """All lines of the footer that hold for what is drawn of a table."""
    early = any(curve.early for panel in spec.panels for curve in panel.curves)
    lines = [EARLY] if early and (rows["round"] == 0).any() else []
    return [*lines, *_learned_nothing(spec, rows), *_budgets(spec, rows)]


def lifeless(rows: pd.DataFrame) -> pd.Series:
    """Which rows are of networks that learned nothing, as far as the table knows."""
    return rows[list(LIFELESS)].eq(1).any(axis=1)


def percent(share: float) -> str:
    """A share of 0..1 with two significant digits: `1.1 %`."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def _learned_nothing(spec: PlotSpec, rows: pd.DataFrame) -> list[str]:
    """`x: 2 of 6 networks of Random at 1.1 % left learned nothing; means are over the others`.

    Of many curves, those of one name in several panels are counted together.
    """
    rows = rows.assign(lifeless=lifeless(rows))
    places = ["panel", "curve", "round"]
    points = rows.groupby(places, dropna=False, as_index=False).agg(
        density=("density", "mean"), lost=("lifeless", "sum"), all=("lifeless", "size")
    )
    hit = points[points["lost"] > 0].sort_values("density", ascending=False)
    shown: dict[str, list[pd.DataFrame]] = {}
    apart = len(spec.panels) > 1 and len(hit[["panel", "curve"]].drop_duplicates()) <= FEW
    for panel in spec.panels:
        for curve in panel.curves:
            own = hit[(hit["panel"] == panel.panel) & (hit["curve"] == curve.curve)]
            where = f" in {panel.title.rstrip(':')}" if apart else ""
            if len(own):
                shown.setdefault(f"{curve.label}{where}", []).append(own)
    said: list[str] = []
    for label, found in shown.items():
        every = pd.concat(found)
        count = f"{every['lost'].sum()} of {every['all'].sum()}{'' if said else ' networks'}"
        said.append(f"{count} of {label} at {_densities(every['density'])} left")
    others = "; means are over the others" if (points["all"] > 1).any() else ""
    return [f"x: {', '.join(said)} learned nothing{others}"] if said else []


def _densities(found: Iterable[float]) -> str:
    first, *others = dict.fromkeys(map(percent, sorted(found, reverse=True)))
    if len(others) < FEW:
        return " and ".join(filter(None, [", ".join([first, *others[:-1]]), *others[-1:]]))
    return f"{first.removesuffix(' %')} to {others[-1]}"


def _budgets(spec: PlotSpec, rows: pd.DataFrame) -> list[str]:
    """`updates behind each network: 77,655 for Labels; 75,150 for Random`, where they differ.

    Batches of other sizes make other updates of as many images, which is said. Panels of which the
    same is to be said share a line.
    """
    said: dict[tuple[str, str], list[int]] = {}
    for place, panel in enumerate(spec.panels):
        told = _budget(panel, rows[rows["panel"] == panel.panel])
        if told:
            said.setdefault(told, []).append(place)
    return [
        f"{unit} behind each network{_within(spec.panels, places)}: {text}"
        for (unit, text), places in said.items()
    ]


def _within(panels: Sequence[ShownPanel], places: Sequence[int]) -> str:
    if len(places) == len(panels):
        return ""
    if len(places) < FEW:
        return f" in {' and '.join(panels[place].title.rstrip(':') for place in places)}"
    return f" in panels {', '.join(str(place + 1) for place in places)}"


def _budget(panel: ShownPanel, rows: pd.DataFrame) -> tuple[str, str] | None:
    """A unit in which the budgets of a panel differ, and what they are; None if they agree."""
    labels = {curve.curve: curve.label for curve in panel.curves}
    for column, unit in UNITS.items():
        table = rows.pivot_table(index="round", columns="curve", values=column, aggfunc="mean")
        table = table[[curve for curve in labels if curve in table]]
        first, later = table[table.index == 0], table[table.index > 0]
        changed = any(_apart([*first[curve], later[curve].min()]) for curve in table)
        if not changed and not any(_apart(table.loc[round]) for round in table.index):
            continue
        parts = [_grouped(part, labels) for part in (later, first) if len(part)]
        text = "; at round 0: ".join(parts if changed else parts[:1])
        alike = column == "updates" and _alike(rows["samples"])
        return unit, text + " (of as many images)" * alike
    return None


def _apart(values: Iterable[float]) -> bool:
    found = pd.Series(list(values), dtype=float).dropna()
    return bool(len(found) and found.max() > (1 + BUDGET) * found.min())


def _alike(values: pd.Series) -> bool:
    return bool(values.notna().all()) and not _apart(values)


def _grouped(budgets: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """`77,655 for Labels, RotNet; 75,150 for Random`: each budget once, over all rounds."""
    groups: list[tuple[float, float, list[str]]] = []
    for curve, (least, most) in budgets.agg(["min", "max"]).dropna(axis=1).items():
        for low, high, names in groups:
            if not (_apart([low, least]) or _apart([high, most])):
                names.append(labels[curve])
                break
        else:
            groups.append((least, most, [labels[curve]]))
    *others, largest = sorted(groups, key=lambda group: len(group[2]))
    if len(largest[2]) > FEW or not others:
        groups = [*others, (*largest[:2], ["all others" if others else "all"])]
    return "; ".join(
        f"{_number(least, most)} for {', '.join(names)}" for least, most, names in groups
    )


def _number(least: float, most: float) -> str:
    return f"{least:,.0f} to {most:,.0f}" if _apart([least, most]) else f"{most:,.0f}"
