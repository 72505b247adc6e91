# The mask of each pruned round: found in trained weights, or drawn for a baseline.


rule mask:
    """Find the mask of a round: W* of the round before without its lowest scores (Section 3.2)."""
    input:
        weights=ended_with,
        mask=pruned_before,
        early=compared_with,
    output:
        mask=paths.mask(ROUND),
    log:
        f"{LOGS}/mask/{{ticket}}/seed{{seed}}/round{{round}}.log",
    wildcard_constraints:
        ticket=one_of(set(FOUND) - set(RUN_ON_IMAGES)),
    priority: 3  # the next training of its chain waits for it
    group:
        only_on_slurm(job_of_mask)
    resources:
        mem_mb=4000,
        runtime=minutes(20),
    params:
        spec=lambda w: CONFIG.mask(w.ticket, int(w.seed), int(w.round)).text(),
        code=lambda w: str(mask_code(CHAINS[w.ticket])),
        files=files,
    shell:
        "python -m lottery mask --spec {params.spec:q} {params.files} --out {output.mask:q}"
        " 2>&1 | tee {log:q}"


use rule mask as mask_on_images with:
    """Find the mask of a round by a criterion that runs the trained network on images."""
    input:
        weights=ended_with,
        mask=pruned_before,
        early=compared_with,
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=indices,
    wildcard_constraints:
        ticket=one_of(RUN_ON_IMAGES),
    threads: training_threads
    resources:
        gpu=lambda w: gpus_held(1),
        mem_mb=lambda w: memory_mb(joined(w).dataset),
        runtime=minutes(240),
    params:
        spec=lambda w: CONFIG.mask(w.ticket, int(w.seed), int(w.round)).text(),
        code=lambda w: str(mask_code(CHAINS[w.ticket])),
        files=files_to_run,


# Hundreds of random masks wait for nothing: with a priority they would be submitted before the
# images.
use rule mask as random_mask with:
    """Draw the random mask of a round, of as many weights as found tickets have (Section 3.2)."""
    input:
        [],
    wildcard_constraints:
        ticket=one_of(tickets("random")),
    priority: 1
    group:
        only_on_slurm(job_of_baseline_mask)


use rule mask as adjusted_random_mask with:
    """Draw the random mask of a round, with a dense network's zeros pruned first (Section 4.5)."""
    input:
        weights=lambda w: paths.weights(paths.dense(RESULTS, dense_of(w), w.seed)),
    wildcard_constraints:
        ticket=one_of(tickets("adjusted-random")),
    priority: 1
    group:
        only_on_slurm(job_of_baseline_mask)


use rule mask as shuffled_mask with:
    """Draw a mask that has as many weights in each layer as a found ticket's."""
    input:
        mask=found_mask,
    wildcard_constraints:
        ticket=one_of(tickets("shuffled")),
    priority: 1
    group:
        only_on_slurm(job_of_baseline_mask)


use rule mask as reinitialised_mask with:
    """Take over the mask of a found ticket, whose weights are drawn anew."""
    input:
        mask=found_mask,
    wildcard_constraints:
        ticket=one_of(tickets("reinitialised")),
    priority: 1
    group:
        only_on_slurm(job_of_baseline_mask)
