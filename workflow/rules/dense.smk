# The dense networks of round 0, each shared by all tickets with the same entries, and what is
# measured on them. A folder is named by the entries, so that no ticket owns it.
from lottery.config.entries import DenseName
from lottery.fingerprint import training_code

DENSE = paths.dense(RESULTS, "{dense}", "{seed}")


TRAINED = {name: CONFIG.generate_dense(name, 0).chain for name in CONFIG.rewinds_of}
PLACES = TRAINED | CONFIG.starts


def chain_of(w):
    """The chain of a ticket, of a dense training, or of the start of a dense evaluation."""
    return CHAINS[w.ticket] if hasattr(w, "ticket") else PLACES[w.dense]


def dense_of(w) -> str | None:
    """The dense network that a job trains or reads, by its name; None if it reads none."""
    chain = chain_of(w)
    chain = chain.baseline.of if chain.baseline else chain
    return chain and chain.dense


def indices(w) -> str:
    """The draw that a job's generation task is trained on."""
    entries = DenseName.parse(dense_of(w))
    return drawn(entries.dataset, entries.subset, w.seed)


def generate_code(w) -> str:
    entries = DenseName.parse(dense_of(w))
    return training_code("generate", network_of(w), entries.task)


def network_of(w) -> str:
    """The module of a job's network."""
    return chain_of(w).architecture.model


def before(w) -> str:
    """The folder of the round before: that of round 0 is the dense training's."""
    round = int(w.round) - 1
    if round:
        return paths.round_folder(RESULTS, w.ticket, w.seed, round)
    return paths.dense(RESULTS, chain_of(w).dense, w.seed)


def ended_with(w) -> str:
    """W* of the round before."""
    return paths.weights(before(w))


def rewinds(w) -> bool:
    """Whether a training begins with W_k, not with W* of the round before."""
    return hasattr(w, "dense") or not chain_of(w).training.rewind.none


def begins_with(w) -> str:
    """The file of the weights that a training begins with."""
    if not rewinds(w):
        return ended_with(w)
    chain = chain_of(w)
    folder = paths.dense(RESULTS, chain.dense, w.seed)
    return paths.early(folder, chain.training.rewind_name)


def early(w):
    """The same for snakemake, to which all W_k of a dense training are one folder."""
    if chain_of(w).training is None:
        return []
    return os.path.dirname(begins_with(w)) if rewinds(w) else ended_with(w)


def files(w, input) -> list[str]:
    """A job's input files, as options of its stage."""
    read = {name: path for name, path in input.items() if path}
    if "early" in read:
        read["early"] = begins_with(w)
    return [f"--{name}={path}" for name, path in read.items()]


rule generate_dense:
    """Train the dense network of round 0 on its generation task; save W_k on the way."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=indices,
    output:
        early=directory(paths.early(DENSE)),
        weights=paths.weights(DENSE),
        report=paths.generation(DENSE),
    log:
        f"{LOGS}/dense/{{dense}}/seed{{seed}}/generation.log",
    benchmark:
        f"{BENCHMARKS}/dense/{{dense}}/seed{{seed}}/generation.tsv"
    wildcard_constraints:
        dense=one_of(TRAINED),
    priority: 2
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.generate_dense(w.dense, int(w.seed)).text(),
        code=generate_code,
        files=files,
        running=running,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery generate --spec {params.spec:q}"
        " {params.files:q} --early {output.early:q}"
        " --weights {output.weights:q} --report {output.report:q} {params.running}"
        " --threads {threads} 2>&1 | tee {log:q}"


rule sparsity:
    """Count the weights that a dense training drove to zero (Section 4.5)."""
    input:
        weights=paths.weights(DENSE),
    output:
        report=paths.sparsity(DENSE),
    log:
        f"{LOGS}/dense/{{dense}}/seed{{seed}}/sparsity.log",
    benchmark:
        f"{BENCHMARKS}/dense/{{dense}}/seed{{seed}}/sparsity.tsv"
    wildcard_constraints:
        dense=one_of(TRAINED),
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        spec=lambda w: CONFIG.natural_sparsity(w.dense, int(w.seed)).text(),
        code=lambda w: fingerprint(
            "lottery.stages.sparsity", f"lottery.models.{network_of(w)}"
        ),
    shell:
        "python -m lottery sparsity --spec {params.spec:q} --weights {input.weights:q}"
        " --report {output.report:q} 2>&1 | tee {log:q}"


rule evaluate_dense:
    """Evaluate a dense network, from its W_k or freshly drawn: all tickets' round 0 (Section 3.1)."""
    input:
        images=lambda w: paths.images(RESULTS, joined(w).dataset),
        subset=lambda w: drawn(joined(w).dataset, "all", w.seed),
        early=early,
    output:
        report=paths.evaluation(DENSE, "{evaluation}"),
    log:
        f"{LOGS}/dense/{{dense}}/seed{{seed}}/evaluation-{{evaluation}}.log",
    benchmark:
        f"{BENCHMARKS}/dense/{{dense}}/seed{{seed}}/evaluation-{{evaluation}}.tsv"
    wildcard_constraints:
        dense=one_of(CONFIG.starts),
    threads: training_threads
    resources:
        **TRAINING_RESOURCES,
    params:
        spec=lambda w: CONFIG.evaluate_dense(w.dense, int(w.seed), w.evaluation).text(),
        code=lambda w: training_code("evaluate", network_of(w), "labels"),
        files=files,
        running=running,
        launcher=launcher,
    shell:
        "{params.launcher}python -m lottery evaluate --spec {params.spec:q} {params.files:q}"
        " --report {output.report:q} {params.running} --threads {threads} 2>&1 | tee {log:q}"
