"""A digest of the package code that a stage depends on.

Snakemake does not see edits inside an imported package. Each rule passes a fingerprint in its
params, so that editing, say, the loss of one task reruns the stages that use that task and no
others. Comments, docstrings, formatting and command-line help do not count, nor do modules that
only carry or report results.
"""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lottery import catalogue
from lottery.catalogue.criteria import CRITERIA
from lottery.specs import Chain

PACKAGE = "lottery"
ROOT = Path(__file__).parent.parent
UNCOUNTED = {
    # what they decide is in the spec, which the rule's params hold beside the fingerprint
    "lottery",
    "lottery.catalogue",
    "lottery.catalogue.criteria",
    "lottery.catalogue.formats",
    "lottery.catalogue.networks",
    "lottery.catalogue.tasks",
    "lottery.specs",
    "lottery.figure_specs",
    # pass on results and messages without changing them
    "lottery.artifacts",
    "lottery.content",
    "lottery.errors",
    "lottery.files",
    "lottery.fingerprint",
    "lottery.messages",
    "lottery.origin",
    "lottery.records",
    "lottery.stages.command",
    "lottery.training.progress",
    "lottery.training.slurm",
}
"""Modules whose edits change no result."""


class Code(NamedTuple):
    """The code of a stage."""

    stage: str
    fingerprint: str
    """16 hexadecimal digits over all modules."""
    modules: Mapping[str, str]
    """Of each module, 8 hexadecimal digits."""

    def __str__(self) -> str:
        return f"{self.stage}:{self.fingerprint}"


_named: dict[str, Code] = {}


@cache
def fingerprint(*modules: str) -> str:
    """16 hexadecimal digits over `modules` and all that they import from this package.

    Modules that a stage chooses at run time by a config value (a task, an architecture, a data
    format) are imported by name and must be named here.
    """
    text = "\n".join(f"{module} {_code(module)}" for module in _needed(*modules))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def code(stage: str, *modules: str) -> Code:
    """That of a stage, and of the modules that it chooses at run time."""
    every = (f"lottery.stages.{stage}", *modules)
    found = Code(stage, fingerprint(*every), {name: _code(name)[:8] for name in _needed(*every)})
    _named[str(found)] = found
    return found


def named(text: str) -> Code:
    """The code that this process knows by this text."""
    return _named[text]


def images_code(format: str) -> Code:
    """The stage `images` for data sets of a format."""
    return code("images", f"lottery.data.{format}")


def training_code(stage: str, network: str, task: str) -> Code:
    """A stage that trains: with it, its network's family and its task."""
    return code(stage, *chosen(network, task))


def mask_code(chain: Chain) -> Code:
    """The stage `mask`, with the criterion or the baseline of a chain: others rerun nothing."""
    modules = [f"lottery.models.{chain.architecture.model}"]
    if chain.baseline is None:
        modules.append(f"lottery.pruning.criteria.{catalogue.module(chain.criterion)}")
        if CRITERIA[chain.criterion].examples and chain.training:
            task = catalogue.module(chain.training.task)
            modules += ["lottery.stages.examples", f"lottery.tasks.{task}"]
    else:
        modules.append(f"lottery.pruning.baselines.{catalogue.module(chain.baseline.kind)}")
    return code("mask", *modules)


def sparsity_code(network: str) -> Code:
    """The stage `sparsity`."""
    return code("sparsity", f"lottery.models.{network}")


def chosen(network: str, task: str) -> tuple[str, str]:
    """The modules that a training chooses by its config: of a family of networks and of a task."""
    return f"lottery.models.{network}", f"lottery.tasks.{catalogue.module(task)}"


def _needed(*modules: str) -> list[str]:
    needed: set[str] = set()
    for module in modules:
        _collect(module, needed)
    return sorted(needed)


def _collect(module: str, needed: set[str]) -> None:
    if module in needed or module in UNCOUNTED:
        return
    needed.add(module)
    for imported in _imports(module):
        _collect(imported, needed)


@cache
def _file(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


@cache
def _tree(module: str) -> ast.Module:
    path = _file(module)
    if path is None:
        raise ValueError(f"no module {module} in {ROOT}")
    return ast.parse(path.read_text())


@cache
def _imports(module: str) -> frozenset[str]:
    """The package's own modules that this one imports, anywhere in its code."""
    found: set[str] = set()
    parts = module.split(".")
    found.update(".".join(parts[:end]) for end in range(1, len(parts)))  # the packages around it
    for node in _statements(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if _file(name) else node.module for name in names)
    return frozenset(
        name for name in found if name.split(".")[0] == PACKAGE and _file(name) is not None
    )


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All of a module, not what is inside of expressions: these are nine in ten nodes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in ("body", "orelse", "finalbody", "handlers", "cases"):
            waiting += getattr(node, block, ())


@cache
def _code(module: str) -> str:
    return hashlib.sha256(_text(_tree(module)).encode()).hexdigest()


def _text(node: Any) -> str:
    """A syntax tree as text that is stable across Python versions: empty fields are left out."""
    if isinstance(node, list):
        return f"[{','.join([_text(child) for child in node if not _is_silent(child)])}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [(name, getattr(node, name, None)) for name in node._fields]
    inside = [f"{name}={_text(value)}" for name, value in fields if value not in (None, [])]
    return f"{type(node).__name__}({','.join(inside)})"


def _is_silent(node: ast.AST) -> bool:
    """A docstring, or the declaration of a stage's command-line options."""
    if isinstance(node, ast.FunctionDef):
        return node.name == "arguments"
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
