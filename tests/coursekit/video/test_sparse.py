"""Sparse reading gives the pictures of the whole, whatever the codec; where it cannot, it says so."""

import random
from fractions import Fraction
from itertools import islice

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.video import Selection, _sparse
from coursekit.video._source import Source
from coursekit.video._sparse import Entries, Step

COUNT = 60
PIXELS = {"mjpeg": "yuvj420p", "huffyuv": "yuv422p", "png": "rgb24", "prores_ks": "yuv422p10le"}
X265 = "log-level=error:pools=1"
FILMS = {
    "h264.mp4": ("libx264", {"bf": "3"}),
    "h264_no_b.mp4": ("libx264", {"bf": "0"}),
    "h264_deep.mkv": ("libx264", {"x264-params": "bframes=8:b-pyramid=normal:b-adapt=0:ref=4"}),
    "h264_open.ts": ("libx264", {"x264-params": "open-gop=1:bframes=3:b-adapt=0"}),
    "h264_open.mkv": ("libx264", {"x264-params": "open-gop=1:bframes=3:b-adapt=0"}),
    "h264_interlaced.mp4": ("libx264", {"x264-params": "tff=1:bframes=3"}),
    "hevc.mp4": ("libx265", {"x265-params": f"{X265}:bframes=4:b-adapt=0:open-gop=1"}),
    "hevc.ts": ("libx265", {"x265-params": f"{X265}:bframes=4:b-adapt=0:open-gop=1"}),
    "mpeg4.mp4": ("mpeg4", {"bf": "2"}),
    "mpeg4_qpel.mkv": ("mpeg4", {"bf": "4", "flags": "+qpel+mv4"}),
    "mpeg2.ts": ("mpeg2video", {"bf": "2"}),
    "mpeg2.mpg": ("mpeg2video", {"bf": "4", "sc_threshold": "1000000000"}),
    "mpeg1.mpg": ("mpeg1video", {"bf": "2"}),
    "vp8.webm": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "0"}),
    "vp9.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
    "av1.mp4": ("libsvtav1", {"preset": "12", "svtav1-params": "keyint=13"}),
    "mjpeg.avi": ("mjpeg", {}),
    "ffv1.mkv": ("ffv1", {"level": "3"}),
    "huffyuv.avi": ("huffyuv", {}),
    "png.mov": ("png", {}),
    "prores.mov": ("prores_ks", {}),
}


def film(path, codec, options):
    """60 pictures of 96 x 64: noise that moves, other noise from picture 30 on."""
    noise = np.random.default_rng(0).integers(0, 255, (2, 16, 24, 3), np.uint8).repeat(4, 1).repeat(4, 2)
    with av.open(str(path), "w") as container:
        track = container.add_stream(codec, 25)
        track.width, track.height, track.options = 96, 64, options
        track.pix_fmt = PIXELS.get(codec, "yuv420p")
        track.codec_context.gop_size = 13
        for number in range(COUNT):
            image = np.roll(noise[number // 30], (number, 2 * number), (0, 1))  # (H, W, 3)
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(track.encode(picture))
        container.mux(track.encode(None))
    return path


@pytest.fixture(scope="module", params=FILMS)
def any_film(request, tmp_path_factory):
    return film(tmp_path_factory.mktemp("films") / request.param, *FILMS[request.param])


def table(path):
    with av.open(str(path)) as container:
        return entries_of((p.pts, p.is_keyframe) for p in container.demux(video=0) if p.size)


def entries_of(pairs):
    """Entries from a pair (time stamp, is it a key frame?) for each packet."""
    return Entries(*(list(column) for column in zip(*pairs, strict=True)))


def whole(path):
    with av.open(str(path)) as container:
        return {picture.pts: picture.to_ndarray() for picture in container.decode(video=0)}


class Sparse:
    """What sparse reading gave: the pictures, and how it ended."""

    def __init__(self, path, entries, wanted, threads=None):
        self.pictures, self.unplanned = {}, False
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            packets, context = container.demux(stream), stream.codec_context
            steps, planned = _sparse.prepare(context.codec.canonical_name, entries, wanted)
            threads = planned if threads is None else threads
            try:
                for picture in _sparse.pictures(packets, context, entries, steps, threads):
                    self.pictures[picture.pts] = picture.to_ndarray()
            except _sparse.UnplannedError:
                self.unplanned = True

    def agrees_with(self, pictures, wanted):
        """The first wanted pictures, in order, with the same values; all of them if it ended as planned."""
        right = sorted(wanted)[: len(self.pictures) if self.unplanned else None]
        return list(self.pictures) == right and all(
            np.array_equal(pictures[stamp], self.pictures[stamp]) for stamp in right
        )


def subsets(stamps):
    """Each picture alone, pictures at equal distances, a part, and ten random sets."""
    chance = random.Random(0)
    alone = [{stamp} for stamp in stamps]
    apart = [set(stamps[::step]) for step in (1, 2, 3, 5, 14, 25)]
    drawn = [set(chance.sample(stamps, count)) for count in (2, 3, 4, 5, 6, 8, 10, 20, 30, 40)]
    return [*alone, *apart, set(stamps[20:30]), *drawn]


# ------------------------------------------------------------------------------------------- with decoders


@pytest.mark.slow
def test_any_set_of_pictures_is_the_same_as_in_the_whole(any_film):
    entries, pictures = table(any_film), whole(any_film)
    assert len(pictures) == COUNT
    for wanted in subsets(sorted(pictures)):
        sparse = Sparse(any_film, entries, wanted)
        assert not sparse.unplanned
        assert sparse.agrees_with(pictures, wanted), wanted


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", ["h264.mp4", "hevc.mp4", "mpeg4.mp4"])
def test_the_number_of_threads_does_not_matter(tmp_path, name, threads):
    path = film(tmp_path / name, *FILMS[name])
    pictures = whole(path)
    for wanted in subsets(sorted(pictures))[::3]:
        assert Sparse(path, table(path), wanted, threads).agrees_with(pictures, wanted)


def test_a_table_with_wrong_key_frames_never_gives_a_wrong_picture(any_film):
    pictures = whole(any_film)
    stamps, are_keys = table(any_film)
    wrong = Entries(stamps, [place % 7 == 0 for place in range(len(stamps))])
    unplanned = 0
    for wanted in subsets(sorted(pictures))[::2]:
        sparse = Sparse(any_film, wrong, wanted)
        unplanned += sparse.unplanned
        assert sparse.agrees_with(pictures, wanted), wanted
    assert (unplanned == 0) == all(are_keys)


def test_pictures_that_recover_slowly_are_not_given(tmp_path):
    # Intra refresh: the container lists key frames from which the picture becomes right column by column.
    options = {"x264-params": "intra-refresh=1:bframes=2"}
    path = film(tmp_path / "refresh.mp4", "libx264", options)
    entries, pictures = table(path), whole(path)
    assert sum(entries.are_keys) > 2
    results = [(wanted, Sparse(path, entries, wanted)) for wanted in subsets(sorted(pictures))]
    assert all(sparse.agrees_with(pictures, wanted) for wanted, sparse in results)
    assert any(sparse.unplanned for _, sparse in results)


@pytest.mark.parametrize("place", [13, 17])  # a key frame; a picture that the next one is built from
def test_a_damaged_reference_is_not_overlooked(tmp_path, place):
    path = film(tmp_path / "h264.mp4", *FILMS["h264_no_b.mp4"])
    entries, pictures = table(path), whole(path)
    with av.open(str(path)) as container:
        packet = next(islice(container.demux(video=0), place, None))
    data = bytearray(path.read_bytes())
    middle, end = packet.pos + packet.size // 2, packet.pos + packet.size
    data[middle:end] = b"\xff" * (end - middle)
    path.write_bytes(data)
    wanted = {entries.stamps[0], entries.stamps[24]}
    sparse = Sparse(path, entries, wanted)
    assert sparse.unplanned
    assert sparse.agrees_with(pictures, wanted)
    assert list(sparse.pictures) == [entries.stamps[0]]


def test_the_decoder_leaves_nothing_out_after_a_reader_that_stopped_early(tmp_path):
    path = film(tmp_path / "h264.mp4", *FILMS["h264.mp4"])
    entries = table(path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        wanted = {entries.stamps[0], entries.stamps[12]}  # of one group
        steps = _sparse.plan(entries, wanted)
        pictures = _sparse.pictures(container.demux(stream), stream.codec_context, entries, steps, 0)
        next(pictures)
        pictures.close()
        assert stream.codec_context.skip_frame == "DEFAULT"


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (64, 16)])
def test_the_decoder_has_a_thread_for_each_core_of_this_process_and_16_at_most(
    tmp_path, monkeypatch, cores, threads
):
    monkeypatch.setattr(_sparse.os, "sched_getaffinity", lambda process: set(range(cores)), raising=False)
    monkeypatch.setattr(_sparse.os, "cpu_count", lambda: 128)
    path = film(tmp_path / "vp8.webm", *FILMS["vp8.webm"])
    entries = table(path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        steps, planned = _sparse.prepare("vp8", entries, {entries.stamps[0]})
        packets, context = container.demux(stream), stream.codec_context
        assert len(list(_sparse.pictures(packets, context, entries, steps, planned))) == 1
        assert context.thread_count == threads
    assert _sparse.prepare("h264", entries, {entries.stamps[0]})[1] == min(2 * cores + 1, 16)


def test_the_decoder_of_vp9_begins_anew_with_one_thread_only_and_where_it_decodes_far_less_so(
    tmp_path, monkeypatch
):
    """With more it can crash there: 10 of 400 damaged files with 8 threads, none of 1,500 with one."""
    monkeypatch.setattr(_sparse, "_threads", lambda: 4)
    path = film(tmp_path / "vp9.webm", *FILMS["vp9.webm"])  # a group has 13 pictures
    entries = table(path)
    few, many = set(entries.stamps[27:59:27]), set(entries.stamps[::5])
    assert _sparse.prepare("vp9", entries, few) == (_sparse.plan(entries, few), 1)
    assert _sparse.prepare("vp9", entries, many) == (_sparse.plan(entries, many, in_groups=False), 4)
    with Source(path) as source:
        for chosen, threads in ((few, 1), (many, 4), (few, 1)):  # as asked for one after the other
            numbers = [entries.stamps.index(stamp) for stamp in sorted(chosen)]
            frames = source.stream(Selection(indices=numbers))
            assert [frame.index for frame in frames] == numbers
            assert source._stream.codec_context.thread_count == threads


@pytest.mark.parametrize(("name", "marked"), [("h264.mp4", True), ("vp8.webm", False), ("av1.mp4", False)])
def test_the_decoder_is_told_to_leave_pictures_out_only_where_this_is_known_to_be_exact(
    tmp_path, name, marked
):
    path = film(tmp_path / name, *FILMS[name])
    stamps, _ = table(path)
    told = set()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context, steps = stream.codec_context, [Step.PASS_ON] * 40 + [Step.WANTED] * 20
        for _ in _sparse._decoded(container.demux(stream), context, stamps, steps):
            told.add(context.skip_frame)
    assert ("NONREF" in told) == marked


@pytest.mark.parametrize(
    ("name", "fewer"),
    [("h264.mp4", True), ("hevc.mp4", True), ("mpeg4.mp4", True), ("hevc.ts", False), ("vp8.webm", False)],
)
def test_pictures_that_no_other_is_built_from_are_left_out_where_the_stream_marks_them(tmp_path, name, fewer):
    path = film(tmp_path / name, *FILMS[name])
    stamps, _ = table(path)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        steps = [Step.PASS_ON] * (len(stamps) - 1) + [Step.WANTED]
        count = sum(1 for _ in _sparse._decoded(container.demux(stream), stream.codec_context, stamps, steps))
    assert (count < COUNT) == fewer


# ------------------------------------------------------------------------------------------- the plan


@st.composite
def tables(draw):
    """Groups of packets; some pictures of a group are shown before its key frame."""
    pairs = []
    time = 0
    sizes = st.tuples(st.integers(1, 6), st.integers(0, 2))
    for size, leading in draw(st.lists(sizes, min_size=1, max_size=6)):
        before, after = min(leading, size - 1), size - 1 - min(leading, size - 1)
        key = time + before
        others = draw(st.permutations([*range(time, key), *range(key + 1, key + 1 + after)]))
        pairs += [(key, True), *((stamp, False) for stamp in others)]
        time += size
    if draw(st.booleans()):
        pairs[0] = (pairs[0][0], False)  # the file begins inside a group
    wanted = draw(st.sets(st.integers(0, time - 1)))
    return entries_of(pairs), wanted


def needed(entries, wanted):
    """Places of the packets that the wanted pictures need, picture by picture."""
    stamps, are_keys = entries
    starts = [place for place, is_key in enumerate(are_keys) if is_key or place == 0]
    places = set()
    for place, stamp in enumerate(stamps):
        if stamp in wanted:
            group = max(number for number, start in enumerate(starts) if start <= place)
            places.update(range(starts[group], place + 1))
            if stamp < stamps[starts[group]] and group > 0:
                places.update(range(starts[group - 1], starts[group]))
    return places


@given(tables())
def test_the_plan_drops_exactly_what_no_wanted_picture_needs(case):
    entries, wanted = case
    steps = _sparse.plan(entries, wanted)
    assert {place for place, step in enumerate(steps) if step != Step.DROP} == needed(entries, wanted)


@given(tables())
def test_the_plan_lets_the_decoder_leave_out_neither_a_wanted_picture_nor_a_key_frame(case):
    entries, wanted = case
    for stamp, is_key, step in zip(*entries, _sparse.plan(entries, wanted), strict=True):
        if stamp in wanted:
            assert step == Step.WANTED
        elif step == Step.PASS_ON:
            assert not is_key


@given(tables())
def test_without_groups_everything_between_the_first_and_the_last_wanted_picture_is_decoded(case):
    entries, wanted = case
    steps = _sparse.plan(entries, wanted, in_groups=False)
    places = [place for place, stamp in enumerate(entries.stamps) if stamp in wanted]
    start = _sparse.first(steps)
    end = max(places) + 1 if places else 0
    assert {place for place, step in enumerate(steps) if step != Step.DROP} == set(range(start, end))
    assert [place for place, step in enumerate(steps) if step == Step.WANTED] == places
    assert start == 0 or (entries.are_keys[start] and entries.stamps[start] <= min(wanted))
