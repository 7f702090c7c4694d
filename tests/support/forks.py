"""Processes that begin with the course's packages loaded: a fork of one that has imported them.

To import PyTorch and the encoders takes four seconds of each new process. A test that starts and kills many
processes of its own, and is not about how they start, forks them.
"""

import multiprocessing
import sys
from collections.abc import Sequence
from multiprocessing.process import BaseProcess

METHOD = "forkserver" if sys.platform == "linux" else "spawn"  # macOS does not survive such a fork
LOADED = [
    "coursekit.cli", "coursekit.features", "coursekit.encoders", "distributed", "onnxruntime", "timm",
    "torchvision",
]  # fmt: skip


def serve() -> None:
    """From now on, processes that are started by `METHOD`, by dask too, have everything loaded."""
    multiprocessing.get_context(METHOD).set_forkserver_preload(LOADED)


def start(arguments: Sequence[str]) -> BaseProcess:
    """Start `coursekit` with these arguments in a fork; its exit code is the command's."""
    process = multiprocessing.get_context(METHOD).Process(target=_run, args=(list(arguments),))
    process.start()
    return process


def _run(arguments: list[str]) -> None:
    from coursekit import cli

    sys.exit(cli.main(arguments))
