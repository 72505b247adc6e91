"""A digest of the package code that a stage depends on.

Snakemake does not see edits inside an imported package. Each rule passes a fingerprint in its
params, so that editing, say, the loss of one task reruns the stages that use that task and no
others. Comments, docstrings and formatting do not count, nor do modules that only report.
"""

import ast
import hashlib
from functools import cache
from pathlib import Path

PACKAGE = "lottery"
ROOT = Path(__file__).parent.parent
REPORTING = {"lottery.errors", "lottery.training.progress", "lottery.stages.command"}


def fingerprint(*modules: str) -> str:
    """16 hexadecimal digits over `modules` and all that they import from this package.

    Modules that a stage chooses at run time by a config value (a task, an architecture, a data
    format) are imported by name and must be named here.
    """
    needed: set[str] = set()
    for module in modules:
        _collect(module, needed)
    text = "\n".join(f"{module} {_code(module)}" for module in sorted(needed))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _collect(module: str, needed: set[str]) -> None:
    if module in needed or module in REPORTING:
        return
    needed.add(module)
    for imported in _imports(module):
        _collect(imported, needed)


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
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if _file(name) else node.module for name in names)
    return frozenset(
        name for name in found if name.split(".")[0] == PACKAGE and _file(name) is not None
    )


@cache
def _code(module: str) -> str:
    tree = _tree(module)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_docstring(body[0]):
            body[0] = ast.Expr(ast.Constant(None))
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_docstring(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
