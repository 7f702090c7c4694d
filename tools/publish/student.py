"""Makes the students' course: a whole tree, ready to push to the public repository. `make publish`.

    python -m tools.publish.student [FOLDER] [--repository OWNER/NAME] [--branch NAME]

Lectures, package and data as they are, without the grader and the tests; assignments without solutions and
hidden tests; a README and an environment of its own; links that lead to the public repository.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from coursekit._shared._files import atomic_folder, is_foreign
from coursekit.grading import release
from coursekit.grading.assignment import Master, MasterError, every
from tools.notebooks.notebook import NotebookError
from tools.publish import links
from tools.publish.links import LinkError, Place

ROOT = Path(__file__).resolve().parents[2]
STUDENT = Path(__file__).parent / "templates" / "student"
COMMANDS = ("help", "setup", "lab", "doctor", "repair", "clean")
MARK = ".published"  # a folder with this file was made here and may be made anew
AS_THEY_ARE = ("data", "environment.yml", "CITATION.cff", "LICENSE", "LICENSE-TEXTS", ".gitignore")
NOT_FOR_STUDENTS = ("coursekit/grading",)
NEEDED = ("tools/install.py",)  # by the students' `make lab`
_JUNK = ("__pycache__", ".ipynb_checkpoints", ".DS_Store")


class PublishError(Exception):
    """The tree cannot be made; the message says why. What was there is as it was."""


def publish(
    target: Path, repository: str | None = None, branch: str | None = None, root: Path = ROOT
) -> None:
    """Make the students' course.

    Args:
        target: the folder to make: empty, or one that this has made; a `.git` folder in it is kept.
        repository: where it will be public, as "owner/name"; None takes `[tool.coursekit]` of pyproject.toml.
        branch: of that repository; None takes the same.
        root: the checkout.

    Raises:
        PublishError: there is no public repository yet, or the folder holds something else.
        LinkError: the repository or the branch can be none.
        MasterError, RuntimeError: an assignment is not in order.
    """
    old = links.place(root)
    new = links.checked(repository or old.repository, branch or old.branch)
    if new.repository == links.PLACEHOLDER.repository:
        raise PublishError(
            f"the links need the public repository, not {new.repository!r}: give --repository owner/name, "
            "or say once where the course is public, make links REPOSITORY=owner/name"
        )
    if is_foreign(target, MARK):
        raise PublishError(f"{target} holds something that was not published here: choose an empty folder")
    with atomic_folder(target, keep=".git") as made:
        _fill(made, root, new)
        _stamp(made, old, new)


def _fill(made: Path, root: Path, published: Place) -> None:
    for name in AS_THEY_ARE:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, made / name, ignore=shutil.ignore_patterns(*_JUNK))
        else:
            made.mkdir(exist_ok=True)
            shutil.copy(source, made / name)
    for path in _package(root):
        copy(root, made, path)
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        copy(root, made, path)
    found = every(root / "notebooks" / "assignments")
    for master in found:
        write_release(master, made)
    shutil.copy(STUDENT / "requirements.lock", made / "requirements.lock")
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    (made / "Makefile").write_text(_commands(makefile), encoding="utf-8")
    pyproject = (root / "pyproject.toml").read_text(encoding="utf-8")
    (made / "pyproject.toml").write_text(_for_students(pyproject), encoding="utf-8")
    readme = (STUDENT / "README.md").read_text(encoding="utf-8")
    course_map = _table_of((root / "README.md").read_text(encoding="utf-8"), "The course map")
    readme = readme.replace("<!-- map -->", course_map).replace(
        "<!-- assignments -->", _table(found, published)
    )
    (made / "README.md").write_text(readme, encoding="utf-8")
    (made / MARK).write_text("Made by `make publish`: changes here are lost.\n", encoding="utf-8")


def _package(root: Path) -> Iterator[Path]:
    """The files of the package that students get."""
    for path in sorted([*(root / "coursekit").rglob("*"), *(root / name for name in NEEDED)]):
        name = path.relative_to(root).as_posix()
        kept = not name.startswith(tuple(f"{folder}/" for folder in NOT_FOR_STUDENTS))
        if path.is_file() and kept and not set(_JUNK) & set(path.parts) and path.suffix != ".pyc":
            yield path


def copy(root: Path, made: Path, path: Path) -> None:
    """Copy a file of the checkout `root` to the same place in the tree `made`."""
    target = made / path.relative_to(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def place_of(master: Master) -> str:
    """Where an assignment lies, in the checkout and in what is published."""
    return f"notebooks/assignments/{master.name}/{master.name}.ipynb"


def write_release(master: Master, made: Path) -> str:
    """Write an assignment as students get it to its place in the tree `made`; returns that place."""
    path = place_of(master)
    (made / path).parent.mkdir(parents=True)
    release.write(master, made / path)
    return path


def _stamp(made: Path, old: Place, new: Place) -> None:
    """Let links and the install line lead to the public repository."""
    for path in made.rglob("*"):
        if path.suffix in (*links.STAMPED, ".yml"):
            path.write_text(links.moved(path.read_text(encoding="utf-8"), old, new), encoding="utf-8")


def _for_students(pyproject: str) -> str:
    """pyproject.toml without the extras and the tools of those who make the course."""
    extras = r"^(?:#[^\n]*\n)*(?:grading|site|test|bench) = \[(?:[^\n\]]*\]|[\s\S]*?^\])\n"
    tools = r"^\[+tool\.(?:mypy|pytest)[\s\S]*?(?=^\[(?!\[?tool\.(?:mypy|pytest))|\Z)"
    return re.sub(tools, "", re.sub(extras, "", pyproject, flags=re.M), flags=re.M).rstrip() + "\n"


def _commands(makefile: str) -> str:
    """The Makefile with the students' commands only."""
    parts = []
    for part in makefile.strip().split("\n\n"):
        target = re.match(r"([a-z-]+):", part)
        if not target or target[1] in COMMANDS:
            parts.append(re.sub(r"^\.PHONY:.*$", f".PHONY: {' '.join(COMMANDS)}", part, flags=re.M))
    return "\n\n".join(parts) + "\n"


def _table_of(text: str, title: str) -> str:
    """The table under a heading."""
    lines = text.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0].split("\n")
    return "\n".join(line for line in lines if line.startswith("|"))


def _table(found: list[Master], at: Place) -> str:
    lines = ["| assignment | points | Colab |", "| --- | --- | --- |"]
    for master in found:
        path = place_of(master)
        title = master.cells[0].source.split("\n")[0].lstrip("# ")
        points = master.points + sum(cell.points for cell in master.written)
        link = f"{at.colab}{path}"
        lines.append(f"| [{title}]({path}) | {points:g} | [open]({link}) |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools.publish.student", description="Make the students' course.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist" / "student", metavar="FOLDER")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="where it will be public")
    parser.add_argument("--branch", metavar="NAME")
    chosen = parser.parse_args(arguments)
    try:
        publish(chosen.folder, chosen.repository, chosen.branch)
    except (PublishError, LinkError, MasterError, NotebookError, OSError, RuntimeError) as error:
        print(f"publish: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    print(f"The students' course is in {chosen.folder}: look at it, then push it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
