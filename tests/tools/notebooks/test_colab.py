"""The rehearsal on Colab: what it must notice; and the rehearsal itself, where there is time for it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook, new_output
from support.legs import ALL_LEGS
from support.scratch import code, save, stored

from coursekit import explorer, predict
from coursekit.predict import bank
from tools.notebooks import colab, kernel
from tools.notebooks.notebook import read
from tools.publish import links

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MASTERS = sorted((ROOT / "notebooks").glob("assignments/*/*.ipynb"))


# ---------------------------------------------------------------- what it must notice


def test_a_changed_or_lost_package_is_named():
    before = {"numpy": "2.0.2", "torch": "2.11.0"}
    assert colab.compare(before, {**before, "av": "18.1.0"}) == ["av 18.1.0"]
    with pytest.raises(colab.RehearsalError, match=r"numpy 2\.0\.2 -> 2\.1\.0.*lower bounds"):
        colab.compare(before, {**before, "numpy": "2.1.0"})
    with pytest.raises(colab.RehearsalError, match=r"torch 2\.11\.0 -> gone"):
        colab.compare(before, {"numpy": "2.0.2"})


def small_colab(folder: Path) -> Path:
    """The Python of a small Colab, made in a second: it has what this environment has, but not coursekit."""
    venv.create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").write_text(colab.STAND_IN)
    outer = Path(next(path for path in sys.path if path.endswith("site-packages")))
    for entry in outer.iterdir():  # links to all packages; an editable coursekit is a .pth, and left out
        name = entry.name.lower()
        own = "coursekit" in name or name.startswith(("_editable", "__pycache__"))
        if not own and entry.suffix != ".pth" and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> Path:
    """A small Colab, in which no test installs coursekit."""
    return small_colab(tmp_path_factory.mktemp("colab") / "venv")


def notebook(folder: Path, *cells) -> Path:
    return save(folder / "small.ipynb", *cells)


PIP = """
import sys
from pathlib import Path
if Path("no-network").exists():
    sys.exit("no network")
Path("coursekit").mkdir()
Path("coursekit/__init__.py").touch()
Path("coursekit/data.py").touch()
"""  # what `python -m pip` runs in the kernels' folder
PUBLISHED = links.Place("school/videos", "term-1")


def set_up(python: Path, scratch: Path, at: links.Place, before: str) -> tuple[bool, str]:
    """Run the set-up cell in a new kernel; whether the next cell ran as well, and all that was shown."""
    cells = [new_code_cell(source) for source in (before or "1", links.setup_cell(at), "print('went on')")]
    client = NotebookClient(
        new_notebook(cells=cells),
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernel.of_python(python, scratch)),
        resources={"metadata": {"path": str(scratch)}},
    )
    client.owns_km = True
    with contextlib.suppress(CellExecutionError):
        client.execute(env=kernel.environment(scratch / "home"))
    shown = [str(output.get("text", output)) for cell in cells for output in cell.outputs]
    return "went on\n" in shown, "".join(shown)


COLAB, KAGGLE = "import google.colab", "import os; os.environ['KAGGLE_KERNEL_RUN_TYPE'] = 'Interactive'"
MAKE_LAB = "UsageError: The course is not installed here: run `make lab` in its folder."


@pytest.mark.parametrize(
    ("before", "at", "there", "sentence"),
    [
        ("", PUBLISHED, "", MAKE_LAB),
        ("", PUBLISHED, "coursekit/_data", MAKE_LAB),  # as an editable installation leaves it
        (KAGGLE, PUBLISHED, "no-network", "UsageError: pip failed, see above. On Kaggle, switch on Settings"),
        (COLAB, links.PLACEHOLDER, "no-network", "UsageError: Not published yet. Its author runs"),
    ],
    ids=["on a reader's computer", "beside a removed installation", "without network", "before publication"],
)
def test_a_set_up_that_fails_ends_in_one_sentence_and_stops_run_all(
    python, tmp_path, before, at, there, sentence
):
    (tmp_path / "pip.py").write_text(PIP)
    if there:
        (tmp_path / there).mkdir(parents=True)
    went_on, shown = set_up(python, tmp_path, at, before)
    assert not went_on
    assert sentence in shown
    assert "Traceback" not in shown
    assert not (tmp_path / "coursekit" / "data.py").exists()


@pytest.mark.parametrize("before", [COLAB, KAGGLE])
def test_a_set_up_on_colab_or_kaggle_installs_the_course_and_goes_on(python, tmp_path, before):
    (tmp_path / "pip.py").write_text(PIP)
    went_on, shown = set_up(python, tmp_path, links.PLACEHOLDER, before)
    assert went_on, shown
    assert (tmp_path / "coursekit" / "data.py").exists()


def test_a_small_environment_has_no_coursekit(python):
    assert "coursekit" not in colab.versions(python)
    assert colab.versions(python)["numpy"] == colab.versions(Path(sys.executable))["numpy"]


def test_a_set_up_that_installs_nothing_is_seen(python, tmp_path):
    """As when the address is wrong: %pip fails, and IPython goes on."""
    path = notebook(tmp_path, code("%pip install -q no-such-package-of-this-course --no-index"), code("1"))
    with pytest.raises(colab.RehearsalError, match=r"the set-up failed[\s\S]*No module named 'coursekit'"):
        colab.install(python, path, tmp_path / "scratch")


def test_a_checkout_on_the_path_is_seen(python, tmp_path):
    path = notebook(
        tmp_path, code(f"import sys\nsys.path.insert(0, {str(ROOT)!r})"), code("import coursekit")
    )
    with pytest.raises(colab.RehearsalError, match="not from what the set-up cell installed"):
        colab.install(python, path, tmp_path / "scratch")


def test_another_output_an_error_and_a_lost_file_are_seen(python, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(colab, "install", lambda *arguments: [])
    folder = tmp_path / "content"
    folder.mkdir()
    good = save(tmp_path / "good.ipynb", stored("print(6 * 7)", "42\n", 1))
    colab.play(python, good, folder)
    with pytest.raises(colab.RehearsalError, match="shows something else"):
        colab.play(python, save(tmp_path / "other.ipynb", stored("print(6 * 7)", "43\n", 1)), folder)
    with pytest.raises(colab.RehearsalError, match="No module named 'google_of_colab'"):
        colab.play(python, save(tmp_path / "error.ipynb", code("import google_of_colab")), folder)
    with pytest.raises(colab.RehearsalError, match="FileNotFoundError"):
        colab.play(python, save(tmp_path / "file.ipynb", code("open('../data/README.md')")), folder)
    assert colab.rehearse([good], python) is True
    littering = save(tmp_path / "litter.ipynb", stored("_ = open('left.txt', 'w')\nprint(1)", "1\n", 1))
    assert colab.rehearse([good, littering], python) is False
    assert "litter.ipynb: left files behind: left.txt" in capsys.readouterr().out


ASKED = "recall-kernel-channels"
SHOWN = {
    f'predict.ask("{ASKED}")': predict.ask(ASKED).html,
    "explorer.convolution(3)": explorer.convolution(3).html,
}


def showing(*html):
    """A notebook with a question and an explorer that show this."""
    cells = [code(source) for source in SHOWN]
    for cell, one in zip(cells, html, strict=True):
        cell.outputs = [new_output("display_data", {"text/html": one})]
    return new_notebook(cells=cells)


def test_what_is_lost_where_frames_are_removed_is_named():
    question, picture = SHOWN.values()
    assert colab.lost_with_frames(showing(question, picture)) == []
    text, option, why = "How many channels", "<li>three channels</li>", bank.question(ASKED).why
    all_of_it = [text, "single", "three", "nine", "answer cannot be opened"]
    framed, scripted = (
        [f"<{tag} {tag}='x'>{html}" for html in SHOWN.values()] for tag in ("iframe", "script")
    )
    for faulty, lines in {
        (question.replace(text, "What"), picture): [text],
        (question.replace(option, ""), picture): ["'three channels' is not visible"],
        (question.replace(why, ""), picture): ["the answer cannot be opened"],
        (question.replace("<details", "<div"), picture): ["the answer cannot be opened"],
        (question, picture.replace("<img", "<b")): ["explorer.convolution (id"],
        (framed[0], picture): all_of_it,
        (question, framed[1]): ["no picture"],
        tuple(scripted): [*all_of_it, "no picture"],
    }.items():
        found = colab.lost_with_frames(showing(*faulty))
        assert len(found) == len(lines), found
        for line, part in zip(found, lines, strict=True):
            assert part in line


def test_the_stored_lectures_are_whole_where_frames_are_removed():
    lost = {path.name: colab.lost_with_frames(read(path)) for path in NOTEBOOKS}
    assert {name: lines for name, lines in lost.items() if lines} == {}


def test_the_rehearsal_refuses_a_notebook_that_is_not_whole_without_frames(python, tmp_path):
    source = f"from IPython.display import HTML\nHTML('<iframe></iframe>')  # predict.ask('{ASKED}')"
    with pytest.raises(colab.RehearsalError, match=r"not whole where frames are removed\n.*is not visible"):
        colab.play(python, save(tmp_path / "frame.ipynb", code(source)), tmp_path)


def git(*arguments):
    return subprocess.run(["git", *map(str, arguments)], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("source", [(ROOT,), ("--depth=1", ROOT.as_uri())], ids=["whole", "shallow"])
def test_git_reads_this_commit_where_the_set_up_cell_says(tmp_path, source):
    """Also from a shallow clone, which CI often has; git is called as pip calls it."""
    root, clone = tmp_path / "checkout", tmp_path / "clone"
    git("clone", "-q", *source, root)
    (tmp_path / "stand-in").mkdir()
    variables = colab.publication(tmp_path / "stand-in", root)
    place = links.place()
    address = f"https://github.com/{place.repository}"
    command = ["git", "clone", "-q", "--filter=blob:none", "--branch", place.branch, address, str(clone)]
    subprocess.run(command, env={**os.environ, **variables}, check=True, timeout=60)
    trees = [git("-C", folder, "rev-parse", "HEAD^{tree}") for folder in (ROOT, root, clone)]
    assert trees[0] == trees[1] == trees[2]
    assert (clone / "pyproject.toml").read_bytes() == (root / "pyproject.toml").read_bytes()


# ---------------------------------------------------------------- the rehearsal itself


@pytest.mark.colab
@pytest.mark.alone(seconds=40)
@pytest.mark.skipif(
    not (os.environ.get("CI") or ALL_LEGS), reason="pip needs the internet: runs in CI, and by make test-all"
)
def test_the_set_up_cell_installs_the_course_and_a_lecture_runs_without_a_checkout(tmp_path, capfd):
    """With this environment's versions; the lecture has explorers, and sliders of both kinds."""
    lecture = next(path for path in NOTEBOOKS if path.name.startswith("03"))
    assert colab.rehearse([lecture], small_colab(tmp_path / "venv")), "".join(capfd.readouterr())


@pytest.mark.colab
@pytest.mark.again
@pytest.mark.alone(seconds=600)
@pytest.mark.skipif(sys.version_info[:2] not in ((3, 11), (3, 12)), reason="no wheels of Colab's versions")
def test_the_course_runs_with_the_versions_of_colab(capfd):
    """So does the workflow `colab`, for each pull request."""
    assert colab.rehearse([*NOTEBOOKS, *MASTERS]), "".join(capfd.readouterr())
