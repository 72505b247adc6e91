# What figures are made from, and what the report says of them.
import textwrap

from lottery import captions, reports


def figure_reports(w) -> list[str]:
    """All reports that a figure shows."""
    return reports.reports_of(CONFIG.aggregate(w.figure), RESULTS)


def caption(w, input):
    """What a template of the report fills in; it reads nothing before."""
    return captions.FigureCaption(CONFIG, paper, w.figure)


def menu_entry(w) -> str:
    """A figure in the report's menu, which is as wide as its longest entry."""
    title = CONFIG.plot(w.figure).title
    return textwrap.shorten(f"{w.figure}: {title}", 56, placeholder=" ...")


def shown(path: str, template: str, kind: str, file: str):
    """A file of a figure, beside its others in the report: what it shows, and in which format."""
    labels = {"figure": "{figure}", "shows": kind, "file": file, "scale": CONFIG.scale}
    return report(
        path,
        caption=template,
        category="Figures",
        subcategory=menu_entry,
        labels=labels,
    )
