"""Opening: every name is a path, one file is opened and no other, and each error names the true reason."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from support import badfiles, fuzz
from support.tracks import with_tracks

from coursekit import video
from coursekit.video import _open
from coursekit.video._source import Source

# ------------------------------------------------------------------------------------ names are paths


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    return badfiles.make_plain(tmp_path_factory.mktemp("film"))


NAMES = [
    "12:30.mp4", "file:a.mp4", "concat:a.mp4", "data:,a.mp4", "pipe:0", "-", "-i.mp4", "fd:", "lavfi",
    "%03d.mp4", "100%.mp4", "a*b?.mp4", "[1]{2}.mp4", " a b .mp4", "a\nb.mp4", "a'b\"c.mp4", "été.mp4",
    "a|b.mp4", "a#b?c=d.mp4",
]  # fmt: skip
if os.name == "posix":
    NAMES.append(os.fsdecode(b"latin-\xe9.mp4"))


@pytest.mark.skipif(os.name != "posix", reason="Windows forbids most of these names")
@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_every_name_is_the_path_of_a_file(name, film, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(film, name)
    assert video.probe(name).frames == 20
    assert [badfiles.number(image) for image in video.frames(name, frames=(7, 9))] == [7, 8]


def test_a_long_path_is_read(film, tmp_path):
    folder = tmp_path.joinpath(*["f" * 200] * 4)
    folder.mkdir(parents=True)
    path = shutil.copy(film, folder / ("a" * 200 + ".mp4"))
    assert video.probe(path).frames == 20


def test_a_name_with_a_pattern_is_one_image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, colour in (("001.png", "black"), ("002.png", "black"), ("%03d.png", "white")):
        Image.new("RGB", (64, 48), colour).save(name)
    clip = video.read("%03d.png")
    assert clip.shape == (1, 3, 48, 64)
    assert clip.min() == 255


@pytest.mark.parametrize("name", ["a" * 300 + ".mp4", "/".join(["b" * 200] * 30)])
def test_a_name_that_is_too_long_is_a_video_error(name):
    with pytest.raises(video.VideoError, match="cannot be opened: File name too long"):
        video.probe(name)


@pytest.mark.parametrize(
    "address", ["https://example.org/a.mp4", "HTTP://example.org/a", "s3://bucket/a.mp4"]
)
@pytest.mark.parametrize("ask", [video.probe, video.read, video.frames, video.stream, video.times])
def test_an_address_must_be_downloaded_first(ask, address):
    with pytest.raises(video.VideoError, match="is an address, expected a file: download it first") as error:
        ask(address)
    assert address in str(error.value)


def test_a_file_address_is_to_be_given_as_a_path(film):
    with pytest.raises(video.VideoError, match="give the path alone, without file:"):
        video.probe(film.as_uri())


# ------------------------------------------------------------------------------------ one file, and no other

PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile {other}\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>\n',
}


@pytest.mark.parametrize("suffix", [".m3u8", ".mp4", ".txt"])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_no_other_file(kind, suffix, film, tmp_path):
    other = shutil.copy(film, tmp_path / "other.ts")
    path = tmp_path / f"list{suffix}"
    path.write_text(PLAYLISTS[kind].format(other=other.name))
    with pytest.raises(video.VideoError, match="is a playlist: it names other files"):
        video.probe(path)


@pytest.mark.parametrize("kind", ["hls", "concat"])
def test_a_playlist_reaches_no_network(kind, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        path = tmp_path / "list.m3u8"
        path.write_text(PLAYLISTS[kind].format(other=address))
        with pytest.raises(video.VideoError, match="playlist"):
            video.probe(path)
        with pytest.raises(TimeoutError):
            server.accept()


def test_text_is_no_video(tmp_path):
    (tmp_path / "notes.txt").write_text("0123456789\n" * 1000)  # FFmpeg would draw it
    with pytest.raises(video.VideoError, match="not a video"):
        video.probe(tmp_path / "notes.txt")


# ------------------------------------------------------------------------------------ what PyAV raises

RAISED = [
    OSError(1, "not permitted"),
    av.error.PermissionError(1, "not permitted"),
    UnicodeDecodeError("utf-8", b"a", 0, 1, "invalid"),
    *(kind("words") for kind in (AttributeError, ValueError, OverflowError, IndexError, RuntimeError)),
    *(kind() for kind in (ZeroDivisionError, MemoryError, AssertionError, TypeError)),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_what_pyav_raises_is_a_video_error_with_the_path_and_the_reason(error):
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    with pytest.raises(video.VideoError) as caught, _open.as_video_error(Path("film.mp4")):
        raise error
    assert "film.mp4" in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), video.VideoError("clear"), UserWarning("as an error")]
)
def test_an_interrupt_and_a_clear_message_pass(error):
    with pytest.raises(type(error)) as caught, _open.as_video_error(Path("film.mp4")):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".flv"])
def test_a_title_that_is_not_utf_8_does_not_matter(suffix, tmp_path):
    path = tmp_path / f"titled{suffix}"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "Die Schoenheit"
        stream = container.add_stream("mpeg4" if suffix == ".avi" else "libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8))))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    assert b"Schoenheit" in data
    path.write_bytes(data.replace(b"Schoenheit", b"Sch\xf6\xf6nheit"))
    assert video.read(path).shape == (3, 3, 48, 64)


# ------------------------------------------------------------------------------------ the true reason


def replaced(film: Path, target: Path, code: bytes) -> Path:
    """The film with another name of its codec."""
    data = film.read_bytes()
    assert b"avc1" in data
    target.write_bytes(data.replace(b"avc1", code))
    return target


QUESTIONS = [video.probe, video.read, video.times, lambda path: list(video.stream(path))]


@pytest.mark.parametrize("ask", QUESTIONS)
def test_a_codec_that_ffmpeg_does_not_know_is_a_video_error(ask, film, tmp_path):
    path = replaced(film, tmp_path / "odd.mp4", b"zzzz")
    with pytest.raises(video.VideoError, match=r"odd.mp4 has a video stream in a codec \('zzzz'\) that"):
        ask(path)


def test_an_index_with_sizes_beyond_all_files_is_a_video_error(film, tmp_path):
    path = replaced(film, tmp_path / "odd.mp4", b"zzzz")
    with path.open("ab") as file:
        file.write(b"\0\0\0\1free" + b"\xff" * 8 + b"\0\0\0\0")
    with pytest.raises(video.VideoError, match="zzzz"):
        video.probe(path)


def test_an_encrypted_codec_is_named_as_such(film, tmp_path):
    path = replaced(film, tmp_path / "odd.mp4", b"encv")
    with pytest.raises(video.VideoError, match="is encrypted"):
        video.probe(path)


@pytest.fixture
def encrypted(film, tmp_path) -> Path:
    """A film encrypted as streaming services do it (CENC), without the key."""
    path = tmp_path / "protected.mp4"
    key = dict.fromkeys(("encryption_key", "encryption_kid"), "00112233445566778899aabbccddeeff")
    copy_packets(film, path, encryption_scheme="cenc-aes-ctr", **key)
    return path


def copy_packets(source: Path, target: Path, **options: str) -> None:
    with av.open(str(source)) as old, av.open(str(target), "w", options=options) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                new.mux(packet)


@pytest.mark.parametrize("ask", QUESTIONS)
def test_an_encrypted_film_is_named_as_such(ask, encrypted):
    with pytest.raises(video.VideoError, match=r"protected\.mp4 is encrypted"):
        ask(encrypted)


def ebml(ident: str, body: bytes) -> bytes:
    """An element of a Matroska file."""
    return bytes.fromhex(ident) + (len(body) | 1 << 56).to_bytes(8, "big") + body


def test_an_encrypted_webm_is_named_as_such(tmp_path):
    data = fuzz.make(tmp_path, ".webm", "libvpx", "yuv420p").read_bytes()
    encryption = ebml(
        "5035", ebml("47E1", b"\5") + ebml("47E2", b"0123456789abcdef")
    )  # AES, and a key's name
    encodings = ebml("6D80", ebml("6240", ebml("5033", b"\1") + encryption))
    tracks = data.index(bytes.fromhex("1654AE6B"), data.index(bytes.fromhex("1549A966")))  # after the info
    track = data.index(b"\xae\1", tracks) + 9  # behind the kind and the eight bytes of the size
    end = track + data[track - 1]
    changed = ebml("1654AE6B", ebml("AE", data[track:end] + encodings))
    segment = data.index(bytes.fromhex("18538067")) + 4
    unknown_size = b"\1" + b"\xff" * 7
    path = tmp_path / "protected.webm"
    path.write_bytes(data[:segment] + unknown_size + data[segment + 8 : tracks] + changed + data[end:])
    with pytest.raises(video.VideoError, match=r"protected\.webm is encrypted"):
        video.probe(path)


def segments(film: Path, folder: Path) -> tuple[Path, Path]:
    """A film in pieces, as it is streamed: the first segment without frames, and one with frames only."""
    whole = folder / "fragments.mp4"
    copy_packets(film, whole, movflags="frag_keyframe+empty_moov+default_base_moof")
    data = whole.read_bytes()
    cut = data.index(b"moof") - 4
    first, second = folder / "init.mp4", folder / "1.m4s"
    first.write_bytes(data[:cut])
    second.write_bytes(data[cut:])
    return first, second


def test_the_first_segment_of_a_streamed_film_is_named_as_such(film, tmp_path):
    first, second = segments(film, tmp_path)
    with pytest.raises(video.VideoError, match="an init segment"):
        video.read(first)
    joined = tmp_path / "joined.mp4"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    assert video.probe(joined).frames == 20


def test_a_later_segment_of_a_streamed_film_is_named_as_such(film, tmp_path):
    with pytest.raises(video.VideoError, match="one segment of a streamed MP4"):
        video.probe(segments(film, tmp_path)[1])


def test_an_animated_webp_is_named_as_such(tmp_path):
    images = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue")]
    images[0].save(tmp_path / "moving.webp", save_all=True, append_images=images[1:], duration=100)
    with pytest.raises(video.VideoError, match="is an animated WebP"):
        video.read(tmp_path / "moving.webp")
    images[0].save(tmp_path / "still.webp")
    assert video.read(tmp_path / "still.webp").shape == (1, 3, 48, 64)


# ------------------------------------------------------------------------------------ several tracks


def chosen(path: Path, track: int | None = None) -> int:
    container, stream = _open.open_video(path, track)
    with container:
        return _open.tracks(container).index(stream)


TRACKS = {
    "the largest": (".mkv", [(48, 64), (96, 128), (32, 32)], None, 1),
    "the default": (".mkv", [(48, 64), (96, 128), (32, 32)], 2, 2),
    "the first of equal ones": (".mkv", [(48, 64), (48, 64)], None, 0),
    "the first that mp4 takes for the default": (".mp4", [(48, 64), (96, 128)], None, 0),
    "the largest without a default": (".ts", [(48, 64), (96, 128)], None, 1),
    "one that is 5 million pixels larger than the default": (".mkv", [(48, 64), (2048, 2560)], 0, 1),
}


@pytest.mark.parametrize(("suffix", "sizes", "default", "expected"), TRACKS.values(), ids=list(TRACKS))
def test_of_several_tracks_the_one_is_read_that_ffmpeg_reads(suffix, sizes, default, expected, tmp_path):
    path = with_tracks(tmp_path / f"tracks{suffix}", sizes, default)
    assert chosen(path) == expected
    assert video.read(path).shape[2:] == sizes[expected]
    if shutil.which("ffmpeg"):
        still = tmp_path / "still.png"
        subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", still], check=True)
        assert Image.open(still).size[::-1] == sizes[expected]


def test_a_track_can_be_chosen_by_its_number(tmp_path):
    path = with_tracks(tmp_path / "tracks.mkv", [(48, 64), (96, 128)])
    assert [chosen(path, track) for track in (0, 1)] == [0, 1]


@pytest.mark.parametrize("track", [2, -1])
def test_a_track_that_is_not_there_is_an_error_that_lists_the_others(track, tmp_path):
    path = with_tracks(tmp_path / "tracks.mkv", [(48, 64), (96, 128)], default=1)
    listed = f"no video track {track}, it has track 0: h264, 64 x 48; track 1: h264, 128 x 96, default"
    with pytest.raises(video.VideoError, match=listed):
        _open.open_video(path, track)


@pytest.mark.parametrize("track", ["0", 0.0, True])
def test_a_track_that_is_no_whole_number_is_an_error_that_says_what_to_give(track, tmp_path):
    path = with_tracks(tmp_path / "tracks.mkv", [(48, 64), (96, 128)])
    with pytest.raises(TypeError, match=rf"track={track!r} must be the number of a video track \(0, 1, 2"):
        video.read(path, track=track)
    assert chosen(path, np.int64(1)) == 1


def test_a_track_that_cannot_be_decoded_comes_last(tmp_path):
    path = with_tracks(tmp_path / "tracks.mp4", [(96, 128), (48, 64)])
    data = path.read_bytes()
    at = data.index(b"avc1", data.index(b"stsd"))
    path.write_bytes(data[:at] + b"zzzz" + data[at + 4 :])
    assert chosen(path) == 1
    with pytest.raises(video.VideoError, match="'zzzz'"):
        _open.open_video(path, 0)


def test_a_still_image_comes_after_moving_pictures(tmp_path):
    images = [Image.new("RGB", (64, 48), colour) for colour in ("red", "green", "blue")]
    path = tmp_path / "moving.avif"  # holds its first frame as a still image too
    images[0].save(path, save_all=True, append_images=images[1:], duration=100)
    assert video.read(path).shape == (3, 3, 48, 64)


def test_a_cover_picture_is_no_track(tmp_path):
    container, _ = _open.open_video(badfiles.make_cover(tmp_path))
    with container:
        assert len(container.streams.video) == 2
        assert len(_open.tracks(container)) == 1


def grey(clip) -> set[int]:
    return {round(image.float().mean().item() / 50) for image in clip}


def test_every_question_takes_a_track_and_the_reader_says_which_it_took(tmp_path):
    path = with_tracks(tmp_path / "tracks.mkv", [(48, 64), (96, 128)])
    for track, size in ((None, (96, 128)), (0, (48, 64)), (1, (96, 128))):
        info = video.probe(path, track=track)
        assert (info.track, info.tracks, info.height, info.width) == (
            track if track is not None else 1,
            2,
            *size,
        )
        number = info.track + 1
        assert video.read(path, track=track).shape == (3, 3, *size)
        assert grey(video.read(path, track=track)) == {number}
        assert grey(video.frames(path, track=track)) == {number}
        assert grey(frame.image for frame in video.stream(path, track=track)) == {number}
        assert len(video.times(path, track=track)) == 3
        assert grey(video.read(path, frames=(2, 3), track=track)) == {number}
    for ask in (video.probe, video.read, video.times, lambda *_, **track: next(video.frames(path, **track))):
        with pytest.raises(video.VideoError, match="no video track 2"):
            ask(path, track=2)


def test_a_track_stays_the_same_when_the_file_is_opened_anew(tmp_path):
    path = with_tracks(
        tmp_path / "tracks.ts", [(48, 64), (96, 128)]
    )  # no place of it can be entered directly
    with Source(path, 0) as source:
        for _ in range(2):
            assert grey(source.read(video.Selection())) == {1}


def test_a_file_with_one_track_says_so(film):
    assert (video.probe(film).track, video.probe(film).tracks) == (0, 1)
