# Tickets judged by training them on all labels.


rule evaluate:
    """Judge a ticket (W_k, mask): train it on all labels and test it (Section 3.1)."""
    input:
        unpack(evaluate_inputs),
    output:
        report=paths.evaluation(
            RESULTS, "{ticket}", "{seed}", "{round}", "{evaluation}"
        ),
    log:
        f"{LOGS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.tsv"
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: evaluate_spec(w).text(),
        code=evaluate_code,
        files=lambda w, input: [f"--{name}={path}" for name, path in input.items()],
        running=running,
        start=start,
    shell:
        "{params.start}python -m lottery evaluate --spec {params.spec:q} {params.files:q}"
        " --report {output.report:q} {params.running} --threads {threads} 2>&1 | tee {log:q}"
