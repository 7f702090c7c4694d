"""Every link of the course leads somewhere, and one command moves them all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from support.scratch import code, save, text

from tools.publish import links

ROOT = Path(__file__).resolve().parents[3]
HERE = links.Place("school/videos", "term-1")
COLAB = "https://colab.research.google.com/github/school/videos/blob/term-1"
KAGGLE = "https://www.kaggle.com/kernels/welcome?src=https://github.com/school/videos/blob/term-1"


@pytest.mark.slow
def test_each_link_of_the_course_leads_somewhere():
    assert links.problems() == []


@pytest.fixture
def course(tmp_path) -> Path:
    """A small course with nothing wrong."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.coursekit]\nrepository = "school/videos"\nbranch = "term-1"\n'
    )
    (tmp_path / "README.md").write_text(
        "# Films\n\n## The map!\n\n[map](#the-map) [one](notebooks/1.ipynb) "
        f"[on Colab]({COLAB}/notebooks/1.ipynb)\n"
        "[code](https://github.com/school/videos/tree/term-1/notebooks) `[no](link)`\n"
    )
    notebook = "notebooks/1.ipynb"
    cells = [
        text(f"# One\n\n{HERE.doors(notebook)}\n\n[up](../README.md#the-map), [down](#one)"),
        code(f"{links.setup_cell(HERE)}\n\nfrom coursekit import data"),
        code("print(1)"),
    ]
    save(tmp_path / notebook, *cells)
    return tmp_path


def edit(path: Path, before: str, after: str) -> None:
    content = path.read_text()
    assert before in content
    path.write_text(content.replace(before, after))


def test_a_small_course_has_nothing_wrong(course):
    assert links.problems(course) == []


NO_FILE = "leads to no file of this tree"
DOOR_1, DOOR_2 = (f"Colab]({COLAB}/notebooks/{n}." for n in (1, 2))
KAGGLE_1, KAGGLE_2 = (f"https://github.com/school/videos/blob/term-1/notebooks/{n}." for n in (1, 2))
OTHER_DOOR = "opens something else than this notebook"
FAULTS = {
    "copied line": ("1.ipynb", DOOR_1, DOOR_2, OTHER_DOOR),
    "copied Kaggle link": ("1.ipynb", KAGGLE_1, KAGGLE_2, OTHER_DOOR),
    "missing line": ("1.ipynb", "Open in [Colab]", "Run on [Colab]", "0 lines in the first cell"),
    "missing door": ("1.ipynb", " or [Codespaces](", " or (", OTHER_DOOR),
    "line of another branch": ("1.ipynb", "blob/term-1", "blob/main", OTHER_DOOR),
    "codespace of another place": ("1.ipynb", "new/school/", "new/shool/", OTHER_DOOR),
    "picture on another server": ("1.ipynb", "[down](", "![down](https://a.b/c.svg) [down](", "embed it"),
    "set-up of another place": ("1.ipynb", "school/videos@term-1", "a/b@main", "not begin with the set-up"),
    "a cell that installs": ("1.ipynb", "print(1)", "%pip install einops", "installs something"),
    "dangling anchor": ("1.ipynb", "md#the-map", "md#the-plan", "no such heading in README.md"),
    "dangling anchor inside": ("1.ipynb", "(#one)", "(#two)", "#two: there is no such heading in 1.ipynb"),
    "anchor of a README": ("README.md", "(#the-map)", "(#The-map)", "#The-map: there is no such heading"),
    "missing file": ("README.md", "(notebooks/1.ipynb)", "(notebooks/3.ipynb)", NO_FILE),
    "out of the tree": ("README.md", "(notebooks/1.ipynb)", "(../../../etc/passwd)", NO_FILE),
    "colab, missing file": ("README.md", "term-1/notebooks/1", "term-1/notebooks/3", NO_FILE),
    "colab, another place": ("README.md", "github/school/", "github/shool/", "not where the course is"),
    "colab, no notebook": ("README.md", "notebooks/1.ipynb)\n", "README.md)\n", "Colab opens notebooks only"),
    "kaggle, missing file": ("README.md", "`[no](link)`", f"[x]({KAGGLE}/notebooks/3.ipynb)", NO_FILE),
    "kaggle, another place": (
        "README.md",
        "`[no](link)`",
        f"[x]({KAGGLE}-b/notebooks/1.ipynb)",
        "not where the course is",
    ),
    "kaggle, no notebook": (
        "README.md",
        "`[no](link)`",
        f"[x]({KAGGLE}/README.md)",
        "Kaggle opens notebooks",
    ),
    "codespaces, another place": (
        "README.md",
        "`[no](link)`",
        "[x](https://codespaces.new/school/videos?quickstart=1)",
        "not where the course is",
    ),
    "github, missing folder": ("README.md", "tree/term-1/notebooks", "tree/term-1/notebook", NO_FILE),
    "anchor of a folder": ("README.md", "term-1/notebooks)", "term-1/notebooks#x)", "only a text or a"),
    "badge of no workflow": (
        "README.md",
        "`[no](link)`",
        "![x](https://github.com/school/videos/actions/workflows/t.yml/badge.svg)",
        NO_FILE,
    ),
    "html": ("README.md", "`[no](link)`", '<img src="gone.png">', f"gone.png {NO_FILE}"),
    "placeholder": ("README.md", "`[no](link)`", "see OWNER/REPO", "still names OWNER/REPO"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_the_only_one_reported(course, fault):
    name, before, after, said = FAULTS[fault]
    path = course / ("notebooks" if name.endswith(".ipynb") else "") / name
    edit(path, before, after)
    found = links.problems(course)
    assert said in found[0], found
    assert {each.split(": ")[0] for each in found} == {path.relative_to(course).as_posix()}


def test_a_link_that_markdown_does_not_make_is_none(course):
    """markdown-it makes no link of javascript: addresses; in HTML they are refused."""
    edit(course / "README.md", "`[no](link)`", "[x](javascript:alert(1))")
    assert links.problems(course) == []
    edit(course / "README.md", "[x](javascript:alert(1))", '<a href="javascript:alert(1)">x</a>')
    assert ["unknown scheme" in found for found in links.problems(course)] == [True]


def test_headings_are_named_as_github_names_them():
    markdown = "# A *b* `c_d`: 3 x 3!\n\n## Map\n\n### Map\n\nMap\n---\n\n```\n# no heading\n```\n"
    assert links.Page(markdown).anchors == ["a-b-c_d-3-x-3", "map", "map-1", "map-2"]


# ---------------------------------------------------------------- moving


def copied(folder: Path) -> Path:
    """The course itself, without what git ignores."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if Path(name).suffix in links.STAMPED or name.startswith((".github/", "data/", "LICENSE")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in ("coursekit", "tests"):
        (folder / name).mkdir(exist_ok=True)
    return folder


@pytest.mark.slow
def test_one_command_moves_every_link_and_moves_it_back(tmp_path):
    old = links.place()
    tree = copied(tmp_path / "course")
    before = {path: path.read_bytes() for path in links.files(tree)}
    command = [sys.executable, "-m", "tools.publish.links", "--root", str(tree)]
    there = subprocess.run(
        [*command, "--repository", "school/videos", "--branch", "term-1"], capture_output=True, text=True
    )
    assert there.returncode == 0, there.stderr
    assert "All links are right.\n" in there.stdout
    changed = {path for path in before if path.read_bytes() != before[path]}
    masters = set((tree / "notebooks").rglob("*.ipynb"))
    assert changed >= masters | {tree / "README.md", tree / "pyproject.toml"}
    for path in changed:
        assert old.repository not in path.read_text(encoding="utf-8"), path
    for path in masters:
        nbformat.validate(nbformat.read(path, as_version=4))
    back = subprocess.run(
        [*command, "--repository", old.repository, "--branch", old.branch], capture_output=True, text=True
    )
    assert back.returncode == 0, back.stderr
    assert {path: path.read_bytes() for path in before} == before


def test_an_interrupted_move_is_seen_and_goes_on(course, monkeypatch):
    real, calls = links.write_text, []

    def fails(path, text):
        calls.append(path)
        if len(calls) == 2:
            raise OSError("disk full")
        real(path, text)

    monkeypatch.setattr(links, "write_text", fails)
    new = links.Place("new/place", "main")
    with pytest.raises(OSError, match="disk full"):
        links.stamp(course, new)
    assert links.place(course) == HERE, "pyproject.toml, which says what is still to be moved, is the last"
    assert links.problems(course)
    monkeypatch.setattr(links, "write_text", real)
    links.stamp(course, new)
    assert links.problems(course) == []
    assert links.place(course) == new


def test_only_the_own_place_is_moved():
    others = "github.com/school/videos2 github.com/school/videos-old github.com/pytorch/pytorch@term-1 "
    own = 'https://github.com/school/videos/issues git+https://github.com/school/videos@term-1"'
    new = links.Place("a/b.c", "x/y")
    assert links.moved(others, HERE, new) == others
    assert links.moved(own, HERE, new) == 'https://github.com/a/b.c/issues git+https://github.com/a/b.c@x/y"'
    assert links.moved(HERE.doors("n.ipynb"), HERE, new) == new.doors("n.ipynb")
    other_branch = f"{COLAB}-b/notebooks/1.ipynb"
    assert "term-1-b" in links.moved(other_branch, HERE, new)


@pytest.mark.parametrize(
    ("repository", "branch", "said"),
    [
        ("https://github.com/a/b", "main", "not its address"),
        ("videos", "main", "owner and name"),
        ("a/b/c", "main", "owner and name"),
        ('a/b"', "main", "owner and name"),
        ("a/b", "", "cannot be the name"),
        ("a/b", "my branch", "cannot be the name"),
        ("a/b", "a..b", "cannot be the name"),
        ("a/b", "-x", "cannot be the name"),
    ],
)  # fmt: skip
def test_a_name_that_github_does_not_allow_is_refused(course, capsys, repository, branch, said):
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    with pytest.raises(links.LinkError, match=said):
        links.checked(repository, branch)
    if branch:
        place = ["--repository", repository, f"--branch={branch}"]
        assert links.main(["--root", str(course), *place]) == 2
        assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in course.rglob("*") if path.is_file()} == before


def test_with_the_placeholder_the_command_says_what_to_run(course, capsys):
    assert links.main(["--root", str(course)]) == 0
    assert capsys.readouterr().out == "All links are right.\n"
    links.stamp(course, links.PLACEHOLDER)
    assert links.main(["--root", str(course)]) == 0
    assert "make links REPOSITORY=OWNER/NAME BRANCH=NAME" in capsys.readouterr().out
    edit(course / "README.md", "(#the-map)", "(#plan)")
    assert links.main(["--root", str(course)]) == 1
    assert "README.md: #plan" in capsys.readouterr().err
