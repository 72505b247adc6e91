# Tickets of others: no rule can make them, so that what is missing is told before any job.
from lottery import truth
from lottery.fingerprint import Code


def imported(ticket: str) -> str:
    """Where the mask and the weights of an imported ticket lie."""
    return paths.imported(RESULTS, ticket)


def received(w):
    """The same, if it is there: what is not must not be an error before it is known to be needed."""
    return imported(w.ticket) if os.path.exists(imported(w.ticket)) else []


@functools.cache
def other_import(ticket: str) -> str | None:
    """Why the file of an imported ticket is not what the config names."""
    path, text = imported(ticket), CONFIG.imports(ticket).text()
    if not os.path.exists(path):
        return f"{path} is not there"
    no_code = Code("importing", "", {})
    expected = truth.Expected(path, "imported", text, frozenset(), no_code, {})
    return truth.stale(expected)


def not_imported(jobs) -> list[str]:
    """One line for each imported ticket that jobs need, and that is not as it must be."""
    own = {job.wildcards.ticket for job in jobs if job.rule.name == "evaluate_imported"}
    overlays = " ".join(map(os.path.relpath, workflow.configfiles[:-1]))
    how = f" --configfile {overlays}" if overlays else ""
    return [
        f"tickets.{ticket}: {words}: lottery import FILE --ticket {ticket}{how}"
        f" (SHA-256 of FILE: {CHAINS[ticket].imported.sha256})"
        for ticket in sorted(own)
        if (words := other_import(ticket))
    ]


def imported_results(results) -> list[dict]:
    """For `lottery status`: the imported tickets of planned evaluations."""
    found = {}
    for each in results:
        if each["rule"] == "evaluate_imported":
            found.setdefault(each["of"], []).append(each)
    return [
        {
            "rule": "import",
            "figures": sorted({name for each in own for name in each["figures"]}),
            "of": ticket,
            "runs": any(each["runs"] for each in own)
            and other_import(ticket) is not None,
            "path": imported(ticket),
            "what": "imported",
            "key": CONFIG.imports(ticket).key(),
            "there": os.path.exists(imported(ticket)),
            "stale": other_import(ticket) if os.path.exists(imported(ticket)) else None,
        }
        for ticket, own in found.items()
    ]
