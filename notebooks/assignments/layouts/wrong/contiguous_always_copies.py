"""contiguous and flatten are thought to copy always, flip never.

loses: task-3-copies
says: 3 of the eight lines are wrong
warned: "The check below does not tell you whether your answers are right."
"""

# %% task-3b


def copies() -> dict[str, bool]:
    return {
        "x[:, :, ::2]": False,
        "x[[0, 2, 4]]": True,
        "x.flip(0)": False,
        "x.contiguous()": True,
        "y.contiguous()": True,
        "y.flatten(2)": True,
        "y.flatten(1)": True,
        "x.to(x.dtype)": False,
    }
