"""One function per artifact. Paths are words, never hashes.

`root` is the results folder of a scale (`results`, `results/demo`). Each argument may also be a
Snakemake wildcard such as ``"{seed}"``.
"""


def results(scale: str) -> str:
    """Scales never share a folder; the paper's own is `results` itself."""
    return "results" if scale == "paper" else f"results/{scale}"


def figures(scale: str) -> str:
    """Where a scale's figures are drawn."""
    return "figures" if scale == "paper" else f"figures/{scale}"


def images(root: str, dataset: str) -> str:
    """A decoded data set, both splits."""
    return f"{root}/images/{dataset}.pt"


def images_report(root: str, dataset: str) -> str:
    """What was found of a data set."""
    return f"{root}/images/{dataset}.json"


def subset(root: str, dataset: str, draw: str) -> str:
    """Training indices; `draw` as given by `subset_draw`."""
    return f"{root}/subsets/{dataset}/{draw}.pt"


def subset_draw(name: str, seed: int | None) -> str:
    """`all`, or for example `images-10-seed0`."""
    return name if seed is None else f"{name}-seed{seed}"


def ticket(root: str, ticket: str, seed: int | str) -> str:
    """The folder of one chain."""
    return f"{root}/tickets/{ticket}/seed{seed}"


def early(root: str, name: str, seed: int | str) -> str:
    """W_k, saved early in round 0."""
    return f"{ticket(root, name, seed)}/early.pt"


def sparsity(root: str, name: str, seed: int | str) -> str:
    """Natural sparsity of the dense network."""
    return f"{ticket(root, name, seed)}/sparsity.json"


def round_folder(root: str, name: str, seed: int | str, round: int | str) -> str:
    """The folder of one pruning round."""
    number = f"{round:02d}" if isinstance(round, int) else round
    return f"{ticket(root, name, seed)}/round{number}"


def mask(root: str, name: str, seed: int | str, round: int | str) -> str:
    """The mask under which this round trains."""
    return f"{round_folder(root, name, seed, round)}/mask.pt"


def weights(root: str, name: str, seed: int | str, round: int | str) -> str:
    """W*, the weights at the end of this round's generation training."""
    return f"{round_folder(root, name, seed, round)}/weights.pt"


def generation(root: str, name: str, seed: int | str, round: int | str) -> str:
    """The report of this round's generation training."""
    return f"{round_folder(root, name, seed, round)}/generation.json"


def evaluation(root: str, name: str, seed: int | str, round: int | str, judged_on: str) -> str:
    """The report of this ticket's evaluation training."""
    return f"{round_folder(root, name, seed, round)}/evaluation-{judged_on}.json"


def unfinished(report: str) -> str:
    """The states of the training that is to write a report; gone once that is there."""
    return f"{report.removesuffix('.json')}-unfinished"


def table(root: str, figure: str) -> str:
    """The tidy table that one figure is drawn from."""
    return f"{root}/tables/{figure}.csv"
