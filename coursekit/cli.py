"""The command `coursekit`, also `python -m coursekit`: one subcommand for each thing that it can do."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import gc
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from coursekit import __version__


@contextlib.contextmanager
def _imports() -> Iterator[None]:
    """While PyTorch is imported, nobody looks for garbage: all that it makes stays. That saves 0.7 s of 6."""
    if "torch" in sys.modules or not gc.isenabled():  # this is somebody's process
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _doctor(options: argparse.Namespace) -> int:
    # Imported here: a subcommand must not need what only another one uses.
    from coursekit import doctor

    return doctor.report(doctor.examine(), sys.stdout)


def _features(options: argparse.Namespace) -> int:
    # When Python ends, it looks for garbage among all objects that the libraries have made: a second saved.
    atexit.register(gc.freeze)
    try:
        return _extract(options)
    except KeyboardInterrupt:
        print("\nstopped: what is done is kept, and the same command goes on with the rest", file=sys.stderr)
        return 130


def _extract(options: argparse.Namespace) -> int:
    with _imports():
        from coursekit import encoders, features

    clear = (ValueError, OSError, features.FeaturesError, encoders.WeightsError, *features.ERRORS)
    try:
        listed = [] if options.list is None else features.read_list(options.list)
        report = features.extract_all(
            [*options.videos, *listed], options.out, options.encoder, fps=options.fps, every=options.every,
            format=options.format, track=options.track, decoder=options.decoder, device=options.device,
            progress=not options.quiet, scheduler=options.scheduler, workers=options.workers,
            decoders=options.decoders, precision=options.precision,
        )  # fmt: skip
    except clear as error:
        print(f"coursekit features: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    folder = report.manifest.parent.resolve()
    for title, rows in (("damaged", report.damaged), ("failed", report.failed)):
        for row in rows:
            print(f"{title:8} {os.path.relpath(folder / row.video)}: {row.error}", file=sys.stderr)
    if not options.quiet:
        there = len(report.rows) - report.made - len(report.failed)
        print(
            f"{report.made} made, {there} there already, {len(report.failed)} failed; see {report.manifest}",
            file=sys.stderr,
        )
    return 1 if report.failed else 0


def _classify(options: argparse.Namespace) -> int:
    with _imports():
        from coursekit import classify, encoders, features, video

    clear = (
        ValueError, OSError, features.FeaturesError, encoders.WeightsError, video.VideoError, *features.ERRORS
    )  # fmt: skip
    try:
        encoder = options.encoder
        if options.weights != "pretrained":
            encoder = encoders.load(encoder, weights=options.weights, device=options.device, start=False)
        report = classify.run(
            options.films, options.out, model=options.model, encoder=encoder, fps=options.fps, by=options.by,
            lists=options.splits, split=options.split, device=options.device,
            progress=not options.quiet,
        )  # fmt: skip
    except KeyboardInterrupt:
        print("\nstopped: finished features are kept, and the same command goes on", file=sys.stderr)
        return 130
    except clear as error:
        print(f"coursekit classify: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    for warning in report.warnings:
        print(f"warning: {' '.join(warning.split())}", file=sys.stderr)
    if not options.quiet:
        for name, accuracy in report.accuracies.items():
            print(f"{name}: {accuracy}")
        print(f"see {report.folder / 'report.html'}")
    return 0


def _add_classify(commands: Any) -> None:
    about = "train a classifier on labelled films, and measure it on people that it has not seen"
    ends = "DIR gets report.html, card.md, model.npz and answers.csv. Features are cached, and used again."
    command = commands.add_parser("classify", help=about, description=about, epilog=ends)
    command.add_argument(
        "films", metavar="FOLDER", help="a subfolder for each class; or a table: path, label, group"
    )
    command.add_argument("--out", required=True, metavar="DIR", help="where the report goes")
    command.add_argument(
        "--model", default="mean", metavar="NAME", help="mean (default), changes, gru, convolution"
    )
    command.add_argument(
        "--encoder",
        default="efficientnet_lite0",
        metavar="NAME",
        help="which network: such as swin3d_t, timm/NAME, hf/OWNER/NAME (%(default)s)",
    )
    command.add_argument(
        "--weights", default="pretrained", metavar="W",
        help="of the encoder: a file with its state dict, random, or pretrained (default)",
    )  # fmt: skip
    command.add_argument(
        "--fps", type=_rate, default=Fraction(4), metavar="F", help="rows in a second (%(default)s)"
    )
    command.add_argument(
        "--by", choices=("group", "film"), default="group", help="what stays on one side of a split"
    )
    command.add_argument("--splits", metavar="DIR", help="the official lists of UCF101 or HMDB51")
    command.add_argument("--split", type=_count, default=1, metavar="N", help="which of them (%(default)s)")
    command.add_argument("--device", metavar="D", help="cpu, cuda, cuda:1, mps; the best one otherwise")
    command.add_argument("--quiet", action="store_true", help="print warnings and errors only")
    command.set_defaults(run=_classify)


def _count(text: str) -> int:
    """1 or more."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number, 1 or more, got {text!r}")
    return int(text)


def _whole(text: str) -> int:
    """0 or more."""
    return 0 if text == "0" else _count(text)


def _percent(text: str) -> float:
    """From 0 to 100."""
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"expected a percentage from 0 to 100, got {text!r}")
    return value


def _rate(text: str) -> Fraction:
    """29.97 as well as 30000/1001, exactly."""
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(
            f"expected frames per second, such as 29.97 or 30000/1001, got {text!r}"
        ) from None


def _add_features(commands: Any) -> None:
    about = "turn each video into a file of features (T x k); started again, it does what is missing"
    command = commands.add_parser("features", help=about, description=about)
    command.add_argument(
        "videos", nargs="*", metavar="VIDEO", help="a file, or a folder of videos, with its subfolders"
    )
    command.add_argument(
        "--list", metavar="FILE",
        help="a text with one path a line, or a CSV table with a column path (and label, group)",
    )  # fmt: skip
    command.add_argument("--out", required=True, metavar="DIR", help="where the feature files go")
    command.add_argument(
        "--encoder",
        default="efficientnet_lite0",
        metavar="NAME",
        help="which network: such as swin3d_t, timm/NAME, hf/OWNER/NAME (%(default)s)",
    )
    which = command.add_mutually_exclusive_group()
    which.add_argument("--fps", type=_rate, metavar="F", help="this many frames per second")
    which.add_argument("--every", type=int, default=1, metavar="N", help="every n-th frame")
    command.add_argument(
        "--track", type=_whole, metavar="N", help="which video track of files with several: 0, 1, ..."
    )
    command.add_argument(
        "--format", default="hdf5", metavar="F", help="hdf5, npy (with a json beside it) or safetensors"
    )
    command.add_argument("--device", metavar="D", help="cpu, cuda, cuda:1, mps; the best one otherwise")
    command.add_argument(
        "--precision", default="auto", metavar="P",
        help="float32, float16 or bfloat16; auto (default) takes float16 on a GPU where it is near enough",
    )  # fmt: skip
    command.add_argument(
        "--decoder", default="pyav", metavar="NAME",
        help="pyav (default), or torchcodec: decodes on the device if it is a GPU (not run on one so far)",
    )  # fmt: skip
    who = command.add_mutually_exclusive_group()
    who.add_argument(
        "--decoders", type=_whole, default=0, metavar="N",
        help="decode in N processes, which feed one network, for a GPU that waits for frames; "
        "0 (default): in this process",
    )  # fmt: skip
    who.add_argument("--workers", type=int, metavar="N", help="share the work among N processes")
    who.add_argument("--scheduler", metavar="ADDRESS", help="give it to the workers of a dask scheduler")
    command.add_argument("--quiet", action="store_true", help="say nothing but what went wrong")
    command.set_defaults(run=_features)


def _handin_check(options: argparse.Namespace) -> int:
    from coursekit import handin

    try:
        report = handin.examine(options.file, _handouts())
    except (handin.HandinError, ImportError, ValueError, RuntimeError, OSError) as error:
        print(f"coursekit submit-check: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    print(report.text)
    return report.code


def _handouts() -> Any:
    """The assignments as students get them: from the published package, or from the masters here."""
    if not importlib.util.find_spec("coursekit.grading"):
        from coursekit import handin

        return handin.handouts()
    from coursekit.grading import assignment, rebuild, release

    return [rebuild.handout(master, release.stubs(master)) for master in assignment.every()]


def _add_handin_check(commands: Any) -> None:
    about = "check the notebook of an assignment before you hand it in: whole, filled in, what is missing"
    ends = (
        "Nothing in the notebook is run. Exit code: 0 it is whole and nothing is empty, 1 there is something "
        "to look at, 2 it cannot be read."
    )
    command = commands.add_parser("submit-check", help=about, description=about, epilog=ends)
    command.add_argument("file", metavar="FILE", help="the saved notebook, such as conv3d.ipynb")
    command.set_defaults(run=_handin_check)


def _grade(options: argparse.Namespace) -> int:
    try:
        from coursekit.grading import assignment, batch, report, results
    except ImportError as error:
        print(f'coursekit grade: error: {error}: pip install "coursekit[grading]"', file=sys.stderr)
        return 2
    try:
        rules = report.rules(
            options.deadline,
            options.late,
            options.late_most,
            options.grace,
            options.attempts,
            options.trust_files or None,
        )
        return report.run(
            assignment.find(options.assignment, options.masters), options.submissions, options.out,
            seconds=options.seconds, memory=options.memory, quiet=options.quiet,
            student=options.student, regrade=options.regrade, db=options.db, workers=options.workers,
            scheduler=options.scheduler, rules=rules, times=options.times, release=options.release,
            exports=[
                results.Export(name, Path(path), options.column or "", options.preliminary)
                for name in ("canvas", "moodle", "blackboard")
                if (path := getattr(options, name))
            ],
        )  # fmt: skip
    except KeyboardInterrupt:
        print(
            "\nstopped: each grade that was written is kept; the same command grades the rest",
            file=sys.stderr,
        )
        return 130
    except (*batch.ERRORS, OSError) as error:
        print(f"coursekit grade: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def _add_grade(commands: Any) -> None:
    about = "grade what students handed in, in a sandbox; started again, it grades what is missing"
    command = commands.add_parser("grade", help=about, description=about)
    command.add_argument(
        "assignment", metavar="ASSIGNMENT", help="its name, or the path of its master notebook"
    )
    command.add_argument(
        "submissions", nargs="*", metavar="SUBMISSIONS",
        help="folders, zips, notebooks; without any, pages and tables are written again, with marks by hand",
    )  # fmt: skip
    command.add_argument(
        "--out", default="grades", metavar="DIR", help="where the gradebook is (%(default)s)"
    )
    command.add_argument("--student", metavar="ID", help="name of the student, for a single notebook")
    command.add_argument("--regrade", action="store_true", help="grade all again, after a test was repaired")
    command.add_argument(
        "--db", metavar="URL", help="the gradebook's database, such as postgresql://host/name"
    )
    when = command.add_argument_group("late submissions and several attempts (kept for the next time)")
    when.add_argument(
        "--deadline",
        metavar="TIME",
        help='"2026-11-20 23:59" (local time), "2026-11-20 23:59+01:00" or "none"',
    )
    when.add_argument(
        "--late", type=_percent, metavar="PERCENT", help="of the points, taken off for each day begun (0)"
    )
    when.add_argument("--late-most", type=_percent, metavar="PERCENT", help="taken off at most (100)")
    when.add_argument("--grace", type=_whole, metavar="MINUTES", help="after the deadline without a loss (0)")
    when.add_argument(
        "--trust-files", action="store_true", help="take points off by the times of files and zips, too"
    )
    when.add_argument(
        "--attempts", choices=("latest", "best"), help="which of several attempts counts (latest)"
    )
    when.add_argument(
        "--times", metavar="CSV", help="times of handing in, columns student and time, before those of files"
    )
    marks = command.add_argument_group("giving marks back")
    marks.add_argument(
        "--canvas", metavar="CSV", help="Canvas's exported gradebook: a copy with the marks is written"
    )
    marks.add_argument("--moodle", metavar="CSV", help="Moodle's grading worksheet: the same")
    marks.add_argument("--blackboard", metavar="CSV", help="Blackboard's column: the same")
    marks.add_argument(
        "--column", metavar="NAME", help="the assignment's column there (found by its name or title)"
    )
    marks.add_argument(
        "--preliminary", action="store_true", help="fill in marks also where one by hand is missing"
    )
    marks.add_argument(
        "--release", action="store_true", help="copy the students' pages to DIR/released, to give them out"
    )
    command.add_argument(
        "--seconds", type=_count, default=60, metavar="S", help="time limit of a cell (%(default)s)"
    )
    command.add_argument(
        "--memory", type=_count, default=2048, metavar="MB", help="memory limit of a submission (%(default)s)"
    )
    who = command.add_mutually_exclusive_group()
    who.add_argument("--workers", type=_count, metavar="N", help="number of processes (one for each core)")
    who.add_argument("--scheduler", metavar="ADDRESS", help="the workers of a dask scheduler instead")
    command.add_argument(
        "--masters", metavar="DIR",
        help="folder of the assignments (notebooks/assignments here, in a folder above, or in the checkout)",
    )  # fmt: skip
    command.add_argument("--quiet", action="store_true", help="print only what went wrong")
    command.set_defaults(run=_grade)


def parser() -> argparse.ArgumentParser:
    """The command line: each subcommand sets `run`, a function from its options to the exit code."""
    top = argparse.ArgumentParser(prog="coursekit", description="Helpers of the course on video analysis.")
    top.add_argument("--version", action="version", version=f"coursekit {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    about = "check this machine: versions, device, ffmpeg, data, weights, memory, disk"
    command = commands.add_parser("doctor", help=about, description=about)
    command.set_defaults(run=_doctor)
    _add_features(commands)
    _add_classify(commands)
    _add_handin_check(commands)
    if importlib.util.find_spec("coursekit.grading"):  # not in the students' course
        _add_grade(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        arguments: the command line after the program's name; None takes that of this process.

    Returns:
        The exit code.
    """
    options = parser().parse_args(arguments)
    code: int = options.run(options)
    return code
