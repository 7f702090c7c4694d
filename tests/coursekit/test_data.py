"""The clips are whole, described truly, and found in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from coursekit import data


def test_the_four_clips_are_found_and_whole() -> None:
    assert data.CLIPS == ("bigbuckbunny", "bikes", "carphone_pristine", "carphone_distorted")
    for name in data.CLIPS:
        assert data.verify(name) == data.clip(name)


@pytest.mark.parametrize("name", data.CLIPS)
def test_manifest_says_what_is_in_the_file(name: str) -> None:
    entry = data.MANIFEST[name]
    with av.open(str(data.clip(name))) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (entry.width, entry.height)
        assert stream.average_rate == entry.fps
        assert sum(1 for _ in container.decode(stream)) == entry.frames


def test_nothing_lies_in_the_folder_undescribed() -> None:
    found = {path.relative_to(data.FOLDER).as_posix() for path in data.FOLDER.rglob("*") if path.is_file()}
    described = {entry.file for entry in (*data.MANIFEST.values(), *data.FILES.values())}
    assert found == described | {"README.md", "clips.json", "files.json"}


def test_other_files_are_found_and_whole(copied_folder: Path) -> None:
    for name, entry in data.FILES.items():
        path = copied_folder / entry.file
        assert data.verify(name) == data.file(name) == path
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(data.DataError, match=rf"file '{name}': the content of .* has changed"):
            data.verify(name)
        path.write_bytes(content[:1000])
        with pytest.raises(
            data.DataError, match=rf"file '{name}': .* has 1000 bytes instead of {entry.bytes}"
        ):
            data.file(name)
        path.unlink()
        with pytest.raises(data.DataError, match=rf"file '{name}': .* is missing\. To repair it"):
            data.file(name)
    with pytest.raises(data.DataError, match=r"name='bikes' is not a file .* order_features"):
        data.file("bikes")


@pytest.mark.parametrize("content", ["", "[]", '{"x": {"file": "x"}}', '{"x": 3}'])
def test_damaged_list_of_files_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "files.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(data.DataError, match=r"files\.json cannot be read .* To repair it"):
        data._read_files(path)


def test_unknown_name_lists_the_names() -> None:
    with pytest.raises(data.DataError, match=r"name='bike' .* bigbuckbunny, bikes, carphone_pristine"):
        data.clip("bike")


def test_missing_file_names_the_file_and_the_repair(copied_folder: Path) -> None:
    (copied_folder / "clips" / "bikes.mp4").unlink()
    with pytest.raises(data.DataError, match=r"bikes\.mp4 is missing\. To repair it: git checkout -- data"):
        data.clip("bikes")


def test_file_cut_short_is_noticed_at_once(copied_folder: Path) -> None:
    path = copied_folder / "clips" / "bikes.mp4"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(data.DataError, match=r"bikes\.mp4 has 1000 bytes instead of 509868\. To repair it"):
        data.clip("bikes")


def test_one_changed_byte_is_noticed_by_verify(copied_folder: Path) -> None:
    path = copied_folder / "clips" / "bikes.mp4"
    content = bytearray(path.read_bytes())
    content[250_000] ^= 1
    path.write_bytes(content)
    assert data.clip("bikes") == path
    with pytest.raises(data.DataError, match=r"bikes\.mp4 has changed \(SHA-256 differs\)\. To repair it"):
        data.verify("bikes")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"bikes": {"file": "x"}}', '{"bikes": {"fps": "25", "colour": 1}}']
)
def test_damaged_manifest_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "clips.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(data.DataError, match=r"clips\.json cannot be read .* To repair it"):
        data._read_manifest(path)
