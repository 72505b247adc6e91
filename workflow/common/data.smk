# Where data sets are, and what of them a job reads.
import functools

from lottery.data import presence
from lottery import fingerprint
from lottery.fingerprint import images_code

DRAWS = {
    (dataset, paths.subset_draw(subset, seed)): spec
    for (dataset, subset, seed), spec in CONFIG.subset_draws().items()
}


@functools.cache
def data_folder(dataset: str) -> str:
    """Where this machine has a data set; empty for an embedded one."""
    if workflow.dryrun:
        for line in presence.missing(CONFIG, [dataset]).values():
            logger.warning(
                f"This data set is needed, and is missing or malformed: {line}"
            )
    return CONFIG.datasets[dataset].root or ""


def streamed_from(dataset: str) -> str | None:
    """Where a training reads a data set itself; None if it is decoded before."""
    return data_folder(dataset) if CONFIG.datasets[dataset].streamed else None


@functools.cache
def contents(dataset: str) -> str:
    """What the class folders of a data set hold, as the stage that reads them saw it, or anew."""
    found, line = presence.contents(
        CONFIG, dataset, paths.images_report(RESULTS, dataset)
    )
    if line:
        logger.warning(line)
    return found


def drawn(dataset: str, subset: str, seed: str) -> str:
    """The indices that a training reads; the whole data set is one draw for all seeds."""
    return paths.subset(
        RESULTS, dataset, paths.subset_draw(subset, None if subset == "all" else seed)
    )
