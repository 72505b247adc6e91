# The mask of each pruned round: found in trained weights, or drawn for a baseline.


rule mask:
    """Find the mask of a round: W* of the round before without its lowest scores (Section 3.2)."""
    input:
        weights=ended_with,
        mask=branch(
            lambda w: int(w.round) > 1,
            then=lambda w: paths.mask(before(w)),
            otherwise=[],
        ),
        early=branch(lambda w: criterion(w).early, then=early, otherwise=[]),
        images=branch(
            lambda w: criterion(w).examples,
            then=lambda w: paths.images(RESULTS, joined(w).dataset),
            otherwise=[],
        ),
        subset=branch(lambda w: criterion(w).examples, then=indices, otherwise=[]),
    output:
        mask=paths.mask(ROUND),
    log:
        f"{LOGS}/mask/{{ticket}}/seed{{seed}}/round{{round}}.log",
    benchmark:
        f"{BENCHMARKS}/mask/{{ticket}}/seed{{seed}}/round{{round}}.tsv"
    wildcard_constraints:
        ticket=FOUND,
    priority: 3  # the next training of its chain waits for it
    threads: lambda w: training_threads(w) if criterion(w).examples else 1
    resources:
        gpu=lambda w: 1 if criterion(w).examples else None,
        mem_mb=lambda w: memory_mb(joined(w).dataset) if criterion(w).examples else 4000,
        runtime=lambda w: 240 if criterion(w).examples else 20,
    params:
        spec=lambda w: CONFIG.mask(w.ticket, int(w.seed), int(w.round)).text(),
        code=mask_code,
        files=files,
        runs_on=runs_on,
    shell:
        "python -m lottery mask --spec {params.spec:q} {params.files:q} {params.runs_on:q}"
        " --out {output.mask:q} 2>&1 | tee {log:q}"


# Hundreds of random masks wait for nothing: with a priority they would be submitted before the
# images.
use rule mask as random_mask with:
    """Draw the random mask of a round, of as many weights as found tickets have (Section 3.2)."""
    input:
        [],
    wildcard_constraints:
        ticket=tickets("random"),
    priority: 1


use rule mask as adjusted_random_mask with:
    """Draw the random mask of a round, with a dense network's zeros pruned first (Section 4.5)."""
    input:
        weights=lambda w: paths.weights(paths.dense(RESULTS, dense_of(w), w.seed)),
    wildcard_constraints:
        ticket=tickets("adjusted-random"),
    priority: 1


use rule mask as reinitialised_mask with:
    """Take over the mask of a found ticket, whose weights are drawn anew."""
    input:
        mask=lambda w: paths.mask(
            paths.round_folder(
                RESULTS, CHAINS[w.ticket].baseline.of.ticket, w.seed, w.round
            )
        ),
    wildcard_constraints:
        ticket=tickets("reinitialised"),
    priority: 1
