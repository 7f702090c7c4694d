"""Features of labelled films: each film that can be read, once, and the others named."""

import pytest
from torch import nn

from coursekit import classify, encoders


@pytest.fixture
def tiny():
    """An encoder of the mean colours, k = 3."""
    return encoders.load(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))


def test_films_that_cannot_be_read_are_left_out_counted_and_named(film, tmp_path, tiny):
    film("a/anna_01.mp4", 10), film("b/ben_01.mp4", 20)
    for name in ("a/chen_01.mp4", "b/dina_01.mp4", "c/emil_01.mp4"):
        broken = tmp_path / "films" / name
        broken.parent.mkdir(exist_ok=True)
        broken.write_bytes(b"")
    known = classify.describe(classify.films(tmp_path / "films"), tmp_path / "out", tiny, progress=False)
    assert [each.path.name for each in known.films.items] == ["anna_01.mp4", "ben_01.mp4"]
    assert [rows.shape[1] for rows in known.rows] == [3, 3]
    notes = "\n".join(known.films.notes)
    assert "3 of 5 films cannot be read; left out." in notes
    assert "c/emil_01.mp4 cannot be read: it is empty" in notes
    assert "The class c is left out with them." in notes


def test_an_empty_film_that_a_table_names_by_two_paths_is_one_film(film, tmp_path, tiny):
    film("a_01.mp4", 10), film("b_01.mp4", 20), film("x.mp4").write_bytes(b"")
    (tmp_path / "link").symlink_to("films")
    table = tmp_path / "films.csv"
    table.write_text("path,label\nfilms/a_01.mp4,a\nfilms/b_01.mp4,b\nfilms/x.mp4,a\nlink/x.mp4,a\n")
    known = classify.describe(classify.films(table), tmp_path / "out", tiny, progress=False)
    assert len(known.rows) == 2
    assert "1 of 3 films cannot be read; left out." in known.films.notes


def test_features_of_other_weights_do_not_take_the_place_of_each_other(film, tmp_path, monkeypatch):
    film("a/anna_01.mp4", 10), film("b/ben_01.mp4", 20)
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    found = classify.films(tmp_path / "films")
    for weight in (1.0, 2.0):
        layer = nn.Conv2d(3, 2, 1)
        nn.init.constant_(layer.weight, weight)
        network = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        classify.describe(found, None, encoders.load(network), progress=False)
    assert len([*(tmp_path / "cache" / "features").rglob("*.h5")]) == 4


def test_a_film_that_was_closed_after_its_features_were_computed_is_left_out(
    film, tmp_path, tiny, monkeypatch
):
    closed = film("a/anna_01.mp4", 10)
    film("a/chen_01.mp4", 15), film("b/ben_01.mp4", 20)
    found = classify.films(tmp_path / "films")
    assert len(classify.describe(found, tmp_path / "out", tiny, progress=False).rows) == 3
    real = type(closed).open

    def refuse(path, *arguments, **options):
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)

    monkeypatch.setattr(type(closed), "open", refuse)
    known = classify.describe(found, tmp_path / "out", tiny, progress=False)
    assert (len(known.films), len(known.rows)) == (2, 2)
    assert "a/anna_01.mp4 cannot be read: Permission denied" in known.films.notes


def test_too_few_readable_films_are_an_error_that_says_which(film, tmp_path, tiny):
    film("a/anna_01.mp4", 10)
    broken = film("b/ben_01.mp4", 20)
    broken.write_bytes(b"no film")
    found = classify.films(tmp_path / "films")
    with pytest.raises(ValueError, match=r"fewer than two classes.*1 of 2 films.*b/ben_01\.mp4"):
        classify.describe(found, tmp_path / "out", tiny, progress=False)


def test_features_of_each_rate_are_kept_for_the_next_time(film, tmp_path, monkeypatch, tiny):
    film("a/anna_01.mp4", 10), film("b/ben_01.mp4", 20)
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    found = classify.films(tmp_path / "films")
    for fps in (4, 2):
        classify.describe(found, None, tiny, fps=fps, progress=False)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache" / "features").rglob("*.h5")}
    assert len(files) == 4
    classify.describe(found, None, tiny, fps=4, progress=False)
    assert {path: path.stat().st_mtime_ns for path in files} == files
