"""The course's site in a real browser: each page in light, in the dark and on a phone, and by hand."""

import functools
import http.server
import re
import threading

import pytest
import torch
from support import lab
from support.lab import ARTIFACTS, answer, of_each_kind
from support.legs import ALL_LEGS, examples
from support.published import ASSIGNMENTS, LECTURES, ROOT, SOLUTIONS

from coursekit import conv, data, video
from tools.publish import site_home

pytestmark = pytest.mark.browser

REFERENCE = sorted(f"api/{path.stem}" for path in (ROOT / "tools/publish/templates/site/api").glob("*.rst"))
OTHERS = [
    "index",
    "instructors",
    "own_films",
    "404",
    "search",
    "genindex",
    "data/README",
    "notebooks/assignments/README",
]
PAGES = [*LECTURES, *SOLUTIONS, *ASSIGNMENTS, *REFERENCE, *OTHERS]
PHONE = {"width": 390, "height": 844}
TABLET = {"width": 800, "height": 1100}
LAPTOP = {"width": 1280, "height": 900}
PAPER = {"width": 703, "height": 1032}  # A4 at 96 dots per inch, without margins of 12 mm


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served while these tests run."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def page(chromium):
    """A new page without moving transitions, which a picture would catch half way."""
    context = chromium.new_context(viewport=LAPTOP, color_scheme="light", reduced_motion="reduce")
    yield context.new_page()
    context.close()


@pytest.fixture
def opened(page, address):
    """Opens pages of the site; at the end, no script has failed and nothing else was asked for."""
    wrong = []

    def noted(message):
        if message.type in ("error", "warning"):
            wrong.append(f"{message.type}: {message.text}")

    def elsewhere(route):
        wrong.append(f"asks for {route.request.url}")
        route.abort()

    page.on("console", noted)
    page.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on(
        "response", lambda answer: wrong.append(f"{answer.status}: {answer.url}") if not answer.ok else None
    )
    page.route(lambda url: not url.startswith((address, "data:", "blob:", "about:")), elsewhere)

    def open_page(name):
        page.goto(f"{address}{name}.html")
        return page

    yield open_page
    assert wrong == []


_STRUCTURE = """() => JSON.stringify([...document.querySelectorAll("*")].map(
    (each) => [each.tagName, each.className, ...[...each.attributes].map((one) => one.name)]))"""


# Whether a text has contrast is decided by its colour, size and weight, and by what lies behind it. axe-core
# takes a millisecond for each element, and thousands of words look the same: one of each look is enough.
_CONTRAST = """async (seen) => {
    const backs = new Map([[null, ""]]);
    const behind = (each) => {
        if (!backs.has(each)) {
            const { backgroundColor, backgroundImage, opacity } = getComputedStyle(each);
            backs.set(each, [backgroundColor, backgroundImage, opacity, behind(each.parentElement)].join());
        }
        return backs.get(each);
    };
    const chosen = new Map();
    for (const each of document.querySelectorAll("body *")) {
        const written = [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!written || !each.checkVisibility({ visibilityProperty: true })) continue;
        const { color, fontSize, fontWeight } = getComputedStyle(each);
        const look = [color, fontSize, fontWeight, behind(each)].join();
        if (!seen.includes(look) && !chosen.has(look)) chosen.set(look, each);
    }
    if (!chosen.size) return [[], []];
    const include = [...chosen.values()];
    const exclude = include.flatMap((each) => [...each.children]).filter((each) => !include.includes(each));
    const options = { runOnly: ["color-contrast"], resultTypes: ["violations"], preload: false };
    const found = await axe.run({ include, exclude }, { ...options, iframes: false });
    return [[...chosen.keys()], found.violations];
}"""


# Only its colours are of interest in a word of code.
_PLAIN_CODE = """() => document.querySelectorAll(".highlight pre, .sig").forEach(
    (each) => { each.textContent = each.textContent; })"""


def frames(page, seen):
    """The frames of a page that have axe-core now: the page itself, and each of a structure that is new.

    Args:
        page: Playwright's page.
        seen: hashes of structures that were looked at. A frame with one of these is left out: two questions
            of the same form differ in their words alone. Others are added.
    """
    for frame in page.frames:
        if frame.parent_frame:
            structure = hash(frame.evaluate(_STRUCTURE))
            if structure in seen:
                continue
            seen.add(structure)
        # From page to frame, axe-core sends messages that a frame without an address of its own does not get.
        if not frame.evaluate("'axe' in window"):
            frame.evaluate(lab.axe())
        yield frame


def serious(violations):
    """What axe-core calls serious or critical: the rule, what it says, and where it is broken."""
    return [
        (each["id"], each["help"], [node["html"][:200] for node in each["nodes"]])
        for each in violations
        if each["impact"] in ("serious", "critical")
    ]


def pale(page, seen):
    """Texts that cannot be told from what is behind them; `seen` as in `frames`, and looks of texts."""
    found = []
    for frame in frames(page, seen):
        looks, violations = frame.evaluate(_CONTRAST, [look for look in seen if isinstance(look, str)])
        seen.update(looks)
        found += violations
    return serious(found)


def faults(page, seen):
    """What else axe-core finds; `seen` as in `frames`."""
    options = {"resultTypes": ["violations"], "preload": False, "iframes": False}
    options["rules"] = {"color-contrast": {"enabled": False}}
    found = []
    for frame in frames(page, seen):
        found += frame.evaluate("(options) => axe.run(document, options)", options)["violations"]
    return serious(found)


def keep(page, name, kind):
    """A picture of the whole page in artifacts/site/; by make test-all, since each takes time."""
    if not ALL_LEGS:
        return
    path = ARTIFACTS / "site" / f"{name.replace('/', '-')}-{kind}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True, quality=50)


def too_wide(page):
    """By how many pixels the page is wider than its window, and its frames than what they hold."""
    return page.evaluate(
        """() => {
            const over = (it) => [it.scrollWidth - it.clientWidth, it.scrollHeight - it.clientHeight];
            const frames = [...document.querySelectorAll("iframe[srcdoc]")];
            const inside = frames.flatMap((frame) => over(frame.contentDocument.documentElement));
            return [document.documentElement.scrollWidth - innerWidth, ...inside].filter((more) => more > 0);
        }"""
    )


def code_too_wide(page):
    """The longest lines of the blocks of code and text that are wider than their place."""
    return page.evaluate(
        """() => [...document.querySelectorAll("pre")]
            .filter((each) => each.scrollWidth > each.clientWidth + 1)
            .map((each) => each.innerText.slice(0, 100))"""
    )


def weight(page):
    """Bytes that a page took without its pictures and films: scripts, styles, fonts, and the page itself."""
    return page.evaluate(
        """async () => {
            const loaded = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
            const files = loaded.filter((each) => !["img", "video", "css"].includes(each.initiatorType));
            const text = await (await fetch(location.href)).text();
            const embedded = text.match(/data:[\\w+-]+\\/[\\w.+-]+;base64,[\\w+\\/=]*/g) ?? [];
            const sum = (sizes) => sizes.reduce((all, one) => all + one, 0);
            return sum(files.map((each) => each.encodedBodySize)) - sum(embedded.map((each) => each.length));
        }"""
    )


def test_these_are_all_pages(site):
    found = {path.relative_to(site).with_suffix("").as_posix() for path in site.rglob("*.html")}
    assert {name for name in found if not name.startswith("_static")} == set(PAGES)


@pytest.fixture(scope="module")
def seen():
    """What was looked at: see `frames` and `pale`."""
    return {"light": set(), "dark": set(), "faults": set()}


# Pages of one kind are made in the same way: the first stands for the others. Lectures all differ.
EXAMPLES = (*LECTURES, SOLUTIONS[0], ASSIGNMENTS[0], REFERENCE[0], *OTHERS)


@pytest.mark.parametrize("name", examples(PAGES, EXAMPLES.__contains__))
def test_a_page_in_light_in_the_dark_and_on_a_phone(opened, name, seen):
    page = opened(name)
    assert weight(page) < 1_500_000
    assert code_too_wide(page) == []
    assert pale(page, seen["light"]) == []
    keep(page, name, "light")
    if name == "404":
        page.emulate_media(color_scheme="dark")
    else:
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(
        "[...document.querySelectorAll('iframe[srcdoc]')].every((each) => "
        "each.contentDocument.documentElement.classList.contains('dark'))"
    )
    assert pale(page, seen["dark"]) == []
    keep(page, name, "dark")
    page.emulate_media(color_scheme="light")
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    for screen in (LAPTOP, TABLET, PHONE):
        page.set_viewport_size(screen)
        page.wait_for_function(f"innerWidth === {screen['width']}")
        assert too_wide(page) == []
    keep(page, name, "phone")
    page.set_viewport_size(LAPTOP)
    page.evaluate(_PLAIN_CODE)
    assert faults(page, seen["faults"]) == []


def test_axe_sees_what_is_wrong_on_a_page_and_in_a_frame(page):
    page.set_content(
        "<html lang=en><title>x</title><main><h1>x</h1><p style='color:#ccc;background:#fff'>pale</p>"
        "<iframe title=y srcdoc='<html lang=en><title>y</title><input>'></iframe></main>"
    )
    assert {rule for rule, *_ in faults(page, set())} == {"label"}
    seen = set()
    assert {rule for rule, *_ in pale(page, seen)} == {"color-contrast"}
    assert pale(page, seen) == [], "this look was looked at"
    paragraph = "document.querySelector('p').style"
    for change in (f"{paragraph}.fontSize = '17px'", f"{paragraph}.background = '#eee'"):
        page.evaluate(f"() => {{ {change}; }}")
        assert {rule for rule, *_ in pale(page, seen)} == {"color-contrast"}, change


def test_search_finds_dilation_and_leads_to_it(opened):
    page = opened("index")
    page.keyboard.press("Control+k")
    page.wait_for_function("document.activeElement.type === 'search'")
    page.keyboard.type("dilation")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("Search finished")).wait_for()  # until then, results come one by one
    results = page.locator("#search-results li a")
    found = results.evaluate_all("(links) => links.map((link) => link.href)")
    assert any("notebooks/03_conv3d" in link for link in found)
    assert any("api/tensors" in link for link in found)
    results.first.click()
    page.wait_for_url(lambda url: "/search.html" not in url)
    assert "dilation" in page.locator("article").inner_text().lower()


def test_the_explorer_moves_by_keyboard_and_agrees_with_conv(opened):
    page = opened("notebooks/03_conv3d")
    frame = page.frame_locator("iframe[title='Convolution explorer']").last
    sizes = frame.locator("tbody td.size")
    sizes.first.wait_for()
    given = {"stride": 1, "padding": 0, "dilation": 1}
    assert [int(each) for each in sizes.all_inner_texts()] == list(conv.output_size((12, 7, 9), 3, **given))
    frame.get_by_label("stride, time").focus()
    page.keyboard.press("ArrowUp")
    right = conv.output_size((12, 7, 9), 3, stride=(2, 1, 1))
    assert [int(each) for each in sizes.all_inner_texts()] == list(right)
    where = frame.locator("#where").inner_text()
    frame.locator("#picture").focus()
    page.keyboard.press("ArrowRight")
    assert frame.locator("#where").inner_text() != where
    assert not page.locator("[data-still]").first.is_visible()


def test_the_budget_moves_by_keyboard(opened):
    page = opened("notebooks/04_challenges")
    frame = page.frame_locator("iframe[title='Memory budget']")
    before = frame.locator("#networks").inner_text()
    frame.locator("#slide").focus()
    page.keyboard.press("ArrowRight")
    assert frame.locator("#networks").inner_text() != before


@pytest.mark.parametrize("name", LECTURES)
def test_each_question_says_why_an_answer_is_wrong_and_why_it_is_right(opened, name):
    page = opened(name)
    questions = page.locator("iframe[title^='Question:']").all()
    assert len(questions) >= 7
    for question in questions if ALL_LEGS else of_each_kind(questions):
        question.scroll_into_view_if_needed()
        wrong, right = answer(question)
        assert wrong.startswith("Not this one. ")
        assert right.startswith("Right")


def test_a_film_plays(opened):
    page = opened("notebooks/01_images_and_videos")
    film = page.locator("video").first
    film.evaluate("(film) => film.play()")
    page.wait_for_function("document.querySelector('video').currentTime > 0.1")
    assert film.evaluate("(film) => film.videoWidth") > 100


def test_formulas_are_drawn_without_a_script(opened):
    page = opened("notebooks/03_conv3d")
    formulas = page.locator(".math math")
    assert formulas.count() == page.locator(".math").count() > 10
    blocks = page.locator("math[display='block']")
    heights = {part: blocks.filter(has_text=part).first.bounding_box()["height"] for part in ("⌊", "←")}
    assert heights["⌊"] > 1.5 * heights["←"], "the fraction is not drawn above its divisor"


def test_dark_and_light_by_its_button_and_the_frames_follow(opened):
    page = opened("notebooks/03_conv3d")
    frame = page.frame_locator("iframe[title='Convolution explorer']").last
    frame.locator("#main").wait_for()

    def paper(of):
        colour = of.evaluate("(one) => getComputedStyle(one).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3

    seen = {}
    for theme in ("dark", "light"):
        page.get_by_role("button", name="Color mode").press("Enter")
        page.locator(f".theme-change-button[data-mode='{theme}']").press("Enter")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.wait_for_function(
            "(dark) => [...document.querySelectorAll('iframe[srcdoc]')].every((each) => "
            "each.contentDocument.documentElement.classList.contains('dark') === dark)",
            arg=theme == "dark",
        )
        seen[theme] = paper(page.locator("body")), paper(frame.locator("body"))
    assert min(seen["light"]) > 240
    assert max(seen["dark"]) < 40


def test_the_way_past_the_menus_and_the_menu_of_a_phone(opened):
    from playwright import sync_api

    page = opened("index")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content")
    page.set_viewport_size(PHONE)
    menu = page.get_by_role("navigation", name="Main", include_hidden=True)
    title = "2. Data organization and the video tensor"
    chapter = menu.get_by_role("link", name=title, exact=True, include_hidden=True)
    sync_api.expect(chapter).not_to_be_in_viewport()
    page.locator(".primary-toggle:visible").press("Enter")
    chapter.press("Enter")
    page.wait_for_url("**/notebooks/02_video_tensors.html")


def test_the_film_of_the_first_page_moves_and_shows_the_numbers_of_the_clip(opened):
    from playwright.sync_api import expect

    page = opened("index")
    says, row = page.locator(".film output"), page.locator("#film-row")
    assert "clip.shape is (55, 136, 320, 3)" in says.inner_text()
    before = row.evaluate("(canvas) => canvas.toDataURL()")
    page.get_by_label("row y").focus()
    page.keyboard.press("ArrowUp")
    assert row.evaluate("(canvas) => canvas.toDataURL()") != before
    page.get_by_label("time t").press("End")
    t, y, x, *colour = [int(each) for each in re.findall(r"\d+", says.inner_text())][4:]
    assert t == 54
    size = (site_home.HEIGHT, site_home.WIDTH)
    frame = video.read(data.clip(site_home.FILM), frames=(241, 242), size=size)[0]
    assert max(abs(frame[:, y, x].int() - torch.tensor(colour))) < 40  # the page has the frames compressed
    box = page.locator("#film-frame").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    assert "clip[54, 34, 160]" in says.inner_text()
    page.get_by_role("button", name="Play").press("Enter")
    expect(says).not_to_contain_text("clip[54")
    page.get_by_role("button", name="Pause").press("Enter")


def test_without_scripts_the_first_page_shows_a_still_of_the_film(chromium, address):
    from playwright.sync_api import expect

    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}index.html")
    expect(page.locator("img.film-still")).to_be_visible()
    assert not page.locator("img.film-frames").is_visible()
    context.close()


@pytest.mark.parametrize("name", [LECTURES[0], LECTURES[2]])
def test_a_printed_lesson_is_whole(opened, name, tmp_path):
    page = opened(name)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)
    assert code_too_wide(page) == []
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".bd-article :is(pre, img, table, video, iframe, canvas)")]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().right > innerWidth + 1)
            .map((each) => each.outerHTML.slice(0, 100))"""
    )
    assert cut == []
    for gone in ("#pst-primary-sidebar", ".bd-sidebar-secondary", ".bd-header-article", ".prev-next-area"):
        assert not page.locator(gone).first.is_visible()
    answers = page.locator("details.ck-answers li")
    assert answers.count() >= 7
    assert all(each.is_visible() for each in answers.all())
    assert not any(each.is_visible() for each in page.locator("details.ck-answer").all())
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_wrong_address_leads_home(page, address, site):
    text = (site / "404.html").read_text(encoding="utf-8")
    page.route(
        "**/notebooks/deep/nothing",
        lambda route: route.fulfill(status=404, body=text, content_type="text/html"),
    )
    page.goto(f"{address}notebooks/deep/nothing")
    page.get_by_role("link", name="Video analysis with deep learning").click()
    page.wait_for_url(address)
    assert page.locator("h1").first.inner_text().startswith("Video analysis")
