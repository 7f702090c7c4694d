import base64
import io
import math
import re
import subprocess
import sys
from fractions import Fraction

import av
import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import badfiles
from support.tracks import with_tracks

from coursekit import data, show, video
from coursekit.layout import LayoutError
from coursekit.show import _charts
from coursekit.show._pixels import spread
from coursekit.show._strides import _index_at


@pytest.fixture(scope="module")
def clip():
    """Twelve real frames, uint8 (12, 3, 144, 176)."""
    return video.read(data.clip("carphone_pristine"), frames=(0, 12))


def pixels(picture):
    """What is seen, (height, width, 3) uint8."""
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))


def settings():
    """matplotlib's settings (without "backend": to read it is to choose one)."""
    return {key: matplotlib.rcParams[key] for key in matplotlib.rcParams if key != "backend"}


def area(picture, colour, tolerance=0):
    """How many pixels of a picture have (about) this colour."""
    return int((np.abs(pixels(picture).astype(int) - colour).max(2) <= tolerance).sum())


def flat(*colours, size=(20, 30)):
    """A clip whose frame t is filled with colours[t], uint8 (T, 3, H, W)."""
    return torch.tensor(colours, dtype=torch.uint8)[:, :, None, None].expand(-1, -1, *size).clone()


PICTURES = {
    "filmstrip": lambda clip: show.filmstrip(clip, fps=30),
    "frame": lambda clip: show.frame(clip[0], boxes={"eye": (40, 60, 10, 20)}),
    "frames": lambda clip: show.frames({"whole": clip[0], "part": clip[0, :, :50]}),
    "channels": lambda clip: show.channels(clip[0]),
    "volumes": lambda clip: show.volumes(clip),
    "differences": lambda clip: show.differences(clip, every=2),
    "curves": lambda clip: show.curves(
        {"a": ([0, 1], [2, 3]), "b": ([0, 1], [3, 1])}, x="time (s)", y="loss"
    ),
    "matrix": lambda clip: show.matrix(torch.eye(4), x="column", y="row", label="value"),
    "bars": lambda clip: show.bars({"raw": 30.0, "file": 2}, y="size (MB)"),
    "memory": lambda clip: show.memory(torch.zeros(2, 3, 2, 2)),
    "signed": lambda clip: show.signed(
        {"a": clip[0, 0] - 99.0, "b": 99.0 - clip[1, 0]}, label="v", image=clip[0]
    ),
    "patch": lambda clip: show.patch(clip[0, :, :3, :3] // 32, torch.ones(3, 3, 3), solve=True),
    "neighbours": lambda clip: show.neighbours(clip, torch.linspace(-1, 1, 11), y="v", level=0.5),
    "sequence": lambda clip: show.sequence(clip, torch.eye(12, 5), label="feature", count=3),
}


@pytest.fixture(params=PICTURES)
def draw(request, clip):
    return lambda: PICTURES[request.param](clip)


@pytest.mark.slow
def test_same_bytes_again_whatever_the_reader_has_set_and_nothing_of_it_changed(draw):
    first = draw()
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black", "image.cmap": "jet"}):
        mine = settings()
        assert draw().png == first.png
        assert settings() == mine


@pytest.mark.slow
def test_reaches_a_screen_reader_and_fits_into_a_notebook(draw):
    picture = draw()
    data, metadata = picture._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == picture.alt
    assert picture.alt.endswith(".")
    assert "\n" not in picture.alt
    assert f'alt="{picture.alt}"' in data["text/html"]
    assert data["text/html"].startswith("<img ")
    shown = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", data["text/html"])[1])))
    stored = Image.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert shown.size == stored.size == picture.size
    assert stored.format == "PNG"
    assert stored.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(data["image/png"]) < 160_000 * 4 / 3
    assert len(data["text/html"]) < 100_000 * 4 / 3


@pytest.mark.slow
def test_pyplot_is_never_loaded():
    draws = "show.frame(torch.zeros(3, 8, 8, dtype=torch.uint8)), show.bars({'a': 1}, y='b')"
    code = (
        f"import sys, torch; from coursekit import show; {draws}; print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_alt_is_escaped_in_html():
    picture = show.frame(flat((1, 2, 3))[0], title='rows < "columns" & more')
    assert 'alt="rows &lt; &quot;columns&quot; &amp; more.' in picture.html()
    assert picture.alt.startswith('rows < "columns" & more.')


def test_a_large_picture_is_stored_with_few_colours_and_stays_itself(clip):
    picture = show.filmstrip(clip)
    stored = Image.open(io.BytesIO(base64.b64decode(picture._repr_mimebundle_()[0]["image/png"])))
    assert stored.mode == "P"
    difference = np.abs(np.asarray(stored.convert("RGB")).astype(int) - pixels(picture))
    assert difference.mean() < 6
    assert len(np.unique(np.asarray(stored))) > 128
    white = (pixels(picture) == 255).all(2)
    assert (difference[white] == 0).all()


@pytest.mark.parametrize("png, alt, says", [(b"GIF89a", "a", "PNG file"), (b"\x89PNG\r\n", " ", "in words")])
def test_a_picture_needs_png_and_words(png, alt, says):
    with pytest.raises(ValueError, match=says):
        show.Picture(png, alt)


# Frames


def test_filmstrip_shows_first_and_last_frame_and_their_times():
    clip = flat((250, 0, 0), (9, 9, 9), (9, 9, 9), (9, 9, 9), (0, 0, 250))
    picture = show.filmstrip(clip, count=2, fps=2, title="Two ends")
    assert area(picture, (250, 0, 0)) > 1000
    assert area(picture, (0, 0, 250)) > 1000
    assert area(picture, (9, 9, 9)) == 0
    assert picture.alt == (
        "Two ends. Filmstrip of 2 of 5 frames, each 20 rows by 30 columns, red, green, blue: "
        "frame 0 at 0.00 s; frame 4 at 2.00 s."
    )


def test_filmstrip_of_grey_frames_with_given_times():
    picture = show.filmstrip(flat((77, 77, 77), (78, 78, 78))[:, :1], times=torch.tensor([0.0, 0.5]))
    assert area(picture, (77, 77, 77)) > 1000
    assert "grey: frame 0 at 0.00 s; frame 1 at 0.50 s" in picture.alt


def test_filmstrip_without_rate_claims_no_time(clip):
    assert " at " not in show.filmstrip(clip[:3]).alt


def test_a_long_title_and_narrow_frames_are_written_whole(clip):
    """Letters at both ends of the title: a title that is cut leaves no white margin."""
    wide = show.filmstrip(clip, fps=30, columns=12, count=12, title="A long title " * 12)
    for rows in (slice(0, 36), slice(-28, None)):
        strip = pixels(wide)[rows]
        assert (strip < 128).any(), "nothing is written"
        assert (strip[:, :2] == 255).all() and (strip[:, -2:] == 255).all()


@pytest.mark.parametrize("letter", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\x1d"])
def test_a_title_with_a_line_break_is_one_line(letter, clip):
    expected = show.filmstrip(clip, title="a b")
    found = show.filmstrip(clip, title=f"a{letter}b")
    assert (found.png, found.alt) == (expected.png, expected.alt)
    assert show.filmstrip(clip, title=letter).png == show.filmstrip(clip).png


def test_a_small_frame_is_enlarged_without_blurring_its_pixels():
    picture = show.filmstrip(torch.tensor([0, 250], dtype=torch.uint8).reshape(1, 1, 1, 2), count=1)
    frame = pixels(picture)[10:150, 10:-10]
    assert set(np.unique(frame)) == {0, 250}


@pytest.mark.slow
def test_the_first_player_does_not_wait_for_matplotlib():
    """Loading it takes longer than everything else in the first cell of notebook 01, torch aside."""
    code = (
        "import sys, torch; from coursekit import data, predict, show, video; "
        "show.player(torch.zeros(3, 3, 16, 16, dtype=torch.uint8), fps=3).html(); "
        "print([name for name in sys.modules if name.startswith('matplotlib')])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"


@given(st.integers(1, 300), st.integers(1, 30))
def test_frames_are_spread_evenly_from_first_to_last(frames, count):
    chosen = spread(frames, count)
    assert len(chosen) == min(frames, count)
    assert chosen[0] == 0
    if len(chosen) > 1:
        assert chosen[-1] == frames - 1
        steps = np.diff(chosen)
        assert steps.min() >= 1
        assert steps.max() - steps.min() <= 1


def test_frame_puts_a_pixel_where_its_axes_say():
    image = torch.full((3, 20, 30), 255, dtype=torch.uint8)
    image[:, 15:, 20:] = torch.tensor([200, 30, 60], dtype=torch.uint8)[:, None, None]  # below, on the right
    rows, columns = np.nonzero((pixels(show.frame(image)) == (200, 30, 60)).all(2))
    height, width, _ = pixels(show.frame(image)).shape
    assert rows.min() > 0.5 * height
    assert columns.min() > 0.5 * width


def test_frame_marks_boxes_and_tells_them():
    image = torch.zeros(3, 20, 30, dtype=torch.uint8)
    picture = show.frame(image, boxes={"kernel": (2, 4, 3, 5)})
    assert "Marked: kernel: 3 by 5 pixels from row 2, column 4." in picture.alt
    rows, columns = np.nonzero((np.abs(pixels(picture).astype(int) - (213, 94, 0)) <= 3).all(2))
    height, width, _ = pixels(picture).shape
    assert len(rows) > 100
    assert rows.max() < height / 2  # row 2 lies above the middle
    assert columns.max() < width / 2


def test_frames_keep_their_own_sizes():
    images = {"wide": flat((10, 20, 30), size=(20, 60))[0], "high": flat((90, 80, 70), size=(40, 20))[0]}
    picture = show.frames(images, title="Two")
    assert area(picture, (10, 20, 30)) > 3 * area(picture, (90, 80, 70)) > 1000
    assert "wide (20 rows by 60 columns, red, green, blue); high (40 rows by 20 columns" in picture.alt


def test_channels_are_grey_planes_in_order():
    picture = show.channels(flat((50, 120, 200))[0])
    columns = [np.nonzero((pixels(picture) == grey).all(2).sum(0) > 20)[0].mean() for grey in (50, 120, 200)]
    assert columns == sorted(columns)
    assert "red 50, green 120, blue 200" in picture.alt


def test_volumes_put_frame_0_in_front_and_tint_each_stack():
    clip = flat((240, 240, 240), *[(20, 20, 20)] * 7, size=(90, 160))
    seen = pixels(show.volumes(clip)).astype(int)
    thirds = np.split(seen[:, : 3 * (seen.shape[1] // 3)], 3, axis=1)
    for channel, third in enumerate(thirds):
        others = [other for other in range(3) if other != channel]
        tinted = (third[:, :, channel] > 200) & (third[:, :, others].max(2) < 180)
        dark = (third.max(2) < 40) & (third[:, :, channel] > third[:, :, others].max(2))
        assert tinted.sum() > 4000
        assert dark.sum() > 1000
        assert (
            np.nonzero(tinted)[1].mean() < np.nonzero(dark)[1].mean()
        )  # later frames lie behind, to the right


def test_volumes_tell_the_lectures_letters(clip):
    alt = show.volumes(clip, count=5).alt
    assert "H (N in the lecture) = 144" in alt
    assert "W (M in the lecture) = 176" in alt
    assert "5 of the 12 frames" in alt
    assert "3 × T × H × W = 3 × 12 × 144 × 176" in alt


def test_differences_are_absolute_and_told_in_grey_levels():
    clip = flat((10, 10, 10), (40, 10, 10), (10, 250, 10), (10, 10, 10))  # 30/3, (30+240)/3, 240/3
    picture = show.differences(clip, count=3, fps=25)
    assert "frame 0 to 1: 10.0; 1 to 2: 90.0; 2 to 3: 80.0" in picture.alt
    assert "1 frame = 40 ms later" in picture.alt
    assert "brightest colour stands for 90" in picture.alt
    assert "0 to 2: 80.0" in show.differences(clip, every=2, count=2).alt


def test_differences_share_one_scale():
    clip = flat((0, 0, 0), (50, 50, 50), (150, 150, 150))  # changes by 50, then by 100
    picture = show.differences(clip, count=2, limit=100)
    middle, bright = (124, 123, 120), (254, 232, 56)  # half and all of cividis
    assert area(picture, middle, 4) > 5000
    assert area(picture, bright, 2) > 5000


def test_differences_count_from_the_first_frame_in_the_film():
    clip = flat((10, 10, 10), (40, 10, 10), (40, 10, 10))
    assert "frame 140 to 141: 10.0; 141 to 142: 0.0" in show.differences(clip, count=2, first=140).alt


# Signed maps, patches, neighbours


def test_signed_maps_share_one_scale_with_white_at_zero():
    maps = {"low": torch.full((20, 30), -2.0), "zero": torch.zeros(20, 30), "high": torch.full((20, 30), 4.0)}
    picture = show.signed(maps, label="value", limit=4)
    red, blue = area(picture, (103, 0, 31), 3), area(picture, (106, 172, 208), 6)  # 4, and half of -4
    assert red > 5000
    assert blue > 5000
    assert area(picture, (247, 247, 247), 1) > 5000  # 0
    assert "low (20 rows by 30 columns): from -2 to -2" in picture.alt


def test_a_signed_map_without_limit_is_not_hidden_by_one_value():
    plane = torch.ones(100, 100)
    plane[0, 0] = 1000.0
    assert "the strongest colour at 1." in show.signed({"a": plane}, label="value").alt


def test_a_patch_leaves_the_sums_to_the_reader_until_it_is_solved():
    patch = torch.tensor([[[5, 5, 4], [5, 5, 3], [5, 5, 3]]] * 3)
    kernel = torch.tensor([[[-1, 0, 1]] * 3] * 3)
    asked, solved = show.patch(patch, kernel), show.patch(patch, kernel, solve=True)
    assert "sum" not in asked.alt
    assert solved.alt.count("sum -5") == 3
    assert asked.png != solved.png


def test_neighbours_are_drawn_at_the_later_frame_and_count_from_the_first():
    clip = flat(*[(0, 0, 0)] * 5)
    values = [1.0, 1.0, -0.5, 1.0]  # between the frames 2 and 3 of the clip
    picture = show.neighbours(clip, values, y="likeness", first=100, count=2)
    assert "lowest -0.5 at frame 103" in picture.alt
    line = np.nonzero(np.abs(pixels(picture).astype(int) - (0, 114, 178)).max(2) <= 60)
    lowest = line[1][line[0] == line[0].max()].mean()
    left, right = line[1].min(), line[1].max()  # frames 101 and 104
    assert lowest == pytest.approx(left + (right - left) * 2 / 3, abs=6)


# Charts


def test_curves_tell_ends_and_turning_points():
    picture = show.curves(
        {"loss": ([0, 1, 2], [4.0, 0.123456, 1.0])}, x="time (s)", y="loss (nats)", title="Down"
    )
    assert picture.alt == (
        "Down. Line chart of loss (nats) against time (s). loss: from 4 at 0 to 1 at 2, lowest 0.1235 at 1."
    )


def test_curves_differ_in_more_than_colour():
    line = ([0, 1, 2], [1, 1, 1])
    grey = [
        np.asarray(Image.fromarray(pixels(show.curves(lines, x="x", y="y"))).convert("L")) < 200
        for lines in ({"a": line, "b": ([0, 1, 2], [2, 2, 2])}, {"b": ([0, 1, 2], [2, 2, 2]), "a": line})
    ]
    assert (grey[0] != grey[1]).sum() > 200  # the dashes and markers have changed places


def test_bars_carry_their_numbers():
    picture = show.bars({"raw": 364_953_600, "in the file": 1_055_736.0}, y="size (bytes)", log=True)
    assert picture.alt == "Bar chart of size (bytes) (logarithmic). raw: 364,953,600; in the file: 1,055,736."


def test_a_higher_bar_covers_more():
    picture = show.bars({"one": 1.0, "three": 3.0}, y="count")
    assert area(picture, (213, 94, 0), 3) == pytest.approx(3 * area(picture, (0, 114, 178), 3), rel=0.03)


@pytest.mark.parametrize("factor", [10, 50])
def test_on_a_logarithmic_axis_bars_begin_at_one(factor):
    picture = show.bars({"more": factor, "less": 1 / factor, "as many": 1.0}, y="times as much", log=True)
    up, down, flat_bar = (area(picture, colour, 3) for colour in ((0, 114, 178), (213, 94, 0), (0, 158, 115)))
    assert up == pytest.approx(down, rel=0.05)
    assert up > 1000 > 100 > flat_bar


def tick_words(draw, monkeypatch):
    """The words at the ticks of the y axis of the picture that `draw` draws."""
    words = []

    def render(fig, alt):
        fig.draw_without_rendering()
        words.extend(text.get_text() for text in fig.axes[0].yaxis.get_ticklabels())
        return show.Picture(b"\x89PNG\r\n", alt)

    monkeypatch.setattr(_charts, "render", render)
    draw()
    return words


@pytest.mark.parametrize(
    "top, some", [(3.0, {"1", "2"}), (294.0, {"1", "10", "100"}), (2e5, {"1", "10,000"})]
)
def test_ticks_of_a_logarithmic_axis_are_plain_numbers(top, some, monkeypatch):
    ys = [1.0, top]
    for draw in (
        lambda: show.bars({"a": 1.0, "b": top}, y="y", log=True),
        lambda: show.curves({"a": (ys, ys)}, x="x", y="y", log=True),
    ):
        words = tick_words(draw, monkeypatch)
        assert some <= set(words)
        assert all(re.fullmatch(r"[\d,.]+(e[-+]\d+)?", word) for word in words), words


def test_matrix_of_both_signs_has_white_at_zero_and_equal_strength_at_equal_distance():
    white, faint_blue, dark_blue, dark_red = (247, 246, 246), (167, 207, 228), (5, 48, 97), (103, 0, 31)
    for values, shades in {
        (-1.0, 0.0, 3.0): (white, faint_blue, dark_red),
        (-3.0, 0.0, 1.0): (white, dark_blue),
    }.items():
        picture = show.matrix([values], x="x", y="y", label="v")
        assert all(area(picture, shade, 2) > 1000 for shade in shades), values
    one_sign = show.matrix([[0.0, 1.0, 2.0]], x="x", y="y", label="v")
    assert area(one_sign, dark_blue, 2) == area(one_sign, dark_red, 2) == 0


def test_matrix_names_its_rows_and_columns():
    names = {"columns": ["pan left", "still"], "rows": ["taxi", "rabbit"]}
    picture = show.matrix([[1, 2.5], [-3, 0]], x="said", y="true", label="clips", **names)
    assert "smallest -3 at row rabbit, column pan left, largest 2.5 at row taxi, column still." in picture.alt


def test_matrix_with_long_names_cuts_none_of_its_text():
    rows = [f"a model whose name is as long as {n}" for n in range(8)]
    columns = ["bus roof", "taxi", "cyclist", "railing", "bicycle", "rabbit", "bow tie"]
    values = torch.arange(56).view(8, 7)
    picture = show.matrix(values, x="shot", y="model", label="right answers (%)", rows=rows, columns=columns)
    drawn = pixels(picture)
    for edge in (drawn[:, 0], drawn[:, -1], drawn[0], drawn[-1]):
        assert (edge == 255).all()


def test_matrix_tells_its_extremes():
    picture = show.matrix([[1, 2.5], [-3, 0]], x="column (frame)", y="row (frame)", label="similarity")
    assert "smallest -3 at row 1, column 0, largest 2.5 at row 0, column 1." in picture.alt


def test_sequence_puts_frames_above_their_own_moments():
    clip = flat((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
    values = torch.zeros(4, 2)
    values[2] = 1  # while the third frame, the blue one, is shown
    picture = show.sequence(clip, values, label="feature", count=4, title="Four frames")
    image = pixels(picture).astype(int)
    blue = np.abs(image - (0, 0, 255)).max(2) < 40
    bright = np.abs(image - image[blue.any(1).argmax() + 150, int(np.where(blue)[1].mean())]).max(2) < 10
    left, right = np.where(blue)[1].min(), np.where(blue)[1].max()
    under = np.where(bright[:, : image.shape[1] * 8 // 10])[1]  # without the colour bar
    assert 0 <= left - under.min() < 20 and 0 <= under.max() - right < 20
    assert picture.alt.startswith("Four frames. 4 of 4 frames, each 20 rows by 30 columns")
    assert "heat map of feature: 2 rows, from 0 to 1." in picture.alt


# Memory


def test_memory_tells_strides_of_a_view_without_copying():
    clip = torch.zeros(2, 3, 2, 4)
    alt = show.memory(clip.permute(1, 0, 2, 3), layout="CTHW", title="One permute").alt
    assert "One permute. The memory of a CTHW tensor of shape (3, 2, 2, 4), not contiguous" in alt
    assert "C has length 3 and stride 8; T has length 2 and stride 24" in alt
    assert "(c, t, y, x) = (0,0,0,0) (0,0,0,1) (0,0,0,2) (0,0,0,3) (0,0,1,0)" in alt


def test_memory_shows_the_gaps_of_a_slice():
    assert "(t, x) = (0,0) none (0,1) none (1,0)" in show.memory(torch.zeros(2, 4)[:, ::2], layout="TW").alt


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_every_cell_of_a_view_holds_the_element_it_is_said_to_hold(shape, random):
    stored = torch.arange(math.prod(shape) * 2).view(*shape, 2)[..., random.choice([0, 1])]
    order = list(range(len(shape)))
    random.shuffle(order)
    view = stored.permute(order)
    offset = view.storage_offset()
    for cell in range(view.numel()):
        index = _index_at(view, cell)
        if index is not None:
            assert view[index].item() == cell + offset
    indices = [_index_at(view, cell) for cell in range(2 * view.numel())]
    assert len({index for index in indices if index is not None}) == view.numel()


# Errors: each names the argument, the value, what was expected, and what to do


GOOD = torch.zeros(4, 3, 20, 30, dtype=torch.uint8)


@pytest.mark.parametrize(
    "wrong, error, says",
    [
        (lambda: show.filmstrip(GOOD.numpy()), TypeError, r"clip must be.*torch\.from_numpy\(clip\)"),
        (lambda: show.filmstrip(GOOD[0]), LayoutError, "clip: expected 4 axes for TCHW"),
        (lambda: show.filmstrip(GOOD.permute(1, 0, 2, 3)), LayoutError, "3 channels on axis 1.*is it CTHW"),
        (lambda: show.filmstrip(GOOD.permute(0, 2, 3, 1)), LayoutError, "is it THWC"),
        (lambda: show.filmstrip(GOOD[:0]), LayoutError, r"axis 0 \(time\).*is empty"),
        (lambda: show.filmstrip(GOOD / 255), ValueError, r"torch\.float32.*uint8.*\* 255\)\.round\(\)"),
        (lambda: show.filmstrip(GOOD, times=[0.0]), ValueError, "one entry per frame, 4, got 1"),
        (lambda: show.filmstrip(GOOD, times=[0, 1, 2, 3], fps=1), ValueError, "times and fps were both"),
        (lambda: show.filmstrip(GOOD, fps=0), ValueError, "fps=0 must be a number of frames per second"),
        (lambda: show.filmstrip(GOOD, count=0), ValueError, "count must be at least 1"),
        (lambda: show.filmstrip(GOOD, columns=0), ValueError, "columns must be at least 1"),
        (lambda: show.frame(GOOD), LayoutError, "image: expected 3 axes for CHW"),
        (lambda: show.frame(GOOD[0].permute(1, 2, 0)), LayoutError, "is it HWC"),
        (lambda: show.frame(GOOD[0], boxes={"eye": (18, 0, 3, 3)}), ValueError, r'"eye"\] = \(18.*20 rows'),
        (lambda: show.frames({}), ValueError, "at least one image"),
        (lambda: show.frames({"a": GOOD[0], "b": GOOD}), LayoutError, r'images\["b"\]: expected 3 axes'),
        (lambda: show.channels(GOOD[0, :1]), LayoutError, "image must have 3 channels on axis 0"),
        (lambda: show.volumes(GOOD[:, :1]), LayoutError, "clip must have 3 channels on axis 1"),
        (lambda: show.differences(GOOD, every=4), ValueError, "every must be from 1 to 3.*got 4"),
        (lambda: show.differences(GOOD, limit=300), ValueError, "limit must be from 1 to 255"),
        (lambda: show.signed({}, label="v"), ValueError, "at least one map"),
        (lambda: show.signed({"a": GOOD[0, 0]}, label="v", limit=float("nan")), ValueError, "got nan"),
        (lambda: show.signed({"a": GOOD}, label="v"), ValueError, r'maps\["a"\] must be a tensor \(H, W\)'),
        (lambda: show.signed({"a": GOOD[0, 0] / 0}, label="v"), ValueError, "not finite"),
        (lambda: show.signed({"a": GOOD[0, 0]}, label="v", limit=0), ValueError, "limit must be above 0"),
        (lambda: show.patch(GOOD[0, :, :6, :6], GOOD[0, :, :6, :6]), ValueError, "at most 5 rows"),
        (lambda: show.patch(GOOD[0, 0], GOOD[0, 0]), ValueError, r"\(C, h, w\) with 1 or 3"),
        (lambda: show.patch(GOOD[0, :, :3, :3] + 0.5, GOOD[0]), ValueError, "values must hold whole numbers"),
        (lambda: show.patch(GOOD[0, :, :3, :3], GOOD[0, :, :3, :2]), ValueError, "the shape of values"),
        (lambda: show.neighbours(GOOD, [1.0] * 4, y="v"), ValueError, "3 entries, one for each pair"),
        (lambda: show.neighbours(GOOD, [1.0] * 3, y="v", count=9), ValueError, "from 1 to 4"),
        (lambda: show.curves({}, x="x", y="y"), ValueError, "at least one line"),
        (lambda: show.curves({"a": ([1, 2], [1])}, x="x", y="y"), ValueError, r'"a"\].*\(2,\) and \(1,\)'),
        (lambda: show.curves({"a": ([1], [0])}, x="x", y="y", log=True), ValueError, r'"a"\].*y values'),
        (lambda: show.curves({"a": ([0], [1])}, x="x", y="y", log_x=True), ValueError, r'"a"\].*x values'),
        (lambda: show.matrix([1, 2], x="x", y="y", label="v"), ValueError, r"matrix.*\(2,\)"),
        (lambda: show.matrix([[1]], x="x", y="y", label="v", rows="ab"), ValueError, "of the 1 rows, got 2"),
        (lambda: show.sequence(GOOD, torch.ones(3, 2), label="v"), ValueError, r"the 4 frames, got \(3, 2\)"),
        (lambda: show.sequence(GOOD, torch.ones(4, 2), label="v", count=5), ValueError, "from 1 to 4"),
        (lambda: show.bars({}, y="y"), ValueError, "at least one bar"),
        (lambda: show.bars({"a": float("nan")}, y="y"), ValueError, r'"a"\] must be a finite'),
        (lambda: show.bars({"a": 0}, y="y", log=True), ValueError, r'values\["a"\] must be a number above 0'),
        (lambda: show.memory([1]), TypeError, "tensor must be a torch tensor, got list"),
        (lambda: show.memory(GOOD, layout="CHW"), ValueError, "names 3 axes, but tensor has 4"),
        (lambda: show.memory(GOOD, layout="TCXY"), ValueError, "a letter of BTCHW"),
        (lambda: show.memory(GOOD, cells=0), ValueError, "cells must be at least 1"),
        (lambda: show.player("a.mp4", fps=3), ValueError, "leave fps out"),
        (lambda: show.player(GOOD, fps=3, track=0), ValueError, "a clip has no tracks; leave track out"),
        (lambda: show.player(GOOD), ValueError, r"needs fps, its frames per second: player\(clip, fps=25\)"),
        (lambda: show.player(GOOD, fps=3, seconds=(0, 1)), ValueError, r"of a clip show a part: clip\[first"),
        (lambda: show.player({}, fps=3), ValueError, "at least one clip"),
        (lambda: show.player({"a": GOOD}), ValueError, "a clip needs fps"),
        (lambda: show.player({"a": GOOD, "b": GOOD[:2]}, fps=3), ValueError, "must have one shape"),
        (lambda: show.player("nowhere.mp4"), video.VideoError, r"nowhere\.mp4"),
        (lambda: show.player(3), TypeError, "source must be a path or a clip"),
        (lambda: show.player(GOOD, fps=0.1), ValueError, "up to 20 s, got 40 s"),
        (lambda: show.player(GOOD, fps=-1), ValueError, "fps=-1 must be a number of frames per second"),
    ],
)  # fmt: skip
def test_bad_input_gets_one_clear_error(wrong, error, says):
    with pytest.raises(error, match=says):
        wrong()


# The player


def decoded(mp4):
    """(frames, width, height, codec, pixel format) of an mp4 in memory."""
    with av.open(io.BytesIO(mp4)) as container:
        track = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video=0))
        return frames, track.width, track.height, track.codec_context.name, track.codec_context.pix_fmt


def test_a_small_file_is_embedded_as_it_is():
    path = data.clip("carphone_distorted")
    player = show.player(path, title="A man talks")
    assert player.mp4 == path.read_bytes()
    assert str(path.parent) not in player.html()
    assert player.label.startswith(
        "Video: A man talks; 120 frames at 29.97 frames per second, 176 by 144 pixels"
    )
    assert player.filmstrip.alt.startswith("A man talks. Filmstrip of 8 of 120 frames")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_film_of_variable_rate_lasts_as_long_as_its_file(tmp_path, suffix):
    path = badfiles.make_variable_rate(tmp_path, suffix)
    player, times = show.player(path), video.times(path)
    assert (player.frames - 1) / player.fps == pytest.approx(float(times[-1] - times[0]), abs=1 / player.fps)
    shown = [float(time) for time in re.findall(r"at ([\d.]+) s", player.filmstrip.alt)]
    last = f"{float(times[-1]):.2f}"
    assert shown[-1] == pytest.approx(float(last), abs=1 / player.fps)


def test_a_large_file_is_written_anew_and_small():
    player = show.player(data.clip("bigbuckbunny"), seconds=(1, 2))
    assert len(player.mp4) <= 400_000
    assert decoded(player.mp4) == (25, 480, 270, "h264", "yuv420p")


def test_a_file_of_few_pixels_and_many_bytes_keeps_its_pixels():
    assert data.clip("carphone_pristine").stat().st_size > 400_000
    player = show.player(data.clip("carphone_pristine"))
    assert len(player.mp4) <= 400_000
    assert decoded(player.mp4) == (120, 176, 144, "h264", "yuv420p")


def test_a_clip_of_odd_size_and_grey_plays():
    clip = flat((40, 40, 40), (200, 200, 200), size=(31, 45))[:, :1]
    player = show.player(clip, fps=5)
    frames, width, height, codec, kind = decoded(player.mp4)
    assert (frames, codec, kind) == (2, "h264", "yuv420p")
    assert width % 2 == height % 2 == 0
    assert (abs(width - 45), abs(height - 31)) == (1, 1)


def test_what_does_not_compress_is_made_smaller_until_it_fits():
    noise = torch.randint(0, 256, (10, 3, 270, 480), generator=torch.Generator().manual_seed(0)).to(
        torch.uint8
    )
    player = show.player(noise, fps=10)
    assert len(player.mp4) <= 400_000
    assert player.width < 480


def test_a_player_is_one_piece_of_html_with_its_video_and_its_numbers():
    html = show.player(flat((1, 2, 3), (4, 5, 6)), fps=5, title='a < "b"').html()
    outer = re.sub(r"data:video/mp4;base64,[A-Za-z0-9+/=]+", "VIDEO", html)
    label = "Video: a &lt; &quot;b&quot;; 2 frames at 5 frames per second, 30 by 20 pixels, without sound"
    assert f'aria-label="{label}" src="VIDEO">{label}</video>' in outer
    assert '<video controls loop muted playsinline width="480" height="320"' in outer
    assert 'data-fps="5.0" data-frames="2" data-playing="no"' in outer
    assert not re.search(r"""(?:src|href)=["'](?!VIDEO)|https?://|\bid=""", outer)  # of two players on a page


def test_a_rate_that_is_no_whole_number_reaches_the_script_with_all_its_digits():
    assert 'data-fps="29.97002997002997"' in show.player(data.clip("carphone_distorted")).html()


def test_clips_play_side_by_side_in_step_and_under_their_names():
    left, right = flat((250, 0, 0), (0, 250, 0), size=(60, 90)), flat((0, 0, 250), (0, 0, 0), size=(60, 90))
    player = show.player({"A": left, "B": right}, fps=25, playing=True)
    assert decoded(player.mp4)[:3] == (2, 2 * 90 + 8, 60 + 40)
    assert 'data-playing="yes"' in player.html()
    with av.open(io.BytesIO(player.mp4)) as container:
        first, second = (image.to_ndarray(format="rgb24").astype(int) for image in container.decode(video=0))
    assert np.abs(first[70, 45] - (250, 0, 0)).max() < 30
    assert np.abs(first[70, 45 + 98] - (0, 0, 250)).max() < 30
    assert np.abs(second[70, 45] - (0, 250, 0)).max() < 30
    for start in (0, 98):  # black letters on white
        head = first[:40, start : start + 90]
        assert head.min() < 80
        assert (head.min(axis=2) > 200).mean() > 0.8


def test_a_long_name_stays_inside_its_narrow_clip():
    clip = flat((250, 0, 0), size=(60, 90))
    player = show.player({"a name that is much too long": clip, "B": clip}, fps=25)
    with av.open(io.BytesIO(player.mp4)) as container:
        head = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)[:40]  # (40, 188, 3)
    assert head[:, 10:80].min() < 160
    assert head[:, :2].min() > 200
    assert head[:, 89:97].min() > 200


@pytest.mark.parametrize("track", [None, 0, 1])
def test_of_several_tracks_the_player_shows_the_one_that_read_gives(track, tmp_path):
    path = with_tracks(tmp_path / "two.mp4", [(48, 64), (96, 128)])
    player = show.player(path, track=track)
    clip = video.read(path, track=track)  # (3, 3, H, W)
    assert decoded(player.mp4)[:3] == (3, clip.shape[3], clip.shape[2])
    with av.open(io.BytesIO(player.mp4)) as container:
        assert len(container.streams.video) == 1  # a browser may choose another track than `read`
        image = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert abs(int(image[20, 20, 0]) - int(clip[0, 0, 20, 20])) < 4


def test_a_file_with_uneven_times_is_encoded_again(tmp_path):
    path = tmp_path / "uneven.mp4"
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", 25)
        track.height, track.width, track.pix_fmt = 48, 64, "yuv420p"
        for number, tick in enumerate((0, 1, 2, 9, 10, 11)):
            image = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8), format="rgb24")
            image.pts, image.time_base = tick, Fraction(1, 25)
            container.mux(track.encode(image))
        container.mux(track.encode(None))
    player = show.player(path)
    assert player.mp4 != path.read_bytes()
    assert decoded(player.mp4)[0] == player.frames == 6


def test_on_two_logarithmic_axes_a_power_is_a_straight_line():
    xs = [1, 2, 5, 10, 30, 100]
    picture = show.curves({"square": (xs, [x * x for x in xs])}, x="x", y="y", log=True, log_x=True)
    assert picture.alt.startswith("Line chart of y (logarithmic) against x (logarithmic).")
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)
    rows, columns = (np.abs(pixels - (0x00, 0x72, 0xB2)).sum(axis=2) < 30).nonzero()  # the blue line
    slope, start = np.polyfit(columns, rows, 1)
    assert np.abs(rows - slope * columns - start).max() < 6  # pixels: half a marker
