"""What trainings will take: operations, paces, the longest chain; and what their logs tell."""

import json

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from lottery import config, models
from lottery.campaign import forecast, live
from lottery.campaign.pace import GPUS, UTILISATION, Measured, Pace, Report
from lottery.errors import LotteryError
from lottery.geometry import multiply_adds, prunable_weights, taps
from lottery.plan import Result
from lottery.specs import Architecture, EvaluateSpec, GenerateSpec
from lottery.training.progress import Progress
from lottery.work import HEADER_BYTES, Work, size_on_disk
from tests.conftest import REPOSITORY, recipe


@pytest.mark.parametrize(
    ("architecture", "size", "last"),
    [
        (Architecture(model="resnet", depth=18, width=4), 32, 32),
        (Architecture(model="resnet", depth=50, stem="imagenet", width=4), 64, 128),
        (Architecture(model="vgg", depth=19, width=4), 32, 32),
        (
            Architecture(model="alexnet", depth=8, stem="imagenet", width=4),
            96,
            256,
        ),
    ],
)
def test_multiply_adds_are_those_that_torch_counts_but_of_the_last_layer(architecture, size, last):
    model = models.build(architecture, 5, seed=0).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, size, size))
    assert 2 * (multiply_adds(architecture, size) + 5 * last) == counter.get_total_flops()


def test_a_training_learns_from_each_view_of_each_image_in_each_epoch(chain, digits):
    known = digits.model_copy(update={"train_images": 1352})
    training = chain.training.model_copy(update={"dataset": known, "task": "rotnet"})
    work = Work.of(GenerateSpec(chain=chain.model_copy(update={"training": training}), round=1))
    assert work.inputs == 2 * 4 * 1352
    assert work.operations == 6 * multiply_adds(chain.architecture, 8)


def test_a_data_set_of_unknown_size_is_not_guessed(chain, digits):
    evaluation = EvaluateSpec.of(chain, 1, digits, recipe())
    assert Work.of(evaluation) is None
    assert Work.of(evaluation, 100).inputs == 2 * 100


def test_trained_weights_take_the_place_of_those_that_remain_and_of_a_mask():
    paper = config.load([REPOSITORY / "config.yaml"])
    whole, first = (paper.chain(f"imagenet-labels-alexnet{part}", 0) for part in ("", "-conv1"))
    total = prunable_weights(whole.architecture)
    conv, mask = taps(whole.architecture, 224)["features.0.weight"].weights, total // 8
    for chain, round, size in (
        (whole, 0, 4 * total),
        (whole, 30, 4 * 0.8**30 * total + mask),
        (first, 30, 4 * (total - conv * (1 - 0.8**30)) + mask),
    ):
        found = size_on_disk("weights", chain, round)
        assert found - HEADER_BYTES == pytest.approx(size, abs=1)
    assert size_on_disk("early", whole) == size_on_disk("weights", whole)
    assert size_on_disk("mask", whole) == HEADER_BYTES + mask


FAST = Work("fast on 8 pixels, labels, auto", 1000, 1e9)
SLOW = Work("slow on 8 pixels, labels, auto", 1000, 4e9)


def test_without_any_training_a_named_gpu_is_guessed():
    assert Pace([], "H100").seconds(FAST) == pytest.approx(1e12 / (UTILISATION * 989.4e12))
    assert Pace([], None).gpu == "A100"
    exact = FAST._replace(precision="float32")
    assert Pace([], "A100").seconds(exact) == pytest.approx(1e12 / (UTILISATION * 19.5e12))
    assert Pace([], "V100").seconds(FAST) == pytest.approx(1e12 / (UTILISATION * 15.7e12))
    with pytest.raises(LotteryError, match="--gpu B52: unknown, choose from V100, "):
        Pace([], "B52")


def test_a_kind_takes_what_it_took_and_others_go_by_the_operations_of_all():
    pace = Pace([Measured("here", FAST, 500, 10.0), Measured("here", FAST, 1500, 30.0)], None)
    assert pace.seconds(FAST) == pytest.approx(1000 * 40 / 2000)
    assert pace.seconds(SLOW) == pytest.approx(4 * pace.seconds(FAST))
    assert pace.words().startswith("as 2 trainings on here took; other kinds guessed from their")


def test_another_gpu_than_the_one_measured_is_guessed():
    measured = [Measured("NVIDIA A100-SXM4-80GB", FAST, 1000, 8.0)]
    assert Pace(measured, "A100").seconds(FAST) == 8.0
    for other in ("A10", "H100"):
        assert Pace(measured, other).trainings == 0
        assert Pace(measured, other).seconds(FAST) != 8.0
    assert Pace([Measured("NVIDIA GeForce RTX 3090", FAST, 1, 1)], "RTX3090").trainings == 1
    assert len(GPUS) > 5


def test_the_device_on_which_most_was_learned_counts():
    few, many = Measured("a laptop", FAST, 10, 100.0), Measured("a GPU", FAST, 1000, 1.0)
    assert Pace([few, many], None).seconds(FAST) == 1.0


def result(job, before=(), work=FAST, devices=1, runs=True, **more):
    return Result(
        rule="generate",
        figures=["fig"],
        of="ticket",
        runs=runs,
        path=f"{job}.json",
        what="generation",
        key="",
        there=not runs,
        job=job,
        before=before,
        work=work,
        devices=devices,
        **{"slurm_job": f"job {job}", **more},
    )


HOURLY = Pace([Measured("here", FAST, 1000, 3600.0)], None)
"""An hour for `FAST`, four for `SLOW`."""


def test_the_longest_chain_is_of_those_that_wait_for_each_other():
    plan = [
        result(0, work=SLOW, devices=4),
        result(1, (0,)),
        result(2, (1,)),
        result(3, (0,), work=SLOW, devices=4),
        result(4, work=SLOW, runs=False),
        result(5, (4,)),
    ]
    chain = forecast.longest_chain(plan, HOURLY)
    assert [step.path for step in chain] == ["0.json", "1.json", "2.json"]
    assert [step.hours for step in chain] == pytest.approx([1, 2, 3])
    assert forecast.longest_chain([], HOURLY) == []


def test_hours_are_of_devices_and_what_is_there_is_not_left():
    cost = forecast.cost([result(0, work=SLOW, devices=4), result(1, runs=False)], HOURLY, {})
    assert (cost.trainings, cost.remain) == (2, 1)
    assert (cost.hours, cost.left) == pytest.approx((5, 4))
    assert forecast.cost([result(0, work=None)], HOURLY, {}).unknown == 1


def test_a_training_that_is_longer_than_a_job_takes_several():
    mask, figure = result(2, (1,), slurm_job="job 1"), result(3, (1,), slurm_job="")
    plan = [result(0, work=SLOW), result(1, (0,)), mask, figure]
    assert forecast.jobs(plan, None, HOURLY) == 2
    assert forecast.jobs(plan, 90, HOURLY) == 2 + 2


def test_weights_that_are_not_kept_take_no_place():
    weights = result(0, size=1000)._replace(what="weights")
    assert forecast.disk([weights, result(1, size=10, runs=False)], True) == (1010, 1000)
    assert forecast.disk([weights, result(1, size=10, runs=False)], False) == (10, 0)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"result": {"inputs": "x"}}'])
def test_a_report_that_tells_no_times_is_none(tmp_path, text):
    path = tmp_path / "generation.json"
    if text is not None:
        path.write_text(text)
    assert Report.of(str(path)) is None


def test_devices_are_named_without_their_number_and_precision(tmp_path):
    path = tmp_path / "generation.json"
    about = {"machine": "AMD EPYC, Linux", "result": {"inputs": 10, "device_seconds": 2.0}}
    for device, name in (("2 x NVIDIA L4, bfloat16", "NVIDIA L4"), ("cpu, float32", None)):
        path.write_text(json.dumps({**about, "device": device}))
        assert Report.of(str(path)) == (name or "AMD EPYC, Linux (CPU)", 10, 2.0)


def test_the_last_line_of_a_log_says_why_a_stage_failed(tmp_path):
    log = tmp_path / "generation.log"
    assert live.failure(str(log)) is None
    log.write_text("epoch 1/2\nlottery generate: error: the loss is nan at update 3\n")
    assert live.failure(str(log)) == "lottery generate: error: the loss is nan at update 3"
    log.write_text(f"{log.read_text()}generate: 4.0 s, peak memory 600 MB\n")
    assert live.failure(str(log)) is None


def test_progress_is_read_as_it_is_written(tmp_path, capsys):
    progress = Progress("generation of x, seed 0, round 1", epochs=20, updates=5)
    progress.epoch(6, loss=1.5, accuracy=0.25, images_per_second=1234.0, waiting=0.5)
    line = capsys.readouterr().err.strip()
    found = live.PROGRESS.search(line)
    assert found
    assert (found[1], found[2]) == ("7", "20")
    assert line.endswith(f"{found[3]} left")
