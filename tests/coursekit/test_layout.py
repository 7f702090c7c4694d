"""coursekit.layout against numpy's and torch's own axis functions, and by laws."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit import encoders, layout, motion, show, store, video

LENGTHS = {"B": 2, "T": 5, "C": 3, "H": 7, "W": 11}


def numbered(name: str) -> torch.Tensor:
    """A tensor in layout `name` whose every value is different."""
    shape = [LENGTHS[axis] for axis in name]
    return torch.arange(int(np.prod(shape))).reshape(shape)


layouts = st.lists(st.sampled_from("BTCHW"), min_size=1, max_size=5, unique=True).map("".join)
pairs = layouts.flatmap(lambda name: st.tuples(st.just(name), st.permutations(list(name)).map("".join)))


@given(pairs)
def test_round_trip_gives_the_same_view(pair):
    source, target = pair
    clip = numbered(source)
    there = layout.convert(clip, source, target)
    back = layout.convert(there, target, source)
    assert torch.equal(back, clip)
    assert back.stride() == clip.stride()
    assert there.data_ptr() == clip.data_ptr()


@given(pairs)
def test_agrees_with_numpy_einsum(pair):
    source, target = pair
    array = numbered(source).numpy()
    expected = np.einsum(f"{source.lower()}->{target.lower()}", array)
    got = layout.convert(array, source, target)
    assert isinstance(got, np.ndarray)
    assert np.shares_memory(got, array)
    np.testing.assert_array_equal(got, expected)


@given(pairs, layouts)
def test_a_way_round_is_the_straight_way(pair, _):
    source, target = pair
    middle = "".join(sorted(source))
    straight = layout.convert(numbered(source), source, target)
    round_about = layout.convert(layout.convert(numbered(source), source, middle), middle, target)
    assert torch.equal(straight, round_about)


def test_one_element_is_where_the_names_say():
    clip = numbered("TCHW")
    assert layout.convert(clip, "TCHW", "CTHW")[2, 4, 6, 10] == clip[4, 2, 6, 10]
    assert layout.convert(clip, "TCHW", "THWC")[4, 6, 10, 2] == clip[4, 2, 6, 10]


def test_an_axis_of_one_is_added_and_dropped():
    clip = numbered("TCHW")
    batched = layout.convert(clip, "TCHW", "BCTHW")
    assert batched.shape == (1, 3, 5, 7, 11)
    assert torch.equal(layout.convert(batched, "BCTHW", "TCHW"), clip)
    image = layout.convert(clip[:1].numpy(), "TCHW", "HWC")
    assert image.shape == (7, 11, 3)


def test_the_lectures_way_gives_the_same_values():
    clip = numbered("TCHW")
    volumes = [volume[None] for volume in layout.channels(clip)]  # 3 x (1, T, H, W)
    assert torch.equal(torch.cat(volumes), layout.convert(clip, "TCHW", "CTHW"))


def test_channels_are_views_by_name():
    clip = numbered("TCHW")
    red, green, blue = layout.channels(clip)
    for position, volume in enumerate((red, green, blue)):
        assert torch.equal(volume, clip[:, position])
        assert volume.untyped_storage().data_ptr() == clip.untyped_storage().data_ptr()
    assert layout.channels(clip).blue is not None
    assert torch.equal(layout.channels(layout.convert(clip, "TCHW", "THWC"), "THWC").green, green)


def test_batch_stacks_and_copies():
    clip = numbered("CTHW")
    both = layout.batch([clip, clip + 1])
    assert both.shape == (2, 3, 5, 7, 11)
    assert torch.equal(both[1], clip + 1)
    both[0] = 0
    assert clip.any()


def refused(text, function, *args, **options):
    with pytest.raises(layout.LayoutError) as caught:
        function(*args, **options)
    assert text in str(caught.value)


def test_errors_name_the_axis_the_shape_and_what_to_do():
    zeros = torch.zeros
    refused(
        "expected 3 channels on axis 1 of a TCHW clip, got shape (3, 16, 90, 160): is it CTHW?",
        layout.convert,
        zeros(3, 16, 90, 160),
        "TCHW",
        "CTHW",
    )
    refused("is it THWC?", layout.check, zeros(16, 90, 160, 3), "TCHW")
    refused("of a CHW image, got shape (90, 160, 3): is it HWC?", layout.check, zeros(90, 160, 3), "CHW")
    refused("pass channels=1 if it has 1", layout.check, zeros(16, 1, 90, 160), "TCHW")
    refused("clip[None] adds it", layout.check, zeros(16, 3, 9, 16), "BTCHW")
    refused("Then it is BTCHW", layout.check, zeros(2, 16, 3, 9, 16), "TCHW")
    refused(
        "expected 4 axes for TCHW (time, channels, height, width), got 2", layout.check, zeros(9, 16), "TCHW"
    )
    refused("axis 0 (time) of a TCHW array is empty", layout.check, zeros(0, 3, 9, 16), "TCHW")
    refused(
        "axis 0 (time) of the TCHW array has length 16", layout.convert, zeros(16, 3, 9, 16), "TCHW", "CHW"
    )
    refused("has no axis called 'X'", layout.convert, zeros(3, 9), "CX", "XC")
    refused("names the axis 'T' twice", layout.convert, zeros(3, 9), "CT", "TT")
    refused("target must be a layout", layout.convert, zeros(3, 9), "CT", "")
    refused("at least one clip", layout.batch, [])
    refused(
        "axis 3 (width) has length 6 in clip 1, 5 in clip 0",
        layout.batch,
        [zeros(3, 2, 4, 5), zeros(3, 2, 4, 6)],
    )
    refused("one dtype: clip 1", layout.batch, [zeros(3, 2, 4, 5), zeros(3, 2, 4, 5).to(torch.uint8)])
    refused("need a layout of T, C, H and W", layout.channels, zeros(3, 4, 5), "CHW")


def test_other_types_are_refused():
    with pytest.raises(TypeError, match="got list"):
        layout.convert([[1, 2]], "HW", "WH")


def test_any_depth_with_channels_none():
    maps = torch.zeros(16, 64, 9, 11)
    assert layout.convert(maps, "TCHW", "CTHW", channels=None).shape == (64, 16, 9, 11)


# ---------------------------------------------------------------- clips of uint8, in all functions

CLIP = torch.zeros(4, 3, 120, 120, dtype=torch.uint8)
# Each takes a clip and a folder to write in.
TAKERS = {
    "video.write": lambda clip, folder: video.write(folder / "clip.mp4", clip, 25),
    "store.save": lambda clip, folder: store.save(folder / "clip.h5", clip),
    "show.filmstrip": lambda clip, folder: show.filmstrip(clip),
    "show.player": lambda clip, folder: show.player(clip, fps=25),
    "motion.cut": lambda clip, folder: motion.cut(clip, scenes=1),
    "encoders": lambda clip, folder: encoders._encoder.check_frames(clip),
}
only_tensors = pytest.mark.parametrize("taker", [name for name in TAKERS if name != "store.save"])


@pytest.mark.parametrize("taker", TAKERS)
@pytest.mark.parametrize(
    ("clip", "advice"),
    [
        (CLIP / 255, r"between 0 and 1, use \(\w+ \* 255\)\.round\(\)\.to\(torch\.uint8\)$"),
        (CLIP.half() + 1, r"use \(\w+ \* 255\)\.round\(\)\.to\(torch\.uint8\)$"),
        (
            CLIP.float() + 200,
            r"expected torch\.uint8 with values 0 to 255: use \w+\.round\(\)\.to\(torch\.uint8\)$",
        ),
        (CLIP.long() + 200, r"expected torch\.uint8 with values 0 to 255: use \w+\.to\(torch\.uint8\)$"),
        (CLIP.bool(), r"use \w+\.to\(torch\.uint8\)$"),
        (torch.from_numpy(CLIP.numpy().astype(np.uint16)), r"use \w+\.to\(torch\.uint8\)$"),
        (CLIP.int() + 256, "reach from 256 to 256, so bring them into 0 to 255 first$"),
        (CLIP.float() - 2.5, "reach from -2.5 to -2.5, so bring them into 0 to 255 first$"),
        (CLIP.float() * float("nan"), "bring them into 0 to 255 first$"),
        (CLIP.to(torch.complex64), "such values are no pixels$"),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, torch.Tensor) else "",
)
def test_a_clip_of_another_dtype_gets_advice_that_keeps_its_values(taker, clip, advice, tmp_path):
    with pytest.raises(
        ValueError, match=r"has dtype torch\.\w+, expected torch\.uint8 with values 0 to 255: "
    ) as caught:
        TAKERS[taker](clip, tmp_path)
    assert re.search(advice, str(caught.value))


@only_tensors
def test_the_message_for_a_numpy_clip_says_how_to_make_a_tensor(taker, tmp_path):
    with pytest.raises(
        TypeError, match=r"(\w+) must be a torch tensor .* got ndarray: torch\.from_numpy\(\1\)"
    ):
        TAKERS[taker](CLIP.numpy(), tmp_path)


@pytest.mark.parametrize("taker", TAKERS)
def test_no_array_or_another_shape_is_refused_under_the_name_of_the_argument(taker, tmp_path):
    with pytest.raises(TypeError, match=r"^(clip|source|film|frames) must be a .*, got NoneType"):
        TAKERS[taker](None, tmp_path)
    with pytest.raises(layout.LayoutError, match=r"^(clip|source|film|frames): expected 4 axes for TCHW"):
        TAKERS[taker](CLIP[0], tmp_path)


def test_numpy_clips_get_advice_in_numpys_words():
    for values, advice in [
        (CLIP.numpy() / 255, r"use \(clip \* 255\)\.round\(\)\.astype\(numpy\.uint8\)"),
        (CLIP.numpy().astype(np.uint16)[::-1], r"use clip\.astype\(numpy\.uint8\)"),
        (CLIP.numpy().astype(str), "such values are no pixels"),
    ]:
        with pytest.raises(ValueError, match=r"expected uint8 with values 0 to 255: .*" + advice):
            layout.check(values, "TCHW", dtype="uint8", name="clip")


# ---------------------------------------------------------------- frame rates, in all functions

RATES = {
    "video.write": lambda fps, folder: video.write(folder / "clip.mp4", CLIP, fps),
    "store.save": lambda fps, folder: store.save(folder / "clip.h5", CLIP, fps=fps),
    "show.filmstrip": lambda fps, folder: show.filmstrip(CLIP, fps=fps),
    "show.differences": lambda fps, folder: show.differences(CLIP, fps=fps),
    "show.player": lambda fps, folder: show.player(CLIP, fps=fps),
}


@pytest.mark.parametrize("taker", RATES)
@pytest.mark.parametrize("fps", [0, -25, 1e-6, 1e300, float("inf"), float("nan"), "25", True])
def test_no_frame_rate_is_one_message_in_every_function(taker, fps, tmp_path):
    with pytest.raises(
        TypeError if isinstance(fps, str | bool) else ValueError,
        match=re.escape(f"fps={fps!r} must be a number of frames per second above 0 ("),
    ):
        RATES[taker](fps, tmp_path)
    assert not list(tmp_path.iterdir())


def test_views_share_memory_and_copies_do_not():
    clip = torch.arange(4 * 3 * 5 * 7).reshape(4, 3, 5, 7)
    views = [clip[2:], clip[:, :, ::2], clip.contiguous(), layout.convert(clip, "TCHW", "BCTHW")]
    copies = [clip[[0, 2]], clip.flip(0), clip.permute(1, 0, 2, 3).contiguous(), torch.cat([clip])]
    for tensor in (*views, *copies):
        before = tensor.clone()
        clip.add_(1)  # what a view shows, and a copy does not
        assert layout.shares_memory(tensor, clip) == (not torch.equal(tensor, before)), tensor.shape
    assert [layout.shares_memory(each, clip) for each in (*views, *copies)] == [True] * 4 + [False] * 4
    assert layout.shares_memory(clip[:2], clip[2:])
    array = clip.numpy()
    assert layout.shares_memory(torch.from_numpy(array), torch.from_numpy(array[2:]))
    assert not layout.shares_memory(torch.from_numpy(array), torch.from_numpy(array[2:].copy()))
    assert not layout.shares_memory(torch.empty(0), torch.empty(0))
