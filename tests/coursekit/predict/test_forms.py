import html
import json
import re

import pytest
from browser.conftest import chromium, page  # noqa: F401

from coursekit import predict, puzzles


def frame(prediction):
    """The page inside the frame of a prediction."""
    return html.unescape(re.search(r'srcdoc="([^"]*)"', prediction.html)[1])


def questions(prediction):
    """The questions that the page holds."""
    return json.loads(re.search(r'id="questions">(.*?)</script>', frame(prediction), re.DOTALL)[1])


def outside(prediction):
    """What is left where frames are removed."""
    return re.sub(r"<iframe.*?</iframe>", "", prediction.html, flags=re.DOTALL)


def number(**changes):
    options = {"answer": 20.0, "unit": "ms", "because": {0.02: "That is in seconds."}}
    return predict.number("How long is a frame?", **{**options, **changes})


EVERY = {
    "number": number,
    "shape": lambda: predict.shape(
        "Which?", answer=(3, 16, 91, 161), because={(16, 3, 91, 161): "As it was."}
    ),
    "choice": lambda: predict.choice("Which?", {"cat": "It copies.", "permute": "A view."}, answer="cat"),
    "shapes": lambda: predict.shapes(puzzles.layout_puzzles()),
}


@pytest.mark.parametrize("kind", EVERY)
def test_html_needs_nothing_from_outside_and_is_the_same_each_time(kind):
    prediction = EVERY[kind]()
    assert prediction.html == EVERY[kind]().html
    assert not re.search(r"https?://|//cdn|<link|<script src|\bimport\b|fetch\(", frame(prediction))
    assert prediction._repr_mimebundle_() == {"text/html": prediction.html, "text/plain": prediction.question}
    assert prediction.html.startswith("<div>")  # IPython warns on a bare <iframe>


@pytest.mark.parametrize("kind", EVERY)
def test_question_and_answer_are_there_without_frames_and_scripts(kind):
    prediction = EVERY[kind]()
    static = outside(prediction)
    assert "<script" not in static
    assert html.escape(prediction.question) in static
    assert "<details><summary>" in static


def test_the_static_answer_explains_the_slips():
    static = outside(number())
    assert "<strong>20 ms</strong>" in static
    assert "<li>0.02 ms: That is in seconds.</li>" in static


def test_the_static_deck_has_all_puzzles():
    static = outside(EVERY["shapes"]())
    for puzzle in puzzles.layout_puzzles():
        assert html.escape(puzzle.code) in static
        assert f"<strong>{puzzle.answer}</strong>. {html.escape(puzzle.because)}" in static


NASTY = "</script><b>\"x\" & 'y' < 3</b><!--"


def test_no_text_can_break_out():
    texts = [
        predict.number(NASTY, answer=1, unit="</script>", because={2: NASTY}),
        predict.choice(NASTY, {NASTY: NASTY, "b": "c"}, answer=NASTY),
        predict.shapes([puzzles.Puzzle(NASTY, (1,), {(2,): NASTY}, NASTY)]),
    ]
    for prediction in texts:
        assert "<b>" not in prediction.html
        assert frame(prediction).count("</script>") == 2
        assert prediction._repr_mimebundle_()["text/html"].count("<iframe") == 1
    assert questions(texts[0])[0]["because"] == [[2, NASTY]]


def test_a_float_is_stored_with_the_digits_that_every_machine_gives():
    one, other = 0.1 + 0.2, 0.3
    assert one != other
    assert predict.number("?", answer=one).html == predict.number("?", answer=other).html


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda: number(answer=float("nan")), "answer must be a finite number, got nan"),
        (lambda: number(tolerance=1.5), "tolerance must be a fraction"),
        (lambda: number(because={20.1: "no"}), r"because\[20\.1\] is within the tolerance"),
        (
            lambda: predict.shape("?", answer=(2, 3), because={(2, 3): "no"}),
            r"because\[\(2, 3\)\] is the answer",
        ),
        (lambda: predict.shape("?", answer=(2, -3)), r"lengths of 0 or more, got \(2, -3\)"),
        (lambda: predict.choice("?", {"a": "b"}, answer="a"), "at least two, got 1"),
        (
            lambda: predict.choice("?", {"a": "b", "c": "d"}, answer="e"),
            "answer must be one of the options.*'e'",
        ),
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
    inside = page.frame_locator("iframe")
    inside.locator("#form").wait_for()
    return inside


def answer(inside, text):
    """Types it, presses Enter, and gives what is said."""
    inside.locator("#guess").fill(text)
    inside.locator("#guess").press("Enter")
    return inside.locator("#feedback").inner_text()


@pytest.mark.browser
def test_numbers_are_judged(page):  # noqa: F811
    inside = opened(page, number(answer=6_259_462_272, unit="MACs", because={21_290_688: "One frame only."}))
    for right in ("6259462272", "6,259,462,272", "6.26e9", "16 x 98 x 222*222 × 81", "6_259_462_272 MACs"):
        assert answer(inside, right) == "Right: 6,259,462,272 MACs.", right
    for wrong, hint in {
        "21290688": "One frame only.",
        "-6259462272": "The sign",
        "50e9": "A factor of 8: bits or bytes?",
        "6259462": "Too small. A factor of 1,000: look at the unit.",
        "18778386816": "A factor of 3",
        "7e9": "Too large, by 12 %.",
        "1e8": "Too small, by a factor of about 63.",
        "0": "It is not zero.",
    }.items():
        assert answer(inside, wrong).startswith("Not quite. "), wrong
        assert hint in answer(inside, wrong), wrong
    for unreadable in ("", "many", "3 x", "1/", "1,2,3"):
        assert answer(inside, unreadable).startswith("Write one number"), unreadable


@pytest.mark.browser
def test_small_numbers_are_judged(page):  # noqa: F811
    inside = opened(page, predict.number("Seconds?", answer=0.02, unit="s"))
    assert answer(inside, "1/50 s") == answer(inside, "0,02") == "Right: 0.02 s."
    assert "A factor of 1,000: look at the unit." in answer(inside, "20")
    assert "That is the inverse" in answer(inside, "50")


@pytest.mark.browser
def test_shapes_are_judged(page):  # noqa: F811
    inside = opened(page, EVERY["shape"]())
    for right in (
        "3, 16, 91, 161",
        "(3,16,91,161)",
        "torch.Size([3, 16, 91, 161])",
        "3x16 × 91 161",
        "(3, 16, 91, 161,)",
    ):
        assert answer(inside, right).startswith("Right: (3, 16, 91, 161)."), right
    for wrong, hint in {
        "16, 3, 91, 161": "As it was.",
        "3, 16, 161, 91": "Right numbers, other order",
        "3, 16, 91": "You wrote 3 axes; the result has 4.",
        "3": "You wrote 1 axis; the result has 4.",
        "3, 16, 90, 161": "Only axis 2 (counted from 0) is wrong: it is not 90 long.",
        "3, 16, 90, 160": "2 of 4 axes are right.",
    }.items():
        assert hint in answer(inside, wrong), wrong
    for unreadable in ("", "many", "3, x", "3.5, 2", "-1, 3"):
        assert answer(inside, unreadable).startswith("Write whole numbers"), unreadable


@pytest.mark.browser
def test_choices_are_judged_by_keyboard(page):  # noqa: F811
    inside = opened(page, EVERY["choice"]())
    inside.get_by_role("button", name="Check").click()
    assert "Choose one" in inside.locator("#feedback").inner_text()
    inside.get_by_role("radio", name="permute").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert inside.locator("#feedback").inner_text() == "Not quite. A view."
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
    assert answer(inside, str(wrong)) == f"Not quite. {mistake}"
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
    room = inside.locator("html").evaluate(
        "page => [page.scrollHeight - innerHeight, page.scrollWidth - innerWidth]"
    )
    assert max(room) <= 0
    unnamed = inside.locator("html").evaluate(
        "page => [...page.querySelectorAll('input')].filter(one => one.offsetParent && !one.labels[0]).length"
    )
    assert unnamed == 0
    assert inside.locator("#feedback").get_attribute("aria-live") == "polite"
    assert page.locator("iframe").get_attribute("title").startswith("Prediction: ")


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
