"""features with `decoders=N`: the same features and errors, and no process, file or frame too many."""

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import psutil
import pytest
import torch
from support import badfiles
from support.means import means
from torch.utils.data import dataloader
from torch.utils.data._utils import MP_STATUS_CHECK_INTERVAL

from coursekit import cli, data, encoders, features
from coursekit.features import _batch, _decoders, _extract
from coursekit.features._job import Job, JobResult
from coursekit.video import Selection
from tools import gpu

ROOT = Path(__file__).resolve().parents[3]
# Only a fork has what a test has changed in its own process.
forked = pytest.mark.skipif(
    multiprocessing.get_start_method() != "fork", reason="processes here do not begin as a fork"
)


@pytest.fixture
def films(tmp_path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    for make in (badfiles.make_plain, badfiles.make_variable_rate, badfiles.make_rotated):
        make(folder)
    return folder


@pytest.fixture
def impatient(monkeypatch):
    """PyTorch looks after its processes five times a second, not every five seconds."""
    look = dataloader._MultiProcessingDataLoaderIter._try_get_data
    assert look.__defaults__ == (MP_STATUS_CHECK_INTERVAL,)
    monkeypatch.setattr(look, "__defaults__", (0.2,))


def run(videos, out, encoder=None, **options) -> features.Report:
    return features.extract_all(videos, out, encoder or means(), progress=False, **options)


def unfinished(out: Path) -> list[str]:
    return sorted(path.name for path in out.rglob("*") if ".partial" in path.name)


def finished(out: Path) -> list[str]:
    return sorted(path.name for path in out.rglob("*.h5") if ".partial" not in path.name)


@pytest.mark.parametrize(("windows", "format"), [(None, "hdf5"), (encoders.Windows(8, 4), "npy")])
def test_features_errors_and_notes_on_damage_are_those_without(films, tmp_path, windows, format):
    for make in (badfiles.make_truncated, badfiles.make_text, badfiles.make_one_frame):
        make(films)
    encoder = means(windows)
    alone, side_by_side = (
        run(films, tmp_path / f"out{decoders}", encoder, format=format, decoders=decoders, every=2)
        for decoders in (0, 2)
    )
    assert side_by_side.rows == alone.rows
    assert side_by_side.made == 5
    assert ([Path(row.video).name for row in alone.failed], len(alone.damaged)) == (["text.mp4"], 1)
    for row in alone.rows:
        if row.status == "done":
            ours, theirs = (features.load(tmp_path / out / row.file) for out in ("out0", "out2"))
            assert torch.equal(theirs.values, ours.values)
            assert torch.equal(theirs.times, ours.times)
            assert torch.equal(theirs.frames, ours.frames)
    assert run(films, tmp_path / "out2", encoder, format=format, every=2).made == 0
    (films / "text.mp4").unlink()  # now all is done
    assert run(films, tmp_path / "out2", encoder, format=format, every=2, decoders=2).made == 0
    assert not multiprocessing.active_children()


@pytest.mark.gpu
@pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing()))
def test_several_processes_feed_a_gpu_with_the_same_frames(tmp_path):
    clips = [data.clip(name) for name in ("bikes", "carphone_pristine")]
    encoder = encoders.load(device="cuda")
    for decoders in (0, 2):
        run(clips, tmp_path / str(decoders), encoder, decoders=decoders)
    for name in ("bikes.h5", "carphone_pristine.h5"):
        ours, theirs = (features.load(tmp_path / folder / name) for folder in "02")
        assert torch.equal(theirs.frames, ours.frames)
        assert (torch.cosine_similarity(theirs.values, ours.values) > 0.9999).all()


def test_a_network_that_fails_with_one_video_leaves_no_file_and_the_others_are_done(
    films, tmp_path, monkeypatch
):
    encoder = means()
    launch = encoder.launch

    def only_wide(images):
        if len(images) == 1:
            raise RuntimeError("out of memory")
        return launch(images)

    badfiles.make_one_frame(films)
    monkeypatch.setattr(encoder, "launch", only_wide)
    report = run(films, tmp_path / "out", encoder, decoders=2)
    assert [(row.file, row.error) for row in report.failed] == [
        ("one_frame.h5", "RuntimeError: out of memory")
    ]
    assert finished(tmp_path / "out") == ["plain.h5", "rotated_90.h5", "variable_rate.h5"]
    assert not unfinished(tmp_path / "out")


def _deadly(path, *arguments, **options):
    if Path(path).stem.startswith("rotated"):
        os.kill(os.getpid(), signal.SIGKILL)
    return _BATCHES(path, *arguments, **options)


_BATCHES = _extract.batches


@forked
@pytest.mark.slow
def test_a_video_that_kills_its_process_fails_alone(films, tmp_path, monkeypatch, impatient):
    monkeypatch.setattr(_extract, "batches", _deadly)
    report = run(films, tmp_path / "out", decoders=2)
    assert [row.file for row in report.failed] == ["rotated_90.h5"]
    assert "the process that decoded it died" in report.failed[0].error
    assert report.made == 2
    assert not unfinished(tmp_path / "out")


def _dying(rounds, *endings):
    """Instead of the processes: an ending is how many videos are begun and done before one of them dies."""
    deaths = list(endings)

    def computed(videos, encoder, recipe, decoders):
        rounds.append(list(videos.jobs))
        dies = bool(deaths)
        videos._count.value, done = deaths.pop(0) if dies else (len(videos.jobs), len(videos.jobs))
        yield from ((number, JobResult()) for number in rounds[-1][:done])
        if dies:
            raise _decoders._DiedError("killed")

    return computed


@pytest.mark.parametrize(
    ("endings", "rounds"),
    [
        ([(3, 3)], [[0, 1, 2]]),
        ([(1, 1)], [[0, 1, 2], [1, 2]]),
        ([(2, 1)], [[0, 1, 2], [1], [2]]),
        ([(1, 1), (1, 1)], [[0, 1, 2], [1, 2], [2]]),
    ],
)
def test_where_one_process_dies_the_videos_that_are_left_are_done(tmp_path, monkeypatch, endings, rounds):
    run_with: list[list[int]] = []
    monkeypatch.setattr(_decoders, "_computed", _dying(run_with, *endings))
    jobs = [Job(tmp_path / f"{number}.mp4", tmp_path / f"{number}.h5") for number in range(3)]
    results = dict(_decoders.results(jobs, means(), Selection(), {}, 2))
    assert run_with == rounds
    assert results == dict.fromkeys(range(3), JobResult())


def test_processes_that_all_die_before_they_begin_a_video_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(_decoders, "_computed", _dying([], (0, 0)))
    jobs = [Job(tmp_path / "a.mp4", tmp_path / "a.h5")]
    with pytest.raises(features.FeaturesError, match=r"do not start \(killed\): use decoders=0"):
        dict(_decoders.results(jobs, means(), Selection(), {}, 2))


def test_more_processes_than_cores_are_no_reason_for_a_warning(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        messages = _decoders._messages(_decoders._Videos({}, _counted), (os.cpu_count() or 1) + 1)
        assert list(messages) == []


def _counted(path, *arguments, count, **options):
    for number in range(100):
        count.value = number + 1
        yield torch.zeros(1, 3, 4, 4, dtype=torch.uint8), [0.0], [number]


def test_a_process_is_at_most_a_few_batches_ahead(films):
    count = multiprocessing.Value("i", 0)
    jobs = {0: Job(films / "plain.mp4", films / "plain.h5")}
    messages = _decoders._messages(_decoders._Videos(jobs, functools.partial(_counted, count=count)), 1)
    next(messages)
    next(messages)
    time.sleep(0.5)
    assert 1 <= count.value <= 4
    messages.close()
    assert not multiprocessing.active_children()


ENDLESS = """
import faulthandler, signal, sys
from support.means import means
from torch.utils.data import dataloader

from coursekit import cli, encoders
from coursekit.features import _extract

faulthandler.register(signal.SIGUSR1)
signal.signal(signal.SIGINT, signal.default_int_handler)  # also if this run was started in the background
batches, encoder = _extract.batches, means()


def endless(*arguments, **options):
    while True:
        yield from batches(*arguments, **options)


_extract.batches = endless
encoders.load = lambda *_, **__: encoder
dataloader._MultiProcessingDataLoaderIter._try_get_data.__defaults__ = (0.2,)
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.slow
@forked
def test_stopped_from_the_keyboard_it_leaves_no_process_and_no_half_file(films, tmp_path):
    """In a process of its own: a fork of this one may wait for ever for what a thread here held."""
    out = tmp_path / "out"
    command = [sys.executable, "-c", ENDLESS, "features", str(films), "--out", str(out), "--decoders", "2"]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    whole = psutil.Popen(command, env=variables, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 60
        while not out.exists() or len(unfinished(out)) < 2:
            assert whole.is_running()
            assert time.monotonic() < end
            time.sleep(0.01)
        others = whole.children(recursive=True)
        assert len(others) == 2
        for each in (whole, *others):  # as a terminal does
            each.send_signal(signal.SIGINT)
        try:
            said = whole.communicate(timeout=30)[1]
        except subprocess.TimeoutExpired:
            whole.send_signal(signal.SIGUSR1)  # it writes where each of its threads stands
            time.sleep(1)
            whole.kill()
            pytest.fail(f"it did not stop\n{whole.communicate()[1]}")
        assert whole.returncode == 130, said
        assert said.endswith("stopped: what is done is kept, and the same command goes on with the rest\n")
        assert not unfinished(out)
        assert not finished(out)
        assert psutil.wait_procs(others, timeout=5)[1] == []
    finally:
        if whole.is_running():
            whole.kill()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"decoders": -1}, "decoders=-1 must be a whole number"),
        ({"decoders": 1.5}, "decoders=1.5 must be a whole number"),
        ({"decoders": 2, "workers": 2, "encoder": "r3d_18"}, "give decoders or workers"),
        ({"decoders": 2, "decoder": "torchcodec"}, "is for decoder='pyav'"),
    ],
)
def test_what_cannot_be_had_together_is_refused(films, tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        run(films, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_the_command_passes_the_number_on(films, tmp_path, monkeypatch):
    asked, encoder = [], means()
    monkeypatch.setattr(encoders, "load", lambda *_, **__: encoder)
    monkeypatch.setattr(_batch._decoders, "results", lambda *options: asked.append(options[-1]) or iter(()))
    assert cli.main(["features", str(films), "--out", str(tmp_path), "--decoders", "4", "--quiet"]) == 0
    assert asked == [4]
