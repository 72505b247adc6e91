"""Data sets that need no preparation: shipped with a package, or downloaded on request."""

import hashlib
import io
import pickle
import socket
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10

from lottery.data import cifar10, datasets, letters, photographs
from lottery.errors import LotteryError
from lottery.specs import Dataset


def of(format, image_size=16):
    colour = (0.5, 0.5, 0.5)
    return Dataset(
        name="shown", format=format, classes=10, image_size=image_size, mean=colour, std=colour
    )


def both(dataset):
    return [datasets.load(dataset, None, split) for split in ("train", "test")]


def distinct(images):
    return {pixels.numpy().tobytes() for pixels in images.pixels}


EMBEDDED = pytest.mark.parametrize("format", ["photographs", "letters"])


@EMBEDDED
@pytest.mark.parametrize("size", [8, 16, 32])
def test_embedded_images_have_ten_equal_classes_at_any_size(format, size):
    for images, least in zip(both(of(format, size)), (1000, 400), strict=True):
        assert images.pixels.shape == (len(images.labels), 3, size, size)
        assert images.pixels.dtype == torch.uint8
        assert images.pixels.is_contiguous()
        assert len(images.labels) >= least
        counts = torch.bincount(images.labels)
        assert counts.tolist() == [len(images.labels) // 10] * 10


@EMBEDDED
def test_embedded_images_are_the_same_every_time(format):
    for split in ("train", "test"):
        first, again = (datasets.load(of(format), None, split).digest() for _ in range(2))
        assert first == again


@EMBEDDED
@pytest.mark.parametrize("size", [8, 16])
def test_no_embedded_image_trains_and_tests(format, size):
    train, test = both(of(format, size))
    assert not distinct(train) & distinct(test)


def test_a_format_says_which_package_it_misses():
    with pytest.raises(LotteryError, match=r"shown: format letters needs the package no_such"):
        datasets.package_folder(of("letters"), "no_such")


@pytest.fixture
def numbered(tmp_path, monkeypatch):
    """In place of each photograph, pixels whose red, green and blue are their own number."""
    folder = tmp_path / "datasets" / "images"
    folder.mkdir(parents=True)
    for number, name in enumerate(photographs.PHOTOGRAPHS):
        pixel = np.arange(427 * 640).reshape(427, 640, 1) + number * 427 * 640
        colours = (pixel >> np.array([16, 8, 0])) & 255
        with open(folder / name, "wb") as file:
            Image.fromarray(colours.astype(np.uint8)).save(file, "png")
    monkeypatch.setattr(photographs, "package_folder", lambda dataset, package: tmp_path)


def test_no_pixel_of_a_photograph_trains_and_tests(numbered):
    pixels = []
    for images in both(of("photographs")):
        red, green, blue = images.pixels.long().unbind(1)
        number = (red << 16) + (green << 8) + blue
        pixels.append(set(number.unique().tolist()))
        photograph, row, column = number // (427 * 640), number // 640 % 427, number % 640
        assert (photograph * 5 + column // 128 == images.labels[:, None, None]).all()
        assert torch.equal(number[:, 0, 0] + 15 * 641, number[:, 15, 15]), "patches are windows"
        cells = torch.stack([images.labels, row[:, 0, 0] // 32]).unique(dim=1)
        assert cells.shape[1] == 10 * 13, "each strip has every height"
    train, test = pixels
    assert not train & test
    assert len(train | test) == 2 * 640 * 416, "all but the rows that are left over"


def test_each_letter_font_either_trains_or_tests():
    train, test = (letters.fonts(of("letters"), split) for split in ("train", "test"))
    assert not set(train) & set(test)
    assert {"DejaVu", "STIXGe"} <= {path.name[:6] for path in train}
    assert len(test) == (len(train) + len(test)) // 4


def test_fonts_without_letters_are_left_out():
    for images in both(of("letters", 32)):
        assert images.pixels.flatten(1).amax(1).min() > 200, "an empty image"
        label = {}
        for pixels, own in zip(images.pixels, images.labels.tolist(), strict=True):
            assert label.setdefault(pixels.numpy().tobytes(), own) == own, "a substitute glyph"


def test_letters_are_grey_on_black_and_not_cut_off():
    for images in both(of("letters", 32)):
        red, green, blue = images.pixels.unbind(1)
        assert torch.equal(red, green)
        assert torch.equal(red, blue)
        for edge in (red[:, 0], red[:, -1], red[:, :, 0], red[:, :, -1]):
            assert edge.max() < 255


def md5(content):
    return hashlib.md5(content).hexdigest()


@pytest.fixture
def archive(monkeypatch):
    """A small CIFAR-10 as its makers pack it; torchvision is told its checksums."""
    stream = np.random.default_rng(0)
    files = {"batches.meta": {"label_names": [f"class {label}" for label in range(10)]}}
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        pixels = stream.integers(0, 256, (20, 3072), dtype=np.uint8)
        files[name] = {"data": pixels, "labels": list(range(10)) * 2}
    files = {name: pickle.dumps(content) for name, content in files.items()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    parts = [[name, md5(content)] for name, content in files.items()]
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": parts[0][1]})
    monkeypatch.setattr(CIFAR10, "train_list", parts[1:3])
    monkeypatch.setattr(CIFAR10, "test_list", parts[3:])
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(buffer.getvalue()))
    return buffer.getvalue()


@pytest.fixture
def serve(monkeypatch):
    """A function that starts a server whose every answer is `answer(handler)`."""
    servers = []

    def start(answer):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer(self)

            def log_message(self, *words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/cifar-10-python.tar.gz"
        monkeypatch.setattr(CIFAR10, "url", url)

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def file_of(content, length=None):
    """An answer that sends `content`, and says that it is `length` bytes long."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(length or len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def test_a_fetched_cifar10_loads(archive, serve, tmp_path):
    serve(file_of(archive))
    root = tmp_path / "data" / "cifar10"
    cifar10.fetch(root)
    assert [path.name for path in root.iterdir()] == ["cifar-10-batches-py"]
    train, test = (datasets.load(of("cifar10", 32), root, split) for split in ("train", "test"))
    assert train.pixels.shape == (40, 3, 32, 32)
    assert test.labels.tolist() == list(range(10)) * 2


def fails(root, words):
    with pytest.raises(LotteryError, match=words) as error:
        cifar10.fetch(root)
    assert "\n" not in str(error.value)
    assert list(root.iterdir()) == []


def test_an_absent_cifar10_leaves_nothing(archive, serve, tmp_path):
    serve(lambda handler: handler.send_error(404))
    fails(tmp_path, r"^CIFAR-10: no download from 127\.0\.0\.1 to .*: HTTP Error 404: Not Found$")


@pytest.mark.parametrize("announced", ["what is sent", "the whole"])
def test_a_truncated_cifar10_leaves_nothing(archive, serve, tmp_path, announced):
    half = archive[: len(archive) // 2]
    serve(file_of(half, len(archive) if announced == "the whole" else None))
    fails(tmp_path, r"127\.0\.0\.1 .*(corrupted|IncompleteRead)")


def test_a_server_that_is_not_there_leaves_nothing(serve, tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{port}/cifar-10-python.tar.gz")
    fails(tmp_path, r"127\.0\.0\.1 .*refused")


def test_a_server_that_falls_silent_leaves_nothing(archive, serve, tmp_path, monkeypatch):
    over = threading.Event()

    def silence(handler):
        file_of(archive[:1000], len(archive))(handler)
        handler.wfile.flush()
        over.wait(30)

    monkeypatch.setattr(cifar10, "PATIENCE", 0.3)
    serve(silence)
    start = time.monotonic()
    try:
        fails(tmp_path, r"127\.0\.0\.1 .*timed out")
    finally:
        over.set()
    assert time.monotonic() - start < 10
    assert socket.getdefaulttimeout() is None


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LotteryError, match=r"CIFAR-10: .*file/cifar10.*Not a directory"):
        cifar10.fetch(tmp_path / "file" / "cifar10")
