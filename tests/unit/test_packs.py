"""Packs: what is collected, that it is the same bytes, and that no hostile one is merged."""

import contextlib
import hashlib
import io
import json
import os
import pickle
import shutil
import stat
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import requests
import rocrate
import torch
from requests.adapters import HTTPAdapter
from rocrate.rocrate import ROCrate
from urllib3 import HTTPResponse

from lottery import artifacts, headers, paths, records, reports
from lottery.content import digest
from lottery.errors import LotteryError
from lottery.figure_specs import (
    AccuracyTable,
    AggregateSpec,
    EvaluatedSpec,
    PlotSpec,
    ShownCurve,
    ShownPanel,
)
from lottery.packs import layout, plain, read
from lottery.packs.collect import Depth, Source
from lottery.specs import EvaluateSpec, GenerateSpec, ImagesSpec, MaskSpec, SparsitySpec, SubsetSpec
from lottery.stages.aggregate import aggregate
from lottery.stages.evaluate import evaluate
from lottery.stages.generate import generate
from lottery.stages.images import images as images_stage
from lottery.stages.mask import mask
from lottery.stages.pack import pack
from lottery.stages.plot import plot
from lottery.stages.redraw import redraw
from lottery.stages.sparsity import sparsity
from lottery.stages.subset import subset as subset_stage
from lottery.stages.unpack import unpack
from tests.conftest import LATE, REPOSITORY, recipe

RESULTS, FIGURES = "results/tiny", "figures/tiny"
DENSE = f"{RESULTS}/dense/digits/all/narrow/labels/short/seed0"
ROUND = f"{RESULTS}/tickets/labels/seed0/round"
NUMBERS = {
    f"{RESULTS}/tables/f.csv",
    f"{RESULTS}/tables/f.json",
    f"{ROUND}02/evaluation-digits.json",
    f"{FIGURES}/f.png",
    f"{FIGURES}/f.pdf",
}
TICKETS = NUMBERS | {
    f"{DENSE}/early/late.pt",
    f"{DENSE}/generation.json",
    f"{DENSE}/sparsity.json",
    f"{ROUND}01/generation.json",
    f"{ROUND}01/mask.pt",
    f"{ROUND}02/mask.pt",
    f"{RESULTS}/subsets/digits/all.pt",
}
EVERYTHING = TICKETS | {
    f"{DENSE}/weights.pt",
    f"{ROUND}01/weights.pt",
    f"{RESULTS}/images/digits.json",
    f"{RESULTS}/logs/mask/labels/seed0/round01.log",
    f"{FIGURES}/logs/f.log",
}
TOP = {*layout.TEXTS, "config/config.yaml", "config/tiny.yaml"}


def short(chain):
    """The same chain, trained for an epoch."""
    training = chain.training.model_copy(update={"recipe": recipe(epochs=1)})
    return chain.model_copy(update={"training": training})


@pytest.fixture(scope="session")
def made(tmp_path_factory, chain, digits):
    """A project whose figure `f` shows round 2 of one ticket. Do not change it."""
    root, chain = tmp_path_factory.mktemp("made"), short(chain)
    curve = EvaluatedSpec(
        panel="18",
        curve="Labels",
        chain=chain,
        evaluation="digits",
        dataset=digits,
        recipe=recipe(epochs=1),
        shared=False,
    )
    table = AccuracyTable(kind="accuracy", curves=(curve,), seeds=(0,), rounds=(2,))
    shown = ShownPanel(
        panel="18", title="Network", curves=(ShownCurve(curve="Labels", label="Labels"),)
    )
    figure = PlotSpec(
        figure="f", kind="accuracy", title="Title", scale="tiny", panels=(shown,), columns=1,
        points=1,
    )  # fmt: skip
    with contextlib.chdir(root):
        Path("config.yaml").write_text("scale: paper\n")
        Path("tiny.yaml").write_text("scale: tiny\n")
        images, subset = paths.images(RESULTS, "digits"), paths.subset(RESULTS, "digits", "all")
        report = paths.images_report(RESULTS, "digits")
        images_stage(ImagesSpec(dataset=digits), "", images, report)
        subset_stage(SubsetSpec.of(digits, chain.training.subset, 0), images, subset)
        early, masks = paths.early(DENSE, "late"), [f"{ROUND}0{r}/mask.pt" for r in (1, 2)]
        dense = GenerateSpec.of(chain, 0).model_copy(update={"rewinds": LATE})
        for spec, given, start, folder in (
            (dense, None, paths.early(DENSE), DENSE),
            (GenerateSpec.of(chain, 1), masks[0], early, f"{ROUND}01"),
        ):
            weights, about = paths.weights(folder), paths.generation(folder)
            generate(spec, images, subset, given, start, weights, about)
            mask(MaskSpec(chain=chain, round=spec.round + 1), weights, given, masks[spec.round])
        spec = SparsitySpec(dense=GenerateSpec.of(chain, 0), cuts=(0.1,))
        sparsity(spec, paths.weights(DENSE), paths.sparsity(DENSE))
        spec = EvaluateSpec.of(chain, 2, digits, recipe(epochs=1))
        report = reports.report_path(curve, 0, 2, RESULTS)
        evaluate(spec, images, subset, masks[1], early, report)
        out = paths.table(RESULTS, "f")
        aggregate(AggregateSpec(figure="f", table=table), RESULTS, out)
        plot(figure, out, [f"{FIGURES}/f.pdf", f"{FIGURES}/f.png"])
        for log in (f"{RESULTS}/logs/mask/labels/seed0/round01.log", f"{FIGURES}/logs/f.log"):
            Path(log).parent.mkdir(parents=True)
            Path(log).write_text("said\n" * 300_000)  # compresses by far more than a bomb may
    return root


def packed(root, out, depth=Depth.TICKETS):
    """A pack of its figure; returns its path."""
    with contextlib.chdir(root):
        pack(["f"], Source.of(RESULTS), depth, ["config.yaml", "tiny.yaml"], str(out))
    return out


@pytest.fixture(scope="session")
def good(made, tmp_path_factory):
    """A pack of tickets. Do not change it."""
    return packed(made, tmp_path_factory.mktemp("good") / "f.zip")


@pytest.fixture
def project(made, tmp_path):
    """A copy of the project, to change."""
    return Path(shutil.copytree(made, tmp_path / "project"))


@pytest.fixture
def empty(tmp_path):
    """A project without results."""
    root = tmp_path / "empty"
    (root / "results").mkdir(parents=True)
    return root


def names(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def content(path):
    """What a file holds, where a link leads; None for a folder."""
    if path.is_symlink():
        return path.readlink()
    return None if path.is_dir() else path.read_bytes()


def tree(root):
    """All that is below a folder."""
    return {str(path.relative_to(root)): content(path) for path in root.rglob("*")}


# What is collected


@pytest.mark.parametrize(
    ("depth", "expected"),
    [(Depth.NUMBERS, NUMBERS), (Depth.TICKETS, TICKETS), (Depth.ALL, EVERYTHING)],
)
def test_a_pack_holds_what_the_headers_lead_to(made, tmp_path, depth, expected):
    found = names(packed(made, tmp_path / "f.zip", depth))
    assert set(found) == expected | TOP
    assert found == sorted(found)


def test_masks_are_found_through_weights_that_were_removed(project, tmp_path, capsys):
    """As `keep_weights: false` does."""
    (project / ROUND).with_name("round01").joinpath("weights.pt").unlink()
    assert set(names(packed(project, tmp_path / "f.zip"))) == TICKETS | TOP
    found = set(names(packed(project, tmp_path / "f.zip", Depth.ALL)))
    assert found == (EVERYTHING | TOP) - {f"{ROUND}01/weights.pt"}
    assert "left out, as it was removed: results/tiny/tickets" in capsys.readouterr().err
    (project / DENSE / "weights.pt").unlink()  # which always stays
    with pytest.raises(LotteryError, match=r"seed0/weights\.pt: no such file"):
        packed(project, tmp_path / "f.zip", Depth.ALL)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (f"{RESULTS}/tables/f.csv", r"f\.csv: no such table: figure f has not been made"),
        (f"{RESULTS}/tables/f.json", r"f\.json: No such file"),
        (f"{FIGURES}/f.pdf", r"f\.pdf: no such file"),
        (f"{FIGURES}/f.png", r"f\.png: no such file"),
        (f"{ROUND}02/evaluation-digits.json", r"evaluation-digits\.json: no such file"),
        (f"{ROUND}01/mask.pt", r"round01/mask\.pt: no such file"),
        (f"{DENSE}/early/late.pt", r"late\.pt: no such file"),
        ("config.yaml", r"config\.yaml: no such file"),
    ],
)
def test_what_is_missing_is_named(project, tmp_path, file, words):
    (project / file).unlink()
    with pytest.raises(LotteryError, match=words):
        packed(project, tmp_path / "f.zip")
    assert not (tmp_path / "f.zip").exists()


@pytest.mark.parametrize(
    "file",
    [
        f"{RESULTS}/tables/f.csv",
        f"{ROUND}02/evaluation-digits.json",
        f"{ROUND}01/mask.pt",
        f"{ROUND}01/generation.json",
        f"{DENSE}/early/late.pt",
    ],
)
def test_what_is_damaged_is_named(project, tmp_path, file):
    path = project / file
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    with pytest.raises(LotteryError, match=path.name):
        packed(project, tmp_path / "f.zip")


def test_results_that_do_not_belong_together_are_not_packed(project, tmp_path, chain):
    other = short(chain)
    with contextlib.chdir(project):
        weights = f"{DENSE}/weights.pt"
        changed = other.model_copy(update={"fraction": 0.4})
        mask(MaskSpec(chain=changed, round=1), weights, None, f"{ROUND}01/mask.pt")
    with pytest.raises(LotteryError, match=r"made from another results/tiny/.*round01/mask\.pt"):
        packed(project, tmp_path / "f.zip")


def test_a_path_in_a_header_leads_nowhere_else(project, tmp_path):
    path = project / f"{RESULTS}/tables/f.json"
    found = records.report(path)
    result = found.pop("result")
    (about,) = found["inputs"].values()
    for outside in ("../../../secret.json", "/etc/hostname", "results/tiny/secret.json"):
        about["path"] = outside
        records.write_report(path, {**bare(found), "inputs": {"x": about}}, result)
        with pytest.raises(LotteryError, match=r"f\.json: names .*secret|f\.json: names /etc"):
            packed(project, tmp_path / "f.zip")


def test_too_little_space_is_said_before_anything_is_written(made, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(LotteryError, match=r"GB are needed, 0\.0 are free"):
        packed(made, tmp_path / "new/f.zip")
    assert not (tmp_path / "new").exists()


# The same bytes


def test_a_pack_is_the_same_bytes_for_the_same_results(project, good, tmp_path):
    for number, path in enumerate(sorted(project.rglob("*"))):
        os.utime(path, (10**9 + number, 10**9 + number))
        path.chmod(0o700)
    assert packed(project, tmp_path / "other.zip").read_bytes() == good.read_bytes()


def test_tensors_are_stored_and_the_rest_is_compressed(made, tmp_path):
    with zipfile.ZipFile(packed(made, tmp_path / "f.zip", Depth.ALL)) as archive:
        for info in archive.infolist():
            bits = info.filename.endswith((".pt", ".log"))  # those logs compress too well
            assert info.compress_type == (zipfile.ZIP_STORED if bits else zipfile.ZIP_DEFLATED)
            assert stat.S_ISREG(info.external_attr >> 16)
    unpack(str(tmp_path / "f.zip"), str(tmp_path), 1)


def test_packs_of_many_gigabytes_and_files_are_read(made, empty, tmp_path, monkeypatch):
    """Which need the zip64 format: here from a few kilobytes and files on."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10_000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 5)
    path = packed(made, tmp_path / "f.zip")
    assert path.read_bytes()[-42:-38] == b"PK\6\7"
    unpack(str(path), str(empty), 1)
    assert (empty / f"{ROUND}02/mask.pt").read_bytes() == (made / f"{ROUND}02/mask.pt").read_bytes()
    monkeypatch.setattr(layout, "MOST_ENTRIES", 10)
    refuse(path, empty, "it has more than 10 entries")


def test_sha256sum_checks_it(good, tmp_path):
    with zipfile.ZipFile(good) as archive:
        archive.extractall(tmp_path)
    call = ["sha256sum", "--check", "--strict", "--quiet", layout.MANIFEST]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pins = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["dependencies"]
    assert (tmp_path / layout.REQUIREMENTS).read_text().splitlines() == pins
    assert "python -m lottery unpack" in (tmp_path / layout.README).read_text()


def test_the_crate_is_read_by_its_own_library(good, tmp_path):
    with zipfile.ZipFile(good) as archive:
        archive.extractall(tmp_path)
    crate = ROCrate(tmp_path)
    listed = {entity.id for entity in crate.data_entities}
    assert listed == set(names(good)) - {layout.MANIFEST, layout.CRATE}
    table = crate.get(f"{RESULTS}/tables/f.json")
    assert table["isBasedOn"].id == f"{ROUND}02/evaluation-digits.json"
    (second,) = [e for e in crate.data_entities if e.id == f"{ROUND}02/mask.pt"]
    assert second["isBasedOn"].id == f"{ROUND}01/mask.pt"
    created = [headers.read(tmp_path / name) for name in TICKETS if name.endswith((".json", ".pt"))]
    assert crate.root_dataset["datePublished"] == max(header["created"] for header in created)


def test_the_crate_is_valid(good, tmp_path, monkeypatch):
    """By the public validator (roc-validator), where it is installed, as in .ci/run.

    It asks for the context of RO-Crate 1.3, which comes with the library rocrate.
    """
    services = pytest.importorskip("rocrate_validator.services")
    context = Path(rocrate.__file__).with_name("data") / "ro-crate.jsonld"

    def send(_, request, **__):
        answer = requests.Response()
        headers = {"Content-Type": "application/ld+json"}
        answer.raw = HTTPResponse(
            io.BytesIO(context.read_bytes()), headers, preload_content=False, request_method="GET"
        )
        answer.status_code, answer.url, answer.request = 200, request.url, request
        answer.headers.update(headers)
        return answer

    monkeypatch.setattr(HTTPAdapter, "send", send)
    with zipfile.ZipFile(good) as archive:
        archive.extractall(tmp_path)
    issues = services.validate(
        {
            "rocrate_uri": str(tmp_path),
            "profile_identifier": "ro-crate-1.3",
            "requirement_severity": "RECOMMENDED",
        }
    ).get_issues()
    messages = {issue.message for issue in issues}
    assert {message.split(" (")[0] for message in messages} == {  # which this project cannot know
        "The Root Data Entity SHOULD have a `publisher` property",
        "A License entity SHOULD have an absolute HTTP(S) URL as its @id",
    }


# Merging


@pytest.mark.parametrize("depth", list(Depth))
def test_what_is_packed_comes_back(made, empty, tmp_path, depth):
    path = packed(made, tmp_path / "f.zip", depth)
    unpack(str(path), str(empty), 1)
    for name in names(path):
        text = layout.kind(name) == "text"
        found = empty / "packs/f" / name if text else empty / name
        if not text:
            assert found.read_bytes() == (made / name).read_bytes()
        assert found.is_file()
    assert not list(empty.glob("results/.unpack*"))
    assert len([path for path in empty.rglob("*") if path.is_file()]) == len(names(path))


def test_unpacking_again_changes_nothing(good, empty, capsys):
    unpack(str(good), str(empty), 1)
    count, before = len(names(good)), tree(empty)
    assert f"{count} files new, 0 already there" in capsys.readouterr().err
    inodes = {path: path.stat().st_ino for path in empty.rglob("*")}
    unpack(str(good), str(empty), 1)
    assert f"0 files new, {count} already there" in capsys.readouterr().err
    assert tree(empty) == before
    assert all(path.stat().st_ino == inodes[path] for path in inodes if path.is_file())


def test_figures_are_redrawn_without_config_and_data_as_often_as_wished(good, tmp_path):
    for _ in range(2):
        redraw([str(good)], str(tmp_path / "redrawn"), 1)
        folder = tmp_path / "redrawn" / good.stem
        for suffix in (".pdf", ".png"):
            came = (folder / FIGURES / f"f{suffix}").read_bytes()
            assert (folder / f"f{suffix}").read_bytes() == came
        (folder / "f.png").unlink()


def test_the_same_content_made_at_another_time_is_left_as_it_is(good, made, empty):
    name = f"{ROUND}01/mask.pt"
    header, payload = artifacts.read(made / name)
    artifacts.save(empty / name, {**bare(header), "created": "2001-01-01T00:00:00+00:00"}, payload)
    before = (empty / name).read_bytes()
    unpack(str(good), str(empty), 1)
    assert (empty / name).read_bytes() == before
    assert (empty / f"{ROUND}02/mask.pt").exists()


def test_conflicts_are_all_named_and_nothing_is_written(good, made, empty, capsys):
    name, report = f"{ROUND}01/mask.pt", f"{ROUND}01/generation.json"
    header, payload = artifacts.read(made / name)
    header["spec"]["chain"]["fraction"] = 0.25
    artifacts.save(empty / name, {**bare(header), "key": "another"}, payload)
    shutil.copytree(made / FIGURES, empty / FIGURES)
    (empty / report).write_text("{}")
    (empty / f"{FIGURES}/f.pdf").write_text("%PDF-")
    (empty / f"{FIGURES}/logs/f.log").write_text("a log is no conflict")
    before = tree(empty)
    with pytest.raises(LotteryError, match="nothing was written") as caught:
        unpack(str(good), str(empty), 1)
    for conflict in (name, report, f"{FIGURES}/f.pdf"):
        assert conflict in str(caught.value)
    assert "\n" not in str(caught.value)
    assert f"{FIGURES}/f.png" not in str(caught.value)
    said = capsys.readouterr().err
    assert f"{name}: chain.fraction is 0.25 there, 0.5 in the pack" in said
    assert f"{report}: damaged there" in said
    assert tree(empty) == before


def test_another_file_system_gets_whole_files_too(good, empty, made, monkeypatch):
    real = os.replace

    def replace(source, target):
        if ".unpack" in str(source) and "figures" in str(target):
            raise OSError(18, "Invalid cross-device link")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    unpack(str(good), str(empty), 1)
    name = f"{FIGURES}/f.png"
    assert (empty / name).read_bytes() == (made / name).read_bytes()


# Hostile packs


class Entry:
    """One entry of a zip, to change."""

    def __init__(self, name, content, mode=stat.S_IFREG | 0o644):
        self.info = zipfile.ZipInfo(name)
        self.info.external_attr = mode << 16
        self.info.create_system = 3
        self.info.compress_type = zipfile.ZIP_DEFLATED
        self.content = content


def rewritten(good, out, *more, without=(), sums=True, **changed):
    """The good pack with other content by name, without some, and with more entries.

    The manifest is made to fit unless told otherwise.
    """
    with zipfile.ZipFile(good) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    entries = [Entry(name, content) for name, content in contents.items()]
    entries = [e for e in entries if e.info.filename not in (*without, layout.MANIFEST)]
    for entry in entries:
        entry.content = changed.get(entry.info.filename, entry.content)
    entries += more
    manifest = contents[layout.MANIFEST]
    if sums:
        digests = {e.info.filename: hashlib.sha256(e.content).hexdigest() for e in entries}
        manifest = "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode()
    with zipfile.ZipFile(out, "w") as archive:
        for entry in [*entries, Entry(layout.MANIFEST, manifest)]:
            archive.writestr(entry.info, entry.content)
    return out


def refuse(path, root, words, most_gb=1.0):
    """It is refused in one line, and nothing is written in the project or beside it."""
    before = tree(root.parent)
    with pytest.raises(LotteryError, match=words) as caught:
        unpack(str(path), str(root), most_gb)
    assert "\n" not in str(caught.value)
    assert ".unpack" not in str(caught.value)
    assert tree(root.parent) == before


def test_the_rewritten_pack_is_good_if_nothing_changes(good, empty, tmp_path):
    unpack(str(rewritten(good, tmp_path / "f.zip")), str(empty), 1)
    assert (empty / f"{ROUND}01/mask.pt").exists()


LINK = stat.S_IFLNK | 0o777


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (Entry("/etc/x.json", b"{}"), "an absolute path"),
        (Entry("../results/tables/x.csv", b""), "a path that leaves its folder"),
        (Entry("results/../../tables/x.csv", b""), "a path that leaves its folder"),
        (Entry("results/./tables/x.csv", b""), "a path that leaves its folder"),
        (Entry("results//tables/x.csv", b""), "a path that leaves its folder"),
        (Entry("results\\tables\\x.csv", b""), "a path of another system"),
        (Entry("C:/results/tables/x.csv", b""), "a path of another system"),
        (Entry("results/tables/x\x1b[2J.csv", b""), "a name with control characters"),
        (Entry("results/tables/x\ny.csv", b""), "a name with control characters"),
        (Entry("results/tables/x.csv", b"/etc/passwd", LINK), "a link, a folder"),
        (Entry("results/tables/x.csv", b"", stat.S_IFIFO | 0o644), "a link, a folder"),
        (Entry("results/tables/x.csv", b"", stat.S_IFCHR | 0o644), "a link, a folder"),
        (Entry("results/tables/", b""), "a link, a folder"),
        (Entry("lottery/__main__.py", b"evil()"), "a file that no pack holds"),
        (Entry("results/tiny/images/digits.pt", b""), "a file that no pack holds"),
        (Entry("results/.snakemake/log", b""), "a hidden file or folder"),
        (Entry("results/.hidden/tables/x.csv", b""), "a hidden file or folder"),
        (Entry("Snakefile", b"evil()"), "a file that no pack holds"),
        (Entry("config/../Snakefile", b"evil()"), "a path that leaves its folder"),
        (Entry(f"{RESULTS}/tables/F.csv", b""), "differs only in case"),
        (Entry("results/Tiny/tables/other.csv", b""), "differs only in case"),
        (Entry(f"{RESULTS}/tables/f.csv", b""), "is there twice"),
        (Entry(f"{FIGURES}/f.pdf/x.pdf", b""), "a file that no pack holds"),
        (Entry(f"{RESULTS}/tickets/labels/seed0/round01/mask.pt/mask.pt", b""), "both a file and"),
        (Entry("results/logs/x.log", b"\0" * 10**7), "as a bomb is"),
        (Entry("results/images/x.json", b" " * (2**26 + 1)), "as a bomb|larger than"),
    ],
)
def test_a_hostile_entry_is_refused(good, empty, tmp_path, entry, words):
    path = rewritten(good, tmp_path / "f.zip", entry)
    refuse(path, empty, words)


def test_json_of_more_than_64_mb_is_refused(good, empty, tmp_path):
    entry = Entry("results/images/x.json", os.urandom(2**20) * 65)
    entry.info.compress_type = zipfile.ZIP_STORED
    refuse(rewritten(good, tmp_path / "f.zip", entry), empty, "larger than 67,108,864 bytes")


def test_too_many_entries_are_refused_before_they_are_listed(good, empty, tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "MOST_ENTRIES", 10)
    monkeypatch.setattr(read.zipfile, "ZipFile", None)
    refuse(good, empty, "it has more than 10 entries")


def test_more_than_is_allowed_or_free_is_refused(good, empty, monkeypatch):
    refuse(good, empty, "more than --most-gb allows", most_gb=1e-6)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    refuse(good, empty, r"are needed, 0\.0 are free")


def changed_bytes(good, out, change):
    """The good pack with other bytes in the file itself."""
    whole = bytearray(good.read_bytes())
    change(whole)
    out.write_bytes(whole)
    return out


def listed(whole, name):
    """Where the line on an entry is in the zip's list."""
    return whole.rfind(name.encode()) - 46


@pytest.mark.parametrize(
    ("said", "words"), [(1, "(not a readable pack|is not what)"), (3000, "is smaller than it says")]
)
def test_an_entry_of_another_size_than_it_says_is_refused(good, empty, tmp_path, said, words):
    def change(whole):
        at = listed(whole, f"{RESULTS}/tables/f.csv") + 24
        whole[at : at + 4] = said.to_bytes(4, "little")

    path = changed_bytes(good, tmp_path / "f.zip", change)
    refuse(path, empty, rf"f\.csv: {words}")


def test_a_stored_entry_of_another_size_is_refused(good, empty, tmp_path):
    def change(whole):
        at = listed(whole, f"{ROUND}01/mask.pt") + 24
        whole[at : at + 4] = (10).to_bytes(4, "little")

    refuse(changed_bytes(good, tmp_path / "f.zip", change), empty, "larger than it says")


def test_encrypted_and_oddly_compressed_entries_are_refused(good, empty, tmp_path):
    def encrypted(whole):
        whole[listed(whole, f"{RESULTS}/tables/f.csv") + 8] |= 1

    def odd(whole):
        whole[listed(whole, f"{RESULTS}/tables/f.csv") + 10] = 12

    refuse(changed_bytes(good, tmp_path / "f.zip", encrypted), empty, "encrypted")
    refuse(changed_bytes(good, tmp_path / "f.zip", odd), empty, "compressed in a way")


def test_no_damage_is_merged(good, empty, tmp_path):
    """Whichever byte of the zip has changed, it is refused, or what it holds is the same."""
    unpack(str(good), str(tmp_path / "empty"), 1)
    expected = tree(empty)
    whole = good.read_bytes()
    for number in range(0, len(whole), len(whole) // 25):
        shutil.rmtree(empty)
        (empty / "results").mkdir(parents=True)
        path = tmp_path / "f.zip"
        damaged = bytearray(whole)
        damaged[number] ^= 0x55
        path.write_bytes(damaged)
        try:
            unpack(str(path), str(empty), 1)
        except LotteryError:
            assert tree(empty) == {"results": None}
        else:
            assert tree(empty) == expected


@pytest.mark.parametrize("content", [b"", b"PK", b"garbage" * 100, b"PK\5\6" + b"\0" * 18])
def test_what_is_no_pack_is_refused(empty, tmp_path, content):
    path = tmp_path / "f.zip"
    path.write_bytes(content)
    refuse(path, empty, r"f\.zip: not a (readable )?pack")


def test_truncated_or_lengthened_packs_are_refused(good, empty, tmp_path):
    path, whole = tmp_path / "f.zip", good.read_bytes()
    for content in (whole[:-1], whole[: len(whole) // 2], whole + b"x", b"x" + whole):
        path.write_bytes(content)
        if content[:1] != b"x":  # what stands before a zip is not read
            refuse(path, empty, "not a readable pack")


def test_the_manifest_names_each_file(good, empty, tmp_path):
    path, table = tmp_path / "f.zip", f"{RESULTS}/tables/f.csv"
    log = Entry("results/tiny/logs/x.log", b"")
    refuse(rewritten(good, path, log, sums=False), empty, r"x\.log.*: is not in SHA256SUMS")
    refuse(rewritten(good, path, without=[table], sums=False), empty, r"f\.csv.*is not there")
    changed = {table: b"panel\n"}
    refuse(rewritten(good, path, sums=False, **changed), empty, "is not what SHA256SUMS says")


# Hostile content: the manifest fits, and still


def bare(header):
    """Without what is computed when it is written."""
    return {
        name: value for name, value in header.items() if name not in ("digest", "whole", "seal")
    }


def resealed(path, change, content=None):
    """A report or an artifact with another header, sealed anew as anyone can."""
    if path.suffix == ".json":
        found = records.report(path)
        result = found.pop("result")
        records.write_report(path, bare(change(found)), result if content is None else content)
    else:
        header, payload = artifacts.read(path)
        artifacts.save(path, bare(change(header)), payload if content is None else content)
    return path.read_bytes()


def deep(levels):
    return b"[" * levels + b"]" * levels


def with_spec(header):
    """Of another spec, by the same key."""
    spec = json.loads(json.dumps(header["spec"]))
    spec["chain"]["fraction"] = 0.25
    return {**header, "spec": spec}


def unknown_spec(header):
    return {**header, "spec": {**header["spec"], "unknown": 1}}


def two_headers(path):
    """For who reads the first line alone, another header than for who reads it all."""
    found = records.report(path)
    result = found.pop("result")
    first, second = (
        json.dumps(records.sealed({**bare(found), "device": device}, result, result=True))
        for device in ("cpu", "another")
    )
    return f'{first[:-1]},\n{second[1:-1]},\n"result": {json.dumps(result)}}}'.encode()


def another_digest(path):
    """A report that passes for another in what was made from it."""
    found = records.report(path)
    result = found.pop("result")
    true = records.sealed(bare(found), result, result=True)
    return with_seal({**true, "digest": "0" * 64}, result)


def with_seal(header, result):
    """A report with this header as it is, and its seal."""
    rest = {name: value for name, value in header.items() if name != "seal"}
    seal = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    head = json.dumps({**rest, "seal": seal})
    return f'{head[:-1]},\n"result": {json.dumps(result)}}}'.encode()


def another_whole(path):
    """The same of a mask."""
    header, payload = artifacts.read(path)
    header = {**bare(header), "whole": digest(payload), "digest": "0" * 64}
    seal = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()
    torch.save({"header": {**header, "seal": seal}, "payload": payload}, path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        (f"{ROUND}01/generation.json", another_digest, "does not match its digest"),
        (f"{ROUND}01/mask.pt", another_whole, "does not match its digest"),
        (f"{ROUND}01/generation.json", lambda p: p.read_bytes().replace(b"cpu", b"gpu"), "seal"),
        (
            f"{ROUND}01/generation.json",
            lambda p: p.read_bytes().replace(b'"remaining": ', b'"remaining": 1'),
            "does not match its digest",
        ),
        (f"{ROUND}01/generation.json", lambda p: p.read_bytes()[:-9], "not a readable report"),
        (f"{ROUND}01/generation.json", lambda _: deep(200), "nested too deeply"),
        (f"{ROUND}01/generation.json", lambda _: deep(10**5), "not a readable report"),
        (f"{ROUND}01/generation.json", lambda _: b"[]", "not an artifact of this pipeline"),
        (f"{ROUND}01/generation.json", lambda _: b'{"what": 1e999}', "no header"),
        (f"{ROUND}01/generation.json", lambda _: b"9" * 5000, "not a readable report"),
        (f"{ROUND}01/generation.json", two_headers, "two headers that differ"),
        (f"{ROUND}01/generation.json", lambda p: resealed(p, with_spec), "its key is not that"),
        (f"{ROUND}01/generation.json", lambda p: resealed(p, unknown_spec), "its spec is none"),
        (
            f"{ROUND}01/generation.json",
            lambda p: resealed(p, lambda h: {**h, "what": "evaluation"}),
            "holds 'evaluation', not 'generation'",
        ),
        (
            f"{ROUND}01/generation.json",
            lambda p: resealed(p, lambda h: {**h, "inputs": {"mask": 3}}),
            "names no readable inputs",
        ),
        (
            f"{ROUND}01/generation.json",
            lambda p: resealed(p, lambda h: {**h, "spec": 3}),
            "its spec is none of this version",
        ),
        (f"{ROUND}01/mask.pt", lambda p: resealed(p, with_spec), "its key is not that"),
        (
            f"{ROUND}01/mask.pt",
            lambda p: resealed(p, dict, {"bits": torch.zeros(3)}),
            "made from another results/tiny/.*mask.pt",
        ),
        (f"{RESULTS}/tables/f.csv", lambda _: b"panel\n", "not the table of its report"),
        (
            f"{RESULTS}/tables/f.json",
            lambda p: resealed(p, lambda h: {**h, "inputs": {"x": {"path": "x", "digest": ""}}}),
            "made from x, which the pack does not hold",
        ),
        (f"{FIGURES}/f.png", lambda _: b"\x89PNG\r\n\x1a\n", "not a readable result"),
        (f"{FIGURES}/f.png", lambda p: p.read_bytes().replace(b"Title", b"Other"), "seal"),
        (f"{FIGURES}/f.pdf", lambda _: b"<html>", "no PDF"),
        (layout.CRATE, lambda _: deep(10**5), "not a readable report"),
    ],
)  # fmt: skip
def test_a_file_that_lies_is_refused(good, empty, tmp_path, name, make, words):
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / Path(name).name
    with zipfile.ZipFile(good) as archive:
        copy.write_bytes(archive.read(name))
    path = rewritten(good, tmp_path / "f.zip", **{name: make(copy)})
    refuse(path, empty, words)


def test_a_table_comes_with_its_report(good, empty, tmp_path):
    path = rewritten(good, tmp_path / "f.zip", without=[f"{RESULTS}/tables/f.json"])
    refuse(path, empty, "has no report on this table")


class Evil:
    def __reduce__(self):
        return (os.mkdir, ("executed",))


def edited(change, marked=0, method=zipfile.ZIP_STORED):
    """A .pt file with its parts changed, the tensor's marked and all packed in another way."""

    def make(path):
        with zipfile.ZipFile(path) as archive:
            parts = {info.filename: archive.read(info) for info in archive.infolist()}
        change(parts)
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in parts.items():
                info = zipfile.ZipInfo(name)
                info.external_attr = marked if name.endswith("data/0") else 0
                info.compress_type = method
                archive.writestr(info, content)
        return path.read_bytes()

    return make


def saved(value):
    def make(path):
        torch.save(value(artifacts.read(path)[0]), path)
        return path.read_bytes()

    return make


def shorter(parts):
    (name,) = (name for name in parts if name.endswith("data/0"))
    parts[name] = parts[name][:-1]


def another_pickle(parts):
    parts["archive/more/data.pkl"] = pickle.dumps({"header": {}})


def laughs(header):
    value = ["ha"]
    for _ in range(40):
        value = [value, value]
    return {"header": header, "payload": {"x": value}}


def endless(header):
    value = []
    value.append(value)
    return {"header": header, "payload": {"x": value}}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (saved(lambda h: {"header": h, "payload": Evil()}), "more than tensors"),
        (saved(lambda h: {"header": h, "payload": {"x": {1, 2}}}), "more than tensors"),
        (saved(lambda h: {"header": h, "payload": {"x": torch.Size([1])}}), "more than tensors"),
        (saved(lambda h: {"header": h, "payload": {"x": torch.zeros(1).expand(10**12)}}), "claims"),
        (
            saved(lambda h: {"header": h, "payload": {"x": torch.zeros(9, 9).to_sparse()}}),
            "more than tensors",
        ),
        (saved(lambda h: {"header": h, "payload": {"x": 2**70}}), "more than 64 bits"),
        (saved(lambda h: {"header": h, "payload": {1: 2}}), "keys that are no text"),
        (saved(laughs), "nested too deeply, or has too many values"),
        (saved(endless), "nested too deeply"),
        (saved(lambda h: {"header": h}), "it has no payload"),
        (saved(lambda _: [1]), "not an artifact of this pipeline"),
        (edited(shorter), "not of the size that it says"),
        (edited(another_pickle), "not a readable artifact"),
        (edited(dict, marked=0x10), "or a folder"),
        (edited(dict, method=zipfile.ZIP_DEFLATED), "is compressed"),
        (lambda _: b"", "not a readable artifact"),
        (lambda _: pickle.dumps(Evil()), "not a readable artifact"),
    ],
)
def test_a_pickle_that_holds_more_than_tensors_is_refused(good, empty, tmp_path, make, words):
    (tmp_path / "copy").mkdir()
    copy, name = tmp_path / "copy" / "mask.pt", f"{ROUND}01/mask.pt"
    with zipfile.ZipFile(good) as archive:
        copy.write_bytes(archive.read(name))
    path = rewritten(good, tmp_path / "f.zip", **{name: make(copy)})
    with contextlib.chdir(tmp_path):
        refuse(path, empty, words)
    assert not (tmp_path / "executed").exists()


def test_a_number_in_a_pickle_reserves_no_memory(tmp_path):
    """For these few bytes Python's C code would ask for gigabytes."""
    path = tmp_path / "x.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", b"\x80\x02Nr\xff\xff\xff\x7f.")
    with pytest.raises(LotteryError, match="not one of torch's"):
        plain.check_artifact(path)


# Hostile places


@pytest.mark.parametrize("link", ["results", "results/tiny", "figures", "packs"])
def test_unpack_writes_through_no_link(good, empty, tmp_path, link):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if link == "results":
        (empty / "results").rmdir()
    (empty / link).symlink_to(elsewhere)
    refuse(good, empty, f"{link}: is a symbolic link")


def test_a_file_that_is_a_link_or_a_folder_is_in_the_way(good, empty, tmp_path):
    goal = empty / f"{RESULTS}/tables/f.csv"
    goal.parent.mkdir(parents=True)
    goal.symlink_to(tmp_path / "nowhere")
    refuse(good, empty, r"f\.csv: is a symbolic link")
    goal.unlink()
    goal.mkdir()
    refuse(good, empty, r"f\.csv: in the way")


@pytest.mark.parametrize("name", ["..zip", "...zip", ".f.zip"])
def test_a_pack_is_not_kept_outside_of_its_folder(good, empty, tmp_path, name):
    refuse(Path(shutil.copy(good, tmp_path / name)), empty, "rename it")


# The commands


def command(root, *words):
    return subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lottery", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "words", [["f", "--results", RESULTS], [f"{RESULTS}/tables/f.csv"], [f"{FIGURES}/f.pdf"]]
)
def test_the_commands_know_a_figure_by_its_name_and_files(made, empty, tmp_path, words):
    out = str(tmp_path / "f.zip")
    done = command(made, "pack", *words, "-o", out, "--configfile", "tiny.yaml")
    assert done.returncode == 0, done.stderr
    assert "packed 5 result files of f into" in done.stderr
    assert not any(line.split("|")[-1].strip() == "torch" for line in done.stderr.splitlines())
    done = command(empty, "unpack", out)
    assert done.returncode == 0, done.stderr
    assert "11 files new, 0 already there" in done.stderr


def test_a_figure_of_another_scale_or_none_is_refused(made, tmp_path):
    out = str(tmp_path / "f.zip")
    done = command(made, "pack", "figures/other/f.pdf", "--results", RESULTS, "-o", out)
    assert "figures/other/f.pdf: not in figures/tiny; a pack is of one scale" in done.stderr
    done = command(made, "pack", "g", "--results", RESULTS, "-o", out)
    assert done.returncode == 1
    assert "g.csv: no such table: figure g has not been made" in done.stderr
