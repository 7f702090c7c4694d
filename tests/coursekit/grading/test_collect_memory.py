"""Whatever a zip unpacks to, collecting holds one file at a time: measured in a process of its own."""

import json
import os
import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from support import assignment

pytestmark = pytest.mark.slow
MB = 1 << 20
MOST = 280  # MB beyond Python and its libraries

COLLECT = """
import json, pickle, sys
from pathlib import Path
from coursekit.grading import assignment, collect
from coursekit.grading.release import stubs


def megabytes(name):
    line = next(line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) >> 10


master = assignment.read(Path(sys.argv[1]))
stubs(master)
for path in sys.argv[2:]:
    Path("/proc/self/clear_refs").write_text("5")  # the peak is from now on
    before = megabytes("VmRSS")
    found = collect.gather([path], master)
    peak = megabytes("VmHWM") - before
    last, held = found[-1], len(pickle.dumps(found))
    print(json.dumps({"peak": peak, "count": len(found), "held": held, "last": last.student,
                      "read": last.data is not None, "reasons": sorted({one.reason for one in found})}))
    del found, last
"""

Entry = tuple[str, bytes, int, int]  # name, deflated content, size, checksum


def packed(name: str, data: bytes) -> Entry:
    """A file of a zip, packed once for many of its kind."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
    return name, deflate.compress(data) + deflate.flush(), len(data), zlib.crc32(data)


def again(entry: Entry, names: Iterable[str]) -> list[Entry]:
    """The same content under other names."""
    return [(name, *entry[1:]) for name in names]


def zipped(entries: Iterable[Entry], path: Path | None = None) -> bytes:
    """A zip of packed files, in memory or at a path."""
    whole, directory, count = bytearray(), bytearray(), 0
    for name, data, size, crc in entries:
        about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0x5D78, crc, len(data), size, len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + about
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(whole)) + name.encode()
        whole += b"PK\3\4" + about + name.encode() + data
        count += 1
    number = min(count, 65_535)
    end = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, number, number, len(directory), len(whole), 0)
    if path:
        path.write_bytes(whole + directory + end)
    return bytes(whole + directory + end)


def beyond(_: bytes) -> list[Entry]:
    """Four notebooks of 300 MB."""
    return again(packed("", bytes(300 * MB)), (f"s{i}/tiny.ipynb" for i in range(4)))


def zeros(count: int) -> list[Entry]:
    """Notebooks of 20 MB that unpack from 20 KB."""
    return again(packed("", bytes(20 * MB)), (f"s{i:03}/tiny.ipynb" for i in range(count)))


def spaces(count: int) -> list[Entry]:
    """The same, and each is a notebook, with one cell of 20 MB."""
    data = b'{"cells": [{"cell_type": "code", "source": "' + b" " * (20 * MB - 100) + b'"}]}'
    return again(packed("", data), (f"s{i:03}/tiny.ipynb" for i in range(count)))


def nested(_: bytes) -> list[Entry]:
    """Students' zips: each of 20 notebooks of 20 MB; one of 90 MB; one that is none."""
    inner = zipped(again(packed("", bytes(20 * MB)), (f"{i}.ipynb" for i in range(20))))
    noise = zipped(again(packed("", os.urandom(9 * MB)), [f"{i}.ipynb" for i in range(10)]))
    return [
        *again(packed("", inner), (f"s{i:02}.zip" for i in range(2))),
        packed("t.zip", noise), packed("u.zip", bytes(99 * MB)),
    ]  # fmt: skip


def directories(_: bytes) -> list[Entry]:
    """Students' zips whose lists of files have 250,000 and 150,000 entries; the second one is read."""
    many = zipped((str(i), b"\3\0", 0, 0) for i in range(250_000))
    return [packed("s.zip", many), packed("t.zip", zipped((str(i), b"\3\0", 0, 0) for i in range(150_000)))]


def values(_: bytes) -> list[Entry]:
    """Notebooks of millions of small values."""
    kinds = (b"{},", b"1,", b'{"a":1},', '"a\N{GRINNING FACE}",'.encode(), b"[],", b'{"a":"b"},')
    texts = [b'{"cells": [' + kind * (19 * MB // len(kind)) + b"1]}" for kind in kinds]
    mixed = b'{"cells": [' + b'{"a":1},' * 190_000 + '"a\N{GRINNING FACE}",'.encode() * 1_100_000 + b"1]}"
    return [packed(f"s{i}/tiny.ipynb", text) for i, text in enumerate([*texts, mixed])]


def of_all(good: bytes) -> list[Entry]:
    """As many students as a zip may have."""
    return again(packed("", good), (f"s{i:05}/tiny.ipynb" for i in range(19_999)))


BOMBS: dict[str, tuple[Callable[[bytes], list[Entry]], int, int]] = {
    # what is in the zip beside the honest student's, number of students, MB that stay in memory
    "4 bombs beyond the limit": (beyond, 4, 1),
    "40 notebooks of 20 MB": (lambda _: zeros(40), 40, 1),
    "8 notebooks with a cell of 20 MB": (lambda _: spaces(8), 8, 4),
    "zips in the zip": (nested, 4, 1),
    "zips of very many files": (directories, 2, 1),
    "millions of small values": (values, 7, 1),
    "20,000 students": (of_all, 19_999, 100),
}  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What collecting each zip took, all in one process."""
    folder = tmp_path_factory.mktemp("bombs")
    master = assignment.write(folder / "master")
    good = assignment.handed_in(master)
    paths = []
    for number, (bombs, _, _) in enumerate(BOMBS.values()):
        paths.append(folder / f"{number}.zip")
        zipped([*bombs(good), packed("zoe/tiny.ipynb", good)], paths[-1])
    done = subprocess.run(
        [sys.executable, "-c", COLLECT, str(master.path), *map(str, paths)], capture_output=True, text=True,
        check=False, timeout=1_200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(BOMBS, map(json.loads, done.stdout.splitlines()), strict=True))


REASONS = (
    "larger than 20 MB", "no notebook", "millions of small values", "holds more than 20,000 files",
    "its list of files is larger than 8 MB", "no zip that can be read", "more than 5,000 cells", "^$",
)  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_the_peak_of_memory_stays_low(name: str, measured: dict[str, dict[str, Any]]) -> None:
    _, count, held = BOMBS[name]
    found = measured[name]
    assert found["peak"] < MOST, found
    assert (found["count"], found["last"], found["read"]) == (count + 1, "zoe", True)
    assert found["held"] < held * MB, found
    assert all(re.search("|".join(REASONS), reason) for reason in found["reasons"]), found["reasons"]
