"""Opens a pack of unknown origin, and takes out of it nothing that it should not hold."""

import hashlib
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from lottery.errors import LotteryError, reason
from lottery.packs import layout
from lottery.packs.bar import bar
from lottery.packs.write import CHUNK

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,  # an offset that lies outside
    OverflowError,
    RuntimeError,  # encrypted, or compressed in a way that this Python lacks
    NotImplementedError,
    ValueError,
)
"""What zipfile raises for a damaged zip."""
LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")
FOLDER = 0x10
"""MS-DOS' mark of a folder."""


class Pack(NamedTuple):
    """An open pack whose list of entries is sound; what they hold is not yet known."""

    path: Path
    archive: zipfile.ZipFile
    entries: Mapping[str, zipfile.ZipInfo]
    digests: Mapping[str, str]
    """SHA-256 by name, as the manifest says, of all entries but itself."""

    def size(self) -> int:
        """Bytes of all entries, as they say."""
        return sum(info.file_size for info in self.entries.values())

    def extract(self, folder: Path) -> None:
        """Write all entries below an empty `folder`, checked against the manifest.

        Raises: LotteryError if one is damaged, or is not what the manifest says.
        """
        with bar("unpack", self.size()) as progress:
            for name, info in self.entries.items():
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                sha = hashlib.sha256()
                with open(target, "xb") as handle:
                    for chunk in self._chunks(name, info):
                        handle.write(chunk)
                        sha.update(chunk)
                        progress.update(len(chunk))
                    handle.flush()
                    os.fsync(handle.fileno())
                if target.stat().st_size != info.file_size:
                    raise LotteryError(f"{self.path}: {name}: is smaller than it says")
                if sha.hexdigest() != self.digests.get(name, sha.hexdigest()):
                    raise LotteryError(f"{self.path}: {name}: is not what {layout.MANIFEST} says")

    def _chunks(self, name: str, info: zipfile.ZipInfo) -> Iterator[bytes]:
        with _named(f"{self.path}: {name}"), self.archive.open(info) as entry:
            while chunk := entry.read(CHUNK):
                yield chunk


@contextmanager
def opened(path: str | Path, most_bytes: float) -> Iterator[Pack]:
    """A pack, of whose entries all names, kinds and sizes have been checked.

    Raises: LotteryError naming the first entry that no pack of this pipeline has, or if all
        together are more than `most_bytes`.
    """
    path = Path(path)
    with open(path, "rb") as handle:
        with _named(str(path)):
            _check_count(handle)
            archive = zipfile.ZipFile(handle)
        with archive:
            entries: dict[str, zipfile.ZipInfo] = {}
            for info in archive.infolist()[: layout.MOST_ENTRIES + 1]:
                problem = _problem(info)
                if info.filename in entries:
                    problem = "is there twice"
                if problem:
                    raise LotteryError(f"{path}: {info.orig_filename!r}: {problem}")
                entries[info.filename] = info
            if len(entries) > layout.MOST_ENTRIES:
                raise LotteryError(f"{path}: it has more than {layout.MOST_ENTRIES:,} entries")
            _check_clashes(path, entries)
            pack = Pack(path, archive, entries, {})
            if pack.size() > most_bytes:
                raise LotteryError(
                    f"{path}: holds {pack.size() / 1e9:,.1f} GB, more than --most-gb allows"
                )
            packed = sum(info.compress_size for info in entries.values())
            if packed > path.stat().st_size:
                raise LotteryError(f"{path}: its entries overlap")
            yield pack._replace(digests=_manifest(pack))


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except BROKEN as error:
        raise LotteryError(f"{name}: not a readable pack: {reason(error)}") from None


def _check_count(handle: IO[bytes]) -> None:
    """Refuse too long a list of entries before it is read: a zip's last bytes say how long it is.

    Raises: ValueError
    """
    handle.seek(0, os.SEEK_END)
    length = min(98, handle.tell())
    handle.seek(-length, os.SEEK_END)
    tail = handle.read().rjust(98, b"\0")
    large, locator, end = tail[:56], tail[56:76], tail[76:]
    if not (end.startswith(b"PK\5\6") and end.endswith(b"\0\0")):
        raise ValueError("it does not end like a zip without a comment")
    count, size = struct.unpack("<HI", end[10:16])
    if locator.startswith(b"PK\6\7"):
        count, size = struct.unpack("<QQ", large[32:48])
    if max(count, size / 256) > layout.MOST_ENTRIES:
        raise ValueError(f"it has more than {layout.MOST_ENTRIES:,} entries")


def _problem(info: zipfile.ZipInfo) -> str | None:
    """What is wrong with an entry, in words."""
    name, size, packed = info.filename, info.file_size, info.compress_size
    special = stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG)
    if special or info.external_attr & FOLDER or name.endswith("/"):
        return "a link, a folder or another special file"
    wrong = layout.problem(info.orig_filename, size)
    if wrong:
        return wrong
    if info.flag_bits & 1:
        return "encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compressed in a way that no pack uses"
    if info.compress_type == zipfile.ZIP_STORED and size != packed:
        return "larger than it says"
    if size > layout.LARGE and size > layout.MOST_RATIO * packed:
        return f"compressed by more than {layout.MOST_RATIO}, as a bomb is"
    return None


def _check_clashes(path: Path, entries: Mapping[str, zipfile.ZipInfo]) -> None:
    """Raises: LotteryError for names that are one on some systems, or both a file and a folder."""
    seen: dict[str, str] = {}
    folders = {
        "/".join(name.split("/")[:end]) for name in entries for end in range(1, _depth(name))
    }
    for name in [*entries, *sorted(folders)]:
        other = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            raise LotteryError(f"{path}: {name!r}: differs only in case from {other!r}")
    for name in sorted(folders & entries.keys()):
        raise LotteryError(f"{path}: {name!r}: both a file and a folder")


def _depth(name: str) -> int:
    return name.count("/") + 1


def _manifest(pack: Pack) -> dict[str, str]:
    """Raises: LotteryError unless the manifest names each entry but itself, once."""
    info = pack.entries.get(layout.MANIFEST)
    if info is None:
        raise LotteryError(f"{pack.path}: not a pack: it has no {layout.MANIFEST}")
    with _named(f"{pack.path}: {layout.MANIFEST}"):
        text = pack.archive.read(info).decode()
        lines = [LINE.fullmatch(line) for line in text.removesuffix("\n").split("\n")]
        digests = {line[2]: line[1] for line in lines if line}
        if len(digests) != len(lines):
            raise ValueError("a line that names no file, or one again")
    for name in sorted(digests.keys() ^ (pack.entries.keys() - {layout.MANIFEST})):
        where = "is not there" if name in digests else f"is not in {layout.MANIFEST}"
        raise LotteryError(f"{pack.path}: {name!r}: {where}")
    return digests
