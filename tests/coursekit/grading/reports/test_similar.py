"""Submissions that are unusually alike: no disguise hides a copy, and independent work is not listed."""

import csv
import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell
from support import assignment

from coursekit.grading._worker import Record
from coursekit.grading.release import stubs
from coursekit.grading.reports import _tokens, similar

from .conftest import EVIL, check_page
from .solutions import disguised, solution

STUBS = {
    "task-1": "def output_size(size, kernel, stride=1, padding=(0, 0), dilation=1):\n",
    "task-2": "def conv3d(clip, kernels, stride=(1, 1, 1), causal=False):\n",
    "task-3": "def motion_kernel():\n",
}
OWN = 10**6  # the seed of the model solution


@pytest.fixture(scope="module")
def conv(tmp_path_factory):
    """An assignment with three tasks and a written answer, and what students get of it."""
    model = solution(OWN)
    cells = [new_markdown_cell("# Like conv3d", id="title")]
    for name, head in STUBS.items():
        body = model[name].split(head)[1]
        text = f"{head}    ### BEGIN SOLUTION\n{body}    ### END SOLUTION\n"
        about = {"grade_id": name, "solution": True, "grade": False, "locked": False, "schema_version": 3}
        cells.append(
            new_code_cell(text, id=name, metadata={"nbgrader": {**about, "cell_type": "code", "task": False}})
        )
    cells.append(next(cell for cell in assignment.cells() if cell.id == "two-test"))
    words = next(cell for cell in assignment.cells() if cell.id == "three")
    words.metadata["nbgrader"]["grade_id"] = "written"
    cells.append(words)
    master = assignment.write(tmp_path_factory.mktemp("masters"), "conv", cells)
    return master, stubs(master)


def record(name, texts):
    return Record(name, "", "", "", (), texts=texts)


def group(number, seed=0):
    """So many students who have worked independently."""
    return [record(f"s{place:03}", solution(f"{seed}-{place}")) for place in range(number)]


def students(found):
    return [pair.students for pair in found.pairs]


@pytest.mark.parametrize("number", [0, 1, 2, 3, 10])
def test_independent_work_is_not_listed(conv, number):
    for seed in range(10):
        made = group(number, seed)
        assert students(similar.in_code(made, *conv)) == []
        assert students(similar.in_words(made, *conv)) == []


def test_of_the_pairs_of_a_whole_class_hardly_one_is_listed_by_chance(conv):
    classes = [group(30, seed) for seed in range(6)]
    by_chance = [pair.likeness for made in classes for pair in similar.in_code(made, *conv).pairs]
    assert len(by_chance) <= 6 and max(by_chance, default=0) < 0.8  # of 6 x 435 pairs
    assert all(students(similar.in_words(made, *conv)) == [] for made in classes)


@pytest.mark.parametrize("number", [3, 10, 30, 100])
def test_a_disguised_copy_is_listed_first_whatever_the_size_of_the_class(conv, number):
    for seed in range(3):
        made = group(number, seed)
        made.append(record("copy", disguised(made[1].texts, seed)))
        code, words = similar.in_code(made, *conv), similar.in_words(made, *conv)
        assert students(code)[0] == students(words)[0] == ("s001", "copy")
        assert code.pairs[0].likeness == pytest.approx(1) and code.pairs[0].tokens > 100


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_names_comments_layout_and_order_make_no_difference(one, other):
    cells = solution(one)
    copy = disguised(cells, other)

    def runs(texts):
        tokens = [[token.text for token in _tokens.of_code(texts[name])] for name in STUBS]
        return {
            tuple(part[i : i + similar.CODE]) for part in tokens for i in range(len(part) - similar.CODE + 1)
        }

    assert runs(cells) == runs(copy)
    words = [[token.text for token in _tokens.of_words(each["written"])] for each in (cells, copy)]
    assert words[0] == words[1]


def test_a_copy_of_half_the_work_within_a_class_is_seen_where_it_is_most_of_the_shorter_one(conv):
    made = group(30)
    made.append(
        record("short", {"task-2": disguised(made[4].texts, 1)["task-2"], "task-1": "", "task-3": ""})
    )
    assert ("s004", "short") in students(similar.in_code(made, *conv))


def test_what_was_handed_out_and_the_model_solution_do_not_count(conv):
    model = {name: text for name, text in solution(OWN).items() if name != "written"}
    released = [record(f"r{n}", dict(conv[1])) for n in range(5)]
    made = [*group(20), *(record(f"m{n}", model) for n in range(5)), *released]
    found = similar.in_code(made, *conv)
    assert not {name for pair in students(found) for name in pair if name[0] in "mr"}
    assert found.compared == 20
    assert similar.in_words(made, *conv).compared == 20


def test_a_group_of_copies_is_one_cluster(conv):
    made = group(30)
    made += [record(f"copy{n}", disguised(made[7].texts, n)) for n in range(12)]
    found = similar.in_code(made, *conv)
    assert found.clusters[0] == tuple(sorted(["s007", *(f"copy{n}" for n in range(12))]))
    assert len(found.pairs) >= 13 * 12 / 2


def test_the_threshold_leaves_about_as_many_pairs_as_it_says():
    draw = np.random.default_rng(1)
    counts, expected = [], []
    for _ in range(20):
        values = np.clip(draw.normal(0.2, 0.15, (60, 60)), 0, 1)  # (n, n)
        limit = similar.threshold_of(values, 60)
        counts.append(int((values[np.triu_indices(60, 1)] > limit.value).sum()))
        expected.append(limit.expected)
    assert np.mean(expected) == pytest.approx(similar.EXPECTED, abs=0.05)
    assert np.mean(counts) == pytest.approx(similar.EXPECTED, abs=0.5)


def test_a_small_class_has_a_fixed_threshold_and_says_so(conv):
    made = group(3)
    found = similar.in_code(made, *conv)
    assert (found.threshold.value, found.threshold.expected) == (similar.BY_RULE, None)
    text = similar.page(found, similar.in_words(made, *conv), made, conv[0])
    assert "too small to say" in text and "No pair is unusually alike" in text


def test_the_page_marks_what_both_share_and_nothing_else(conv):
    made = group(30)
    made.append(
        record("copy", {**made[2].texts, "task-3": "def motion_kernel():\n    return None  # my own\n"})
    )
    code, words = similar.in_code(made, *conv), similar.in_words(made, *conv)
    text = similar.page(code, words, made, conv[0])
    check_page(text)
    pair = next(pair for pair in code.pairs if pair.students == ("s002", "copy"))
    for student, side in zip(pair.students, pair.passages, strict=True):
        texts = next(each.texts for each in made if each.student == student)
        for name, passages in side.items():
            assert all(0 <= begin < end <= len(texts[name]) for begin, end in passages)
            assert passages == sorted(passages)
        assert "task-3" not in side
    assert "my own" not in "".join(part.split("</mark>")[0] for part in text.split("<mark>")[1:])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_tokens_in_order_that_stand_where_they_say(text):
    for tokens in (_tokens.of_code(text), _tokens.of_words(text)):
        places = [place for token in tokens for place in (token.start, token.end)]
        assert places == sorted(places) and all(token.start < token.end <= len(text) for token in tokens)


@pytest.mark.parametrize(
    "text",
    ["(" * 10**6, "x = [" * 3000, "\x00def", "'''" + "a" * 50_000, "a." * 50_000, "if x:\n" * 99],
    ids=["brackets", "lists", "zero", "quotes", "dots", "blocks"],
)
def test_a_hostile_text_takes_no_time_and_raises_nothing(conv, text):
    begin = time.process_time()
    made = [*group(5), *(record(f"evil{n}", {"task-1": text, "written": text}) for n in range(3))]
    found, words = similar.in_code(made, *conv), similar.in_words(made, *conv)
    check_page(similar.page(found, words, made, conv[0]))
    assert time.process_time() - begin < 6  # s of this process, whatever else the machine does


def test_nothing_of_a_student_runs_in_the_page(conv):
    made = group(5)
    evil = solution(5)["task-2"].replace("return", f"{EVIL!r}; return")
    made += [record(f"{EVIL}{n}", {"task-2": evil + f"# {EVIL}"}) for n in range(2)]
    code, words = similar.in_code(made, *conv), similar.in_words(made, *conv)
    assert len(code.pairs) == 1
    check_page(similar.page(code, words, made, conv[0]))


def test_the_table_has_each_pair_with_the_size_of_its_evidence(conv):
    made = group(10)
    made.append(record("copy", disguised(made[1].texts, 3)))
    code, words = similar.in_code(made, *conv), similar.in_words(made, *conv)
    rows = list(csv.DictReader(io.StringIO(similar.table(code, words))))
    assert [(row["student"], row["other"], row["in"]) for row in rows] == [
        ("s001", "copy", "code"), ("s001", "copy", "written answers"),
    ]  # fmt: skip
    assert int(rows[0]["tokens shared"]) == code.pairs[0].tokens


@pytest.mark.slow
def test_three_hundred_students_take_a_few_seconds(conv):
    made = group(300)
    begin = time.process_time()
    similar.page(similar.in_code(made, *conv), similar.in_words(made, *conv), made, conv[0])
    assert time.process_time() - begin < 20
