# The mask of each pruned round: found in trained weights, or drawn for a baseline.
from lottery.catalogue import module
from lottery.catalogue.criteria import CRITERIA


def criterion(w):
    """What the pruning criterion of a ticket reads besides W*."""
    return CRITERIA[CHAINS[w.ticket].criterion]


def mask_code(w) -> str:
    """The code of its own criterion only, so that an edit of another one reruns nothing."""
    chain = CHAINS[w.ticket]
    modules = ["lottery.stages.mask", f"lottery.models.{network_of(w)}"]
    if chain.baseline is None:
        modules.append(f"lottery.pruning.criteria.{module(chain.criterion)}")
    if criterion(w).examples:
        modules.append("lottery.stages.examples")
        modules.append(f"lottery.tasks.{module(chain.training.task)}")
    return fingerprint(*modules)


def runs_on(w, input, threads) -> list[str]:
    """Options for a criterion that runs the network."""
    if not criterion(w).examples:
        return []
    dataset = joined(w).dataset
    streamed = CONFIG.datasets[dataset].streamed
    data = [f"--data={data_folder(dataset)}"] if streamed else []
    return [f"--threads={threads}", f"--loader={CONFIG.loader}", *data]


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
        ticket=tickets(None),
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
    input:
        [],
    wildcard_constraints:
        ticket=tickets("random"),
    priority: 1


use rule mask as adjusted_random_mask with:
    input:
        weights=lambda w: paths.weights(paths.dense(RESULTS, dense_of(w), w.seed)),
    wildcard_constraints:
        ticket=tickets("adjusted-random"),
    priority: 1


use rule mask as reinitialised_mask with:
    input:
        mask=lambda w: paths.mask(
            paths.round_folder(
                RESULTS, CHAINS[w.ticket].baseline.of.ticket, w.seed, w.round
            )
        ),
    wildcard_constraints:
        ticket=tickets("reinitialised"),
    priority: 1
