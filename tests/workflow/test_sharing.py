"""No training is made twice: proven on the plan of the whole paper."""

import re
import shlex
from functools import cached_property

import pytest

from lottery import config, sharing
from lottery.specs import EvaluateSpec, GenerateSpec, ImagesSpec, MaskSpec, SubsetSpec, parse
from tests.conftest import REPOSITORY
from tests.workflow.project import Project

PLAN = "tests/workflow/plan.yaml"


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What a dry run says of the whole paper, with every command."""
    project = Project.copy(tmp_path_factory.mktemp("paper") / "lottery")
    done = project.snakemake("all", "-n", "-p", "--configfile", PLAN)
    assert done.returncode == 0, done.stdout
    return done.stdout


OUTPUTS = {
    **{key: {"out"} for key in ("images", "subset", "mask", "aggregate", "plot")},
    "generate": {"weights", "report"},
    "evaluate": {"report"},
    "sparsity": {"report"},
    "claims": set(),
}


class Plan:
    """What each file is made from, in words that hold no ticket's name and no path."""

    def __init__(self, said: str) -> None:
        commands = re.findall(r"^Shell command: python -m lottery (.*?) 2>&1", said, re.MULTILINE)
        self._made_by = {}
        self.trainings = []
        for words in map(shlex.split, commands):
            stage, options = words[0], {}
            for word in words[1:]:
                if word.startswith("--"):
                    name, _, value = word[2:].partition("=")
                    options[name] = value
                elif not options[name]:
                    options[name] = word
            for output in OUTPUTS[stage] & options.keys():
                self._made_by[options[output]] = (stage, options)
            if stage == "generate" and "mask" not in options:  # round 0, which saves each W_k
                for name in parse(GenerateSpec, options["spec"]).rewinds:
                    self._made_by[f"{options['early']}/{name}.pt"] = (stage, options)
            if stage in ("generate", "evaluate"):
                self.trainings.append((stage, options))

    def of(self, path: str | None) -> object:
        return None if path is None else getattr(self, self._made_by[path][0])(
            self._made_by[path][1]
        )  # fmt: skip

    def images(self, options):
        return parse(ImagesSpec, options["spec"]).text()

    def subset(self, options):
        return parse(SubsetSpec, options["spec"]).text()

    def mask(self, options):
        spec = parse(MaskSpec, options["spec"])
        chain = spec.chain
        how = (chain.architecture.text(), chain.convolutions, chain.fraction, chain.seed)
        if chain.baseline:
            how += (chain.baseline.kind, spec.round, self.of(options.get("weights")))
            return hash((*how, self.of(options.get("mask"))))
        return hash((*how, self.of(options["weights"]), self.of(options.get("mask"))))

    def generate(self, options):
        spec = parse(GenerateSpec, options["spec"])
        chain, training = spec.chain, spec.training()
        assert spec.round or spec.rewinds
        start = "drawn"
        if spec.round:
            start = (self.of(options["early"]), training.rewind.text(), "head kept")
        return self._training(
            chain, training.task, training.recipe, options, (start, self.of(options.get("mask")))
        )

    def evaluate(self, options):
        spec = parse(EvaluateSpec, options["spec"])
        found = spec.chain.training
        start = f"drawn anew, {spec.chain.baseline and spec.chain.baseline.longer}"
        if found:
            same = (found.task, found.dataset) == ("labels", spec.dataset)
            head = "kept" if same and found.subset.classes is None else "drawn"
            start = (self.of(options["early"]), found.rewind.text(), f"head {head}")
        return self._training(
            spec.chain, "labels", spec.recipe, options, (start, self.of(options.get("mask")))
        )

    def _training(self, chain, task, recipe, options, start):
        data = (self.of(options["images"]), self.of(options["subset"]))
        return hash((chain.seed, chain.architecture.text(), task, recipe.text(), *data, start))

    @cached_property
    def keys(self) -> list[object]:
        return [getattr(self, stage)(options) for stage, options in self.trainings]


def test_no_training_of_the_paper_is_made_twice(said):
    plan = Plan(said)
    assert len(plan.trainings) > 200
    twice = [
        options["report"]
        for (_, options), key in zip(plan.trainings, plan.keys, strict=True)
        if plan.keys.count(key) > 1
    ]
    assert twice == []


def test_a_dry_run_says_how_many_trainings_remain_and_how_many_are_shared(said):
    settings = config.load([REPOSITORY / "config.yaml", REPOSITORY / PLAN])
    unshared = sharing.without_sharing(settings, settings.figures)
    count = len(Plan(said).trainings)
    assert (
        f"{count} of {count} trainings remain "
        f"({unshared} without sharing: {unshared - count} are shared)" in said
    )


@pytest.mark.parametrize(
    ("ticket", "dense"),
    [
        (
            "imagenet-images-10-resnet50-updates",
            "imagenet/images-10/resnet50/labels/imagenet-images-10",
        ),
        ("imagenet-rotnet-alexnet-conv3", "imagenet/all/alexnet/rotnet/imagenet-rotnet-alexnet"),
        ("cifar10-random-vgg19", "random/cifar-vgg19"),
    ],
)
def test_a_shared_dense_network_is_named_by_what_it_is(ticket, dense):
    assert config.load([REPOSITORY / "config.yaml"]).chain(ticket, 0).dense == dense
