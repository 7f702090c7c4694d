"""The convolution explorer and the budget calculator in a real browser: their arithmetic, and by hand."""

import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from nbformat.v4 import new_output
from support import lab
from support.scratch import code, save, text
from torch import nn

from coursekit import conv, explorer, predict
from coursekit.explorer import _budget

pytestmark = pytest.mark.browser

LIGHT, DARK = "background:#fff;color:#222", "background:#111;color:#eee"
NAMES = ("size", "kernel", "stride", "padding", "dilation")
NETWORKS = {"clips": nn.Conv3d(3, 8, 3), "frames": nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3))}


@pytest.fixture(scope="module")
def first():
    return explorer.convolution()


@pytest.fixture(scope="module")
def budget():
    return explorer.budget(NETWORKS)


@pytest.fixture
def opened(page):
    """Shows a page on a static page; a script that fails, or a request to anywhere, fails the test."""
    wrong = []
    page.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
    page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
    page.on("request", lambda request: wrong.append(f"asks for {request.url}"))
    page.route("http*://**", lambda route: route.abort())

    def show(one, style=LIGHT):
        page.set_content(f'<body style="{style}">{one.html}')
        page.locator("[data-still]").wait_for(state="hidden")  # the page in the frame has answered
        return page.frame_locator("iframe")

    yield show
    asked = [each for each in wrong if not each.startswith(("asks for data:", "asks for about:"))]
    assert asked == []


def run(inside, script, argument=None):
    """Evaluates a function of the page's script."""
    return inside.locator("html").evaluate(f"(html, given) => {{ {script} }}", argument)


# The arithmetic


def draw_settings(count):
    """Random settings, those that PyTorch refuses among them."""
    drawn = random.Random(0)
    found = []
    for _ in range(count):
        one = {"size": [drawn.randint(1, 14) for _ in range(3)]}
        one["kernel"] = [drawn.randint(1, 5) for _ in range(3)]
        one["stride"] = [drawn.randint(1, 6) for _ in range(3)]
        one["padding"] = [drawn.randint(0, 4) for _ in range(3)]
        one["dilation"] = [drawn.randint(1, 3) for _ in range(3)]
        one |= {"in_channels": drawn.randint(1, 4), "out_channels": drawn.randint(1, 5)}
        found.append({**one, "bias": drawn.random() < 0.5})
    return found


def by_pytorch(one):
    """PyTorch's output size, or None where it raises an error."""
    weight = torch.zeros(1, 1, *one["kernel"])  # (K, C, t, h, w)
    options = {name: tuple(one[name]) for name in ("stride", "padding", "dilation")}
    try:
        return list(F.conv3d(torch.zeros(1, 1, *one["size"]), weight, **options).shape[2:])
    except RuntimeError as error:
        assert "Kernel size can't be greater than actual input size" in str(error)
        return None


def axes_of(one):
    return {name: tuple(one[name]) for name in NAMES}


def test_sizes_are_pytorch_s_and_errors_name_the_axis(opened, first):
    settings = draw_settings(4000)
    inside = opened(first)
    found = run(inside, "return given.map((one) => convolve(one))", settings)
    refused = 0
    for one, result in zip(settings, found, strict=True):
        assert result["output"] == by_pytorch(one), one
        if result["output"] is not None:
            assert tuple(result["output"]) == conv.output_size(**axes_of(one))
            assert result["problem"] == ""
            continue
        refused += 1
        with pytest.raises(ValueError, match="larger than the padded input") as error:
            conv.output_size(**axes_of(one))
        axis = next(name for name in ("time", "height", "width") if f"along {name}:" in str(error.value))
        assert f"along {axis}," in result["problem"]
        padding = str(error.value).rsplit("padding of ", 1)[1].split()[0]
        assert f"padding of at least {padding} " in result["problem"]
    assert 400 < refused < 3600


def test_the_formula_has_the_numbers(opened, first):
    inside = opened(first)
    told = run(
        inside, "return given.map((one) => outputSize(...one).text)", [[12, 3, 2, 1, 2], [7, 3, 1, 0, 1]]
    )
    assert told[0] == "⌊(12 + 2·1 − 2·(3 − 1) − 1) / 2⌋ + 1 = ⌊9 / 2⌋ + 1 = ⌊4.5⌋ + 1"
    assert told[1] == "⌊(7 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1 = ⌊4 / 1⌋ + 1"
    # The text itself, worked out by Python, gives the size.
    settings = [
        [each[axis] for each in axes_of(one).values()] for one in draw_settings(500) for axis in range(3)
    ]
    found = run(inside, "return given.map((one) => outputSize(...one))", settings)
    for result in found:
        sums = result["text"].replace("·", "*").replace("−", "-").replace("⌊", "__import__('math').floor(")
        for each in sums.replace("⌋", ")").split(" = "):
            assert eval(each) == result["out"], result


def test_costs_are_those_of_conv(opened, first):
    huge = {
        "size": [1000] * 3,
        "kernel": [99] * 3,
        "stride": [1] * 3,
        "padding": [99] * 3,
        "dilation": [1] * 3,
    }
    huge |= {"in_channels": 4096, "out_channels": 4096, "bias": True}
    settings = [one for one in [*draw_settings(2000), huge] if by_pytorch_or_conv(one)]
    script = """return given.map((one) => Object.fromEntries(Object.entries(costOf(one, convolve(one).output))
        .map(([name, value]) => [name, String(value)])))"""
    found = run(opened(first), script, settings)
    for one, result in zip(settings, found, strict=True):
        channels = {name: one[name] for name in ("in_channels", "out_channels", "bias")}
        account = conv.cost(**axes_of(one), **channels)
        for name, value in result.items():
            assert int(value) == getattr(account, name), (one, name)
    assert len(found) > 300
    assert found[-1]["macs"] == str(4096 * 4096 * 99**3 * 1100**3)


def by_pytorch_or_conv(one):
    try:
        return conv.output_size(**axes_of(one))
    except ValueError:
        return None


def test_the_values_are_pytorch_s(opened, first):
    settings = [one for one in draw_settings(300) if by_pytorch_or_conv(one)][:60]
    script = """return given.map((one) => {
        const [T, H, W] = convolve(one).output, found = [];
        for (let k = 0; k < one.out_channels; k += 1) for (let t = 0; t < T; t += 1)
        for (let y = 0; y < H; y += 1) for (let x = 0; x < W; x += 1)
            found.push(outputValue(one, k, [t, y, x]));
        return found; })"""
    found = run(opened(first), script, settings)
    assert len(settings) == 60
    for one, result in zip(settings, found, strict=True):
        x, w, b = explorer.example_values(
            tuple(one["size"]), tuple(one["kernel"]), one["in_channels"], one["out_channels"]
        )
        options = {name: tuple(one[name]) for name in ("stride", "padding", "dilation")}
        bias = torch.from_numpy(b).double() if one["bias"] else None
        y = F.conv3d(torch.from_numpy(x).double()[None], torch.from_numpy(w).double(), bias, **options)
        assert result == y.flatten().long().tolist(), one


def test_never_visited_is_what_has_no_gradient(opened, first):
    settings = [[each[0] for each in axes_of(one).values()] for one in draw_settings(600)]
    settings = [(n, k, s, p, d) for n, k, s, p, d in settings if d * (k - 1) + 1 <= n + 2 * p]
    script = """return given.map((one) => {
        const { seen, last, between } = neverVisited(...one, outputSize(...one).out);
        return { seen: [...seen], last, between }; })"""
    for (n, k, s, p, d), found in zip(settings, run(opened(first), script, settings), strict=True):
        x = torch.ones(1, 1, n, requires_grad=True)  # (N, C, n)
        F.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d).sum().backward()
        seen = (x.grad[0, 0] > 0).int().tolist()
        last = next((i for i, each in enumerate(reversed(seen)) if each), n)
        assert found == {"seen": seen, "last": last, "between": seen.count(0) - last}


def test_the_line_to_copy_runs_and_gives_that_shape(opened, first):
    settings = [one for one in draw_settings(400) if by_pytorch_or_conv(one)]
    lines = run(opened(first), "return given.map(pytorchLine)", settings)
    for one, line in zip(settings, lines, strict=True):
        layer = eval(line, {"nn": nn})
        x = torch.zeros(2, one["in_channels"], *one["size"])  # (B, C, T, H, W)
        assert layer(x).shape == (2, one["out_channels"], *conv.output_size(**axes_of(one)))
        assert (layer.bias is not None) == one["bias"]
    # What PyTorch assumes anyway is left out, and one number stands for three equal ones.
    assert not [line for line in lines if re.search(r"stride=1\b|padding=0\b|dilation=1\b|bias=True", line)]
    plain = {**settings[0], "kernel": [3, 3, 3], "stride": [1, 1, 1], "padding": [0, 0, 0]}
    plain |= {"dilation": [1, 2, 1], "in_channels": 3, "out_channels": 4, "bias": True}
    line = run(opened(first), "return pytorchLine(given)", plain)
    assert line == "nn.Conv3d(3, 4, kernel_size=3, dilation=(1, 2, 1))"


# By hand


def where(inside):
    return inside.locator("#where").inner_text()


def test_the_kernel_moves_by_keyboard(opened, first, page, screenshot):
    inside = opened(first)
    assert where(inside).startswith("Output [0, 5, 2, 3] = ")
    before = inside.locator("#picture").evaluate("canvas => canvas.toDataURL()")
    inside.locator("#picture").focus()
    for key, place in {
        "ArrowRight": "5, 2, 4", "ArrowLeft": "5, 2, 3", "ArrowDown": "5, 3, 3", "ArrowUp": "5, 2, 3",
        "]": "6, 2, 3", "[": "5, 2, 3", "PageDown": "6, 2, 3", "PageUp": "5, 2, 3",
        "End": "9, 4, 6", "Home": "0, 0, 0",
    }.items():  # fmt: skip
        page.keyboard.press(key)
        assert where(inside).startswith(f"Output [0, {place}] = "), key
    page.keyboard.press("ArrowLeft")  # at the edge it stays
    assert "from frames 0 to 2; rows 0 to 2; columns 0 to 2." in where(inside)
    assert inside.locator("#picture").evaluate("canvas => canvas.toDataURL()") != before
    assert inside.locator("#picture").get_attribute("aria-label").endswith(where(inside))
    assert inside.locator("#at0").input_value() == inside.locator("#scrub").input_value() == "0"
    page.wait_for_timeout(700)
    assert where(inside) in inside.locator("#told").text_content()
    screenshot("explorer-keyboard")


def test_the_kernel_is_resized_by_keyboard_and_by_its_fields(opened, first, page):
    inside = opened(first)
    inside.locator("#picture").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+]")
    page.keyboard.press("Shift+ArrowUp")
    assert [inside.locator(f"#kernel_{axis}").input_value() for axis in range(3)] == ["4", "2", "4"]
    assert inside.locator("#line").inner_text().startswith("nn.Conv3d(3, 4, kernel_size=(4, 2, 4))\n")
    assert "(B, 3, 12, 7, 9) -> (B, 4, 9, 6, 6)" in inside.locator("#line").inner_text()
    inside.get_by_label("stride, height").fill("2")
    assert (
        inside.locator("#formula1")
        .inner_text()
        .startswith("H: ⌊(7 + 2·0 − 1·(2 − 1) − 1) / 2⌋ + 1 = ⌊5 / 2⌋ + 1 = ⌊2.5⌋ + 1 = 3")
    )
    assert "height: the last row is never visited" in inside.locator("#formula1").inner_text()
    inside.get_by_label("output channels").fill("7")
    inside.get_by_label("bias").uncheck()
    assert inside.locator("#cost tr").nth(0).inner_text().split("\t")[1:] == ["672", "7·3·4·2·4"]
    assert "bias=False" in inside.locator("#line").inner_text()
    assert "bias" not in inside.locator("#total").inner_text()


def test_what_is_invalid_is_explained_and_mended(opened, first, screenshot):
    inside = opened(first)
    inside.get_by_label("kernel, height").fill("8")
    problem = inside.get_by_role("alert")
    assert problem.inner_text() == (
        "No output: along height, the kernel is 8 rows long, but the input has 7. It takes a smaller "
        "kernel, padding of at least 1 or a size of at least 8."
    )
    assert inside.locator("#formula1").inner_text().endswith("= 0, none")
    assert inside.locator("#size1").inner_text() == "none"
    assert inside.get_by_label("kernel, height").get_attribute("aria-invalid") == "true"
    assert inside.locator("#play").is_disabled()
    screenshot("explorer-invalid")
    inside.get_by_label("padding, height").fill("1")
    assert not problem.is_visible()
    assert inside.locator("#size1").inner_text() == "2"
    for given, says in {
        "": "Height: the kernel must be a whole number from 1 to 99.",
        "0": "99, not 0.",
        "2.5": "99, not 2.5.",
        "1e1": "not 1e1",
    }.items():
        inside.get_by_label("kernel, height").fill(given)
        assert problem.inner_text().startswith("Height: the kernel must be a whole number from 1 to 99"), (
            given
        )
        assert says.rstrip(".") in problem.inner_text()
        assert inside.get_by_label("kernel, height").get_attribute("aria-invalid") == "true"
    inside.get_by_label("kernel, height").fill("3")
    assert not problem.is_visible()
    assert inside.get_by_label("kernel, height").get_attribute("aria-invalid") == "false"


def test_one_value_is_spelled_out(opened, first):
    inside = opened(first)
    inside.get_by_label("kernel (output channel)").select_option("2")
    channels = inside.locator(".channel")
    assert channels.count() == 3
    sums = []
    for channel in channels.all():
        products = channel.locator(".products span").all_inner_texts()
        assert len(products) == 27
        sums.append(sum(eval(each.replace("·", "*").replace("−", "-")) for each in products))
        assert channel.locator("> span").inner_text() == f"= {sums[-1]}".replace("-", "−")
    x, w, b = explorer.example_values((12, 7, 9), (3, 3, 3), 3, 4)
    expected = (x[:, 5:8, 2:5, 3:6] * w[2]).reshape(3, -1).sum(1)
    assert sums == expected.tolist()
    assert inside.locator("#total strong").inner_text() == str(expected.sum() + b[2]).replace("-", "−")
    assert f"= {inside.locator('#total strong').inner_text()}," in where(inside)


def test_many_channels_and_large_kernels_are_summed_up(opened):
    inside = opened(explorer.convolution((9, 20, 20), (7, 9, 9), in_channels=64))
    assert inside.locator(".channel").count() == 4
    assert "81 products" in inside.locator(".channel").first.inner_text()
    assert "… 2 more frames" in inside.locator(".channel").first.inner_text()
    assert "… 60 more channels: " in inside.locator("#total").inner_text()
    inside.get_by_label("input channels").fill("4096")
    assert "2,322,432 products for one output value: too many" in inside.locator("#arithmetic").inner_text()
    assert where(inside).startswith("Output [0, 1, 6, 6], from frames")


def test_it_plays_and_scrubs(opened, page):
    inside = opened(explorer.convolution((4, 3, 4), 2, at=(0, 0, 0)))
    inside.get_by_label("speed").select_option("fast")
    play = inside.locator("#play")
    play.click()
    assert play.inner_text() == "❚❚ Pause"
    inside.locator("#count", has_text="18 of 18").wait_for()
    assert where(inside).startswith("Output [0, 2, 1, 2] = ")
    assert play.inner_text() == "▶ Play"
    inside.locator("#scrub").focus()
    page.keyboard.press("Home")
    assert where(inside).startswith("Output [0, 0, 0, 0]")
    page.keyboard.press("ArrowRight")
    assert where(inside).startswith("Output [0, 0, 0, 1]")
    assert inside.locator("#scrub").get_attribute("aria-valuetext") == "output frame 0, row 0, column 1"
    inside.get_by_label("Output position, time").press("ArrowRight")
    assert where(inside).startswith("Output [0, 1, 0, 1]")
    inside.get_by_label("speed").select_option("slow")  # so that it is not through before the next key
    inside.locator("#picture").press("Space")
    assert play.inner_text() == "❚❚ Pause"
    inside.locator("#picture").press("Space")
    assert play.inner_text() == "▶ Play"


def test_the_pointer_brings_the_kernel_to_a_cell(opened, first):
    inside = opened(first)
    script = """const one = strips.find((each) => each.side === given[0] && each.frame === given[1]);
        return [one.x0 + (given[3] + 0.5) * one.cell, one.y0 + (given[2] + 0.5) * one.cell]"""
    for side, cell, expected in (("output", (9, 1, 5), "9, 1, 5"), ("input", (3, 4, 4), "2, 3, 3"),
                                 ("input", (0, 0, 8), "0, 0, 6")):  # fmt: skip
        x, y = run(inside, script, [side, *cell])
        inside.locator("#picture").click(position={"x": x, "y": y})
        assert where(inside).startswith(f"Output [0, {expected}]"), (side, cell)


def test_presets_and_the_way_back(opened, first, screenshot):
    inside = opened(first)
    preset = inside.get_by_label("try")
    seen = set()
    for name in preset.locator("option").all_inner_texts():
        preset.select_option(name)
        seen.add(inside.locator("#line").inner_text())
        assert not inside.get_by_role("alert").is_visible()
    assert len(seen) == preset.locator("option").count()
    assert "(B, 3, 100, 224, 224) -> (B, 16, 98, 222, 222)" in inside.locator("#line").inner_text()
    assert "6,259,462,272" in inside.locator("#cost").inner_text()
    screenshot("explorer-lecture")
    preset.select_option("as given")
    assert "(B, 3, 12, 7, 9) -> (B, 4, 10, 5, 7)" in inside.locator("#line").inner_text()


def test_the_line_is_copied(opened, first, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    inside = opened(first)
    inside.get_by_role("button", name="Copy").click()
    inside.get_by_role("button", name="Copied").wait_for()


# For everyone


def pages(first, budget):
    long = explorer.convolution((100, 224, 224), (16, 30, 30), out_channels=16)
    return {"strip": first, "boxes": long, "budget": budget}


SCROLLS = """return [...html.querySelectorAll('main *')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === 'auto')
    .map((one) => one.className || one.id)"""
PAST_THE_EDGE = """return [...html.querySelectorAll('main *:not(option)')]
    .filter((one) => one.offsetParent && one.getBoundingClientRect().right > innerWidth + 1)
    .map((one) => one.outerHTML.slice(0, 80))"""
COLOURS = """return ['color', 'backgroundColor']
    .map((name) => parseInt(getComputedStyle(document.body)[name].slice(4)))"""


@pytest.mark.parametrize("style, dark", [(LIGHT, False), (DARK, True)])
@pytest.mark.parametrize("width", [360, 900])
def test_nothing_is_cut_on_a_phone_or_a_laptop_in_light_or_dark(
    page, opened, screenshot, first, budget, style, dark, width
):
    page.set_viewport_size({"width": width, "height": 900})
    for name, one in pages(first, budget).items():
        inside = opened(one, style)
        room = run(inside, "return [html.scrollHeight - innerHeight, html.scrollWidth - innerWidth]")
        assert max(room) <= 0, name
        assert run(inside, SCROLLS) == [], name
        assert run(inside, PAST_THE_EDGE) == [], name
        colours = run(inside, COLOURS)
        assert (colours[0] > 200, colours[1] < 50) == (dark, dark), name
        page.wait_for_timeout(150)
        screenshot(f"explorer-{name}-{width}-{'dark' if dark else 'light'}")


CONTRAST = """
    const luminance = (hex) => [1, 3, 5].map((n) => parseInt(hex.slice(n, n + 2), 16) / 255)
        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const read = (name) => getComputedStyle(html).getPropertyValue(`--${name}`).trim();
    return given.map(([a, b]) => {
        const [low, high] = [luminance(read(a)), luminance(read(b))].sort((x, y) => x - y);
        return [a, b, (high + 0.05) / (low + 0.05)]; });
"""
TEXTS = [
    *[("ink", each) for each in ("paper", "soft", "in", "out")],
    *[(each, "paper") for each in ("faint", "bad", "in-line", "out-line")],
    *[("on-kernel", "kernel"), ("on-accent", "accent")],
]
SHAPES = [("line", "paper"), ("kernel", "in"), ("kernel", "out"), ("kernel", "paper"), ("accent", "paper")]


@pytest.mark.parametrize("style", [LIGHT, DARK])
def test_colours_stand_out(opened, first, style):
    inside = opened(first, style)
    for a, b, contrast in run(inside, CONTRAST, TEXTS):
        assert contrast >= 4.5, (a, b)
    for a, b, contrast in run(inside, CONTRAST, SHAPES):
        assert contrast >= 3, (a, b)


UNNAMED = """return [...html.querySelectorAll('input, select, button, canvas')]
    .filter((one) => one.offsetParent && !(one.getAttribute('aria-label') || one.innerText.trim() ||
        (one.labels && one.labels[0] && one.labels[0].innerText.trim())))
    .map((one) => one.outerHTML)"""
BY_TAB = """return [...html.querySelectorAll('input, select, button, canvas')]
    .filter((one) => one.offsetParent && !one.disabled && (one.type !== 'radio' || one.checked))
    .map((one) => one.id || one.name)"""
FOCUS = """const one = document.activeElement;
    return [one.id || one.name, one === document.body ? '' : getComputedStyle(one).outlineStyle]"""
DOUBLED = """const ids = [...html.querySelectorAll('[id]')].map((one) => one.id);
    return ids.filter((id, n) => ids.indexOf(id) !== n)"""


def test_every_control_has_a_name_and_is_reached_by_tab_with_a_visible_focus(opened, first, budget, page):
    for one in (first, budget):
        inside = opened(one)
        assert run(inside, UNNAMED) == []
        expected = run(inside, BY_TAB)
        reached, unseen = [], []
        page.locator("iframe").evaluate("frame => frame.contentWindow.focus()")
        for _ in range(len(expected) + 3):
            page.keyboard.press("Tab")
            at = run(inside, FOCUS)
            reached.append(at[0])
            unseen += [] if at[1] in ("solid", "auto", "") else [at[0]]
        assert [each for each in expected if each not in reached] == []
        assert unseen == []
        assert inside.locator("#told").get_attribute("aria-live") == "polite"
        assert inside.locator("[role=alert]").count() == 1
        assert run(inside, DOUBLED) == []


def test_the_still_picture_is_shown_only_where_no_script_runs(chromium, page, opened, first):
    opened(first)
    assert not page.locator("[data-still] img").is_visible()
    context = chromium.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.set_content(first.html)
    assert plain.locator("[data-still] img").is_visible()
    assert plain.locator("[data-still] img").get_attribute("alt") == first.picture.alt
    assert plain.locator("iframe").count() == 0
    context.close()


REMOVE = """new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]);
    for (const node of added) if (node.tagName === "IFRAME") node.remove();
}).observe(document, { childList: true, subtree: true })"""


def test_stored_frames_may_be_stripped_and_where_all_frames_are_removed_what_is_needed_remains(page, first):
    asked = predict.ask("recall-kernel-channels")
    stored = re.sub("<iframe", "<b", asked.html + first.html)  # as a sanitizer of Colab's may do
    page.set_content(stored)
    for still in page.locator("[data-still]").all():
        still.wait_for(state="hidden")
    assert page.locator("iframe[srcdoc]").count() == 2
    page.set_content(f"<script>{REMOVE}</script>{stored}")
    page.wait_for_function("document.querySelectorAll('[data-ready]').length === 2")
    assert page.locator("iframe").count() == 0
    assert page.locator("img").is_visible()
    assert page.get_by_text("write your answer down").is_visible()
    assert page.get_by_text("nine channels", exact=True).is_visible()
    page.get_by_text("Show the answer").click()
    assert page.get_by_text("a single channel.").is_visible()


# The budget calculator


def test_the_budget_s_arithmetic_is_python_s(opened, budget):
    drawn = random.Random(0)
    fits = [_budget.Fit(drawn.uniform(-5e6, 5e8), drawn.uniform(10, 5000), 0) for _ in range(2000)]
    asked = [
        (fit.fixed, fit.per_pixel, drawn.uniform(5e8, 1e11), drawn.randint(16, 1080), drawn.randint(16, 1920))
        for fit in fits
    ]
    script = """return given.map(([fixed, per_pixel, memory, h, w]) =>
        longestClip({ fixed, per_pixel }, memory, h, w))"""
    found = run(opened(budget), script, asked)
    for fit, one, frames in zip(fits, asked, found, strict=True):
        assert frames == fit.frames(*one[2:])
        assert fit.bytes(frames, *one[3:]) <= max(one[2], fit.fixed)
    sides = run(
        opened(budget),
        "return given.map(([fixed, per_pixel, memory, h]) => largestSide({ fixed, per_pixel }, memory, h))",
        asked,
    )
    for fit, one, side in zip(fits, asked, sides, strict=True):
        assert fit.bytes(one[3], side, side) <= one[2] < fit.bytes(one[3], side + 1, side + 1)


def test_the_budget_follows_every_control(opened, budget, page, screenshot):
    inside = opened(budget)
    networks = {name: _budget.fit(name, model, torch.float32) for name, model in NETWORKS.items()}
    clips = networks["clips"]

    def shown(mode, number=0):
        return inside.locator(f"#{mode}{number}").inner_text()

    def expected(fit, memory=16e9, size=(224, 224), fps=25, more=0):
        frames = fit.frames(memory - more, *size)
        return f"{frames:,} frames = ", frames / fps

    def check(text, start_and_seconds):
        start, seconds = start_and_seconds
        assert text.startswith(start)
        assert float(text.split("= ")[1].removesuffix(" s").replace(",", "")) == pytest.approx(
            seconds, rel=0.01
        )

    check(shown("inference"), expected(clips.inference))
    check(shown("training"), expected(clips.training))
    inside.get_by_label("Memory in GB", exact=True).fill("24")
    assert inside.get_by_label("Memory in GB, slider").input_value() == "65"  # of 100, from 0.5 to 200 GB
    check(shown("training"), expected(clips.training, memory=24e9))
    inside.get_by_label("Common frame sizes").select_option("720 × 1280")
    check(shown("training"), expected(clips.training, memory=24e9, size=(720, 1280)))
    inside.get_by_label("Frame width in pixels").fill("640")
    assert inside.get_by_label("Common frame sizes").input_value() == ""
    inside.get_by_label("Frames per second").fill("50")
    check(shown("training"), expected(clips.training, memory=24e9, size=(720, 640), fps=50))
    inside.get_by_label("Memory in GB, slider").focus()
    page.keyboard.press("Home")
    assert inside.get_by_label("Memory in GB", exact=True).input_value() == "0.5"
    inside.get_by_label("clips").check()
    assert inside.locator("#which").inner_text() == "clips"
    assert "(0.5 GB" in inside.locator("#sum").inner_text()
    inside.get_by_label("Frames wanted").fill("0")
    assert (
        inside.get_by_role("alert").inner_text()
        == "Frames wanted must be a whole number from 1 to 1000000, not 0."
    )
    inside.get_by_label("Frames wanted").fill("16")
    side = int(np.sqrt((0.5e9 - clips.inference.fixed) / (clips.inference.per_pixel * 16)))
    assert inside.locator("#square").inner_text().startswith(f"{side:,} × {side:,} (inference), ")
    page.wait_for_timeout(700)
    assert inside.locator("#told").text_content().startswith("clips: inference ")
    screenshot("budget-by-hand")


def test_an_optimizer_keeps_more_in_training_only(opened):
    model = nn.Sequential(nn.Conv3d(3, 8, 3), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 2_000_000))
    inside = opened(explorer.budget({"wide": model}, memory_gb=2, size=(100, 100)))
    wide = _budget.fit("wide", model, torch.float32)
    before = inside.locator("#inference0").inner_text()
    for name, copies in (("SGD", 0), ("SGD, momentum", 1), ("Adam", 2)):
        inside.get_by_label("optimizer").select_option(name)
        frames = wide.training.frames(2e9 - copies * wide.parameter_bytes, 100, 100)
        assert inside.locator("#training0").inner_text().startswith(f"{frames:,} frames = "), name
    assert inside.locator("#inference0").inner_text() == before
    assert frames < 0.95 * wide.training.frames(2e9, 100, 100)


def test_frames_one_by_one_need_no_more_for_a_longer_clip(opened, budget):
    inside = opened(budget)
    assert inside.locator("#alone0").count() == 0
    assert inside.locator("#alone1").inner_text().startswith("any number of frames, in ")
    assert "off by" in inside.locator("#fine").inner_text()


# In JupyterLab and in Notebook 7

MAKE = "from IPython.display import HTML\nfrom torch import nn\nfrom coursekit import explorer, predict\n"
CELLS = [
    MAKE + "explorer.convolution()",
    "explorer.budget({'layer': nn.Conv3d(3, 16, 3)})",
    "predict.ask('recall-kernel-channels')",
    "HTML('<div style=\"height: 2000px\">high</div>')",
]


@pytest.fixture(scope="module")
def running(chromium, tmp_path_factory, first):
    folder = tmp_path_factory.mktemp("course")
    save(folder / "explorer.ipynb", text("# An explorer"), *map(code, CELLS))
    cells = [code("explorer.convolution()"), code("predict.ask('recall-kernel-channels')")]
    for cell, html in zip(cells, (first.html, predict.ask("recall-kernel-channels").html), strict=True):
        cell.outputs = [new_output("display_data", {"text/html": html})]
    save(folder / "untrusted.ipynb", *cells)
    with lab.jupyterlab(folder, tmp_path_factory.mktemp("jupyter")) as server:
        yield server


OPEN = """async () => {
    await jupyterapp.restored;
    while (!jupyterapp.shell.currentWidget) await new Promise((done) => setTimeout(done, 100));
    window.panel = jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
}"""


def open_in_notebook_7(page, server, name):
    """Open a notebook in Notebook 7, which the server of JupyterLab has too, and wait for its kernel."""
    pytest.importorskip("notebook", "7", reason="Notebook 7 is not installed")
    page.set_default_timeout(1000 * lab.PAGE_SECONDS)
    page.goto(f"{server.url}notebooks/{name}?token={server.token}")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate(OPEN)
    return lab.Notebook(page)


FOLLOWS = """(dark) => [...document.querySelectorAll("iframe[srcdoc]")].every((frame) =>
    frame.contentDocument.documentElement.classList.contains("dark") === dark)"""


def check_themes(page):
    """Explorer, budget and question follow the theme, both ways."""
    for theme in ("Dark", "Light", "Dark"):
        command = "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })"
        page.evaluate(command, f"JupyterLab {theme}")
        page.wait_for_function(FOLLOWS, arg=theme == "Dark", timeout=20_000)
        # JupyterLab removes its splash 200 ms after a change; a change before that is an error of its own.
        page.wait_for_function("document.getElementById('jupyterlab-splash') === null")


def test_in_jupyterlab(running, page, screenshot):
    notebook = lab.open_notebook(page, running, "explorer.ipynb")
    cells = notebook.run()
    for cell in cells:
        assert [output["output_type"] for output in cell["outputs"]] == ["execute_result"]
    frames = page.locator("iframe[srcdoc]")
    assert frames.count() == 3
    page.locator("[data-still]").first.wait_for(state="hidden")
    inside = frames.first.content_frame
    inside.locator("#picture").focus()
    before = where(inside)
    page.keyboard.press("ArrowRight")  # the frame takes the key, not JupyterLab
    page.keyboard.press("]")
    assert where(inside) != before
    frames.first.scroll_into_view_if_needed()
    screenshot("explorer-lab")
    layer = frames.nth(1).content_frame
    layer.get_by_label("Memory in GB", exact=True).fill("1")
    assert "(1 GB" in layer.locator("#sum").inner_text()
    check_themes(page)
    screenshot("explorer-lab-dark")
    assert notebook.errors == []


def test_notebook_7_shows_an_explorer_whole_and_its_themes_are_followed(running, page, screenshot):
    open_in_notebook_7(page, running, "explorer.ipynb").run()
    for still in page.locator("[data-still]").all():
        still.wait_for(state="hidden")
    squeezed = page.locator(".jp-mod-outputsScrolled .jp-OutputArea-output")
    assert squeezed.all_inner_texts() == ["high"], "only the cell that is higher than Notebook 7 allows"
    assert page.locator("iframe[title='Convolution explorer']").bounding_box()["height"] > 1200
    screenshot("explorer-notebook-7")
    check_themes(page)
    screenshot("explorer-notebook-7-dark")


@pytest.mark.again
def test_before_it_is_trusted_notebook_7_shows_the_picture_the_question_and_its_folded_answer(
    running, page, screenshot
):
    open_in_notebook_7(page, running, "untrusted.ipynb")
    picture, question = page.locator(".jp-OutputArea-output").all()
    assert page.locator("iframe[srcdoc], .jp-OutputArea-output script").count() == 0
    assert picture.locator("img").is_visible()
    for words in ("How many channels does the result have?", "three channels", "write your answer down"):
        assert question.get_by_text(words).first.is_visible(), words
    answer = question.get_by_text("Common mistakes")
    assert not answer.is_visible()
    question.get_by_text("Show the answer").click()
    assert answer.is_visible()
    screenshot("untrusted-notebook-7")
