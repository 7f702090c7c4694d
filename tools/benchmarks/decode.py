"""How fast do we hand over the frames of a video, and does memory stay flat? Beside the others, in one run.

    python tools/benchmarks/decode.py [--clip PATH] [--repeats 5] [--passes 3] [--json]

Each reader hands over every frame of the clip as RGB, uint8. Each measurement runs in a process of its own;
the readers take turns, so that a busy moment of the machine meets all of them; medians are printed, and
ratios to the fastest. Only ratios within one run mean something. A reader that is not installed is listed
with the reason. Exit code: 0, however slow; 1 if our reader fails, or gives other frames than PyAV.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

OURS = "coursekit.video.frames"
REFERENCE = "PyAV, bare loop"
TIMES_AS_LONG = 10
GOAL_SPEED, GOAL_MEMORY = 0.9, 1.1
CLIPS = Path(__file__).parents[2] / "data" / "clips"
CLIP = CLIPS / "bigbuckbunny.mp4"  # 1280 x 720, 132 frames
WARM_UP = CLIPS / "carphone_distorted.mp4"  # 176 x 144: loads the libraries, holds little

Frames = Iterator[Any]
Result = dict[str, Any]


# ---------------------------------------------------------------- the readers


def ours(path: str) -> Frames:
    """(3, H, W) tensors, contiguous."""
    from coursekit import video

    return video.frames(path)


def pyav(path: str, thread_type: str | None = None) -> Frames:
    """(H, W, 3) arrays: the loop of PyAV's own documentation."""
    import av

    with av.open(path) as container:
        if thread_type:
            container.streams.video[0].thread_type = thread_type
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def torchcodec(path: str, threads: int = 1) -> Frames:
    """(3, H, W) tensors, views of (H, W, 3)."""
    from torchcodec.decoders import VideoDecoder

    yield from VideoDecoder(path, num_ffmpeg_threads=threads)


def opencv(path: str) -> Frames:
    """(H, W, 3) arrays; OpenCV gives BGR, so turned round."""
    import cv2

    capture = cv2.VideoCapture(path)
    while True:
        found, frame = capture.read()
        if not found:
            return
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def scikit_video(path: str, whole: bool) -> Frames:
    """(H, W, 3) arrays, from the program ffmpeg through a pipe."""
    from coursekit.video import _skvideo

    read = _skvideo.load().io
    yield from read.vread(path) if whole else read.vreader(path)


READERS: dict[str, Callable[[str], Frames]] = {
    OURS: ours,
    REFERENCE: pyav,
    "PyAV, thread_type AUTO": lambda path: pyav(path, "AUTO"),
    "torchcodec": torchcodec,
    "torchcodec, all threads": lambda path: torchcodec(path, threads=0),
    "OpenCV": opencv,
    "scikit-video vreader": lambda path: scikit_video(path, whole=False),
    "scikit-video vread": lambda path: scikit_video(path, whole=True),
}


# ---------------------------------------------------------------- one measurement, in a process of its own


def measure(reader: str, what: str, path: str, passes: int) -> Result:
    """Runs in the child: `what` is speed, memory or pixels."""
    frames = READERS[reader]
    for _ in frames(str(WARM_UP)):
        pass
    if what == "speed":
        return speed(frames, path, passes)
    if what == "memory":
        return memory(frames, path)
    return pixels(frames, path)


def speed(frames: Callable[[str], Frames], path: str, passes: int) -> Result:
    cpu, start = cpu_seconds(), time.perf_counter()
    count = sum(1 for _ in range(passes) for _ in frames(path))
    seconds = time.perf_counter() - start
    return {
        "frames": count // passes,
        "per_second": count / seconds,
        "cpu_ms": 1000 * (cpu_seconds() - cpu) / count,
    }


def cpu_seconds() -> float:
    """Of all threads, and of the programs that were run (ffmpeg, for scikit-video)."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def memory(frames: Callable[[str], Frames], path: str) -> Result:
    """How far the peak of this process rises over what it holds before (ffmpeg as a program not counted)."""
    before = peak_bytes(reset=True)
    count = sum(1 for _ in frames(path))
    return {"frames": count, "peak_mb": (peak_bytes() - before) / 1e6}


def peak_bytes(reset: bool = False) -> int:
    """Peak of resident memory of this process; `reset` begins anew from what is held now (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def pixels(frames: Callable[[str], Frames], path: str) -> Result:
    """A checksum of all values, in the order (T, H, W, 3), and the kind of value."""
    checksum = count = 0
    shape: tuple[int, ...] = ()
    for frame in frames(path):
        image = np.asarray(frame)
        if image.shape[0] == 3:
            image = image.transpose(1, 2, 0)  # (H, W, 3)
        assert image.dtype == np.uint8, f"expected uint8, got {image.dtype}"
        checksum, count, shape = zlib.crc32(image.tobytes(), checksum), count + 1, image.shape
    return {"frames": count, "checksum": f"{checksum:08x}", "shape": shape}


# ---------------------------------------------------------------- all of them


def in_child(reader: str, what: str, path: Path, passes: int = 1) -> Result:
    """The measurement, or {"error": why}."""
    command = [sys.executable, __file__, "--child", reader, what, str(path), str(passes)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": reason(done.stderr)}
    measured: Result = json.loads(done.stdout.splitlines()[-1])
    return measured


def reason(stderr: str) -> str:
    """The line of a traceback that says what went wrong."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    named = [line for line in lines if "Error" in line.split(":")[0]]
    return (named or lines or ["ended without a word"])[-1][:120]


def lengthen(clip: Path, target: Path, times: int) -> None:
    """The same packets `times` over, one after the other; nothing is encoded again."""
    import av

    with av.open(str(target), "w") as out:
        track = None
        written = 0  # frames
        for _ in range(times):
            with av.open(str(clip)) as container:
                stream = container.streams.video[0]
                track = track or out.add_stream_from_template(stream)
                start = round(written / (stream.average_rate * stream.time_base))  # in ticks
                for packet in container.demux(stream):
                    if packet.size:
                        packet.pts += start
                        packet.dts += start
                        packet.stream = track
                        out.mux(packet)
                        written += 1


def run(clip: Path, repeats: int, passes: int, say: Callable[[str], None]) -> dict[str, Result]:
    say("pixels ...")
    rows = {reader: in_child(reader, "pixels", clip) for reader in READERS}
    present = [reader for reader, row in rows.items() if "error" not in row]
    turns: dict[str, list[Result]] = {reader: [] for reader in present}
    for turn in range(repeats):
        say(f"speed, {turn + 1} of {repeats} ...")
        for reader in present:
            turns[reader].append(in_child(reader, "speed", clip, passes))
    with tempfile.TemporaryDirectory() as folder:
        long_clip = Path(folder) / "long.mp4"
        lengthen(clip, long_clip, TIMES_AS_LONG)
        for reader in present:
            say(f"memory, {reader} ...")
            rows[reader].update(medians(turns[reader], "per_second", "cpu_ms"))
            rows[reader].update(memory_row(reader, rows[reader], clip, long_clip, repeats))
    return rows


def medians(turns: list[Result], *names: str) -> Result:
    failed = [turn for turn in turns if "error" in turn]
    return failed[0] if failed else {name: statistics.median(turn[name] for turn in turns) for name in names}


def memory_row(reader: str, row: Result, clip: Path, long_clip: Path, repeats: int) -> Result:
    """Peak on the clip and on the long one; who holds the clip whole is tried once, where memory allows."""
    whole = reader.endswith("vread")
    needed = TIMES_AS_LONG * row["frames"] * int(np.prod(row["shape"]))
    turns = range(1 if whole else min(repeats, 3))  # far steadier than speed
    short = medians([in_child(reader, "memory", clip) for _ in turns], "peak_mb", "frames")
    if whole and needed > free_bytes() / 2:
        return {**short, "note": f"not tried at {TIMES_AS_LONG} x: needs {needed / 1e9:.1f} GB"}
    long = medians([in_child(reader, "memory", long_clip) for _ in turns], "peak_mb", "frames")
    if "error" in short or "error" in long:
        return {"error": short.get("error") or long["error"]}
    if long["frames"] != TIMES_AS_LONG * row["frames"]:
        return {"error": f"{long['frames']} frames of the long clip, not {TIMES_AS_LONG * row['frames']}"}
    return {"peak_mb": short["peak_mb"], "long_peak_mb": long["peak_mb"]}


def free_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


# ---------------------------------------------------------------- what is said


def compare(rows: dict[str, Result]) -> None:
    """Adds to each row: ratio to the fastest, growth of memory, whether the pixels are those of PyAV."""
    fastest = max((row.get("per_second", 0.0) for row in rows.values()), default=0.0)
    for row in rows.values():
        if "per_second" in row:
            row["ratio"] = row["per_second"] / fastest
        if "long_peak_mb" in row:
            row["growth"] = row["long_peak_mb"] / max(row["peak_mb"], 1.0)
        if "checksum" in row and "checksum" in rows[REFERENCE]:
            row["same_pixels"] = row["checksum"] == rows[REFERENCE]["checksum"]


def table(rows: dict[str, Result]) -> str:
    lines = [
        f"{'reader':26}{'frames/s':>9}{'ratio':>7}{'CPU ms':>8}{'peak MB':>9}"
        f"{f'{TIMES_AS_LONG} x MB':>9}{'growth':>8}  pixels"
    ]
    for reader, row in rows.items():
        if "error" in row:
            lines.append(f"{reader:26}not measured: {row['error']}")
            continue
        same = "same" if row.get("same_pixels") else "DIFFERENT"
        cells = "".join(
            f"{row[name]:{form}}" if name in row else " " * int(form.split(".")[0])
            for name, form in (
                ("per_second", "9.1f"),
                ("ratio", "7.2f"),
                ("cpu_ms", "8.1f"),
                ("peak_mb", "9.1f"),
                ("long_peak_mb", "9.1f"),
                ("growth", "8.2f"),
            )
        )
        lines.append(f"{reader:26}{cells}  {same} {row.get('note', '')}".rstrip())
    return "\n".join(lines)


def verdict(rows: dict[str, Result]) -> str:
    row = rows[OURS]
    if "error" in row:
        return f"{OURS} failed: {row['error']}"
    best = max(rows, key=lambda reader: rows[reader].get("per_second", 0.0))
    goals = {
        f"{row['ratio']:.2f} of the fastest ({best}), goal {GOAL_SPEED}": row["ratio"] >= GOAL_SPEED,
        f"memory x {row['growth']:.2f} on {TIMES_AS_LONG} x the length, goal {GOAL_MEMORY}": (
            row["growth"] <= GOAL_MEMORY
        ),
        "pixels as PyAV gives them": row.get("same_pixels", False),
    }
    return f"{OURS}: " + "; ".join(
        f"{goal}: {'reached' if reached else 'NOT REACHED'}" for goal, reached in goals.items()
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, default=CLIP, help="a video file")
    parser.add_argument("--repeats", type=int, default=5, help="processes per reader (median)")
    parser.add_argument("--passes", type=int, default=3, help="times the clip is read in each process")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, no table")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        reader, what, path, passes = args.child
        print(json.dumps(measure(reader, what, path, int(passes))))
        return 0
    rows = run(args.clip, args.repeats, args.passes, lambda text: print(text, file=sys.stderr, flush=True))
    compare(rows)
    if args.json:
        print(json.dumps({"clip": str(args.clip), "cores": os.cpu_count(), "readers": rows}, indent=2))
    else:
        load = os.getloadavg()[0]
        busy = "" if load < 2 * (os.cpu_count() or 1) else f" (the machine is busy, load {load:.1f}: noisy)"
        print(f"\n{args.clip.name}, {os.cpu_count()} cores, median of {args.repeats}{busy}\n")
        print(f"{table(rows)}\n\n{verdict(rows)}")
    return 1 if "error" in rows[OURS] or not rows[OURS].get("same_pixels", False) else 0


if __name__ == "__main__":
    sys.exit(main())
