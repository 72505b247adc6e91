# The dense networks of round 0, each shared by all tickets that are made of the same entries, and
# what is found out of them. A folder bears the entries' names, so that no ticket owns it.


rule generate_dense:
    """Train the dense network of round 0 on its generation task; save W_k on the way."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=indices,
    output:
        early=directory(paths.early(DENSE)),
        weights=paths.weights(DENSE),
        report=paths.generation(DENSE),
    log:
        f"{LOGS}/dense/{{dense}}/seed{{seed}}/generation.log",
    wildcard_constraints:
        dense=one_of(TRAINED),
    priority: 2
    group:
        only_on_slurm(job_of_training)
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.generate_dense(w.dense, int(w.seed)).text(),
        code=lambda w: str(code_of_generation(w)),
        training=training,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery generate --spec {params.spec:q}"
        " {params.training} --early {output.early:q} --weights {output.weights:q}"
        " --report {output.report:q} 2>&1 | tee {log:q}"


rule sparsity:
    """Count the weights that a dense training took to zero (Section 4.5)."""
    input:
        weights=paths.weights(DENSE),
    output:
        report=paths.sparsity(DENSE),
    log:
        f"{LOGS}/dense/{{dense}}/seed{{seed}}/sparsity.log",
    wildcard_constraints:
        dense=one_of(TRAINED),
    resources:
        mem_mb=4000,
        runtime=minutes(20),
    params:
        spec=lambda w: CONFIG.natural_sparsity(w.dense, int(w.seed)).text(),
        code=lambda w: str(sparsity_code(network_of(w))),
    shell:
        "python -m lottery sparsity --spec {params.spec:q} --weights {input.weights:q}"
        " --report {output.report:q} 2>&1 | tee {log:q}"


rule evaluate_dense:
    """Evaluate a dense network, from its W_k or drawn anew: all tickets' round 0 (Section 3.1)."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=lambda w: drawn(joined(w).dataset, "all", w.seed),
        early=early,
    output:
        report=paths.evaluation(DENSE, "{evaluation}"),
    log:
        f"{LOGS}/dense/{{dense}}/seed{{seed}}/evaluation-{{evaluation}}.log",
    wildcard_constraints:
        dense=one_of(CONFIG.starts),
    group:
        only_on_slurm(job_of_evaluation)
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.evaluate_dense(w.dense, int(w.seed), w.evaluation).text(),
        code=lambda w: str(training_code("evaluate", network_of(w), "labels")),
        training=training,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery evaluate --spec {params.spec:q} {params.training}"
        " --report {output.report:q} 2>&1 | tee {log:q}"
