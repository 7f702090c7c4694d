import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit import check
from coursekit.check._plain import DEPTH, NotPlainError, decode, encode, plain

DTYPES = (torch.float16, torch.float32, torch.float64, torch.bool, torch.uint8, torch.int8, torch.int16,
          torch.int32, torch.int64)  # fmt: skip


class Chameleon:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Yes(float):
    """A number equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = float.__hash__


class Sly(torch.Tensor):
    """A tensor equal to everything, whatever is called with it."""

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.equal, torch.Tensor.__eq__, torch.allclose):
            return True
        return super().__torch_function__(func, types, args, kwargs or {})


@st.composite
def tensors(draw: Any) -> torch.Tensor:
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    count = math.prod(shape)
    raw = draw(st.binary(min_size=count * dtype.itemsize, max_size=count * dtype.itemsize))
    if dtype is torch.bool:
        raw = bytes(byte % 2 for byte in raw)
    flat = torch.frombuffer(bytearray(raw), dtype=dtype) if raw else torch.zeros(0, dtype=dtype)
    return flat.reshape(shape)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5)
plains = st.recursive(
    scalars | tensors(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["tensor", "float", "list"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
# Where each value has one way only to be written.
calm = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([1.0, 2.0, 0.5]) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.sampled_from("a"), inner)
    ),
    max_leaves=4,
)
# What looks like `encode`'s form more often than any JSON would.
forged = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tensor", "float", "list", "tuple", "dict", "set", "__class__"]),
            inner,
            max_size=2,
        )
        | st.tuples(
            st.sampled_from(["float32", "bool", "int64", "object", "q"]) | inner,
            st.lists(st.integers(-1, 2**40), max_size=9) | inner,
            st.sampled_from(["", "AAAAAA==", "AgIC", "AAAA"]) | inner,
        ).map(lambda three: {"tensor": list(three)})
    ),
    max_leaves=10,
)


def same(one: Any, other: Any) -> bool:
    """The same to the last bit, with NaN the same as NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        bits = [t.contiguous().numpy().tobytes() for t in (one, other)]
        return one.dtype == other.dtype and one.shape == other.shape and bits[0] == bits[1]
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    return repr(one) == repr(other)


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


# ---------------------------------------------------------------- plain values


@given(plains)
@settings(deadline=None)
def test_values_come_back_as_they_went(value: Any) -> None:
    assert same(decode(encode(value)), value)


@given(forged | st.text(max_size=30))
@settings(deadline=None, max_examples=300)
def test_forged_text_is_a_plain_value_or_refused(content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    try:
        value = decode(text)
    except NotPlainError:
        return
    assert same(plain(value), value)


@pytest.mark.parametrize(
    "text",
    [
        "", "[1]", '{"dict": []}', '{"dict": 1}', '{"list": 1}', '{"float": []}', '{"float": "0.1"}', "{}",
        '{"list": [], "tuple": []}', '{"set": []}', "[" * 100_000, '{"list":[' * 100_000, "9" * 5_000,
        '{"tensor": "abc"}', '{"tensor": ["object", [1], "AAAAAAAAAAA="]}',
        '{"tensor": ["float32", [2], "AAAA"]}', '{"tensor": ["float32", [2], ""]}',
        '{"tensor": ["uint8", [1], "A*A=="]}',
        '{"tensor": ["float32", [-1], ""]}', '{"tensor": ["float32", [1.0], "AAAAAA=="]}',
        '{"tensor": ["float32", [true], "AAAAAA=="]}', '{"tensor": ["float32", {}, "AAAAAA=="]}',
        '{"tensor": ["bool", [3], "AAIB"]}', '{"tensor": ["uint8", [1], "A===", 1]}',
        '{"tensor": ["uint8", [1,1,1,1,1,1,1,1,1], "AA=="]}', '{"tensor": ["int8", [1], "\\u00e9A=="]}',
        '{"tensor": ["float32", [0, 2147483647, 2147483647], ""]}', '{"tensor": [[], [1], "AA=="]}',
    ],
)  # fmt: skip
def test_no_form_of_a_value(text: str) -> None:
    with pytest.raises(NotPlainError, match="cannot be read"):
        decode(text)


def test_depth_is_limited_on_both_sides_alike() -> None:
    for leaf in (1, math.nan, "a"):
        deepest = nested(leaf, DEPTH + 1)
        assert same(decode(encode(deepest)), deepest)
        with pytest.raises(NotPlainError, match="deep"):
            encode([deepest])
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(NotPlainError, match="deep"):
        encode(circle)
    text = "1"
    for _ in range(DEPTH + 2):
        text = f'{{"list": [{text}]}}'
    with pytest.raises(NotPlainError):
        decode(text)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Chameleon(), "Chameleon"), (Yes(1.0), "Yes"), (type("Sub", (list,), {})(), "Sub"), ({1}, "set"),
        ({1: 2}, "int"), (b"a", "bytes"), (1j, "complex"), (object, "type"), (len, "builtin_function"),
    ],
)  # fmt: skip
def test_other_objects_are_refused_by_the_name_of_their_type(value: Any, name: str) -> None:
    with pytest.raises(NotPlainError, match=name):
        encode([value])


def test_tensors_that_have_no_plain_form() -> None:
    for value in (torch.eye(2).to_sparse(), torch.zeros(2, device="meta")):
        with pytest.raises(NotPlainError, match="sparse"):
            encode(value)
    with pytest.raises(NotPlainError, match="bfloat16"):
        encode(torch.zeros(2).bfloat16())
    with pytest.raises(NotPlainError, match="digits"):
        encode(10**5_000)


def test_what_looks_like_a_tensor_is_made_one() -> None:
    grad = torch.ones(2, requires_grad=True)
    for value in (grad, torch.nn.Parameter(torch.ones(2)), torch.ones(2).as_subclass(Sly), np.ones(2, "f4")):
        made = plain(value)
        assert type(made) is torch.Tensor and not made.requires_grad and made.tolist() == [1, 1]
    assert same(plain(np.array(5.0)), torch.tensor(5.0, dtype=torch.float64))  # no axis is added
    assert same(plain(np.array([1.5], ">f4")), torch.tensor([1.5]))
    assert same(
        plain(np.arange(6, dtype="i2").reshape(2, 3).T),
        torch.tensor([[0, 3], [1, 4], [2, 5]], dtype=torch.int16),
    )
    assert same(plain([np.float32(0.5), np.int64(3), np.bool_(True)]), [0.5, 3, True])
    assert same(
        plain({"shape": torch.zeros(2, 3).shape, "dtype": torch.int8}), {"shape": (2, 3), "dtype": "int8"}
    )


def test_a_copy_shares_nothing_with_what_it_was_made_of() -> None:
    tensor, array = torch.zeros(2), np.zeros(2, "f4")
    copies = plain([tensor, array])
    tensor += 1
    array += 1
    assert [copy.tolist() for copy in copies] == [[0, 0], [0, 0]]


# ---------------------------------------------------------------- checks


def wrong(function: Any, *arguments: Any, **more: Any) -> str:
    with pytest.raises(check.Wrong) as told:
        function(*arguments, **more)
    return str(told.value)


@given(calm, calm)
def test_equal_takes_the_same_value_only(one: Any, other: Any) -> None:
    check.equal(decode(encode(one)), one, "it")
    if repr(one) != repr(other):
        assert wrong(check.equal, other, one, "it").startswith("it: expected ")


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1, 1.0), (True, 1), (1, True), ([1], (1,)), ("1", 1), (None, 0), ({"a": 1}, {"a": 1.0}),
        ([1, 2], [1]),
        (torch.tensor([1]), torch.tensor([1], dtype=torch.int32)), (torch.ones(1), torch.ones(1, 1)),
        (torch.tensor(1.0), 1.0), ({"a": 1}, {"b": 1}), (torch.tensor([math.nan]), torch.tensor([0.0])),
    ],
)  # fmt: skip
def test_equal_refuses_what_only_compares_equal(got: Any, expected: Any) -> None:
    assert "expected" in wrong(check.equal, got, expected, "it")


@pytest.mark.parametrize("cheat", [Chameleon(), Yes(2.0), {"a": Chameleon()}, [Yes(2.0)]])
def test_objects_with_an_eq_of_their_own_are_no_answer(cheat: Any) -> None:
    for function in (check.equal, check.close):
        assert "which is no answer" in wrong(function, cheat, 5.0, "it")


def test_a_tensor_with_functions_of_its_own_is_compared_as_a_tensor() -> None:
    sly = torch.zeros(2).as_subclass(Sly)
    assert torch.equal(sly, torch.ones(2))  # what a check must not rely on
    for function in (check.equal, check.close):
        assert "the values differ" in wrong(function, sly, torch.ones(2), "it")
        function(sly, torch.zeros(2), "it")


def test_equal_says_what_was_expected_what_came_and_the_mistake() -> None:
    known = {6: "rounded up?", 7: "stride left out?"}
    assert wrong(check.equal, 6, 5, "f(9)", known) == "f(9): expected 5, got 6: rounded up?"
    assert wrong(check.equal, 8, 5, "f(9)", known) == "f(9): expected 5, got 8"
    check.equal(5, 5, "f(9)", {5: "never said"})
    assert wrong(check.equal, "x" * 1_000, 5, "f(9)").endswith("...")
    assert "too long to write" in wrong(check.equal, 10**5_000, 1, "f(9)")
    check.equal(torch.zeros(2, 3).shape, torch.Size([2, 3]), "a shape")
    assert "swapped" in wrong(
        check.equal, (3, 2), torch.Size([2, 3]), "a shape", {torch.Size([3, 2]): "swapped"}
    )


def test_close_has_a_tolerance_of_the_largest_value() -> None:
    expected = torch.tensor([0.0, 100.0])
    check.close(expected + 0.009, expected, "it")
    assert "the values differ, most at [1]" in wrong(
        check.close, expected + torch.tensor([0, 0.02]), expected, "it"
    )
    check.close(torch.tensor([5e-5]), torch.tensor([0.0]), "it")
    wrong(check.close, torch.tensor([2e-4]), torch.tensor([0.0]), "it")
    check.close(3, 3.0, "it")
    check.close(torch.ones(2, dtype=torch.float64), torch.ones(2), "it")
    check.close(torch.zeros(0, 3), torch.zeros(0, 3), "it")
    wrong(check.close, 3.1, 3.0, "it")
    for dtype in (torch.int64, torch.bool):  # the values alone are not enough
        wrong(check.close, torch.ones(2, dtype=dtype), torch.ones(2), "it")
    check.close(3.1, 3.0, "it", tolerance=0.05)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 10**400, True, None, "3", [3.0]])
def test_close_takes_finite_numbers_only(bad: Any) -> None:
    assert wrong(check.close, bad, 3.0, "it").startswith("it: expected 3.0, got ")


def test_nothing_is_close_to_infinity() -> None:
    expected = torch.tensor([math.inf, 1.0])
    for got in (torch.tensor([0.0, 0.0]), expected):
        wrong(check.close, got, expected, "it")
    wrong(check.close, 1.0, math.inf, "it")
    wrong(check.close, torch.tensor([1.0]), torch.tensor([math.nan]), "it")


@pytest.mark.parametrize(
    ("got", "hint"),
    [
        (torch.zeros(3, 2), "the axes are in another order."),
        (torch.zeros(2), "one axis is missing: is the batch, or the channel"),
        (torch.zeros(2, 1, 3), "one axis is too many"),
        (torch.zeros(5, 5), "the shape differs."),
        (torch.zeros(2, 3, dtype=torch.int64), "the dtype is torch.int64, expected torch.float32."),
        (torch.zeros(2, 3, dtype=torch.bool), "the dtype is torch.bool"),
        (torch.full((2, 3), math.nan), "some values are not finite"),
        (torch.full((2, 3), math.inf), "some values are not finite"),
        (torch.zeros(2, 3), "most at [1, 2]: expected 9, got 0."),
    ],
)
def test_close_says_what_it_looks_like(got: torch.Tensor, hint: str) -> None:
    expected = torch.arange(6.0).reshape(2, 3)
    expected[1, 2] = 9
    message = wrong(check.close, got, expected, "f(x)")
    assert message.startswith("f(x): expected a float32 tensor of shape (2, 3), got a") and hint in message
    known = [(expected + 1, "one too many"), (got, "a known mistake")]
    if torch.isfinite(got).all() and got.is_floating_point():
        assert wrong(check.close, got, expected, "f(x)", looks_like=known).endswith(": a known mistake")


def test_equal_says_where_the_dtype_alone_is_wrong() -> None:
    assert "the values are right, the dtype is not" in wrong(
        check.equal, torch.ones(2, dtype=torch.int32), torch.ones(2, dtype=torch.int64), "it"
    )


def test_that_demands_a_true_truth() -> None:
    check.that(True, "never said")
    for no in (False, 1, "yes", None, Chameleon(), torch.tensor(True)):
        assert wrong(check.that, no, "so and so") == "so and so"


def test_a_tensor_has_the_right_article() -> None:
    for name, article in (("int64", "an"), ("uint8", "a"), ("float32", "a")):
        got = torch.zeros(2, dtype=getattr(torch, name))
        assert wrong(check.equal, got, 1, "f(x)").endswith(f"got {article} {name} tensor of shape (2,)")


def test_errors_are_caught_and_demanded() -> None:
    def bad_size() -> None:
        raise ValueError("size 3 is smaller than the kernel")

    got = check.caught(bad_size)
    assert got == "ValueError: size 3 is smaller than the kernel"
    assert check.caught(int) == "no error"
    check.error(got, "ValueError", ["3", "KERNEL"], "f(3)")
    assert wrong(check.error, got, "TypeError", [], "f(3)").startswith(
        "f(3): expected a TypeError, got 'ValueError"
    )
    assert "'stride'" in wrong(check.error, got, "ValueError", ["stride"], "f(3)")
    assert "no error" in wrong(check.error, "no error", "ValueError", [], "f(3)")
    for forged in (None, Chameleon(), "ValueErrors: a"):
        wrong(check.error, forged, "ValueError", [], "f(3)")


def test_an_error_of_a_class_of_ones_own_is_of_the_kind_that_it_is_derived_from() -> None:
    class TooSmallError(ValueError):
        pass

    class StillTooSmallError(TooSmallError):
        pass

    def bad_size() -> None:
        raise StillTooSmallError("size 3")

    got = check.caught(bad_size)
    check.error(got, "ValueError", ["3"], "f(3)")
    wrong(check.error, got, "TypeError", [], "f(3)")


def test_an_attempt_is_the_value_or_the_text_of_the_error() -> None:
    assert check.attempt(lambda: (3, "a")) == (3, "a")
    got = check.attempt(lambda: 1 // 0)
    assert got == "ZeroDivisionError: integer division or modulo by zero"
    with pytest.raises(NotImplementedError):

        def stub() -> None:
            raise NotImplementedError("task 1")

        check.attempt(stub)


def test_a_check_says_that_an_attempt_stopped() -> None:
    got = check.attempt(lambda: 1 // 0)
    for function, expected in ((check.equal, 3), (check.close, torch.zeros(2))):
        said = wrong(function, got, expected, "f(3)")
        assert (
            said.startswith("f(3): expected ")
            and "but it stopped with ZeroDivisionError: integer div" in said
        )
    assert "stopped" not in wrong(check.equal, got, "another text", "f(3)")  # a text was asked for
    assert "stopped" not in wrong(check.equal, "Note: a", 3, "f(3)")


def test_in_a_notebook_a_part_that_fails_raises() -> None:
    with pytest.raises(check.Wrong, match=r"^causal: f\(3\): expected 2, got 1$"), check.part("causal", 2):
        check.equal(1, 2, "f(3)")
    with pytest.raises(KeyError), check.part("causal", 2):
        raise KeyError("a")
    with check.part("causal", 2):
        check.equal(2, 2, "f(3)")


def test_a_judge_notes_how_each_part_ends() -> None:
    with check.judging() as judged:
        with check.part("causal", 2):
            check.equal(1, 2, "f(3)")
        with check.part("plain", 1):
            pass
        with check.part("lost", 1):
            raise KeyError("a")
        with pytest.raises(check.Wrong):  # what stands outside of the parts holds for all of them
            check.equal(1, 2, "f(3)")
    assert {name: str(error) for name, error in judged.parts.items()} == {
        "causal": "f(3): expected 2, got 1",
        "plain": "None",
        "lost": "'a'",
    }
    with pytest.raises(check.Wrong), check.part("causal", 2):
        check.equal(1, 2, "f(3)")


def test_passed_promises_no_points(capsys: pytest.CaptureFixture[str]) -> None:
    check.passed("task 1")
    said = capsys.readouterr().out
    assert said.startswith("task 1: the visible checks pass") and "Hidden checks" in said
