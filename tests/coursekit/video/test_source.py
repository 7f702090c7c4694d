"""A video is opened once and its packets are read through once, whatever is asked about it."""

import warnings

import av
import numpy as np
import pytest
import torch
from support import badfiles

from coursekit import data, show, video
from coursekit.video._source import Source

CARPHONE = data.clip("carphone_pristine")  # mp4: FFmpeg can go back to its beginning
PART = {"seconds": (1, 2)}


class CountedContainer:
    """An opened video that counts how often its packets are read through to the end."""

    def __init__(self, container, counts):
        self._container, self._counts = container, counts

    def __getattr__(self, name):
        return getattr(self._container, name)

    def demux(self, stream):
        yield from self._container.demux(stream)
        self._counts["passes"] += 1


@pytest.fixture
def counts(monkeypatch):
    """How often a video was opened for reading, and its packets read through to the end."""
    counts = {"opened": 0, "passes": 0}
    really_open = av.open

    def counted_open(file, mode="r", **options):
        container = really_open(file, mode, **options)
        if mode != "r":
            return container
        counts["opened"] += 1
        return CountedContainer(container, counts)

    monkeypatch.setattr(av, "open", counted_open)
    return counts


@pytest.mark.parametrize(
    ("call", "passes"),
    [
        (lambda path: video.probe(path), 1),
        (lambda path: video.times(path), 1),
        (lambda path: video.times(path, **PART), 1),
        (lambda path: video.read(path), 2),  # the packets, to know how many frames there are; then the frames
        (lambda path: video.read(path, **PART), 1),
        (lambda path: video.read(path, frames=(40, 60)), 1),
        (lambda path: video.read(path, indices=[40, 7, 60]), 1),
        (lambda path: list(video.frames(path)), 1),  # the frames alone
        (lambda path: list(video.frames(path, **PART)), 1),
        (lambda path: list(video.stream(path, **PART)), 1),
        (lambda path: show.player(path), 2),
        (lambda path: show.player(path, **PART), 1),
    ],
    ids=["probe", "times", "times of a part", "read", "read seconds", "read frames", "read indices", "frames",
         "frames of a part", "stream of a part", "player", "player of a part"],
)  # fmt: skip
def test_a_call_opens_the_video_once_and_scans_it_once(call, passes, counts):
    call(CARPHONE)
    if not hasattr(av.VideoCodecContext, "field_order"):  # PyAV 17 must decode one picture to know
        counts["opened"] = max(1, counts["opened"] - 1)
    assert counts == {"opened": 1, "passes": passes}


@pytest.mark.parametrize("name", [*badfiles.SOUND, *badfiles.DAMAGED])
def test_a_source_answers_as_a_file_just_opened_whatever_it_was_asked_before(name, tmp_path):
    path = (badfiles.SOUND | badfiles.DAMAGED)[name](tmp_path)
    with warnings.catch_warnings(), Source(path) as source:
        warnings.simplefilter("ignore", video.DamagedVideoWarning)
        info, times, whole = video.probe(path), video.times(path).tolist(), video.read(path)
        part = video.Selection(frames=(5, 7))
        for _ in range(2):
            assert source.info() == info
            assert [float(stamp.time) for stamp in source.stamps()] == times
            assert torch.equal(source.read(video.Selection()), whole)
            assert torch.equal(source.read(part), video.read(path, part))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv"])
def test_a_part_is_that_slice_of_the_whole_where_the_file_cannot_be_entered_too(suffix, tmp_path):
    path = tmp_path / f"film{suffix}"
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", 25)
        track.height, track.width, track.pix_fmt = 48, 64, "yuv420p"
        track.codec_context.gop_size = 25
        for number in range(100):
            image = np.full((48, 64, 3), 20 + 2 * number, np.uint8)
            container.mux(track.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(track.encode(None))
    whole = video.read(path)
    for first in range(0, 98, 7):
        assert torch.equal(video.read(path, frames=(first, first + 2)), whole[first : first + 2])
