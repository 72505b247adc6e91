# What figures are made from.
from lottery import reports


def figure_reports(w) -> list[str]:
    """All reports that a figure shows."""
    return reports.reports_of(CONFIG.aggregate(w.figure), RESULTS)
