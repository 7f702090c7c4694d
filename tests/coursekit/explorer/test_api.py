import html
import io
import json
import random
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
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
    """The page inside the frame."""
    return html.unescape(re.search(r"srcdoc='([^']*)'", page.html)[1])


def given(page):
    """What the page's script gets."""
    return json.loads(re.search(r'id="given">(.*?)</script>', frame(page), re.DOTALL)[1])


def outside(page):
    """What is left where frames are removed."""
    return re.sub(r"<iframe.*?</iframe>", "", page.html, flags=re.DOTALL)


def convolution_of(**axes):
    """The settings that the still picture draws."""
    output = conv.output_size(**axes)
    return _still.Convolution(**axes, in_channels=3, out_channels=4, bias=True, output=output)


@pytest.mark.parametrize("kind", EVERY)
def test_html_needs_nothing_from_outside_is_small_and_the_same_each_time(kind):
    page = EVERY[kind]()
    assert isinstance(page, Page)
    assert page.html == EVERY[kind]().html
    assert not re.search(r"https?://|//cdn|<link|<script src|\bimport\b|fetch\(|XMLHttp", frame(page))
    assert page.html.startswith("<div>")  # IPython warns on a bare <iframe>
    assert len(page.html) < 60_000
    assert frame(page).count("</script>") == 2


@pytest.mark.parametrize("kind", EVERY)
def test_picture_and_words_are_there_without_frames_and_scripts(kind):
    page = EVERY[kind]()
    data, metadata = page._repr_mimebundle_()
    assert set(data) == {"text/html", "image/png", "text/plain"}
    assert data["text/html"] == page.html
    assert data["text/plain"] == metadata["image/png"]["alt"] == str(page) == page.picture.alt
    static = outside(page)
    assert "<script" not in page.html  # the page is text in an attribute, also for a careless reader
    assert f'<img alt="{html.escape(page.picture.alt)}"' in static
    assert len(page.picture.png) < 30_000


def test_the_words_have_the_numbers():
    alt = explorer.convolution((100, 224, 224), out_channels=16).picture.alt
    assert "3 x 100 x 224 x 224 (time, height, width) with 16 kernels of 3 x 3 x 3" in alt
    assert "output 16 x 98 x 222 x 222" in alt
    assert "time: ⌊(100 + 2·0 − 1·(3 − 1) − 1) / 1⌋ + 1 = ⌊97 / 1⌋ + 1 = 98." in alt
    alt = explorer.convolution((12, 7, 9), stride=(2, 1, 1)).picture.alt
    assert (
        "time: ⌊(12 + 2·0 − 1·(3 − 1) − 1) / 2⌋ + 1 = ⌊9 / 2⌋ + 1 = 5, the last frame is never visited" in alt
    )
    assert "frames 4 to 6, rows 2 to 4, columns 3 to 5, where it gives output (2, 2, 3)" in alt


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


def test_visited_samples_are_those_with_a_gradient():
    drawn = random.Random(0)
    for _ in range(100):
        axes = [draw_axis(drawn) for _ in range(3)]
        size, kernel, stride, padding, dilation = zip(*axes, strict=True)
        found = convolution_of(size=size, kernel=kernel, stride=stride, padding=padding, dilation=dilation)
        for axis, (n, k, s, p, d) in enumerate(axes):
            x = torch.ones(1, 1, n, requires_grad=True)  # (N, C, n)
            F.conv1d(x, torch.ones(1, 1, k), stride=s, padding=p, dilation=d).sum().backward()
            seen = (x.grad[0, 0] > 0).tolist()
            assert found.visited(axis).tolist() == seen
            last = next((i for i, each in enumerate(reversed(seen)) if each), n)
            told = found.never_visited(axis)
            assert (told is None) == (last == 0)
            assert last < 2 or f"last {last} " in told


def pixels(page):
    """The still picture, (H, W, 3)."""
    return np.asarray(Image.open(io.BytesIO(page.picture.png)).convert("RGB")).astype(int)


def count_colour(page, colour):
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((abs(pixels(page) - wanted).max(2) < 12).sum())


def test_the_still_picture_shows_kernel_and_filled_output():
    small, large = explorer.convolution(kernel=1), explorer.convolution(kernel=(3, 5, 5))
    assert count_colour(large, _still.KERNEL) > 8 * count_colour(small, _still.KERNEL) > 0
    begin, end = (explorer.convolution(at=at) for at in ((0, 0, 0), (9, 4, 6)))
    assert count_colour(end, "#c9ebe0") > 50 * count_colour(begin, "#c9ebe0")
    assert count_colour(EVERY["padded"](), "#eeeeee") > 4 * count_colour(large, "#eeeeee")


def test_the_still_picture_of_a_long_clip_is_two_boxes():
    page = EVERY["long"]()
    assert page.picture.size[1] < 500
    big = explorer.convolution((100, 224, 224), kernel=(40, 90, 90))
    assert count_colour(big, "#d97c32") > 2000 > count_colour(page, "#d97c32")  # the kernel, half transparent


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
