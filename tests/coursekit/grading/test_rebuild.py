"""Which texts of a submitted notebook are graded, whatever form the notebook has."""

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import assignment
from support.assignment import RIGHT, cell_of

from coursekit.grading.assignment import Assignment
from coursekit.grading.rebuild import rebuild
from coursekit.handin import NOTEBOOK, Taken

MINE = {"task-1": RIGHT["task-1"], "task-2": RIGHT["task-2"]}


@pytest.fixture(scope="module")
def good(master: Assignment) -> bytes:
    return assignment.handed_in(master)


def built(master: Assignment, content: Any) -> Taken:
    """What is made of a notebook, given as bytes or as what JSON says."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return rebuild(data, master, assignment.texts(master))


def raw(master: Assignment) -> dict[str, Any]:
    """A right submission, as what JSON says."""
    return json.loads(assignment.handed_in(master))


def texts_of(rebuilt):
    """The texts of the notes."""
    return tuple(note.text for note in rebuilt.notes)


def whole(rebuilt: Taken) -> bool:
    """Is all of a right submission there?"""
    return (rebuilt.solutions, rebuilt.written, rebuilt.reason) == (MINE, {"words": RIGHT["words"]}, "")


def strip(notebook: dict[str, Any], *names: str) -> dict[str, Any]:
    """Without some of what says which cell is which."""
    for cell in notebook["cells"]:
        for name in names:
            cell.pop(name, None)
    return notebook


def test_what_students_write_is_found(master: Assignment) -> None:
    rebuilt = built(master, raw(master))
    assert whole(rebuilt) and texts_of(rebuilt) == ()


def test_saved_by_nbformat_it_is_the_same(master: Assignment) -> None:
    """As nbgrader and JupyterLab save it, and as an older Jupyter did."""
    text = assignment.handed_in(master).decode()
    old = nbformat.convert(nbformat.reads(text, as_version=4), 3)
    assert "worksheets" in old
    assert whole(built(master, nbformat.writes(old, version=3).encode()))
    notebook = nbformat.reads(text, as_version=4)
    assert whole(built(master, nbformat.writes(notebook).encode()))
    notebook.nbformat_minor = 4
    assert whole(built(master, strip(json.loads(nbformat.writes(notebook)), "id")))


def test_what_is_not_theirs_has_no_effect(master: Assignment) -> None:
    notebook = raw(master)
    for grade_id in ("setup", "test-1", "test-2"):
        cell_of(notebook, grade_id)["source"] = "def check(*_): pass\nanswers = {}"
    notebook["cells"].append({"cell_type": "code", "source": "mean_frame = None", "metadata": {}})
    notebook["metadata"]["nbgrader"] = {"points": 100}
    cell_of(notebook, "task-1")["metadata"]["nbgrader"].update(points=100, locked=True, grade=True)
    rebuilt = built(master, notebook)
    assert whole(rebuilt) and rebuilt.solutions.keys() == MINE.keys()


def test_locked_cells_alone_are_not_the_assignment(master: Assignment) -> None:
    notebook = raw(master)
    notebook["cells"] = [cell_of(notebook, name) for name in ("setup", "test-1", "test-2")]
    assert built(master, notebook).reason.startswith("none of the assignment's cells is in this notebook")
    for cell in notebook["cells"]:
        cell["metadata"] = {}  # their ids are left
    assert built(master, notebook).reason.startswith("none of the assignment's cells is in this notebook")


@pytest.mark.parametrize("key", ["id", "metadata"])
def test_a_cell_is_found_by_its_id(key: str, master: Assignment) -> None:
    """Where nbgrader's metadata are lost, and in Colab, which keeps the id in its own metadata."""
    notebook = raw(master)
    for cell in notebook["cells"]:
        name = cell.pop("id")
        cell.update({"id": name, "metadata": {}} if key == "id" else {"metadata": {"id": name, "colab": {}}})
        text = "".join(cell["source"])
        cell["source"] = text.replace("def mean_frame", "def _").replace("def output_size", "def _")
    rebuilt = built(master, notebook)
    assert "def _(clip)" in rebuilt.solutions["task-1"] and "def _(size" in rebuilt.solutions["task-2"]
    assert rebuilt.written == {"words": RIGHT["words"]} and texts_of(rebuilt) == ()


def test_a_cell_is_found_by_its_function(master: Assignment) -> None:
    rebuilt = built(master, strip(raw(master), "id", "metadata"))
    assert rebuilt.solutions == MINE and rebuilt.reason == ""
    assert [note for note in texts_of(rebuilt) if "was found by its function" in note] == [
        "the cell task-1 was found by its function: its marks were lost",
        "the cell task-2 was found by its function: its marks were lost",
    ]
    assert rebuilt.written["words"] == RIGHT["words"], "and so is the written answer, for a person to read"


def cell(kind: str, source: str) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def test_a_written_answer_in_a_new_cell_waits_for_a_person(master: Assignment) -> None:
    notebook = json.loads(assignment.handed_in(master, {**RIGHT, "words": assignment.texts(master)["words"]}))
    notebook["cells"].append(cell("markdown", "My answer: a sum is blind to the order."))
    rebuilt = built(master, notebook)
    assert rebuilt.written["words"] == "My answer: a sum is blind to the order."
    assert texts_of(rebuilt) == (
        "the marked cell of the answer words is empty or missing; text was taken from cell 9 of the "
        "notebook, and a person reads it",
    )


def test_a_written_answer_in_many_new_cells_has_one_note(master: Assignment) -> None:
    notebook = json.loads(assignment.handed_in(master, {**RIGHT, "words": assignment.texts(master)["words"]}))
    notebook["cells"] += [cell("markdown", f"My answer, part {i} of it.") for i in range(7)]
    rebuilt = built(master, notebook)
    assert rebuilt.written["words"].count("My answer") == 7
    (note,) = texts_of(rebuilt)
    assert "text was taken from cells 9, 10, 11, 12, 13 and 2 others of the notebook" in note


@pytest.mark.parametrize(
    "text",
    [
        '"""\nA sum of pixels is blind to the order of the frames, so both films have one mean frame.\n"""',
        "# A sum of pixels is blind to the order of the frames,\n# so both films have one mean frame.",
        "1. A sum of pixels is blind to the order of the frames (see above),\nso both have one mean frame.",
    ],
)
def test_a_written_answer_in_a_cell_of_code_waits_for_a_person(text: str, master: Assignment) -> None:
    notebook = json.loads(assignment.handed_in(master, {**RIGHT, "words": assignment.texts(master)["words"]}))
    notebook["cells"].append(cell("code", text))
    rebuilt = built(master, notebook)
    assert rebuilt.written["words"] == text
    (note,) = texts_of(rebuilt)
    assert "text was taken from cell 9 of the notebook" in note


@pytest.mark.parametrize(
    "text",
    [
        "# try it",
        "x = mean_frame(clip)\n# the mean of all the frames of a film, which is one frame, and grey at last",
        "for frame in clip\n    print(all, the, words, of, this, line, are, code, although, it, is, broken)",
        "# pip\n%pip install one two three four five six seven eight nine ten eleven twelve thirteen",
    ],
)
def test_code_is_no_written_answer(text: str, master: Assignment) -> None:
    released = assignment.texts(master)["words"]
    notebook = json.loads(assignment.handed_in(master, {**RIGHT, "words": released}))
    notebook["cells"].append(cell("code", text))
    assert built(master, notebook).written["words"] == released


def test_text_beside_a_written_answer_changes_nothing(master: Assignment) -> None:
    notebook = raw(master)
    notebook["cells"].append(cell("markdown", "## Notes to myself, long enough to be an answer"))
    assert whole(built(master, notebook))


def test_an_empty_notebook_has_no_written_answer(master: Assignment) -> None:
    notebook = json.loads(assignment.handed_in(master, {}))
    for stripped in (notebook, strip(notebook, "id", "metadata")):
        rebuilt = built(master, stripped)
        assert rebuilt.written["words"] == assignment.texts(master)["words"]


@pytest.mark.parametrize("kind", ["a new cell below", "the test's cell"])
def test_an_answer_outside_the_marked_cell_is_pointed_at(master: Assignment, kind: str) -> None:
    notebook = json.loads(
        assignment.handed_in(master, {**RIGHT, "task-2": assignment.texts(master)["task-2"]})
    )
    if kind == "a new cell below":
        notebook["cells"].append(cell("code", RIGHT["task-2"]))
        place = 9
    else:
        cell_of(notebook, "test-2")["source"] = RIGHT["task-2"] + "\nassert output_size(5, 3) == 3"
        place = 7
    (note,) = texts_of(built(master, notebook))
    assert note == (
        "the marked cell task-2 is as it was handed out, but output_size is defined in cell "
        f"{place} of the notebook, which is not graded: move it into the marked cell"
    )


def test_a_function_below_a_marked_cell_with_something_else_is_pointed_at(master: Assignment) -> None:
    notebook = json.loads(assignment.handed_in(master, {**RIGHT, "task-2": "ONE = 1"}))
    notebook["cells"].append(cell("code", RIGHT["task-2"]))
    (note,) = texts_of(built(master, notebook))
    assert note == (
        "the marked cell task-2 does not define output_size, but it is defined in cell 9 of the notebook, "
        "which is not graded: move it into the marked cell"
    )


def test_a_helper_outside_the_marked_cell_is_pointed_at(master: Assignment) -> None:
    texts = {**RIGHT, "task-1": "def mean_frame(clip):\n    return helper(np.asarray(clip))\n"}
    notebook = json.loads(assignment.handed_in(master, texts))
    notebook["cells"].insert(0, cell("code", "import numpy as np\n\ndef helper(x):\n    return x.mean(0)\n"))
    rebuilt = built(master, notebook)
    assert texts_of(rebuilt) == tuple(
        f"the marked cell task-1 uses {name}, defined in cell 1 of the notebook, which is not graded: "
        "move it into the marked cell"
        for name in ("helper", "np")
    )


def test_what_a_function_calls_its_own_is_not_taken_from_another_cell(master: Assignment) -> None:
    """Parameters, variables, comprehensions and imports inside; each is also bound in a cell beside it."""
    own = """def mean_frame(clip, weight=1):
    import math
    total, *rest = [frame for frame in clip]
    for frame in rest:
        total = total + frame
    def scaled(x):
        nonlocal total
        return math.floor(x) * weight + total
    return (lambda part: part)(total) / len(clip)
"""
    notebook = json.loads(assignment.handed_in(master, {**RIGHT, "task-1": own}))
    loose = (
        "clip = weight = math = total = rest = frame = x = part = 1\nscaled = size = kernel = stride = 2\n"
    )
    notebook["cells"].insert(0, cell("code", loose))
    assert texts_of(built(master, notebook)) == ()
    free = own.replace("return math", "return clip_of[0] + math").replace("weight=1", "weight=default")
    cell_of(notebook, "task-1")["source"] = free
    notebook["cells"][0]["source"] += "clip_of = default = 3\n"
    assert [text.split(", ")[0] for text in texts_of(built(master, notebook))] == [
        f"the marked cell task-1 uses {name}" for name in ("clip_of", "default")
    ]


def test_a_text_whose_links_were_published_elsewhere_is_no_answer(tmp_path: Path) -> None:
    """`make publish` changes the links of the first cell; it once counted as the answer of an empty file."""
    cells = assignment.cells()
    cells[0].source += " [Colab](https://colab.example/github/OWNER/REPO/blob/main/tiny.ipynb)"
    master = assignment.write(tmp_path, made=cells)
    empty = assignment.handed_in(master, {}).replace(b"OWNER/REPO/blob/main", b"school/videos/blob/term")
    rebuilt = built(master, empty)
    assert (rebuilt.written, rebuilt.notes) == (
        {"words": assignment.texts(master)["words"]},
        (),
    )


def test_the_notebook_of_another_assignment_is_not_graded_as_this_one(master: Assignment) -> None:
    """All assignments have a cell task-1 and a written answer."""
    text = assignment.handed_in(master).decode().replace("mean_frame", "read").replace("output_size", "probe")
    assert built(master, text.encode()).reason == (
        "no cell of this notebook uses mean_frame, output_size, which this assignment asks for: "
        "is it the right file?"
    )
    notebook = json.loads(text)
    notebook["cells"] += [
        cell("markdown", "An output_size (in pixels)"),
        cell("code", "layer.output_size(3)"),
    ]
    assert built(master, notebook).reason, "a word in a text, and a method of that name, are in any notebook"
    notebook["cells"].append(cell("code", "print(output_size (3, 2))"))
    assert not built(master, notebook).reason


def test_marks_count_before_functions(master: Assignment) -> None:
    notebook = raw(master)
    notebook["cells"].insert(
        0, {"cell_type": "code", "source": "def mean_frame(clip): return None", "metadata": {}}
    )
    assert whole(built(master, notebook))
    markdown = {"cell_type": "markdown", "source": RIGHT["task-1"], "metadata": {}}
    cell_of(notebook, "task-1")["metadata"] = {}
    for cell in notebook["cells"]:
        cell.pop("id", None)
    notebook["cells"].append(markdown)
    rebuilt = built(master, notebook)  # the last one is the one that a kernel would have kept
    assert (
        rebuilt.solutions["task-1"].endswith(RIGHT["task-1"])
        and rebuilt.solutions["task-2"] == MINE["task-2"]
    )


def copied(notebook: dict[str, Any], grade_id: str, source: str, before: bool) -> dict[str, Any]:
    """With a copy of a cell that says something else, before or after it."""
    at = notebook["cells"].index(cell_of(notebook, grade_id))
    copy = {**notebook["cells"][at], "source": source, "id": "copy"}
    notebook["cells"].insert(at if before else at + 1, copy)
    return notebook


@pytest.mark.parametrize("before", [True, False])
def test_copies_of_a_cell_run_one_after_the_other(before: bool, master: Assignment) -> None:
    rebuilt = built(master, copied(raw(master), "task-1", "x = 1", before))
    order = ["x = 1", RIGHT["task-1"]] if before else [RIGHT["task-1"], "x = 1"]
    assert rebuilt.solutions["task-1"] == "\n\n".join(order)
    assert texts_of(rebuilt) == ("the cell task-1 is there 2 times: they are taken one after the other",)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("other", ["released", "broken", "", "  \n", "null"])
def test_copies_that_say_nothing_are_left_out(before: bool, other: str, master: Assignment) -> None:
    source = {"released": assignment.texts(master)["task-1"], "broken": "def f(:", "null": "x = '\0'"}.get(
        other, other
    )
    assert whole(built(master, copied(raw(master), "task-1", source, before)))


def test_a_copy_with_a_line_for_ipython_is_no_broken_one(master: Assignment) -> None:
    notebook = raw(master)
    cell_of(notebook, "task-1")["source"] = f"%matplotlib inline\n{RIGHT['task-1']}"
    rebuilt = built(master, copied(notebook, "task-1", "y = 2", False))
    assert RIGHT["task-1"] in rebuilt.solutions["task-1"] and "y = 2" in rebuilt.solutions["task-1"]


def test_a_written_answer_in_two_parts_is_taken_whole(master: Assignment) -> None:
    rebuilt = built(master, copied(raw(master), "words", "And (more", False))
    assert rebuilt.written["words"] == f"{RIGHT['words']}\n\nAnd (more"


def test_one_broken_cell_is_graded_as_it_is(master: Assignment) -> None:
    notebook = raw(master)
    cell_of(notebook, "task-1")["source"] = "def mean_frame(:"
    rebuilt = built(master, notebook)
    assert rebuilt.solutions == {"task-1": "def mean_frame(:", "task-2": MINE["task-2"]}


def test_a_missing_cell_is_the_releases_and_noted(master: Assignment) -> None:
    notebook = raw(master)
    notebook["cells"].remove(cell_of(notebook, "task-1"))
    rebuilt = built(master, notebook)
    assert rebuilt.solutions == {"task-1": assignment.texts(master)["task-1"], "task-2": MINE["task-2"]}
    assert texts_of(rebuilt) == ("the cell task-1 is missing",)


def test_an_emptied_cell_is_the_releases(master: Assignment) -> None:
    notebook = raw(master)
    cell_of(notebook, "task-1")["source"] = " \n"
    assert built(master, notebook).solutions["task-1"] == assignment.texts(master)["task-1"]


@pytest.mark.parametrize("kind", ["markdown", "raw", "heading", 7, None])
def test_the_order_and_the_kind_of_cells_do_not_matter(kind: Any, master: Assignment) -> None:
    notebook = raw(master)
    notebook["cells"].reverse()
    cell_of(notebook, "task-1")["cell_type"] = kind
    assert whole(built(master, notebook))


def test_source_may_be_a_list_of_lines(master: Assignment) -> None:
    notebook = raw(master)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    assert whole(built(master, notebook))


@pytest.mark.parametrize("version", [3, 4, 5, 99, "4", None, -1])
def test_any_version_is_read_for_what_is_in_it(version: Any, master: Assignment) -> None:
    assert whole(built(master, {**raw(master), "nbformat": version, "nbformat_minor": 99}))
    assert whole(built(master, {"cells": raw(master)["cells"]}))


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "python3"}}, {"kernelspec": {"name": "weird", "language": "python"}}, None,
        {"language_info": {"name": "ipython3python"}}, {"kernelspec": None, "language_info": {"name": 3}}, 3,
        {},
    ],
)  # fmt: skip
def test_pythons_kernels_and_no_kernel_are_python(metadata: Any, master: Assignment) -> None:
    assert whole(built(master, {**raw(master), "metadata": metadata}))


@pytest.mark.parametrize("language", ["R", "julia", "\ud800", "x" * 1_000])
def test_other_kernels_are_named(language: str, master: Assignment) -> None:
    for metadata in ({"language_info": {"name": language}}, {"kernelspec": {"language": language}}):
        reason = built(master, {**raw(master), "metadata": metadata}).reason
        assert reason.startswith("the notebook's kernel is of ") and reason.endswith(", not of Python")
        assert len(reason) < 100 and reason.encode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b" \n\t", "the file is empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "the file is a web page, no notebook: download"),
        (b"\n<html>", "the file is a web page"),
        (b"%PDF-1.4\n%\xe2\xe3", "the file is a PDF, no notebook: hand in"),
        (b"PK\3\4\xff\xfe", "the file is a zip, no notebook: unpack it"),
        (b'{"cells": [{"source": "def', "the file is no notebook (Unterminated string"),
        (b"[" * 100_000, "the file is no notebook (maximum recursion depth"),
        (b'{"a":' * 100_000, "the file is no notebook (maximum recursion depth"),
        (b"\xff\xfe{", "the file is no notebook, because it holds no text: hand in"),
        (b"\x80abc", "the file is no notebook, because it holds no text: hand in"),
        (b"abc", "the file is no notebook (Expecting value"),
        (b"[]", "the file is no notebook: save it"), (b"3", "the file is no notebook: save it"),
        (b"null", "the file is no notebook: save it"), (b'"cells"', "the file is no notebook: save it"),
        (b"{}", "the notebook has no cells"), (b'{"cells": []}', "the notebook has no cells"),
        (b'{"cells": {}}', "the notebook has no cells"),
        (b'{"cells": [1, null, []]}', "the notebook has no cells"),
        (b'{"worksheets": [1, {"cells": 2}]}', "the notebook has no cells"),
        (b'{"cells": [{}]}', "none of the assignment's cells is in this notebook: is it the right file?"),
        (b'{"cells": [' + b"{}," * 5_000 + b"{}]}", "the notebook has more than 5,000 cells"),
        (b" " * (NOTEBOOK + 1), "the notebook is larger than 20 MB: clear its outputs"),
    ],
    ids=range(24),
)  # fmt: skip
def test_what_is_no_notebook_gets_a_reason_that_students_understand(
    data: bytes, says: str, master: Assignment
) -> None:
    rebuilt = built(master, data)
    assert rebuilt.reason.startswith(says) and (rebuilt.solutions, rebuilt.written) == ({}, {})
    if "no notebook" in rebuilt.reason:
        assert rebuilt.reason.endswith(("hand in the .ipynb file itself", "hand in that"))


def test_encodings_of_editors_are_read(master: Assignment, good: bytes) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert whole(built(master, good.decode().encode(encoding)))


def test_numbers_that_json_does_not_know_or_that_are_endless_do_not_matter(master: Assignment) -> None:
    data = json.dumps({**raw(master), "a": float("nan"), "b": float("-inf")}).encode()
    start = time.monotonic()
    assert whole(built(master, data[:-1] + b', "c": ' + b"9" * 5_000_000 + b"}"))
    assert time.monotonic() - start < 5


def test_surrogates_come_out_as_text_that_can_be_written(master: Assignment) -> None:
    notebook = raw(master)
    cell_of(notebook, "task-1")["source"] = "x = '\ud800'"
    cell_of(notebook, "words")["source"] = ["a", "\udfff"]
    rebuilt = built(master, notebook)
    assert rebuilt.solutions["task-1"].encode() == b"x = '?'" and rebuilt.written["words"].encode() == b"a?"


def test_a_cell_too_long_is_not_graded_nor_parsed(master: Assignment) -> None:
    notebook = raw(master)
    cell_of(notebook, "task-1")["source"] = "x = [" + "1," * 1_000_000 + "]"
    start = time.monotonic()
    rebuilt = built(master, copied(notebook, "task-1", "y = [" + "1," * 1_000_000 + "]", True))
    assert time.monotonic() - start < 1
    assert rebuilt.solutions == {"task-1": assignment.texts(master)["task-1"], "task-2": MINE["task-2"]}
    assert texts_of(rebuilt) == ("the cell task-1 is longer than 200,000 characters and is not graded",)


@pytest.mark.parametrize(
    "part",
    ["a" + ".b" * 40_000, "-" * 20_000 + "1", "x" + "[0]" * 900, "1," * 90_000],
    ids=["attributes", "minus", "places", "list"],
)
def test_a_cell_that_is_hard_to_look_into_is_taken_as_it_is(part: str, master: Assignment) -> None:
    notebook = raw(master)
    text = f"{RIGHT['task-1']}\ny = {part}\n"
    cell_of(notebook, "task-1")["source"] = text
    start = time.monotonic()
    assert built(master, notebook).solutions["task-1"] == text
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "deep", ["(" * 90_000, "-" * 90_000 + "1", "a" + ".b" * 40_000, "not " * 20_000 + "1", "!\n" * 40_000]
)
def test_copies_that_are_hard_to_parse_end_as_text(deep: str, master: Assignment) -> None:
    start = time.monotonic()
    assert whole(built(master, copied(raw(master), "task-1", deep, True)))
    assert time.monotonic() - start < 10


names_of_cells = st.sampled_from(
    ["cells", "metadata", "nbgrader", "grade_id", "id", "source", "input", "cell_type", "worksheets",
     "kernelspec", "language", "language_info", "name"]
)  # fmt: skip
values = st.sampled_from(
    [
        "task-1",
        "task-2",
        "words",
        "test-1",
        "one",
        "two",
        "code",
        "markdown",
        "def mean_frame(x): pass",
        "python",
        "R",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5) | values,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names_of_cells | values, inner, max_size=5),
    max_leaves=30,
)
cell_like = st.fixed_dictionaries(
    {},
    optional={
        "id": values | anything,
        "cell_type": values | anything,
        "source": values | st.lists(values | anything, max_size=3) | anything,
        "metadata": anything
        | st.fixed_dictionaries({"nbgrader": st.fixed_dictionaries({"grade_id": values}) | anything}),
    },
)
notebooks = st.fixed_dictionaries(
    {"cells": st.lists(cell_like | anything, max_size=5)}, optional={"metadata": anything}
)


@given(content=anything | notebooks)
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_notebook_holds_there_are_texts_or_a_reason(content: Any, master: Assignment) -> None:
    rebuilt = built(master, content)
    assert rebuilt == built(master, content)
    if rebuilt.reason:
        assert (rebuilt.solutions, rebuilt.written) == ({}, {})
    else:
        assert rebuilt.solutions.keys() == MINE.keys() and rebuilt.written.keys() == {"words"}
    for text in (*rebuilt.solutions.values(), *rebuilt.written.values(), rebuilt.reason, *texts_of(rebuilt)):
        assert isinstance(text, str) and text.encode() is not None


@given(data=st.binary(max_size=40))
@settings(deadline=None)
def test_any_bytes_are_read_or_get_a_reason(data: bytes, master: Assignment) -> None:
    assert built(master, data).reason


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
@settings(deadline=None)
def test_a_text_arrives_as_it_was_written(text: str, master: Assignment) -> None:
    notebook = raw(master)
    for grade_id in ("task-2", "words"):
        cell_of(notebook, grade_id)["source"] = text
    rebuilt = built(master, notebook)
    assert (rebuilt.solutions["task-2"], rebuilt.written["words"]) == (text, text)
