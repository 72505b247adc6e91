"""What results were made from: what their specs ask for, and the very files that are there."""

from collections.abc import Iterator

from lottery.catalogue.criteria import CRITERIA
from lottery.messages import some
from lottery.specs import (
    Chain,
    EarlySpec,
    EvaluateSpec,
    GenerateSpec,
    ImagesSpec,
    ImportSpec,
    MaskSpec,
    Spec,
    differences,
)
from lottery.verifying.book import Book
from lottery.verifying.contents import Result
from lottery.verifying.folder import File, within
from lottery.verifying.known import Known, Made


def check(result: Result, known: Known) -> Iterator[str]:
    """Its header names the inputs that its spec asks for, each by the key of its spec."""
    if result.what == "table":
        return  # its reports are read again by its own check
    inputs, wanted = result.header["inputs"], expected(result)
    for name in sorted(inputs.keys() ^ wanted.keys()):
        yield f"made {'without a' if name in wanted else 'from a'} {name}, against its spec"
    for name in inputs.keys() & wanted.keys():
        if inputs[name]["key"] != wanted[name].key():
            yield f"made from another {name} than its spec asks for, {inputs[name]['path']}"


def chains(result: Result, known: Known) -> Iterator[str]:
    """All of a ticket and seed has one chain: recipe, network, fraction, rewind point."""
    if result.file.kind != "tickets":
        return
    chain = result.spec.chain
    first = known.chains.setdefault(result.file.group, chain)
    if chain != first:
        wrong = differences(first, chain.model_dump(mode="json"))
        yield f"of another chain than the rounds before: {some(wrong)}"


def expected(result: Result) -> dict[str, Spec]:
    """The specs of a result's inputs, by their names; those of a table are its reports."""
    spec = result.spec
    if result.what == "subset":
        return {"images": ImagesSpec(dataset=spec.dataset)}
    if result.what == "early":
        return {"subset": spec.dense.subset()}
    if result.what == "sparsity":
        return {"weights": spec.dense}
    if result.what == "mask":
        return _of_mask(spec)
    if result.what in ("weights", "generation", "evaluation"):
        return _of_training(spec)
    return {}


def _of_training(spec: GenerateSpec | EvaluateSpec) -> dict[str, Spec]:
    chain, round = spec.chain, spec.round
    found: dict[str, Spec] = {"subset": spec.subset()}
    if chain.imported:
        return {**found, "imported": ImportSpec.of(chain)}
    if round:
        found["mask"] = MaskSpec(chain=chain, round=round)
    start = chain.rewound
    if start and (round or isinstance(spec, EvaluateSpec)):
        rewound = rewinds(start) or not round
        found["early"] = EarlySpec.of(start) if rewound else GenerateSpec.of(start, round - 1)
    return found


def _of_mask(spec: MaskSpec) -> dict[str, Spec]:
    chain, before = spec.chain, spec.round - 1
    if chain.baseline is None:
        found: dict[str, Spec] = {"weights": GenerateSpec.of(chain, before)}
        if before:
            found["mask"] = MaskSpec(chain=chain, round=before)
        if CRITERIA[chain.criterion].early:
            found["early"] = EarlySpec.of(chain)
        return found
    of = chain.baseline.of
    if of is None or chain.baseline.kind == "random":
        return {}
    if chain.baseline.zero_threshold is None:
        return {"mask": MaskSpec(chain=of, round=spec.round)}
    return {"weights": GenerateSpec.of(of, 0)}


def rewinds(chain: Chain) -> bool:
    """Whether each round of a chain starts from the same W_k."""
    training = chain.training
    return training is not None and training.rewind is not None and not training.rewind.none


def made(result: Result) -> Made:
    """What is kept of a result's inputs until all files were read."""
    chain = getattr(result.spec, "chain", None)
    inputs = result.header["inputs"]
    if result.what == "table":  # named by their paths in the folder of their scale
        inputs = {n: {**i, "path": f"{result.file.root}/{n}"} for n, i in inputs.items()}
    return Made(result.file, inputs, chain is not None and rewinds(chain))


def compare(known: Known, book: Book) -> int:
    """Hold all digests of inputs against the files that are there; how many inputs are not.

    Results that share a wrong input are one line in each group.
    """
    absent: set[str] = set()
    wrong: dict[tuple[str, str], list[File]] = {}
    starts: dict[str, dict[str, File]] = {}
    for file, inputs, rewound in known.made:
        with book.noting(file):
            for name, given in inputs.items():
                path = within(file.root, given["path"], known.digests)
                if path not in known.digests:
                    absent.add(path)
                elif known.digests[path] != given["digest"]:
                    wrong.setdefault((file.group, path), []).append(file)
                if name == "early" and rewound and file.kind == "tickets":
                    starts.setdefault(file.group, {}).setdefault(given["digest"], file)
    for (_, path), files in wrong.items():
        more = ["/".join(file.path.rsplit("/", 2)[1:]) for file in files[1:]]
        also = f", and so {'is' if len(more) == 1 else 'are'} {some(more)}" if more else ""
        book.write(files[0], f"made from another {path} than lies there{also}")
    for found in starts.values():
        first, *others = found.values()
        for file in others:
            book.write(file, f"starts from another W_k than {first.path}")
    return len(absent)
