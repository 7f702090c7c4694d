import json
import re
from pathlib import Path

import pytest
from nbformat.v4 import new_output
from support.scratch import save, stored, text

from tools.notebooks import lint
from tools.notebooks.notebook import WIDGET_VIEW, NotebookError
from tools.notebooks.place import Place

SENTENCE = "A video is a stack of frames, one every forty milliseconds in this clip. "  # 14 words
DOORS = Place("school/videos", "v1").doors("notebooks/01_images.ipynb")


@pytest.fixture
def good(tmp_path) -> Path:
    """A notebook with nothing wrong: 16 code cells, about 1,400 words, the line of links."""
    settings = '[tool.coursekit]\nrepository = "school/videos"\nbranch = "v1"\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    cells = [
        text(f"# Images\n\n{DOORS}\n"),
        text("## Frames\n\n**Time** about 10 minutes to read and run.\n\n" + SENTENCE * 50),
        text("### Time\n\n" + SENTENCE * 50),
    ]
    images = "![Frame 1: a rabbit](a.png) <img alt='b' src='b.png'>"
    cells += [text(f"## Sizes\n\n```python\n# Not a heading\n```\n\n{images}")]
    cells += [stored("x = 1\nprint(x)", "1\n", number) for number in range(1, 17)]
    return save(tmp_path / "notebooks" / "01_images.ipynb", *cells)


def test_a_good_notebook_has_no_problems(good, capsys):
    assert lint.problems(good) == []
    assert lint.main([str(good)]) == 0
    assert capsys.readouterr().out == f"{good}: ok\n"


def _set(cell, **changes):
    cell.update(changes)


def _print(kind):
    return [{"output_type": "stream", "name": kind, "text": ["/tmp/clip.mp4\n"]}]


FAULTS = {
    "unrun": (lambda cells: _set(cells[5], execution_count=None), r"code cell 2 .*was not run"),
    "order": (
        lambda cells: _set(cells[5], execution_count=9),
        r"code cell 2 .*was run as \[9\], not in order",
    ),
    "no output": (
        lambda cells: _set(cells[5], outputs=[]),
        r"code cell 2 .*ends in a value, but has no output",
    ),
    "error": (
        lambda cells: _set(
            cells[4], outputs=[new_output("error", ename="KeyError", evalue="a", traceback=[])]
        ),
        r"code cell 1 .*an exception, perhaps in a widget's callback: KeyError: a",
    ),
    "stderr": (lambda cells: _set(cells[4], outputs=_print("stderr")), r"code cell 1 .*text on stderr"),
    "path": (
        lambda cells: _set(cells[4], outputs=_print("stdout")),
        r"a path of this machine: /tmp/clip.mp4",
    ),
    "widget": (
        lambda cells: _set(
            cells[4], outputs=[new_output("display_data", {WIDGET_VIEW: {}, "text/plain": "x"})]
        ),
        r"code cell 1 .*holds a live widget",
    ),
    "no id": (lambda cells: cells[4].pop("id"), r"cell 5 has no id"),
    "same id": (lambda cells: _set(cells[4], id="cell-2"), r"cell 5 has the id cell-2 of cell 2"),
    "few cells": (
        lambda cells: cells.__delitem__(slice(18, None)),
        r"14 code cells without questions and exercises; a notebook has 15 to 35",
    ),
    "many cells": (
        lambda cells: cells.extend(_more(cells, 20)),
        r"36 code cells without questions and exercises; a notebook has 15 to 35",
    ),
    "wide line": (lambda cells: _set(cells[4], source=f"x = '{'a' * 84}'"), r"a line of 90 characters"),
    "no time": (
        lambda cells: _set(cells[1], source="## Frames\n\n" + SENTENCE * 50),
        r"no reading time: write \*\*Time\*\*",
    ),
    "short time": (
        lambda cells: _set(cells[1], source="## Frames\n\n**Time** about 5 minutes.\n\n" + SENTENCE * 50),
        r"the text says 5 minutes; reading takes 7",
    ),
    "long cell": (
        lambda cells: _set(cells[4], source="x = 1\n" * 26),
        r"code cell 1 .*has 26 lines, more than 25",
    ),
    "long cells": (
        lambda cells: [_set(cell, source="x = 1\n" * 6) for cell in cells[4:13]],
        r"median of 6 lines, more than 5",
    ),
    "few words": (
        lambda cells: _set(cells[1], source="## Frames\n\n**Time** about 5 minutes."),
        r"\d{3} words of text without exercises; a notebook has 1200",
    ),
    "many words": (
        lambda cells: _set(cells[1], source="## Frames\n**Time** about 20 minutes.\n" + SENTENCE * 140),
        r"2\d{3} words of text without exercises; a notebook has 1200",
    ),
    "no links": (
        lambda cells: _set(cells[0], source="# Images"),
        r"0 lines in the first cell say where to open the notebook; write one, .*: " + re.escape(DOORS),
    ),
    "copied links": (
        lambda cells: _set(cells[0], source="# Images\n" + DOORS.replace("01_images", "02_tensors")),
        r"the first cell opens something else than this notebook.* Write: " + re.escape(DOORS),
    ),
    "no alt": (
        lambda cells: _set(cells[3], source="## Sizes\n![ ](a.png)"),
        r"cell 4: an image without alt text",
    ),
    "html no alt": (
        lambda cells: _set(cells[3], source="## Sizes\n<img src='a.png' alt=''>"),
        r"cell 4: an image without alt text: <img src='a.png'",
    ),
    "heading jumps": (
        lambda cells: _set(cells[3], source="## A\n#### B"),
        r"cell 4: a heading of level 4 follows",
    ),
    "two titles": (lambda cells: _set(cells[3], source="# Second"), r"2 titles .* cells \[1, 4\]"),
    "no title": (lambda cells: _set(cells[0], source=DOORS), r"0 titles .*: a notebook has one"),
    "interact": (
        lambda cells: _set(cells[4], source="@ipywidgets.interact(n=3)\ndef f(n):\n    pass"),
        r"code cell 1 .*calls interact: use coursekit.widgets.explore",
    ),
    "Output": (lambda cells: _set(cells[4], source="out = Output()"), r"code cell 1 .*calls Output"),
    "clear": (
        lambda cells: _set(cells[4], source="display.clear_output(True)"),
        r"code cell 1 .*calls clear_output",
    ),
    "semicolon": (
        lambda cells: _set(cells[4], source="plt.plot(x);"),
        r"code cell 1 .*ends in ';', which nbval",
    ),
}


def test_questions_and_exercises_do_not_count(good):
    content = json.loads(good.read_text())
    cells = content["cells"]
    sources = [*["predict.ask('frame-shape')"] * 12, *["def f():\n    ...\n\nexercises.check('f', f)"] * 12]
    for source, cell in zip(sources, _more(cells, 24), strict=True):
        cells.append(cell | {"source": source})
    cells.append(text("## Exercises\n\n" + SENTENCE * 100) | {"id": "exercises"})
    good.write_text(json.dumps(content))
    assert lint.problems(good) == []


def test_a_notebook_of_solutions_may_be_short_and_without_a_reading_time(good):
    content = json.loads(good.read_text().replace("notebooks/01", "notebooks/solutions/01"))
    del content["cells"][2:8]
    content["cells"][1]["source"] = "## Frames"
    for number, cell in enumerate(content["cells"][2:], start=1):
        cell["execution_count"] = number
    folder = good.parent / "solutions"
    folder.mkdir()
    (folder / good.name).write_text(json.dumps(content))
    assert lint.problems(folder / good.name) == []


def _more(cells, count):
    return [
        json.loads(json.dumps(cells[-1])) | {"id": f"m{n}", "execution_count": 17 + n} for n in range(count)
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_the_only_one_reported(good, fault, capsys):
    plant, says = FAULTS[fault]
    content = json.loads(good.read_text())
    plant(content["cells"])
    good.write_text(json.dumps(content))
    found = lint.problems(good)
    assert len(found) == 1, found
    assert re.search(says, found[0], re.DOTALL), found
    assert lint.main([str(good)]) == 1
    assert f"{good}: 1 problems\n  - {found[0]}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("metadata", "says"),
    [
        ({"widgets": {}}, "the metadata holds widgets' state"),
        (
            {"language_info": {"name": "python", "version": "3.11.7"}},
            "the metadata names one machine's Python version",
        ),
    ],
)
def test_metadata_of_one_machine_is_reported(good, metadata, says):
    content = json.loads(good.read_text())
    content["metadata"].update(metadata)
    good.write_text(json.dumps(content))
    assert [problem.split(":")[0] for problem in lint.problems(good)] == [says]


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        ("x", True),
        ("x.shape, y", True),
        ("show.filmstrip(clip)", True),
        ("widgets.explore(draw)\n", True),
        ("predict.number('n', answer=3)", True),
        ("for x in y:\n    print(x)", False),
        ("x = 1", False),
        ("clip.add_(1)", False),
        ("assert x", False),
        ("%pip install x", False),
        ("not - python -", False),
        ("...", False),
        ("", False),
    ],
)
def test_which_cells_must_have_an_output(source, shows):
    assert lint._shows(source) is shows


def test_a_notebook_outside_a_checkout_is_named(tmp_path):
    path = save(tmp_path / "x.ipynb", text("# X"))
    with pytest.raises(NotebookError, match=r"no pyproject\.toml with"):
        lint.problems(path)
    assert lint.main([str(path)]) == 1


def test_the_command_needs_notebooks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert lint.main([]) == 1
    assert "no notebooks/*.ipynb here" in capsys.readouterr().err
