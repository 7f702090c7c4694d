"""The whole way, with an encoder of random weights: films to page, card, model and warnings."""

import csv
import os
import re
import sys

import pytest
import torch
from support import badfiles

from coursekit import classify, cli, encoders, video

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Features without a network: the mean colours of each frame."""

    def describe(found, folder, *_, **__):
        keep, rows, notes = [], [], []
        for film in found.items:
            try:
                rows.append(video.read(film.path).float().mean((2, 3)))  # (T, 3)
                keep.append(True)
            except video.VideoError as error:
                keep.append(False)
                notes.append(f"{film.path.name} cannot be read, left out: {error}")
        return classify.Described(found.only(keep, *notes), rows, "0" * 64)

    monkeypatch.setattr("coursekit.classify._report.describe", describe)


@pytest.fixture
def films(film, tmp_path):
    """Twelve films: those of class b are larger, and of another frame rate."""
    for number, who in enumerate(("anna", "ben", "chen", "dina", "emil", "Zoë Groß")):
        film(f"a/{who}_01.mp4", 20 * number)
        film(f"b/{who}_02.mp4", 20 * number + 10, size=(48, 64), fps=25)
    return tmp_path / "films"


def test_the_report_has_page_card_model_and_answers(films, tmp_path):
    report = classify.run(films, tmp_path / "out", progress=False)
    page = (report.folder / "report.html").read_text(encoding="utf-8")
    assert "Confusion matrix" in page
    assert page.count("<img alt=") >= 1
    assert not re.search(r"""(src|href)="(?!data:)""", page), "the page needs no other file"
    card = (report.folder / "card.md").read_text(encoding="utf-8")
    for part in ("12 films of 6 people", "a (6 films), b (6 films)", "efficientnet_lite0", "95 % interval"):
        assert part in card
    assert classify.load(report.folder / "model.npz").classes == ("a", "b")
    lines = (report.folder / "answers.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 13
    assert "Zoë Groß" in "".join(lines)


def test_classes_that_differ_in_size_and_frame_rate_are_a_warning(films, tmp_path):
    report = classify.run(films, tmp_path / "out", progress=False)
    warnings = " ".join(report.warnings)
    assert "Size, frame rate and length of the files alone give 100 %" in warnings
    assert "Only 12 films are tested" in warnings
    assert "Only 6 people or places are tested" in warnings


def test_a_model_that_may_have_learnt_nothing_is_a_warning(film, tmp_path):
    for number in range(8):
        film(
            f"{'ab'[number % 2]}/p{number}_01.mp4",
            30 * (number // 2) + 5 * (number % 2) * (-1) ** (number // 2),
        )
    report = classify.run(tmp_path / "films", tmp_path / "out", progress=False)
    assert any("reaches down to the share of one class (50 %)" in warning for warning in report.warnings)


def test_a_film_that_cannot_be_read_is_left_out_and_named(films, tmp_path):
    (films / "a" / "fred_01.mp4").write_bytes(b"no film at all")
    report = classify.run(films, tmp_path / "out", progress=False)
    assert any("fred_01.mp4 cannot be read, left out" in warning for warning in report.warnings)


def test_an_official_split_with_a_person_on_both_sides_is_a_warning(films, tmp_path):
    lines = {"train": [], "test": []}
    for number, path in enumerate(sorted(films.rglob("*.mp4"))):
        lines["test" if number in (0, 7) else "train"].append(f"{path.parent.name}/{path.name}")
    for part, names in lines.items():
        (tmp_path / f"{part}list01.txt").write_text("\n".join(names), encoding="utf-8")
    report = classify.run(films, tmp_path / "out", lists=tmp_path, progress=False)
    assert any("On both sides of a split: " in warning for warning in report.warnings)
    assert "official split 1" in (report.folder / "card.md").read_text(encoding="utf-8")


def test_the_command_ends_with_what_is_wrong(film, tmp_path, capsys):
    film("a/anna_01.mp4")
    assert cli.main(["classify", str(tmp_path / "films"), "--out", str(tmp_path / "out")]) == 2
    assert "coursekit classify: error: " in (said := capsys.readouterr().err)
    assert "one class only" in said
    assert not (tmp_path / "out").exists()


def test_the_command_prints_warnings_and_where_the_page_is(films, tmp_path, capsys):
    assert cli.main(["classify", str(films), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr()
    assert "warning: Only 12 films are tested" in printed.err
    assert "report.html" in printed.out


@pytest.mark.slow
def test_a_model_asks_for_the_encoder_that_it_was_trained_with(films, tmp_path, monkeypatch):
    report = classify.run(films, tmp_path / "out", progress=False)
    saved = classify.load(report.folder / "model.npz")
    other = encoders.load("efficientnet_lite0", device="cpu")
    with pytest.raises(classify.ModelError, match="other weights"):
        saved.answer(next(films.rglob("*.mp4")), other)


@pytest.mark.slow
def test_files_of_others_are_not_overwritten_and_a_second_report_is(films, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "answers.csv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"answers\.csv, which no earlier report has left"):
        classify.run(films, out, progress=False)
    assert [path.name for path in out.iterdir()] == ["answers.csv"]
    assert (out / "answers.csv").read_text() == "mine"
    (out / "answers.csv").unlink()
    classify.run(films, out, progress=False)
    (out / "report.html").unlink()  # a run that was ended before it came there
    classify.run(films, out, progress=False)
    assert (out / "report.html").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("way", ["same", "another path", "link"])
def test_the_table_of_an_earlier_report_is_not_written_over(way, films, tmp_path, monkeypatch, capsys):
    report = classify.run(films, tmp_path / "out", progress=False)
    table = report.folder / "answers.csv"
    table.write_text(table.read_text().replace("ben", "bo"))
    source = {"same": table, "another path": tmp_path / "link" / "answers.csv", "link": tmp_path / "my.csv"}[
        way
    ]
    (tmp_path / "link").symlink_to(report.folder)
    (tmp_path / "my.csv").symlink_to(table)
    before = {file: file.read_bytes() for file in report.folder.iterdir()}
    monkeypatch.chdir(tmp_path)
    assert cli.main(["classify", os.path.relpath(source), "--out", "out"]) == 2
    assert "would be written over the table" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in report.folder.iterdir()} == before
    assert len(classify.films(table)) == 12
    assert cli.main(["classify", str(table), "--out", "other", "--quiet"]) == 0


def test_an_empty_path_is_not_the_working_directory(films, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(films)
    assert cli.main(["classify", "", "--out", str(tmp_path / "out")]) == 2
    assert "the path of the films is empty" in capsys.readouterr().err
    assert cli.main(["classify", str(films), "--out", ""]) == 2
    assert "the folder for the report has an empty name" in capsys.readouterr().err
    assert sorted(path.name for path in films.iterdir()) == ["a", "b"]


def test_a_folder_that_cannot_be_made_is_known_before_features_are_computed(films, tmp_path, monkeypatch):
    monkeypatch.setattr("coursekit.classify._report.describe", lambda *_, **__: pytest.fail("too late"))
    (tmp_path / "out").write_text("a file")
    with pytest.raises(FileExistsError, match="out is a file: the report needs a folder"):
        classify.run(films, tmp_path / "out", progress=False)


def test_names_are_text_in_the_report_and_neither_html_nor_formulas(film, tmp_path):
    for number in range(3):
        film(rf"<b onclick=x>$\q$/p{number}_01.mp4", 9 * number)
        film(f"b&amp;/p{number}_02.mp4", 9 * number + 4)
    report = classify.run(tmp_path / "films", tmp_path / "out", progress=False)
    page = (report.folder / "report.html").read_text(encoding="utf-8")
    assert "<b onclick" not in page
    assert r"&lt;b onclick=x&gt;$\q$" in page
    assert "b&amp;amp;" in page


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such names")
def test_names_that_are_not_utf8_have_a_report(film, tmp_path):
    name = os.fsdecode(b"caf\xe9")
    for number in range(3):
        film(f"{name}/{name}{number}_01.mp4", 9 * number), film(f"b/ben{number}_01.mp4", 9 * number + 4)
    report = classify.run(tmp_path / "films", tmp_path / "out", progress=False)
    page = (report.folder / "report.html").read_text(encoding="utf-8")
    assert "Confusion matrix" in page
    assert "caf?" in page
    assert classify.load(report.folder / "model.npz").classes == ("b", name)
    assert "caf?" in classify.strip(classify.films(tmp_path / "films"), 3, "b").alt


@pytest.mark.skipif(os.name != "posix", reason="names of files have no such letters there")
@pytest.mark.parametrize("letter", ["\n", "\r", "\r\n", "\x85", "\u2029"])
def test_names_with_line_breaks_have_a_report(letter, film, tmp_path):
    for number in range(3):
        film(f"a/a{letter}{number}_01.mp4", 9 * number), film(f"b/b{number}_01.mp4", 9 * number + 4)
    report = classify.run(tmp_path / "films", tmp_path / "out", progress=False)
    assert (report.folder / "report.html").is_file()
    with (report.folder / "answers.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.reader(table))[1:]
    assert {len(row) for row in rows} == {4}
    paths = {str(film.path) for film in classify.films(tmp_path / "films").items}
    assert {row[0] for row in rows} == paths
    assert classify.strip(classify.films(tmp_path / "films"), 0, "b").alt.startswith("a 0_01.mp4: a, taken")


def test_nothing_is_written_if_the_page_cannot_be_made(films, tmp_path, monkeypatch):
    monkeypatch.setattr("coursekit.show.confusions", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        classify.run(films, tmp_path / "out", progress=False)
    assert [*(tmp_path / "out").iterdir()] == []


def test_the_report_of_films_of_a_camera_does_not_depend_on_the_current_folder(film, tmp_path, monkeypatch):
    for number in range(8):
        film(f"{'ab'[number % 2]}/IMG_{number}.mp4", 9 * number)
    outside = classify.run(tmp_path / "films", tmp_path / "out", progress=False)
    monkeypatch.chdir(tmp_path / "films")
    inside = classify.run(".", tmp_path / "inside", progress=False)
    assert (inside.accuracies, inside.warnings) == (outside.accuracies, outside.warnings)
    assert "the model, on new people" not in outside.accuracies


@pytest.mark.slow
def test_a_3d_network_reads_films_shorter_than_its_window_and_random_weights_are_a_warning(
    film, tmp_path, monkeypatch, capsys
):
    film("a/anna_01.mp4", 10), film("a/ben_01.mp4", 20), film("b/anna_02.mp4", 30), film("b/ben_02.mp4", 40)
    monkeypatch.setattr("coursekit.classify._report.describe", classify.describe)
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    words = ["--encoder", "s3d", "--weights", "random", "--device", "cpu", "--quiet"]
    assert cli.main(["classify", str(tmp_path / "films"), "--out", str(tmp_path / "out"), *words]) == 0
    assert "warning: The encoder has random weights" in capsys.readouterr().err
    saved = classify.load(tmp_path / "out" / "model.npz")
    assert saved.notes["encoder"] == "s3d"
    assert len(saved.classifier.arrays()["mean"]) == 1024


@pytest.mark.filterwarnings("ignore::coursekit.video.DamagedVideoWarning")
@pytest.mark.parametrize(
    "make", [badfiles.make_truncated, badfiles.make_corrupt, badfiles.make_variable_rate]
)
def test_a_strip_shows_what_can_be_decoded_at_its_own_times(make, tmp_path):
    found = classify.Films((classify.Film(make(tmp_path), "a", "anna"),))
    shown = [float(time) for time in re.findall(r"at ([\d.]+) s", classify.strip(found, 0, "b").alt)]
    times = [frame.time for frame in video.stream(found.items[0].path)]
    assert 2 <= len(shown) <= 6
    assert all(min(abs(time - each) for each in times) < 0.006 for time in shown)


def test_a_damaged_film_is_warned_of_once(films, tmp_path, recwarn):
    badfiles.make_truncated(films / "a").rename(films / "a" / "fred_01.mp4")
    classify.run(films, tmp_path / "out", progress=False)
    assert len([each for each in recwarn if each.category is video.DamagedVideoWarning]) == 1  # by `quick`


def test_a_split_by_film_is_not_said_to_be_on_new_people(films, tmp_path):
    report = classify.run(films, tmp_path / "out", by="film", progress=False)
    assert not any("new people" in name or "no result" in name for name in report.accuracies)
    assert any(
        "on both sides of a split, and then the accuracy is too good" in each for each in report.warnings
    )
    assert not any("people or places are tested" in each for each in report.warnings)
    page = (report.folder / "report.html").read_text(encoding="utf-8")
    assert "How good is it on films that it has not seen?" in page
    assert "12 films of unknown people or places" in page
