"""Whose file it is: by the names that students, learning platforms and packers give to folders and files."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from coursekit.grading import _times
from coursekit.grading._files import is_zip

# A folder around the folders of students: submissions, conv3d-submissions (GitHub Classroom), late,
# assignment_1234_export (Gradescope).
_WRAPPER = re.compile(
    r"(?i)(^|[-_ .])(submissions?|submitted|handed[-_ ]?in|students?|class|late|on[-_ ]?time|downloads?|"
    r"exports?|all|repos(itories)?)([-_ .(]|$)"
)
_MOODLE = re.compile(r"^(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_.*$")
_CANVAS = re.compile(r"^(?P<name>.+?)(?P<late>_LATE)?_(?P<number>\d+)_(?:\d+_.+|text)$", re.IGNORECASE)
_BLACKBOARD = re.compile(r"^(?:.*_)?(?P<name>[^_]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_.*)?$")
_BRIGHTSPACE = re.compile(r"^(?P<number>\d+-\d+) - (?P<name>.+) - (?P<time>[^-]+ [AP]M)$", re.IGNORECASE)
_INBOUND = re.compile(r"^(?P<name>[^+]+)\+[^+]+\+(?P<time>\d{4}-\d\d-\d\d [^+]+)(?:\+.*)?$")  # nbgrader's
_VERSION = re.compile(r"(?i)^(?:attempt|version|try|submission|versuch|v)[-_ ]*#?(\d+)$")
_COPY = re.compile(  # what systems add to the name of a copy
    r"(?i)(^|(?<= - ))(copy|kopie|copia|copie) (of|von|de|di)( |$)|[-_ ]+(copy|kopie|copia|copie) ?\d*$"
    r"|\s*\(\d+\)$"
)
# Files beside the folders of students that are nobody's: of an instructor, or of a platform.
_NOBODYS = re.compile(r"(?i)^(index\.html?|readme(\.\w+)?|.*\.(csv|xlsx?|log|ya?ml|xml))$")


@dataclass(frozen=True)
class Owner:
    """Whose a file is.

    Attributes:
        key: tells students apart, and stays the same for the next file of this student.
        name: the name as it was handed in.
        ids: the student's number, by learning platform.
        late: the platform says that it is late.
        when: POSIX time that the platform says.
        version: number of the attempt that the platform says; 0 if it says none.
    """

    key: str
    name: str
    ids: Mapping[str, str] = field(default_factory=dict)
    late: bool = False
    when: float | None = None
    version: int = 0


def placed(parts: tuple[str, ...], path: Path, assignment: str) -> tuple[str, ...]:
    """The parts of a file's path from the one that says whose it is; the assignment's own name does not."""
    if len(parts) > 2 and parts[0] == "submitted":
        parts = parts[1:]
    if len(parts) > 1 and parts[0].lower() == assignment.lower():
        parts = parts[1:]
    if owner(parts, assignment).key.lower() == assignment.lower():  # it is in one student's folder, or zip
        parts = (top_of(path), *parts)
    return parts


def top_of(path: Path) -> str:
    """The name of the folder, or the zip, whose files are all one student's."""
    whole = path.resolve()
    return whole.name if path.is_dir() or is_zip(path.name) else whole.parent.name


def is_wrapper(top: str, assignment: str) -> bool:
    """Whether it is the name of a folder around those of all students."""
    return bool(_WRAPPER.search(top)) and not may_be_student(top, assignment)


def may_be_student(top: str, assignment: str) -> bool:
    """Whether it is the name of a student's zip, or of a student's folder as a platform writes it."""
    return is_zip(top) or top.lower() == assignment.lower() or bool(_MOODLE.match(top))


def is_version(name: str) -> bool:
    """Whether it is the name of a folder for one attempt, such as "Version 2"."""
    return bool(_VERSION.match(name))


def is_nobodys(name: str) -> bool:
    """Whether a file that lies beside the folders of students is nobody's, such as a table of marks."""
    return bool(_NOBODYS.match(name))


def owner(
    parts: tuple[str, ...],
    assignment: str,
    upload: _times.Uploaded | None = None,
) -> Owner:
    """The student to whom a file belongs, by its folder and name.

    Args:
        parts: its folders and name, from the one that says whose it is.
        assignment: name of the assignment.
        upload: what a Gradescope export says of its folder.
    """
    top = parts[0]
    if len(parts) > 1 and not is_zip(top):
        who = _of_folder(top, assignment, upload)
    else:
        who = _of_file(top, assignment)
    versions = [int(match[1]) for part in parts[1:-1] if (match := _VERSION.match(part))]
    if versions and not who.version:
        who = replace(who, version=versions[0])
    normal = unicodedata.normalize("NFC", who.key)
    return replace(who, key=normal, name=unicodedata.normalize("NFC", who.name))


def _of_folder(name: str, assignment: str, upload: _times.Uploaded | None) -> Owner:
    if upload and upload.names:
        number = re.sub(r"^submission_", "", name)
        people = " and ".join(upload.names)
        ids = {**upload.ids, "gradescope": number}
        return Owner(f"{people}_{number}", people, ids, when=upload.when)
    if match := _MOODLE.match(name):
        return _of_moodle(match)
    if match := _BRIGHTSPACE.match(name):
        key, when = f"{match['name']}_{match['number']}", _times.brightspace(match["time"])
        return Owner(key, match["name"], {"brightspace": match["number"]}, when=when)
    if match := _INBOUND.match(name):
        return Owner(match["name"], match["name"], when=_times.iso(match["time"]))
    rest = re.sub(rf"(?i)^{re.escape(assignment)}[-_](?=.)", "", name) or name
    return Owner(rest, rest)


def _of_moodle(match: re.Match[str]) -> Owner:
    key = f"{match['name']}_{match['number']}" if match["number"] else match["name"]
    return Owner(key, match["name"], {"moodle": match["number"]} if match["number"] else {})


def _of_file(name: str, assignment: str) -> Owner:
    stem = name[: name.rfind(".")] if "." in name.strip(".") else name
    stem = re.sub(r"(?i)(.)\.ipynb$", r"\1", stem)  # as in .ipynb.txt
    if match := _MOODLE.match(stem):
        return _of_moodle(match)
    own = re.sub(rf"(?i)^{re.escape(assignment)}_", "", stem)
    if match := re.match(r"^(?P<name>.+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_.*)?$", own):
        if own == stem:  # under a title that is not the assignment's name
            match = _BLACKBOARD.match(stem) or match
        return Owner(match["name"], match["name"], when=_times.blackboard(match["time"]))
    if match := _CANVAS.match(stem):
        key, ids = f"{match['name']}_{match['number']}", {"canvas": match["number"]}
        return Owner(key, match["name"], ids, bool(match["late"]))
    rest = stem
    while (shorter := _COPY.sub("", rest).strip(" -_.")) != rest and shorter:
        rest = shorter
    rest = re.sub(rf"(?i)(?:^|[-_ .]+){re.escape(assignment)}(?=$|[-_ .(])", "", rest)
    rest = _COPY.sub("", rest).strip(" -_.")
    rest = rest or (assignment if assignment.lower() in stem.lower() else stem)
    return Owner(rest, rest)


def safe_names(raw: Iterable[str]) -> dict[str, str]:
    """Names that a folder can have on any system, different for different students.

    A name that had to be changed gets a tag. So does a name that already looks like one with a tag.
    """
    names: dict[str, str] = {}
    for name in raw:
        letters = (letter if _is_safe(letter) else " " for letter in unicodedata.normalize("NFC", name))
        safe = (
            "_".join("".join(letters).split()).encode()[:120].decode(errors="ignore").strip("._") or "student"
        )
        changed = safe != name.replace(" ", "_") or re.search(r"(?i)-[0-9a-f]{12}$", safe)
        names[name] = f"{safe}-{_tag(name)}" if changed else safe
    lower = Counter(safe.lower() for safe in names.values())
    return {name: f"{safe}-{_tag(name)}" if lower[safe.lower()] > 1 else safe for name, safe in names.items()}


def _is_safe(letter: str) -> bool:
    """Whether it is a letter, an accent or vowel sign, a digit, or one of `_@.-`."""
    return letter.isalnum() or letter in "_@.-" or unicodedata.category(letter).startswith("M")


def _tag(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
