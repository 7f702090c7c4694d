"""Lists submissions that are unusually alike, for a person to judge. It proves nothing by itself.

The measure is that of MOSS: Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document
Fingerprinting" (SIGMOD 2003). A text is cut into all runs of k tokens; two texts are alike as far as they
share runs. A class is small enough to keep all runs, so none is left out by winnowing. Names that a student
has chosen count as equal; comments, docstrings, imports and layout do not count; the order of functions and
the cell in which they stand do not matter.

Runs of the released notebook and of the model solution are left out, and those that many students have. Of
the others a rare one counts more: if d students have a run, another of n students has it with a chance of
about (d - 1) / (n - 1), and its weight is the logarithm of the inverse. The likeness of two submissions is
the weight of what they share, as a part of all that the shorter one has.

Which likeness is unusual, the class itself says: see `Threshold`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from scipy import sparse

from coursekit.grading._worker import Record
from coursekit.grading.assignment import Assignment
from coursekit.grading.reports import _tokens, html, tables, titles
from coursekit.grading.reports._tokens import Token

CODE, WORDS = 11, 5  # tokens of a run
LEAST = {CODE: 30, WORDS: 14}  # tokens that two submissions must share to be listed at all
COMMON = 10, 0.5  # a run that more students have, and more of the class, is common knowledge
CLASS = 20  # students of a class whose distribution says something
FLOOR, CEILING = 0.6, 0.8  # likeness below which no pair is listed, and above which any pair may be
BY_RULE = 0.75  # the threshold of a smaller class
EXPECTED = 0.1  # pairs that would be above the threshold by chance
MOST = 40  # pairs shown with their texts
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd, for a hash of runs modulo 2**64


@dataclass(frozen=True)
class Threshold:
    """From which likeness on a pair is listed, and how many pairs are expected there by chance.

    Most pairs of a class have worked independently. Above the median, their likenesses fall off about as a
    normal distribution does. One high quantile gives its spread: the one above which 1.5 / n of the pairs of
    n students lie (at least 1 %), because as many copies as a class usually has do not move it much. The
    threshold is where `EXPECTED` pairs of this distribution are left, between `FLOOR` and `CEILING`.

    Attributes:
        value: the likeness.
        expected: number of pairs above it by chance; None in a class that is too small to tell.
        median: of the likenesses of all pairs.
        pairs: number of pairs in the class.
    """

    value: float
    expected: float | None
    median: float
    pairs: int


@dataclass(frozen=True)
class Pair:
    """Two submissions that are unusually alike.

    Attributes:
        students: the keys of both.
        likeness: from 0 to 1.
        tokens: number of tokens (of words, in answers) in the passages that they share: the size of the
            evidence.
        passages: what is shared in each cell of each of the two, by grade_id: (begin, end) in its text.
    """

    students: tuple[str, str]
    likeness: float
    tokens: int
    passages: tuple[Mapping[str, Sequence[tuple[int, int]]], Mapping[str, Sequence[tuple[int, int]]]]


@dataclass(frozen=True)
class Likeness:
    """The pairs that are unusually alike in one kind of text, the most alike first.

    Attributes:
        pairs: that are listed.
        clusters: groups of students who are connected by pairs, the largest first.
        threshold: from which on they are listed.
        compared: number of students who have texts of their own.
    """

    pairs: tuple[Pair, ...]
    clusters: tuple[tuple[str, ...], ...]
    threshold: Threshold
    compared: int


def in_code(records: Iterable[Record], assignment: Assignment, release: Mapping[str, str]) -> Likeness:
    """Find submissions whose code is unusually alike.

    Args:
        records: of all submissions.
        assignment: the assignment, with its model solution.
        release: the text of each cell as students got it, by grade_id.
    """
    return _find(records, assignment, release, "solution", _tokens.of_code, CODE)


def in_words(records: Iterable[Record], assignment: Assignment, release: Mapping[str, str]) -> Likeness:
    """Find submissions whose written answers are unusually alike; arguments as in `in_code`."""
    return _find(records, assignment, release, "written", _tokens.of_words, WORDS)


@dataclass(frozen=True)
class _Runs:
    """The runs of one student's cells: their hashes, and where each begins."""

    tokens: Mapping[str, list[Token]]
    hashes: Mapping[str, np.ndarray]  # by grade_id: uint64 (number of runs,)

    def all(self) -> np.ndarray:
        """The different hashes: uint64 (R,)."""
        return np.unique(np.concatenate([*self.hashes.values(), np.empty(0, np.uint64)]))


def _find(
    records: Iterable[Record],
    assignment: Assignment,
    release: Mapping[str, str],
    kind: str,
    split: Callable[[str], list[Token]],
    length: int,
) -> Likeness:
    given = [cell for cell in assignment.cells if cell.kind == kind]
    vocabulary: dict[str, int] = {}

    def runs(texts: Mapping[str, str]) -> _Runs:
        tokens = {name: split(text) for name, text in texts.items()}
        return _Runs(tokens, {name: _hashes(part, length, vocabulary) for name, part in tokens.items()})

    names = [cell.grade_id for cell in given]
    known = [runs({cell.grade_id: cell.source for cell in given}).all()]
    known += [runs({name: release.get(name, "") for name in names}).all()]
    known += [runs({f"{place}": cell.source}).all() for place, cell in enumerate(assignment.setup)]
    ignored = np.unique(np.concatenate(known))
    students, found = [], []
    for record in records:
        students.append(record.student)
        found.append(runs({name: record.texts[name] for name in names if name in record.texts}))
    sets = [np.setdiff1d(each.all(), ignored, assume_unique=True) for each in found]
    shares, counts, rare = _compare(sets)
    threshold = threshold_of(shares, sum(len(each) > 0 for each in sets))
    pairs = []
    for i, j in zip(*np.nonzero(np.triu(shares >= threshold.value, 1) & (counts > 0)), strict=True):
        common = np.intersect1d(np.intersect1d(sets[i], sets[j]), rare)
        sides = tuple(_passages(found[place], common, length) for place in (i, j))
        size = min(tokens for _, tokens in sides)
        if size >= LEAST[length]:
            both = (sides[0][0], sides[1][0])
            pairs.append(Pair((students[i], students[j]), float(shares[i, j]), size, both))
    pairs.sort(key=lambda pair: (-pair.likeness, -pair.tokens, pair.students))
    return Likeness(tuple(pairs), _clusters(pairs), threshold, sum(len(each) > 0 for each in sets))


def _hashes(tokens: Sequence[Token], length: int, vocabulary: dict[str, int]) -> np.ndarray:
    """A hash of each run of so many tokens: uint64 (number of runs,)."""
    if len(tokens) < length:
        return np.empty(0, np.uint64)
    numbers = np.array(
        [vocabulary.setdefault(token.text, len(vocabulary) + 1) for token in tokens], np.uint64
    )  # (tokens,)
    powers = np.array([pow(int(_FACTOR), place, 1 << 64) for place in range(length)], np.uint64)  # (length,)
    mixed = numbers * _FACTOR ^ (numbers << np.uint64(29))  # (tokens,)
    windows = np.lib.stride_tricks.sliding_window_view(mixed, length)  # (runs, length)
    hashes: np.ndarray = (windows * powers).sum(axis=1, dtype=np.uint64)  # (runs,)
    return hashes


def _compare(sets: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare every student with every other.

    Args:
        sets: the different hashes of each of n students, sorted: uint64.

    Returns:
        The likeness and the number of shared runs, (n, n) each, and the runs that are not common knowledge.
    """
    number = len(sets)
    everything, column = np.unique(np.concatenate([*sets, np.empty(0, np.uint64)]), return_inverse=True)
    row = np.repeat(np.arange(number), [len(each) for each in sets])
    shape = number, len(everything)
    there = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)  # (n, runs)
    have = np.asarray(there.sum(axis=0)).ravel()  # (runs,): number of students who have it
    common = have > max(COMMON[0], COMMON[1] * number)
    weight = np.log2(max(number - 1, CLASS - 1) / np.maximum(have - 1, 1))  # (runs,)
    weight[common] = 0.0
    weighted = there @ sparse.diags(weight)  # (n, runs)
    shared = (weighted @ there.T).toarray()  # (n, n)
    counts = (there @ sparse.diags(1.0 - common) @ there.T).toarray()  # (n, n)
    whole = np.diag(shared)  # (n,)
    smaller = np.minimum(whole[:, None], whole[None, :])  # (n, n)
    shares = np.divide(shared, smaller, out=np.zeros_like(shared), where=smaller > 0)
    return shares, counts, everything[~common]


def threshold_of(shares: np.ndarray, students: int) -> Threshold:
    """The threshold of a class.

    Args:
        shares: the likeness of every student with every other, (n, n).
        students: number of those who have texts of their own.
    """
    values = shares[np.triu_indices(len(shares), 1)]  # (pairs,)
    if students < CLASS:
        return Threshold(BY_RULE, None, float(np.median(values)) if len(values) else 0.0, len(values))
    upper = 1 - max(0.01, 1.5 / students)
    middle, high = np.quantile(values, (0.5, upper))
    spread = max((high - middle) / NormalDist().inv_cdf(upper), 1e-3)
    chance = NormalDist(float(middle), float(spread))
    wanted = chance.inv_cdf(1 - min(0.5, EXPECTED / len(values)))
    value = min(CEILING, max(FLOOR, wanted))
    return Threshold(value, len(values) * (1 - chance.cdf(value)), float(middle), len(values))


def _passages(runs: _Runs, common: np.ndarray, length: int) -> tuple[dict[str, list[tuple[int, int]]], int]:
    """The passages of a student's cells that are among common runs, and the number of their tokens."""
    found, size = {}, 0
    for name, hashes in runs.hashes.items():
        starts = [int(start) for start in np.nonzero(np.isin(hashes, common))[0]]
        if starts:
            found[name] = _tokens.covered(runs.tokens[name], starts, length)
            size += len({place for start in starts for place in range(start, start + length)})
    return found, size


def _clusters(pairs: Iterable[Pair]) -> tuple[tuple[str, ...], ...]:
    """Groups of students who are connected by pairs, the largest first."""
    group: dict[str, set[str]] = {}
    for pair in pairs:
        joined = set().union(*(group.get(student, {student}) for student in pair.students))
        group.update(dict.fromkeys(joined, joined))
    different = {tuple(sorted(each)) for each in group.values()}
    return tuple(sorted(different, key=lambda each: (-len(each), each)))


# ---------------------------------------------------------------- for people


def table(code: Likeness, words: Likeness) -> str:
    """Make the pairs as CSV."""
    rows = [
        (*pair.students, kind, round(pair.likeness, 3), pair.tokens)
        for kind, found in (("code", code), ("written answers", words))
        for pair in found.pairs
    ]
    return tables.text(("student", "other", "in", "likeness", "tokens shared"), rows, keys=2)


STYLE = """
.pair { border-top: 2px solid var(--line); margin-top: 1.5rem; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } .sides > div { min-width: 0; }
@media (max-width: 40rem) { .sides { grid-template-columns: 1fr; } }
@media print { mark { text-decoration: underline; } }
"""


def page(code: Likeness, words: Likeness, records: Iterable[Record], assignment: Assignment) -> str:
    """Make the list as HTML: pairs, groups, and both texts side by side with what they share marked.

    Args:
        code: what `in_code` found.
        words: what `in_words` found.
        records: of all submissions, for their texts.
        assignment: the assignment.
    """
    texts = {record.student: record.texts for record in records}
    about = (
        "This list is for a person to judge. It does not say who wrote a text first, or why two are alike. "
        "Students may have worked together where that is allowed, or used the same source. Names of "
        "variables, comments, layout and the order of functions make no difference. What stands in the "
        "released notebook, in the model solution, or in many submissions does not count."
    )
    parts: list[object] = [html.tag("p", about)]
    for heading, found, unit, anchor in (
        ("Code", code, "tokens", "code"), ("Written answers", words, "words", "words"),
    ):  # fmt: skip
        parts += [html.tag("h2", heading), html.tag("p", _explained(found, unit))]
        parts += _listed(found, unit, anchor)
        parts += [
            _shown(pair, texts, assignment, unit, f"{anchor}-{place}")
            for place, pair in enumerate(found.pairs[:MOST], start=1)
        ]
    return html.page(f"Unusually alike: {titles.of_assignment(assignment)}", *parts, style=STYLE)


def _explained(found: Likeness, unit: str) -> str:
    """What is listed, and how many pairs are expected by chance."""
    limit = found.threshold
    least = LEAST[CODE if unit == "tokens" else WORDS]
    text = (
        f"{html.count(found.compared, 'submission')} with texts of their own make "
        f"{html.count(limit.pairs, 'pair')}. The median likeness of a pair is {limit.median:.0%}. Pairs are "
        f"listed from {limit.value:.0%} on, if they share at least {least} {unit}."
    )
    if limit.expected is None:
        return f"{text} The class is too small to say how many such pairs come about by chance."
    return (
        f"{text} The distribution of the likeness in this class lets one expect about {limit.expected:.1f} "
        f"such pairs by chance. There {'is' if len(found.pairs) == 1 else 'are'} {len(found.pairs)}."
    )


def _listed(found: Likeness, unit: str, anchor: str) -> list[object]:
    """The table of pairs, and the groups."""
    if not found.pairs:
        return [html.tag("p", "No pair is unusually alike.")]
    rows = []
    for place, pair in enumerate(found.pairs, start=1):
        names = html.join(map(html.person, pair.students), " and ")
        label = html.tag("a", names, href=f"#{anchor}-{place}") if place <= MOST else names
        rows.append((label, f"{pair.likeness:.0%}", pair.tokens))
    head = "pair", "likeness", f"{unit} shared"
    caption = f"Pairs in {anchor}, the most alike first"
    parts: list[object] = [html.table(head, rows, caption, (1, 2), narrow=True)]
    groups = [group for group in found.clusters if len(group) > 2]
    if groups:
        items = (html.tag("li", html.join(map(html.person, group), ", ")) for group in groups)
        parts += [html.tag("p", "Groups that are connected by pairs:"), html.tag("ul", *items)]
    if len(found.pairs) > MOST:
        parts.append(html.tag("p", f"The texts of the first {MOST} pairs follow."))
    return parts


def _shown(
    pair: Pair, texts: Mapping[str, Mapping[str, str]], assignment: Assignment, unit: str, anchor: str
) -> html.Html:
    """Both texts of a pair side by side, cell by cell, with what they share marked."""
    names = [
        cell.grade_id for cell in assignment.cells if any(cell.grade_id in side for side in pair.passages)
    ]
    sides = []
    for student, passages in zip(pair.students, pair.passages, strict=True):
        cells: list[object] = []
        for name in names:
            text = texts[student].get(name, "")
            cells += [html.tag("h4", name), html.tag("pre", _marked(text, passages.get(name, ())))]
        sides.append(html.tag("div", html.tag("p", html.tag("strong", html.person(student))), *cells))
    heading = html.join(map(html.person, pair.students), " and ")
    return html.tag(
        "section",
        html.tag("h3", heading, id=anchor),
        html.tag("p", f"Likeness {pair.likeness:.0%}; {pair.tokens} {unit} shared, which are marked."),
        html.tag("div", *sides, class_="sides"),
        class_="pair",
    )


def _marked(text: str, passages: Sequence[tuple[int, int]]) -> html.Html:
    """A text with passages marked."""
    parts: list[object] = []
    at = 0
    for begin, end in passages:
        parts += [text[at:begin], html.tag("mark", text[begin:end])]
        at = end
    return html.join((*parts, text[at:]))
