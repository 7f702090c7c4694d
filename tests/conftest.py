"""Fixtures that several tests share, and how a run is spread over processes."""

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile

import pytest
from filelock import FileLock
from support.legs import ALL_LEGS

if "PYTEST_XDIST_WORKER" in os.environ:
    gc.disable()  # until the tests are collected: what is imported stays

if "COURSEKIT_CACHE" not in os.environ:  # the processes of a run share a cache, and leave the user's alone
    os.environ["COURSEKIT_CACHE"] = tempfile.mkdtemp(prefix="coursekit-cache-")
    atexit.register(shutil.rmtree, os.environ["COURSEKIT_CACHE"], ignore_errors=True)

# What a shell starts in the background ignores Ctrl-C, and so do the processes that it starts itself. Here it
# has its effect, so that the tests of an interruption are the same everywhere.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Seconds that the longest files take on one core: a run on several cores ends sooner when these begin first.
LONGEST = {
    "tests/browser/test_lab.py": 130,
    "tests/notebooks/test_notebooks.py": 60,
    "tests/notebooks/test_assignments.py": 90,
    "tests/tools/publish/test_student.py": 60,
    "tests/coursekit/features/test_batch.py": 30,
    "tests/coursekit/grading/test_batch.py": 40,
    "tests/browser/test_explorer.py": 40,
    "tests/coursekit/grading/test_collect_memory.py": 40,
    "tests/coursekit/grading/test_results.py": 30,
    "tests/coursekit/grading/test_sandbox.py": 40,
    "tests/browser/test_grading.py": 30,
    "tests/coursekit/video/test_skvideo.py": 25,
    "tests/tools/test_install.py": 25,
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than there are cores: many tests wait, for a kernel, a browser, or the end of a time limit."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep a file's tests in one process, but for those marked `alone`; let the longest begin first.

    Those marked `again` are skipped, unless all legs are asked for.
    """
    if not ALL_LEGS:
        skip = pytest.mark.skip(reason="another test stands for it; make test-all runs it, too")
        for item in items:
            if item.get_closest_marker("again"):
                item.add_marker(skip)

    def seconds(item):
        alone = item.get_closest_marker("alone")
        return alone.kwargs["seconds"] if alone else LONGEST.get(item.location[0], 0)

    for item in items:
        group = item.nodeid if item.get_closest_marker("alone") else item.location[0]
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=seconds, reverse=True)


def pytest_collection_finish(session):
    """Prepare the process for its tests.

    - What was imported stays until the end: the garbage collector need not look through it each time.
    - If a test will want the simulated device, choose it now: it must come before any backward pass.
    """
    gc.freeze()
    gc.enable()
    if any("sim" in getattr(item, "fixturenames", ()) for item in session.items):
        from coursekit import device

        device.pick("sim")


@pytest.fixture(scope="session")
def sim():
    """The simulated device."""
    from coursekit import device

    return device.pick("sim")


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The course's site, made once: a folder."""
    from tools.publish import site

    if not site.ready() and sys.version_info < (3, 11):
        pytest.skip("the site is made with Python 3.11 or newer")
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each of several workers has a folder of its own in this one
        shared = shared.parent
    folder = shared / "site"
    with FileLock(shared / "site.lock"):
        if not folder.exists():
            site.build(folder)
    return folder
