"""Where the course is published, and whether each of its links leads somewhere: `make links`.

    make links                                        check every link
    make links REPOSITORY=OWNER/NAME BRANCH=B         publish there: stamp every link, then check

The place stands once, in `[tool.coursekit]` of pyproject.toml. What is made of it (Colab badges, set-up
cells, the README's course map) is written out in the files, because Colab and GitHub show files as they are.
`stamp` rewrites these, `problems` compares each with the place and with the tree.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from coursekit._shared._files import write_text
from tools.notebooks.notebook import Node, NotebookError, checkout, code_cells, read

ROOT = Path(__file__).resolve().parents[2]
COLAB = "https://colab.research.google.com/github"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
GITHUB = "https://github.com"
STAMPED = (".ipynb", ".md", ".cff", ".toml")  # pyproject.toml itself is written last
# What students get, and the site, are checked as they are made (tests/test_publish.py, tests/test_site.py).
_APART = ("dist", "build", "artifacts", "tools/publish/templates")


class Place(NamedTuple):
    """Where the course is published: "owner/name" on GitHub, and a branch or tag of it."""

    repository: str
    branch: str

    @property
    def colab(self) -> str:
        """How the addresses begin at which Colab opens its notebooks; a path follows."""
        return f"{COLAB}/{self.repository}/blob/{self.branch}/"


PLACEHOLDER = Place("OWNER/REPO", "main")


class LinkError(Exception):
    """The place cannot be a place; the message says what one looks like. Nothing was written."""


def place(root: Path = ROOT) -> Place:
    """Where the course is published, as pyproject.toml says.

    Args:
        root: the checkout.

    Raises:
        LinkError: it says something that no place can be.
        NotebookError: there is no such table.
    """
    _, settings = checkout(root / "pyproject.toml")
    return checked(settings["repository"], settings["branch"])


def checked(repository: str, branch: str) -> Place:
    """A place, if these two can be one.

    Args:
        repository: "owner/name", as in the address of the repository on GitHub.
        branch: of a branch or a tag.

    Raises:
        LinkError: one of them cannot be; such as a whole address where "owner/name" belongs.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", repository, re.ASCII):
        raise LinkError(
            f"repository={repository!r} is no repository on GitHub: give its owner and name, "
            "such as school/videos, not its address"
        )
    if not re.fullmatch(r"\w[\w.-]*(?:/\w[\w.-]*)*", branch, re.ASCII) or ".." in branch:
        raise LinkError(f"branch={branch!r} is no name of a branch or tag, such as main or term-1")
    return Place(repository, branch)


def colab_link(path: Path) -> str:
    """Where Colab opens a notebook.

    Args:
        path: a notebook in a checkout.

    Returns:
        The address, made from `[tool.coursekit]` in pyproject.toml.

    Raises:
        NotebookError: no such table in a folder above.
    """
    root, course = checkout(path)
    return Place(course["repository"], course["branch"]).colab + path.resolve().relative_to(root).as_posix()


def setup_cell(at: Place) -> str:
    """The first code cell of each notebook: on Colab it installs the course, elsewhere it does nothing."""
    return (
        "import importlib.util\n\n"
        'if importlib.util.find_spec("coursekit") is None:'
        "  # Colab: installs what is missing, changes nothing else\n"
        f'    %pip install -q "coursekit @ git+{GITHUB}/{at.repository}@{at.branch}"'
    )


def pages(at: Place) -> str:
    """Where GitHub Pages shows the site."""
    owner, name = at.repository.split("/")
    return f"{owner}.github.io/{name}"


def moved(text: str, old: Place, new: Place) -> str:
    """A text whose links lead to `new` where they led to `old`.

    Args:
        text: of a README, a notebook (as JSON) or pyproject.toml.
        old: where it was.
        new: where it will be; both were `checked`, so that no sign of them needs an escape in JSON or TOML.
    """
    name, branch = re.escape(old.repository), re.escape(old.branch)
    for pattern, replacement in (
        (rf"(github(?:\.com)?/){name}/(blob|tree|raw)/{branch}/", rf"\1{new.repository}/\2/{new.branch}/"),
        (rf"(github\.com/){name}(@){branch}(?![\w./-])", rf"\1{new.repository}\2{new.branch}"),
        (rf"(github\.com/){name}(?![\w.-])", rf"\1{new.repository}"),
        (rf"https://{re.escape(pages(old))}/", f"https://{pages(new)}/"),
        (rf'^(repository = "){name}(")', rf"\1{new.repository}\2"),
        (rf'^(branch = "){branch}(")', rf"\1{new.branch}\2"),
    ):
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def stamp(root: Path, new: Place) -> list[Path]:
    """Let every link of a checkout lead to another place.

    Each file is written whole or not at all, pyproject.toml last: interrupted, the same call goes on.

    Args:
        root: the checkout.
        new: the place, `checked`.

    Returns:
        The files that changed.
    """
    old, changed = place(root), []
    settings = root / "pyproject.toml"
    for path in [*(path for path in files(root) if path != settings), settings]:
        before = path.read_text(encoding="utf-8")
        if (after := moved(before, old, new)) != before:
            write_text(path, after)
            changed.append(path)
    return changed


def files(root: Path) -> Iterator[Path]:
    """The files of a checkout that may hold links: texts and notebooks, not what tools or make have left."""
    for path in sorted(root.rglob("*")):
        where = path.relative_to(root)
        hidden = any(part.startswith((".", "_")) and part != ".github" for part in where.parts)
        if path.suffix in STAMPED and not hidden and not where.as_posix().startswith(_APART):
            yield path


def problems(root: Path = ROOT) -> list[str]:
    """What is wrong with the links of a checkout.

    Args:
        root: the checkout, or the published tree.

    Returns:
        One text per fault, with its file and the mend; empty where every link leads to a file or a heading
        of this tree, every notebook has its own badge and the set-up cell. Addresses of others are not tried.

    Raises:
        LinkError, NotebookError: the place, or a notebook, cannot be read.
    """
    at, found = place(root), []
    for path in files(root):
        name = path.relative_to(root).as_posix()
        if path.suffix == ".ipynb":
            notebook = read(path)
            faults = [*badges(path, notebook), *_setup(notebook, at)]
            texts = _texts(notebook)
        else:
            faults, texts = [], [path.read_text(encoding="utf-8")]
        if path.suffix in (".ipynb", ".md"):
            faults += [
                fault
                for text in texts
                for target in _targets(text)
                if (fault := _dead(target, path, root, at))
            ]
        if at != PLACEHOLDER and any(PLACEHOLDER.repository in text for text in texts):
            faults.append(f"still names {PLACEHOLDER.repository}: run make links REPOSITORY={at.repository}")
        found += [f"{name}: {fault}" for fault in faults]
    return found


def badges(path: Path, notebook: Node) -> Iterator[str]:
    """Faults of the first cell: it has one Colab badge, which opens this very notebook.

    Args:
        path: the notebook, in a checkout.
        notebook: what it holds.

    Yields:
        A text per fault.
    """
    right = colab_link(path)
    first = notebook.cells[0].source if notebook.cells else ""
    links = re.findall(rf"\[!\[[^\]]+\]\({re.escape(BADGE)}\)\]\(([^)\s]*)\)", first)
    if len(links) != 1:
        yield f"{len(links)} Colab badges in the first cell; write one: [![Open in Colab]({BADGE})]({right})"
    for link in links:
        if link != right:
            yield f"the badge opens {link}, not this notebook: {right}"


def _setup(notebook: Node, at: Place) -> Iterator[str]:
    """The first code cell is the set-up cell, and no other cell installs anything."""
    cells = code_cells(notebook)
    if not cells or cells[0].source.strip() != setup_cell(at):
        yield f"the first code cell is not the set-up cell:\n{setup_cell(at)}"
    for number, cell in enumerate(cells[1:], start=2):
        if re.search(r"^\s*[%!]\s*(?:uv )?pip\b", cell.source, re.MULTILINE):
            yield f"code cell {number} (id {cell.id}) installs something: make it a dependency of coursekit"


def _dead(target: str, path: Path, root: Path, at: Place) -> str | None:
    """Why a link leads nowhere; None if it leads to something, or out of the course."""
    if target.startswith(f"{COLAB}/"):
        if not target.startswith(at.colab):
            return f"{target} is not where the course is published: {at.colab}..."
        if not target.endswith(".ipynb"):
            return f"{target}: Colab opens notebooks only"
        return _missing(target.removeprefix(at.colab), root, root, target)
    if target.startswith(own := f"{GITHUB}/{at.repository}/"):
        page = target.removeprefix(own)
        if workflow := re.match(r"actions/workflows/([\w-]+\.yml)", page):
            return _missing(f".github/workflows/{workflow[1]}", root, root, target)
        inside = re.match(rf"(?:blob|tree)/{re.escape(at.branch)}/(.*)", page)
        return _missing(inside[1], root, root, target) if inside else None
    if scheme := urlsplit(target).scheme:
        return None if scheme in ("https", "http", "mailto") else f"{target}: unknown scheme"
    if target.startswith("#"):
        return _anchor(target[1:], path, target)
    return _missing(target, path.parent, root, target)


def _missing(where: str, folder: Path, root: Path, target: str) -> str | None:
    """A path, with or without an anchor, that is not in the tree."""
    name, _, anchor = where.partition("#")
    path = (folder / unquote(name)).resolve()
    if not path.is_relative_to(root.resolve()) or not path.exists():
        return f"{target} leads to no file of this tree"
    return _anchor(anchor, path, target) if anchor else None


def _anchor(anchor: str, path: Path, target: str) -> str | None:
    """An anchor without a heading."""
    if path.suffix not in (".md", ".ipynb"):
        return f"{target}: only a text or a notebook has headings to lead to"
    notebook = path.suffix == ".ipynb"
    text = "\n\n".join(_texts(read(path))) if notebook else path.read_text(encoding="utf-8")
    if unquote(anchor) in headings(text):
        return None
    return f"{target}: there is no such heading in {path.name}"


def _texts(notebook: Node) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def headings(markdown: str) -> list[str]:
    """The anchors that GitHub makes of a text's headings: "the-course-map"; repeated ones end in -1, -2."""
    found: list[str] = []
    tokens = _MARKDOWN.parse(markdown)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            words = "".join(part.content for part in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
            again = sum(
                each == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", each) is not None for each in found
            )
            found.append(f"{slug}-{again}" if again else slug)
    return found


_MARKDOWN = MarkdownIt("commonmark").enable("table")


def _targets(markdown: str) -> Iterator[str]:
    """Where the links and pictures of a text lead; not what stands in code."""
    for token in _every(_MARKDOWN.parse(markdown)):
        if token.type in ("link_open", "image"):
            yield str(token.attrs.get("href", token.attrs.get("src")))
        elif token.type in ("html_block", "html_inline"):
            yield from _Html.targets(token.content)


def _every(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _every(token.children or [])


class _Html(HTMLParser):
    """Collects href and src of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def targets(cls, text: str) -> list[str]:
        """The links of a piece of HTML, in order."""
        parser = cls()
        parser.feed(text)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what leads somewhere; a picture inside the page does not."""
        self.found += [v for k, v in attrs if k in ("href", "src") and v and not v.startswith("data:")]


def run(root: Path = ROOT, repository: str | None = None, branch: str | None = None) -> int:
    """Stamp, if a place was given, then check.

    Args:
        root: the checkout.
        repository: where the course is published, as "owner/name"; None leaves the one that is there.
        branch: a branch or tag of it; None likewise.

    Returns:
        The exit code: 0 if every link leads somewhere, 1 if one does not, 2 if nothing could be done.
    """
    try:
        if repository or branch:
            old = place(root)
            new = checked(repository or old.repository, branch or old.branch)
            changed = stamp(root, new)
            print(f"{len(changed)} files changed: they lead to {new.repository}, branch {new.branch}")
        errors = problems(root)
    except (LinkError, NotebookError, OSError) as error:
        print(f"links: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    for line in errors:
        print(line, file=sys.stderr)
    if not errors and place(root).repository == PLACEHOLDER.repository:
        print(f"All links are right, but {PLACEHOLDER.repository} is a placeholder: after pushing, run")
        print("  make links REPOSITORY=OWNER/NAME BRANCH=NAME")
    elif not errors:
        print("All links are right.")
    return 1 if errors else 0


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.publish.links",
        description="Check every link of the course; with --repository, first let them lead there.",
    )
    parser.add_argument("--repository", metavar="OWNER/NAME", help="where the course is published")
    parser.add_argument("--branch", metavar="NAME", help="a branch or tag of it")
    parser.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER", help="the checkout")
    options = parser.parse_args(arguments)
    return run(options.root.resolve(), options.repository, options.branch)


if __name__ == "__main__":
    sys.exit(main())
