"""Which films there are, what each shows, and who is in it: from folders, a table, or published lists."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from coursekit import features
from coursekit._shared._files import byte_count, sha256
from coursekit._shared._text import alike

Path_ = str | os.PathLike[str]
CAMERA = re.compile(
    r"(img|vid|pxl|mvi|mov|dsc|dscn|dscf|gopr|gx|gh|video|clip|film|whatsapp video|signal)?[\W\d_]*",
    re.IGNORECASE,
)  # a name that a camera or an app gives: it does not say who is in the film
UCF = re.compile(r"v_(.+_g\d\d)_c\d\d")  # each class has groups of its own
HMDB = re.compile(r"(.+)_[fhlu]_[cn]m_np\d_(?:ba|fr|le|ri)_(?:bad|goo|med)_\d+")  # source and class; view
TRAIN, TEST, UNUSED = 1, 2, 0  # as HMDB51's lists have them
LISTED = 5  # pairs in a message


@dataclass(frozen=True)
class Film:
    """A labelled film.

    Attributes:
        path: the file.
        label: the class that it shows.
        group: who is in it, or where it was recorded; films of one group stay on one side of a split.
    """

    path: Path
    label: str
    group: str


@dataclass(frozen=True)
class Films:
    """Labelled films, in the order of their paths.

    Attributes:
        items: the films.
        notes: what a reader of any result has to know about them.
        copies: the films that are left out because the content of another one is the same.
    """

    items: tuple[Film, ...]
    notes: tuple[str, ...] = ()
    copies: tuple[Film, ...] = ()

    def __len__(self) -> int:
        """The number of films, N."""
        return len(self.items)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes, in alphabetical order."""
        return tuple(sorted({film.label for film in self.items}))

    @property
    def labels(self) -> torch.Tensor:
        """int64 (N,): the class of each film, an index of `classes`."""
        return torch.tensor([self.classes.index(film.label) for film in self.items], dtype=torch.int64)

    @property
    def groups(self) -> list[str]:
        """The group of each film."""
        return [film.group for film in self.items]

    def only(self, keep: Sequence[bool], *notes: str) -> Films:
        """The films whose entry in `keep` is true, with further notes."""
        items = tuple(film for film, kept in zip(self.items, keep, strict=True) if kept)
        return replace(self, items=items, notes=(*self.notes, *notes))

    def testable(self) -> Films:
        """Without the classes that have one group only, of which the notes then tell.

        Raises:
            ValueError: fewer than two classes are left.
        """
        groups: dict[str, set[str]] = {name: set() for name in self.classes}
        for film in self.items:
            groups[film.label].add(film.group)
        single = {name: next(iter(each)) for name, each in groups.items() if len(each) == 1}
        if len(groups) - len(single) < 2:
            listed = ", ".join(f"{name}: {group}" for name, group in single.items())
            raise ValueError(
                "too few people. To test on people that were not learnt, at least two classes need films "
                f"of two people or more. These have one ({listed}). Film another person; or, if different "
                "people have one name, write a table with a column group; or split by film, which says "
                "nothing about new people"
            )
        notes = [
            f"The class {name} has films of one person or place only ({group}); left out."
            for name, group in single.items()
        ]
        return self.only([film.label not in single for film in self.items], *notes)


def films(source: Path_, *, by: str = "group") -> Films:
    """Find labelled films.

    Args:
        source: a folder with a subfolder for each class (`waving/anna_01.mp4`; UCF101 and HMDB51 are such
            folders), or a table in CSV with the columns path, label and, if you like, group, as for
            `features.read_list`. Paths in it are relative to the table.
        by: "group": films of one person belong together. Without a table, the person is what stands before
            the last underscore and number, anna in `anna_01.mp4`; in a film of UCF101 it is `YoYo_g01`, and
            in one of HMDB51 what stands before the tags of the view. Anna and anna are one person. A name
            that a camera gives (`IMG_2041.mov`) names nobody. "film": each film is a group of its own.

    Returns:
        A Films; its notes say what was left out, and where names tell nothing.

    Raises:
        FileNotFoundError: there is no such folder or table.
        FeaturesError: the table cannot be read.
        ValueError: no films, one class only, one film in two classes, or a table that cannot be used.
    """
    if by not in ("group", "film"):
        raise ValueError(f'by={by!r} must be "group" or "film"')
    if source == "":
        raise ValueError("the path of the films is empty: name a folder or a table; . is this folder")
    path = Path(source)
    if path.is_dir():
        found = _in_folder(path)
    elif path.suffix.lower() in features.SUFFIXES:
        raise ValueError(f"{path} is a film: give a folder with a subfolder for each class, or a table")
    elif path.is_file():
        found = _in_table(path)
    else:
        raise FileNotFoundError(f"there is no {path}; the folder searched from is {Path.cwd()}")
    result = _without_copies(_in_one_spelling(found))
    if by == "film":
        alone = tuple(Film(film.path, film.label, film.path.as_posix()) for film in result.items)
        note = (
            "Each film counts as a group of its own (by film): a person who is in several films can be on "
            "both sides of a split, and then the accuracy is too good for new people."
        )
        result = replace(result, items=alone, notes=(*result.notes, note))
    if len(result.classes) < 2:
        only = result.classes[0]
        advice = "Make a subfolder for each class"
        below = {film.path.parent for film in result.items} - {path / only}
        if path.is_dir() and len(below) > 1:
            advice += f"; or, if those in {only} are the classes, give {path / only}"
        raise ValueError(
            f"{path} has films of one class only, {only!r}: a classifier needs at least two. {advice}"
        )
    return result


def group_of(name: str) -> str | None:
    """Who is in a film, by the name of its file without the suffix; None if the name does not say.

    >>> group_of("anna_01"), group_of("v_Archery_g08_c01"), group_of("IMG_2041")
    ('anna', 'Archery_g08', None)
    """
    if published := UCF.fullmatch(name) or HMDB.fullmatch(name):
        return published[1]
    if CAMERA.fullmatch(name):
        return None
    return re.sub(r"[_ -]+\(?\d+\)?$", "", name) or None


def official(found: Films, folder: Path_, number: int = 1) -> tuple[Films, torch.Tensor]:
    """The published split of UCF101 or HMDB51.

    Args:
        found: the films of the data set's folder.
        folder: where its lists are: `trainlist01.txt` and `testlist01.txt`, or `CLASS_test_split1.txt`.
        number: which split, 1 to 3.

    Returns:
        The films that the lists name, and bool (N,): whether a film is for testing.

    Raises:
        FileNotFoundError: no lists of that number.
        ValueError: they name no film that is there, or only one part.
    """
    root = Path(folder)
    parts = _ucf_lists(root, number) or _hmdb_lists(root, number)
    if not parts:
        raise FileNotFoundError(
            f"{root} has neither trainlist{number:02}.txt and testlist{number:02}.txt (UCF101) nor "
            f"CLASS_test_split{number}.txt (HMDB51)"
        )
    keys = [_key(film.label, film.path.name) for film in found.items]
    part = [parts.get(key, UNUSED) for key in keys]
    copies = {_key(film.label, film.path.name) for film in found.copies}
    missing = len(parts.keys() - set(keys) - copies)
    notes = [f"{missing} films of the lists are not in the folder."] if missing else []
    unused = part.count(UNUSED)
    notes += [f"{unused} films of the folder are in neither part of split {number}; left out."] * (unused > 0)
    chosen = found.only([each != UNUSED for each in part], *notes)
    for name, each in (("training", TRAIN), ("test", TEST)):
        if each not in part:
            raise ValueError(f"the lists in {root} name no {name} film that is in the folder")
    return chosen, torch.tensor([each == TEST for each in part if each != UNUSED])


def _in_folder(root: Path) -> Films:
    items, notes, unnamed = [], [], 0
    loose = [path for path in sorted(root.iterdir()) if features.is_video(path)]
    if loose:
        notes.append(f"{len(loose)} films lie in the folder itself and have no class; left out.")
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != "."):
        inside = features.videos_in(folder)
        if not inside:
            notes.append(f"The subfolder {folder.name} has no films.")
        for path in inside:
            group = group_of(path.stem)
            unnamed += group is None
            items.append(Film(path, folder.name, group or path.relative_to(root).as_posix()))
    if not items:
        raise ValueError(
            f"{root} has no subfolder with films: make one for each class, such as "
            f"{root.resolve().name}/waving/anna_01.mp4"
        )
    if unnamed:
        notes.append(
            f"{unnamed} names do not say who is in the film, and each such film counts as another person. "
            "If a person is in several of them, the accuracy is too good: name the films anna_01.mp4, or "
            "write a table."
        )
    elif len({film.group for film in items}) == len(items):
        notes.append(
            "By their names, no two films show the same person. If a person is in several of them, the "
            "accuracy is too good: name the films anna_01.mp4, anna_02.mp4, or write a table."
        )
    return Films(tuple(items), tuple(notes))


def _in_table(path: Path) -> Films:
    items, unnamed = [], 0
    for video in dict.fromkeys(features.read_list(path)):
        if video.path.is_dir():
            raise ValueError(f"{path} names a folder, {video.path}: name each film")
        if not video.label:
            raise ValueError(
                f"{path} has no label for {video.path}: a table needs the columns path and label (and group)"
            )
        group = video.group or group_of(video.path.stem)
        unnamed += group is None
        items.append(Film(video.path, video.label, group or video.path.as_posix()))
    note = f"{unnamed} films have no group; each counts as another person."
    return Films(tuple(items), (note,) if unnamed else ())


def _in_one_spelling(found: Films) -> Films:
    """The films with one name for each person: Anna and anna are the same.

    Raises:
        ValueError: two classes have the same name in this sense.
    """
    classes: dict[str, str] = {}
    for name in found.classes:
        if (other := classes.setdefault(alike(name), name)) != name:
            raise ValueError(
                f"the classes {other!r} and {name!r} differ in spelling only: give them one name"
            )
    groups: dict[str, str] = {}
    items = [replace(film, group=groups.setdefault(alike(film.group), film.group)) for film in found.items]
    return replace(found, items=tuple(items))


def _without_copies(found: Films) -> Films:
    """The films without those whose content another one has.

    Raises:
        ValueError: one film in two classes.
    """
    first: dict[str, Film] = {}
    keep, notes, in_two = [], [], []
    for film, content in zip(found.items, _contents(found.items), strict=True):
        same = first.setdefault(content, film)
        keep.append(same is film)
        if same.label != film.label:
            in_two.append(f"{same.path} and {film.path}")
        if same is not film:
            notes.append(
                f"{film.path.name} ({film.group}) is a copy of {same.path.name} ({same.group}); left out, "
                "because on both sides of a split it would be an answer given away."
            )
    if in_two:
        pairs = "; ".join(in_two[:LISTED]) + "; ..." * (len(in_two) > LISTED)
        raise ValueError(f"the same film lies in two classes: {pairs}. Delete one of each pair")
    copies = tuple(film for film, kept in zip(found.items, keep, strict=True) if not kept)
    return replace(found.only(keep, *notes), copies=copies)


def _contents(items: Sequence[Film]) -> list[str]:
    """Equal for films of equal content: a checksum where several have as many bytes, else the real path.

    A file that is empty or cannot be read equals no other; `describe` says what is wrong with it.
    """
    sizes = [byte_count(film.path) for film in items]
    count = Counter(sizes)
    return [
        _checksum(film.path) if size and count[size] > 1 else os.path.realpath(film.path)
        for film, size in zip(items, sizes, strict=True)
    ]


def _checksum(path: Path) -> str:
    try:
        return sha256(path)
    except OSError:
        return os.path.realpath(path)


def _key(label: str, name: str) -> str:
    """What a film is called in a list, in any spelling, and when it was converted to another format."""
    return alike(f"{label}/{Path(name).stem}")


def _lines(path: Path) -> list[str]:
    """The lines of a list that are not empty; the names of files may be any bytes."""
    text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    return [line.strip() for line in text.splitlines() if line.strip()]


def _ucf_lists(root: Path, number: int) -> dict[str, int]:
    parts = {}
    for name, part in (("trainlist", TRAIN), ("testlist", TEST)):
        path = root / f"{name}{number:02}.txt"
        if not path.is_file():
            return {}
        for line in _lines(path):
            label, _, film = line.split()[0].partition("/")  # Archery/v_Archery_g08_c01.avi 3
            parts[_key(label, film)] = part
    return parts


def _hmdb_lists(root: Path, number: int) -> dict[str, int]:
    parts = {}
    for path in sorted(root.glob(f"*_test_split{number}.txt")):
        label = path.name.removesuffix(f"_test_split{number}.txt")
        for line in _lines(path):
            name, _, part = line.rpartition(" ")
            if part in ("1", "2"):  # 0: in neither part
                parts[_key(label, name.strip())] = int(part)
    return parts
