"""What the tests of all exercises share."""

import pytest

from coursekit import exercises


@pytest.fixture
def said(capsys):
    """Checks an answer, and gives what the learner reads."""

    def check(name, answer):
        exercises.check(name, answer)
        return capsys.readouterr().out

    return check
