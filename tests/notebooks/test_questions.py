"""The questions and exercises of each notebook: enough, in the right places, and no answer too early."""

import re
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from coursekit import predict
from coursekit.predict import ChoiceQuestion, NumberQuestion, ShapeQuestion, bank
from tools.notebooks import leaks, notebook

ROOT = Path(__file__).resolve().parents[2]
LECTURES = {int(path.stem[:2]): path for path in sorted((ROOT / "notebooks").glob("0*.ipynb"))}
EACH = pytest.mark.parametrize("lesson", LECTURES)

# Answers that may be seen early: {question: the reason}. Every other one is an error.
ALLOWED = {}

# Sections in which nothing is asked.
QUIET = ("where you are", "before you start", "the lecture", "summary", "exercises", "references", "set-up")
PREDICTIONS = ("Predict", "By hand")
LEVELS = ["warm-up", "warm-up", "standard", "standard", "stretch", "stretch"]


def lecture(lesson):
    return notebook.read(LECTURES[lesson])


@EACH
def test_no_answer_is_visible_before_its_reveal(lesson):
    seen = [leak for leak in leaks.leaks(lecture(lesson)) if leak.partition(":")[0] not in ALLOWED]
    assert not seen, "\n".join(seen)


def test_every_allowed_leak_is_one():
    seen = {leak.partition(":")[0] for lesson in LECTURES for leak in leaks.leaks(lecture(lesson))}
    assert set(ALLOWED) <= seen


@EACH
def test_each_question_of_the_bank_is_asked_once_in_its_notebook(lesson):
    asked = re.findall(r"""predict\.ask\(["']([^"']+)["']\)""", _code(lesson))
    assert asked == list(bank.lesson(lesson)), "the bank has the order of the notebook"


@EACH
def test_each_prediction_is_revealed_after_it_is_asked(lesson):
    for name, (ask, reveal) in leaks.places(lecture(lesson)).items():
        if bank.question(name).label in PREDICTIONS:
            assert reveal is not None, f"{name} is never revealed"
        assert reveal is None or reveal > ask, name


@EACH
def test_there_are_six_predictions_one_by_hand_and_questions_on_earlier_notebooks(lesson):
    labels = [question.label for question in bank.lesson(lesson).values()]
    assert sum(label in PREDICTIONS for label in labels) >= 6
    assert "By hand" in labels
    assert labels.count("Recall") in ((0,) if lesson == 1 else (2, 3))


@EACH
def test_each_section_asks_something(lesson):
    asked, section = {}, None
    for cell in lecture(lesson).cells:
        if cell.cell_type == "markdown":
            for heading in re.findall(r"^## (.+)$", cell.source, re.MULTILINE):
                section = heading
                asked[section] = False
        elif "predict.ask(" in cell.source or "predict.shapes(" in cell.source:
            asked[section] = True
    silent = [name for name, asks in asked.items() if not asks and not name.lower().startswith(QUIET)]
    assert not silent


@EACH
def test_the_last_cell_lists_all_answers_for_paper(lesson):
    assert notebook.code_cells(lecture(lesson))[-1].source == f"predict.answers({lesson})"


@EACH
def test_the_first_screen_asks_and_moves_before_the_goals(lesson):
    cells = lecture(lesson).cells
    assert "?" in cells[0].source
    first = next(cell for cell in cells if cell.cell_type == "code")
    shown = "".join(part.get("data", {}).get("text/html", "") for part in first.outputs)
    moves = re.search(r"<video|ck-framed|<input", shown) or "widgets.explore(" in first.source
    assert moves, "the first code cell shows nothing that moves"
    goals = next(number for number, cell in enumerate(cells) if cell.source.startswith("## Where you are"))
    assert goals > cells.index(first)


@EACH
def test_six_exercises_with_hint_check_and_worked_solution(lesson):
    cells, found = lecture(lesson).cells, []
    for number, cell in enumerate(cells):
        if heading := re.match(r"### Exercise (\d) \((warm-up|standard|stretch)\)", cell.source):
            found.append(heading[2])
            assert re.search(
                r"<details>\s*<summary>Hint</summary>\n\n.+?\n\n</details>", cell.source, re.DOTALL
            )
            assert f"](solutions/{LECTURES[lesson].name}" in cell.source
            check = re.search(r"""^exercises\.check\(["']([^"']+)""", cells[number + 1].source, re.MULTILINE)
            assert check, f"exercise {heading[1]} has no check"
            assert f"{check[1]}: no answer yet." in str(cells[number + 1].outputs)
            assert f"{check[1]}: right." in _solved(lesson)
    assert found == LEVELS


def test_no_code_asks_in_the_old_way():
    for lesson in LECTURES:
        assert not re.search(r"predict\.(number|shape|choice)\(", _code(lesson))


def _code(lesson):
    return "\n".join(cell.source for cell in notebook.code_cells(lecture(lesson)))


def _solved(lesson):
    """What the cells of the worked solutions print."""
    cells = notebook.code_cells(notebook.read(ROOT / "notebooks" / "solutions" / LECTURES[lesson].name))
    return "".join(part.text for cell in cells for part in cell.outputs if part.output_type == "stream")


# The search for leaks, on small notebooks

SIZE = NumberQuestion(text="How many MB?", answer=130.56, unit="MB", why="250 x 3 x 272 x 640 bytes.")
RATE = NumberQuestion(text="How long is a frame?", answer=20, unit="ms", why="1 s / 50.")
SHAPE = ShapeQuestion(text="The shape?", answer=(3, 272, 640), why="Channels lead.")
LAYOUT = ChoiceQuestion(
    text="Which?", options={"to the right": "It fits.", "to the left": "No."}, answer="to the right"
)


@pytest.fixture
def small(monkeypatch):
    """Makes a notebook: a question, a cell with something in it, the reveal."""
    asked = {"size": SIZE, "rate": RATE, "shape": SHAPE, "layout": LAYOUT}
    monkeypatch.setitem(bank.LESSONS, 9, asked)

    def make(name, text="", source="x = 1", printed="", shown=""):
        outputs = [new_output("stream", text=printed), new_output("display_data", {"text/html": shown})]
        question, revealed = predict.ask(name), predict.reveal(name, asked[name].answer)
        return new_notebook(
            cells=[
                new_markdown_cell(text),
                new_code_cell(
                    f'predict.ask("{name}")',
                    outputs=[new_output("display_data", question._repr_mimebundle_())],
                ),
                new_code_cell(source, outputs=outputs),
                new_code_cell(
                    f'predict.reveal("{name}", measured)',
                    outputs=[new_output("display_data", revealed._repr_mimebundle_())],
                ),
                new_markdown_cell("It is 130.56 MB, 20 ms, (3, 272, 640), to the right."),
            ]
        )

    return make


@pytest.mark.parametrize("name", ["size", "rate", "shape", "layout"])
def test_a_question_and_its_reveal_show_nothing(small, name):
    assert leaks.leaks(small(name, text="A clip of 250 frames at 50 fps.")) == []


WRITTEN = {
    "size": [
        "130.56",
        "130.6 MB",
        "131 MB",
        "130,6",
        "130,560,000 bytes",
        "130560000 bytes",
        "0.1306 GB",
        "130.560",
    ],
    "rate": ["20 ms", "0.02 s", "20.0 ms", "20 milliseconds"],
    "shape": ["(3, 272, 640)", "3 x 272 x 640", "3×272×640", "[3, 272, 640]", "3·272·640"],
}


@pytest.mark.parametrize(
    ("name", "written"), [(name, each) for name, all_ in WRITTEN.items() for each in all_]
)
def test_an_answer_is_seen_in_text_source_output_and_alternative_text(small, name, written):
    picture = f'<img alt="A clip of {written}">'
    for where in ({"text": f"It has {written}."}, {"source": f"x = '{written}'"}, {"printed": written},
                  {"shown": f"<p>{written}</p>"}, {"shown": picture}):  # fmt: skip
        assert leaks.leaks(small(name, **where)), where


@pytest.mark.parametrize("written", ["1130.56", "130.567", "13056", "250 frames", "640 x 272"])
def test_another_number_is_no_leak(small, written):
    assert leaks.leaks(small("size", text=written, printed=written)) == []


def test_a_short_number_counts_near_its_question_only(small):
    assert leaks.leaks(small("rate", text="Twenty frames: 20")) == []
    assert leaks.leaks(small("rate", printed="20"))


def test_a_choice_is_seen_where_the_experiment_prints_it(small):
    assert leaks.leaks(small("layout", printed="moves to the right"))
    assert leaks.leaks(small("layout", text="You see: It fits."))


def test_what_is_folded_or_in_a_form_is_not_seen(small):
    folded = "<details><summary>Open</summary><p>130.56 MB</p></details>"
    assert leaks.leaks(small("size", text=folded, shown=folded)) == []
    assert leaks.leaks(small("size", text="<details><summary>130.56 MB</summary>x</details>"))
