"""Each notebook in JupyterLab, as a learner without a mouse uses it: every slider, question and button."""

import ast
import builtins
import json
import os
import re
import symtable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from support import lab
from support.scratch import code, save, text

from coursekit import predict

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
ALL = os.environ.get("COURSEKIT_ALL_LEGS") == "1"  # all cells, as they are: the workflow `legs`

pytestmark = pytest.mark.browser

SMALL = [
    text("# A small notebook"),
    code("import torch\nfrom coursekit import predict, show, widgets"),
    code("ramp = torch.arange(160, dtype=torch.uint8).expand(3, 90, 160)"),
    code("widgets.explore(lambda shift: show.frame(ramp + shift, title=f'Shift {shift}'), shift=(0, 90))"),
    code("widgets.explore(lambda side: show.frame(ramp, title=f'Side {side}'), side=['left', 'right'])"),
    code('predict.ask("recall-time-of-frame")'),
    code('predict.ask("recall-frame-order")'),
    code('predict.ask("recall-kernel-channels")'),
]


@pytest.fixture(scope="module")
def running(chromium, tmp_path_factory):
    """JupyterLab on a copy of the notebooks, with two small ones."""
    folder = tmp_path_factory.mktemp("course")
    for path in NOTEBOOKS:
        (folder / "notebooks").mkdir(exist_ok=True)
        nbformat.write(as_run(path), folder / "notebooks" / path.name)
    save(folder / "small.ipynb", *SMALL)
    far_end = "widgets.explore(lambda n: show.frame(ramp[:, : 2 - n]), n=(0, 2), start={'n': 1})"
    save(
        folder / "broken.ipynb",
        *SMALL[1:3],
        code(far_end),
        code("1 / 0"),
        text("![a](https://example.org/a.png)"),
    )
    save(folder / "untrusted.ipynb", *map(shown, UNTRUSTED))
    with lab.jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as server:
        yield server


UNTRUSTED = {
    'predict.ask("recall-kernel-channels")': predict.ask("recall-kernel-channels"),
    'predict.reveal("recall-kernel-channels", channels)': predict.reveal(
        "recall-kernel-channels", "a single channel"
    ),
    "predict.answers(2)": predict.answers(2),
}


def shown(source):
    """A cell as it is stored, with what it shows."""
    cell = code(source)
    cell.outputs = [new_output("display_data", UNTRUSTED[source]._repr_mimebundle_())]
    return cell


def check_ran(cells):
    """Every code cell was executed, in order, without an error."""
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        bad = [out for out in cell["outputs"] if out["output_type"] == "error" or out.get("name") == "stderr"]
        assert not bad or "raises-exception" in cell["metadata"].get("tags", []), (cell["source"], bad)


ASKS = re.compile(r"\bpredict\.(ask|shapes)\(")
INTERACTIVE = re.compile(rf"\b(widgets|explorer)\.|{ASKS.pattern}")


def names_of(statement):
    """The global names that a statement reads, those that it defines, and those that it may change."""
    top = symtable.symtable(ast.unparse(statement), "cell", "exec")
    defines = {name.get_name() for name in top.get_symbols() if name.is_assigned() or name.is_imported()}
    reads, scopes = set(), [top]
    for scope in scopes:
        scopes += scope.get_children()
        names = [name for name in scope.get_symbols() if name.is_referenced()]
        reads |= {name.get_name() for name in names if scope is top or name.is_global()}
    changed = [
        node.value
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store)
    ]
    call = getattr(statement, "value", None)
    if isinstance(statement, ast.Expr) and isinstance(getattr(call, "func", None), ast.Attribute):
        changed.append(call.func.value)  # such as `layers.append(...)`
    changes = {node.id for part in changed for node in ast.walk(part) if isinstance(node, ast.Name)}
    if hasattr(statement, "body") and not isinstance(statement, ast.FunctionDef | ast.ClassDef):
        changes |= reads  # a loop or a block may change each through a view
    if not isinstance(
        statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign
    ):  # such as `x += 1`, or an assignment in a loop: what was there before may still count
        defines, changes = set(), changes | defines
    return reads, defines, changes


def needed_of(statements, wanted, fixed, whole=False):
    """The statements that define or change the wanted names (all of them if `whole`).

    Args:
        statements: of one cell.
        wanted: names.
        fixed: names that only a definition changes: modules, and Python's own.
        whole: whether all statements are needed.

    Returns:
        Those statements, and the names that must be there before them.
    """
    needed = []
    for statement in reversed(statements):
        reads, defines, changes = names_of(statement)
        if whole or (defines | (changes - fixed)) & wanted:
            needed.insert(0, statement)
            wanted = (wanted - defines) | reads
    return needed, wanted


def behind_what_moves(path):
    """What each code cell must run for the cells with something to click; empty where it need not run.

    Those cells run whole. Of the others, only the statements run whose results are used there; but a cell
    that shows a frame, such as a player, runs whole or not at all.
    """
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    sources = [re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.MULTILINE) for cell in cells]
    trees = [ast.parse(source).body for source in sources]
    imports = [node for tree in trees for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
    fixed = {*dir(builtins), *(name for node in imports for name in names_of(node)[1])}
    texts, wanted = [], set()
    for cell, tree in reversed(list(zip(cells, trees, strict=True))):
        whole = INTERACTIVE.search(cell.source) is not None
        needed, before = needed_of(tree, wanted, fixed, whole)
        if needed and "<iframe" in json.dumps(cell.outputs):
            whole = True
            needed, before = needed_of(tree, wanted, fixed, whole)
        texts.insert(0, cell.source if whole else "\n".join(map(ast.unparse, needed)))
        wanted = before
    return texts


def as_run(path):
    """A notebook whose cells hold what runs here."""
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, needed in zip(cells, behind_what_moves(path), strict=True):
        cell.source = cell.source if ALL else needed or cell.source
    return notebook


@EACH
def test_what_moves_in_a_notebook_works_in_jupyterlab(running, page, screenshot, path):
    """nbval runs every cell (tests/notebooks); here runs what something to click depends on."""
    notebook = lab.open_notebook(page, running, f"notebooks/{path.name}")
    cells = notebook.run(None if ALL else [n for n, text in enumerate(behind_what_moves(path)) if text])
    check_ran(cells)
    explorers = notebook.explorers().all()
    assert len(explorers) == sum("widgets.explore(" in cell["source"] for cell in cells)
    for number, explorer in enumerate(explorers, start=1):
        for slider in range(explorer.locator(".noUi-handle").count()):
            before, after = notebook.move(explorer, slider)
            assert before, "the picture has an alternative text"
            assert after
        explorer.scroll_into_view_if_needed()
        screenshot(f"{path.stem}-slider-{number}")
    predictions = notebook.predictions().all()
    assert len(predictions) == sum(ASKS.search(cell["source"]) is not None for cell in cells)
    for number, prediction in enumerate(predictions, start=1):
        wrong, right = lab.answer(prediction)
        assert wrong
        assert right != wrong
        if number == 1:
            prediction.scroll_into_view_if_needed()
            screenshot(f"{path.stem}-question")
    for number, frame in enumerate(notebook.frames().all(), start=1):
        frame.scroll_into_view_if_needed()
        if lab.press_buttons(frame.content_frame, "Check"):  # which was pressed with each answer
            screenshot(f"{path.stem}-buttons-{number}")
    assert notebook.errors == []


def test_what_runs_is_what_something_to_click_depends_on(tmp_path):
    player = code("film = load()\nshow.player(film)")
    player.outputs = [new_output("display_data", {"text/html": "<iframe srcdoc=''></iframe>"})]
    imports, define = (
        "from coursekit import predict, show, widgets",
        "def brighter(frame, by):\n    return frame + by",
    )
    fill = "steps = []\nfor n in (1, 2):\n    steps.append(n)\n    last = n"
    explore = "widgets.explore(lambda n: show.frame(brighter(frame, by)), n=steps)"
    cells = [  # each with what of it runs
        (code(f"%matplotlib inline\n{imports}"), imports),
        (code("by = 3"), ""),  # it is defined again, below
        (code(f"@cached\n{define}\n\n\nprint(brighter(1, 2))"), f"@cached\n{define}"),
        (code("frame, other = load(), load()"), "frame, other = (load(), load())"),
        (code("frame[0] = 255\nother = slow(other)"), "frame[0] = 255"),
        (code(fill), fill),
        (
            code("for n in (1, 2):\n    view = frame[n]\n    view[:] = 0"),
            "for n in (1, 2):\n    view = frame[n]\n    view[:] = 0",
        ),
        (code("print(other.shape)"), ""),
        (player, player.source),
        (code("by = slow(steps[-1] + last, film)\nprint(by)"), "by = slow(steps[-1] + last, film)"),
        (code("by += 1\nsteps.append(by)"), "by += 1\nsteps.append(by)"),
        (code(explore), explore),
        (code("other = slow(other)"), ""),
    ]
    path = save(tmp_path / "some.ipynb", *(cell for cell, _ in cells))
    assert behind_what_moves(path) == [text for _, text in cells]


def test_there_is_a_notebook_with_a_slider_and_one_with_a_question():
    sources = [path.read_text(encoding="utf-8") for path in NOTEBOOKS]
    assert any("widgets.explore(" in source for source in sources)
    assert any("predict." in source for source in sources)


def test_a_small_notebook(running, page, screenshot):
    notebook = lab.open_notebook(page, running, "small.ipynb")
    check_ran(notebook.run())
    slider, choices = notebook.explorers().all()
    before, after = notebook.move(slider)
    assert before.startswith("Shift 0")
    assert after.startswith("Shift 1")
    before, after = notebook.move(choices)
    assert before.startswith("Side left")
    assert after.startswith("Side right")
    rate, shape, choice = map(lab.answer, notebook.predictions().all())
    assert rate[1].startswith("Right: 10.01 s. time = number / rate")
    assert shape[1].startswith("Right: (3, 240, 320)")
    assert "They do not stay apart." in choice[0]
    assert "are summed to one number." in choice[1]
    screenshot("lab-small")
    assert notebook.errors == []


def test_before_a_notebook_is_trusted_a_question_can_be_read_and_its_answer_opened(running, page, screenshot):
    """JupyterLab removes frames and scripts from the outputs of a notebook that the reader has not run."""
    notebook = lab.open_notebook(page, running, "untrusted.ipynb")
    ask, reveal, answers = page.locator(".jp-OutputArea-output").all()
    assert notebook.frames().count() == 0
    for words in ("How many channels does the result have?", "three channels", "Run this cell to answer."):
        assert ask.get_by_text(words).first.is_visible(), words
    for output, summary, answer in (
        (ask, "Show the answer", "are summed to one number."),
        (reveal, "Compare with your prediction", "are summed to one number."),
        (answers, "The answers to all", "are summed to one number."),
    ):
        assert not output.get_by_text(answer).first.is_visible(), "folded"
        output.get_by_text(summary).first.click()
        assert output.get_by_text(answer).first.is_visible()
    screenshot("lab-untrusted")


def test_what_is_broken_is_seen(running, page, screenshot):
    notebook = lab.open_notebook(page, running, "broken.ipynb")
    cells = notebook.run()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        check_ran(cells)
    with pytest.raises(AssertionError, match="No picture for n = 2"):
        notebook.move(notebook.explorers().first)
    assert "the page asks for https://example.org/a.png" in notebook.errors
    screenshot("lab-broken")
