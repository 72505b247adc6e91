"""What each stage reads, as typed data: the parts of a chain and one spec per stage.

A stage gets its spec as JSON and nothing else, so the spec is at once the stage's complete input,
the trigger of its reruns, and what its artifacts carry to be checked against later.
Where a data set lies on disk is no part of a spec: moving it changes no result.
"""

import contextlib
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from lottery.catalogue.criteria import CRITERIA
from lottery.catalogue.formats import FORMATS
from lottery.catalogue.networks import NETWORKS
from lottery.catalogue.networks.family import Family
from lottery.catalogue.tasks import TASKS
from lottery.errors import LotteryError

VARIANTS = tuple(variant for family in NETWORKS.values() for variant in family.variants)
"""Of all families."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
Channels = tuple[float, float, float]
Scale = Annotated[float, Field(gt=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


NetworkName = Annotated[
    str, AfterValidator(NETWORKS.known), Field(json_schema_extra=NETWORKS.schema)
]
TaskName = Annotated[str, AfterValidator(TASKS.known), Field(json_schema_extra=TASKS.schema)]
FormatName = Annotated[str, AfterValidator(FORMATS.known), Field(json_schema_extra=FORMATS.schema)]
CriterionName = Annotated[
    str, AfterValidator(CRITERIA.known), Field(json_schema_extra=CRITERIA.schema)
]


def key_of(text: str) -> str:
    """SHA-256, hexadecimal, of the text of a spec."""
    return hashlib.sha256(text.encode()).hexdigest()


class Spec(BaseModel):
    """Immutable, strict: no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def text(self) -> str:
        """JSON without the keys that are at their defaults, so that a new key reruns nothing."""
        return self.model_dump_json(exclude_defaults=True)

    def key(self) -> str:
        """SHA-256 of its text, hexadecimal."""
        return key_of(self.text())


class ImageFormat(Spec):
    """How the images of a data set are stored and brought to the network's input."""

    format: FormatName
    classes: int = Field(ge=2)
    image_size: int = Field(ge=8, description="side of the network's square input, pixels")
    stored_size: int | None = Field(
        None,
        ge=8,
        description="side of the square that is kept of each image, from which the input is "
        "cropped (folder only); default: image_size",
    )
    streamed: bool = Field(
        False,
        description="read and decode each image whenever it is used, not all of them once into "
        "memory; random crops are then of the whole image (folder only)",
    )
    train_images: int | None = Field(
        None, ge=1, description="number of training images; another number is an error"
    )
    train_per_class: int | None = Field(
        None, ge=1, description="use only this many first training images of each class"
    )
    mean: Channels = Field(description="per RGB channel, of pixels scaled to 0..1")
    std: tuple[Scale, Scale, Scale]
    train: str = Field("train", description="sub-folder of the training images (folder only)")
    test: str = Field("test", description="sub-folder of the test images (folder only)")

    @property
    def side(self) -> int:
        """Side of the square that is kept of each image, pixels."""
        return self.stored_size or self.image_size

    @model_validator(mode="after")
    def _stored_covers_the_input(self) -> Self:
        if self.side < self.image_size:
            raise ValueError(f"stored_size {self.side} is less than image_size {self.image_size}")
        folders = FORMATS[self.format].class_folders
        if self.stored_size and not folders:
            raise ValueError(f"stored_size is a key of folders; the format is {self.format}")
        if self.streamed and not folders:
            raise ValueError(f"streamed is a key of folders; the format is {self.format}")
        return self


class Dataset(ImageFormat):
    """The identity of a data set; its place on disk travels separately."""

    name: str


class Subset(Spec):
    """A share (0..1) or a count of the images of each class, or of the classes. Default: all."""

    images: Fraction | Annotated[int, Field(ge=1)] | None = None
    classes: Fraction | Annotated[int, Field(ge=2)] | None = None

    def share(self, images: int, classes: int) -> float:
        """Nominal fraction (0..1) of a data set of that many training images and classes."""
        share = 1.0
        for asked, available in ((self.images, images / classes), (self.classes, classes)):
            if isinstance(asked, int):
                share *= min(1.0, asked / available)
            elif asked is not None:
                share *= asked
        return share


class Architecture(Spec):
    """A network."""

    model: NetworkName
    depth: int
    stem: Literal["small", "imagenet"] = Field(
        "small", description="for images of 32 pixels or so, or of 224; the modified VGG has none"
    )
    width: int = Field(
        64,
        ge=1,
        description="channels of the first convolution, to which those of all others are in "
        "proportion; of AlexNet 64 is full width, in all variants",
    )
    variant: str | None = Field(
        None,
        description="AlexNet only: whose layers and initial weights it has; default: deepcluster",
        json_schema_extra={"enum": [*VARIANTS, None]},
    )
    pools: int | None = Field(
        None,
        ge=0,
        description="max-pools kept, from the first, for images too small for all of them "
        "(AlexNet has 3, VGG 5)",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_a_variant(cls, given: Any) -> Any:
        """A variant that is left out is the first: one network has one spec.

        Results of earlier versions say `batch_norm: false` of networks without variants.
        """
        if not isinstance(given, Mapping) or given.get("variant") is not None:
            return given
        if given.get("model") != "alexnet" and given.get("batch_norm") is False:
            given = {key: value for key, value in given.items() if key != "batch_norm"}
        known = [family for name, family in NETWORKS.items() if name == given.get("model")]
        variants = known[0].variants if known else ()
        return {**given, "variant": variants[0]} if variants else given

    @model_validator(mode="after")
    def _exists(self) -> Self:
        family = self.family
        if self.depth not in family.depths:
            raise ValueError(
                f"depth {self.depth} is unknown for {self.model}, choose from {family.depths}"
            )
        if self.stem not in family.stems:
            raise ValueError(f"a {self.model} has no stem but `stem: {family.stems[0]}`")
        if self.variant and not family.variants:
            raise ValueError(f"variant {self.variant}: a {self.model} has no variants")
        if family.variants and self.variant not in family.variants:
            raise ValueError(
                f"variant {self.variant} is unknown for {self.model}, choose from "
                f"{', '.join(family.variants)}"
            )
        if self.pools is not None and self.pools > family.pools:
            raise ValueError(
                f"pools {self.pools}: a {self.model} has {family.pools} that can be left out"
            )
        return self

    @property
    def family(self) -> Family:
        """The family of the network."""
        return NETWORKS[self.model]

    def least_image_size(self) -> int:
        """The smallest image side, in pixels, that leaves the last convolution at least one."""
        return self.family.least_image_size(self)

    def convolutions(self) -> int:
        """The number of convolutions, including those of downsampling shortcuts."""
        return self.family.convolutions(self)


class Augmentation(Spec):
    """Random changes of training images, drawn anew for each image and epoch."""

    crop_padding: int = Field(0, ge=0, description="pixels of zero padding before a random crop")
    resized_crop: Fraction | None = Field(
        None,
        description="crop a random share of the image, from this to all of it, with an aspect "
        "ratio from 3/4 to 4/3, and scale it to the input",
    )
    flip: bool = Field(False, description="horizontal flip with probability 1/2")
    brightness: float = Field(0, ge=0, lt=1, description="factor drawn from 1 - x to 1 + x")
    contrast: float = Field(0, ge=0, lt=1, description="factor drawn from 1 - x to 1 + x")
    saturation: float = Field(0, ge=0, lt=1, description="factor drawn from 1 - x to 1 + x")
    hue: float = Field(0, ge=0, le=0.5, description="share of the colour circle, from -x to x")
    hsv_noise: bool = Field(
        False,
        description="the colour noise of Zhai et al. (2019), in place of brightness, contrast, "
        "saturation and hue",
    )
    rotation: float = Field(0, ge=0, le=180, description="degrees, from -x to x")

    @model_validator(mode="after")
    def _one_crop(self) -> Self:
        if self.crop_padding and self.resized_crop:
            raise ValueError("crop_padding and resized_crop are two ways to crop: give one")
        return self

    @model_validator(mode="after")
    def _one_change_of_colour(self) -> Self:
        jitter = ("brightness", "contrast", "saturation", "hue")
        given = [key for key in jitter if getattr(self, key)]
        if self.hsv_noise and given:
            raise ValueError(
                f"hsv_noise and {', '.join(given)} are two ways to change colours: give one"
            )
        return self


class Exemplar(Spec):
    """The triplet margin loss of the task `exemplar`."""

    margin: float = Field(0.5, gt=0, description="on the cosine distance")
    embedding: int = Field(128, ge=2, description="size of the embedding")
    negatives: Literal["next", "nearest"] = Field(
        "next", description="another image of the batch: any, or the one most like the anchor"
    )


Precision = Literal["auto", "bfloat16", "tf32", "float32"]


class Recipe(Spec):
    """How to train: one line of the paper's Appendix A."""

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=2, description="images, or copies, per update, in all micro-batches")
    batch_counts: Literal["images", "copies"] = Field(
        "images", description="RotNet: what batch_size counts, images or their rotated copies"
    )
    micro_batches: int = Field(
        1,
        ge=1,
        description="parts of a batch, each with its own batch-norm statistics: the paper's GPUs",
    )
    optimizer: Literal["sgd", "adam"]
    momentum: float = Field(0.9, ge=0, lt=1, description="SGD only")
    learning_rate: float = Field(gt=0)
    weight_decay: float = Field(ge=0, description="L2 term in the gradient, for Adam too")
    warmup_epochs: float = Field(0, ge=0, description="linear warm-up of the learning rate")
    milestones: tuple[int, ...] = Field((), description="epochs at which the learning rate decays")
    gamma: float = Field(
        0.1, gt=0, le=1, description="factor of the learning rate at each milestone"
    )
    augmentation: Augmentation = Augmentation()
    exemplar: Exemplar | None = Field(None, description="task exemplar only; default: its defaults")
    rotation_weight: float = Field(
        1.0, ge=0, description="semi-supervised only: weight of the RotNet loss"
    )
    precision: Precision = Field(
        "auto",
        description="of convolutions and matrix products; auto: bfloat16 on a GPU that has it",
    )

    @model_validator(mode="after")
    def _schedule_fits(self) -> Self:
        if list(self.milestones) != sorted(set(self.milestones)):
            raise ValueError(f"milestones {list(self.milestones)} must increase")
        if self.milestones and not 0 < self.milestones[0] <= self.milestones[-1] < self.epochs:
            raise ValueError(
                f"milestones {list(self.milestones)} must lie between epoch 1 and the last, "
                f"{self.epochs - 1}"
            )
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs {self.warmup_epochs} exceeds epochs {self.epochs}")
        if self.batch_counts == "copies" and self.batch_size % 4:
            raise ValueError(f"batch_size {self.batch_size} of copies is not a multiple of 4")
        if self.batch_size % self.micro_batches:
            raise ValueError(
                f"batch_size {self.batch_size} is not a multiple of micro_batches "
                f"{self.micro_batches}"
            )
        return self


class Rewind(Spec):
    """Where the weights of a retraining come from, and where its learning-rate schedule begins.

    The weights are W_k, from a point of the dense training given in exactly one unit (Appendix B,
    Table 1); or with `none` W*, those at the end of the round before.
    """

    samples: int | None = Field(None, ge=0)
    epochs: float | None = Field(None, ge=0)
    updates: int | None = Field(None, ge=0)
    percent: float | None = Field(None, ge=0, le=100)
    none: bool = Field(False, description="continue from W* of the round before; round 0 is W_0")
    schedule: Literal["restart", "continue", "end"] = Field(
        "restart",
        description="the learning rate of a retraining: from the schedule's start (with `none`: "
        "learning-rate rewinding, Renda et al., 2020), from where W_k was saved (as Frankle et "
        "al., 2019), or with `none` the last rate throughout (fine-tuning)",
    )

    @model_validator(mode="after")
    def _one_point(self) -> Self:
        units = ("samples", "epochs", "updates", "percent")
        given = [name for name in units if getattr(self, name) is not None]
        given += ["none"] * self.none
        if len(given) != 1:
            found = " and ".join(given) or "nothing"
            raise ValueError(f"give one of {', '.join(units)}, none; found {found}")
        if self.schedule == "continue" and self.none:
            raise ValueError("schedule: continue needs a point to continue from, found none")
        if self.schedule == "end" and not self.none:
            raise ValueError("schedule: end is fine-tuning: it needs none: true")
        return self


class Training(Spec):
    """The generation task of a ticket: what its network is trained on, and how."""

    dataset: Dataset
    subset: Subset
    task: TaskName
    recipe: Recipe
    rewind: Rewind | None = Field(None, description="of W_k; the dense training itself has none")
    rewind_name: str | None = Field(None, description="its entry in the config, which names W_k")


class Imported(Spec):
    """Where the mask and the weights of an imported ticket come from; its only round is round 1."""

    sha256: Sha256 = Field(description="of the file")
    dataset: Dataset | None = Field(None, description="what its last layer tells apart")


class Chain(Spec):
    """All that determines the artifacts of one ticket and seed."""

    ticket: str
    seed: int
    dense: str = Field(
        description="its dense network, named by its entries: tickets that differ only in their "
        "rewind point or in what they prune share one"
    )
    architecture: Architecture
    fraction: Fraction | None = Field(
        description="fraction of the remaining weights pruned per round"
    )
    criterion: CriterionName = Field("magnitude", description="what is pruned first")
    convolutions: int | None = Field(None, description="prune only this many first convolutions")
    excluded_at: int | None = Field(
        None, description="not prunable: weights that see only padding at this image size, pixels"
    )
    training: Training | None = None
    baseline: "Baseline | None" = None
    imported: Imported | None = None

    def dense_training(self) -> Self:
        """What the dense training of round 0 depends on: neither pruning nor a rewind point.

        Raises: LotteryError for a baseline, whose weights are freshly drawn.
        """
        if self.training is None:
            raise LotteryError(f"ticket {self.ticket} is a baseline: it has no dense training")
        training = self.training.model_copy(update={"rewind": None, "rewind_name": None})
        return self.model_copy(update={**UNPRUNED, "ticket": self.dense, "training": training})

    def start(self) -> "Chain":
        """What the evaluation of round 0 depends on: the dense network, from W_k or drawn anew."""
        own = {**UNPRUNED, "ticket": self.start_name}
        if self.baseline is None:
            return self.model_copy(update=own)
        rewound = self.rewound
        if rewound is None:
            drawn = Baseline(kind="random", longer=self.baseline.longer)
            return self.model_copy(update={**own, "baseline": drawn})
        if not self.redraws:
            return rewound.start()
        drawn = Baseline(kind="reinitialised", start="rewind", of=rewound.start())
        return self.model_copy(update={**own, "baseline": drawn})

    @property
    def start_name(self) -> str:
        """The dense network and, if it is not drawn anew, the rewind point."""
        rewound = self.rewound
        if rewound is None or rewound.training is None:
            return self.dense
        name = f"{rewound.dense}/rewind-{rewound.training.rewind_name}"
        return f"{name}-reinitialised" if self.redraws else name

    @property
    def rewound(self) -> "Chain | None":
        """The found ticket with whose W_k its networks begin; None if all weights are drawn."""
        if self.baseline is None:
            return None if self.imported else self
        return self.baseline.of if self.baseline.start == "rewind" else None

    @property
    def redraws(self) -> bool:
        """Whether the prunable weights of its W_k are drawn anew."""
        return self.baseline is not None and self.baseline.kind == "reinitialised"

    def with_seed(self, seed: int) -> Self:
        """The same chain of another seed."""
        update: dict[str, Any] = {"seed": seed}
        if self.baseline and self.baseline.of:
            of = self.baseline.of.with_seed(seed)
            update["baseline"] = self.baseline.model_copy(update={"of": of})
        return self.model_copy(update=update)


UNPRUNED = {"fraction": None, "criterion": "magnitude", "convolutions": None}
"""The pruning keys of a chain, where pruning does not matter."""


def images_per_update(recipe: Recipe, views: int) -> int:
    """A recipe's batch size in images with `views` views each, whichever of them it counts."""
    return recipe.batch_size // (views if recipe.batch_counts == "copies" else 1)


def samples_per_epoch(dataset: ImageFormat, subset: Subset, task: TaskName) -> float | None:
    """Nominal number of images that a training sees in an epoch; None if the config has none.

    A semi-supervised epoch is one pass over the labelled images, each paired with an unlabelled
    one.
    """
    if dataset.train_images is None:
        return None
    drawn = dataset.train_images * subset.share(dataset.train_images, dataset.classes)
    return 2 * drawn if TASKS[task].hides_labels else drawn


def samples_at(point: Rewind, epoch: float, batch: int, epochs: int) -> float:
    """Nominal number of images seen before a rewind point of a training.

    `epoch` are the images of an epoch, `batch` those of an update, `epochs` those of the training.
    """
    if point.samples is not None:
        return point.samples
    if point.epochs is not None:
        return point.epochs * epoch
    if point.updates is not None:
        return point.updates * batch
    return (point.percent or 0) / 100 * epochs * epoch


def batch_sizes(images: int, batch: int, hides_labels: bool = False) -> list[int]:
    """Images in each batch of an epoch over so many images, in batches of `batch`.

    The last one may be smaller; a single left-over image joins the batch before it, as batch norm
    cannot train on one sample. Where a task hides labels, `images` are those with a label, which
    are half of each batch.
    """
    halves = 2 if hides_labels else 1
    size = max(2, batch // halves)
    sizes = [size] * (images // size) + [images % size] * (images % size > 0)
    if len(sizes) > 1 and sizes[-1] == 1:
        sizes[-2:] = [size + 1]
    return [halves * each for each in sizes]


def nominal_batch_sizes(
    dataset: ImageFormat, subset: Subset, task: TaskName, recipe: Recipe
) -> list[int] | None:
    """Images in each batch of a training's epoch; None if the config has no number of images.

    The subset is its share of the data set. A draw rounds in each class, so that it may have a few
    images more or less.
    """
    samples, about = samples_per_epoch(dataset, subset, task), TASKS[task]
    if samples is None:
        return None
    counted = math.ceil(round(samples / (2 if about.hides_labels else 1), 6))
    return batch_sizes(counted, images_per_update(recipe, about.views), about.hides_labels)


BaselineName = Literal["random", "adjusted-random", "shuffled", "reinitialised"]
Start = Literal["init", "rewind"]


class Baseline(Spec):
    """A ticket to compare found tickets with.

    Its mask is random (Section 3.2), random after the natural zeros of a dense network (Section
    4.5), random with as many weights in each layer as the mask of a found ticket has, or that mask
    itself. Its weights are drawn anew, or with `start: rewind` W_k of the found ticket; of a
    reinitialised one only the rest of W_k, its head and its batch norm. `of` is the chain that it
    reads.
    """

    kind: BaselineName
    start: Start = Field("init", description="weights drawn anew, or W_k of `of`")
    longer: Rewind | None = Field(
        None,
        description="drawn weights are trained up to this point of the schedule first, as W_k was, "
        "and then by the whole schedule",
    )
    zero_threshold: float | None = Field(None, gt=0)
    of: Chain | None = None

    @model_validator(mode="after")
    def _reads_what_its_kind_needs(self) -> Self:
        reads = self.kind != "random" or self.start == "rewind"
        if (self.of is not None) != reads:
            raise ValueError(f"baseline {self.kind} {'has no' if self.of else 'needs'} `of`")
        if self.start == "rewind" and self.longer:
            raise ValueError("start: rewind has W_k's training behind it: it has no `longer`")
        if (self.zero_threshold is None) == (self.kind == "adjusted-random"):
            raise ValueError(f"baseline {self.kind} and zero_threshold {self.zero_threshold}")
        return self


class ImagesSpec(Spec):
    """The decoding of a data set: both splits, in RGB, at the size that is kept."""

    dataset: Dataset


class SubsetSpec(Spec):
    """The drawing of training indices; `seed` is None where nothing is drawn."""

    dataset: Dataset
    subset: Subset
    seed: int | None

    @classmethod
    def of(cls, dataset: Dataset, subset: Subset, seed: int) -> Self:
        """The draw that a training with `seed` uses; all seeds share that of the whole data set."""
        return cls(dataset=dataset, subset=subset, seed=None if subset == Subset() else seed)


class GenerateSpec(Spec):
    """One training of a chain: round 0 is dense, round r trains W_k under mask r."""

    chain: Chain
    round: int = Field(ge=0)
    rewinds: dict[str, Rewind] = Field(
        {}, description="of a dense training: by name, the points at which it saves W_k"
    )

    @classmethod
    def of(cls, chain: Chain, round: int) -> Self:
        """The training of one round; where W_k is saved changes no weight and is left out."""
        return cls(chain=chain if round else chain.dense_training(), round=round)

    def trained(self) -> Self:
        """What its weights and its report depend on: all but where W_k is saved."""
        return self.model_copy(update={"rewinds": {}})

    def training(self) -> Training:
        """Raises: LotteryError for a baseline, which has no generation training."""
        if self.chain.training is None:
            raise LotteryError(f"ticket {self.chain.ticket} is a baseline: it has no generation")
        return self.chain.training

    def subset(self) -> SubsetSpec:
        """The draw of indices that this training reads."""
        training = self.training()
        return SubsetSpec.of(training.dataset, training.subset, self.chain.seed)


class EarlySpec(Spec):
    """W_k at one rewind point of a dense training."""

    dense: GenerateSpec
    rewind: Rewind

    @classmethod
    def of(cls, chain: Chain) -> Self:
        """The W_k of a chain."""
        training = GenerateSpec(chain=chain, round=0).training()
        assert training.rewind is not None  # only a dense training has none
        return cls(dense=GenerateSpec.of(chain, 0), rewind=training.rewind)


class MaskSpec(Spec):
    """The mask of one round, found from the round before (or drawn, for a baseline)."""

    chain: Chain
    round: int = Field(ge=1)


Head = Literal["keep", "redraw"]
"""What an evaluation does with the last layer of W_k, where it tells the same classes apart."""


class EvaluateSpec(Spec):
    """The evaluation of ticket r: (W_k, mask r) trained on all labels (Section 3.1)."""

    chain: Chain
    round: int = Field(ge=0)
    dataset: Dataset
    recipe: Recipe
    head: Head = "keep"

    @classmethod
    def of(
        cls, chain: Chain, round: int, dataset: Dataset, recipe: Recipe, head: Head = "keep"
    ) -> Self:
        """The evaluation of one round's ticket by training on `dataset` with `recipe`."""
        chain = chain if round else chain.start()
        return cls(chain=chain, round=round, dataset=dataset, recipe=recipe, head=head)

    def subset(self) -> SubsetSpec:
        """The draw of indices that this training reads: all of them."""
        return SubsetSpec.of(self.dataset, Subset(), self.chain.seed)


class ImportSpec(Spec):
    """The mask and the weights of an imported ticket: the same for all seeds."""

    ticket: str
    architecture: Architecture
    imported: Imported

    @classmethod
    def of(cls, chain: Chain) -> Self:
        """The ticket of a chain, which is an imported one's."""
        assert chain.imported is not None
        return cls(ticket=chain.ticket, architecture=chain.architecture, imported=chain.imported)


class SparsitySpec(Spec):
    """Natural sparsity of the dense trained network (Section 4.5)."""

    dense: GenerateSpec
    cuts: tuple[float, ...] = Field(description="a weight at most this large counts as zero")


_Any = TypeVar("_Any", bound=Spec)


def parse(kind: type[_Any], text: str) -> _Any:
    """A spec from JSON text, or from a file that holds it.

    Raises: LotteryError naming the first offending key.
    """
    if not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text()
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise LotteryError(
                f"--spec {text!r}: neither JSON nor a file that holds it: {error}"
            ) from None
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "JSON"
        raise LotteryError(f"--spec: {key}: {first['msg']}") from None


def parse_in(kind: type[_Any], header: Mapping[str, Any]) -> _Any:
    """The spec in a header.

    Raises: LotteryError naming the first offending key.
    """
    return parse(kind, json.dumps(header["spec"]))


def differences(expected: Spec, found: dict[str, Any]) -> list[str]:
    """The keys in which an artifact's spec differs from the expected one, in words, outer first."""
    return [
        f"{key} is {there!r} there, {here!r} here"
        for key, there, here in _compared(expected, found)
    ]


def changes(expected: Spec, found: dict[str, Any]) -> list[str]:
    """The same, as what has changed since: `learning_rate 0.1 -> 0.2`."""
    return [f"{key} {there!r} -> {here!r}" for key, there, here in _compared(expected, found)]


def _compared(expected: Spec, found: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """A key that is missing because the artifact is older has its default value."""
    with contextlib.suppress(ValidationError):
        found = json.loads(type(expected).model_validate_json(json.dumps(found)).model_dump_json())
    want, have = _flat(json.loads(expected.model_dump_json())), _flat(found)
    return [
        (key, have.get(key, "absent"), want.get(key, "absent"))
        for key in sorted(want.keys() | have.keys(), key=lambda key: (key.count("."), key))
        if want.get(key, ...) != have.get(key, ...)
    ]


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {prefix: value}
    return {
        key: leaf
        for name, child in value.items()
        for key, leaf in _flat(child, f"{prefix}.{name}" if prefix else name).items()
    }
