# One chain per ticket and seed: train, prune, rewind, train, ... Round 0 is in dense.smk.
# Generation of round r + 1 waits for mask r + 1 only; no evaluation waits for it, nor the reverse.


rule generate:
    """Train W_k under the mask of a round: the next mask is found in what it ends with, W*."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=indices,
        early=early,
        mask=paths.mask(ROUND),
    output:
        weights=kept(paths.weights(ROUND)),
        report=paths.generation(ROUND),
    log:
        f"{LOGS}/generate/{{ticket}}/seed{{seed}}/round{{round}}.log",
    wildcard_constraints:
        ticket=one_of(FOUND),
    priority: 2
    group:
        only_on_slurm(job_of_training)
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.generate(w.ticket, int(w.seed), int(w.round)).text(),
        code=lambda w: str(code_of_generation(w)),
        training=training,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery generate --spec {params.spec:q} {params.training}"
        " --weights {output.weights:q} --report {output.report:q} 2>&1 | tee {log:q}"


rule evaluate:
    """Evaluate a ticket (W_k, mask): train it on all labels and test it (Section 3.1)."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=lambda w: drawn(joined(w).dataset, "all", w.seed),
        early=early,
        mask=paths.mask(ROUND),
    output:
        report=paths.evaluation(ROUND, "{evaluation}"),
    log:
        f"{LOGS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.log",
    wildcard_constraints:
        ticket=one_of([name for name in CHAINS if name not in IMPORTED]),
    group:
        only_on_slurm(job_of_evaluation)
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.evaluate(
            w.ticket, int(w.seed), int(w.round), w.evaluation
        ).text(),
        code=lambda w: str(training_code("evaluate", network_of(w), "labels")),
        training=training,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery evaluate --spec {params.spec:q} {params.training}"
        " --report {output.report:q} 2>&1 | tee {log:q}"
