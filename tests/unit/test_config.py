"""config.yaml is typed, and mistakes in it are told in one line each."""

import copy

import pytest
import yaml

from lottery import config
from lottery.errors import LotteryError
from lottery.stages.schema import schema
from tests.conftest import REPOSITORY

PAPER = REPOSITORY / "config.yaml"
ON_DEMO = [REPOSITORY / f"config/{name}.yaml" for name in ("first", "criteria", "mine")]
EVERY_ROUND = REPOSITORY / "config/every-round.yaml"
OVERLAYS = sorted((REPOSITORY / "config").glob("*.yaml"))


def complaint(tmp_path, changes):
    """What is said of the paper's config under an overlay."""
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(yaml.safe_dump(changes))
    with pytest.raises(LotteryError) as error:
        config.load([PAPER, overlay])
    return str(error.value)


@pytest.mark.parametrize("overlay", [None, *OVERLAYS], ids=lambda p: p.stem if p else "paper")
def test_the_shipped_configs_are_valid(overlay):
    below = [PAPER, REPOSITORY / "config/demo.yaml"] if overlay in ON_DEMO else [PAPER]
    settings = config.load([*below, overlay] if overlay else below)
    scale = "paper" if overlay in (None, EVERY_ROUND) else overlay.stem
    assert settings.scale == ("demo" if overlay in ON_DEMO else scale)


def test_the_schema_is_that_of_the_typed_classes():
    """`python -m lottery schema > workflow/schemas/config.schema.yaml` brings them together."""
    assert (REPOSITORY / "workflow/schemas/config.schema.yaml").read_text() == schema()


def test_schema_and_classes_judge_alike():
    """The published schema accepts the shipped configs and refuses a misspelt key."""
    jsonschema = pytest.importorskip("jsonschema", reason="comes with snakemake")
    rules = yaml.safe_load(schema())
    data = yaml.safe_load(PAPER.read_text())
    jsonschema.validate(data, rules)
    wrong = copy.deepcopy(data)
    wrong["recipes"]["cifar10-labels"]["epoch"] = 3
    with pytest.raises(jsonschema.ValidationError, match="epoch"):
        jsonschema.validate(wrong, rules)


RECIPE = "recipes", "cifar10-labels"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"recipes": {"cifar10-labels": {"learning_rte": 0.1}}},
            "mine.yaml: recipes.cifar10-labels.learning_rte: unknown key; "
            "did you mean learning_rate?",
        ),
        ({"seedz": [0]}, "mine.yaml: seedz: unknown key; did you mean seeds?"),
        (
            {"figures": {"fig1a": {"panels": {"ResNet-18": {"curve": {}}}}}},
            "mine.yaml: figures.fig1a.panels.ResNet-18.curve: unknown key; did you mean curves?",
        ),
        (
            {"tickets": {"cifar10-labels-vgg19": {"taks": "labels"}}},
            "mine.yaml: tickets.cifar10-labels-vgg19.taks: unknown key; did you mean task?",
        ),
        (
            {"recipes": {"cifar10-labels": {"weight_decay": "1e-4"}}},
            "mine.yaml: recipes.cifar10-labels.weight_decay: Input should be a valid number; "
            "found '1e-4' (text; YAML wants it as 0.0001)",
        ),
        (
            {"recipes": {"cifar10-labels": {"epochs": 0, "milestones": []}}},
            "mine.yaml: recipes.cifar10-labels.epochs: Input should be greater than or equal to 1; "
            "found 0",
        ),
        (
            {"recipes": {"cifar10-labels": {"milestones": [80, 200]}}},
            "mine.yaml: recipes.cifar10-labels: milestones [80, 200] must lie between epoch 1 and "
            "the last, 159",
        ),
        (
            {"recipes": {"cifar10-labels": {"optimizer": "adamw"}}},
            "mine.yaml: recipes.cifar10-labels.optimizer: Input should be 'sgd' or 'adam'; "
            "found 'adamw'",
        ),
        (
            {"pruning": {"fraction": 1.5}},
            "mine.yaml: pruning.fraction: Input should be less than 1; found 1.5",
        ),
        (
            {"seeds": [0, -1]},
            "mine.yaml: seeds.1: Input should be greater than or equal to 0; found -1",
        ),
        (
            {"tickets": {"cifar10-labels-vgg19": {"recipe": "cifar10-lables"}}},
            "mine.yaml: tickets.cifar10-labels-vgg19.recipe: no 'cifar10-lables' among the "
            "recipes; did you mean cifar10-labels?",
        ),
        (
            {"rewinds": {"cifar10": {"epochs": 161}}},
            "config.yaml: tickets.cifar10-labels-resnet18.rewind: 'cifar10' is after 161 epochs, "
            "the last is 160",
        ),
        (
            {"rewinds": {"cifar10": {"updates": 5}}},
            "mine.yaml: rewinds.cifar10: give one of samples, epochs, "
            "updates, percent, none; found epochs and updates",
        ),
        (
            {
                "tickets": {
                    "cifar10-adjusted-random-vgg19": {"of": "cifar10-adjusted-random-resnet18"}
                }
            },
            "mine.yaml: tickets.cifar10-adjusted-random-vgg19.of: "
            "'cifar10-adjusted-random-resnet18' is a baseline itself; name a found ticket",
        ),
        (
            {"tickets": {"cifar10-adjusted-random-vgg19": {"baseline": "adjusted"}}},
            "mine.yaml: tickets.cifar10-adjusted-random-vgg19.baseline: Input should be 'random', "
            "'adjusted-random', 'shuffled' or 'reinitialised'; found 'adjusted'",
        ),
        (
            {"architectures": {"cifar-vgg19": {"depth": 18}}},
            "mine.yaml: architectures.cifar-vgg19: depth 18 is unknown for vgg, "
            "choose from (11, 13, 16, 19)",
        ),
        (
            {"datasets": {"cifar10": {"root": None}}},
            "mine.yaml: datasets.cifar10.root: format cifar10 needs a folder",
        ),
        (
            {"recipes": {"Upper_Case": None}, "scale": "My Scale"},
            "mine.yaml: scale: String should match pattern '^[a-z0-9]+(-[a-z0-9]+)*$'; "
            "found 'My Scale'",
        ),
        (
            {"recipes": {"cifar10-labels": {"epochs": None, "milestones": []}}},
            "mine.yaml: recipes.cifar10-labels.epochs: this key is missing",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path, changes, line):
    said = complaint(tmp_path, changes).replace(f"{tmp_path}/", "").replace(f"{REPOSITORY}/", "")
    assert said.splitlines()[0] == line


def test_each_mistake_has_its_line(tmp_path):
    said = complaint(tmp_path, {"seeds": [], "pruning": {"fraction": 0}})
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [", "not YAML"), ("- 1", "not a mapping of keys"), (None, "No such file")],
)
def test_a_file_that_is_no_config(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(LotteryError, match=words):
        config.load([path])


def test_the_precision_of_a_config_is_that_of_recipes_that_leave_it_open(tmp_path):
    overlay = tmp_path / "mine.yaml"
    own = {"recipes": {"cifar10-rotnet": {"precision": "float32"}}}
    overlay.write_text(yaml.safe_dump({"precision": "bfloat16", **own}))
    settings = config.load([PAPER, overlay])
    assert settings.chain("cifar10-labels-resnet18", 0).training.recipe.precision == "bfloat16"
    assert settings.chain("cifar10-rotnet-resnet18", 0).training.recipe.precision == "float32"
    evaluated = settings.evaluate("cifar10-rotnet-resnet18", 0, 1, "cifar10")
    assert evaluated.recipe.precision == "bfloat16"
    start = next(name for name in settings.starts if "rotnet" in name)
    assert settings.evaluate_dense(start, 0, "cifar10").recipe.precision == "bfloat16"
    shared = {curve.curve: curve.shared for curve in settings.aggregate("fig1a").table.curves}
    assert shared["Labels"], "a labels ticket is still evaluated by its own trainings"
    unchanged = config.load([PAPER]).chain("cifar10-labels-resnet18", 0)
    assert unchanged.training.recipe.precision == "auto"


def test_a_chain_shares_its_trainings_only_with_the_same_evaluation():
    settings = config.load([PAPER])
    chain = settings.chain("cifar10-labels-resnet18", 0)
    dataset, recipe = settings.dataset("cifar10"), settings.recipes["cifar10-labels"]
    assert config.shares_trainings(chain, dataset, recipe)
    shorter = recipe.model_copy(update={"epochs": 100})
    assert not config.shares_trainings(chain, dataset, shorter)
    elsewhere = dataset.model_copy(update={"name": "imagenet"})
    assert not config.shares_trainings(chain, elsewhere, recipe)
    rotnet = settings.chain("cifar10-rotnet-resnet18", 0)
    assert not config.shares_trainings(rotnet, dataset, recipe)


def test_another_seed_changes_the_seed_of_a_baselines_dense_network_too():
    chain = config.load([PAPER]).chain("cifar10-adjusted-random-resnet18", 0)
    assert chain.with_seed(3).baseline.of.seed == 3
    assert chain.with_seed(0) == chain


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tickets": {"x": "hello"}}, "tickets.x: Input should be"),
        ({"tickets": {"x": 5}}, "tickets.x: Input should be"),
        ({"tickets": {"x": [1, 2]}}, "tickets.x: Input should be"),
        ({"tickets": {"x": {"baselin": "random", "of": "y"}}}, "did you mean baseline?"),
        ({"scale": "tickets"}, "scale: 'tickets' is a folder of the paper's own results"),
        ({"seeds": [0, 0]}, "seeds: must not repeat"),
        (
            {"pruning": {"criterion": "luck"}},
            "mine.yaml: pruning.criterion: unknown criterion 'luck', choose from magnitude, ",
        ),
        (
            {"tickets": {"cifar10-labels-resnet18": {"task": "jigsaw"}}},
            "unknown task 'jigsaw', choose from labels, rotnet, exemplar, permuted-labels, ",
        ),
        (
            {"architectures": {"resnet50": {"model": "mlp"}}},
            "unknown network 'mlp', choose from alexnet, resnet, vgg",
        ),
        (
            {"datasets": {"imagenet": {"format": "tar"}}},
            "unknown format 'tar', choose from digits, letters, photographs, cifar10, folder",
        ),
        ({"seeds": ["0"]}, "found '0' (text; YAML wants it as 0)"),
        ({"subsets": {"whole": {}}}, "subsets.whole: `all`, and only `all`, must be empty"),
        ({"subsets": {"x": {"images": 1.5}}}, "mine.yaml: subsets.x.images: "),
        ({"datasets": {"cifar10": {"std": [0.0, 1.0, 1.0]}}}, "datasets.cifar10.std.0: "),
        ({"datasets": {"cifar10": {"root": ""}}}, "datasets.cifar10.root: "),
        ({"recipes": {"cifar10-labels": {"learning_rate": float("inf")}}}, "learning_rate: "),
        (
            {"recipes": {"cifar10-labels": {"micro_batches": 7}}},
            "batch_size 512 is not a multiple of micro_batches 7",
        ),
        ({"figures": dict.fromkeys(yaml.safe_load(PAPER.read_text())["figures"])}, "figures: "),
    ],
)
def test_other_mistakes_are_told_too(tmp_path, changes, words):
    assert words in complaint(tmp_path, changes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seeds: [0]\nseeds: [1]\n", "'seeds' appears twice at line 1"),
        ("seeds: &s [*s]\n", "mine.yaml: a value contains itself"),
        ("seeds: &s {a: *s}\n", "mine.yaml: a value contains itself"),
        (b"scale: \xff\xfe\n", "not YAML"),
    ],
)
def test_odd_files_are_told_in_one_line(tmp_path, text, words):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LotteryError) as error:
        config.load([PAPER, path])
    assert words in str(error.value)


def test_a_key_that_is_added_later_reruns_nothing_and_refuses_nothing():
    from lottery.specs import Recipe, differences

    old = Recipe(epochs=2, batch_size=8, optimizer="adam", learning_rate=0.1, weight_decay=0.0)
    found = old.model_dump(mode="json")
    del found["rotation_weight"], found["exemplar"]  # as if written before those keys were there
    assert differences(old, found) == []
    assert "rotation_weight" not in old.text()
    assert differences(old.model_copy(update={"rotation_weight": 2.0}), found) == [
        "rotation_weight is 1.0 there, 2.0 here"
    ]


@pytest.mark.parametrize(
    ("old", "line"),
    [
        ({"max_time": 60}, "mine.yaml: max_time: this key is now called max_minutes"),
        ({"pruning": {"rate": 0.2}}, "mine.yaml: pruning.rate: this key is now called fraction"),
        (
            {"recipes": {"cifar10-labels": {"gpus": 2, "decay": 0.1}}},
            "mine.yaml: recipes.cifar10-labels.gpus: this key is now called micro_batches",
        ),
        (
            {"architectures": {"alexnet": {"batch_norm": True}}},
            "mine.yaml: architectures.alexnet.batch_norm: this key is now called variant "
            "(deepcluster and rotnet have it, torchvision has not)",
        ),
    ],
)
def test_a_key_of_an_earlier_version_is_told_with_its_new_name(tmp_path, old, line):
    assert line in complaint(tmp_path, old)
