import html
import io
import json
import math
import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from support.frames import page_of
from torch import nn

from coursekit import conv, cost, explorer
from coursekit.explorer import _budget, _still
from coursekit.explorer._page import Page

# A small network of each kind; `cost` on them is quick.
TINY = {
    "clips": nn.Sequential(nn.Conv3d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, 4, 3, stride=2)),
    "frames": nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3)),
}
EVERY = {
    "convolution": explorer.convolution,
    "padded": lambda: explorer.convolution((5, 6, 7), (3, 2, 1), stride=2, padding=(1, 0, 2), dilation=2),
    "long": lambda: explorer.convolution((100, 224, 224), out_channels=16),
    "budget": lambda: explorer.budget(TINY, memory_gb=2, size=(96, 128)),
}


def frame(page):
    """The page that a script puts into the frame."""
    return page_of(page.html)


def given(page):
    """What the page's script gets."""
    return json.loads(re.search(r'id="given">(.*?)</script>', frame(page), re.DOTALL)[1])


def outside(page):
    """What is left where scripts are removed."""
    return re.sub(r"<script.*?</script>", "", page.html, flags=re.DOTALL)


@pytest.mark.parametrize("kind", EVERY)
def test_html_needs_nothing_from_outside_is_small_and_the_same_each_time(kind):
    page = EVERY[kind]()
    assert isinstance(page, Page)
    assert page.html == EVERY[kind]().html
    assert not re.search(r"https?://|//cdn|<link|<script src|\bimport\b|fetch\(|XMLHttp", frame(page))
    assert "<iframe" not in page.html  # Colab may remove it from an output
    assert len(page.html) < 70_000
    assert frame(page).count("</script>") == page.html.count("</script>") == 2


@pytest.mark.parametrize("kind", EVERY)
def test_picture_and_words_are_there_without_frames_and_scripts(kind):
    page = EVERY[kind]()
    data, metadata = page._repr_mimebundle_()
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/html"] == page.html
    assert data["text/plain"] == metadata["image/png"]["alt"] == str(page) == page.picture.alt
    static = outside(page)
    assert f'<img alt="{html.escape(page.picture.alt)}"' in static
    assert len(page.picture.png) < 30_000


def test_the_alternative_text_has_the_numbers():
    alt = explorer.convolution((100, 224, 224), out_channels=16).picture.alt
    assert alt.startswith(
        "nn.Conv3d(3, 16, kernel_size=(3, 3, 3), stride=(1, 1, 1)). Input (B, 3, 100, 224, 224), "
        "output (B, 16, 98, 222, 222): batch, channels, time, height, width. "
    )
    assert "time: ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1 = ⌊97 / 1⌋ + 1 = 98." in alt
    alt = explorer.convolution((12, 7, 9), (3, 3, 1), stride=(2, 1, 1)).picture.alt
    assert "/ 2⌋ + 1 = ⌊9 / 2⌋ + 1 = 5; never visited: 1 of 12 frames (11). height:" in alt
    assert "The kernel reads frames 4 to 6, rows 2 to 4, column 4, for output (2, 2, 4)." in alt
    alt = explorer.convolution((5, 6, 7), padding=(1, 0, 0), dilation=(2, 1, 1), at=(0, 0, 0)).picture.alt
    assert "reads frames -1 to 3 in steps of 2, rows 0 to 2, columns 0 to 2, for output (0, 0, 0)" in alt


def test_what_the_page_starts_with():
    one = given(explorer.convolution(8, 2, stride=(1, 2, 3), padding="valid", bias=False, at=(0, 1, 2)))
    assert one["settings"] == {
        "size": [8, 8, 8],
        "kernel": [2, 2, 2],
        "stride": [1, 2, 3],
        "padding": [0, 0, 0],
        "dilation": [1, 1, 1],
        "in_channels": 3,
        "out_channels": 4,
        "bias": False,
    }
    assert one["at"] == [0, 1, 2]
    same = given(explorer.convolution(kernel=(1, 3, 5), padding="same", dilation=(1, 2, 1)))
    assert same["settings"]["padding"] == [0, 2, 2]


@pytest.mark.parametrize(
    "options, error, says",
    [
        ({"size": (5, 5)}, ValueError, r"size must be \(T, H, W\), three numbers, got 2: \(5, 5\)"),
        ({"size": (2, 7, 9)}, ValueError, "larger than the padded input along time"),
        ({"stride": (1, 2)}, ValueError, "3 strides"),
        ({"kernel": 2.0}, TypeError, "kernel must be a whole number"),
        ({"padding": "same", "stride": 2}, ValueError, "padding='same' needs stride 1"),
        ({"padding": "same", "kernel": 2}, ValueError, "adds 1 zeros along time.*give a number"),
        ({"size": (12, 7, 1001)}, ValueError, "a size of up to 1,000, got 1001 along width"),
        ({"padding": 100}, ValueError, "a padding of up to 99, got 100 along time"),
        ({"in_channels": 4097}, ValueError, "in_channels up to 4,096, got 4097"),
        ({"at": (10, 0, 0)}, ValueError, r"from \(0, 0, 0\) to \(9, 4, 6\), got \(10, 0, 0\)"),
        ({"at": (0, 0)}, ValueError, r"at must be an output position"),
    ],
)
def test_bad_settings(options, error, says):
    with pytest.raises(error, match=says):
        explorer.convolution(**options)


def test_example_values_are_small_and_whole():
    x, w, b = explorer.example_values((4, 5, 6), (2, 3, 1), in_channels=3, out_channels=5)
    assert x.shape == (3, 4, 5, 6)
    assert w.shape == (5, 3, 2, 3, 1)
    assert b.tolist() == [1, 2, 3, 1, 2]
    assert set(x.ravel()) == set(range(10))
    assert set(w.ravel()) == {-1, 0, 1}
    assert x[2, 3, 1, 4] == (7 * 2 + 5 * 3 + 3 * 1 + 2 * 4 + 1) ** 3 % 101 % 10


def draw_axis(random):
    """Random settings of one axis that give an output."""
    while True:
        n, k, s = random.randint(1, 20), random.randint(1, 6), random.randint(1, 7)
        p, d = random.randint(0, 4), random.randint(1, 4)
        if d * (k - 1) + 1 <= n + 2 * p:
            return n, k, s, p, d


def draw_convolution(drawn):
    """Random settings of the three axes, as the picture takes them."""
    named = zip(("time", "height", "width"), ("frame", "row", "column"), strict=True)
    settings = [(*names, *draw_axis(drawn)) for names in named]
    return [_still.Axis(*each, conv.output_size(*each[2:]), at=0) for each in settings]


def test_never_visited_are_the_samples_without_a_gradient():
    drawn = random.Random(0)
    for axis in (axis for _ in range(100) for axis in draw_convolution(drawn)):
        x = torch.ones(1, 1, axis.n, requires_grad=True)  # (N, C, n)
        weight = torch.ones(1, 1, axis.k)  # (K, C, k)
        F.conv1d(x, weight, stride=axis.s, padding=axis.p, dilation=axis.d).sum().backward()
        assert axis.never_visited() == (x.grad[0, 0] == 0).nonzero().flatten().tolist()


@pytest.mark.parametrize(
    "n, k, s, d, words",
    [
        (7, 3, 1, 1, "= 5"),
        (8, 3, 2, 1, "= 3; never visited: 1 of 8 rows (7)"),
        (9, 3, 4, 1, "= 2; never visited: 3 of 9 rows (3, 7, 8)"),
        (12, 2, 5, 1, "= 3; never visited: 6 of 12 rows (2, 3, 4, 7, ...)"),
    ],
)
def test_the_formula_names_the_samples_that_are_never_visited(n, k, s, d, words):
    axis = _still.Axis("height", "row", n, k, s, 0, d, conv.output_size(n, k, s, 0, d), at=0)
    assert axis.formula().endswith(f"⌋ + 1 {words}")


def test_the_formulas_and_the_layer_of_the_still_picture_give_the_output_size():
    drawn = random.Random(0)
    for _ in range(50):
        axes = draw_convolution(drawn)
        n, k, s, p, d, o = zip(*((a.n, a.k, a.s, a.p, a.d, a.o) for a in axes), strict=True)
        layer = nn.Conv3d(2, 5, k, s, p, d, bias=drawn.random() < 0.5)
        code, shapes, _, _, *formulas = _still.describe(layer, axes)
        written = eval(code, {"nn": nn})
        assert written(torch.zeros(1, 2, *n)).shape == (1, 5, *o)
        assert (written.bias is None) == (layer.bias is None)
        assert shapes.startswith(
            f"Input (B, 2, {n[0]}, {n[1]}, {n[2]}), output (B, 5, {o[0]}, {o[1]}, {o[2]})"
        )
        for axis, formula in zip(axes, formulas, strict=True):
            sums = formula.partition(": ")[2].partition(";")[0].replace("·", "*").replace("−", "-")
            for each in sums.replace("⌊", "floor(").replace("⌋", ")").split(" = "):
                assert eval(each, {"floor": math.floor}) == axis.o


def pixels(page):
    """The still picture, (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(page.picture.png)).convert("RGB")).astype(int)


def places(page, colour):
    """Where the still picture has a colour: rows and columns of pixels."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return np.nonzero(abs(pixels(page) - wanted).max(2) < 12)


HALF = 430  # pixels: the input is drawn on the left, the output on the right


def marks(page):
    """Middle (row, column) of what stands out in the input and in the output of the still picture."""
    rows, columns = places(page, _still.KERNEL)
    return np.array(
        [(np.median(rows[side]), np.median(columns[side])) for side in (columns < HALF, columns > HALF)]
    )


def test_in_the_still_picture_a_larger_kernel_is_larger_in_the_input():
    small, large = explorer.convolution(kernel=1), explorer.convolution(kernel=(3, 5, 5))
    inputs = [np.sum(places(page, _still.KERNEL)[1] < HALF) for page in (small, large)]
    assert inputs[1] > 8 * inputs[0] > 0


@pytest.mark.parametrize("size", [(12, 7, 9), (100, 224, 224), (1000, 20, 20)])
def test_in_the_still_picture_kernel_and_value_move_with_the_position(size):
    begin = marks(explorer.convolution(size, at=(0, 0, 0)))  # (input and output, row and column)
    for axis, directions in enumerate(((-1, 1), (1, 0), (0, 1))):  # time runs up and to the right
        at = [0, 0, 0]
        at[axis] = size[axis] - 3
        moved = marks(explorer.convolution(size, at=tuple(at))) - begin  # (2, 2) pixels
        assert (np.sign(moved) * (abs(moved) > 8) == directions).all(), (axis, moved)


def test_the_still_picture_says_which_box_is_padding():
    padded, plain = EVERY["padded"](), EVERY["convolution"]()
    grey = [len(places(page, _still.PADDING)[0]) for page in (padded, plain)]
    assert grey[0] > 5 * grey[1]


# The budget


def test_a_line_goes_through_two_sizes_and_is_held_against_the_third():
    bytes_at = {size: 1000.0 + 50.0 * np.prod(size) for size in (*_budget.FITTED, _budget.CHECKED)}
    fit = _budget.line(bytes_at)
    assert (fit.fixed, fit.per_pixel, fit.error) == (1000, 50, 0)
    bytes_at[_budget.CHECKED] /= 0.9
    assert _budget.line(bytes_at).error == pytest.approx(0.1)
    assert fit.frames(fit.bytes(7, 100, 200), 100, 200) == 7
    assert fit.frames(fit.bytes(7, 100, 200) - 1, 100, 200) == 6
    assert fit.frames(10, 100, 200) == 0


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("size", [(100, 96, 128), (20, 300, 300), (300, 96, 96)])
def test_budgets_are_what_account_says(name, size):
    budget = _budget.fit(name, TINY[name], torch.float32)
    t, h, w = size
    shape = (1, 3, t, h, w) if name == "clips" else (t, 3, h, w)
    account = cost.account(TINY[name], shape, training=True)
    assert budget.per_frame == (name == "frames")
    assert budget.parameter_bytes == 4 * account.parameters
    assert budget.inference.bytes(*size) == pytest.approx(account.inference_bytes, rel=0.04)
    assert budget.training.bytes(*size) == pytest.approx(account.training_bytes, rel=0.04)
    assert max(budget.inference.error, budget.training.error) < 0.02


def test_as_many_frames_fit_as_it_says():
    """The lecture's layer: what `cost.account` says of the longest clip is the memory, but for the fit."""
    model = nn.Conv3d(3, 16, kernel_size=3)
    budget = _budget.fit("layer", model, torch.float32)
    frames = budget.training.frames(16e9, 224, 224)
    account = cost.account(model, (1, 3, frames, 224, 224), training=True)
    assert account.training_bytes == pytest.approx(16e9, rel=0.01)


def test_half_precision_takes_half():
    full, half = (_budget.fit("a", TINY["clips"], dtype) for dtype in (torch.float32, torch.bfloat16))
    assert half.inference.per_pixel == pytest.approx(full.inference.per_pixel / 2, rel=1e-3)
    assert half.parameter_bytes == full.parameter_bytes // 2


def test_the_words_of_a_budget_have_its_numbers():
    page = EVERY["budget"]()
    networks = given(page)["networks"]
    assert [each["name"] for each in networks] == list(TINY)
    fits = _budget.fit("clips", TINY["clips"], torch.float32)
    frames = fits.inference.frames(2e9, 96, 128)
    assert f"clips: inference {frames:,} frames" in page.picture.alt
    assert "one frame at a time any number" in page.picture.alt


def test_the_default_networks_are_the_lecture_s_and_real_ones():
    networks = _budget.default_networks()
    assert sum(p.numel() for p in networks["the lecture's Conv3d(3, 16, 3)"].parameters()) == 1312
    assert sum(p.numel() for p in networks["R3D-18"].parameters()) == 33_371_472
    assert len(networks) == 4


@pytest.mark.parametrize(
    "options, error, says",
    [
        ({"networks": {}}, ValueError, "at least one network"),
        ({"networks": {"a": nn.Conv3d}}, TypeError, r"networks\['a'\] must be a torch.nn.Module, got type"),
        ({"memory_gb": 0}, ValueError, "memory_gb must be a number from 0.5 to 1,000, got 0"),
        ({"fps": float("nan")}, ValueError, "fps must be"),
        ({"size": (224,)}, ValueError, r"size must be \(H, W\)"),
        ({"size": (8, 224)}, ValueError, r"size\[0\] must be a number from 16"),
    ],
)
def test_bad_budgets(options, error, says):
    with pytest.raises(error, match=says):
        explorer.budget(**{"networks": TINY, **options})
