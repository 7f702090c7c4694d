"""What tests of several parts of coursekit need."""

import pytest

from coursekit.video import _torchcodec


@pytest.fixture
def installed():
    """Skips a test that needs the package torchcodec where it is missing."""
    try:
        _torchcodec.check_decoder("torchcodec")
    except ValueError as error:
        pytest.skip(str(error))
