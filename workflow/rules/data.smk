# Each data set decoded once, and the training indices of each of its subsets and seeds.


rule images:
    """Decode a data set once, or list it if it is streamed; report what was found."""
    output:
        images=paths.images(RESULTS, "{dataset}"),
        report=paths.images_report(RESULTS, "{dataset}"),
    log:
        f"{LOGS}/images/{{dataset}}.log",
    priority: 4  # all trainings wait for it
    resources:
        mem_mb=lambda w: memory_mb(w.dataset),
        runtime=minutes(240),
    params:
        spec=lambda w: CONFIG.images(w.dataset).text(),
        code=lambda w: str(images_code(CONFIG.datasets[w.dataset].format)),
        contents=lambda w: contents(w.dataset),  # another one is another data set
        data=lambda w, input: data_folder(w.dataset),  # which may move
    shell:
        "python -m lottery images --spec {params.spec:q} --data={params.data:q}"
        " --out {output.images:q} --report {output.report:q} 2>&1 | tee {log:q}"


rule subset:
    """Draw the training indices of a subset (Section 4.2), one draw for all tickets of a seed."""
    input:
        images=paths.images(RESULTS, "{dataset}"),
    output:
        indices=paths.subset(RESULTS, "{dataset}", "{draw}"),
    log:
        f"{LOGS}/subset/{{dataset}}/{{draw}}.log",
    wildcard_constraints:
        draw=one_of(sorted({draw for _, draw in DRAWS})),
    priority: 4
    resources:
        mem_mb=lambda w: memory_mb(w.dataset),
        runtime=minutes(60),
    params:
        spec=lambda w: DRAWS[w.dataset, w.draw].text(),
        code=lambda w: str(fingerprint.code("subset")),
    shell:
        "python -m lottery subset --spec {params.spec:q} --images {input.images:q}"
        " --out {output.indices:q} 2>&1 | tee {log:q}"
