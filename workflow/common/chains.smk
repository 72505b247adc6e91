# What the jobs of a chain read, and the code that they depend on.
from lottery.catalogue.criteria import CRITERIA
from lottery.config.entries import DenseName
from lottery.fingerprint import mask_code, sparsity_code, training_code

TRAINED = {name: CONFIG.generate_dense(name, 0).chain for name in CONFIG.rewinds_of}
PLACES = TRAINED | CONFIG.starts


def chain_of(w):
    """That of a ticket, of a dense training, or of what an evaluation of one begins with."""
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


def code_of_generation(w):
    entries = DenseName.parse(dense_of(w))
    return training_code("generate", network_of(w), entries.task)


def network_of(w) -> str:
    """The module of the network that a job is about."""
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


def found_mask(w) -> str:
    """The mask of the found ticket that a baseline's mask is made from, in the same round."""
    of = CHAINS[w.ticket].baseline.of.ticket
    return paths.mask(paths.round_folder(RESULTS, of, w.seed, w.round))


def rewinds(w) -> bool:
    """Whether a training begins with W_k, not with W* of the round before."""
    return hasattr(w, "dense") or not chain_of(w).rewound.training.rewind.none


def begins_with(w) -> str:
    """The file of the weights that a training begins with."""
    if not rewinds(w):
        return ended_with(w)
    chain = chain_of(w).rewound
    folder = paths.dense(RESULTS, chain.dense, w.seed)
    return paths.early(folder, chain.training.rewind_name)


def early(w):
    """Rule input of `begins_with`: to Snakemake all W_k of a dense training are one directory."""
    if chain_of(w).rewound is None:
        return []
    return os.path.dirname(begins_with(w)) if rewinds(w) else ended_with(w)


def files_read(w, input) -> dict[str, str]:
    """The files that a job reads, by their names in its rule and its stage."""
    named = {name: path for name, path in input.items() if path}
    if "early" in named:
        named["early"] = begins_with(w)
    return named


def options(w, input, **more) -> str:
    """What a job reads, and `more`, as options of its stage; None is none, True has no value."""
    given = files_read(w, input)
    given |= {name.replace("_", "-"): value for name, value in more.items()}
    return shlex.join(
        f"--{name}" if value is True else f"--{name}={value}"
        for name, value in given.items()
        if value is not None
    )


def files(w, input) -> str:
    """What a job reads, as options of its stage."""
    return options(w, input)


def kept(weights: str):
    """W* of a pruned round; where it is not to be kept, snakemake removes it after its last use."""
    return weights if CONFIG.keep_weights else temp(weights)


def pruned_before(w):
    """The mask of the round before."""
    return paths.mask(before(w)) if int(w.round) > 1 else []


def criterion(ticket: str):
    """What the pruning criterion of a ticket reads beside W*."""
    return CRITERIA[CHAINS[ticket].criterion]


def compared_with(w):
    """W_k, if the criterion compares W* with it."""
    return early(w) if criterion(w.ticket).early else []


RUN_ON_IMAGES = [ticket for ticket in FOUND if criterion(ticket).examples]
"""Tickets whose criterion runs the network."""


def files_to_run(w, input, threads) -> str:
    """The same, and how a mask's job runs the network."""
    data = streamed_from(joined(w).dataset)
    return options(w, input, threads=threads, loader=CONFIG.loader, data=data)
