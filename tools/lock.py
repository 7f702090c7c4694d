"""Make `requirements.lock` from pyproject.toml: `make lock`. For those who maintain the course.

The lock holds one exact version of every package, for Linux, macOS and Windows and for Python 3.10 to
3.13 at once. uv chooses the versions; it is not part of the course's environment.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STUDENT_LOCK = "tools/publish/templates/student/requirements.lock"

# The one place where the versions of PyTorch are chosen. Linux on ARM stays with the last ones whose wheels
# come without NVIDIA's libraries.
TORCH_PINS = (
    "torch==2.14.1 ; platform_machine != 'aarch64'",
    "torchvision==0.29.1 ; platform_machine != 'aarch64'",
    "torch==2.9.1 ; platform_machine == 'aarch64'",
    "torchvision==0.24.1 ; platform_machine == 'aarch64'",
)

# jsonschema would check addresses with it, which nothing here asks for. Each program that imports nbformat
# would load it: it builds a grammar for two seconds.
LEFT_OUT = "rfc3987-syntax ; python_version < '3'"


def compile_lock(root: Path, options: list[str]) -> None:
    """Write `requirements.lock` and the students' lock; the old ones stay until the new ones are complete.

    Args:
        root: the checkout.
        options: further options of `uv pip compile`, such as "--upgrade".

    Raises:
        FileNotFoundError: uv is not installed.
        subprocess.CalledProcessError: uv could not find a set of versions; its message is on the terminal.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise FileNotFoundError(
            "uv is not in PATH. Install it beside the course, for example with `pipx install uv`"
        )
    lock = root / "requirements.lock"
    with tempfile.TemporaryDirectory(dir=root, prefix=".lock-") as folder:
        pins, new, overrides = (Path(folder, name) for name in ("torch.txt", "requirements.lock", "out.txt"))
        pins.write_text("\n".join(TORCH_PINS) + "\n", encoding="utf-8")
        overrides.write_text(f"{LEFT_OUT}\n", encoding="utf-8")
        shutil.copy(lock, new)  # without --upgrade, uv keeps the versions that stand in the file it writes
        compiled = [uv, "pip", "compile", "--universal", "--python-version", "3.10", "--extra", "lab"]
        compiled += ["--overrides", str(overrides), "--no-header", "--no-annotate", "--quiet"]
        command = [*compiled, "--extra", "test", "--constraint", str(pins)]
        subprocess.run([*command, *options, "pyproject.toml", "-o", str(new)], cwd=root, check=True)
        # The students' lock has neither tests nor grader, but what installs the checkout itself.
        student_lock, build = Path(folder, "student.lock"), Path(folder, "build.txt")
        build.write_text("hatchling\neditables\n", encoding="utf-8")
        command = [*compiled, "--extra", "fast", "--constraint", str(new)]
        subprocess.run(
            [*command, "pyproject.toml", str(build), "-o", str(student_lock)], cwd=root, check=True
        )
        student_lock.replace(root / STUDENT_LOCK)
        new.replace(lock)


def main() -> int:
    """Command line: `python -m tools.lock [--upgrade]`; returns the exit code."""
    try:
        compile_lock(ROOT, sys.argv[1:])
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        print(f"requirements.lock is unchanged: {error}", file=sys.stderr)
        return 1
    print("requirements.lock is made. See what has changed: git diff --stat requirements.lock")
    return 0


if __name__ == "__main__":
    sys.exit(main())
