"""A data set whose images are read from their folder while networks train on them."""

import shutil

import pytest

from tests.workflow.project import DENSE, FIGURE, HOW, LOGS, TINY, Project

CHANGES = {
    "max_gpus": 2,
    "checkpoint_minutes": 0,
    "pruning": {"evaluated_rounds": [0, 1]},
    "datasets": {
        "cifar10": {
            "label": "photographs",
            "format": "folder",
            "streamed": True,
            "root": "photographs",
            "classes": 2,
            "train_images": 88,
            "image_size": 24,
            "stored_size": 28,
        }
    },
    "recipes": {
        "cifar10-labels": {
            "micro_batches": 2,
            "batch_size": 32,
            "augmentation": {"crop_padding": 0, "resized_crop": 0.2},
        },
        "cifar10-rotnet": {"augmentation": {"crop_padding": 0}},
        "cifar10-exemplar": {"augmentation": {"crop_padding": 0}},
    },
    "figures": {
        "fig1a": {
            "panels": {
                "VGG-19": None,
                "ResNet-18": {"curves": {"RotNet": None, "Random (adjusted)": None}},
            }
        }
    },
}


@pytest.fixture(scope="module")
def streamed(tmp_path_factory, photographs):
    """The tiny figure, of photographs in a folder, in two processes a training."""
    project = Project.copy(tmp_path_factory.mktemp("streamed") / "lottery")
    shutil.copytree(photographs, project.root / "photographs")
    project.overlay(CHANGES)
    project.run()
    return project


def test_its_trainings_read_each_image_once_an_epoch_in_two_processes(streamed):
    reports = sorted((streamed.root / "results/tiny").rglob("generation.json"))
    assert len(reports) == 2  # a supervised generation is its own evaluation
    for path in reports:
        result = streamed.result(path)
        assert result["inputs"] == 2 * 88
        assert result["test"]["examples"] == 22
    log = f"{LOGS}/labels/cifar10-labels/seed0/generation.log"
    said = (streamed.root / log).read_text()
    assert "on 2 x cpu, float32, images through DALI" in said
    assert not list(streamed.root.rglob("*-unfinished"))


def test_its_folder_is_missed_before_any_job_starts_and_only_by_those_that_read_it(
    streamed, tmp_path
):
    project = streamed.clone(tmp_path / "lottery")
    shutil.rmtree(project.root / "photographs")
    (project.root / FIGURE).unlink()
    project.run()  # drawn again from results alone
    project.overlay({"recipes": {"cifar10-labels": {"learning_rate": 0.002}}})
    done = project.snakemake(FIGURE, *HOW)
    assert done.returncode != 0
    assert "no folder photographs" in done.stdout
    assert "generate" not in done.stdout.split("datasets.cifar10.root")[1]
    assert "Traceback" not in done.stdout


def test_another_loader_makes_nothing_again(streamed, tmp_path):
    project = streamed.clone(tmp_path / "lottery")
    project.overlay({"loader": "torchvision", "max_gpus": 1, "checkpoint_minutes": 5})
    assert project.plan() == {}


def test_on_several_nodes_it_is_started_once_on_each_by_srun(streamed, tmp_path):
    project = streamed.clone(tmp_path / "lottery")
    project.overlay({"gpus_per_node": 1, "seeds": [1]})
    done = project.snakemake(FIGURE, "-n", "-p", "--configfile", TINY)
    assert done.returncode == 0, done.stdout
    step = "srun --nodes=2 --ntasks=2 --kill-on-bad-exit=1 --gpus-per-node=1 --cpus-per-task=8"
    assert f"{step} python -m lottery generate " in done.stdout
    training = done.stdout.split("rule generate_dense:")[1].split("rule ")[0]
    for resource in ("gpu=2", "nodes=2", "tasks=2", "tasks_per_gpu=0"):
        assert resource in training
    assert "--processes=1" in training


def test_after_a_damaged_image_its_removal_is_enough(streamed, tmp_path):
    """The same command again: what is another data set now is said, and made again."""
    project = streamed.clone(tmp_path / "lottery")
    project.overlay(
        {
            "seeds": [2],  # nothing of it is made yet
            "pruning": {"evaluated_rounds": [0]},
            "datasets": {"cifar10": {"train_images": None}},
        }
    )
    victim = project.root / "photographs/train/china/1.png"
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-300])  # in place: its folder looks as it did
    fails = project.snakemake(FIGURE, *HOW)
    assert fails.returncode != 0
    assert "photographs/train/china/1.png: not a readable image" in fails.stdout

    victim.unlink()
    said = project.run()
    assert (
        "datasets.cifar10: its folder has changed (train/china: 43 images, was 44 images): it is "
        "another data set, and what was made from it is made again"
    ) in said
    report = f"{DENSE}/labels/cifar10-labels/seed2/generation.json"
    assert project.result(project.root / report)["inputs"] == 2 * 87
    assert project.plan() == {}


def test_a_folder_that_moved_is_the_same_data_set(streamed, tmp_path):
    project = streamed.clone(tmp_path / "lottery")
    shutil.copytree(project.root / "photographs", tmp_path / "elsewhere", copy_function=shutil.copy)
    shutil.rmtree(project.root / "photographs")
    project.overlay({"datasets": {"cifar10": {"root": str(tmp_path / "elsewhere")}}})
    assert project.plan() == {}


def test_a_validation_folder_without_classes_is_told_by_a_dry_run(streamed, tmp_path):
    project = streamed.clone(tmp_path / "lottery")
    flower = project.root / "photographs/test/flower"
    for image in flower.iterdir():
        image.rename(project.root / "photographs/test" / f"flower-{image.name}")
    shutil.rmtree(project.root / "results")
    shutil.rmtree(project.root / "figures")
    done = project.snakemake(FIGURE, "-n", "--configfile", TINY)
    assert done.returncode == 0
    assert (
        "This data set is needed, and is missing or malformed: datasets.cifar10: no images in"
        in done.stdout
    )
    done = project.snakemake(FIGURE, *HOW)
    assert done.returncode != 0
    assert "rule images" not in done.stdout
    assert "Traceback" not in done.stdout
