"""The import rule of CONTRIBUTING.md: what breaks it is seen, and private files stay private."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# What another package takes from a private file, with the reason.
ALLOWED = {
    ("explorer", "show._figure"): "both draw figures of one style; learners have no use for it",
    ("show", "video._source"): "the player asks one opened file several questions",
    ("features", "video._open"): "it says at once that a video is missing, before the network is loaded",
    ("features", "video._decoder"): "its estimate reads what a file's head promises, and decodes nothing",
    ("features", "video._torchcodec"): "its option `decoder`; readers of videos have the one decoder",
    ("doctor", "video._skvideo"): "it looks for the programs ffmpeg and ffprobe",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """import-linter on a copy of the packages."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path):
    """The packages' Python files, and their import rule."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("coursekit", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.html"))
    return tmp_path


PLANTED = {
    "upwards": ("coursekit/layout.py", "from coursekit import show", "coursekit.layout -> coursekit.show"),
    "sideways": ("coursekit/train.py", "import coursekit.motion", "coursekit.train -> coursekit.motion"),
    "tools": (
        "coursekit/video/_reader.py",
        "import tools.install",
        "coursekit.video._reader -> tools.install",
    ),
    "circle": ("coursekit/show/_frames.py", "import coursekit.show._player", "._player -> ._frames"),
    "no level": ("coursekit/new_idea.py", "", "coursekit.new_idea"),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", PLANTED)
def test_an_import_that_breaks_the_rule_is_seen_and_named(copy, what):
    name, line, said = PLANTED[what]
    with (copy / name).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    answer = lint(copy)
    assert answer.returncode == 1
    assert said in answer.stdout


@pytest.mark.slow
def test_the_packages_keep_the_rule(copy):
    answer = lint(copy)
    assert answer.returncode == 0, answer.stdout


def private_imports() -> set[tuple[str, str]]:
    """(package, private file of another package that it imports), without tools and tests."""
    taken = set()
    for path in sorted((ROOT / "coursekit").rglob("*.py")):
        own = path.relative_to(ROOT / "coursekit").parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("coursekit."):
                for name in node.names:
                    parts = f"{node.module}.{name.name}".split(".")[1:]
                    hidden = next((i for i, part in enumerate(parts[1:], 1) if part.startswith("_")), None)
                    if hidden and parts[0] not in (own, "_shared"):
                        taken.add((own, ".".join(parts[: hidden + 1])))
    return taken


def test_private_files_are_imported_by_other_packages_only_as_listed():
    assert private_imports() == set(ALLOWED)
