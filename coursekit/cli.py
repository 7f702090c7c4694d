"""The command `coursekit`, also `python -m coursekit`: one subcommand for each thing that it can do."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from coursekit import __version__


def _doctor(options: argparse.Namespace) -> int:
    # Imported here: a subcommand must not need what only another one uses.
    from coursekit import doctor

    return doctor.report(doctor.examine(), sys.stdout)


def parser() -> argparse.ArgumentParser:
    """The command line: each subcommand sets `run`, a function from its options to the exit code."""
    top = argparse.ArgumentParser(prog="coursekit", description="Helpers of the course on video analysis.")
    top.add_argument("--version", action="version", version=f"coursekit {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    about = "check this machine: versions, device, ffmpeg, data, weights, memory, disk"
    command = commands.add_parser("doctor", help=about, description=about)
    command.set_defaults(run=_doctor)
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
