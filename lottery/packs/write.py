"""Writes a pack: of the same inputs, the same bytes."""

import hashlib
import io
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from tqdm import tqdm

from lottery import files
from lottery.errors import LotteryError
from lottery.packs import layout, texts
from lottery.packs.bar import bar

Content = Path | bytes
"""A file, or what it would hold."""
CHUNK = 2**20
DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can hold: when a result was made stands in its header."""
ROOM = 2**20
"""Bytes of free space beyond the files' own, for the zip's lists of them."""


def size(content: Content) -> int:
    """In bytes."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def write(out: str | Path, contents: Mapping[str, Content]) -> int:
    """Write a zip of `contents`, by name, and of a manifest of them; returns its bytes.

    Raises: LotteryError if there is too little space, or if a file changes meanwhile.
    """
    out = Path(out)
    total = sum(map(size, contents.values()))
    check_room(out.parent, total + ROOM)
    with bar("pack", 2 * total) as progress:
        digests = {name: _digest(content, progress) for name, content in contents.items()}
        whole = {**contents, layout.MANIFEST: texts.manifest(digests).encode()}
        with files.atomic(out) as handle, zipfile.ZipFile(handle, "w") as archive:
            for name in sorted(whole):
                written = _add(archive, name, whole[name], progress)
                if written != digests.get(name, written):
                    raise LotteryError(f"{whole[name]!s}: it changed while it was packed")
    return out.stat().st_size


def check_room(folder: Path, needed: int) -> None:
    """Raises: LotteryError if a folder, which need not be there yet, has too little space."""
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise LotteryError(f"{folder}: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} are free")


def _chunks(content: Content) -> Iterator[bytes]:
    with io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk


def _digest(content: Content, progress: "tqdm[None]") -> str:
    sha = hashlib.sha256()
    for chunk in _chunks(content):
        sha.update(chunk)
        progress.update(len(chunk))
    return sha.hexdigest()


def _add(archive: zipfile.ZipFile, name: str, content: Content, progress: "tqdm[None]") -> str:
    """Write one entry; returns the SHA-256 of what was written."""
    info = zipfile.ZipInfo(name, DATE)
    info.create_system = 3  # Unix, whatever this is
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    info.compress_type = _method(name, content)
    info.file_size = size(content)
    sha = hashlib.sha256()
    with archive.open(info, "w") as entry:
        for chunk in _chunks(content):
            sha.update(chunk)
            entry.write(chunk)
            progress.update(len(chunk))
    return sha.hexdigest()


def _method(name: str, content: Content) -> int:
    """Bits do not compress; and what compresses too well would be refused as a bomb."""
    if name.endswith(".pt"):
        return zipfile.ZIP_STORED
    if size(content) > layout.LARGE:
        packer = zlib.compressobj(wbits=-15)
        packed = sum(len(packer.compress(chunk)) for chunk in _chunks(content))
        if size(content) > layout.MOST_RATIO * (packed + len(packer.flush())):
            return zipfile.ZIP_STORED
    return zipfile.ZIP_DEFLATED
