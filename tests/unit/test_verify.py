"""Results are checked by one who did not make them, from the files alone."""

import json
import os
import random
import re
import shutil
from pathlib import Path

import pytest
import torch

from lottery import artifacts, paths, records
from lottery.__main__ import main
from lottery.content import digest
from lottery.errors import LotteryError
from lottery.figure_specs import (
    AccuracyTable,
    AggregateSpec,
    CurveSpec,
    EvaluatedSpec,
    SparsityTable,
)
from lottery.pruning.baselines.shuffled import shuffled_mask
from lottery.pruning.mask import Mask
from lottery.specs import (
    Baseline,
    EvaluateSpec,
    GenerateSpec,
    ImagesSpec,
    MaskSpec,
    SparsitySpec,
    Subset,
    SubsetSpec,
)
from lottery.stages.again import again
from lottery.stages.aggregate import aggregate
from lottery.stages.evaluate import evaluate
from lottery.stages.generate import generate
from lottery.stages.images import images
from lottery.stages.mask import mask
from lottery.stages.sparsity import sparsity
from lottery.stages.subset import subset
from lottery.verifying import contents, folder, trainings
from lottery.verifying.check import verify
from tests.conftest import LATE, recipe

CUTS = (1e-5, 0.01)
EVALUATED = recipe(epochs=1)
TICKET = "tickets/labels/seed0"


def random_of(chain):
    """The random ticket beside a found one."""
    baseline = {"training": None, "baseline": Baseline(kind="random")}
    return chain.model_copy(update={"ticket": "random", "dense": "random/narrow", **baseline})


def make(root, chain, seeds=(0, 1)):
    """Two seeds of a chain of two rounds, its random ticket, and two figures' tables."""
    root = str(root)
    dataset = chain.training.dataset
    pixels, report = paths.images(root, dataset.name), paths.images_report(root, dataset.name)
    images(ImagesSpec(dataset=dataset), "", pixels, report)
    drawn = paths.subset(root, dataset.name, "all")
    subset(SubsetSpec.of(dataset, Subset(), 0), pixels, drawn)
    few = SubsetSpec.of(dataset, Subset(images=20), 1)
    subset(few, pixels, paths.subset(root, dataset.name, "images-20-seed1"))
    for seed in seeds:
        _chain(root, chain.with_seed(seed), pixels, drawn)
    curves = {"Labels": chain, "Random": random_of(chain)}
    evaluated = [
        EvaluatedSpec(
            panel="all",
            curve=name,
            chain=each,
            evaluation="digits",
            dataset=dataset,
            recipe=EVALUATED,
            shared=False,
        )
        for name, each in curves.items()
    ]
    table = AccuracyTable(kind="accuracy", curves=tuple(evaluated), seeds=seeds, rounds=(2,))
    aggregate(AggregateSpec(figure="fig1a", table=table), root, paths.table(root, "fig1a"))
    curve = CurveSpec(panel="all", curve="Labels", chain=chain)
    zeros = {"zero_threshold": CUTS[0], "cuts": CUTS}
    table = SparsityTable(kind="sparsity", curves=(curve,), seeds=seeds, **zeros)
    aggregate(AggregateSpec(figure="fig6", table=table), root, paths.table(root, "fig6"))


def _chain(root, chain, pixels, drawn):
    """The dense training, two rounds, and what is found out of them, of one seed."""
    dense = paths.dense(root, chain.dense, chain.seed)
    start = paths.early(dense, "late")
    spec = GenerateSpec.of(chain, 0).model_copy(update={"rewinds": LATE})
    outputs = paths.weights(dense), paths.generation(dense)
    generate(spec, pixels, drawn, None, paths.early(dense), *outputs)
    sparsity(
        SparsitySpec(dense=spec.trained(), cuts=CUTS), paths.weights(dense), paths.sparsity(dense)
    )
    one, two = (paths.round_folder(root, "labels", chain.seed, round) for round in (1, 2))
    mask(MaskSpec(chain=chain, round=1), paths.weights(dense), None, paths.mask(one))
    outputs = paths.weights(one), paths.generation(one)
    generate(GenerateSpec.of(chain, 1), pixels, drawn, paths.mask(one), start, *outputs)
    mask(MaskSpec(chain=chain, round=2), paths.weights(one), paths.mask(one), paths.mask(two))
    for each, early in ((chain, start), (random_of(chain), None)):
        place = paths.round_folder(root, each.ticket, chain.seed, 2)
        if early is None:
            mask(MaskSpec(chain=each, round=2), None, None, paths.mask(place))
        spec = EvaluateSpec.of(each, 2, chain.training.dataset, EVALUATED)
        report = paths.evaluation(place, "digits")
        evaluate(spec, pixels, drawn, paths.mask(place), early, report)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, chain):
    """A results folder in which nothing is wrong."""
    root = tmp_path_factory.mktemp("project") / "results"
    make(root, chain)
    return root


@pytest.fixture
def copied(whole, tmp_path):
    """A copy of it, in another place, to be changed."""
    return Path(shutil.copytree(whole, tmp_path / "results"))


def wrong(root):
    """All lines about mistakes, by group."""
    book = verify(root).book
    return {name: list(group.wrong) for name, group in book.groups.items() if group.wrong}


def reseal(path, change):
    """Change the content of a file as an intruder would who knows how it is sealed."""
    path = Path(path)
    if path.suffix == ".json":
        found = records.report(path)
        content = found.pop("result")
    else:
        found, content = artifacts.read(path)
    content = change(content) or content
    about = {
        name: value for name, value in found.items() if name not in ("digest", "whole", "seal")
    }
    write = records.write_report if path.suffix == ".json" else artifacts.save
    write(path, about, content)


def files_of(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def test_everything_verifies_and_is_reported_by_ticket_and_kind(whole, capsys):
    assert main(["verify", str(whole)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "images: ok, 2 files",
        "subsets: ok, 2 files",
        "dense: ok, 8 files",
        "tickets/labels/seed0: ok, 5 files",
        "tickets/labels/seed1: ok, 5 files",
        "tickets/random/seed0: ok, 2 files",
        "tickets/random/seed1: ok, 2 files",
        "tables: ok, 2 files",
        f"{whole}: 28 files, nothing is wrong",
    ]


def test_it_runs_on_results_that_have_moved_into_a_scale(copied, tmp_path, monkeypatch, capsys):
    shutil.copytree(copied, tmp_path / "elsewhere/results/demo")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["verify"]) == 0
    assert "demo/tickets/labels/seed0: ok, 5 files" in capsys.readouterr().out


def test_logs_unfinished_trainings_and_hidden_files_are_passed_over(copied):
    for name in ("logs/a.json", f"{TICKET}/round02/generation-unfinished/update1.pt", ".a.pt.tmp"):
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_text("nothing")
    assert verify(copied).book.files == 28
    assert not wrong(copied)


def flip(path, before, place, bit):
    """Write a file's bytes `before` with one bit changed."""
    data = bytearray(before)
    data[place] ^= 1 << bit
    path.write_bytes(data)


SORTS = {
    "images": "images/digits.pt",
    "images-report": "images/digits.json",
    "subset": "subsets/digits/all.pt",
    "early": "dense/digits/all/narrow/labels/short/seed0/early/late.pt",
    "weights": "dense/digits/all/narrow/labels/short/seed0/weights.pt",
    "sparsity": "dense/digits/all/narrow/labels/short/seed0/sparsity.json",
    "mask": f"{TICKET}/round01/mask.pt",
    "generation": f"{TICKET}/round01/generation.json",
    "evaluation": f"{TICKET}/round02/evaluation-digits.json",
    "table": "tables/fig1a.csv",
    "table-report": "tables/fig1a.json",
}


@pytest.mark.parametrize("sort", SORTS)
def test_a_flipped_bit_is_found_unless_it_changes_no_value(sort, copied):
    """Of a `.pt` file the padding, and the times of its parts, count for nothing."""
    path = copied / SORTS[sort]
    (file,) = (
        f for f in folder.listed(copied) if f.path in (str(path), str(path.with_suffix(".csv")))
    )
    before, good, stream = path.read_bytes(), contents.read(file), random.Random(0)
    found = 0
    for _ in range(40):
        flip(path, before, stream.randrange(len(before)), stream.randrange(8))
        try:
            same = contents.read(file).header == good.header
        except LotteryError as error:
            found += str(path.with_suffix("")) in str(error)
        else:
            assert same
    assert found > 20
    flip(path, before, len(before) // 2, 2)
    lines = [line for group in wrong(copied).values() for line in group]
    assert any(str(path.with_suffix("")) in line for line in lines)


def test_a_report_edited_by_hand_is_found_with_its_digest_and_seal_made_anew(copied):
    path = copied / SORTS["evaluation"]
    reseal(path, lambda result: result["test"].update(accuracy=0.99))
    found = wrong(copied)
    examples = records.report(path)["result"]["test"]["examples"]
    assert found[TICKET] == [f"{path}: accuracy 0.99 is no whole number of {examples} examples"]
    assert any(f"made from another {path}" in line for line in found["tables"])
    assert any("not what its reports give, from line 2" in line for line in found["tables"])


def test_an_accuracy_that_is_possible_is_found_by_its_table(copied):
    path = copied / SORTS["evaluation"]
    reseal(path, lambda result: result["test"].update(accuracy=1.0))
    found = wrong(copied)
    assert set(found) == {"tables"}
    assert all("fig1a.csv" in line for line in found["tables"])


def test_a_result_under_the_old_digest_is_found_with_its_seal_made_anew(copied):
    """Others know a report by its digest without times; the seal is over another one too."""
    path = copied / SORTS["evaluation"]
    found = records.report(path)
    result, old = found.pop("result"), found["digest"]
    result["test"]["accuracy"] = 1.0
    about = {name: value for name, value in found.items() if name != "seal"}
    about |= {"digest": old, "whole": digest(result)}
    head = json.dumps({**about, "seal": records._seal(about)})
    path.write_text(f'{head[:-1]},\n"result": {json.dumps(result)}}}\n')
    words = f"{path}: damaged or edited: its content does not match its digest"
    with pytest.raises(LotteryError, match=re.escape(words)):
        records.report(path)
    assert wrong(copied)[TICKET] == [words]


def test_a_training_that_was_made_again_took_another_time_and_is_the_same(copied):
    path = copied / SORTS["evaluation"]
    reseal(path, lambda result: result.update(device_seconds=99.0))
    assert not wrong(copied)
    found = records.report(path)
    result = found.pop("result")
    about = {name: value for name, value in found.items() if name != "seal"}
    records.write_report(path, {**about, "seconds": 99.0}, result)
    assert not wrong(copied)


def test_a_mask_of_another_seed_is_found(copied):
    one, other = (copied / f"tickets/labels/seed{seed}/round01/mask.pt" for seed in (0, 1))
    shutil.copy(other, one)
    lines = wrong(copied)[TICKET]
    assert f"{one}: by its spec it is another file, {other}" in lines
    assert any(f"made from another {one}" in line for line in lines)


def test_the_bits_of_another_seeds_mask_under_its_own_header_are_found(copied):
    one, other = (copied / f"tickets/labels/seed{seed}/round01/mask.pt" for seed in (0, 1))
    foreign = artifacts.read(other)[1]
    reseal(one, lambda _: foreign)
    lines = wrong(copied)[TICKET]
    assert any(f"made from another {one} than lies there" in line for line in lines)
    assert any("weights.pt: its mask is not that of its round" in line for line in lines)
    assert any("round02/mask.pt: not nested" in line for line in lines)


def test_scaled_early_weights_are_found(copied):
    path = copied / SORTS["early"]

    def scale(payload):
        payload["model"] = {
            name: value * 1.05 if value.is_floating_point() else value
            for name, value in payload["model"].items()
        }

    reseal(path, scale)
    assert wrong(copied) == {
        TICKET: [
            f"{copied / TICKET}/round01/weights.pt: made from another {path} than lies there, "
            "and so are round01/generation.json, round02/evaluation-digits.json"
        ]
    }


def test_a_mask_that_is_not_nested_is_found(copied):
    path = copied / TICKET / "round02/mask.pt"
    before = Mask.unpack(artifacts.read(copied / TICKET / "round01/mask.pt")[1])

    def exchange(payload):
        found = Mask.unpack(payload)
        kept = found.kept.clone()
        kept[kept.nonzero()[0]] = False
        kept[(~before.kept).nonzero()[0]] = True
        return found.keeping(kept).packed()

    reseal(path, exchange)
    message = "not nested: 1 of its weights are not in the mask of round 1"
    assert f"{path}: {message}" in wrong(copied)[TICKET]


def test_a_mask_of_another_count_is_found(copied):
    path = copied / TICKET / "round02/mask.pt"

    def drop(payload):
        found = Mask.unpack(payload)
        kept = found.kept.clone()
        kept[kept.nonzero()[0]] = False
        return found.keeping(kept).packed()

    reseal(path, drop)
    total = 43692
    message = f"{total // 4 - 1} of {total} weights remain, where round 2 of fraction 0.5 leaves"
    assert any(f"{path}: {message}" in line for line in wrong(copied)[TICKET])


def mask_at(path):
    return Mask.unpack(artifacts.read(path)[1])


def roll(payload):
    found = Mask.unpack(payload)
    return found.keeping(found.kept.roll(1)).packed()


def test_a_random_mask_is_drawn_again(copied):
    path = copied / "tickets/random/seed0/round02/mask.pt"
    reseal(path, roll)
    assert f"{path}: not the mask that seed 0 draws" in wrong(copied)["tickets/random/seed0"]


def test_a_shuffled_mask_is_drawn_again(copied, chain):
    path = copied / "tickets/mixed/seed0/round02/mask.pt"
    drawn = {"training": None, "baseline": Baseline(kind="shuffled", of=chain)}
    mixed = chain.model_copy(update={"ticket": "mixed", "dense": "random/narrow", **drawn})
    given = str(copied / TICKET / "round02/mask.pt")
    mask(MaskSpec(chain=mixed, round=2), None, given, str(path))
    assert not wrong(copied)
    whole = path.read_bytes()
    reseal(path, roll)
    assert f"{path}: not the mask that seed 0 draws" in wrong(copied)["tickets/mixed/seed0"]

    def divide_otherwise(payload):
        """Among layers, with the same count in all; and drawn from that division."""
        found = Mask.unpack(payload)
        layers = {name: kept.clone() for name, kept in found.layers().items()}
        first, *_, last = layers
        for name, value in ((first, True), (last, False)):
            place = (layers[name] != value).nonzero()[0]
            layers[name][*place] = value
        kept = torch.cat([layer.flatten() for layer in layers.values()])
        dense = found.keeping(torch.ones_like(kept))
        return shuffled_mask(found.keeping(kept), dense, 0).packed()

    path.write_bytes(whole)
    reseal(path, divide_otherwise)
    [line] = wrong(copied)["tickets/mixed/seed0"]
    counts = [int(kept.sum()) for kept in mask_at(given).layers().values()]
    assert line == f"{path}: keeps {counts[0] + 1} weights of conv1.weight, {given} {counts[0]}"


def test_indices_are_drawn_again_if_the_images_are_there(copied):
    path = copied / "subsets/digits/images-20-seed1.pt"
    reseal(path, lambda payload: {**payload, "indices": payload["indices"] + 1})
    assert wrong(copied) == {"subsets": [f"{path}: its indices are not those that its seed draws"]}
    shutil.rmtree(copied / "images")
    verified = verify(copied)
    assert not verified.book.wrong
    unchecked = list(verified.book.groups["subsets"].unchecked)
    assert len(unchecked) == 2
    assert "not drawn again" in unchecked[0]
    assert verified.absent == 1


def test_weights_outside_the_mask_are_found(copied):
    path = copied / TICKET / "round01/weights.pt"
    hidden = {"conv1.weight": torch.ones(4, 3, 3, 3)}
    reseal(path, lambda payload: {**payload, "rest": {**payload["rest"], **hidden}})
    line = f"{path}: not the weights of its network: conv1.weight"
    assert line in wrong(copied)[TICKET]


def test_a_round_of_another_recipe_is_found(copied, chain):
    path = copied / TICKET / "round01/generation.json"
    longer = chain.training.model_copy(update={"recipe": recipe(learning_rate=0.5)})
    spec = GenerateSpec.of(chain.model_copy(update={"training": longer}), 1)
    found = records.report(path)
    result = found.pop("result")
    about = {
        name: value for name, value in found.items() if name not in ("digest", "whole", "seal")
    }
    records.write_report(path, records.also(about, "generation", spec), result)
    lines = wrong(copied)[TICKET]
    message = "of another chain than the rounds before: training.recipe.learning_rate is 0.5 there"
    assert any(line.startswith(f"{path}: {message}") for line in lines)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"density": 0.5 + 1e-6}, "density is 0.500001, must be 0.5"),
        ({"remaining": 21845}, "remaining is 21845, must be 21846"),
        ({"epochs": []}, "0 epochs, in its recipe 2"),
        ({"inputs": float("nan")}, "inputs is nan"),
        ({"test": {"accuracy": 2, "loss": 1.0, "examples": 9}}, "accuracy 2 is not between 0 and"),
        (
            {"test": {"accuracy": 1, "loss": float("inf"), "examples": 9, "chance": 0.1}},
            "loss inf is not finite",
        ),
        ({"updates": 0}, "updates is 0"),
        ({"samples": None}, "samples is None"),
        ({"effective": 21847}, "21847 weights lie on a path, of 21846 that remain"),
        ({"layers": {}}, "its layers are not those of its mask"),
        ({"test": []}, "damaged: TypeError"),
    ],
)
def test_a_report_must_be_possible(copied, change, message):
    path = copied / TICKET / "round01/generation.json"
    reseal(path, lambda result: {**result, **change})
    assert any(line.startswith(f"{path}: {message}") for line in wrong(copied)[TICKET])


def test_of_a_table_without_all_of_its_reports_the_other_rows_are_checked(copied):
    (copied / "tickets/random/seed1/round02/evaluation-digits.json").unlink()
    verified = verify(copied)
    assert not verified.book.wrong
    assert "1 report of its rows are not there" in "".join(verified.book.groups["tables"].unchecked)
    path = copied / SORTS["evaluation"]
    reseal(path, lambda result: result["test"].update(accuracy=1.0))
    assert any(
        "not what its reports give: it lacks fig1a" in line for line in wrong(copied)["tables"]
    )


def test_hostile_files_are_a_line_each(copied, capsys):
    strange = {
        "tickets/a/seed0/round01/mask.pt": b"PK\x03\x04 no zip",
        "tickets/b/seed0/round01/evaluation-x.json": b"[" * 100_000,
        "tickets/c\nd/seed0/round01/mask.pt": b"",
        "dense/x.json": b'{"what": [], "format": 2, "spec": {}}',
        "notes.csv": b"1,2",
    }
    for name, content in strange.items():
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_bytes(content)
    os.mkfifo(copied / "dense/pipe.pt")
    (copied / "dense/nowhere.pt").symlink_to("/nowhere")
    (copied / "dense/round").symlink_to(copied / "dense")
    assert main(["verify", str(copied)]) == 1
    printed = capsys.readouterr()
    assert f"error: {copied}: 7 of 35 files wrong" in printed.err
    assert "Traceback" not in printed.err
    lines = [line for line in printed.out.splitlines() if line.startswith(f"  {copied}")]
    assert len(lines) == 7


def test_an_absent_folder_is_one_line(tmp_path, capsys):
    assert main(["verify", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"lottery verify: error: {tmp_path / 'none'}: no such folder"
    ]


def test_it_says_of_accuracies_which_are_possible():
    assert not list(
        trainings._tested({"accuracy": 38 / 445, "loss": 2.0, "examples": 445, "chance": 0.1})
    )
    assert list(trainings._tested({"accuracy": True, "loss": 2.0, "examples": 0, "chance": 0}))


DENSE = "dense/digits/all/narrow/labels/short/seed0"


def deep(root, capsys, *options):
    """Status, and the lines about the training that was made again."""
    status = main(["verify", str(root), "--deep", *options])
    said = capsys.readouterr()
    again = [line for line in said.out.splitlines() if "again" in line or "circumstances" in line]
    return status, again, said.err


def test_a_training_that_is_made_again_comes_out_with_the_same_bits(whole, capsys):
    """To its end: W_k, what each epoch says, and W*."""
    status, lines, _ = deep(whole, capsys, "1000")
    assert status == 0
    assert len(lines) == 1
    assert f"{DENSE}/generation.json" in lines[0]
    assert "the same bits: W_k at late, loss of epoch 1" in lines[0]


def test_a_round_is_made_again_from_its_own_mask_and_early_weights(whole, capsys):
    status, lines, _ = deep(whole, capsys, "1000", "--training", f"{whole}/{TICKET}/round01")
    assert status == 0
    assert f"{TICKET}/round01/generation.json" in lines[0]
    assert "the same bits" in lines[0]


def test_too_few_updates_to_compare_anything_are_refused_with_how_many_it_takes(whole, capsys):
    status, lines, error = deep(whole, capsys, "1", "--training", f"{whole}/{TICKET}/round01")
    assert status == 1
    assert not lines
    assert re.search(
        r"--deep 1: nothing to compare yet; .*generation.json needs \d+ or more", error
    )


def test_weights_that_no_training_gave_are_found_where_all_files_agree(copied):
    """W_k scaled, its header, digest and all that names it made anew: only training tells."""
    path = copied / DENSE / "early/late.pt"

    def scale(payload):
        key = next(key for key in payload["model"] if key.endswith("weight"))
        payload["model"][key] *= 1.05

    reseal(path, scale)
    found = again(str(copied), 1000)
    assert not found.circumstances
    assert len(found.other) == 1
    assert re.match(r"W_k at late: 1 of \d+ tensors differ, by up to", found.other[0])


def test_what_is_made_again_elsewhere_is_told_and_not_judged(copied, capsys):
    path = copied / DENSE / "generation.json"
    found = records.report(path)
    result = found.pop("result")
    result["epochs"][0]["loss"] += 0.5
    about = {n: v for n, v in found.items() if n not in ("digest", "whole", "seal")}
    records.write_report(path, {**about, "machine": "an older processor, Linux"}, result)
    status, lines, _ = deep(copied, capsys, "1000")
    assert status == 0
    assert any("22 updates again: loss of epoch 1: " in line for line in lines)
    assert "processor an older processor, Linux there" in lines[-1]
