# One tidy table per figure, the figure drawn from it, and the paper's claims checked against all.


rule aggregate:
    """Collect the reports of a figure in a tidy table."""
    input:
        # A partial figure waits for nothing: it takes what is there.
        lambda w: [] if CONFIG.partial else figure_reports(w),
    output:
        table=paths.table(RESULTS, "{figure}"),
        report=paths.beside(paths.table(RESULTS, "{figure}")),
    log:
        f"{LOGS}/aggregate/{{figure}}.log",
    localrule: True
    params:
        spec=lambda w: CONFIG.aggregate(w.figure).text(),
        code=str(fingerprint.code("aggregate")),
        results=lambda w, input: RESULTS,
    shell:
        "python -m lottery aggregate --spec {params.spec:q} --results {params.results:q}"
        " --out {output.table:q} 2>&1 | tee {log:q}"


rule plot:
    """Draw a figure from its table."""
    input:
        table=paths.table(RESULTS, "{figure}"),
    output:
        pdf=report(
            f"{FIGURES}/{{figure}}.pdf",
            caption="../report/curves.rst",
            category="Figures",
        ),
        png=f"{FIGURES}/{{figure}}.png",
    log:
        f"{FIGURES}/logs/{{figure}}.log",
    localrule: True
    params:
        spec=lambda w: CONFIG.plot(w.figure).text(),
        code=str(fingerprint.code("plot")),
    shell:
        "python -m lottery plot --spec {params.spec:q} --table {input.table:q} --out {output:q}"
        " 2>&1 | tee {log:q}"


rule claims:
    """Hold the paper's claims against the tables of all figures."""
    input:
        collect(paths.table(RESULTS, "{figure}"), figure=CONFIG.figures),
    output:
        table=f"{FIGURES}/claims.csv",
        text=report(f"{FIGURES}/claims.md", category="Claims"),
        report=f"{FIGURES}/claims.json",
    log:
        f"{FIGURES}/logs/claims.log",
    localrule: True
    params:
        spec=CONFIG.claims().text(),
        code=str(fingerprint.code("claims")),
    shell:
        "python -m lottery claims --spec {params.spec:q} --tables {input:q}"
        " --csv {output.table:q} --markdown {output.text:q} 2>&1 | tee {log:q}"
