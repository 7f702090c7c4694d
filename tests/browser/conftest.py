"""A Chromium to drive, for the tests of one module; and where their pictures go."""

import os

import pytest
from support import lab


def missing(reason):
    """Skip, or fail where a browser is promised (continuous integration)."""
    if os.environ.get("COURSEKIT_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason} (and COURSEKIT_REQUIRE_BROWSER=1)", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium():
    """A running Chromium without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("the Python package playwright is not installed")
    with sync_playwright() as playwright:
        program = lab.chromium(playwright)
        if program is None:
            missing(f"no Chromium on this machine: none of {', '.join(lab.BROWSERS)}, nor Playwright's own")
        running = playwright.chromium.launch(executable_path=program, args=lab.FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(chromium):
    """A new page as a laptop shows it, with no memory of earlier ones."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def screenshot(page, request):
    """Call it with a name to keep a picture of the page in artifacts/."""

    def take(name):
        lab.ARTIFACTS.mkdir(exist_ok=True)
        page.screenshot(path=lab.ARTIFACTS / f"{name}.png")

    return take
