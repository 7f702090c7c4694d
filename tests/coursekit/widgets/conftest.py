import pytest
import torch

from coursekit import show

CLIP = torch.arange(4, dtype=torch.uint8)[:, None, None, None].expand(4, 3, 6, 8) * 50  # (T, C, H, W)


@pytest.fixture(autouse=True)
def in_use(monkeypatch):
    """As a learner has it: neither recorded nor tested."""
    monkeypatch.delenv("COURSEKIT_RECORDING", raising=False)
    monkeypatch.delenv("COURSEKIT_CHECK", raising=False)


@pytest.fixture
def draw():
    """A function that draws the frame t, and says of which kind it is."""
    return lambda t, kind="frame": show.frame(CLIP[t], title=f"{kind} {t}")


@pytest.fixture
def fails_at_3(draw):
    def draw_or_fail(t, kind="frame"):
        if t == 3:
            raise IndexError("no frame <3>")
        return draw(t, kind)

    return draw_or_fail


@pytest.fixture
def outputs(monkeypatch):
    """Call it with what a cell ends in: the outputs that Jupyter then shows, each a dict by MIME type.

    An output that replaces an earlier one stands in its place; `outputs.steps` has all of them.
    """
    shown, steps = [], []

    class Handle:
        def __init__(self, place):
            self.place = place

        def update(self, data, **_):
            shown[self.place] = data
            steps.append(data)

    def display(data, *, display_id=False, **_):
        shown.append(data)
        steps.append(data)
        return Handle(len(shown) - 1) if display_id else None

    for module in ("_slider", "_live"):
        monkeypatch.setattr(f"coursekit.widgets.{module}.display", display)

    def show_(explorer):
        shown.clear()
        explorer._ipython_display_()
        return list(shown)

    show_.steps = steps
    return show_
