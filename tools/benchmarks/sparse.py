"""How fast do a few frames come out of a long film? Beside the others, in one run.

    python tools/benchmarks/sparse.py [--film PATH] [--seconds 300] [--group 250] [--codec libx264]
                                      [--copies 1] [--repeats 3]

Four tasks: one frame a second, one in ten seconds, ten random frames, two seconds in the middle. All readers
are asked for the same frame numbers and hand them over as RGB, uint8. Each measurement runs in a process of
its own; the readers take turns; medians are printed, and ratios of our time to theirs. The film is the
course's 720p clip, over and over, encoded anew (some minutes), or --film, which must have a constant rate.
With --copies 5, a fifth of it is encoded, and its packets are repeated: slow encoders take less time so.
Exit code: 0, however slow; 1 if our reader fails, or gives other frames than when it reads the whole film.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from decode import CLIP, WARM_UP, cpu_seconds, lengthen, peak_bytes, reason

OURS = "coursekit.video.frames"
GOALS = {"1 fps": 1.2, "0.1 fps": 3.0}  # how many times as fast as the fastest other / as who decodes all
EVERYTHING = ("FFmpeg, select", "OpenCV, grab")  # decode all frames up to the last wanted
COARSE = 4  # differences of values are measured in each 4th row and column

Result = dict[str, Any]


class Task(NamedTuple):
    """Frames to read, and how our reader is asked for them."""

    numbers: list[int]
    options: dict[str, Any]  # of `video.frames`


class Film(NamedTuple):
    path: str
    rate: Fraction
    frames: int


def tasks(film: Film) -> dict[str, Task]:
    second = round(film.rate)
    middle = film.frames // 2 // second * second
    drawn = sorted(random.Random(0).sample(range(film.frames), min(10, film.frames)))
    return {
        "1 fps": Task([*range(0, film.frames, second)], {"fps": 1}),
        "0.1 fps": Task([*range(0, film.frames, 10 * second)], {"fps": Fraction(1, 10)}),
        "ten random": Task(drawn, {"indices": drawn}),
        "2 s": Task([*range(middle, middle + 2 * second)], {"frames": (middle, middle + 2 * second)}),
    }


# ---------------------------------------------------------------- the readers


def ours(film: Film, task: Task) -> Iterator[Any]:
    """(3, H, W) tensors, contiguous."""
    from coursekit import video

    yield from video.frames(film.path, **task.options)


def ffmpeg_select(film: Film, task: Task) -> Iterator[Any]:
    """(H, W, 3) arrays, through a pipe, from the filter `select`, which sees every frame up to the last."""
    numbers = task.numbers
    step = numbers[1] - numbers[0] if len(numbers) > 1 else 1
    if numbers == [*range(numbers[0], numbers[-1] + 1, step)]:
        condition = f"between(n,{numbers[0]},{numbers[-1]})*not(mod(n-{numbers[0]},{step}))"
    else:
        condition = "+".join(f"eq(n,{number})" for number in numbers)
    select = ["-vf", f"select='{condition}'", "-vsync", "0", "-frames:v", str(len(numbers))]
    yield from piped(film, ["-i", film.path, *select])


def ffmpeg_seek(film: Film, task: Task) -> Iterator[Any]:
    """(H, W, 3) arrays, through a pipe, the program started anew at each run of frames."""
    runs: list[list[int]] = []
    for number in task.numbers:
        if runs and number == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([number, 1])
    for number, count in runs:
        start = f"{float(max(number - Fraction(1, 2), Fraction()) / film.rate):.4f}"  # between two frames
        yield from piped(film, ["-ss", start, "-i", film.path, "-frames:v", str(count)])


def piped(film: Film, arguments: list[str]) -> Iterator[Any]:
    import av

    with av.open(film.path) as container:
        width, height = container.streams.video[0].width, container.streams.video[0].height
    output = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-sws_flags", "bicubic", "-"]
    command = ["ffmpeg", "-v", "error", "-nostdin", *arguments, *output]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        while data := program.stdout.read(height * width * 3):
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3)


def torchcodec(film: Film, task: Task, seek_mode: str) -> Iterator[Any]:
    """(3, H, W) tensors, views of (H, W, 3)."""
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(film.path, num_ffmpeg_threads=0, seek_mode=seek_mode)
    for number in task.numbers:
        yield decoder.get_frame_at(number).data


def opencv_grab(film: Film, task: Task) -> Iterator[Any]:
    """(H, W, 3) arrays: all frames are decoded up to the last wanted one, the wanted ones converted."""
    import cv2

    capture = cv2.VideoCapture(film.path)
    position = 0
    for number in task.numbers:
        for _ in range(number + 1 - position):
            assert capture.grab(), f"no frame {number}"
        position = number + 1
        yield cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)


def opencv_seek(film: Film, task: Task) -> Iterator[Any]:
    """(H, W, 3) arrays, by setting the position, except for the frame that comes next."""
    import cv2

    capture = cv2.VideoCapture(film.path)
    position = 0
    for number in task.numbers:
        if number != position:
            capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        found, frame = capture.read()
        assert found, f"no frame {number}"
        position = number + 1
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def decord(film: Film, task: Task) -> Iterator[Any]:
    """(H, W, 3) arrays."""
    from decord import VideoReader

    reader = VideoReader(film.path)
    for number in task.numbers:
        yield reader[number].asnumpy()


READERS: dict[str, Callable[[Film, Task], Iterator[Any]]] = {
    OURS: ours,
    "FFmpeg, select": ffmpeg_select,
    "FFmpeg, seek": ffmpeg_seek,
    "torchcodec": lambda film, task: torchcodec(film, task, "exact"),
    "torchcodec, approximate": lambda film, task: torchcodec(film, task, "approximate"),
    "OpenCV, grab": opencv_grab,
    "OpenCV, seek": opencv_seek,
    "decord": decord,
}
SLOW = {("FFmpeg, seek", "1 fps"), ("OpenCV, seek", "1 fps")}  # each decodes most groups many times over


# ---------------------------------------------------------------- one measurement, in a process of its own


def measure(reader: str, what: str, name: str, film: Film, reference: str) -> Result:
    """Runs in the child: `what` is speed or pixels."""
    read = READERS[reader]
    for _ in read(probe(str(WARM_UP)), Task([0, 2], {"frames": (0, 3), "every": 2})):
        pass
    task = tasks(film)[name]
    if what == "pixels":
        return pixels(read(film, task), task, reference)
    before, cpu, start = peak_bytes(reset=True), cpu_seconds(), time.perf_counter()
    count = sum(1 for _ in read(film, task))
    seconds = time.perf_counter() - start
    assert count == len(task.numbers), f"{count} frames, {len(task.numbers)} were asked for"
    rise = (peak_bytes() - before) / 1e6
    return {"seconds": seconds, "cpu": cpu_seconds() - cpu, "peak_mb": rise}


def pixels(frames: Iterator[Any], task: Task, reference: str) -> Result:
    """The largest difference from the frames that our reader gives when it reads the whole film."""
    known = np.load(reference)
    largest = 0
    for number, frame in zip(task.numbers, frames, strict=True):
        image = rows_first(frame)
        coarse = image[::COARSE, ::COARSE].astype(int)
        if zlib.crc32(image.tobytes()) != known[f"sum{number}"]:
            largest = max(largest, 1, int(abs(coarse - known[f"image{number}"]).max()))
    return {"difference": largest}


def refer(film: Film, reference: str) -> Result:
    """Write what our reader gives for each wanted frame when it reads the whole film."""
    from coursekit import video

    wanted = {number for task in tasks(film).values() for number in task.numbers}
    known: dict[str, Any] = {}
    for number, frame in enumerate(video.frames(film.path)):
        if number in wanted:
            image = rows_first(frame)
            known[f"sum{number}"] = zlib.crc32(image.tobytes())
            known[f"image{number}"] = image[::COARSE, ::COARSE]
    np.savez(reference, **known)
    return {"frames": number + 1}


def rows_first(frame: Any) -> np.ndarray[Any, Any]:
    """(H, W, 3)."""
    image = np.asarray(frame)
    return np.ascontiguousarray(image.transpose(1, 2, 0) if image.shape[0] == 3 else image)


# ---------------------------------------------------------------- all of them


def probe(path: str) -> Film:
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        count = stream.frames or sum(1 for packet in container.demux(stream) if packet.size)
        return Film(path, stream.average_rate, count)


def encode(target: Path, seconds: int, codec: str, group: int) -> None:
    """The course's clip, over and over, encoded anew with what the encoder does by itself."""
    import av

    with av.open(str(CLIP)) as container:
        rate = container.streams.video[0].average_rate
        pictures = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
    with av.open(str(target), "w") as out:
        track = out.add_stream(codec, rate)
        track.width, track.height, track.pix_fmt = pictures[0].width, pictures[0].height, "yuv420p"
        track.codec_context.gop_size = group
        for number in range(round(seconds * rate)):
            picture = pictures[number % len(pictures)]
            picture.pts, picture.time_base, picture.pict_type = number, 1 / rate, 0
            out.mux(track.encode(picture))
        out.mux(track.encode(None))


def in_child(reader: str, what: str, name: str, film: Path, reference: Path) -> Result:
    """The measurement, or {"error": why}."""
    command = [sys.executable, __file__, "--child", reader, what, name, str(film), str(reference)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": reason(done.stderr)}
    measured: Result = json.loads(done.stdout.splitlines()[-1])
    return measured


def run(film: Path, folder: Path, repeats: int, say: Callable[[str], None]) -> dict[str, dict[str, Result]]:
    """Results by task and reader."""
    reference = folder / "reference.npz"
    say("our reader, the whole film ...")
    in_child(OURS, "refer", "", film, reference)
    results: dict[str, dict[str, Result]] = {}
    for name in tasks(probe(str(film))):
        say(f"{name}: pixels ...")
        readers = [reader for reader in READERS if (reader, name) not in SLOW]
        rows = {reader: in_child(reader, "pixels", name, film, reference) for reader in readers}
        present = [reader for reader in readers if "error" not in rows[reader]]
        turns: dict[str, list[Result]] = {reader: [] for reader in present}
        for turn in range(repeats):
            say(f"{name}: speed, {turn + 1} of {repeats} ...")
            for reader in present:
                turns[reader].append(in_child(reader, "speed", name, film, reference))
        for reader in present:
            failed = [turn for turn in turns[reader] if "error" in turn]
            for what in ("seconds", "cpu", "peak_mb") if not failed else ():
                rows[reader][what] = statistics.median(turn[what] for turn in turns[reader])
            rows[reader].update(failed[0] if failed else {})
        results[name] = rows
    long_film = folder / f"long{film.suffix}"
    say("memory on four times the length ...")
    lengthen(film, long_film, 4)
    row, long = results["1 fps"][OURS], in_child(OURS, "speed", "1 fps", long_film, reference)
    if "error" not in row and "error" not in long:
        row["growth"] = long["peak_mb"] / max(row["peak_mb"], 1.0)
    return results


# ---------------------------------------------------------------- what is said


def table(results: dict[str, dict[str, Result]]) -> str:
    """For each task and reader: its time and processor time / ours, and the largest difference of a value."""
    titles = "".join(f"{name:>24}" for name in results)
    lines = [f"{'time, CPU / ours; difference':28}{titles}"]
    errors = []
    for reader in READERS:
        line = f"{reader:28}"
        for name, rows in results.items():
            row, own = rows.get(reader, {}), rows[OURS]
            if "error" in row:
                errors.append(f"{reader}, {name}: {row['error']}")
            if "seconds" in row and "seconds" in own:
                ratios = [row[what] / max(own[what], 0.01) for what in ("seconds", "cpu")]
                line += f"{ratios[0]:>12.2f}{ratios[1]:>7.2f};{row['difference']:>4}"
            else:
                line += f"{'-':>24}"
        lines.append(line)
    for title, what in (("ours, s", "seconds"), ("ours, CPU s", "cpu"), ("ours, peak MB", "peak_mb")):
        lines.append(
            f"{title:28}" + "".join(f"{rows[OURS].get(what, 0):>24.2f}" for rows in results.values())
        )
    return "\n".join([*lines, *errors])


def verdict(results: dict[str, dict[str, Result]]) -> str:
    lines = []
    for name, goal in GOALS.items():
        others = EVERYTHING if name == "0.1 fps" else tuple(reader for reader in READERS if reader != OURS)
        rows = results[name]
        times = {reader: rows[reader]["seconds"] for reader in others if "seconds" in rows.get(reader, {})}
        if times and "seconds" in rows[OURS]:
            best = min(times, key=lambda reader: times[reader])
            ratio = times[best] / rows[OURS]["seconds"]
            reached = "reached" if ratio >= goal else "NOT REACHED"
            lines.append(f"{name}: {ratio:.2f} times as fast as {best}, goal {goal}: {reached}")
    if "growth" in results["1 fps"][OURS]:
        lines.append(f"memory x {results['1 fps'][OURS]['growth']:.2f} on 4 x the length, goal 1.1")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--film", type=Path, help="a video file of constant rate, instead of one made here")
    parser.add_argument("--seconds", type=int, default=300, help="length of the film that is made")
    parser.add_argument("--copies", type=int, default=1, help="encode a part, and repeat it so many times")
    parser.add_argument("--codec", default="libx264", help="encoder of the film that is made")
    parser.add_argument("--group", type=int, default=250, help="longest distance of its key frames")
    parser.add_argument("--repeats", type=int, default=3, help="processes per reader and task (median)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, no table")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        reader, what, name, path, reference = args.child
        film = probe(path)
        done = refer(film, reference) if what == "refer" else measure(reader, what, name, film, reference)
        print(json.dumps(done))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".webm" if args.codec.startswith("libvpx") else ".mp4"
        path = args.film or Path(folder) / f"film{suffix}"
        if not args.film:
            print("encoding the film ...", file=sys.stderr, flush=True)
            part = Path(folder) / f"part{suffix}"
            encode(part, args.seconds // args.copies, args.codec, args.group)
            lengthen(part, path, args.copies)
        results = run(path, Path(folder), args.repeats, lambda text: print(text, file=sys.stderr, flush=True))
    if args.json:
        print(json.dumps({"cores": os.cpu_count(), "load": os.getloadavg()[0], "tasks": results}, indent=2))
    else:
        load = os.getloadavg()[0]
        busy = "" if load < 2.2 else f" (the machine is busy, load {load:.1f}: noisy)"
        print(f"\n{os.cpu_count()} cores, median of {args.repeats}{busy}\n")
        print(f"{table(results)}\n\n{verdict(results)}")
    right = all(rows[OURS].get("difference") == 0 for rows in results.values())
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
