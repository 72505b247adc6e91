# What figures are made from.
from lottery import reports


def figure_reports(w) -> list[str]:
    """All reports that a figure shows."""
    return reports.reports_of(CONFIG.aggregate(w.figure), RESULTS)


def newest(files: list[str]) -> str:
    """Which of these are there, and when the last of them was made."""
    there = [file for file in files if os.path.exists(file)]
    return f"{len(there)} {max(map(os.path.getmtime, there), default=0)}"
