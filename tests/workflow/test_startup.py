"""Parsing the workflow and the light stages stay light; imports flow one way."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lottery
from lottery.specs import GenerateSpec, MaskSpec
from tests.conftest import REPOSITORY, stage_call, stage_inputs

LAYERS = [
    {"errors", "messages", "catalogue", "content", "origin", "__init__"},
    {
        "specs",
        "figure_specs",
        "words",
        "geometry",
        "paths",
        "files",
        "seeds",
        "fingerprint",
        "work",
        "hardware",
        "threads",
    },
    {"records", "reports"},
    {"headers"},
    {"artifacts", "config", "sharing", "truth"},
    {"data", "models", "tasks", "claims", "captions"},
    {"pruning"},
    {"training", "figures", "plan", "planning", "quicker", "cluster", "exchange"},
    {"tables"},
    {"stages", "reading", "packs", "verifying", "campaign"},
    {"__main__"},
]


def imported(code):
    """Modules that are loaded after `code` ran in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("stage", ["aggregate", "plot", "claims", "schema"])
def test_stages_without_tensors_import_no_torch(stage):
    modules = imported(f"import lottery.__main__, lottery.stages.{stage}")
    assert not {"torch", "torchvision", "sklearn"} & modules


def test_training_and_pruning_import_neither_torchvision_nor_torchs_compiler(tmp_path, chain):
    """Each of them takes as long as importing torch."""
    dense = GenerateSpec.of(chain, 0)
    weights, report = tmp_path / "weights.pt", tmp_path / "generation.json"
    calls = [
        stage_call(
            "generate",
            dense,
            **stage_inputs(tmp_path, chain.training.dataset),
            early=tmp_path / "early",
            weights=weights,
            report=report,
            checkpoints=tmp_path / "checkpoints",
            device="cpu",
        ),
        stage_call("mask", MaskSpec(chain=chain, round=1), weights=weights, out=tmp_path / "m.pt"),
    ]
    words = [call[3:] for call in calls]
    modules = imported(f"from lottery.__main__ import main\nfor w in {words!r}: assert not main(w)")
    assert (tmp_path / "m.pt").exists()
    assert not {"torchvision", "torch._dynamo", "pandas", "sklearn"} & modules


def test_parsing_the_workflow_imports_nothing_heavy():
    code = (
        "from lottery import captions, config, fingerprint, geometry, paths, reports, sharing\n"
        "from lottery.data import presence"
    )
    heavy = {"torch", "torchvision", "pandas", "matplotlib", "sklearn", "numpy"}
    assert not heavy & imported(code)


def modules():
    return sorted((REPOSITORY / "lottery").rglob("*.py"))


def test_the_package_says_which_modules_import_snakemake():
    using = sorted(
        path.stem
        for path in modules()
        if re.search(r"^\s*(?:from|import) snakemake", path.read_text(), re.MULTILINE)
    )
    said = re.search(r"Only (.+) import\s+Snakemake", lottery.__doc__)[1]
    assert re.findall(r"`(\w+)`", said) == using
    assert (
        f"{NUMBERS[len(using)]} of its modules import Snakemake"
        in (REPOSITORY / "docs/internals.md").read_text()
    )


NUMBERS = ("none", "one", "two", "three", "four")


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_imports_flow_one_way(path: Path):
    def layer(parts):
        name = parts[1] if len(parts) > 1 else "__init__"
        return next(index for index, names in enumerate(LAYERS) if name in names)

    own = path.relative_to(REPOSITORY).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "lottery":
            for alias in node.names:
                target = [*node.module.split("."), alias.name]
                if len(target) == 2 and not (REPOSITORY / "lottery" / alias.name).exists():
                    target = (
                        target if (REPOSITORY / f"lottery/{alias.name}.py").exists() else target[:1]
                    )
                if own == ("lottery", "__init__") and target[1] == "reading":
                    continue  # offered lazily, see test_reading
                assert layer(target) <= layer(own), f"{'.'.join(own)} imports {'.'.join(target)}"
