# What the jobs of a chain read, and the code that they depend on.
from lottery.catalogue import module
from lottery.catalogue.criteria import CRITERIA
from lottery.config.entries import DenseName
from lottery.fingerprint import fingerprint, training_code

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


def generate_code(w) -> str:
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
    """The same as snakemake knows it: to it all W_k of a dense training are one folder."""
    if chain_of(w).training is None:
        return []
    return os.path.dirname(begins_with(w)) if rewinds(w) else ended_with(w)


def files(w, input) -> list[str]:
    """What a job reads, as options of its stage."""
    read = {name: path for name, path in input.items() if path}
    if "early" in read:
        read["early"] = begins_with(w)
    return [f"--{name}={path}" for name, path in read.items()]


def kept(weights: str):
    """W* of a pruned round; where it is not to be kept, snakemake removes it after its last use."""
    return weights if CONFIG.keep_weights else temp(weights)


def criterion(w):
    """What the pruning criterion of a ticket reads beside W*."""
    return CRITERIA[CHAINS[w.ticket].criterion]


def mask_code(w) -> str:
    """Of its own criterion alone, so that another one reruns nothing."""
    chain = CHAINS[w.ticket]
    modules = ["lottery.stages.mask", f"lottery.models.{network_of(w)}"]
    if chain.baseline is None:
        modules.append(f"lottery.pruning.criteria.{module(chain.criterion)}")
    if criterion(w).examples:
        modules.append("lottery.stages.examples")
        modules.append(f"lottery.tasks.{module(chain.training.task)}")
    return fingerprint(*modules)


def runs_on(w, input, threads) -> list[str]:
    """What runs the network of a criterion that asks for it."""
    if not criterion(w).examples:
        return []
    dataset = joined(w).dataset
    streamed = CONFIG.datasets[dataset].streamed
    data = [f"--data={data_folder(dataset)}"] if streamed else []
    return [f"--threads={threads}", f"--loader={CONFIG.loader}", *data]
