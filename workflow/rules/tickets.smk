# One chain per ticket and seed: train, prune, rewind, train, ...
# Generation of round r + 1 waits for mask r + 1 only; no evaluation waits for it, nor the reverse.
# Tickets that start alike share round 0, in the folder of the first of them.


rule generate_dense:
    """Train the dense network of round 0 on its generation task; save W_k on the way."""
    input:
        images=generate_images,
        subset=generate_indices,
    output:
        early=paths.early(RESULTS, "{ticket}", "{seed}"),
        weights=paths.weights(RESULTS, "{ticket}", "{seed}", "00"),
        report=paths.generation(RESULTS, "{ticket}", "{seed}", "00"),
    log:
        f"{LOGS}/generate/{{ticket}}/seed{{seed}}/round00.log",
    benchmark:
        f"{BENCHMARKS}/generate/{{ticket}}/seed{{seed}}/round00.tsv"
    wildcard_constraints:
        ticket=DENSE,
    priority: 2
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: generate_spec(w, 0).text(),
        code=generate_code,
        running=running,
        start=start,
    shell:
        "{params.start}python -m lottery generate --spec {params.spec:q} --images {input.images:q}"
        " --subset {input.subset:q} --early {output.early:q} --weights {output.weights:q}"
        " --report {output.report:q} {params.running} --threads {threads} 2>&1 | tee {log:q}"


rule generate:
    """Train W_k under the mask of a round: the next mask is found in what it ends with, W*."""
    input:
        images=generate_images,
        subset=generate_indices,
        early=early,
        mask=paths.mask(RESULTS, "{ticket}", "{seed}", "{round}"),
    output:
        weights=kept(paths.weights(RESULTS, "{ticket}", "{seed}", "{round}")),
        report=paths.generation(RESULTS, "{ticket}", "{seed}", "{round}"),
    log:
        f"{LOGS}/generate/{{ticket}}/seed{{seed}}/round{{round}}.log",
    benchmark:
        f"{BENCHMARKS}/generate/{{ticket}}/seed{{seed}}/round{{round}}.tsv"
    wildcard_constraints:
        ticket=FOUND,
        round=r"(?!00)\d\d",
    priority: 2
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: generate_spec(w).text(),
        code=generate_code,
        running=running,
        start=start,
    shell:
        "{params.start}python -m lottery generate --spec {params.spec:q} --images {input.images:q}"
        " --subset {input.subset:q} --mask {input.mask:q} --early {input.early:q}"
        " --weights {output.weights:q} --report {output.report:q} {params.running} --threads {threads}"
        " 2>&1 | tee {log:q}"


rule mask:
    """Find the mask of a round: W* of the round before without its lowest scores."""
    input:
        unpack(mask_inputs),
    output:
        mask=paths.mask(RESULTS, "{ticket}", "{seed}", "{round}"),
    log:
        f"{LOGS}/mask/{{ticket}}/seed{{seed}}/round{{round}}.log",
    benchmark:
        f"{BENCHMARKS}/mask/{{ticket}}/seed{{seed}}/round{{round}}.tsv"
    wildcard_constraints:
        ticket=FOUND,
        round=r"(?!00)\d\d",
    priority: 3  # the next training of its chain waits for it
    threads: lambda w: training_threads(w) if runs_network(w) else 1
    resources:
        gpu=lambda w: 1 if runs_network(w) else None,
        mem_mb=lambda w: memory_mb(joined_by(w).dataset) if runs_network(w) else 4000,
        runtime=lambda w: 240 if runs_network(w) else 20,
    params:
        spec=lambda w: CONFIG.mask(w.ticket, int(w.seed), int(w.round)).text(),
        code=mask_code,
        options=mask_options,
    shell:
        "python -m lottery mask --spec {params.spec:q} {params.options} --out {output.mask:q}"
        " 2>&1 | tee {log:q}"


# Hundreds of random masks wait for nothing and would be submitted before the images.
use rule mask as baseline_mask with:
    wildcard_constraints:
        ticket=BASELINE,
        round=r"(?!00)\d\d",
    priority: 1  # evaluations wait for it


rule sparsity:
    """Count the weights that the dense training took to zero (Section 4.5)."""
    input:
        weights=paths.weights(RESULTS, "{ticket}", "{seed}", "00"),
    output:
        report=paths.sparsity(RESULTS, "{ticket}", "{seed}"),
    log:
        f"{LOGS}/sparsity/{{ticket}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/sparsity/{{ticket}}/seed{{seed}}.tsv"
    wildcard_constraints:
        ticket=DENSE,
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        spec=lambda w: CONFIG.natural_sparsity(w.ticket, int(w.seed)).text(),
        code=lambda w: fingerprint(
            "lottery.stages.sparsity",
            f"lottery.models.{CONFIG.chain(w.ticket, int(w.seed)).architecture.model}",
        ),
    shell:
        "python -m lottery sparsity --spec {params.spec:q} --weights {input.weights:q}"
        " --report {output.report:q} 2>&1 | tee {log:q}"
