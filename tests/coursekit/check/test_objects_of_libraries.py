"""Objects of Python and of torch do not lead around a rule, whatever names a class of the student's has."""

import textwrap
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from coursekit.check import Rule, Source, Text, Wrong

SETUP = "import torch\nimport torch.nn.functional as F\n\nclip = torch.zeros(3, 12, 9, 11)\n"
TORCH = Rule("task", ("torch", "torch.nn.functional", "math"), ("conv3d", "fold"))
PYTHON = Rule("task", ("math",))


def read(code: str, rule: Rule) -> None:
    Source([Text("setup", SETUP, given=True), Text("task-1", textwrap.dedent(code))]).check(rule)


def refused(code: str, rule: Rule) -> str:
    with pytest.raises(Wrong) as error:
        read(code, rule)
    return str(error.value)


def run(code: str) -> Any:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(SETUP + textwrap.dedent(code), scope)
    return scope["task"]


A_TYPE_AS_TEXT = """
from typing import List

class A:
    _determine_new_args = _evaluate = None

def task(x, w):
    (text,) = List["__import__('torch').con" "v3d"]._determine_new_args(())
    return text._evaluate(None, None, frozenset())(x[None], w)[0]
"""


def test_a_type_that_is_given_as_a_text_is_not_evaluated() -> None:
    x, w = torch.randn(2, 4, 5, 6), torch.randn(3, 2, 2, 2, 2)
    torch.testing.assert_close(run(A_TYPE_AS_TEXT)(x, w), F.conv3d(x[None], w)[0])  # it works
    assert "the attribute _determine_new_args is not allowed" in refused(A_TYPE_AS_TEXT, TORCH)


@pytest.mark.parametrize(
    "name",
    ["_evaluate", "_getitem", "copy_with", "_convert_", "from_file", "from_buffer", "storage_type", "mro"],
)
def test_a_class_of_the_students_does_not_open_objects_of_libraries(name: str) -> None:
    code = f"class A:\n    {name} = None\n\ndef task(x): return x.{name}\n"
    assert f"the attribute {name} is not allowed" in refused(code, TORCH)


@pytest.mark.parametrize("name", ["_name", "_size", "_dtype", "_window", "buffer", "path", "rows"])
def test_a_class_of_the_students_has_names_of_its_own(name: str) -> None:
    read(f"class A:\n    def __init__(self, x): self.{name} = x\n\ndef task(x): return A(x).{name}\n", TORCH)


STRIDES = 'def task(shape, order): return clip.to("meta").new_empty(shape).permute(order).stride()\n'
SIZE = "def task(size, kernel, step): return clip.new_empty(size).unfold(0, kernel, step).shape[0]\n"


@pytest.mark.parametrize("code", [STRIDES, SIZE])
def test_without_torch_a_tensor_of_the_setup_answers_nothing(code: str) -> None:
    """Both give the right answer, without a formula."""
    answer = run(code)((7, 5), (1, 0)) if code is STRIDES else run(code)(10, 4, 3)
    assert answer == ((1, 5) if code is STRIDES else 3)
    assert "is not allowed. Write task with the means of Python itself and of math" in refused(code, PYTHON)
    read(code, Rule("task", ("math", "torch")))


def test_without_torch_the_methods_of_python_are_there() -> None:
    read(
        """
        import math

        def task(shape: tuple[int, ...], order):
            steps, names = [], {}
            for axis, length in reversed(list(enumerate(shape))):
                steps.insert(0, math.prod(shape[axis + 1 :]))
                names.setdefault(str(axis).strip(), length)
            return tuple(steps[axis] for axis in order) if names.items() else steps.copy()
        """,
        PYTHON,
    )


def test_letters_beyond_ascii_count_for_the_numbers_that_they_can_hold() -> None:
    weights = "".join(chr(0x20000 + 37 * n) for n in range(60))  # 16 bits each
    code = f"def task(x):\n    return [ord(letter) for letter in {{}}]\n\nword = {weights!r}\n"
    rule = Rule("task", ("torch",), numbers=40)
    with pytest.raises(Wrong, match="a text of 240 characters"):
        read(code.format("word"), rule)
    read(code.format("word").replace(weights, "größer als null"), rule)
    many = "\n".join(f"w{n} = {weights[:49]!r}" for n in range(11))
    with pytest.raises(Wrong, match="characters in texts and names; at most 2,000"):
        read(f"{many}\ndef task(x): return {'+'.join(f'w{n}' for n in range(11))}\n", rule)
