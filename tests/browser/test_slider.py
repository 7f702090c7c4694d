"""A slider that holds its pictures, in a real browser without Jupyter, as on the site."""

import itertools

import pytest
import torch
from playwright.sync_api import expect

from coursekit import show, widgets

pytestmark = pytest.mark.browser

FRAME = torch.arange(160, dtype=torch.uint8).expand(3, 90, 160)  # (C, H, W)


def picture(row):
    if row == 30:
        raise ValueError("no <b>row</b> 30")
    return show.frame(FRAME + row, title=f"Row {row}")


@pytest.fixture(scope="module")
def shown():
    """The HTML of a slider with the rows 0, 10, ... 50, which stands on 10; row 30 cannot be drawn."""
    return widgets.explore(picture, row=(0, 50, 10), start={"row": 10}).html()


@pytest.fixture
def opened(page, shown):
    """A page with two sliders; at the end no script has failed."""
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(f"<main>{shown}{shown}</main>")
    yield page
    assert errors == []


def state(root):
    """What one slider says to everybody: its value in words, for a screen reader, and the picture's title."""
    slider = root.get_by_role("slider")
    said = slider.get_attribute("aria-valuetext"), root.locator("[data-part=value]").inner_text()
    assert said[0] == said[1]
    return said[0], root.locator("img").get_attribute("alt").split(".")[0]


def test_the_keyboard_moves_one_slider_and_its_picture_follows_at_once(opened):
    one, other = opened.locator(".ck-slider").all()
    assert state(one) == ("10", "Row 10")
    slider = one.get_by_role("slider", name="row")
    first = one.locator("img").get_attribute("src")
    for key, expected in (("ArrowRight", "20"), ("End", "50"), ("Home", "0"), ("ArrowRight", "10")):
        slider.press(key)
        assert state(one) == (expected, f"Row {expected}"), key
        expect(one.get_by_role("status")).to_contain_text(f"Row {expected}.")
    assert one.locator("img").get_attribute("src") == first
    assert state(other) == ("10", "Row 10")


def test_the_picture_follows_while_the_mouse_drags(opened):
    one = opened.locator(".ck-slider").first
    box = one.get_by_role("slider").bounding_box()
    middle = box["y"] + box["height"] / 2
    seen = []
    opened.mouse.move(box["x"] + box["width"] / 5, middle)
    opened.mouse.down()
    for part in (0.4, 0.8, 0.99):
        opened.mouse.move(box["x"] + part * box["width"], middle)
        seen.append(state(one))
    opened.mouse.up()
    assert seen == [("20", "Row 20"), ("40", "Row 40"), ("50", "Row 50")]


def test_each_position_shows_its_own_picture(opened):
    one = opened.locator(".ck-slider").first
    level = """async (image) => {
        await image.decode();
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = 1;
        const [x, y] = [image.naturalWidth / 2, image.naturalHeight / 2];
        canvas.getContext("2d").drawImage(image, x, y, 1, 1, 0, 0, 1, 1);
        return canvas.getContext("2d").getImageData(0, 0, 1, 1).data[0];
    }"""
    levels = []
    for row in ("0", "10", "20", "40", "50"):
        one.get_by_role("slider").fill(str(int(row) // 10))
        levels.append(one.locator("img").evaluate(level))
    steps = [after - before for before, after in itertools.pairwise(levels)]
    assert steps == pytest.approx([10, 10, 20, 10], abs=3)


def test_a_position_that_could_not_be_drawn_says_why(opened, screenshot):
    one = opened.locator(".ck-slider").first
    one.get_by_role("slider").fill("3")
    assert one.get_by_role("alert").inner_text() == "No picture for row = 30. ValueError: no <b>row</b> 30"
    assert not one.locator("img").is_visible()
    screenshot("slider-error")
    one.get_by_role("slider").press("ArrowRight")
    assert state(one) == ("40", "Row 40")
    assert one.locator("img").is_visible()
    assert one.get_by_role("alert").count() == 0


def test_on_paper_the_picture_stays_where_it_is_and_the_slider_is_gone(opened, screenshot):
    one = opened.locator(".ck-slider").first
    one.get_by_role("slider").press("End")
    opened.emulate_media(media="print")
    assert not one.locator("input").is_visible()
    assert "50" in one.inner_text()
    assert one.locator("img").is_visible()
    assert one.locator("img").get_attribute("alt").startswith("Row 50.")
    screenshot("slider-print")


def test_a_telephone_has_no_sideways_scrolling(opened, screenshot):
    opened.set_viewport_size({"width": 390, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.get_by_role("slider").first.bounding_box()["width"] > 150
    screenshot("slider-390")


def test_without_scripts_there_is_the_picture_and_no_dead_slider(chromium, shown):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(shown)
    assert page.locator("img").get_attribute("alt").startswith("Row 10.")
    assert page.locator("body").inner_text().strip() == ""
    assert page.locator("input").count() == 0
    context.close()
