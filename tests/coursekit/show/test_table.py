"""show.table: what is seen, as text and as HTML, read back by another library."""

from html.parser import HTMLParser

import pytest

from coursekit import show

ROWS = {
    "2D, one frame": {"weights": 432, "MB": 3.154176, "fits": "yes"},
    "3D <clip>": {"weights": 1296, "MB": None, "fits": "no & never"},
}


class Cells(HTMLParser):
    """The texts of a table, row by row, with the tag and scope of each cell."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        elif tag in ("th", "td"):
            self.rows[-1].append([tag, dict(attrs).get("scope"), ""])

    def handle_data(self, text):
        self.rows[-1][-1][2] += text


def test_text_is_aligned_numbers_to_the_right():
    assert str(show.table(ROWS, first="way")).splitlines() == [
        "way            weights     MB  fits",
        "2D, one frame      432  3.154  yes",
        "3D <clip>        1,296      -  no & never",
    ]


def test_html_has_headings_for_a_screen_reader_and_keeps_every_character():
    cells = Cells()
    cells.feed(show.table(ROWS, first="way").html())
    assert [[text for _, _, text in row] for row in cells.rows] == [
        ["way", "weights", "MB", "fits"],
        ["2D, one frame", "432", "3.154", "yes"],
        ["3D <clip>", "1,296", "-", "no & never"],
    ]
    assert {(tag, scope) for tag, scope, _ in cells.rows[0]} == {("th", "col")}
    assert [row[0][:2] for row in cells.rows[1:]] == [["th", "row"]] * 2


def test_a_cell_shows_both():
    bundle = show.table(ROWS)._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}


def test_values_with_columns_are_the_same_table():
    values = {name: tuple(row.values()) for name, row in ROWS.items()}
    assert show.table(values, columns=("weights", "MB", "fits")) == show.table(ROWS)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({}, "at least one row"),
        ({"a": {}}, "at least one column"),
        ({"a": (1, 2)}, r"rows\['a'\] has 2 values for 0 columns"),
        ({"a": {"x": 1}, "b": {"y": 1}}, r"rows\['b'\] has the columns \['y'\], the first row has \['x'\]"),
    ],
)
def test_ragged_rows_are_named(rows, message):
    with pytest.raises(ValueError, match=message):
        show.table(rows)
