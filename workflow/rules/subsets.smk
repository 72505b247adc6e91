# The training indices of each data set, subset and seed.
DRAWS = {
    (dataset, paths.subset_draw(subset, seed)): spec
    for (dataset, subset, seed), spec in CONFIG.subset_draws().items()
}


rule subset:
    output:
        indices=paths.subset(RESULTS, "{dataset}", "{draw}"),
    log:
        f"{LOGS}/subset/{{dataset}}/{{draw}}.log",
    benchmark:
        f"{BENCHMARKS}/subset/{{dataset}}/{{draw}}.tsv"
    wildcard_constraints:
        dataset="|".join(sorted({re.escape(dataset) for dataset, _ in DRAWS})),
        draw="|".join(sorted({re.escape(draw) for _, draw in DRAWS})),
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        spec=lambda w: DRAWS[w.dataset, w.draw].text(),
        code=lambda w: fingerprint(
            "lottery.stages.subset",
            f"lottery.data.{CONFIG.datasets[w.dataset].format}",
        ),
        # A function of `input` triggers no rerun: a data set may move.
        data=lambda w, input: data_folder(w.dataset),
    shell:
        "python -m lottery subset --spec {params.spec:q} --data={params.data:q}"
        " --out {output.indices:q} 2>&1 | tee {log:q}"
