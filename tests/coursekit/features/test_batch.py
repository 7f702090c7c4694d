"""Features of many videos: what is redone and what is not, bad videos, kills, locks, dask's workers."""

import csv
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import dask
import h5py
import pytest
import torch
from safetensors.torch import save_file
from support import badfiles, forks, fuzz
from support.tracks import with_tracks
from torch import nn

from coursekit import cli, encoders, features, video
from coursekit._shared import _files, _lock
from coursekit.encoders import _networks
from coursekit.features import _batch, _extract, _job, _manifest, _workers


class Tiny(nn.Module):
    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))  # (B, 4)


def tiny(seed: int = 0, resize: int = 16) -> encoders.Encoder:
    how = encoders.Preprocessing(resize=resize, crop=(16, 16))
    return encoders.load(Tiny(seed), preprocessing=how, backend="eager")


def film(path: Path, *, first: int = 0, frames: int = 6, size: int = 32) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = [torch.from_numpy(badfiles.picture(first + i, size, size)) for i in range(frames)]
    return video.write(path, torch.stack(pictures).permute(0, 3, 1, 2).contiguous(), 10)


@pytest.fixture
def films(tmp_path) -> Path:
    for number, name in enumerate(("a", "b", "c")):
        film(tmp_path / "films" / f"{name}.mp4", first=40 * number)
    return tmp_path / "films"


def run(videos, out, encoder=None, **options) -> features.Report:
    return features.extract_all(videos, out, encoder or tiny(), progress=False, **options)


def manifest(out) -> list[dict[str, str]]:
    with (Path(out) / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def stamps(out) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in Path(out).iterdir() if path.name != _lock.LOCK}


def check_manifest(out) -> None:
    """Every line that is done says what the header of its file says."""
    for row in manifest(out):
        if row["status"] == "done":
            header = features.header(Path(out) / row["file"])
            assert row["rows"] == str(header["rows"])
            assert row["k"] == str(header["k"])
            assert json.loads(row["selection"]) == header["selection"]
            for name in ("encoder", "weights_hash", "source_sha256"):
                assert row[name] == header[name]
            assert Path(row["video"]).name == header["source"]


# ---------------------------------------------------------------- what is made, and made again


def test_one_file_each_with_the_features_of_extract(films, tmp_path):
    encoder = tiny()
    report = run(films, tmp_path / "new" / "out", encoder)
    assert (report.made, report.failed, report.damaged) == (3, [], [])
    assert sorted(stamps(tmp_path / "new" / "out")) == ["a.h5", "b.h5", "c.h5", "manifest.csv"]
    for row in report.rows:
        expected = features.extract(films / Path(row.video).name, encoder)
        found = features.load(report.manifest.parent / row.file)
        assert torch.equal(found.values, expected.values)
        assert torch.equal(found.times, expected.times)
    assert [row["video"] for row in manifest(report.manifest.parent)] == [
        f"../../films/{name}.mp4" for name in "abc"
    ]
    check_manifest(report.manifest.parent)


def test_nothing_is_done_twice(films, tmp_path):
    run(films, tmp_path / "out", fps=5)
    before = stamps(tmp_path / "out")
    assert run(films, tmp_path / "out", fps=5.0).made == 0
    assert run([films / "c.mp4", films], tmp_path / "out", fps=5).made == 0
    assert stamps(tmp_path / "out") == before


def spoil(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def exchange(path: Path) -> None:
    """Other content of the same size."""
    data = bytearray(path.read_bytes())
    place = data.index(b"Lavc") if b"Lavc" in data else data.index(b"Lavf")
    data[place + 3] ^= 1  # in a comment: the video still plays
    path.write_bytes(data)


def touch(path: Path) -> None:
    """Another time of change, and nothing else."""
    old = path.stat()
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns + 1))


CHANGES = {
    "weights": (lambda out, films: {"encoder": tiny(seed=1)}, "abc"),
    "preprocessing": (lambda out, films: {"encoder": tiny(resize=20)}, "abc"),
    "every": (lambda out, films: {"every": 2}, "abc"),
    "fps": (lambda out, films: {"fps": 5}, "abc"),
    "one frame per second": (lambda out, films: {"fps": 1}, "abc"),
    "part": (lambda out, films: {"selection": video.Selection(frames=(0, 4))}, "abc"),
    "damaged": (lambda out, films: spoil(out / "b.h5"), "b"),
    "empty": (lambda out, films: (out / "b.h5").write_bytes(b""), "b"),
    "deleted": (lambda out, films: (out / "b.h5").unlink(), "b"),
    "another video": (lambda out, films: film(films / "b.mp4", first=200) and None, "b"),
    "another video of that size": (lambda out, films: exchange(films / "b.mp4"), "b"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_has_changed_is_made_again_and_nothing_else(films, tmp_path, change):
    out = tmp_path / "out"
    run(films, out)
    before = stamps(out)
    apply, expected = CHANGES[change]
    options = apply(out, films)
    options = options if isinstance(options, dict) else {}
    report = run(films, out, **options)
    after = stamps(out)
    assert report.made == len(expected)
    assert {name for name in "abc" if after[f"{name}.h5"] != before.get(f"{name}.h5")} == set(expected)
    check_manifest(out)
    assert run(films, out, **options).made == 0


@pytest.fixture
def hashed(monkeypatch) -> list[str]:
    """The names of the videos that were read for their checksum."""
    names: list[str] = []
    for module in (_batch, _extract):
        real = module.sha256
        monkeypatch.setattr(module, "sha256", lambda path, real=real: names.append(path.name) or real(path))
    return names


def test_each_video_is_read_once_for_its_checksum(films, tmp_path, hashed):
    for options in ({}, {"every": 2}, {"encoder": tiny(1)}):
        hashed.clear()
        run(films, tmp_path / "out", **options)
        assert sorted(hashed) == ["a.mp4", "b.mp4", "c.mp4"]


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The paths of all files that Python opens during the test."""
    paths: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event == "open":
            paths.append(str(arguments[0]))

    sys.addaudithook(hook)  # it cannot be taken off again
    yield paths
    watching = False


def test_a_video_of_the_same_size_and_time_is_not_read_again(films, tmp_path, hashed, opened):
    run(films, tmp_path / "out")
    assert {Path(path).name for path in opened if path.endswith(".mp4")} == {"a.mp4", "b.mp4", "c.mp4"}
    hashed.clear()
    opened.clear()
    assert run(films, tmp_path / "out").made == 0
    assert hashed == []
    assert [path for path in opened if path.endswith(".mp4")] == []


def test_a_video_of_another_time_and_the_same_content_keeps_its_features(films, tmp_path, hashed):
    run(films, tmp_path / "out")
    before = stamps(tmp_path / "out")
    touch(films / "b.mp4")
    for read in (["b.mp4"], []):  # the new time is remembered
        hashed.clear()
        assert run(films, tmp_path / "out").made == 0
        assert hashed == read
    after = stamps(tmp_path / "out")
    assert {name for name in before if before[name] != after[name]} == {"manifest.csv"}
    check_manifest(tmp_path / "out")


def without_times(path: Path) -> None:
    """The manifest as versions wrote it that did not remember when a video was changed."""
    rows = manifest(path.parent)
    columns = [name for name in rows[0] if name != "source_mtime_ns"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("older", [without_times, Path.unlink])
def test_an_older_or_lost_manifest_costs_one_reading_and_no_features(films, tmp_path, hashed, older):
    path = run(films, tmp_path / "out").manifest
    text = path.read_text()
    older(path)
    for read in (["a.mp4", "b.mp4", "c.mp4"], []):
        hashed.clear()
        assert run(films, tmp_path / "out").made == 0
        assert sorted(hashed) == read
    assert path.read_text() == text


def test_a_video_that_changes_while_it_is_read_is_read_again_next_time(films, tmp_path, monkeypatch):
    real = _extract.extract_to

    def changing(target, path, *rest, **options):
        made = real(target, path, *rest, **options)
        if path.name == "b.mp4":
            exchange(path)
        return made

    monkeypatch.setattr(_extract, "extract_to", changing)
    run(films, tmp_path / "out")
    monkeypatch.undo()
    assert run(films, tmp_path / "out").made == 1
    check_manifest(tmp_path / "out")


# ---------------------------------------------------------------- how often the network is loaded


@pytest.fixture
def loads(monkeypatch) -> list[str]:
    """How often a network was built, and how often it was made ready to run."""
    calls: list[str] = []
    build, started = _networks.build, encoders.Encoder._runner.func

    def built(name, weights):
        calls.append("built")
        return build(name, "random")

    def counted(encoder):
        calls.append("started")
        return started(encoder)

    monkeypatch.setattr(_networks, "build", built)
    monkeypatch.setattr(encoders.Encoder._runner, "func", counted)
    return calls


def test_the_network_of_many_videos_is_loaded_once(films, tmp_path, loads):
    torch.manual_seed(0)
    run(films, tmp_path / "out", "mobilenet_v3_small")
    assert loads == ["built", "started"]


def test_with_another_precision_by_name_the_features_are_made_again(films, tmp_path, loads):
    made = []
    for precision in ("auto", "bfloat16", "bfloat16"):
        torch.manual_seed(0)  # the random weights are the same
        made.append(run(films, tmp_path / "out", "mobilenet_v3_small", precision=precision).made)
    assert made == [3, 3, 0]
    assert features.header(tmp_path / "out" / "a.h5")["encoder"] == "mobilenet_v3_small in bfloat16"
    with pytest.raises(ValueError, match="precision='float16', but the encoder was loaded with 'auto'"):
        run(films, tmp_path / "out", precision="float16")


def test_where_nothing_is_to_be_done_the_network_is_not_made_ready_to_run(films, tmp_path, loads):
    for expected in (["built", "started"], ["built"]):
        loads.clear()
        torch.manual_seed(0)  # the random weights are the same
        run(films, tmp_path / "out", "mobilenet_v3_small")
        assert loads == expected


def test_with_workers_the_caller_only_describes_the_network(films, tmp_path, loads, monkeypatch):
    def elsewhere(jobs, *_, **__):
        yield from ((number, _job.JobResult("not done")) for number in range(len(jobs)))

    monkeypatch.setattr(_batch, "results", elsewhere)
    run(films, tmp_path / "out", "mobilenet_v3_small", workers=2)
    assert loads == ["built"]


# ---------------------------------------------------------------- names


def test_equal_names_from_two_folders(tmp_path):
    one, two = film(tmp_path / "one" / "x.mp4"), film(tmp_path / "two" / "X.mkv", first=99)
    report = run([one, two], tmp_path / "out")
    assert len({row.file.casefold() for row in report.rows}) == 2
    assert all(re.fullmatch(r"[xX]-[0-9a-f]{8}\.h5", row.file) for row in report.rows)
    for path, row in zip((one, two), report.rows, strict=True):
        assert features.header(tmp_path / "out" / row.file)["source"] == path.name
    assert run([two, one], tmp_path / "out").made == 0
    assert [row.file for row in run([two, one], tmp_path / "other").rows] == [
        row.file for row in report.rows[::-1]
    ]


def test_a_name_once_given_stays(tmp_path):
    one, two = film(tmp_path / "one" / "x.mp4"), film(tmp_path / "two" / "x.mp4", first=99)
    assert run([one], tmp_path / "out").rows[0].file == "x.h5"
    alone = run([two], tmp_path / "out").rows[0]  # the first is not asked for, and is not to be lost
    assert re.fullmatch(r"x-[0-9a-f]{8}\.h5", alone.file)
    both = run([two, one], tmp_path / "out")
    assert (both.made, [row.file for row in both.rows]) == (0, [alone.file, "x.h5"])
    assert len(manifest(tmp_path / "out")) == 2


def test_the_same_video_twice_is_one(films, tmp_path, monkeypatch):
    monkeypatch.chdir(films)
    report = run(["a.mp4", films / "a.mp4", films / ".." / "films" / "a.mp4", "."], tmp_path / "out")
    assert [row.file for row in report.rows] == ["a.h5", "b.h5", "c.h5"]
    assert report.made == 3


def test_everything_can_be_moved_together(films, tmp_path):
    run(films, tmp_path / "out")
    (tmp_path / "new").mkdir()
    for name in ("films", "out"):
        (tmp_path / name).rename(tmp_path / "new" / name)
    assert run(tmp_path / "new" / "films", tmp_path / "new" / "out").made == 0


def test_a_folder_stands_for_its_videos(films, tmp_path):
    (films / "notes.txt").write_text("no video")
    (films / "._a.mp4").write_text("what macOS leaves")
    (films / "deeper.mp4").mkdir()
    assert [row.file for row in run(films, tmp_path / "out").rows] == ["a.h5", "b.h5", "c.h5"]


@pytest.mark.parametrize("name", ["a.asf", "a.hevc", "a.3g2", "a.f4v", "A.MP4"])
def test_a_folder_gives_every_usual_kind_of_video(name, tmp_path):
    film(tmp_path / "a.mp4").rename(tmp_path / name)
    assert [Path(row.video).name for row in run(tmp_path, tmp_path / "out").rows] == [name]


@pytest.mark.parametrize("suffix", [".ts", ".mts"])
def test_a_folder_gives_transport_streams_and_no_typescript(suffix, films, tmp_path):
    text = "import { Graph } from './graph'\nexport const answer: number = 42\n"
    (films / f"program{suffix}").write_text(text * 40)
    (films / f"short{suffix}").write_text("G")
    packets = {".ts": (".ts", "libx264", "yuv420p"), ".mts": (".m2ts", "mpeg2video", "yuv420p")}[suffix]
    fuzz.make(tmp_path, *packets).rename(films / f"film{suffix}")
    empty_packet = b"\x47\x1f\xff\x10" + b"\xff" * 184  # has no zero byte
    (films / f"padding{suffix}").write_bytes(6 * ((b"@@@@" if suffix == ".mts" else b"") + empty_packet))
    (films / f"zeros{suffix}").write_bytes(bytes(1000))  # a damaged film is in the report
    names = [Path(row.video).name for row in run(films, tmp_path / "out").rows]
    assert names == ["a.mp4", "b.mp4", "c.mp4", f"film{suffix}", f"padding{suffix}", f"zeros{suffix}"]


def test_a_video_that_is_named_by_the_user_is_tried_whatever_it_holds(tmp_path):
    (tmp_path / "program.ts").write_text("export {}\n")
    assert len(run(tmp_path / "program.ts", tmp_path / "out").failed) == 1


# ---------------------------------------------------------------- folders, lists, formats, tracks


def test_the_folders_of_the_videos_are_kept(tmp_path):
    for number, name in enumerate(("a/x.mp4", "b/x.mp4", "b/deep/y.mp4", "z.mp4")):
        film(tmp_path / "films" / name, first=40 * number)
    report = run(tmp_path / "films", tmp_path / "out")
    assert [row.file for row in report.rows] == ["a/x.h5", "b/deep/y.h5", "b/x.h5", "z.h5"]
    assert report.made == 4
    check_manifest(tmp_path / "out")
    assert run(tmp_path / "films", tmp_path / "out").made == 0
    (tmp_path / "out" / "b" / ".x.99999999.partial").write_bytes(b"of a killed run")
    (tmp_path / "out" / "b" / "x.h5").unlink()
    again = run([tmp_path / "films" / "b" / "x.mp4"], tmp_path / "out")  # its name, once given, stays
    assert (again.made, [row.file for row in again.rows]) == (1, ["b/x.h5"])
    assert sorted(path.name for path in (tmp_path / "out" / "b").iterdir()) == ["deep", "x.h5"]


def test_the_same_places_in_two_folders_do_not_collide(tmp_path):
    one, two = film(tmp_path / "one" / "a" / "x.mp4"), film(tmp_path / "two" / "A" / "x.mkv", first=99)
    report = run([tmp_path / "one", tmp_path / "two"], tmp_path / "out")
    assert len({row.file.casefold() for row in report.rows}) == 2
    assert all(re.fullmatch(r"[aA]/x-[0-9a-f]{8}\.h5", row.file) for row in report.rows)
    for path, row in zip((one, two), report.rows, strict=True):
        assert features.header(tmp_path / "out" / row.file)["source"] == path.name


def test_a_file_where_a_folder_must_be_fails_that_video_alone(tmp_path):
    for name in ("a/x.mp4", "b/x.mp4"):
        film(tmp_path / "films" / name)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("mine")
    report = run(tmp_path / "films", tmp_path / "out")
    assert (report.made, [row.file for row in report.failed]) == (1, ["a/x.h5"])
    assert "cannot make the folder" in report.failed[0].error
    assert (tmp_path / "out" / "a").read_text() == "mine"


def test_labels_and_groups_of_a_list_are_in_the_manifest_and_the_dataset(films, tmp_path):
    table = films / "list.csv"
    table.write_text("path;label;group\na.mp4;wave;anna\nb.mp4;jump;\nmissing.mp4;jump;bo\n", "utf-8-sig")
    report = run(features.read_list(table), tmp_path / "out")
    said = [(row.file, row.status, row.label, row.group) for row in report.rows]
    assert said == [
        ("a.h5", "done", "wave", "anna"),
        ("b.h5", "done", "jump", ""),
        ("missing.h5", "failed", "jump", "bo"),
    ]
    items = features.dataset(tmp_path / "out")
    assert (items.classes, items.labels, items.groups) == (("jump", "wave"), (1, 0), ("anna", ""))
    assert [row.label for row in run(films, tmp_path / "out").rows] == ["wave", "jump", ""]
    table.write_text("path,label\na.mp4,run\n")
    changed = run(features.read_list(table), tmp_path / "out")
    assert (changed.made, changed.rows[0].label, changed.rows[0].group) == (0, "run", "anna")


@pytest.mark.parametrize("format", ["npy", "safetensors"])
def test_each_format_is_made_once_and_again_when_it_is_damaged_or_another(format, films, tmp_path):
    out, suffix = tmp_path / "out", f".{format}"
    encoder = tiny()
    assert run(films, out, encoder, format=format).made == 3
    expected = features.extract(films / "b.mp4", encoder)
    assert torch.equal(features.load(out / f"b{suffix}").values, expected.values)
    before = stamps(out)
    assert run(films, out, encoder, format=format).made == 0
    assert stamps(out) == before
    spoil(out / f"b{suffix}")
    assert run(films, out, encoder, format=format).made == 1
    if format == "npy":
        for half in ("b.npy", "b.json"):
            (out / half).unlink()
            assert run(films, out, encoder, format=format).made == 1
    assert torch.equal(features.load(out / f"b{suffix}").values, expected.values)
    assert run(films, out, encoder, format=format, every=2).made == 3
    check_manifest(out)


def test_a_folder_has_one_format(films, tmp_path):
    (films / "bad.mp4").write_text("no video")
    run(films, tmp_path / "out")
    before = stamps(tmp_path / "out")
    with pytest.raises(features.FeaturesError, match=r"has a\.h5, and \.npy was asked for: choose another"):
        run(films, tmp_path / "out", format="npy")
    assert stamps(tmp_path / "out") == before
    film(films / "bad.mp4")  # of which there is nothing yet
    assert run(films / "bad.mp4", tmp_path / "out", format="npy").rows[0].file == "bad.npy"


@pytest.mark.parametrize("format", features.FORMATS)
def test_files_of_others_are_left_alone_in_each_format(format, films, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    file = out / f"a{features.FORMATS[format].suffix}"
    if format == "safetensors":
        save_file({"weight": torch.zeros(2)}, file)
    elif format == "npy":
        file = out / "a.json"
        file.write_text('{"subtitle": "mine"}')
    else:
        h5py.File(file, "w").create_dataset("clip", data=[1, 2, 3]).file.close()
    content = file.read_bytes()
    report = run(films, out, format=format)
    assert report.made == 2
    assert "move it away" in report.failed[0].error
    assert file.read_bytes() == content


def test_a_track_is_read_and_part_of_the_recipe(tmp_path):
    path = with_tracks(tmp_path / "tracks.mkv", [(48, 64), (96, 128)])
    encoder = tiny()
    first = run(path, tmp_path / "out", encoder, track=0)
    assert json.loads(first.rows[0].selection) == {"track": "0"}
    expected = encoder(video.read(path, track=0))
    torch.testing.assert_close(features.load(tmp_path / "out" / "tracks.h5").values, expected)
    assert [run(path, tmp_path / "out", encoder, track=track).made for track in (0, 1, 1, None)] == [
        0,
        1,
        0,
        1,
    ]
    assert "no video track 2" in run(path, tmp_path / "out", encoder, track=2).failed[0].error


# ---------------------------------------------------------------- what is bad


def test_a_video_that_cannot_be_read_fails_alone_before_and_after_it_was_done(films, tmp_path, monkeypatch):
    real = _files.sha256
    shutil.copy(films / "a.mp4", films / "b.mp4")  # of equal size and content

    def refused(path):
        if Path(path).name == "b.mp4":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    for readable, made in ((False, 2), (True, 1), (False, 0)):
        for module in (_batch, _extract):
            monkeypatch.setattr(module, "sha256", real if readable else refused)
        os.utime(films / "b.mp4", (0, 0 if readable else 9))  # another time: its checksum is asked for
        report = run(films, tmp_path / "out")
        assert (report.made, len(report.failed)) == (made, 0 if readable else 1)
    (row,) = report.failed
    assert (row.file, row.error.partition("b.mp4 ")[2]) == (
        "b.h5", "cannot be read: Permission denied; check that you may read it, and the disk",
    )  # fmt: skip


def test_bad_videos_are_reported_and_the_rest_is_done(films, tmp_path):
    names = ("missing", "empty", "text", "audio only, mp4")
    bad = [badfiles.REFUSED[name](tmp_path) for name in names]
    report = run([*bad[:2], films, *bad[2:]], tmp_path / "out")
    assert report.made == 3
    assert [Path(row.video).name for row in report.failed] == [path.name for path in bad]
    for row, reason in zip(report.failed, ("no such file", "empty", "not a video", "no video"), strict=True):
        assert reason in row.error
        assert "\n" not in row.error
    assert [row["status"] for row in manifest(tmp_path / "out")].count("failed") == 4
    assert len(stamps(tmp_path / "out")) == 4  # nothing is left of the bad ones
    film(bad[1])  # mended
    again = run([*bad, films], tmp_path / "out")
    assert (again.made, len(again.failed)) == (1, 3)


def test_odd_names_and_unknown_codecs_do_not_stop_the_others(films, tmp_path):
    unknown = tmp_path / "unknown.mp4"
    unknown.write_bytes((films / "a.mp4").read_bytes().replace(b"avc1", b"zzzz"))
    odd = ["a" * 300 + ".mp4", "https://example.org/a.mp4", unknown]
    report = run([*odd, films], tmp_path / "out")
    reasons = ("File name too long", "download it first", "codec ('zzzz')")
    for row, reason in zip(report.failed, reasons, strict=True):
        assert reason in row.error
    assert report.made == 3


@pytest.mark.skipif(os.name != "posix", reason="names are text there")
def test_a_name_that_is_not_utf_8_is_done_once(films, tmp_path):
    (films / "a.mp4").rename(films / os.fsdecode(b"\xe9.mp4"))
    assert [run(films, tmp_path / "out").made for _ in range(2)] == [3, 0]


def test_a_damaged_video_is_done_as_far_as_it_goes_and_said(tmp_path):
    path = badfiles.make_truncated(tmp_path)
    for made in (1, 0):  # the second run does nothing and still knows
        report = run(path, tmp_path / "out")
        assert (report.made, report.failed) == (made, [])
        (row,) = report.damaged
        assert row.rows == "12"
        assert "truncated.mp4" in row.error


def test_files_of_others_are_left_alone(films, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with h5py.File(out / "a.h5", "w") as hdf5:
        hdf5["clip"] = [1, 2, 3]
    data = (out / "a.h5").read_bytes()
    report = run(films, out)
    assert report.made == 2
    assert "move it away" in report.failed[0].error
    assert (out / "a.h5").read_bytes() == data


@pytest.mark.parametrize("decoders", [0, 1])
def test_a_video_with_the_name_of_its_features_is_left_alone(decoders, films, tmp_path):
    (films / "a.mp4").rename(films / "a.h5")
    content = (films / "a.h5").read_bytes()
    for _ in range(2):
        (row,) = run(films / "a.h5", films, decoders=decoders).failed
        assert "written over the video" in row.error
    assert (films / "a.h5").read_bytes() == content


def test_a_damaged_file_is_made_again_after_a_run_that_did_not_come_to_it(films, tmp_path):
    out = tmp_path / "out"
    run(films, out)
    spoil(out / "b.h5")
    (films / "b.mp4").rename(tmp_path / "b.mp4")
    assert len(run([films, films / "b.mp4"], out).failed) == 1
    (tmp_path / "b.mp4").rename(films / "b.mp4")
    assert run(films, out).made == 1
    check_manifest(out)


def test_a_manifest_of_another_kind_is_left_alone(films, tmp_path):
    (tmp_path / "manifest.csv").write_text("name,label\nx,1\n")
    with pytest.raises(features.FeaturesError, match="no manifest of coursekit"):
        run(films, tmp_path)
    assert (tmp_path / "manifest.csv").read_text() == "name,label\nx,1\n"
    assert not list(tmp_path.glob("*.h5"))


def test_a_manifest_cannot_lead_out_of_its_folder(films, tmp_path):
    path = run(films / "a.mp4", tmp_path / "out").manifest
    path.write_text(path.read_text().replace("a.h5", "../evil.h5"))
    with pytest.raises(features.FeaturesError, match=r"line 2, has '\.\./evil\.h5', which is no feature"):
        run(films / "a.mp4", tmp_path / "out")
    assert not (tmp_path / "evil.h5").exists()


WRONG_ROWS = {
    "a cell too many": (lambda text: text.replace("wave", "wave,x"), "line 2, has 14 cells instead of"),
    "a cell too few": (lambda text: text.replace(",wave", ""), "line 2, has 12 cells instead of 13"),
    "another status": (lambda text: text.replace(",done,", ",Done,"), "line 2, has the status 'Done'"),
    "twice": (lambda text: text + text.splitlines()[1] + "\n", "line 3, has '../films/a.mp4' again"),
    "a column twice": (lambda text: text.replace("label", "group"), "is no manifest of coursekit"),
}


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_a_row_that_cannot_be_read_stops_the_run_and_is_not_lost(name, films, tmp_path):
    listed = features.Listed(films / "a.mp4", "a", "wave", "anna")
    path = run([listed], tmp_path / "out").manifest
    change, said = WRONG_ROWS[name]
    path.write_text(change(path.read_text()))
    before = stamps(tmp_path / "out"), path.read_text()
    with pytest.raises(features.FeaturesError, match=rf"manifest\.csv.*{re.escape(said)}"):
        run(films, tmp_path / "out")
    assert (stamps(tmp_path / "out"), path.read_text()) == before


def test_an_empty_line_in_the_manifest_is_no_fault(films, tmp_path):
    path = run([features.Listed(films / "a.mp4", "a", "wave", "anna")], tmp_path / "out").manifest
    path.write_text(path.read_text() + "\n\n")
    report = run(films, tmp_path / "out")
    assert (report.made, report.rows[0].label, report.rows[0].group) == (2, "wave", "anna")


@pytest.mark.skipif(os.name != "posix", reason="names of files have no such letters there")
@pytest.mark.parametrize("name", ["a\rb", "a\nb", "a\r\nb", 'a"b', "a,b", "a\\b", "..", " a", "a\u2028b"])
def test_rows_of_films_with_odd_names_stay(name, films, tmp_path):
    (films / "a.mp4").rename(films / f"{name}.mp4")
    listed = features.Listed(films / f"{name}.mp4", "", "wave", "anna")
    assert run([listed], tmp_path / "out").made == 1
    for videos in (films / "b.mp4", films / f"{name}.mp4"):
        run(videos, tmp_path / "out")
        assert ("wave", "anna") in {(row["label"], row["group"]) for row in manifest(tmp_path / "out")}
    assert run(films / f"{name}.mp4", tmp_path / "out").made == 0


def test_an_empty_path_is_not_the_working_directory(films, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(films)
    assert cli.main(["features", "", "--out", str(tmp_path / "out")]) == 2
    assert "the path of a video is empty: name a file" in capsys.readouterr().err
    assert cli.main(["features", "a.mp4", "--out", ""]) == 2
    assert "the folder for the features has an empty name" in capsys.readouterr().err
    assert sorted(path.name for path in films.iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fps": 0}, "fps=0"),
        ({"every": 0}, "every=0"),
        ({"every": 2, "fps": 5}, "one of them"),
        ({"format": "h5"}, "format='h5' is unknown: choose one of hdf5, npy, safetensors"),
        ({"workers": 0}, "workers=0"),
        ({"workers": 2}, "give its name"),
        ({"workers": 2, "scheduler": "tcp://127.0.0.1:1"}, "one of them"),
        ({"device": "meta"}, "device='meta'"),
        ({"size": (9, 9)}, r"size=\(9, 9\) is not for features: the encoder resizes"),
        ({"selection": video.Selection(every=2), "fps": 5}, "a Selection or keywords, not both"),
    ],
)
def test_wrong_arguments(films, tmp_path, options, said):
    with pytest.raises(ValueError, match=said):
        run(films, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_nothing_to_do_is_an_error(tmp_path):
    for videos in ([], tmp_path):
        with pytest.raises(ValueError, match="no video"):
            run(videos, tmp_path / "out")


# ---------------------------------------------------------------- locks and left-overs


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


HOLD = "import sys; from pathlib import Path; from coursekit._shared import _lock\n" + (
    "with _lock.locked(Path(sys.argv[1])): print('held', flush=True); input()"
)


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_lock_holds_as_long_as_its_process_lives(films, tmp_path, end):
    out = tmp_path / "out"
    out.mkdir()
    command = [sys.executable, "-c", HOLD, str(out)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(features.LockedError, match=r"another run is writing to .*out: wait for it"):
            run(films, out)
        assert [path.name for path in out.iterdir()] == [_lock.LOCK]
        getattr(holder, end)()
        holder.wait()
        assert run(films, out).made == 3


def test_a_lock_keeps_out_other_runs_of_the_same_process(films, tmp_path):
    with _lock.locked(tmp_path), pytest.raises(features.LockedError):
        run(films, tmp_path)
    assert run(films, tmp_path).made == 3


def test_a_lock_lets_in_one_at_a_time(tmp_path):
    for _ in range(30):
        inside, most, start = [], [], threading.Barrier(6)

        def enter(inside=inside, most=most, start=start):
            start.wait()
            try:
                with _lock.locked(tmp_path):
                    inside.append(1)
                    most.append(len(inside))
                    time.sleep(0.005)
                    inside.pop()
            except features.LockedError:
                pass

        threads = [threading.Thread(target=enter) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert most
        assert max(most) == 1


def test_left_overs_of_the_dead_are_swept_and_those_of_the_living_stay(films, tmp_path, sleeper):
    out = tmp_path / "out"
    out.mkdir()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f".a.{ended.pid}.partial", f".manifest.{ended.pid}.partial.csv"]
    living, others = f".b.{sleeper.pid}.partial", [".notes", f"x.{ended.pid}.partial.h5"]
    for name in (*names, living, *others):
        (out / name).write_bytes(b"half")
    run(films, out)
    left = {path.name for path in out.iterdir()} - {"a.h5", "b.h5", "c.h5", "manifest.csv", _lock.LOCK}
    assert left == {living, *others}


def test_a_run_that_is_stopped_leaves_the_folder_in_order(films, tmp_path, monkeypatch, capsys):
    encoder, real = tiny(), _extract.extract_to
    monkeypatch.setattr(encoders, "load", lambda *_, **__: encoder)

    def stop_at_b(target, *rest, **options):
        if target.name == "b.h5":
            raise KeyboardInterrupt
        return real(target, *rest, **options)

    monkeypatch.setattr(_extract, "extract_to", stop_at_b)
    command = ["features", str(films), "--out", str(tmp_path / "out")]
    assert cli.main(command) == 130
    assert capsys.readouterr().err.strip().endswith("the same command goes on with the rest")
    assert sorted(stamps(tmp_path / "out")) == ["a.h5", "manifest.csv"]
    assert [row["status"] for row in manifest(tmp_path / "out")] == ["done", "waiting", "waiting"]
    monkeypatch.setattr(_extract, "extract_to", real)
    assert cli.main([*command, "--quiet"]) == 0
    assert capsys.readouterr().err == ""


# ---------------------------------------------------------------- the command


def test_exit_codes_and_lines(films, tmp_path, monkeypatch, capsys):
    encoder = tiny()
    monkeypatch.setattr(encoders, "load", lambda *_, **__: encoder)
    monkeypatch.chdir(tmp_path)
    bad = badfiles.make_text(films)
    command = ["features", "films", "--out", "out", "--fps", "30000/1001"]
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert f"failed   films/{bad.name}: films/{bad.name} is not a video" in said
    assert "3 made, 0 there already, 1 failed; see out/manifest.csv" in said
    assert manifest("out")[0]["selection"] == '{"fps": "30000/1001"}'
    bad.unlink()
    assert cli.main(command) == 0
    assert "0 made, 3 there already, 0 failed" in capsys.readouterr().err


def test_the_command_takes_a_list_and_a_format(films, tmp_path, monkeypatch, capsys):
    encoder = tiny()
    monkeypatch.setattr(encoders, "load", lambda *_, **__: encoder)
    (films / "list.csv").write_text("path;label\na.mp4;wave\nb.mp4;jump\n", encoding="utf-8-sig")
    out = tmp_path / "out"
    command = ["features", str(films / "c.mp4"), "--list", str(films / "list.csv"), "--out", str(out)]
    assert cli.main([*command, "--format", "npy", "--track", "0"]) == 0
    said = capsys.readouterr().err
    assert "about 18 frames of 3 videos, about " in said
    assert said.index("about 18") < said.index("3/3 videos")
    assert [(row["file"], row["label"]) for row in manifest(out)] == [
        ("c.npy", ""), ("a.npy", "wave"), ("b.npy", "jump"),
    ]  # fmt: skip
    assert cli.main(command) == 2
    assert "has c.npy, and .h5 was asked for" in capsys.readouterr().err
    assert cli.main(["features", "--out", str(out)]) == 2
    assert "no video was given: name files, folders, or a list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--encoder", "nonsense"], "encoder='nonsense' is unknown"),
        (["--device", "nonsense"], "no device that works here"),
        (["--every", "0"], "every=0"),
        (["--format", "h5"], "format='h5' is unknown"),
        (["--precision", "half"], "precision='half' is unknown"),
        (["--list", "none.txt"], "cannot read the list none.txt: No such file"),
        (["--fps", "-1"], "fps="),
        (["--workers", "0"], "workers=0"),
        (["--scheduler", "tcp://127.0.0.1:9"], "no dask scheduler answers at 'tcp://127.0.0.1:9'"),
    ],
)
def test_wrong_options_are_one_line(films, tmp_path, capsys, monkeypatch, options, said):
    real = encoders.load
    monkeypatch.setattr(encoders, "load", lambda name, **rest: real(name, **rest, weights="random"))
    connect = __import__("distributed").Client
    monkeypatch.setattr("distributed.Client", lambda *a, **b: connect(*a, **{**b, "timeout": "1s"}))
    assert cli.main(["features", str(films), "--out", str(tmp_path / "out"), *options, "--quiet"]) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert error.startswith("coursekit features: error: ")
    assert "\n" not in error


@pytest.mark.parametrize("rest", [["--fps", "5", "--every", "2"], ["--fps", "1/0"], ["--fps", "x"], []])
def test_options_that_argparse_refuses(films, tmp_path, rest, capsys):
    out = ["--out", str(tmp_path / "out")] if rest else []
    with pytest.raises(SystemExit) as exit_:
        cli.main(["features", str(films), *out, *rest])
    assert exit_.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


# ---------------------------------------------------------------- kills


@pytest.fixture(scope="module")
def long_films(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    for number, name in enumerate("abc"):
        film(folder / f"{name}.mp4", first=60 * number, frames=60, size=96)
    return folder


@pytest.fixture(scope="module")
def unbroken(long_films, tmp_path_factory) -> dict[str, features.Features]:
    out = tmp_path_factory.mktemp("unbroken")
    features.extract_all(long_films, out, progress=False)
    return {path.name: features.load(path) for path in out.glob("*.h5")}


def check_equal(out: Path, unbroken: dict[str, features.Features]) -> None:
    assert {path.name for path in out.glob("*.h5")} == set(unbroken)
    for name, expected in unbroken.items():
        found = features.load(out / name)
        torch.testing.assert_close(found.values, expected.values, atol=1e-4, rtol=1e-4)
        assert torch.equal(found.times, expected.times)
        assert torch.equal(found.frames, expected.frames)


def check_sound(out: Path) -> None:
    for path in out.glob("*.h5"):
        features.load(path)
    if (out / "manifest.csv").exists():
        check_manifest(out)
        assert len(manifest(out)) == 3


def wait_for(seen, process: BaseProcess) -> None:
    end = time.monotonic() + 120
    while not seen():
        assert process.is_alive(), "it was done before the moment came"
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture(scope="module")
def forking() -> Iterator[None]:
    """Processes of `forks`, and dask's workers, begin with the packages loaded."""
    forks.serve()
    with dask.config.set({"distributed.worker.multiprocessing-method": forks.METHOD}):
        yield


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on(forking, long_films, unbroken, tmp_path):
    out = tmp_path / "out"
    moments = {
        "with the lock": lambda: (out / _lock.LOCK).exists(),
        "within the first file": lambda: list(out.glob(".a.*.partial")),
        "when the first file is there": lambda: (out / "a.h5").exists(),
        "within the last file": lambda: any(p.stat().st_size > 0 for p in out.glob(".c.*.partial")),
    }
    command = ["features", str(long_films), "--out", str(out), "--quiet"]
    kept: dict[str, int] = {}
    for seen in moments.values():
        process = forks.start(command)
        try:
            wait_for(seen, process)
        finally:
            process.kill()
            process.join()
        check_sound(out)
        files = {name: stamp for name, stamp in stamps(out).items() if name.endswith(".h5")}
        assert kept.items() <= files.items()
        kept = files
    assert list(out.glob(".*.partial"))
    assert (out / _lock.LOCK).exists()
    process = forks.start(command)
    process.join()
    assert process.exitcode == 0
    check_equal(out, unbroken)
    check_manifest(out)
    assert sorted(stamps(out)) == ["a.h5", "b.h5", "c.h5", "manifest.csv"]
    assert kept.items() <= stamps(out).items()  # what was there was not made again


# ---------------------------------------------------------------- dask


def kill_workers(out: Path, name: str, times: int, killed: list[int], over: threading.Event) -> None:
    """Kill whoever is writing `name`; the number of the process is in the partial file's name."""
    while not over.is_set() and len(killed) < times:
        for path in out.glob(f".{name}.*.partial"):
            pid = int(path.name.split(".")[-2])
            if pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
        time.sleep(0.002)


def while_killing(out: Path, name: str, times: int, **options) -> tuple[features.Report, list[int]]:
    killed: list[int] = []
    over = threading.Event()
    killer = threading.Thread(target=kill_workers, args=(out, name, times, killed, over))
    killer.start()
    try:
        report = features.extract_all(out.parent / "films", out, progress=False, **options)
    finally:
        over.set()
        killer.join()
    return report, killed


@pytest.fixture
def beside(forking, long_films, tmp_path) -> Path:
    (tmp_path / "films").symlink_to(long_films)
    return tmp_path / "out"


@pytest.mark.slow
def test_workers_of_our_own_one_of_which_dies(beside, unbroken):
    report, killed = while_killing(beside, "b", 1, workers=2)
    assert len(killed) == 1
    assert (report.made, report.failed) == (3, [])
    check_equal(beside, unbroken)
    check_manifest(beside)
    assert features.extract_all(beside.parent / "films", beside, progress=False, workers=2).made == 0


@pytest.mark.slow
def test_a_scheduler_by_address_and_a_video_that_kills(beside, unbroken):
    import distributed

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        address = cluster.scheduler_address
        report, killed = while_killing(beside, "b", 99, scheduler=address)
        assert len(killed) == 2  # once, and once more alone
        (row,) = report.failed
        assert (row.file, report.made) == ("b.h5", 2)
        assert "died" in row.error
    # "c" waited on the worker that died with "b", and is not to be blamed for it.
    check_equal(beside, {name: unbroken[name] for name in ("a.h5", "c.h5")})
    check_manifest(beside)


def test_without_dask(films, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    real = encoders.load
    monkeypatch.setattr(encoders, "load", lambda name, **rest: real(name, **rest, weights="random"))
    with pytest.raises(features.ClusterError, match=r'pip install "coursekit\[cluster\]"'):
        features.extract_all(films, tmp_path / "out", progress=False, workers=1)


@pytest.mark.slow
def test_distributed_is_imported_only_when_asked_for():
    code = "import sys; from coursekit import cli, features; assert 'distributed' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_gpu_a_worker(monkeypatch):
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    assert _workers._device(None, 1) is None or torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [_workers._device(None, name) for name in (0, 1, 2)] == ["cuda:0", "cuda:1", "cuda:0"]
    assert _workers._device("cuda", "tcp://10.0.0.1:1") == "cuda"
    assert _workers._device("cpu", 1) == "cpu"
    assert _workers._device("cuda:1", 0) == "cuda:1"
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert _workers._device(None, 1) is None


def test_a_worker_with_other_weights_is_found_out(films, tmp_path, monkeypatch):
    encoder, others = tiny(), tiny(seed=7)

    def other(jobs, encoder, selection, **_):
        for number, job in enumerate(jobs):
            yield number, _job.attempt(job, others, selection)

    monkeypatch.setattr(_batch, "results", other)
    monkeypatch.setattr(encoders, "load", lambda *_, **__: encoder)
    report = features.extract_all(films, tmp_path / "out", "any", progress=False, workers=1)
    assert len(report.failed) == 3
    assert "other weights" in report.failed[0].error


def test_rows_of_the_manifest_are_lines(tmp_path):
    rows = [
        _manifest.Row('a "b", c\nd.mp4', "x.h5", "failed", error="one\ntwo"),
        _manifest.Row("a\rb.mp4", "a\rb.h5", label="wave", group="\r"),
        _manifest.Row("ü.mp4", "ü.h5"),
    ]
    _manifest.Manifest(tmp_path).put(rows)
    assert list(_manifest.Manifest(tmp_path).rows.values()) == rows
