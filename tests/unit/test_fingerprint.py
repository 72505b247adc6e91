"""The code that a stage depends on."""

import re

import pytest

from lottery import fingerprint
from tests.conftest import REPOSITORY


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of four modules: a imports b, b imports c inside a function, d stands alone."""
    root = tmp_path / "lottery"
    root.mkdir()
    for name, code in {
        "__init__": "",
        "a": "from lottery import b\n",
        "b": '"""Docs."""\ndef f():\n    from lottery.c import g\n    return g\n',
        "c": "def g():\n    return 1\n",
        "d": "x = 1\n",
    }.items():
        (root / f"{name}.py").write_text(code)
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)

    def digest(*modules):
        for cached in ("fingerprint", "_file", "_tree", "_imports", "_code"):
            getattr(fingerprint, cached).cache_clear()
        return fingerprint.fingerprint(*(f"lottery.{module}" for module in modules))

    yield root, digest
    digest("d")


@pytest.mark.parametrize(
    ("module", "code", "changes"),
    [
        ("c", "def g():\n    return 2\n", True),
        ("c", "def g():  # one\n    return 1\n", False),
        ("c", 'def g():\n    """Why."""\n    return 1\n', False),
        ("c", 'def g():\n    return 1\ndef arguments(parser):\n    parser.help = "?"\n', False),
        ("c", 'def g():\n    return "1"\n', True),
        ("b", '"""Other docs."""\ndef f():\n    from lottery.c import g\n    return g\n', False),
        ("d", "x = 2\n", False),
        ("__init__", "y = 1\n", False),
    ],
)
def test_only_code_that_is_imported_counts(package, module, code, changes):
    root, digest = package
    before = digest("a")
    (root / f"{module}.py").write_text(code)
    assert (digest("a") != before) is changes


def test_what_a_config_chooses_is_named_by_the_caller(package):
    _, digest = package
    assert digest("a") != digest("a", "d")
    with pytest.raises(ValueError, match=r"no module lottery\.nowhere"):
        digest("nowhere")


CHOSEN = (
    "lottery.data.{",
    "lottery.models.{",
    "lottery.tasks.{",
    "lottery.pruning.criteria.{",
    "lottery.pruning.baselines.{",
)


def test_modules_are_imported_by_name_only_where_the_workflow_names_them():
    """A fingerprint follows import statements; these choices are named beside it."""
    found = {}
    for path in (REPOSITORY / "lottery").rglob("*.py"):
        for name in re.findall(r'import_module\(f?"([^"]+)"', path.read_text()):
            found[str(path.relative_to(REPOSITORY))] = name
    assert found == {
        "lottery/__main__.py": "lottery.stages.{module_of(stage)}",
        "lottery/data/datasets.py": "lottery.data.{dataset.format}",
        "lottery/models/__init__.py": "lottery.models.{architecture.model}",
        "lottery/pruning/baselines/__init__.py": "lottery.pruning.baselines.{module(kind)}",
        "lottery/pruning/criteria/__init__.py": "lottery.pruning.criteria.{module(criterion)}",
        "lottery/stages/mask.py": "lottery.stages.examples",
        "lottery/tasks/__init__.py": "lottery.tasks.{module(name)}",
    }
    named = "".join(path.read_text() for path in (REPOSITORY / "workflow").rglob("*.smk"))
    named += (REPOSITORY / "lottery/fingerprint.py").read_text()
    for chosen in (*CHOSEN, "lottery.stages.examples"):
        assert chosen in named
