"""Small wheels, and the build backend of a small project: real pip installs both without a network.

Tests copy this file into the project, whose pyproject.toml names it (`backend-path`).
"""

import os
import tempfile
import time
import zipfile
from pathlib import Path


def make(folder, name, files, scripts=""):
    """Write the wheel of version 1.0 of a package that consists of these files; returns the file's name."""
    info = f"{name}-1.0.dist-info"
    texts = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{scripts}\n",
    }
    texts[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*texts, f"{info}/RECORD"))
    with zipfile.ZipFile(Path(folder, f"{name}-1.0-py3-none-any.whl"), "w") as wheel:
        for path, text in texts.items():
            wheel.writestr(path, text)
    return f"{name}-1.0-py3-none-any.whl"


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """What pip calls for `pip install --editable`; with TEST_HANGS it waits, to be interrupted."""
    Path("temporary.txt").write_text(tempfile.gettempdir())
    if "TEST_HANGS" in os.environ:
        Path("hangs").touch()
        time.sleep(600)
    return make(wheel_directory, "course", {"course.pth": str(Path.cwd())})
