"""Any image file is read right by both loaders and in memory, or refused by name."""

import os
import shutil
import struct
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin
from torchvision.transforms.v2.functional import pil_to_tensor, resized_crop

from lottery.data import datasets, loaders, pictures
from lottery.data.boxes import in_pixels
from lottery.data.loaders import Crops
from lottery.errors import LotteryError
from lottery.specs import ImagesSpec
from lottery.stages.images import images as images_stage
from tests.conftest import CPU, REPOSITORY, folder_of, streamed

LOADERS = ("dali", "torchvision")
WIDE, HIGH = 64, 48
ORIENTATION = 0x0112


def picture():
    """Colours that tell left from right, top from bottom and red from blue."""
    y, x = np.mgrid[:HIGH, :WIDE]
    return Image.fromarray(np.stack([x * 4 % 256, y * 5 % 256, (x + y) * 2], -1).astype(np.uint8))


def with_alpha(image):
    image = image.copy()
    image.putalpha(Image.fromarray(np.full((HIGH, WIDE), 90, np.uint8)))
    return image


def turned():
    found = Image.Exif()
    found[ORIENTATION] = 6
    return found


def written(folder):
    """A picture in every format, mode and quirk that Pillow reads; their paths."""
    rgb, grey = picture(), picture().convert("L")
    modes = {
        "rgb": rgb,
        "grey": grey,
        "alpha": with_alpha(rgb),
        "greyalpha": with_alpha(grey),
        "palette": rgb.quantize(64),
        "bits": rgb.convert("1"),
        "cmyk": rgb.convert("CMYK"),
    }
    lossless = {".webp": {"lossless": True}}
    for suffix in (".jpg", ".png", ".bmp", ".ppm", ".webp", ".gif", ".tif", ".avif"):
        for name, image in modes.items():
            try:
                image.save(folder / f"{name}{suffix}", **lossless.get(suffix, {}))
            except (OSError, ValueError):  # not every format has every mode
                (folder / f"{name}{suffix}").unlink(missing_ok=True)
    quirks = {
        "turned.jpg": {"exif": turned()},
        "turned.webp": {"exif": turned(), "lossless": True},
        "lossy.webp": {"quality": 90},
        "progressive.jpg": {"progressive": True},
        "full-chroma.jpg": {"subsampling": 0},
        "half-chroma.jpg": {"subsampling": 1},
        "rgb-inside.jpg": {"keep_rgb": True},
        "transparent.png": {"transparency": (0, 0, 0)},
        "compressed.tif": {"compression": "tiff_lzw"},
    }
    for name, options in quirks.items():
        rgb.save(folder / name, **options)
    rgb.quantize(16).save(folder / "transparent-palette.png", transparency=3)
    for bits in (1, 2, 4):
        rgb.quantize(2**bits).save(folder / f"palette{bits}.png", bits=bits)
    (folder / "a gif in.jpg").write_bytes((folder / "rgb.gif").read_bytes())
    (folder / "an avif in.jpg").write_bytes((folder / "rgb.avif").read_bytes())
    (folder / "cut.png").write_bytes((folder / "rgb.png").read_bytes()[:-12])
    (folder / "tail.jpg").write_bytes((folder / "rgb.jpg").read_bytes() + b"more")
    (folder / "ascii.ppm").write_text("P3\n2 2\n255\n0 0 0 1 2 3 0 0 0 9 9 9\n")
    (folder / "dark.ppm").write_bytes(b"P6\n2 2\n15\n" + bytes(range(12)))
    (folder / "cmyk-without-adobe.jpg").write_bytes(without_adobe(folder / "cmyk.jpg"))
    Image.new("RGB", (8, 8), "red").save(folder / "small.png")
    return sorted(folder.iterdir())


def without_adobe(path):
    """A JPEG without its APP14 segment."""
    data = path.read_bytes()
    kept, place = data[:2], 2
    while data[place + 1] != 0xDA:
        (length,) = struct.unpack(">H", data[place + 2 : place + 4])
        if data[place + 1] != 0xEE:
            kept += data[place : place + 2 + length]
        place += 2 + length
    return kept + data[place:]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return written(tmp_path_factory.mktemp("formats"))


def crops_of(paths, share=(0.1, 0.1, 0.7, 0.8), together=8):
    """What a training would ask for: the same share of each."""
    sizes = [pictures.size(path) for path in paths]
    shares = torch.tensor([share]).expand(len(paths), 4)
    boxes = in_pixels(shares, torch.tensor([size[:2] for size in sizes]))
    for start in range(0, len(paths), together):
        part = slice(start, start + together)
        yield Crops(paths[part], boxes[part], [size.by_pillow for size in sizes[part]])


def loaded(name, crops, size=24):
    load, _ = loaders.choose(name, 2)
    return torch.cat(list(load(iter(crops), 8, size, CPU))).float()


def test_both_loaders_see_the_same_pixels_of_every_format(files):
    assert len(files) > 60
    ours, theirs = (loaded(name, crops_of(files)) for name in LOADERS)
    differences = (ours - theirs).abs().mean(dim=(1, 2, 3))
    assert {
        path.name: d.item() for path, d in zip(files, differences, strict=True) if d > 0.5
    } == {}


def test_that_is_the_picture(files):
    """Colours survive the modes that keep them: not inverted, not black."""
    whole = picture().resize((24, 24), Image.Resampling.BILINEAR, box=(6, 5, 51, 43))
    expected = pil_to_tensor(whole).float()
    seen = loaded("dali", crops_of(files))
    for path, pixels in zip(files, seen, strict=True):
        if path.stem.startswith(("rgb", "alpha", "cmyk", "a ", "an ", "turned", "cut", "tail")):
            assert (pixels - expected).abs().mean() < 8, path.name


def test_a_crop_is_torchvisions(files):
    for path in files:
        box = [1, 0, 2, 2] if path.stem in ("ascii", "dark") else [1, 2, 5, 6]
        box = [0, 0, 2, 2] if path.stem in ("ascii", "dark") else box
        left, top, wide, high = box
        image = Image.open(path).convert("RGB")
        theirs = pil_to_tensor(resized_crop(image, top, left, high, wide, [8, 8], antialias=True))
        ours = torch.from_numpy(pictures.crop(path, box, 8)).permute(2, 0, 1)
        assert torch.equal(ours, theirs), path.name


@pytest.mark.parametrize(("wide", "high"), [(1, 1), (2, 2), (3, 3), (500, 1), (1, 500)])
@pytest.mark.parametrize("name", LOADERS)
def test_the_smallest_images_have_a_pixel_in_every_box(tmp_path, name, wide, high):
    path = tmp_path / "0.png"
    Image.new("RGB", (wide, high), (10, 20, 30)).save(path)
    for share in ((0.9, 0.9, 0.1, 0.1), (0.4, 0.4, 0.01, 0.01), (0.0, 0.0, 1.0, 1.0)):
        seen = loaded(name, crops_of([path], share))
        assert seen.mean(dim=(0, 2, 3)).tolist() == [10, 20, 30]


def deep_png(kind, channels):
    """A PNG of 16 bits a channel, 8 x 6 pixels."""
    rows = b"".join(b"\0" + b"\x12\x34" * 8 * channels for _ in range(6))

    def chunk(name, data):
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 6, 16, kind, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + body


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("grey.png", deep_png(0, 1)),
        ("rgb.png", deep_png(2, 3)),
        ("greyalpha.png", deep_png(4, 2)),
        ("alpha.png", deep_png(6, 4)),
        ("twelve-bits.ppm", b"P6\n2 2\n4095\n" + bytes(24)),
        ("twelve-bits.pgm", b"P5\n2 2\n4095\n" + bytes(8)),
    ],
)
@pytest.mark.parametrize("what", ["size", "square"])
def test_more_than_8_bits_a_channel_are_refused_whatever_the_colours(tmp_path, name, data, what):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(LotteryError, match=r"^\S+: \w+ of mode .* more than 8 bits a channel") as e:
        pictures.size(path) if what == "size" else pictures.square(path, 8)
    assert str(e.value).startswith(str(path))


def test_a_tiff_of_16_bits_in_planes_is_deep_too(tmp_path):
    """Pillow names its planes `R`, `G` and `B`, whatever their depth."""
    plane = 2 * 2 * 2  # bytes
    at = 8 + 2 + 10 * 12 + 4  # where the values lie that fit in no field
    short, long = 3, 4
    fields = [
        *((tag, short, 1, value) for tag, value in ((256, 2), (257, 2))),
        (258, short, 3, at),  # bits of each channel
        *((tag, short, 1, value) for tag, value in ((259, 1), (262, 2))),
        (273, long, 3, at + 6),  # where each plane lies
        *((tag, short, 1, value) for tag, value in ((277, 3), (278, 2))),
        (279, long, 3, at + 18),  # and its size
        (284, short, 1, 2),  # one plane after the other
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(fields))
    head += b"".join(struct.pack("<HHII", *field) for field in fields) + bytes(4)
    assert len(head) == at
    values = struct.pack(
        "<3H6I", 16, 16, 16, *(at + 30 + plane * n for n in range(3)), *[plane] * 3
    )
    (tmp_path / "0.tif").write_bytes(head + values + b"\x34\x12" * 12)
    with pytest.raises(LotteryError, match=r"0\.tif: TIFF of mode RGB with more than 8 bits"):
        pictures.size(tmp_path / "0.tif")


@pytest.mark.parametrize("name", LOADERS)
def test_of_an_animation_both_loaders_show_the_picture_beside_it(tmp_path, name):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "lime", "blue")]
    path = tmp_path / "0.png"
    frames[0].save(path, save_all=True, append_images=frames[1:], default_image=True)
    assert loaded(name, crops_of([path])).mean(dim=(0, 2, 3)).tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", LOADERS)
def test_a_cut_jpeg_is_refused_wherever_its_crop_lies(tmp_path, name):
    """DALI alone shows the upper part of it, and fails at the first crop of the lower."""
    path = tmp_path / "0.jpg"
    picture().resize((256, 256)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    with pytest.raises(LotteryError, match=r"0\.jpg: not a readable image: .*truncated"):
        loaded(name, crops_of([path], (0.0, 0.0, 0.1, 0.1)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "not a file, but named as an image"),
        (Path.mkdir, "not a file, but named as an image"),
        (
            lambda path: path.symlink_to("../gone.jpg"),
            r"a link to \.\./gone\.jpg, which is not there",
        ),
        (Path.touch, "not a readable image"),
    ],
    ids=["pipe", "folder", "link", "empty"],
)
def test_what_is_no_image_file_is_named_at_once(tmp_path, make, words):
    path = tmp_path / "0.jpg"
    make(path)
    with pytest.raises(LotteryError, match=rf"0\.jpg: {words}"):
        pictures.size(path)


def test_a_file_beyond_what_a_listing_can_tell_is_refused(tmp_path):
    path = tmp_path / "0.jpg"
    picture().save(path)
    os.truncate(path, 2**31)
    with pytest.raises(LotteryError, match=r"0\.jpg: 2,147,483,648 bytes, expected 2,147,483,647"):
        pictures.size(path)


def test_a_bitmap_of_16_bits_a_pixel_is_not_deep(tmp_path):
    """Five, six and five bits."""
    head = struct.pack("<2sIHHI", b"BM", 54 + 16 + 12, 0, 0, 54 + 12)
    head += struct.pack("<IiiHHIIiiII", 40, 4, 2, 1, 16, 3, 16, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    (tmp_path / "0.bmp").write_bytes(head + masks + struct.pack("<8H", *[0xF800] * 8))
    assert pictures.square(tmp_path / "0.bmp", 8).mean(axis=(0, 1)).tolist() == [255, 0, 0]


def bomb(path):
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "x" * 3_000_000, zip=True)
    Image.new("RGB", (8, 8)).save(path, pnginfo=text)


BROKEN = {
    "no-number.ppm": b"P3\n2 2\n255\n0 0 0 1l2 0 0 0 0 0 0 0 0\n",
    "no-end.ppm": b"P6\n22",
    "empty.jpg": b"",
    "text.png": b"not an image",
}


@pytest.mark.parametrize("name", [*BROKEN, "bomb.png"])
def test_whatever_pillow_raises_names_the_file_in_one_line(tmp_path, name):
    path = tmp_path / name
    if name in BROKEN:
        path.write_bytes(BROKEN[name])
    else:
        bomb(path)
    with pytest.raises(LotteryError) as error:
        pictures.square(path, 8)
    assert str(error.value).startswith(f"{path}: not a readable image: ")
    assert "\n" not in str(error.value)


def test_a_long_strip_takes_no_more_memory_than_itself(tmp_path):
    """Scaled whole to 256 pixels of height it would be of 15 million pixels of width."""
    Image.new("RGB", (60_000, 1), "white").save(tmp_path / "0.png")
    code = f"""
        from pathlib import Path
        from lottery.data import pictures
        pictures.square(Path({str(tmp_path / "0.png")!r}), 256)
        print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    """
    call = [sys.executable, "-c", textwrap.dedent(code)]
    kilobytes = int(subprocess.run(call, check=True, capture_output=True, cwd=REPOSITORY).stdout)
    assert kilobytes < 100_000


def test_warnings_name_their_files(tmp_path, capfd):
    paths = []
    for number in range(5):
        paths.append(tmp_path / f"{number}.png")
        image = picture().quantize(16)
        image.save(paths[-1], transparency=bytes([0, 128] * 8))
    list(pictures.each(lambda path: pictures.square(path, 8), paths))
    said = capfd.readouterr().err.splitlines()
    named = {line.split(": warning: Palette images")[0] for line in said[:3]}
    assert len(named) == 3
    assert named < {str(path) for path in paths}
    assert said[3].startswith("2 more images: Palette images with Transparency")


@pytest.fixture
def pets(photographs, tmp_path):
    root = tmp_path / "pets"
    shutil.copytree(photographs, root)
    return root


LATIN = os.fsdecode(b"caf\xe9.jpg")


@pytest.mark.parametrize("name", LOADERS)
def test_names_that_are_not_utf8_are_files_like_others(pets, tmp_path, name, capfd):
    (pets / "train/china/0.jpg").rename(pets / "train/china" / LATIN)
    spec = ImagesSpec(dataset=folder_of())
    images_stage(spec, str(pets), str(tmp_path / "images.pt"), str(tmp_path / "images.json"))
    names = torch.load(tmp_path / "images.pt", weights_only=True)["payload"]["train"]["names"]
    assert f"train/china/{LATIN}" in names
    source = streamed(pets, name)
    assert source.labels.shape == (88,)
    paths = [pets / "train/china" / LATIN]
    assert loaded(name, crops_of(paths)).std() > 1
    paths[0].write_bytes(b"not an image")
    with pytest.raises(LotteryError):
        images_stage(spec, str(pets), str(tmp_path / "images.pt"))
    call = [sys.executable, "-m", "lottery", "images", f"--spec={spec.text()}", f"--data={pets}"]
    call += [f"--out={tmp_path / 'images.pt'}"]
    done = subprocess.run(call, cwd=REPOSITORY, capture_output=True, check=False)
    assert done.returncode == 1
    assert rb"train/china/caf\xe9.jpg: not a readable image" in done.stderr


def test_what_is_passed_over_and_what_goes_the_slow_way_is_told(pets, tmp_path, capfd):
    (pets / "train/china/notes.txt").touch()
    (pets / "train/china/._0.jpg").touch()
    (pets / "train/flower/without").touch()
    (pets / "test/.cache").mkdir()
    (pets / "train/china/notes").mkdir()
    picture().save(pets / "train/loose.png")
    picture().save(pets / "train/china/animated.gif")
    report = tmp_path / "images.json"
    images_stage(ImagesSpec(dataset=folder_of()), str(pets), str(tmp_path / "i.pt"), str(report))
    said = capfd.readouterr().err
    kinds = (
        "1 .txt, 1 folders, 1 hidden, 1 hidden folders, 1 images in no class folder, 1 without a"
    )
    assert f"ignored, as they are no images: {kinds} suffix" in said
    assert "photographs: 89 train images, 1 of them for Pillow, whatever the loader" in said


def test_images_of_which_some_lie_deeper_are_not_left_out_in_silence(pets):
    (pets / "train/china/more").mkdir()
    shutil.copy(pets / "train/china/0.jpg", pets / "train/china/more/0.jpg")
    with pytest.raises(
        LotteryError, match=r"train/china: has images, and more .* deeper, in more,"
    ):
        datasets.load(folder_of(), pets, "train")


def test_a_read_that_never_answers_does_not_keep_the_process(tmp_path):
    """As of a dead network file system; here a pipe that nobody writes to."""
    os.mkfifo(tmp_path / "pipe")
    code = f"""
        import sys, time
        from concurrent.futures import ThreadPoolExecutor
        from lottery import __main__
        def main():
            ThreadPoolExecutor(1).submit(open, {str(tmp_path / "pipe")!r})
            time.sleep(0.5)
            sys.exit(143)
        __main__.main = main
        __main__.leave()
    """
    call = [sys.executable, "-c", textwrap.dedent(code)]
    assert subprocess.run(call, cwd=REPOSITORY, timeout=30, check=False).returncode == 143


ENDS = """
import sys
import torch
from pathlib import Path
from lottery.data import augment
from lottery.data.batches import Batches
from lottery.specs import Augmentation
from tests.conftest import streamed

source = streamed(Path(sys.argv[1]), sys.argv[2], workers=2)
batches = Batches(source.labels, 16, seed=0)
wanted = batches.micro_batches(0, 5)
for _, view in source.views(wanted, Augmentation(), 1, 0, "test"):
    view()
    raise RuntimeError("in the forward pass")
"""


@pytest.mark.parametrize("name", LOADERS)
def test_an_exception_in_a_training_ends_its_process(photographs, name):
    call = [sys.executable, "-c", ENDS, str(photographs), name]
    done = subprocess.run(call, cwd=REPOSITORY, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"in the forward pass" in done.stderr


@pytest.mark.parametrize("name", LOADERS)
def test_no_shared_memory_is_needed(photographs, name):
    """A container may have 64 MB of it."""
    before = set(Path("/dev/shm").iterdir()) if Path("/dev/shm").is_dir() else set()
    source = streamed(photographs, name, workers=2)
    load, _ = loaders.choose(name, 2)
    paths = [photographs / file for file in source._listing.names]
    for _ in load(crops_of(paths), 8, 64, CPU):
        assert set(Path("/dev/shm").iterdir()) <= before


def test_an_image_that_is_smaller_than_it_was_listed_is_named(tmp_path):
    path = tmp_path / "0.png"
    picture().save(path)
    crops = list(crops_of([path]))
    Image.new("RGB", (8, 8)).save(path)
    for name in LOADERS:
        with pytest.raises(LotteryError, match=r"0\.png: 8 x 8 pixels now, it was larger when"):
            loaded(name, crops)


def test_a_file_that_dali_refuses_is_left_to_pillow_and_named(files, capfd):
    """The listing knows nothing of it: its head is sound."""
    cut = next(path for path in files if path.name == "cut.png")
    assert not pictures.size(cut).by_pillow
    loaded("dali", crops_of(files))
    assert f"{cut}: DALI refuses it, so Pillow reads it" in capfd.readouterr().err


def test_decoded_images_are_the_middle_square(tmp_path):
    for (wide, high), box in {(64, 48): (8, 0, 56, 48), (48, 65): (0, 8.5, 48, 56.5)}.items():
        image = picture().resize((wide, high))
        image.save(tmp_path / "0.png")
        expected = np.asarray(image.resize((16, 16), Image.Resampling.BILINEAR, box=box))
        assert np.array_equal(pictures.square(tmp_path / "0.png", 16), expected)


def test_a_folder_in_memory_has_every_format(files, tmp_path):
    for split in ("train", "test"):
        for name in ("a", "b"):
            (tmp_path / split / name).mkdir(parents=True)
            for path in files:
                shutil.copy(path, tmp_path / split / name)
    found = datasets.load(folder_of(streamed=False), tmp_path, "train")
    assert found.pixels.shape == (2 * len(files), 3, 28, 28)
