"""From a file to T x k: our extractor beside the ways that people use, and beside what the machine allows.

    python tools/benchmarks/features.py [--clip bikes] [--frames 100] [--repeats 3] [--minutes 10] [--json]
    python tools/benchmarks/features.py --stages [--device cuda] [--decoders 4] [--clip bikes] [--repeats 3]

All ways take the same frames of one clip through EfficientNet-Lite0, in turns, in one process; loading the
network is not timed. `--minutes 0` leaves out the memory on a long film, which takes most of the time.
`--stages` measures instead where the time of many films goes: decoding, the network, and both together.
Exit code: 0, however slow; 1 if a way's features are not those of the plain loop.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from decode import lengthen, peak_bytes
from PIL import Image
from torchvision.transforms import v2

from coursekit import cost, data, encoders, features, show, video
from coursekit.encoders import _backends
from coursekit.features import _extract
from coursekit.video._skvideo import find_ffmpeg

GOALS = {  # name: (ratio of, to, at least)
    "5 x the companion's way": ("ours", "companion", 5.0),
    "1.5 x the plain loop, without ONNX Runtime": ("ours, PyTorch alone", "plain loop", 1.5),
    "3 x the plain loop, with it": ("ours", "plain loop", 3.0),
    "0.6 of the slower bound": ("ours", "slower bound", 0.6),
}
MEMORY_GOAL = 1.1  # peak on a long film / peak on 10 s of it


def companion(clip: Path, count: int, network: torch.nn.Module) -> torch.Tensor:
    """Frames as JPEGs by the program ffmpeg, one at a time, gradients recorded, rows joined by `cat`."""
    resize = v2.Compose(
        [v2.Resize(256), v2.CenterCrop(224), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    )
    rows = torch.empty(0, 1280)
    with tempfile.TemporaryDirectory() as folder:
        command = [
            str(find_ffmpeg() / "ffmpeg"),
            "-v",
            "error",
            "-i",
            str(clip),
            "-frames:v",
            str(count),
            f"{folder}/%05d.jpg",
        ]
        subprocess.run(command, check=True)
        for file in sorted(Path(folder).iterdir()):
            image = resize(Image.open(file).convert("RGB"))  # (3, 224, 224)
            rows = torch.cat([rows, network(image[None])])  # (t, 1280)
    return rows


def plain_loop(clip: Path, count: int, encoder: encoders.Encoder) -> torch.Tensor:
    """One frame at a time, in inference mode, the network as it is."""
    rows = []
    with torch.inference_mode():
        for image in video.frames(clip, frames=(0, count)):  # (3, H, W)
            x = encoder.normalise(encoder.prepare(image[None]).contiguous())  # (1, 3, 224, 224)
            rows.append(encoder.network(x))  # (1, 1280)
    return torch.cat(rows)


def decode_alone(clip: Path, count: int) -> int:
    return sum(1 for _ in video.frames(clip, frames=(0, count)))


def gemm_peak(size: int = 2048) -> float:
    """Multiply-accumulates per second of a large float32 matrix product, the best of some."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        _ = a @ b
        times.append(time.perf_counter() - start)
    return size**3 / min(times)


def rates(clip: Path, count: int, repeats: int, say: Callable[[str], None]) -> dict[str, float]:
    """Frames per second of each way, medians over turns."""
    eager = encoders.load(backend="eager")
    recording = copy.deepcopy(eager.network).requires_grad_(
        True
    )  # as a network comes: autograd keeps its graph
    folded = encoders.load(backend="folded")
    part = (0, count)
    ways: dict[str, Callable[[], object]] = {
        "companion": lambda: companion(clip, count, recording),
        "plain loop": lambda: plain_loop(clip, count, eager),
        "ours, PyTorch alone": lambda: features.extract(clip, folded, frames=part).values,
        "decode alone": lambda: decode_alone(clip, count),
    }
    if _backends.have_onnx():
        fast = encoders.load(backend="onnx")
        ways["ours"] = lambda: features.extract(clip, fast, frames=part).values
    else:
        ways["ours"] = ways["ours, PyTorch alone"]
    right = plain_loop(clip, count, eager)
    for name in ("ours", "ours, PyTorch alone"):
        values = ways[name]()
        assert isinstance(values, torch.Tensor)
        if not (values - right).abs().max() <= _backends.TOLERANCE * right.abs().max():
            raise SystemExit(f"{name}: the features are not those of the plain loop")
    readings: dict[str, list[float]] = {name: [] for name in (*ways, "GEMM bound")}
    macs = cost.account(eager.network, (1, 3, 224, 224)).macs
    for turn in range(repeats):
        say(f"turn {turn + 1} of {repeats} ...")
        readings["GEMM bound"].append(gemm_peak() / macs)
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            readings[name].append(count / (time.perf_counter() - start))
    frames_per_second = {name: median(values) for name, values in readings.items()}
    bounds = frames_per_second["GEMM bound"], frames_per_second["decode alone"]
    return {**frames_per_second, "slower bound": min(bounds)}


def stages(clip: Path, device: str | None, decoders: int, repeats: int) -> dict[str, float]:
    """Frames per second of each stage on copies of a clip, medians over turns; loading is not timed."""
    encoder = encoders.load(device=device)
    how = encoder.preprocessing, encoder.windows, encoder.batch
    batches = list(_extract.batches(clip, video.Selection(), *how, device=encoder.device))
    frames = sum(len(numbers) for _, _, numbers in batches)

    def network() -> None:
        for images, _, _ in batches:
            rows = encoder.launch(images)  # (b, k)
        rows.cpu()  # waits for the device

    network()
    readings: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        films = [Path(shutil.copy(clip, Path(folder) / f"{number}.mp4")) for number in range(2 * decoders)]
        together = {"one process": 0, f"{decoders} decoders": decoders}
        ways: dict[str, tuple[int, Callable[[], object]]] = {
            "decode and resize": (frames, lambda: list(
                _extract.batches(clip, video.Selection(), *how, device=encoder.device)
            )),
            "network": (frames, network),
        }  # fmt: skip
        for turn in range(repeats):
            for name, number in together.items():
                run = functools.partial(
                    features.extract_all, films, Path(folder) / f"{turn} {name}", encoder,
                    decoders=number, progress=False,
                )  # fmt: skip
                ways[name] = frames * len(films), run
            for name, (count, way) in ways.items():
                start = time.perf_counter()
                way()
                readings.setdefault(name, []).append(count / (time.perf_counter() - start))
    return {name: median(values) for name, values in readings.items()}


def memory(clip: Path, seconds: float) -> dict[str, float]:
    """Peak of resident memory, in MB, of a process that writes the features of so many seconds of film."""
    info = video.probe(clip)
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.mp4"
        lengthen(clip, long, max(1, round(seconds / info.duration)))
        command = [sys.executable, __file__, "--child", str(long), str(Path(folder) / "out.h5")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def child(film: str, target: str) -> None:
    encoder = encoders.load()
    loaded = peak_bytes(reset=True)
    features.extract_to(target, film, encoder)
    rows = features.header(target)["rows"]
    print(json.dumps({"rows": rows, "peak_mb": peak_bytes() / 1e6, "rise_mb": (peak_bytes() - loaded) / 1e6}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", default="bikes", choices=data.CLIPS)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--device")
    parser.add_argument("--decoders", type=int, default=4)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    clip = data.clip(options.clip)
    if options.stages:
        rates_of_stages = stages(clip, options.device, options.decoders, options.repeats)
        print(show.table({name: (rate,) for name, rate in rates_of_stages.items()}, columns=("frames/s",)))
        return 0
    measured = rates(clip, options.frames, options.repeats, say)
    verdicts = {goal: (measured[a] / measured[b], least) for goal, (a, b, least) in GOALS.items()}
    long: dict[str, dict[str, float]] = {}
    if options.minutes:
        say(f"memory on {options.minutes:g} minutes of film ...")
        long = {"10 s": memory(clip, 10), f"{options.minutes:g} min": memory(clip, 60 * options.minutes)}
    if options.json:
        print(json.dumps({"frames_per_second": measured, "goals": verdicts, "memory": long}, indent=1))
        return 0
    rows = {name: (rate, rate / measured["plain loop"]) for name, rate in measured.items()}
    head = f"{options.clip}, {options.frames} frames"
    print(show.table(rows, columns=("frames/s", "x plain loop"), first=head))
    for goal, (ratio, least) in verdicts.items():
        print(f"{'reached' if ratio >= least else 'MISSED '}  {goal}: {ratio:.2f}")
    if long:
        print(show.table(long, first="memory"))
        short, whole = (each["peak_mb"] for each in long.values())
        held = "reached" if whole <= MEMORY_GOAL * short else "MISSED "
        print(f"{held}  peak at most {MEMORY_GOAL} times that of 10 s: {whole / short:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
