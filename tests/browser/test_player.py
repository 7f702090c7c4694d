"""The player of coursekit.show in a real browser: it shows the number of the frame, and steps by one."""

import re

import pytest
import torch
from support import lab
from support.scratch import code, save

from coursekit import data, show, video

pytestmark = pytest.mark.browser

FRAMES, FPS = 12, 25


@pytest.fixture(scope="module")
def ramp():
    """A clip whose frame n has the grey level 20 n, uint8 (12, 3, 64, 96)."""
    levels = 20 * torch.arange(FRAMES, dtype=torch.uint8)
    return levels[:, None, None, None].expand(-1, 3, 64, 96).contiguous()  # (12, 3, 64, 96)


@pytest.fixture
def opened(page):
    """Puts a player on a page; at the end no script has failed."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    def open_(player, style=""):
        page.set_content(f"<body style='{style}'><main>{player.html()}</main></body>")
        page.wait_for_function("document.querySelector('video').readyState >= 2")
        return page

    yield open_
    assert errors == []


def said(page):
    """The number of the frame as the player gives it."""
    return int(re.match(r"frame (\d+) of", page.locator("[data-part=number]").inner_text())[1])


def drawn(page):
    """The number of the frame that is on the screen, from its grey level."""
    page.wait_for_function("!document.querySelector('video').seeking")
    level = page.evaluate(
        """() => {
        const video = document.querySelector("video"), canvas = document.createElement("canvas");
        canvas.width = canvas.height = 1;
        canvas.getContext("2d").drawImage(video, 20, 20, 8, 8, 0, 0, 1, 1);
        return canvas.getContext("2d").getImageData(0, 0, 1, 1).data[0];
    }"""
    )
    return round(level / 20)


def test_it_steps_by_one_frame_and_says_its_number(opened, ramp):
    page = opened(show.player(ramp, fps=FPS))
    for expected in (1, 2, 3):
        page.get_by_role("button", name="Next frame").click()
        assert (said(page), drawn(page)) == (expected, expected)
    page.get_by_role("button", name="Previous frame").click()
    assert (said(page), drawn(page)) == (2, 2)


def test_each_frame_has_its_number_from_the_first_to_the_last_and_round(opened, ramp):
    page = opened(show.player(ramp, fps=FPS))
    seen = []
    for _ in range(FRAMES):
        page.get_by_role("button", name="Next frame").press("Enter")
        seen.append((said(page), drawn(page)))
    assert seen == [(n % FRAMES, n % FRAMES) for n in range(1, FRAMES + 1)]


def test_the_keyboard_steps_and_the_slider_steps_once_a_key(opened, ramp):
    page = opened(show.player(ramp, fps=FPS))
    page.get_by_role("button", name="Play").focus()
    for key, expected in (("ArrowRight", 1), (".", 2), ("ArrowLeft", 1)):
        page.keyboard.press(key)
        assert (said(page), drawn(page)) == (expected, expected), key
    slider = page.get_by_role("slider", name="Frame")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert (said(page), drawn(page)) == (2, 2)
    page.keyboard.press("End")
    assert (said(page), drawn(page)) == (FRAMES - 1, FRAMES - 1)
    assert slider.get_attribute("aria-valuetext") == "frame 11 of 0 to 11, 0.44 s"


def test_no_step_is_lost_where_keys_are_faster_than_the_video(opened, ramp):
    page = opened(show.player(ramp, fps=FPS))
    page.get_by_role("button", name="Next frame").focus()
    page.evaluate(
        """async () => { for (let i = 0; i < 7; i += 1) {
            const key = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
            document.activeElement.dispatchEvent(key);
            await new Promise((done) => setTimeout(done, 25));
        } }"""
    )
    page.wait_for_timeout(500)
    assert (said(page), drawn(page)) == (7, 7)


def test_its_button_plays_and_stops_and_the_number_is_the_drawn_one(opened, ramp):
    page = opened(show.player(ramp, fps=FPS))
    assert page.locator("video").evaluate("(video) => video.paused")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('video').currentTime > 0.1")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(200)
    assert said(page) == drawn(page)
    page.get_by_role("button", name="Play").wait_for()


def test_one_that_plays_by_itself_stands_still_for_readers_who_ask_for_it(chromium, ramp):
    paused = {}
    for motion in ("no-preference", "reduce"):
        context = chromium.new_context(reduced_motion=motion)
        page = context.new_page()
        page.set_content(show.player(ramp, fps=FPS, playing=True).html())
        page.wait_for_timeout(400)
        paused[motion] = page.locator("video").evaluate("(video) => video.paused")
        context.close()
    assert paused == {"no-preference": False, "reduce": True}


@pytest.mark.parametrize(("ink", "paper"), [("rgb(0, 0, 0)", "white"), ("rgb(230, 230, 230)", "#111")])
def test_the_controls_have_the_colours_of_the_page(opened, ramp, ink, paper):
    page = opened(show.player(ramp, fps=FPS), f"color:{ink};background:{paper}")
    for button in page.get_by_role("button").all():
        style = button.evaluate(
            "(one) => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
        )
        assert style == [ink, "rgba(0, 0, 0, 0)"]


def test_without_scripts_the_browsers_own_controls_remain(chromium, ramp):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(show.player(ramp, fps=FPS).html())
    assert page.locator("video[controls]").count() == 1
    assert page.get_by_role("button").count() == 0
    context.close()


def test_two_players_on_one_page_do_not_move_each_other(opened, page, ramp):
    one = show.player(ramp, fps=FPS)
    page.set_content(one.html() + one.html())
    page.wait_for_function("[...document.querySelectorAll('video')].every((one) => one.readyState >= 2)")
    page.get_by_role("button", name="Next frame").nth(1).click()
    numbers = page.locator("[data-part=number]").all_inner_texts()
    assert [text.split()[1] for text in numbers] == ["0", "1"]


def test_a_file_that_is_embedded_as_it_is_has_its_own_frame_numbers(opened):
    path = data.clip("carphone_distorted")
    page = opened(show.player(path))
    frames = video.read(path, size=(144, 176)).float().mean(dim=1).flatten(1)  # (T, H W), grey
    for number in (1, 77, 119):
        page.get_by_role("slider", name="Frame").fill(str(number))
        page.wait_for_function("!document.querySelector('video').seeking")
        grey = page.evaluate(
            """() => {
            const video = document.querySelector("video"), canvas = document.createElement("canvas");
            Object.assign(canvas, { width: 176, height: 144 });
            canvas.getContext("2d").drawImage(video, 0, 0, 176, 144);
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const grey = (_, i) => data[4 * i] + data[4 * i + 1] + data[4 * i + 2];
            return Array.from({ length: data.length / 4 }, grey);
        }"""
        )
        alike = torch.corrcoef(torch.cat([torch.tensor(grey)[None], frames]))[0, 1:]  # (T,)
        assert alike.argmax() == number


PLAYER = """import torch
from coursekit import show
levels = 20 * torch.arange(12, dtype=torch.uint8)
clip = levels[:, None, None, None].expand(-1, 3, 64, 96).contiguous()
show.player(clip, fps=25)"""


def test_in_jupyterlab_its_keys_step_the_player_and_not_the_notebook(page, tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    save(folder / "player.ipynb", code(PLAYER), code("1 + 1"))
    with lab.jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as running:
        notebook = lab.open_notebook(page, running, "player.ipynb")
        notebook.run([0])
        page.get_by_role("button", name="Next frame").click()
        for key, expected in (("ArrowRight", 2), (".", 3), ("ArrowLeft", 2), (",", 1)):
            page.keyboard.press(key)
            assert (said(page), drawn(page)) == (expected, expected), key
        for key, expected in (("Space", 2), ("Enter", 3)):  # the button itself
            page.keyboard.press(key)
            assert said(page) == expected, key
        page.get_by_role("slider", name="Frame").focus()
        page.keyboard.press("End")
        assert said(page) == FRAMES - 1
        page.get_by_role("button", name="Next frame").focus()
        page.keyboard.press("b")  # JupyterLab would insert a cell
        assert page.locator(".jp-Cell").count() == 2
        assert page.locator(".jp-Cell.jp-mod-active [data-part=number]").count() == 1
        assert notebook.errors == []
