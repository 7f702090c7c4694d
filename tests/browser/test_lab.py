"""Each notebook in JupyterLab, as a learner without a mouse uses it: every slider, question and button."""

import ast
import re
import shutil
import symtable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_output
from support import lab
from support.legs import ALL_LEGS, examples
from support.scratch import code, save, text

from coursekit import predict
from coursekit.predict import bank

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# This one has all that can move: sliders that hold their pictures and live ones, explorers, questions.
MOVING = "03"
EACH = pytest.mark.parametrize(
    "path", examples(NOTEBOOKS, lambda path: path.name.startswith(MOVING), lambda path: path.stem)
)

pytestmark = pytest.mark.browser

RECALLED = ("recall-time-of-frame", "recall-frame-order", "recall-kernel-channels")
SMALL = [
    text("# A small notebook"),
    code("import torch\nfrom coursekit import predict, show, widgets"),
    code("ramp = torch.arange(160, dtype=torch.uint8).expand(3, 90, 160)"),
    code("widgets.explore(lambda shift: show.frame(ramp + shift, title=f'Shift {shift}'), shift=(0, 90))"),
    code("widgets.explore(lambda side: show.frame(ramp, title=f'Side {side}'), side=['left', 'right'])"),
    *(code(f'predict.ask("{name}")') for name in RECALLED),
]


@pytest.fixture(scope="module")
def running(chromium, tmp_path_factory):
    """JupyterLab on a copy of the notebooks, with two small ones."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    scratch = tmp_path_factory.mktemp("jupyter")
    lab.trust(scratch, NOTEBOOKS)
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
    with lab.jupyterlab(folder, scratch) as server:
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
LIVE = "ck-live"  # in the output of a slider that asks the kernel


def reads_and_makes(source):
    """The global names that a cell reads, and those that it defines or changes by `name[...] =`."""
    source = re.sub(r"^(\s*)[%!].*", r"\1pass", source, flags=re.MULTILINE)
    top = symtable.symtable(source, "cell", "exec")
    makes = {name.get_name() for name in top.get_symbols() if name.is_assigned() or name.is_imported()}
    reads, scopes = set(), [top]
    for scope in scopes:
        scopes += scope.get_children()
        names = [name for name in scope.get_symbols() if name.is_referenced()]
        reads |= {name.get_name() for name in names if scope is top or name.is_global()}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            makes |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return reads, makes


def behind_live_sliders(path):
    """The code cells with live sliders, and those that define what these use: numbers, from 0."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    numbers, wanted = [], set()
    for number, cell in reversed(list(enumerate(cells))):
        reads, makes = reads_and_makes(cell.source)
        if LIVE in str(cell.outputs) or makes & wanted:
            numbers.insert(0, number)
            wanted |= reads
    return numbers


@EACH
def test_what_moves_in_a_notebook_works_in_jupyterlab(running, page, screenshot, path):
    """In a trusted notebook what is stored works. Only the cells behind live sliders are run.

    nbval runs every cell (tests/notebooks).
    """
    notebook = lab.open_notebook(page, running, f"notebooks/{path.name}")
    check_ran(notebook.run(None if ALL_LEGS else behind_live_sliders(path)))
    cells = notebook.cells()
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
    for number, prediction in enumerate(predictions if ALL_LEGS else lab.of_each_kind(predictions), start=1):
        wrong, right = lab.answer(prediction)
        assert wrong
        assert right != wrong
        if number == 1:
            prediction.scroll_into_view_if_needed()
            screenshot(f"{path.stem}-question")
    for number, frame in enumerate(notebook.frames().all(), start=1):
        if lab.press_buttons(frame.content_frame, "Check"):  # which was pressed with each answer
            frame.scroll_into_view_if_needed()
            screenshot(f"{path.stem}-buttons-{number}")
    assert notebook.errors == []


def test_a_cell_is_run_when_a_live_slider_depends_on_it(tmp_path):
    cells = [
        code("%matplotlib inline\nfrom coursekit import predict, show, widgets"),
        code("def brighter(frame, by):\n    other = frame + by\n    return other"),
        code("frame, other = load(), load()"),
        code("frame[0] = 255"),
        code("predict.reveal('a-shape', slow(other).shape)"),
        code("widgets.explore(lambda by: show.frame(brighter(frame, by)), by=(0, 9))"),
        code("other = slow(other)"),
        code("predict.ask('a-shape')"),
    ]
    cells[5].outputs = [new_output("display_data", {"text/html": f"<div class={LIVE}>"})]
    assert behind_live_sliders(save(tmp_path / "some.ipynb", *cells)) == [0, 1, 2, 3, 5]


def test_a_notebook_that_is_opened_is_not_marked_as_changed_and_a_learner_meets_no_grader(running, page):
    shutil.copy(NOTEBOOKS[0], running.folder / "first.ipynb")  # no other test has left a kernel for it
    notebook = lab.open_notebook(page, running, "first.ipynb")
    page.wait_for_function("panel.context.model.metadata.language_info.version !== undefined")
    assert page.evaluate("panel.context.model.dirty") is False
    assert "Nbgrader" not in page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert page.get_by_text("Validate", exact=True).count() == 0
    assert page.get_by_text("Jupyter news").count() == 0
    assert not notebook.errors


def test_there_is_a_notebook_with_a_slider_and_one_with_a_question():
    sources = [path.read_text(encoding="utf-8") for path in NOTEBOOKS]
    assert any("widgets.explore(" in source for source in sources)
    assert any("predict." in source for source in sources)


@pytest.mark.again
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
    asked = [bank.question(name) for name in RECALLED]
    assert rate[1] == f"Right: {asked[0].shown}. {asked[0].why}"
    assert shape[1] == f"Right: {asked[1].shown}. {asked[1].why}"
    assert choice[0] == f"Not this one. {next(iter(asked[2].mistakes.values()))}"
    assert choice[1] == f"Right. {asked[2].why}"
    screenshot("lab-small")
    assert notebook.errors == []


SLIDERS = [
    *SMALL[1:3],
    code("widgets.explore(lambda row: show.frame(ramp, title=f'Held {row}'), row=(0, 5))"),
    code(
        "widgets.explore(lambda row, by: show.frame(ramp, title=f'Live {row} {by}'), row=(0, 5), by=(1, 3))"
    ),
]
MISSING = "widget model not found"  # what ipywidgets writes to the console


def check_reopened(notebook, screenshot, name):
    """A live slider is a picture with a sentence; nothing that is dead can be seen."""
    page, still = notebook.page, notebook.page.locator(".ck-live")
    still.wait_for()
    page.wait_for_timeout(1000)  # ipywidgets gives up
    screenshot(name)
    assert still.get_by_text("Run this cell to move the sliders.").is_visible()
    assert still.locator("img").get_attribute("alt").startswith("Live 0 1.")
    assert still.locator("img").bounding_box()["width"] > 300
    dead = page.get_by_text("Error displaying widget").all() + page.locator(".noUi-handle").all()
    assert not [part for part in dead if part.is_visible()]
    assert [error for error in notebook.errors if MISSING not in error] == []


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(True, id="with the state of widgets"),
        pytest.param(False, id="without it", marks=pytest.mark.again),
    ],
)
def test_a_saved_notebook_shows_its_sliders_pictures_with_a_new_kernel(running, page, screenshot, state):
    """JupyterLab saves the state of widgets where `make lab` starts it, others do not."""
    name = f"sliders-{state}.ipynb"
    running.saves_widgets(state)
    file = save(running.folder / name, *SLIDERS)
    notebook = lab.open_notebook(page, running, name)
    check_ran(notebook.run())
    still, held = page.locator(".ck-live"), page.locator(".ck-slider")
    assert not still.is_visible(), "the live sliders stand in its place"
    notebook.save_and_end()
    assert ("widgets" in nbformat.read(file, as_version=4).metadata) == state

    notebook = lab.open_notebook(page, running, name)
    check_reopened(notebook, screenshot, f"lab-sliders-{state}")
    held.locator("input").press("ArrowRight")
    assert held.locator("img").get_attribute("alt").startswith("Held 1.")
    notebook.run([0, 1, 3])
    live = notebook.explorers().last
    live.wait_for()
    assert not still.is_visible()
    assert notebook.move(live, 1)[1].startswith("Live 0 2.")

    notebook.save_and_end()
    file.write_text(file.read_text().replace("import torch", "import torch  # changed elsewhere"))
    notebook = lab.open_notebook(page, running, name)
    check_reopened(notebook, screenshot, f"lab-sliders-{state}-untrusted")
    assert held.locator("img").get_attribute("alt").startswith("Held 0.")
    assert held.inner_text().strip() == "", "no dead slider"


def test_before_a_notebook_is_trusted_a_question_can_be_read_and_its_answer_opened(running, page, screenshot):
    """JupyterLab removes frames and scripts from the outputs of a notebook that the reader has not run."""
    notebook = lab.open_notebook(page, running, "untrusted.ipynb")
    ask, reveal, answers = page.locator(".jp-OutputArea-output").all()
    assert notebook.frames().count() == 0
    for words in ("How many channels does the result have?", "three channels", "Run this cell to answer"):
        assert ask.get_by_text(words).first.is_visible(), words
    why = bank.question("recall-kernel-channels").why
    for output, summary in (
        (ask, "Show the answer"),
        (reveal, "Compare with your prediction"),
        (answers, "The answers to all"),
    ):
        assert not output.get_by_text(why).first.is_visible(), "folded"
        output.get_by_text(summary).first.click()
        assert output.get_by_text(why).first.is_visible()
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
