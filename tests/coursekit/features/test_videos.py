"""Which videos are meant: folders with their subfolders, and lists as people and Excel write them."""

import errno
import os
from pathlib import Path

import pytest

from coursekit import features
from coursekit.features import _videos


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def places(listed: list[features.Listed]) -> list[str]:
    return [video.place for video in listed]


def test_a_folder_gives_the_videos_of_its_subfolders_with_their_places(tmp_path):
    touch(tmp_path / "v1.5" / "b 2.tar.mp4", tmp_path / "a.mp4", tmp_path / "v1.5" / "deep" / "c.mkv")
    touch(tmp_path / "v1.5" / "note.txt", tmp_path / ".hidden" / "d.mp4")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert places(_videos.find([tmp_path])) == ["a", "v1.5/b 2.tar", "v1.5/deep/c"]
    assert places(_videos.find([tmp_path / "v1.5" / "deep" / "c.mkv", tmp_path / "gone.x.mp4"])) == [
        "c",
        "gone.x",
    ]


def test_a_folder_that_cannot_be_read_is_an_error_that_names_it(tmp_path, monkeypatch):
    touch(tmp_path / "a.mp4", tmp_path / "shut" / "b.mp4")
    real = Path.iterdir

    def refused(path):
        if path.name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    with pytest.raises(ValueError, match=r"cannot read the folder .*shut \(Permission denied\)"):
        _videos.find([tmp_path])


PATHS = ["waving/anna 01.mp4", "waving/jürgen.mp4"]
TABLE = "Path{0} label{0}comment{0}group\n" + "".join(
    f"{path}{{0}}wave{{0}}{{0}}{path[7:9]}\n" for path in PATHS
)
TABLES = {
    "commas": TABLE.format(",").encode(),
    "semicolons and a mark, as Excel's CSV UTF-8": TABLE.format(";").encode("utf-8-sig"),
    "Windows-1252 and its line ends, as Excel's CSV": TABLE.format(";")
    .replace("\n", "\r\n")
    .encode("cp1252"),
    "UTF-16 and tabs, as Excel's Unicode text": TABLE.format("\t").encode("utf-16"),
    "Excel's note, quotes, empty rows below": (
        "sep=;\r\n"
        + TABLE.format(";").replace("Path", '"path"').replace("wave", '"wave"')
        + ";;;\r\n;\r\n\r\n"
    ).encode(),
    "empty cells at the ends, other columns twice": (
        TABLE.format(",").replace("\n", ",,\n").replace("group,,", "group,comment,")
    ).encode(),
    "old line ends": TABLE.format(",").replace("\n", "\r").encode(),
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_tables_as_they_are_written_give_paths_labels_and_groups(content, tmp_path):
    (tmp_path / "list.csv").write_bytes(content)
    assert features.read_list(tmp_path / "list.csv") == [
        features.Listed(tmp_path / path, path[:-4], "wave", path[7:9]) for path in PATHS
    ]


def test_a_text_has_one_path_a_line(tmp_path):
    (tmp_path / "list.txt").write_text("\n  waving/anna 01.mp4\r\n\n waving/jürgen.mp4", encoding="utf-8-sig")
    listed = features.read_list(tmp_path / "list.txt")
    assert [video.path for video in listed] == [tmp_path / path for path in PATHS]
    assert places(listed) == ["waving/anna 01", "waving/jürgen"]
    assert {(video.label, video.group) for video in listed} == {(None, None)}


@pytest.mark.skipif(os.name != "posix", reason="names are text there")
def test_a_text_may_have_names_that_are_not_utf_8(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xe9.mp4\n")
    assert os.fsencode(features.read_list(tmp_path / "list.txt")[0].path.name) == b"\xe9.mp4"


def test_paths_are_seen_from_the_list_and_places_stay_below_it(tmp_path, monkeypatch):
    touch(tmp_path / "lists" / "v1.5" / "x.mp4")
    lines = ["v1.5", "a/../b/x.mp4", str(tmp_path / "lists" / "c" / "y.mp4"), "../z.mp4", "/far/w.mp4"]
    (tmp_path / "lists" / "list.txt").write_text("\n".join(lines))
    monkeypatch.chdir(tmp_path)
    listed = _videos.find(features.read_list("lists/list.txt"))
    assert places(listed) == ["v1.5/x", "b/x", "c/y", "z", "w"]
    assert [os.path.relpath(video.path) for video in listed[:4]] == [
        "lists/v1.5/x.mp4", "lists/b/x.mp4", "lists/c/y.mp4", "z.mp4",
    ]  # fmt: skip
    monkeypatch.chdir("lists")
    assert places(_videos.find(features.read_list("list.txt"))) == ["v1.5/x", "b/x", "c/y", "z", "w"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"file,label\nx.mp4,wave\n", r"no column 'path': its first line is \['file,label'\]"),
        ("a.csv", b"path,label\nx.mp4,wave\n,jump\n", r"line 3, has no path"),
        ("a.csv", b"path,label\nx.mp4,wave\n./x.mp4,jump\n", r"x\.mp4 twice, with label 'wave' and 'jump'"),
        pytest.param(
            "a.csv",
            b'path,label\n"x.mp4,wave\n' + b"y.mp4,wave\n" * 20_000,
            "no table in CSV .*quotation mark",
            id="a quotation mark too many",
        ),
        (
            "a.csv",
            b"path,label,group\n\nwave/anna.mp4,run, fast,anna\n",
            r"a\.csv, line 3, has 4 cells for 3 columns: put a text with ',' in quotation marks",
        ),
        ("a.csv", b"path;label\nx.mp4;wave;;x\n", r"line 2, has 4 cells for 2 columns: put a text with ';'"),
        ("a.csv", b"path,label\n,,x\n", "line 2, has 3 cells for 2 columns"),
        ("a.csv", b"path,label,Label \nx.mp4,wave,jump\n", r"line 1, has 2 columns 'label': rename"),
        ("a.csv", b"path,path\nx.mp4,y.mp4\n", "2 columns 'path'"),
        ("a.csv", b"group,path,group\na,x.mp4,b\n", "2 columns 'group'"),
        ("a.csv", b"path,label\n", "lists no video"),
        ("a.txt", b"\n \n", "lists no video"),
        ("a.xlsx", b"PK\x03\x04\0\0\0", "is not a text. In Excel, save the table as CSV"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(name, content, said, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        features.read_list(tmp_path / name)


def test_a_list_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(features.FeaturesError, match=r"cannot read the list .*none\.txt: No such file"):
        features.read_list(tmp_path / "none.txt")
