# One tidy table per figure, and the figure drawn from it.
from lottery.reports import report_path


rule aggregate:
    input:
        lambda w: [
            report_path(curve, seed, round, RESULTS)
            for curve in CONFIG.aggregate(w.figure).curves
            for seed in CONFIG.seeds
            for round in CONFIG.rounds
        ],
    output:
        table=paths.table(RESULTS, "{figure}"),
    log:
        f"{LOGS}/aggregate/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/aggregate/{{figure}}.tsv"
    localrule: True
    params:
        spec=lambda w: CONFIG.aggregate(w.figure).text(),
        code=fingerprint("lottery.stages.aggregate"),
        results=lambda w, input: RESULTS,
    shell:
        "python -m lottery aggregate --spec {params.spec:q} --results {params.results:q}"
        " --out {output.table:q} 2>&1 | tee {log:q}"


rule plot:
    input:
        table=paths.table(RESULTS, "{figure}"),
    output:
        report(
            f"{FIGURES}/{{figure}}.pdf",
            caption="../report/curves.rst",
            category="Figures",
        ),
        f"{FIGURES}/{{figure}}.png",
    log:
        f"{LOGS}/plot/{{figure}}.log",
    benchmark:
        f"{BENCHMARKS}/plot/{{figure}}.tsv"
    localrule: True
    params:
        spec=lambda w: CONFIG.plot(w.figure).text(),
        code=fingerprint("lottery.stages.plot"),
    shell:
        "python -m lottery plot --spec {params.spec:q} --table {input.table:q} --out {output:q}"
        " 2>&1 | tee {log:q}"
