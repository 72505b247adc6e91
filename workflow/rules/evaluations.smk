# Tickets judged by training them on all labels.


def evaluate_spec(w):
    return CONFIG.evaluate(w.ticket, int(w.seed), int(w.round), w.evaluation)


def evaluate_inputs(w):
    """W_k of a found ticket and the mask of its round; round 0 is dense."""
    inputs = {
        "subset": training_indices(CONFIG.evaluations[w.evaluation].dataset, "all", int(w.seed))
    }
    if CONFIG.chain(w.ticket, int(w.seed)).training is not None:
        inputs["early"] = paths.early(RESULTS, w.ticket, w.seed)
    if int(w.round):
        inputs["mask"] = paths.mask(RESULTS, w.ticket, w.seed, w.round)
    return inputs


def evaluate_code(w):
    spec = evaluate_spec(w)
    return training_code("evaluate", spec.chain.architecture, ["labels"], spec.dataset)


rule evaluate:
    input:
        unpack(evaluate_inputs),
    output:
        report=paths.evaluation(RESULTS, "{ticket}", "{seed}", "{round}", "{evaluation}"),
    params:
        spec=lambda w: evaluate_spec(w).model_dump_json(),
        code=evaluate_code,
        data=lambda w, input: data_folder(CONFIG.evaluations[w.evaluation].dataset),
        files=lambda w, input: [f"--{name}={path}" for name, path in input.items()],
    log:
        f"{LOGS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.log",
    benchmark:
        f"{BENCHMARKS}/evaluate/{{ticket}}/seed{{seed}}/round{{round}}-{{evaluation}}.tsv"
    retries: 1
    resources:
        gpu=lambda w: evaluate_spec(w).recipe.gpus,
        mem_mb=8000,
        runtime=lambda w, attempt: 240 * attempt,
    shell:
        "python -m lottery evaluate --spec {params.spec:q} --data={params.data:q}"
        " {params.files:q} --report {output.report:q} --threads {threads} 2>&1 | tee {log:q}"
