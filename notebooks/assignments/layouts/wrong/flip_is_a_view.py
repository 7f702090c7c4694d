"""flip is thought to be a view, as in NumPy.

loses: task-3-copies/all lines
says: 1 of the eight lines are wrong, the first of them x.flip(0)
warned: "The check below does not tell you whether your answers are right."
"""

# %% task-3b


def copies() -> dict[str, bool]:
    copied = {"x[[0, 2, 4]]", "y.contiguous()", "y.flatten(1)"}
    lines = copied | {"x.flip(0)", "x[:, :, ::2]", "x.contiguous()", "y.flatten(2)", "x.to(x.dtype)"}
    return {line: line in copied for line in lines}
