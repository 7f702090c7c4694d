"""Which films there are: from folders and tables, good ones and the ones that people have."""

import shutil

import pytest

from coursekit import classify
from coursekit.classify import _films


def test_names_say_who_is_in_a_film():
    names = {
        "anna_01": "anna", "anna_maria_12": "anna_maria", "Jürgen Groß_3": "Jürgen Groß", "anna-2": "anna",
        "v_ApplyEyeMakeup_g08_c01": "ApplyEyeMakeup_g08", "IMG_2041": None, "VID_20240101_120000": None,
        "20240101": None, "PXL_20240101_120000123": None, "anna": "anna",
        "April_09_brush_hair_u_nm_np1_ba_goo_0": "April_09_brush_hair",
        "April_09_brush_hair_f_cm_np2_fr_med_12": "April_09_brush_hair",
    }  # fmt: skip
    assert {name: classify.group_of(name) for name in names} == names


def test_a_folder_with_strange_names(film, tmp_path):
    film("wäving/anna klein_01.mp4", 10), film("wäving/Zoë_01.mp4", 20)
    film("sitting down/anna klein_02.mp4", 30), film("sitting down/Zoë_7.mp4", 40)
    film("loose.mp4", 50)
    (tmp_path / "films" / "empty").mkdir()
    (tmp_path / "films" / "wäving" / "notes.txt").write_text("not a film")
    found = classify.films(tmp_path / "films")
    assert found.classes == ("sitting down", "wäving")
    assert sorted(found.groups) == ["Zoë", "Zoë", "anna klein", "anna klein"]
    assert "1 films lie in the folder itself" in " ".join(found.notes)
    assert "empty has no films" in " ".join(found.notes)


def test_names_of_a_camera_are_a_warning(film, tmp_path):
    film("a/IMG_1.mp4", 10), film("a/IMG_2.mp4", 20), film("b/IMG_3.mp4", 30), film("b/IMG_4.mp4", 40)
    found = classify.films(tmp_path / "films")
    assert len(set(found.groups)) == 4
    assert "4 names do not say who is in the film" in found.notes[0]


def test_the_current_folder_changes_no_group_and_no_message(film, tmp_path, monkeypatch):
    for grey, name in enumerate(("a/IMG_1.mp4", "a/anna_01.mp4", "b/IMG_3.mp4", "b/anna_02.mp4")):
        film(name, 20 * grey)
    outside = classify.films(tmp_path / "films")
    monkeypatch.chdir(tmp_path / "films")
    inside = classify.films(".")
    assert inside.groups == outside.groups
    assert inside.notes == outside.notes
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(ValueError, match="such as empty/waving/anna_01"):
        classify.films(".")


def test_a_copy_is_left_out_and_named(film, tmp_path):
    original = film("a/anna_01.mp4", 1)
    film("b/ben_01.mp4", 20)
    shutil.copy(original, original.with_name("zoe_01.mp4"))
    found = classify.films(tmp_path / "films")
    assert len(found) == 2
    assert "zoe_01.mp4 (zoe) is a copy of anna_01.mp4 (anna)" in found.notes[-1]


def test_only_films_of_equal_size_are_read_to_find_copies(film, tmp_path, monkeypatch):
    film("a/anna_01.mp4", 1), film("b/ben_01.mp4", 20, frames=9)
    monkeypatch.setattr("coursekit.classify._films.sha256", lambda path: pytest.fail(f"{path} was read"))
    assert len(classify.films(tmp_path / "films")) == 2


def test_a_film_that_cannot_be_read_does_not_stop_the_search_for_copies(film, tmp_path, monkeypatch):
    unreadable = film("a/anna_01.mp4", 1)
    shutil.copy(unreadable, unreadable.with_name("zoe_01.mp4"))
    film("b/ben_01.mp4", 20)
    real = _films.sha256

    def refuse(path):
        if path == unreadable:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(_films, "sha256", refuse)
    assert len(classify.films(tmp_path / "films")) == 3


def test_empty_files_are_not_one_film_in_two_classes(film, tmp_path):
    for name in ("a/anna_01.mp4", "b/ben_01.mp4"):
        film(name).write_bytes(b"")
    assert len(classify.films(tmp_path / "films")) == 2


def test_a_person_in_two_spellings_is_one_group(film, tmp_path):
    film("a/Anna_01.mp4", 10), film("b/anna_02.mp4", 20)
    film("a/J\u00fcrgen_01.mp4", 30), film("b/Ju\u0308rgen_02.mp4", 40)  # as Linux and macOS encode it
    found = classify.films(tmp_path / "films")
    assert sorted(found.groups) == ["Anna", "Anna", "J\u00fcrgen", "J\u00fcrgen"]


def test_two_classes_that_differ_in_spelling_only_are_refused(film, tmp_path):
    film("x.mp4", 10), film("y.mp4", 20)
    table = tmp_path / "films" / "films.csv"
    table.write_text("path,label\nx.mp4,Wave\ny.mp4,wave\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'Wave' and 'wave' differ in spelling only"):
        classify.films(table)


def test_names_that_never_repeat_a_person_are_a_warning(film, tmp_path):
    film("a/anna1.mp4", 10), film("a/anna2.mp4", 20), film("b/ben1.mp4", 30)
    assert "no two films show the same person" in classify.films(tmp_path / "films").notes[0]
    film("b/anna1_02.mp4", 40)
    assert classify.films(tmp_path / "films").notes == ()


def test_one_film_in_two_classes_is_refused(film, tmp_path):
    original = film("a/anna_01.mp4", 1)
    (tmp_path / "films" / "b").mkdir()
    shutil.copy(original, tmp_path / "films" / "b" / "anna_01.mp4")
    with pytest.raises(ValueError, match=r"in two classes: \S+anna_01\.mp4 and \S+anna_01\.mp4\. Delete one"):
        classify.films(tmp_path / "films")


def test_one_class_and_no_class_and_no_folder(film, tmp_path):
    film("a/anna_01.mp4")
    film("a/anna_02.mp4", 20)
    with pytest.raises(ValueError, match=r"films of one class only, 'a'.*Make a subfolder for each class$"):
        classify.films(tmp_path / "films")
    (tmp_path / "bare").mkdir()
    with pytest.raises(ValueError, match="make one for each class"):
        classify.films(tmp_path / "bare")
    with pytest.raises(FileNotFoundError, match="there is no"):
        classify.films(tmp_path / "nowhere")


def test_the_folder_above_the_classes_is_an_error_that_names_the_folder_to_give(film, tmp_path):
    film("UCF-101/Archery/v_Archery_g01_c01.mp4", 10), film("UCF-101/YoYo/v_YoYo_g01_c01.mp4", 20)
    with pytest.raises(ValueError, match=r"those in UCF-101 are the classes, give \S+films\WUCF-101$"):
        classify.films(tmp_path / "films")


def test_a_class_of_one_person_is_left_out_and_two_are_refused(film, tmp_path):
    film("a/anna_01.mp4", 10), film("a/ben_01.mp4", 20), film("b/anna_02.mp4", 30), film("b/ben_02.mp4", 40)
    film("c/ben_03.mp4", 50)
    left = classify.films(tmp_path / "films").testable()
    assert left.classes == ("a", "b")
    assert "The class c has films of one person or place only (ben)" in left.notes[-1]
    (tmp_path / "films" / "a" / "ben_01.mp4").unlink()
    with pytest.raises(ValueError, match=r"too few people.*a: anna, c: ben.*Film another person"):
        classify.films(tmp_path / "films").testable()


def test_a_table(film, tmp_path):
    film("x.mp4", 10), film("y.mp4", 20)
    table = tmp_path / "films" / "films.csv"
    table.write_text("\ufeffpath,label,group\nx.mp4,wave,anna\ny.mp4,sit,\n", encoding="utf-8")
    found = classify.films(table)
    assert (found.classes, found.groups) == (("sit", "wave"), ["anna", "y"])
    assert found.labels.tolist() == [1, 0]


def test_a_table_as_excel_saves_it(film, tmp_path):
    film("x ü.mp4", 10), film("y.mp4", 20)
    table = tmp_path / "films" / "films.csv"
    table.write_bytes("Path;Label;Group\r\nx ü.mp4;wave;anna\r\ny.mp4;sit;ben\r\n;;\r\n".encode("cp1252"))
    found = classify.films(table)
    assert [film.path.name for film in found.items] == ["x ü.mp4", "y.mp4"]
    assert (found.classes, found.groups) == (("sit", "wave"), ["anna", "ben"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,class\nx.mp4,a\n", "has no column 'path'"),
        ("path,label\nx.mp4,\n", r"has no label for .*x\.mp4"),
        ("path\nx.mp4\n", r"has no label for .*x\.mp4: a table needs the columns path and label"),
        ("path,label\n,a\n", "line 2, has no path"),
        ("path,label\n", "lists no video"),
        ("path,label\nx.mp4,a\n./x.mp4,b\n", "twice, with label 'a' and 'b'"),
        ("path,label\n.,a\n", "names a folder"),
        (b"path,label\n\0\xff\xfe,a\n", "is not a text"),
    ],
)
def test_a_table_that_cannot_be_used(text, message, tmp_path):
    table = tmp_path / "films.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=message):
        classify.films(table)


def test_the_official_split_of_ucf101(film, tmp_path):
    names = [
        f"{label}/v_{label}_g0{group}_c01.mp4" for label in ("Archery", "Bowling") for group in (1, 2, 3)
    ]
    for grey, name in enumerate(names):
        film(name, 10 * grey)
    lists = tmp_path / "lists"
    lists.mkdir()
    train = [f"{name} 1" for name in names if "_g03" not in name and "_g01" in name]
    (lists / "trainlist02.txt").write_text("\n".join([*train, "Archery/v_Archery_g09_c01.mp4 1"]))
    (lists / "testlist02.txt").write_text("\n".join(name for name in names if "_g02" in name))
    found, test = classify.official(classify.films(tmp_path / "films"), lists, 2)
    assert [film.group for film in found.items] == [
        f"{label}_g0{group}" for label in ("Archery", "Bowling") for group in (1, 2)
    ]
    assert test.tolist() == [False, True, False, True]
    assert "1 films of the lists are not in the folder" in " ".join(found.notes)
    assert "2 films of the folder are in neither part" in " ".join(found.notes)
    with pytest.raises(FileNotFoundError, match=r"trainlist03\.txt"):
        classify.official(found, lists, 3)


def test_the_official_split_of_hmdb51(film, tmp_path):
    for grey, name in enumerate(("one_0.mp4", "two_0.mp4", "three_0.mp4")):
        film(f"brush_hair/{name}", 10 * grey), film(f"wave/{name}", 10 * grey + 5)
    for label in ("brush_hair", "wave"):
        lines = "one_0.mp4 1 \ntwo_0.mp4 2 \nthree_0.mp4 0 \n"
        (tmp_path / f"{label}_test_split1.txt").write_text(lines)
    found, test = classify.official(classify.films(tmp_path / "films"), tmp_path)
    assert [film.path.stem for film in found.items] == ["one_0", "two_0"] * 2
    assert test.tolist() == [False, True] * 2


def test_official_lists_with_a_byte_order_mark_and_a_copied_film(film, tmp_path):
    names = [f"{label}/v_{label}_g0{group}_c01" for label in ("Archery", "Bowling") for group in (1, 2)]
    for grey, name in enumerate(names):
        film(f"{name}.mp4", 10 * grey)
    copy = "Archery/v_Archery_g02_c02"
    shutil.copy(tmp_path / "films" / f"{names[1]}.mp4", tmp_path / "films" / f"{copy}.mp4")
    train, test = (names[0], names[2]), (names[1], copy, names[3])
    for part, listed in (("train", train), ("test", test)):
        text = "\r\n".join(f"{name}.avi" for name in listed)
        (tmp_path / f"{part}list01.txt").write_text(text, encoding="utf-8-sig")
    found, test = classify.official(classify.films(tmp_path / "films"), tmp_path)
    assert test.tolist() == [False, True, False, True]
    assert [note for note in found.notes if "is a copy of" not in note] == []


def test_official_lists_name_films_in_any_spelling_and_other_formats(film, tmp_path):
    names = ("v_HandStandPushups_g01_c01", "v_HandStandPushups_g08_c01")
    for grey, name in enumerate(names):
        film(f"HandstandPushups/{name}.mp4", 10 * grey), film(f"Archery/x{grey}_01.mp4", 10 * grey + 5)
    (tmp_path / "testlist01.txt").write_bytes(f"HandStandPushups/{names[0]}.avi\r\n".encode())
    (tmp_path / "trainlist01.txt").write_bytes(f"HandStandPushups/{names[1]}.avi 37\r\n".encode())
    found, test = classify.official(classify.films(tmp_path / "films"), tmp_path)
    assert [film.path.stem for film in found.items] == list(names)
    assert test.tolist() == [True, False]


def test_hmdb51s_names_with_spaces_brackets_and_other_signs(film, tmp_path):
    names = (
        "#20_Rhythm_clap_u_nm_np1_fr_goo_0", "[HD] 50 Pull-Ups & more;1_2_clap_u_cm_np1_ba_med_1",
        "show_your_smile_-)_clap_h_nm_np1_ba_goo_2",
    )  # fmt: skip
    for grey, name in enumerate(names):
        film(f"clap/{name}.mp4", 10 * grey)
    film("wave/other_0.mp4", 90)
    lines = (f"{name}.avi {part} \n" for name, part in zip(names, (1, 2, 1), strict=True))
    (tmp_path / "clap_test_split1.txt").write_text("".join(lines))
    found, test = classify.official(classify.films(tmp_path / "films"), tmp_path)
    assert found.groups == ["#20_Rhythm_clap", "[HD] 50 Pull-Ups & more;1_2_clap", "show_your_smile_-)_clap"]
    assert test.tolist() == [False, True, False]


def test_a_single_film_in_place_of_a_folder_is_refused_without_reading_it(tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"path,label")
    with pytest.raises(ValueError, match=r"film\.mp4 is a film: give a folder"):
        classify.films(tmp_path / "film.mp4")
