"""What a run says first: about how many frames, and about how long."""

from pathlib import Path

import pytest
import torch
from support import fuzz
from torch import nn

from coursekit import encoders, features, video
from coursekit.features import _estimate


class Mean(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))  # (B, 3)


@pytest.fixture(scope="module")
def encoder():
    how = encoders.Preprocessing(resize=16, crop=(16, 16))
    return encoders.load(Mean(), preprocessing=how, backend="eager")


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    clip = torch.zeros(60, 3, 32, 32, dtype=torch.uint8)
    return [
        video.write(folder / "a.mp4", clip, 10),
        video.write(folder / "b.mkv", clip[:20], 10),
        video.write(folder / "c.mov", clip[:20], 10),
    ]


@pytest.mark.parametrize(
    "part",
    [{}, {"every": 3}, {"fps": 5}, {"fps": 20}, {"frames": (10, 25)}, {"seconds": (1, 3)},
     {"seconds": (1, 99), "fps": 5}, {"indices": [1, 3, 5]}],
)  # fmt: skip
def test_the_number_of_frames_is_nearly_that_of_the_reader(part, films):
    exact = sum(len(video.times(film, **part)) for film in films)
    assert _estimate.count(films, video.Selection(**part)) == pytest.approx(exact, abs=3)


def test_of_many_videos_some_are_opened_and_stand_for_the_others(films, monkeypatch):
    opened = []
    real = _estimate._frames
    monkeypatch.setattr(_estimate, "_frames", lambda video, *rest: opened.append(video) or real(video, *rest))
    monkeypatch.setattr(_estimate, "MOST_OPENED", 5)
    copies = [films[0].with_name(f"copy {number}.mp4") for number in range(40)]
    for copy in copies:
        copy.write_bytes(films[0].read_bytes())
    assert _estimate.count(copies, video.Selection()) == pytest.approx(40 * 60)
    assert len(opened) == 5


def test_bad_videos_count_nothing_and_stop_nothing(films, encoder, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    paths = [tmp_path / "gone.mp4", bad, films[0]]
    line = _estimate.announcement(paths, encoder, video.Selection(), None, measured=True)
    assert line.startswith("about 60 frames of 3 videos, about 1 s on this machine")
    line = _estimate.announcement(paths[:1], encoder, video.Selection(), None, measured=True)
    assert line == "1 video, length unknown"


def test_a_stream_without_a_length_counts_by_its_bytes(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
    bare = fuzz.make(one, ".h264", "libx264", "yuv420p")
    whole = fuzz.make(two, ".mp4", "libx264", "yuv420p")
    assert _estimate.count([bare], video.Selection()) is None
    assert _estimate.count([bare, whole], video.Selection()) == pytest.approx(24, abs=3)


@pytest.mark.parametrize("suffix", [".avi", ".ts", ".flv", ".mkv"])
def test_the_number_of_frames_is_told_for_other_containers(suffix, tmp_path):
    film = fuzz.make(tmp_path, suffix, "mpeg4" if suffix == ".avi" else "libx264", "yuv420p")
    assert _estimate.count([film], video.Selection()) == pytest.approx(12, abs=3)


def test_the_rate_is_that_of_the_run(films, encoder, monkeypatch):
    """A clock by which each batch of 4 frames takes 2 s, whatever the first one waits for."""
    clock = iter(range(100, 1000, 2))
    monkeypatch.setattr(_estimate.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(_estimate, "MEASURED_SECONDS", 9)
    rate = _estimate.frames_per_second(films, encoder, video.Selection(), None, most=1000)
    assert rate == pytest.approx(2)


@pytest.mark.parametrize(("seconds", "text"), [(0.1, "1 s"), (8.4, "8 s"), (200, "3 min"), (9000, "2.5 h")])
def test_times_are_told_in_few_signs(seconds, text):
    assert _estimate.duration(seconds) == text


def test_a_run_with_bars_begins_with_the_estimate_and_a_quiet_or_recorded_one_does_not(
    films, encoder, tmp_path, capsys, monkeypatch
):
    features.extract_all(films, tmp_path / "out", encoder)
    assert "about 100 frames of 3 videos, about 1 s on this machine" in capsys.readouterr().err
    features.extract_all(films, tmp_path / "out", encoder)
    assert "frames of" not in capsys.readouterr().err, "nothing is left to do"
    features.extract_all(films, tmp_path / "quiet", encoder, progress=False)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("COURSEKIT_RECORDING", "1")
    features.extract_all(films, tmp_path / "recorded", encoder)
    assert capsys.readouterr().err == ""
