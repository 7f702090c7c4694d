import base64
import html
import json
import re

import pytest
from browser.conftest import chromium, page  # noqa: F401
from support.frames import page_of

from coursekit import predict, puzzles
from coursekit.predict import ChoiceQuestion, NumberQuestion, ShapeQuestion
from coursekit.predict._forms import question


def frame(prediction):
    """The page that a script puts into the frame of a question."""
    return page_of(prediction.html)


def questions(prediction):
    """The questions that the page holds."""
    encoded = re.search(r'id="questions">(.*?)</script>', frame(prediction), re.DOTALL)[1]
    return json.loads(base64.b64decode(encoded))


def outside(prediction):
    """What is left where scripts are removed."""
    return re.sub(r"<script.*?</script>", "", prediction.html, flags=re.DOTALL)


def asked_number(**changes):
    options = {"answer": 20.0, "unit": "ms", "why": "1 s / 50.", "because": {0.02: "That is in seconds."}}
    return NumberQuestion(text="How long is a frame?", **{**options, **changes})


def asked_shape(**changes):
    options = {"answer": (3, 16, 91, 161), "why": "C leads.", "because": {(16, 3, 91, 161): "As it was."}}
    return ShapeQuestion(text="Which?", **{**options, **changes})


def asked_choice(**changes):
    options = {"options": {"cat": "It copies.", "permute": "A view."}, "answer": "cat"}
    return ChoiceQuestion(text="Which?", **{**options, **changes})


def number(**changes):
    return question(asked_number(**changes))


EVERY = {
    "number": number,
    "shape": lambda: question(asked_shape()),
    "choice": lambda: question(asked_choice()),
    "shapes": lambda: predict.shapes(puzzles.layout_puzzles()),
}


@pytest.mark.parametrize("kind", EVERY)
def test_html_needs_nothing_from_outside_and_is_the_same_each_time(kind):
    prediction = EVERY[kind]()
    assert prediction.html == EVERY[kind]().html
    assert not re.search(r"https?://|//cdn|<link|<script src|\bimport\b|fetch\(", frame(prediction))
    assert prediction._repr_mimebundle_() == {"text/html": prediction.html, "text/plain": prediction.text}
    assert "<iframe" not in prediction.html  # Colab may remove it from an output


@pytest.mark.parametrize("kind", EVERY)
def test_question_and_answer_are_there_without_frames_and_scripts(kind):
    prediction = EVERY[kind]()
    static = outside(prediction)
    assert html.escape(prediction.text.splitlines()[0].removeprefix("Predict: ")) in static
    assert re.search(r"<details[^>]*><summary>", static)
    assert "If no form appears, write your answer down" in static


def test_options_can_be_read_without_scripts():
    assert "<li>cat</li><li>permute</li>" in outside(EVERY["choice"]())
    assert EVERY["choice"]().text == "Predict: Which?\n- cat\n- permute"


def test_the_static_answer_has_its_reason_and_explains_the_mistakes():
    static = outside(number())
    assert "<strong>20 ms</strong>. 1 s / 50." in static
    assert "<li>0.02 ms: That is in seconds.</li>" in static


def test_the_static_deck_has_all_puzzles():
    static = outside(EVERY["shapes"]())
    for puzzle in puzzles.layout_puzzles():
        assert html.escape(puzzle.code) in static
        assert f"<strong>{puzzle.answer}</strong>. {html.escape(puzzle.because)}" in static


NASTY = "</script><b>\"x\" & 'y' < 3</b><!--"


def test_no_text_can_break_out():
    texts = [
        number(unit="</script>", because={2: NASTY}, why=NASTY),
        question(asked_choice(options={NASTY: NASTY, "b": "c"}, answer=NASTY)),
        predict.shapes([puzzles.Puzzle(NASTY, (1,), {(2,): NASTY}, NASTY)]),
    ]
    for prediction in texts:
        assert "<b>" not in prediction.html
        assert frame(prediction).count("</script>") == 2
        assert prediction.html.count("</script>") == 2
    assert questions(texts[0])[0]["because"] == [[2, NASTY]]


def test_the_source_of_the_page_does_not_show_the_answer_at_a_glance():
    assert "in seconds" not in frame(number())
    assert "1 s / 50" not in frame(number())


def test_a_float_is_stored_with_the_digits_that_every_machine_gives():
    one, other = 0.1 + 0.2, 0.3
    assert one != other
    assert number(answer=one).html == number(answer=other).html


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda: number(answer=float("nan")), "answer must be a finite number, got nan"),
        (lambda: number(tolerance=1.5), "tolerance must be a fraction"),
        (lambda: number(because={20.1: "no"}), r"because\[20\.1\] is within the tolerance"),
        (
            lambda: asked_shape(because={(3, 16, 91, 161): "no"}),
            r"because\[\(3, 16, 91, 161\)\] is the answer",
        ),
        (lambda: asked_shape(answer=(2, -3)), r"lengths of 0 or more, got \(2, -3\)"),
        (lambda: asked_choice(options={"a": "b"}, answer="a"), "at least two, got 1"),
        (lambda: asked_choice(answer="e"), "answer must be one of the options.*'e'"),
        (lambda: predict.shapes([]), "at least one puzzle"),
    ],
)
def test_bad_questions(wrong, says):
    with pytest.raises(ValueError, match=says):
        wrong()


# In a real browser


def opened(page, prediction, style=""):  # noqa: F811
    """The frame of a prediction on a page of its own; a script that fails there fails the test."""
    page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    page.set_content(f'<body style="{style}">{prediction.html}')
    page.locator("[data-still]").wait_for(state="hidden")  # the page in the frame has answered
    return page.frame_locator("iframe")


def answer(inside, text):
    """Types it, presses Enter, and gives what is said."""
    inside.locator("#guess").fill(text)
    inside.locator("#guess").press("Enter")
    return inside.locator("#feedback").inner_text()


READ = {
    "MB": (130.56, 0.05, [
        "130,6", "130 MB", "0.13 GB", "130 megabytes", "~130", "about 130", "(130)", "１３０", "124.5 MiB",
        "130.560.000 bytes", "250 x 640 x 272 x 3 / 10^6", "1.3 x 10^2", "1.3 × 10²", "130,560 kB",
        "0.13 billion bytes",
    ]),
    "ms": (20, 0.01, [
        "20", "20 ms", "20ms", "20 milliseconds", "0.02 s", "0,02 sec", "1000/50", "1/50 s", "20.",
    ]),
    "MACs": (6_259_462_272, 0.01, [
        "6259462272", "6,259,462,272", "6.259.462.272", "6'259'462'272", "6 259 462 272", "6.26e9",
        "6.26 × 10⁹", "16 x 98 x 222*222 × 81", "16·98·222·222·81", "6_259_462_272 MACs", "6.26 GMACs",
        "6.26 billion MACs",
    ]),
    "": (522_240, 0.01, [
        "3·272·640", "３·２７２·６４０", "522.240", "522,240", "522 240", "5.2224e5", "(3 * 272) * 640",
    ]),
    "times": (98, 0.01, ["98", "98x", "98 ×", "98 times", "98 fold", "2^7 - 30", "9800 %"]),
    "%": (25, 0.01, ["25", "25 %", "25 percent", "25%"]),
    "frames": (9, 0.01, ["9", "9 frames", "9 frame", "1 + 2 * 4"]),
}  # fmt: skip


@pytest.mark.browser
@pytest.mark.parametrize("unit", READ)
def test_a_number_is_read_as_people_write_it(page, unit):  # noqa: F811
    right, tolerance, texts = READ[unit]
    inside = opened(page, number(answer=right, unit=unit, tolerance=tolerance, because={}))
    for text in texts:
        assert answer(inside, text).startswith("Right: "), text


@pytest.mark.browser
def test_a_right_number_gets_its_reason_and_a_wrong_one_only_a_known_one(page):  # noqa: F811
    inside = opened(page, number())
    assert answer(inside, "20") == "Right: 20 ms. 1 s / 50."
    assert answer(inside, "0.02") == "Not this one. That is in seconds."
    for wrong in ("160", "60", "0.00625", "0", "-20", "20000", "50"):  # no hint from a ratio: it may mislead
        assert answer(inside, wrong) == "Not this one. Try again, or run the experiment below.", wrong


@pytest.mark.browser
def test_what_cannot_be_read_is_refused_with_the_unit_and_an_example(page):  # noqa: F811
    inside = opened(page, number())
    for unreadable in ("", "many", "1/", "1,2,3", "3 4", "20 kg", "20 MB", "20 ms per frame", "half"):
        said = answer(inside, unreadable)
        assert said == "This cannot be read as a number of ms. Write one such as 12.5 ms, or 3 x 5 x 7."


@pytest.mark.browser
def test_the_answer_below_appears_after_the_first_try(page):  # noqa: F811
    inside = opened(page, number())
    below, advice = page.locator("details.ck-answer"), page.get_by_text("Run this cell to answer")
    assert not below.is_visible()
    assert not advice.is_visible()
    answer(inside, "many")
    assert not below.is_visible(), "what cannot be read is no try"
    answer(inside, "7")
    below.wait_for()


@pytest.mark.browser
def test_shapes_are_judged(page):  # noqa: F811
    inside = opened(page, EVERY["shape"]())
    for right in (
        "3, 16, 91, 161",
        "(3,16,91,161)",
        "torch.Size([3, 16, 91, 161])",
        "3x16 × 91 161",
        "3·16·91·161",
        "（３，１６，９１，１６１）",
        "C=3, T=16, H=91, W=161",
        "(3, 16, 91, 161,)",
    ):
        assert answer(inside, right) == "Right: (3, 16, 91, 161). C leads.", right
    assert answer(inside, "16, 3, 91, 161") == "Not this one. As it was."
    for wrong in ("3, 16, 161, 91", "3, 16, 91", "3", "()"):
        assert answer(inside, wrong) == "Not this one. Try again, or run the experiment below.", wrong
    for unreadable in ("", "many", "3, x", "3.5, 2", "-1, 3"):
        assert answer(inside, unreadable).startswith("This cannot be read as a shape."), unreadable


@pytest.mark.browser
def test_choices_are_judged_by_keyboard(page):  # noqa: F811
    inside = opened(page, EVERY["choice"]())
    inside.get_by_role("button", name="Check").click()
    assert "Choose one" in inside.locator("#feedback").inner_text()
    inside.get_by_role("radio", name="permute").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert inside.locator("#feedback").inner_text() == "Not this one. A view."
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert inside.locator("#feedback").inner_text() == "Right. It copies."


@pytest.mark.browser
def test_a_deck_keeps_score(page):  # noqa: F811
    first, second, *_ = deck = puzzles.layout_puzzles()
    inside = opened(page, predict.shapes(deck))
    status, step = inside.locator("#status"), inside.get_by_role("button", name="Next")
    assert status.inner_text() == "1 of 12 · 0 solved, 0 at the first try"
    assert inside.locator("#code").inner_text() == first.code
    wrong, mistake = next(iter(first.wrong.items()))
    assert answer(inside, str(wrong)) == f"Not this one. {mistake}"
    assert answer(inside, str(first.answer)) == f"Right: {first.answer}. {first.because}"
    assert status.inner_text() == "1 of 12 · 1 solved, 0 at the first try"
    step.click()
    assert inside.locator("#guess").input_value() == ""
    assert answer(inside, str(second.answer)).startswith("Right")
    assert status.inner_text() == "2 of 12 · 2 solved, 1 at the first try"
    step.click()
    inside.get_by_role("button", name="Show the answer").click()
    assert answer(inside, str(deck[2].answer)).startswith("Right")  # after the reveal it does not count
    assert status.inner_text() == "3 of 12 · 2 solved, 1 at the first try"
    inside.get_by_role("button", name="Previous").click()
    assert inside.locator("#guess").input_value() == str(second.answer)


@pytest.mark.browser
@pytest.mark.parametrize("kind", EVERY)
def test_nothing_is_cut_on_a_phone_and_every_control_has_a_name(page, kind):  # noqa: F811
    page.set_viewport_size({"width": 360, "height": 800})
    inside = opened(page, EVERY[kind]())
    inside.get_by_role("button", name="Check").click()
    page.wait_for_function(
        """() => {
            const { innerHeight, innerWidth, document: { documentElement: page } } = window[0];
            return page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth;
        }""",
        timeout=5000,
    )
    unnamed = inside.locator("html").evaluate(
        "page => [...page.querySelectorAll('input')].filter(one => one.offsetParent && !one.labels[0]).length"
    )
    assert unnamed == 0
    assert inside.locator("#feedback").get_attribute("aria-live") == "polite"
    assert page.locator("iframe").get_attribute("title").startswith("Question: ")


@pytest.mark.browser
@pytest.mark.parametrize(
    "page_style, dark", [("background:#fff;color:#222", False), ("background:#111;color:#eee", True)]
)
def test_light_and_dark(page, page_style, dark):  # noqa: F811
    inside = opened(page, number(), page_style)
    colours = inside.locator("body").evaluate(
        "body => ['color', 'backgroundColor'].map(name => parseInt(getComputedStyle(body)[name].slice(4)))"
    )
    assert (colours[0] > 200, colours[1] < 50) == (dark, dark)
    assert abs(colours[0] - colours[1]) > 150


@pytest.mark.browser
def test_on_paper_the_answers_stand_at_the_end_and_nowhere_else(page):  # noqa: F811
    parts = [
        EVERY["choice"](),
        predict.ask("frame-shape"),
        predict.reveal("frame-shape", (3, 272, 640)),
        predict.answers(1),
    ]
    page.set_content("".join(part.html for part in parts))
    answers = page.locator("details.ck-answers li", has_text="frame is one picture").first
    assert not answers.is_visible(), "folded on a screen"
    page.emulate_media(media="print")
    assert answers.bounding_box()["height"] > 20
    assert "(3, 272, 640)" in answers.inner_text()
    assert page.locator("details.ck-answer:visible").count() == 0
    assert page.locator("iframe:visible").count() == 0
    assert page.get_by_text("Run this cell to answer").first.is_hidden()
    assert page.locator("li", has_text="permute").first.is_visible(), "the options are printed"
