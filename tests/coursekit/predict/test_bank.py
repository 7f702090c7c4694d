import re

import pytest

from coursekit import predict
from coursekit.predict import ChoiceQuestion, NumberQuestion, ShapeQuestion, bank

EVERY = [(lesson, name) for lesson, questions in bank.LESSONS.items() for name in questions]


def test_every_name_belongs_to_one_question():
    names = [name for _, name in EVERY]
    assert sorted(set(names)) == sorted(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


@pytest.mark.parametrize(("lesson", "name"), EVERY)
def test_a_question_has_a_reason_for_its_answer_and_for_common_mistakes(lesson, name):
    asked = bank.question(name)
    assert len(asked.why.split()) >= 3, "the reason derives the answer"
    assert asked.mistakes, "a question is about a point that people get wrong"
    assert asked.label in ("Predict", "By hand", "Recall", "Check yourself")
    texts = [asked.text, asked.why, *asked.mistakes.values()]
    assert all(text == text.strip() and text[-1] in ".?!:" for text in texts), texts
    assert len(set(asked.mistakes.values())) == len(asked.mistakes)


@pytest.mark.parametrize(("lesson", "name"), EVERY)
def test_a_question_that_asks_for_a_number_with_a_unit_names_it(lesson, name):
    asked = bank.question(name)
    assert asked.agrees(asked.answer)
    if isinstance(asked, NumberQuestion):
        assert not asked.agrees(asked.answer * 1.02 + 1)


def test_an_unknown_name_gets_similar_ones():
    with pytest.raises(ValueError, match=r"no question has the name 'fram-shape': did you mean frame-shape"):
        predict.ask("fram-shape")
    with pytest.raises(ValueError, match=r"no question has the name 'zzz': the names are .*frame-shape"):
        predict.reveal("zzz", 3)
    with pytest.raises(ValueError, match=r"no notebook has the number 70; the notebooks are \[1, 2"):
        predict.answers(70)


def test_a_reveal_folds_the_answer_with_its_reason_and_the_mistakes():
    asked = bank.question("frame-shape")
    shown = predict.reveal("frame-shape", (3, 272, 640))
    before, _, inside = shown.html.partition("</summary>")
    assert asked.shown not in before + shown.text
    assert asked.why not in before + shown.text
    assert f"<strong>Measured: {asked.shown}</strong>" in inside
    assert asked.why in inside
    assert all(wrong in inside for wrong in asked.mistakes)


@pytest.mark.parametrize("measured", [(3, 640, 272), (272, 640), 3, "3, 272, 640", None, [3, 272]])
def test_a_reveal_fails_if_the_measured_value_is_not_the_stored_answer(measured):
    with pytest.raises(ValueError, match=r"frame-shape: the experiment gave .*, and the stored answer is"):
        predict.reveal("frame-shape", measured)


@pytest.mark.parametrize(
    ("measured", "agrees"), [(98, True), (98.3, True), (98.6, False), (float("nan"), False), (-98, False)]
)
def test_a_measured_number_agrees_within_half_a_per_cent(measured, agrees):
    assert NumberQuestion(text="?", answer=98, why=".").agrees(measured) is agrees


@pytest.mark.parametrize(
    ("measured", "agrees"),
    [
        (0.3, True),
        ("some", True),
        ("many", False),
        (0.1, False),
        (0.5, False),
        (-1, False),
        (float("nan"), False),
    ],
)
def test_a_measured_number_stands_for_an_option(measured, agrees):
    asked = ChoiceQuestion(text="?", options={"some": ".", "many": "."}, answer="some", between=(0.1, 0.5))
    assert asked.agrees(measured) is agrees


def test_a_number_stands_for_no_option_where_the_question_does_not_say_so():
    assert not ChoiceQuestion(text="?", options={"1": ".", "2": "."}, answer="1").agrees(1)
    with pytest.raises(ValueError, match=r"between must be two numbers, the smaller first, got \(2, 1\)"):
        ChoiceQuestion(text="?", options={"1": ".", "2": "."}, answer="1", between=(2, 1))


def test_all_answers_are_listed_for_paper_and_as_text():
    for lesson, questions in bank.LESSONS.items():
        shown = predict.answers(lesson)
        for asked in questions.values():
            assert asked.shown in shown.text
            assert asked.why in shown.text
        assert shown.html.count("<li><p>") == len(questions)
        assert "@media print" in shown.html


def test_a_shape_may_be_a_torch_size_or_a_list():
    asked = ShapeQuestion(text="?", answer=(2, 3), why=".")
    assert asked.agrees([2, 3])
    assert not asked.agrees((3, 2))
