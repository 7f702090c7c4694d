"""Small films in many containers, damaged at random, and what the reader says to each of them.

    python tests/support/fuzz.py FOLDER FIRST COUNT     # COUNT seeds from FIRST on

`watch` reads the files in a process of its own, so that a crash or a hang is seen and ends nothing else.
"""

from __future__ import annotations

import faulthandler
import os
import random
import subprocess
import sys
import warnings
from pathlib import Path

import av
import numpy as np

from coursekit import video

# Container, codec, and a pixel format that it takes.
FILMS = (
    (".mp4", "libx264", "yuv420p"),
    (".mov", "prores_ks", "yuv422p10le"),
    (".mkv", "libx265", "yuv420p"),
    (".webm", "libvpx-vp9", "yuv420p"),
    (".avi", "mpeg4", "yuv420p"),
    (".ts", "libx264", "yuv420p"),
    (".flv", "flv", "yuv420p"),
    (".mpg", "mpeg1video", "yuv420p"),
    (".gif", "gif", "rgb8"),
    (".nut", "ffv1", "yuv420p"),
    (".3gp", "mpeg4", "yuv420p"),
    (".wmv", "wmv2", "yuv420p"),
    (".mxf", "mpeg2video", "yuv422p"),
    (".m2ts", "mpeg2video", "yuv420p"),
    (".ogv", "libvpx", "yuv420p"),
    (".avi", "mjpeg", "yuvj420p"),
    (".avi", "rawvideo", "bgr24"),
    (".mov", "png", "rgb24"),
    (".avi", "huffyuv", "yuv422p"),
    (".webm", "libvpx", "yuv420p"),
    (".mp4", "libsvtav1", "yuv420p"),
    (".apng", "apng", "rgb24"),
    (".h264", "libx264", "yuv420p"),
    (".y4m", "rawvideo", "yuv420p"),
    (".mov", "qtrle", "rgb24"),
    (".avi", "msmpeg4", "yuv420p"),
    (".mkv", "snow", "yuv420p"),
    (".mov", "svq1", "yuv410p"),
    (".mov", "jpeg2000", "rgb24"),
)
SECONDS = 20  # for one file; a sound one takes about 20 ms


def make(folder: Path, suffix: str, codec: str, pixels: str) -> Path:
    """A sound film of 12 frames, 64 x 48, with a key frame every 4 frames and a title."""
    path = folder / f"{codec}{suffix}"
    os.environ["SVT_LOG"] = "0"  # the AV1 encoder prints otherwise
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (48, 64, 3), np.uint8)  # (H, W, 3)
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Sound"
        stream = container.add_stream(codec, 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        stream.codec_context.gop_size = 4
        stream.codec_context.options = {"x265-params": "log-level=none"}
        stream.codec_context.thread_count = 1
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, 3 * number, 1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def damaged(data: bytes, seed: str) -> bytes:
    """The bytes with one to three faults: changed, cut off, removed, repeated or zeroed."""
    dice = random.Random(seed)
    content = bytearray(data)
    for _ in range(dice.randint(1, 3)):
        length = len(content)
        # Half of the faults hit the head or the tail, where most containers have their tables.
        near = dice.choice((0, length, None, None))
        start = dice.randrange(length) if near is None else abs(near - 1 - dice.randrange(min(length, 1200)))
        size = dice.choice((1, 4, 16, 188, 1000))
        piece = content[start : start + size]
        match dice.randrange(6):
            case 0 | 1:
                for _ in range(dice.randint(1, 24)):
                    place = min(length - 1, start + dice.randrange(64))
                    content[place] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
            case 2:
                del content[max(start, 16) :]
            case 3:
                del content[start : start + size]
            case 4:
                content[start:start] = piece * dice.randint(1, 3)
            case 5:
                content[start : start + size] = bytes(len(piece))
        if not content:
            break
    return bytes(content)


def write_damaged(folder: Path, seeds: range) -> list[Path]:
    """One damaged film for each sound one and seed."""
    files = []
    for suffix, codec, pixels in FILMS:
        sound = make(folder, suffix, codec, pixels)
        for seed in seeds:
            file = folder / f"{seed}-{sound.name}"
            file.write_bytes(damaged(sound.read_bytes(), file.name))
            files.append(file)
    return files


def watch(files: list[Path]) -> dict[str, str]:
    """Read each file in another process: by its name, "frames", "VideoError", or what went wrong."""
    outcomes: dict[str, str] = {}
    waiting = list(files)
    while waiting:
        process = subprocess.run(
            [sys.executable, __file__], input="\n".join(map(str, waiting)), capture_output=True, text=True
        )
        lines = [line.split("\t", 1) for line in process.stdout.splitlines() if "\t" in line]
        outcomes |= dict(lines)
        if len(lines) < len(waiting):  # it ended at this file
            outcomes[waiting[len(lines)].name] = f"exit code {process.returncode}: {process.stderr[-2000:]}"
        waiting = waiting[len(lines) + 1 :]
    return outcomes


def outcome(path: Path) -> str:
    """What the reader says to one file; this process ends if that takes too long."""
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", video.DamagedVideoWarning)
            _read(path)
    except video.VideoError as error:
        return "VideoError" if str(path) in str(error) else f"VideoError without the path: {error}"
    except BaseException as error:
        return f"{type(error).__name__}: {error}".replace("\n", " ")
    finally:
        faulthandler.cancel_dump_traceback_later()
    return "frames"


def _read(path: Path) -> None:
    """Ask the reader everything; the first question that fails ends it."""
    video.probe(path)
    times = video.times(path)  # (T,)
    for frame in video.stream(path):
        assert frame.image.ndim == 3
    middle = int(len(times) // 2)
    list(video.stream(path, frames=(middle, middle + 1)))
    list(video.stream(path, every=5, packed=True))
    video.read(path, size=(8, 8))


def main(arguments: list[str]) -> None:
    """Without arguments, read the files that stdin names; else make damaged ones and have them read."""
    if not arguments:
        for line in sys.stdin.read().splitlines():
            print(Path(line).name, outcome(Path(line)), sep="\t", flush=True)
        return
    folder, first, count = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    outcomes = watch(write_damaged(folder, range(first, first + count)))
    for name, result in outcomes.items():
        if result not in ("frames", "VideoError"):
            print(name, result)
    print(f"{len(outcomes)} files, {list(outcomes.values()).count('frames')} give frames")


if __name__ == "__main__":
    main(sys.argv[1:])
