# Tickets that others found and `lottery import` has read: they have no chain, and one round.


rule evaluate_imported:
    """Evaluate a ticket that others found: train it on all labels and test it (Section 3.1)."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=lambda w: drawn(joined(w).dataset, "all", w.seed),
        imported=received,
    output:
        report=paths.evaluation(ROUND, "{evaluation}"),
    log:
        f"{LOGS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.log",
    wildcard_constraints:
        ticket=one_of(IMPORTED),
        round="01",
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.evaluate(w.ticket, int(w.seed), 1, w.evaluation).text(),
        code=lambda w: str(training_code("evaluate_imported", network_of(w), "labels")),
        training=training,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery evaluate-imported --spec {params.spec:q}"
        " {params.training} --report {output.report:q} 2>&1 | tee {log:q}"
