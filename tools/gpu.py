"""The course on a GPU: it shows the stored outputs, which were made on a CPU.

    python -m tools.gpu [PYTEST OPTION ...]        (make test-gpu)

Runs the tests marked `gpu`: nbval on every notebook, with `COURSE_DEVICE=cuda`, and the tests that need CUDA.
Without a GPU it prints "skipped" with the reason and returns 0; it does not say that something passed. With
`COURSEKIT_REQUIRE_GPU=1`, for a machine that should have a GPU, a missing one is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys

import torch


def missing() -> str | None:
    """Why this machine cannot run the tests that need CUDA; None if it can."""
    if torch.cuda.is_available():
        return None
    version = f"PyTorch {torch.__version__}"
    if torch.version.cuda is None:
        return f"no CUDA: {version} is built without it"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        return f"no CUDA device: CUDA_VISIBLE_DEVICES={hidden!r} hides all"
    return (
        f"no CUDA device: {version}, built for CUDA {torch.version.cuda}, finds no NVIDIA GPU with a driver"
    )


def main(options: list[str] | None = None) -> int:
    """Run the tests; the exit code is pytest's, or 0 (1 if a GPU is required) where there is no GPU."""
    reason = missing()
    if reason is not None:
        required = os.environ.get("COURSEKIT_REQUIRE_GPU", "") not in ("", "0")
        if required:
            print(f"failed: a GPU is required, but there is {reason}", file=sys.stderr)
            return 1
        print(f"skipped: {reason}; nothing was tested")
        return 0
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}", flush=True)
    command = [sys.executable, "-m", "pytest", "-m", "gpu", *(sys.argv[1:] if options is None else options)]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
