# One tidy table per figure, the figure drawn from it, and the paper's claims checked against all.


rule aggregate:
    """Collect the reports of a figure in a tidy table."""
    input:
        # A partial figure waits for nothing: it takes what is there.
        lambda w: [] if CONFIG.partial else figure_reports(w),
    output:
        table=shown(
            paths.table(RESULTS, "{figure}"), "../report/table.rst", "table", "CSV"
        ),
        report=shown(
            paths.beside(paths.table(RESULTS, "{figure}")),
            "../report/tickets.rst",
            "tickets",
            "JSON",
        ),
    log:
        f"{LOGS}/aggregate/{{figure}}.log",
    localrule: True
    params:
        spec=lambda w: CONFIG.aggregate(w.figure).text(),
        code=lambda w: str(fingerprint.code("aggregate")),
        results=lambda w, input: RESULTS,
        about=caption,
    shell:
        "python -m lottery aggregate --spec {params.spec:q} --results {params.results:q}"
        " --out {output.table:q} 2>&1 | tee {log:q}"


rule plot:
    """Draw a figure from its table."""
    input:
        table=paths.table(RESULTS, "{figure}"),
    output:
        pdf=shown(f"{FIGURES}/{{figure}}.pdf", "../report/figure.rst", "drawing", "PDF"),
        png=shown(f"{FIGURES}/{{figure}}.png", "../report/figure.rst", "drawing", "PNG"),
    log:
        f"{FIGURES}/logs/{{figure}}.log",
    localrule: True
    params:
        spec=lambda w: CONFIG.plot(w.figure).text(),
        code=lambda w: str(fingerprint.code("plot")),
        about=caption,
    shell:
        "python -m lottery plot --spec {params.spec:q} --table {input.table:q} --out {output:q}"
        " 2>&1 | tee {log:q}"


rule claims:
    """Hold the paper's claims against the tables of all figures."""
    input:
        collect(paths.table(RESULTS, "{figure}"), figure=CONFIG.figures),
    output:
        table=report(
            f"{FIGURES}/claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"shows": "claims", "file": "CSV", "scale": CONFIG.scale},
        ),
        text=report(
            f"{FIGURES}/claims.md",
            caption="../report/claims.rst",
            category="Claims",
            labels={"shows": "claims", "file": "Markdown", "scale": CONFIG.scale},
        ),
        report=f"{FIGURES}/claims.json",
    log:
        f"{FIGURES}/logs/claims.log",
    localrule: True
    params:
        spec=CONFIG.claims().text(),
        code=lambda w: str(fingerprint.code("claims")),
        about=lambda w, input: captions.ClaimsCaption(
            f"{FIGURES}/claims.csv", f"{FIGURES}/claims.md"
        ),
    shell:
        "python -m lottery claims --spec {params.spec:q} --tables {input:q}"
        " --csv {output.table:q} --markdown {output.text:q} 2>&1 | tee {log:q}"
