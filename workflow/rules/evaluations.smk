# Tickets judged by training them on all labels.


rule evaluate:
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
    resources:
        gpu=1,
        mem_mb=lambda w: memory_mb(CONFIG.evaluations[w.evaluation].dataset),
        runtime=lambda w, attempt: 240 * attempt,
    params:
        spec=lambda w: evaluate_spec(w).text(),
        code=evaluate_code,
        files=lambda w, input: [f"--{name}={path}" for name, path in input.items()],
        unfinished=lambda w, input, output: unfinished(output.report),
    shell:
        "python -m lottery evaluate --spec {params.spec:q} {params.files:q}"
        " --report {output.report:q} {params.unfinished} --threads {threads} 2>&1 | tee {log:q}"
