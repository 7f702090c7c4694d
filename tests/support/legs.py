"""`make test` runs examples; `make test-all` (COURSEKIT_ALL_LEGS=1), and the workflow `legs`, run all."""

import os
from collections.abc import Callable, Iterable
from typing import Any

import pytest

ALL_LEGS = os.environ.get("COURSEKIT_ALL_LEGS") == "1"


def examples(
    values: Iterable[Any], is_example: Callable[[Any], bool], name: Callable[[Any], str] = str
) -> list[Any]:
    """Values for a test's parameter; those that are no examples are marked `again`.

    Args:
        values: all of them.
        is_example: whether `make test` runs it.
        name: what a value is called in the test's name.
    """
    return [
        pytest.param(value, id=name(value), marks=() if is_example(value) else pytest.mark.again)
        for value in values
    ]
