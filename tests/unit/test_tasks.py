"""What makes each generation task that task."""

import torch

from lottery import tasks


def test_labels_are_the_images_own():
    pixels, labels = torch.rand(5, 3, 8, 8), torch.arange(5)
    inputs, targets = tasks.make("labels").examples(pixels, labels)
    assert torch.equal(inputs, pixels)
    assert torch.equal(targets, labels)


def test_rotnets_target_is_the_rotation_that_was_applied():
    task, pixels = tasks.make("rotnet"), torch.rand(5, 3, 8, 8)
    inputs, targets = task.examples(pixels, torch.zeros(5))
    assert task.outputs(1000) == 4
    assert inputs.shape == (20, 3, 8, 8)
    for image, target, source in zip(
        inputs, targets.tolist(), pixels.repeat(4, 1, 1, 1), strict=True
    ):
        assert torch.equal(image.rot90(-target, dims=(1, 2)), source)
    assert torch.bincount(targets).tolist() == [5, 5, 5, 5]


def test_rotnet_never_reads_labels():
    pixels = torch.rand(5, 3, 8, 8)
    inputs, targets = tasks.make("rotnet").examples(pixels, None)
    again, same = tasks.make("rotnet").examples(pixels, torch.arange(5))
    assert torch.equal(inputs, again)
    assert torch.equal(targets, same)
