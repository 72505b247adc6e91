"""Options that several stages share."""

import argparse


def spec_option(parser: argparse.ArgumentParser) -> None:
    """`--spec`, all that determines the stage's result."""
    parser.add_argument(
        "--spec", required=True, help="what to make: JSON text, or a file that holds it"
    )


def training_options(parser: argparse.ArgumentParser) -> None:
    """What every training needs besides its spec."""
    spec_option(parser)
    images_option(parser)
    data_option(parser)
    parser.add_argument("--subset", required=True, help="training indices (in)")
    parser.add_argument("--mask", help="mask of this round (in); none in round 0")
    parser.add_argument("--report", required=True, help="accuracy and history (out, JSON)")
    parser.add_argument("--checkpoints", help="folder for checkpoints of the unfinished training")
    parser.add_argument(
        "--checkpoint-minutes", type=float, default=5.0, help="time between two of them (default 5)"
    )
    parser.add_argument(
        "--max-minutes",
        type=float,
        default=float("inf"),
        help="stop with a checkpoint after this time; status 75 asks to run it again",
    )
    parser.add_argument(
        "--requeue", action="store_true", help="after such a stop, have SLURM run this job again"
    )
    machine_options(parser)
    parser.add_argument(
        "--processes", type=positive, default=1, help="on this machine, one a GPU (default 1)"
    )
    parser.add_argument("--compile", action="store_true", help="train through torch.compile")


def machine_options(parser: argparse.ArgumentParser) -> None:
    """What a network runs on."""
    parser.add_argument("--threads", type=positive, default=1, help="CPU threads (default 1)")
    device_option(parser)
    parser.add_argument(
        "--loader",
        choices=("auto", "dali", "torchvision"),
        default="auto",
        help="what decodes streamed images (default: DALI if it is installed)",
    )


def device_option(parser: argparse.ArgumentParser) -> None:
    """`--device`."""
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="default: a GPU if any"
    )


def positive(text: str) -> int:
    """An option's type: a whole number of 1 or more."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number, 1 or more")
    return int(text)


def images_option(parser: argparse.ArgumentParser) -> None:
    """`--images`, the decoded data set."""
    parser.add_argument("--images", required=True, help="the decoded data set (in)")


def data_option(parser: argparse.ArgumentParser) -> None:
    """`--data`, the data set itself."""
    parser.add_argument(
        "--data", default="", help="folder of the data set (none for embedded ones)"
    )
