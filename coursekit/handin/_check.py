"""The check before handing in: what is in a saved notebook, or what a kernel has run. It runs nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from coursekit.handin._code import defined, fault, still_raises
from coursekit.handin._handout import Cell, HandinError, Handout, handouts
from coursekit.handin._notebook import NOTEBOOK, cell_source, notebook_cells, too_large
from coursekit.handin._take import NOTEBOOK_PLACE, Note, Taken, named, take_cells

WHOLE, LOOK, UNREADABLE = 0, 1, 2  # exit codes
_EMPTY = "still empty, as it was handed out"
_IS_EMPTY = "{} is still empty."
_SAYS_EMPTY = "The marked cell {} is as it was handed out"  # but its function is defined elsewhere
_NOT_CHECKED = "Nothing was run: this says what is in the file, not whether it is right."


@dataclass
class Report:
    """What the check says. `code` is 0 (whole, nothing empty), 1 (something to look at) or 2 (unreadable)."""

    code: int = WHOLE
    text: str = ""


@dataclass
class _Findings:
    """The table's rows (cell, points, state), and sentences on what to look at, or only to know."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    know: list[str] = field(default_factory=list)


def check(file: str | Path | None = None) -> None:
    """Print what is in a notebook before you hand it in: which cells are filled in, empty or missing.

    Args:
        file: the saved notebook. Without it, the check looks at what this kernel has run, because a kernel
            on Colab cannot reach the notebook's file.

    Raises:
        HandinError: no kernel runs this and there is no file, or the package was not published.
    """
    print(examine(file, handouts()).text if file is not None else kernel(handouts()).text)


def examine(file: str | Path, given: Sequence[Handout]) -> Report:
    """Look at a saved notebook. Nothing in it is run.

    Args:
        file: the notebook's path.
        given: the assignments, one of which it may be.
    """
    path = Path(file).expanduser()
    cells, reason = _read(path)
    handout = _most_like(cells, given)
    if not reason and handout is None:
        titles = "; ".join(each.title for each in given)
        reason = f"the notebook is none of the assignments: is it the right file? They are: {titles}"
    taken = take_cells(cells, handout) if handout else Taken({}, {}, reason)
    if handout is None or taken.reason:
        what = "read" if not cells else "graded"
        return Report(UNREADABLE, f"{path.name} cannot be {what}: {reason or taken.reason}.")
    findings = _Findings()
    _about_the_name(path, handout, given, findings)
    for cell in handout.cells:
        _about_a_cell(cell, taken, findings)
    _about_notes(taken, handout, findings)
    if all(state == _EMPTY for _, _, state in findings.rows):
        empty = [_IS_EMPTY.format(name) for name in handout.wanted]
        findings.look = [line for line in findings.look if line not in empty]
        findings.look.insert(0, "Nothing of yours is in this file. It may not have been saved.")
    if set(taken.copies) <= set(taken.unmarked) and any(state == "missing" for _, _, state in findings.rows):
        findings.look.insert(0, "No marked cell of the assignment is in this notebook. Is it the right file?")
    about = path.stat()
    saved = datetime.fromtimestamp(about.st_mtime).strftime("%Y-%m-%d %H:%M")
    head = f"{path.name}: {_size(about.st_size)} of at most {NOTEBOOK >> 20} MB, last saved {saved}"
    return _report([head, handout.title], "what is in it", findings, _next_step(bool(findings.look)))


def _read(path: Path) -> tuple[list[dict[str, Any]], str]:
    """The cells of a file, or the reason why it cannot be read."""
    try:
        if path.is_dir():
            return [], "it is a folder: name the .ipynb file in it"
        if path.stat().st_size > NOTEBOOK:
            return [], too_large("the notebook", NOTEBOOK)
        return notebook_cells(path.read_bytes())
    except FileNotFoundError:
        return [], f"there is no such file in {path.parent.resolve()}"
    except OSError as error:
        return [], f"it cannot be read ({error.strerror})"


def _most_like(cells: list[dict[str, Any]], given: Iterable[Handout]) -> Handout | None:
    """The assignment of which a notebook names most functions; None if it names none of any."""

    def likeness(handout: Handout) -> float:
        return len(named(cells, handout.functions)) / max(1, len(handout.functions))

    best = max(given, key=likeness, default=None)
    return best if best and likeness(best) else None


def _about_the_name(path: Path, handout: Handout, given: Iterable[Handout], findings: _Findings) -> None:
    """What the name of the file gives reason to look at."""
    if path.stem.endswith("-checkpoint") or ".ipynb_checkpoints" in path.parts:
        findings.look.append(
            "This is the copy that Jupyter keeps as a checkpoint. It may be older than your notebook. Hand "
            f"in {path.stem.removesuffix('-checkpoint')}.ipynb from the folder above it."
        )
    if path.suffix.lower() != ".ipynb":
        findings.look.append(f"The name of the file must end in .ipynb: rename it to {handout.name}.ipynb.")
    others = [each for each in given if each != handout and path.name.lower().startswith(each.name.lower())]
    if others and not path.name.lower().startswith(handout.name.lower()):
        findings.look.append(
            f"The name of the file is that of {others[0].title!r}, but the cells are those of "
            f"{handout.title!r}. Is it the right file?"
        )


def _about_a_cell(cell: Cell, taken: Taken, findings: _Findings) -> None:
    """The row of a cell, and what to do about it."""
    if cell.kind == "written":
        state, advice = _state_of_answer(cell, taken)
    else:
        state, advice = _state_of_code(cell, taken)
    findings.rows.append((cell.grade_id, f"{cell.points:g}", state))
    if advice:
        findings.look.append(advice)


def _state_of_answer(cell: Cell, taken: Taken) -> tuple[str, str]:
    if cell.grade_id not in taken.copies:
        return "missing", (
            f"The cell {cell.grade_id} is missing. Write the answer into a new text cell, or copy the cell "
            "from a new copy of the assignment."
        )
    old = {line.strip() for line in cell.source.split("\n")}
    lines = taken.written[cell.grade_id].split("\n")
    words = sum(len(line.split()) for line in lines if line.strip() not in old)
    if not words:
        return _EMPTY, _IS_EMPTY.format(cell.grade_id)
    return f"filled in, {words} word{'s' if words > 1 else ''}", ""


def _state_of_code(cell: Cell, taken: Taken) -> tuple[str, str]:
    name, text = cell.grade_id, taken.solutions[cell.grade_id]
    copies = taken.copies.get(name, ())
    if not copies:
        functions = ", ".join(defined(cell.source))
        return "missing", (
            f"The cell {name} is missing. Copy it from a new copy of the assignment, or define {functions} "
            "in one cell."
        )
    for copy in copies:
        if copy.text.strip() and (error := fault(copy.text)):
            return f"does not run: {error}", (
                f"{name} ({NOTEBOOK_PLACE.format(copy.place)}) has a syntax error in {error}. Such a cell "
                "gets no points."
            )
    if text.split() == cell.source.split():
        return _EMPTY, _IS_EMPTY.format(name)
    if line := still_raises(text, cell.source):
        return f"still has {line}", f"{name} still has the line {line}. Write your code in its place."
    lost = [function for function in defined(cell.source) if function not in defined(text)]
    if lost:
        return f"does not define {lost[0]}", (
            f"{name} does not define {lost[0]} any more. The hidden checks call it by this name."
        )
    return "filled in", ""


def _about_notes(taken: Taken, handout: Handout, findings: _Findings) -> None:
    """What the grader would note, in sentences; a missing cell has its row already."""
    lost = [name for name in taken.unmarked if handout.wanted[name].kind == "solution"]
    if lost:
        findings.know.append(
            f"The marks of {', '.join(lost)} are lost. The grader finds these cells by the "
            "functions that they define, so this costs nothing."
        )
    own = {f"the cell {name} is missing" for name in handout.wanted}
    own |= {f"the cell {name} was found by its function: its marks were lost" for name in lost}
    notes = [_sentence(note) for note in taken.notes if note.text not in own]
    elsewhere = [name for name in handout.wanted if any(_SAYS_EMPTY.format(name) in note for note in notes)]
    findings.look = [line for line in findings.look if line not in map(_IS_EMPTY.format, elsewhere)]
    findings.look += notes


def _sentence(note: Note) -> str:
    text = note.text[0].upper() + note.text[1:] + "."
    return f"{text} Look whether it is your answer." if note.kind == "written" else text


def _next_step(look: bool) -> str:
    if not look:
        return f"{_NOT_CHECKED}\nNext: hand in this file."
    return (
        f"{_NOT_CHECKED}\nNext: repair what you can in the notebook and save it (Ctrl+S; on Colab download "
        "it again). Check the new file, then hand it in. What stays empty gets no points."
    )


# ---------------------------------------------------------------- what a kernel has run


def kernel(given: Sequence[Handout]) -> Report:
    """Look at what the kernel that runs this has run. Nothing is run again.

    Raises:
        HandinError: no kernel runs this.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is None:
        raise HandinError("no notebook runs this: name the file, as in handin.check('conv3d.ipynb')")
    return executed([str(text) for text in shell.user_ns.get("In", [])], given)


def executed(history: Sequence[str], given: Sequence[Handout]) -> Report:
    """Look at the cells that a kernel has run.

    Args:
        history: their texts, by the number that Jupyter shows in front of a cell; 0 is not used.
        given: the assignments, one of which it may be.
    """
    cells = [{"cell_type": "code", "source": text} for text in history[1:]]
    handout = _most_like(cells, given)
    if handout is None:
        return Report(
            UNREADABLE,
            "This kernel has run no cell of an assignment. Run the cells that you have filled in, and then "
            "this check again.",
        )
    taken = take_cells(_last_of_each(cells, handout), handout, "In [{}]")
    findings = _Findings()
    for cell in handout.cells:
        _about_a_run(cell, taken, findings)
    findings.look += [_sentence(note) for note in taken.notes if note.kind in ("outside", "limit")]
    head = [handout.title, f"What this kernel has run, up to In [{len(cells)}]:"]
    return _report(
        head,
        "what has run",
        findings,
        "This did not see the notebook's file. Save it (Ctrl+S), and check the file: "
        f"handin.check('{handout.name}.ipynb').\nOn Colab: File > Download > Download .ipynb. Hand in the "
        "file that was downloaded.",
    )


def _last_of_each(cells: Sequence[Mapping[str, Any]], handout: Handout) -> list[dict[str, Any]]:
    """The cells, those emptied that define a function which a later one defines again."""
    last = {name: i for i, cell in enumerate(cells) for name in defined(cell_source(cell))}
    kept = []
    for i, cell in enumerate(cells):
        names = [name for name in defined(cell_source(cell)) if name in handout.functions]
        stale = names and all(last[name] > i for name in names)
        kept.append({**cell, "source": ""} if stale else dict(cell))
    return kept


def _about_a_run(cell: Cell, taken: Taken, findings: _Findings) -> None:
    """The row of a cell that a kernel may have run."""
    points = f"{cell.points:g}"
    if cell.kind == "written":
        findings.rows.append((cell.grade_id, points, "an answer in words: only the file shows it"))
        return
    if cell.grade_id not in taken.copies:
        findings.rows.append((cell.grade_id, points, "has not run since the kernel was started"))
        findings.look.append(f"{cell.grade_id} has not run. Fill it in and run it.")
        return
    state, advice = _state_of_code(cell, taken)
    place = taken.copies[cell.grade_id][-1].place
    findings.rows.append((cell.grade_id, points, f"In [{place}]: {state}"))
    if advice:
        findings.look.append(advice)


# ---------------------------------------------------------------- the text


def _report(head: list[str], state: str, findings: _Findings, end: str) -> Report:
    rows = [("cell", "points", state), *findings.rows]
    width = max(len(name) for name, _, _ in rows)
    table = [f"  {name:<{width}}  {points:>6}  {text}" for name, points, text in rows]
    parts = ["\n".join(head), "\n".join(table)]
    if findings.look:
        parts.append("\n".join(["To look at:", *(f"- {line}" for line in findings.look)]))
    if findings.know:
        parts.append("\n".join(["To know:", *(f"- {line}" for line in findings.know)]))
    return Report(LOOK if findings.look else WHOLE, "\n\n".join([*parts, end]))


def _size(count: int) -> str:
    """A number of bytes as people read it."""
    return f"{count / (1 << 20):.1f} MB" if count >= 1 << 20 else f"{max(1, count >> 10)} KB"
