# One chain per ticket and seed: train, prune, rewind, train, ... Round 0 is in dense.smk.
# Generation of round r + 1 waits for mask r + 1 only; no evaluation waits for it, nor the reverse.
ROUND = paths.round_folder(RESULTS, "{ticket}", "{seed}", "{round}")


def kept(weights: str):
    """W* of a pruned round; unless it is to be kept, snakemake removes it after its last use."""
    return weights if CONFIG.keep_weights else temp(weights)


rule generate:
    """Train W_k under the mask of a round; the next mask is found from the trained weights, W*."""
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
    benchmark:
        f"{BENCHMARKS}/generate/{{ticket}}/seed{{seed}}/round{{round}}.tsv"
    wildcard_constraints:
        ticket=tickets(None),
    priority: 2
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.generate(w.ticket, int(w.seed), int(w.round)).text(),
        code=generate_code,
        files=files,
        running=running,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery generate --spec {params.spec:q} {params.files:q}"
        " --weights {output.weights:q} --report {output.report:q} {params.running}"
        " --threads {threads} 2>&1 | tee {log:q}"


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
    benchmark:
        f"{BENCHMARKS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.tsv"
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.evaluate(
            w.ticket, int(w.seed), int(w.round), w.evaluation
        ).text(),
        code=lambda w: training_code("evaluate", network_of(w), "labels"),
        files=files,
        running=running,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery evaluate --spec {params.spec:q} {params.files:q}"
        " --report {output.report:q} {params.running} --threads {threads} 2>&1 | tee {log:q}"
