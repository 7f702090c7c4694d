"""What tests of several parts of coursekit need."""

import shutil
from pathlib import Path

import pytest

from coursekit import data
from coursekit.video import _torchcodec


@pytest.fixture
def installed():
    """Skips a test that needs the package torchcodec where it is missing."""
    try:
        _torchcodec.check_decoder("torchcodec")
    except ValueError as error:
        pytest.skip(str(error))


@pytest.fixture
def copied_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the data folder, which a test may damage."""
    copy = tmp_path / "data"
    shutil.copytree(data.FOLDER, copy)
    monkeypatch.setattr(data, "FOLDER", copy)
    return copy
