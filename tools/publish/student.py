"""Make the students' course: a whole tree, ready to push to the public repository. `make publish`.

    python -m tools.publish.student [FOLDER] [--repository OWNER/NAME] [--branch NAME] [--no-solutions]

Lectures, the worked solutions of their exercises, package and data as they are, without the grader and the
tests; assignments without solutions and hidden tests; a README, a Makefile and a pyproject.toml of their own,
in `templates/student`; links that lead to the public repository.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from coursekit import handin
from coursekit._shared._files import atomic_folder, is_foreign
from coursekit.grading import rebuild, release
from coursekit.grading.assignment import Assignment, AssignmentError, every
from tools.notebooks.notebook import NotebookError, read, write
from tools.publish import links
from tools.publish.links import LinkError, Place

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = Path(__file__).parent / "templates" / "student"  # these name the placeholder, links.PLACEHOLDER
MARK = ".published"  # a folder with this file was made here and may be replaced
AS_THEY_ARE = (
    ".devcontainer",
    "data",
    "environment.yml",
    "CITATION.cff",
    "LICENSE",
    "LICENSE-TEXTS",
    ".gitignore",
)
SOLUTIONS = "notebooks/solutions"  # of the exercises in the lectures; they may be left out
NOT_FOR_STUDENTS = ("coursekit/grading", "tools/lab/learner")  # the latter is about nbgrader
TOOLS = ("tools/install.py", "tools/lab")  # what the students' `make lab` needs
_SOLUTION_LINK = re.compile(r"\n*\[[^\]]*\]\(solutions/[^)]*\)(?: \(\[on Colab\]\([^)]*\)\))?\.?")
_JUNK = ("__pycache__", ".ipynb_checkpoints", ".DS_Store")


class PublishError(Exception):
    """The tree cannot be made; the message gives the reason. An older tree is unchanged."""


def publish(
    target: Path,
    repository: str | None = None,
    branch: str | None = None,
    root: Path = ROOT,
    *,
    solutions: bool = True,
) -> None:
    """Make the students' course.

    Args:
        target: the folder to make: empty, or one that this function made. Its `.git` stays. If the program
            is killed while it replaces an older folder, that one is in `TARGET.coursekit-previous`, and the
            next call goes on from there (`atomic_folder`).
        repository: where it will be public, as "owner/name"; None takes `[tool.coursekit]` of pyproject.toml.
        branch: of that repository; None takes the same.
        root: the checkout.
        solutions: whether the worked solutions of the lectures' exercises are published; without them, the
            links to them are left out, too.

    Raises:
        PublishError: there is no public repository yet, or the folder holds something else.
        LinkError: the repository or the branch has a name that GitHub does not allow.
        AssignmentError, RuntimeError: an assignment has an error.
    """
    old = links.place(root)
    new = links.checked(repository or old.repository, branch or old.branch)
    if new.repository == links.PLACEHOLDER.repository:
        raise PublishError(
            f"the links need the public repository, not {new.repository!r}: give --repository owner/name, "
            "or write it into pyproject.toml once with make links REPOSITORY=owner/name"
        )
    if is_foreign(target, MARK):
        raise PublishError(f"{target} holds something that was not published here: choose an empty folder")
    with atomic_folder(target, keep=".git") as tree:
        _copy_course(root, tree)
        if solutions:
            shutil.copytree(root / SOLUTIONS, tree / SOLUTIONS, ignore=shutil.ignore_patterns(*_JUNK))
        else:
            _drop_solution_links(tree)
        assignments = every(root / "notebooks" / "assignments")
        for assignment in assignments:
            write_release(assignment, tree)
        _write_handouts(assignments, tree)
        for path in tree.rglob("*"):
            if path.suffix in (*links.STAMPED, ".yml"):
                path.write_text(links.moved(path.read_text(encoding="utf-8"), old, new), encoding="utf-8")
        _write_templates(tree, assignments, new)
        (tree / MARK).write_text("Made by `make publish`: changes here are lost.\n", encoding="utf-8")


def _copy_course(root: Path, tree: Path) -> None:
    """Copy what students get unchanged: data, licences, the package, the lectures."""
    tree.mkdir()
    for name in AS_THEY_ARE:
        if (root / name).is_dir():
            shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns(*_JUNK))
        else:
            shutil.copy(root / name, tree / name)
    for path in (*package_files(root), *sorted((root / "notebooks").glob("*.ipynb"))):
        copy(root, tree, path)


def _drop_solution_links(tree: Path) -> None:
    """Take the links to the solutions out of the lectures, and the line that holds nothing else."""
    for path in (tree / "notebooks").glob("*.ipynb"):
        notebook = read(path)
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = _SOLUTION_LINK.sub("", cell.source)
        write(path, notebook)


def package_files(root: Path) -> Iterator[Path]:
    """The Python code that students get."""
    code = [path for name in ("coursekit", *TOOLS) for path in (root / name, *(root / name).rglob("*"))]
    for path in sorted(code):
        name = path.relative_to(root).as_posix()
        hidden = name.startswith(tuple(f"{folder}/" for folder in NOT_FOR_STUDENTS))
        if path.is_file() and not hidden and not set(_JUNK) & set(path.parts) and path.suffix != ".pyc":
            yield path


def copy(root: Path, tree: Path, path: Path) -> None:
    """Copy a file of the checkout `root` to the same place in the folder `tree`."""
    target = tree / path.relative_to(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def place_of(assignment: Assignment) -> str:
    """Where an assignment lies, in the checkout and in what is published."""
    return f"notebooks/assignments/{assignment.name}/{assignment.name}.ipynb"


def write_release(assignment: Assignment, tree: Path) -> str:
    """Write an assignment as students get it to its place in the folder `tree`; returns that place."""
    path = place_of(assignment)
    (tree / path).parent.mkdir(parents=True)
    release.write(assignment, tree / path)
    return path


def _write_handouts(assignments: list[Assignment], tree: Path) -> None:
    """Write what `handin` needs to know of the assignments into the students' package."""
    path = tree / "coursekit" / "handin" / handin.FILE.name
    handin.save(path, [rebuild.handout(each, release.stubs(each)) for each in assignments])


def _write_templates(tree: Path, assignments: list[Assignment], place: Place) -> None:
    """Write the students' own README, Makefile, pyproject.toml and lock."""
    for template in sorted(TEMPLATES.iterdir()):
        text = template.read_text(encoding="utf-8")
        text = text.replace("<!-- assignments -->", _assignment_table(assignments))
        (tree / template.name).write_text(links.moved(text, links.PLACEHOLDER, place), encoding="utf-8")


def _assignment_table(assignments: list[Assignment]) -> str:
    rows = ["| assignment | points | open in |", "| --- | --- | --- |"]
    for assignment in assignments:
        path = place_of(assignment)
        title = assignment.cells[0].source.split("\n")[0].lstrip("# ")
        points = assignment.points + sum(cell.points for cell in assignment.written)
        there = links.PLACEHOLDER
        doors = f"[Colab]({there.colab}{path}), [Kaggle]({there.kaggle}{path})"
        rows.append(f"| [{title}]({path}) | {points:g} | {doors} |")
    return "\n".join(rows)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools.publish.student", description="Make the students' course.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist" / "student", metavar="FOLDER")
    parser.add_argument("--repository", metavar="OWNER/NAME", help="where it will be public")
    parser.add_argument("--branch", metavar="NAME")
    parser.add_argument(
        "--no-solutions", action="store_true", help="leave out the worked solutions of the exercises"
    )
    options = parser.parse_args(arguments)
    try:
        publish(options.folder, options.repository, options.branch, solutions=not options.no_solutions)
    except (PublishError, LinkError, AssignmentError, NotebookError, OSError, RuntimeError) as error:
        print(f"publish: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    print(f"The students' course is in {options.folder}: look at it, then push it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
