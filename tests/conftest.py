"""Fixtures and import paths that several tests share."""

import sys
from pathlib import Path

import pytest

# Helper modules beside the tests (scratch, browser.lab, ...) are imported by name.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The course's site, made once: a folder."""
    from coursekit.course import build_site

    if not build_site.ready() and sys.version_info < (3, 11):
        pytest.skip("the site is made with Python 3.11 or newer")
    folder = tmp_path_factory.mktemp("made") / "site"
    build_site.build(folder)
    return folder
