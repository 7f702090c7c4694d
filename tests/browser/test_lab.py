"""Each notebook in JupyterLab, as a learner without a mouse uses it: every slider, question and button."""

import ast
import os
import re
import shutil
import symtable
from pathlib import Path

import nbformat
import pytest
from support import lab
from support.scratch import code, save, text

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])

pytestmark = pytest.mark.browser

SMALL = [
    text("# A small notebook"),
    code("import torch\nfrom coursekit import predict, show, widgets"),
    code("ramp = torch.arange(160, dtype=torch.uint8).expand(3, 90, 160)"),
    code("widgets.explore(lambda shift: show.frame(ramp + shift, title=f'Shift {shift}'), shift=(0, 90))"),
    code("widgets.explore(lambda side: show.frame(ramp, title=f'Side {side}'), side=['left', 'right'])"),
    code("predict.number('One frame at 50 fps?', answer=20, unit='ms', because={50: 'That is the rate.'})"),
    code(
        "predict.shape('A clip of 16 frames', answer=(16, 3, 90, 160), because={(3, 16, 90, 160): 'CTHW.'})"
    ),
    code("predict.choice('Rows?', {'H': 'Height counts rows.', 'W': 'Width counts columns.'}, answer='H')"),
]


@pytest.fixture(scope="module")
def running(chromium, tmp_path_factory):
    """JupyterLab on a copy of the notebooks, with two small ones."""
    folder = tmp_path_factory.mktemp("course")
    if NOTEBOOKS:
        shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    save(folder / "small.ipynb", *SMALL)
    far_end = "widgets.explore(lambda n: show.frame(ramp[:, : 2 - n]), n=(0, 2), start={'n': 1})"
    save(
        folder / "broken.ipynb",
        *SMALL[1:3],
        code(far_end),
        code("1 / 0"),
        text("![a](https://example.org/a.png)"),
    )
    with lab.jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as server:
        yield server


def check_ran(cells):
    """Every code cell was executed, in order, without an error."""
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        bad = [out for out in cell["outputs"] if out["output_type"] == "error" or out.get("name") == "stderr"]
        assert not bad or "raises-exception" in cell["metadata"].get("tags", []), (cell["source"], bad)


def answer(prediction):
    """Give a wrong answer, read why it is wrong, then give the answer that the page can reveal.

    Of a deck of questions, that is its first.
    """
    form = prediction.content_frame
    below = prediction.locator("xpath=following-sibling::details[1]")
    right = below.locator("strong").first.text_content()
    if form.get_by_role("radio").count():
        options = form.locator("fieldset label").all_inner_texts()
        wrong = next(text.strip() for text in options if text.strip() != right)
    else:
        wrong = "(7, 7)" if right.startswith("(") else "7777777"
    told = []
    for given, verdict in ((wrong, "bad"), (right, "good")):
        if form.get_by_role("radio").count():
            form.get_by_label(given, exact=True).press("Space")
            form.get_by_role("button", name="Check").press("Enter")
        else:
            form.get_by_role("textbox").fill(given)
            form.get_by_role("textbox").press("Enter")
        form.locator(f"#feedback.{verdict}").wait_for()
        told.append(form.get_by_role("status").inner_text())
    return told


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


def behind_what_moves(path):
    """The code cells with something to click, and those that define what these use: numbers, from 0."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    numbers, wanted = [], set()
    for number, cell in reversed(list(enumerate(cells))):
        reads, makes = reads_and_makes(cell.source)
        if re.search(r"\b(widgets|predict|explorer)\.", cell.source) or makes & wanted:
            numbers.insert(0, number)
            wanted |= reads
    return numbers


@EACH
def test_what_moves_in_a_notebook_works_in_jupyterlab(running, page, screenshot, path):
    """nbval runs every cell (tests/notebooks); here run those that something to click depends on."""
    notebook = lab.open_notebook(page, running, f"notebooks/{path.name}")
    cells = notebook.run(None if os.environ.get("COURSEKIT_ALL_LEGS") else behind_what_moves(path))
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
    assert len(predictions) == sum("predict." in cell["source"] for cell in cells)
    for number, prediction in enumerate(predictions, start=1):
        wrong, right = answer(prediction)
        assert wrong
        assert right != wrong
        prediction.scroll_into_view_if_needed()
        screenshot(f"{path.stem}-prediction-{number}")
    for number, frame in enumerate(notebook.frames().all(), start=1):
        frame.scroll_into_view_if_needed()
        if lab.press_buttons(frame.content_frame, "Check"):  # which was pressed with each answer
            screenshot(f"{path.stem}-buttons-{number}")
    assert notebook.errors == []


def test_a_cell_is_run_when_something_to_click_depends_on_it(tmp_path):
    cells = [
        code("%matplotlib inline\nfrom coursekit import predict, show, widgets"),
        code("def brighter(frame, by):\n    other = frame + by\n    return other"),
        code("frame, other = load(), load()"),
        code("frame[0] = 255"),
        code("print(other.shape)"),
        code("widgets.explore(lambda by: show.frame(brighter(frame, by)), by=(0, 9))"),
        code("other = slow(other)"),
    ]
    assert behind_what_moves(save(tmp_path / "some.ipynb", *cells)) == [0, 1, 2, 3, 5]


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
    rate, shape, choice = map(answer, notebook.predictions().all())
    assert rate[1] == "Right: 20 ms."
    assert shape[1].startswith("Right: (16, 3, 90, 160)")
    assert "Width counts columns." in choice[0]
    assert "Height counts rows." in choice[1]
    screenshot("lab-small")
    assert notebook.errors == []


def test_what_is_broken_is_seen(running, page, screenshot):
    notebook = lab.open_notebook(page, running, "broken.ipynb")
    cells = notebook.run()
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        check_ran(cells)
    with pytest.raises(AssertionError, match="No picture for n = 2"):
        notebook.move(notebook.explorers().first)
    assert "the page asks for https://example.org/a.png" in notebook.errors
    screenshot("lab-broken")
