"""A page in a frame that a script makes, in a real browser; and what is left where the frame is removed."""

import html

import pytest
from browser.conftest import chromium, page  # noqa: F401

from coursekit._shared._frame import framed, small

pytestmark = pytest.mark.browser

INSIDE = """<!DOCTYPE html>
<html lang="en"><title>Small</title>
<style>body { margin: 0; background: white } .dark body { background: black }</style>
<!-- a comment -->
<button>Try</button><div id="high" style="height: 90px"></div>
<script type="application/json" id="data">PAGE_DATA</script>
<script>
FRAME_JS
  // a comment
const drawn = [];
const draw = () => { drawn.push(isDark()); };  // another
document.querySelector("button").addEventListener("click", () => tell({ tried: true }));
</script>
"""


def output(kind=""):
    return framed(
        INSIDE,
        '"a  // b"',
        title='A "small" page',
        before="<p>Question?</p>",
        still="<p>Still</p>",
        after='<details class="ck-answer"><summary>Answer</summary>42</details>',
        kind=kind,
    )


def show(page, body, style=""):  # noqa: F811
    """Show HTML on a page; a script that fails there fails the test."""
    page.on("pageerror", lambda error: pytest.fail(f"a script failed: {error}"))
    page.set_content(f"<!DOCTYPE html><style>{style}</style><body>{body}")


def inside(page):  # noqa: F811
    page.locator("[data-still]").wait_for(state="hidden")  # the page in the frame has answered
    return page.frame_locator("iframe")


def check_dark(page, dark):  # noqa: F811
    page.wait_for_function(
        "(dark) => document.querySelector('iframe').contentDocument.documentElement"
        ".classList.contains('dark') === dark",
        arg=dark,
        timeout=3000,
    )


def test_comments_and_indentation_are_left_out_and_data_stays():
    text = "<p>\n  <b>a</b>  // one\n\n  // two\n<!-- three\nfour -->\n</p>"
    assert small(text) == "<p>\n<b>a</b>\n</p>"
    assert "comment" not in output()
    assert '"a  // b"' in output()


def test_the_script_makes_a_frame_as_high_as_its_page_and_the_answer_waits(page):  # noqa: F811
    assert "<iframe" not in output()
    show(page, output())
    button = inside(page).get_by_role("button")
    frame, answer = page.locator("iframe"), page.get_by_text("Answer")
    assert frame.get_attribute("title") == 'A "small" page'
    high = frame.bounding_box()["height"]
    assert high > 100
    page.frames[1].evaluate("document.getElementById('high').style.height = '300px'")
    page.wait_for_function(f"document.querySelector('iframe').offsetHeight === {high + 210}")
    assert not answer.is_visible()
    button.click()
    answer.wait_for()


def test_a_script_that_runs_again_makes_no_second_frame(page):  # noqa: F811
    show(page, output() + output())
    for script in page.locator("script:not([type])").all_text_contents():
        page.evaluate(f"() => {{ {script} }}")
    assert page.locator("iframe").count() == 2
    assert page.locator(".ck-framed:has(iframe)").count() == 2


@pytest.mark.parametrize("moved", ["* { transition: none !important }", "body { transition: color 0.1s }"])
def test_the_frame_follows_a_theme_whose_style_arrives_late_and_the_system(page, moved):  # noqa: F811
    system = "@media (prefers-color-scheme: dark) { body.system { color: #eee } }"
    show(page, output(), f"body {{ color: #222 }} {system} {moved}")
    inside(page)
    check_dark(page, False)
    add = """() => {
        document.documentElement.dataset.theme = "dark";
        const style = Object.assign(document.createElement("style"), { id: "late" });
        style.textContent = "[data-theme=dark] body { color: #eee }";
        setTimeout(() => document.head.append(style), 200);
    }"""
    page.evaluate(add)
    check_dark(page, True)
    page.evaluate("document.getElementById('late').remove()")
    check_dark(page, False)
    page.evaluate("document.body.className = 'system'")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        check_dark(page, scheme == "dark")


def test_a_theme_that_changes_while_the_output_is_hidden_is_followed_when_it_is_shown(page):  # noqa: F811
    show(page, f"<section>{output()}</section>", "body { color: #222 } .dark { color: #eee }")
    inside(page)
    page.evaluate("document.querySelector('section').style.display = 'none'")
    page.evaluate("document.body.className = 'dark'")
    page.evaluate("document.querySelector('section').style.display = ''")
    check_dark(page, True)


def test_a_theme_whose_change_starts_no_transition_is_followed_within_seconds(page):  # noqa: F811
    show(page, output(), "body { color: #222 } .dark { color: #eee }")
    inside(page)
    page.evaluate("addEventListener('transitionend', (event) => event.stopImmediatePropagation(), true)")
    page.evaluate("document.body.className = 'dark'")
    check_dark(page, True)


REMOVE = """<script>new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    for (const node of added) if (node.tagName === "IFRAME") node.remove();
}).observe(document, { childList: true, subtree: true });</script>"""


def test_where_frames_are_removed_the_still_and_the_answer_remain(page):  # noqa: F811
    show(page, REMOVE + output())
    page.wait_for_function("document.querySelector('[data-ready]')")
    assert page.locator("iframe").count() == 0
    assert page.get_by_text("Still").is_visible()
    assert page.get_by_text("Answer").is_visible()


def test_a_frame_that_is_removed_later_leaves_the_still_and_the_answer(page):  # noqa: F811
    show(page, output())
    inside(page)
    page.evaluate("document.querySelector('iframe').remove()")
    page.get_by_text("Still").wait_for()
    page.get_by_text("Answer").wait_for()


def test_it_works_in_an_output_that_is_sandboxed_without_an_origin(page):  # noqa: F811
    """As on Colab, where the page in the frame and the output may not look into each other."""
    dark = f"<body style='color:#eee'>{output()}"
    show(page, f'<iframe sandbox="allow-scripts" style="height:400px" srcdoc="{html.escape(dark)}"></iframe>')
    outer = page.frame_locator("iframe")
    outer.locator("[data-still]").wait_for(state="hidden")
    assert outer.locator("iframe").bounding_box()["height"] > 100
    assert outer.frame_locator("iframe").locator("html.dark").count() == 1
    outer.frame_locator("iframe").get_by_role("button").click()
    outer.get_by_text("Answer").wait_for()


def test_on_paper_a_question_is_its_still_and_an_explorer_its_page_on_one_sheet(page):  # noqa: F811
    show(page, output() + output("ck-question"))
    page.locator(".ck-question > [data-still]").wait_for(state="hidden")
    page.frames[1].evaluate("document.getElementById('high').style.height = '2000px'")
    page.wait_for_function("document.querySelector('iframe').offsetHeight > 2000")
    page.emulate_media(media="print")
    explorer, question = page.locator("iframe").all()
    box = explorer.bounding_box()
    assert box["width"] <= 661
    assert 890 < box["height"] <= 901
    assert page.locator(".ck-question").bounding_box()["y"] < box["height"] + 100
    assert not question.is_visible()
    assert page.locator(".ck-question > [data-still]").is_visible()


def test_paper_is_white_and_the_screen_is_dark_again_afterwards(page):  # noqa: F811
    show(page, output(), "body { color: #eee }")
    inside(page)
    assert page.frames[1].evaluate("drawn") == [True]
    page.pdf()
    assert page.frames[1].evaluate("drawn") == [True, False, True]
