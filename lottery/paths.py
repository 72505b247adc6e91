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


def partial_figures(scale: str) -> str:
    """Where `lottery status --draw` draws figures of the results so far."""
    return f"{figures(scale)}/partial"


def images(root: str, dataset: str) -> str:
    """A decoded data set, both splits."""
    return f"{root}/images/{dataset}.pt"


def images_report(root: str, dataset: str) -> str:
    """The report on a data set."""
    return f"{root}/images/{dataset}.json"


def subset(root: str, dataset: str, draw: str) -> str:
    """Training indices; `draw` as given by `subset_draw`."""
    return f"{root}/subsets/{dataset}/{draw}.pt"


def subset_draw(name: str, seed: int | None) -> str:
    """`all`, or for example `images-10-seed0`."""
    return name if seed is None else f"{name}-seed{seed}"


def dense(root: str, name: str, seed: int | str) -> str:
    """The folder of a dense network: of its training, or of an evaluation that starts from it.

    `name` says what it is in the config's words, see `lottery.config.entries.DenseName`.
    """
    return f"{root}/dense/{name}/seed{seed}"


def round_folder(root: str, ticket: str, seed: int | str, round: int | str) -> str:
    """The folder of one pruning round of a ticket."""
    number = f"{round:02d}" if isinstance(round, int) else round
    return f"{root}/tickets/{ticket}/seed{seed}/round{number}"


def imported(root: str, ticket: str) -> str:
    """The mask and the weights of a ticket that others found."""
    return f"{root}/imported/{ticket}.pt"


def early(dense: str, rewind: str | None = None) -> str:
    """W_k of a dense training at a named rewind point; without a name, the folder of all."""
    return f"{dense}/early" if rewind is None else f"{dense}/early/{rewind}.pt"


def sparsity(dense: str) -> str:
    """Natural sparsity of a dense network."""
    return f"{dense}/sparsity.json"


def mask(folder: str) -> str:
    """The mask under which a round trains."""
    return f"{folder}/mask.pt"


def weights(folder: str) -> str:
    """W*, the weights at the end of the generation training in this folder."""
    return f"{folder}/weights.pt"


def generation(folder: str) -> str:
    """The report of the generation training in this folder."""
    return f"{folder}/generation.json"


def evaluation(folder: str, name: str) -> str:
    """The report of this ticket's evaluation training."""
    return f"{folder}/evaluation-{name}.json"


def unfinished(report: str) -> str:
    """The checkpoints of the training that writes a report; removed once it is written."""
    return f"{report.removesuffix('.json')}-unfinished"


def lock(report: str) -> str:
    """The lock of the training that writes a report."""
    return f"{report.removesuffix('.json')}.lock"


def table(root: str, figure: str) -> str:
    """The tidy table that one figure is drawn from."""
    return f"{root}/tables/{figure}.csv"


def beside(table: str) -> str:
    """The report on a CSV, which cannot have a header itself."""
    return table.removesuffix(".csv") + ".json"
