"""Where the course is published, and whether each of its links leads somewhere: `make links`.

    make links                                        check every link
    make links REPOSITORY=OWNER/NAME BRANCH=B         first let every link lead to that repository

The place stands once, in `[tool.coursekit]` of pyproject.toml. First cells, set-up cells and the README's
course map repeat it, because Colab and GitHub show files as they are. `stamp` rewrites them, `problems`
compares each with the place and with the tree.

Sphinx checks the links between the site's pages as well (`tools.publish.site`). It does not read the README,
and no library knows set-up cells, and addresses of this repository on Colab, Kaggle, Codespaces and GitHub.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from mdit_py_plugins.anchors import anchors_plugin

from coursekit._shared._files import write_text
from tools.notebooks.notebook import Node, NotebookError, code_cells, read
from tools.notebooks.place import (
    CODESPACES,
    COLAB,
    GITHUB,
    KAGGLE,
    PLACEHOLDER,
    LinkError,
    Place,
    checked,
    colab_link,
    doors,
    place,
)

# Its own names, and those of `place` that the tools for publishing use.
__all__ = [
    "COLAB",
    "GITHUB",
    "PLACEHOLDER",
    "STAMPED",
    "LinkError",
    "Page",
    "Place",
    "checked",
    "colab_link",
    "files",
    "moved",
    "place",
    "problems",
    "run",
    "setup_cell",
    "stamp",
]

ROOT = Path(__file__).resolve().parents[2]
STAMPED = (".ipynb", ".md", ".cff", ".toml")  # pyproject.toml itself is written last
# What students get, and the site, are checked when they are made (tests/tools/publish).
_APART = ("dist", "build", "artifacts", "tools/publish/templates")


def setup_cell(at: Place) -> str:
    """How the first code cell begins: it looks for the course, installs it on Colab and Kaggle, or raises.

    A `UsageError` is shown as one sentence, without a traceback, and stops Run All. On another computer
    nothing is installed, because the environment belongs to the reader. A removed installation can leave a
    folder behind, which Python still takes for `coursekit`: so the cell looks for the module `data` as well.
    """
    return f"""\
from importlib.util import find_spec

if not (find_spec("coursekit") and find_spec("coursekit.data")):  # not installed here
    import os
    import sys
    from IPython.core.error import UsageError as Stop

    if "google.colab" not in sys.modules and "KAGGLE_KERNEL_RUN_TYPE" not in os.environ:
        raise Stop("The course is not installed here: run `make lab` in its folder.")
    %pip install -q "coursekit @ git+{GITHUB}/{at.repository}@{at.branch}"
    if find_spec("coursekit") is None:
        raise Stop("{_advice(at)}")"""


def _advice(at: Place) -> str:
    """What the set-up cell says if pip fails. As in `moved`, no character needs an escape in JSON."""
    if at.repository == PLACEHOLDER.repository:
        return "Not published yet. Its author runs `make links REPOSITORY=...`"
    return "pip failed, see above. On Kaggle, switch on Settings > Internet."


def pages(at: Place) -> str:
    """Where GitHub Pages shows the site."""
    owner, name = at.repository.split("/")
    return f"{owner}.github.io/{name}"


def moved(text: str, old: Place, new: Place) -> str:
    """A text whose links lead to `new` where they led to `old`.

    Args:
        text: of a README, a notebook (as JSON) or pyproject.toml.
        old: where it was.
        new: where it will be. Both were `checked`: none of their characters needs an escape in JSON or TOML.
    """
    name, branch = re.escape(old.repository), re.escape(old.branch)
    for pattern, replacement in (
        (rf"(github(?:\.com)?/){name}/(blob|tree|raw)/{branch}/", rf"\1{new.repository}/\2/{new.branch}/"),
        (rf"(github\.com/){name}(@){branch}(?![\w./-])", rf"\1{new.repository}\2{new.branch}"),
        (rf"({re.escape(CODESPACES)}/){name}/tree/{branch}\?", rf"\1{new.repository}/tree/{new.branch}?"),
        (rf"(github\.com/){name}(?![\w.-])", rf"\1{new.repository}"),
        (rf"https://{re.escape(pages(old))}/", f"https://{pages(new)}/"),
        (rf'^(repository = "){name}(")', rf"\1{new.repository}\2"),
        (rf'^(branch = "){branch}(")', rf"\1{new.branch}\2"),
    ):
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text.replace(_advice(old), _advice(new))


def stamp(root: Path, new: Place) -> list[Path]:
    """Let every link of a checkout lead to another place.

    Each file is written whole or not at all, pyproject.toml last. After an interruption the same call goes
    on.

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
    """The files of a checkout that may hold links: texts and notebooks, but nothing that tools have made."""
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
        One text per fault, with its file and how to repair it. It is empty if every link leads to a file or a
        heading of this tree, and every notebook has the set-up cell, opens itself, and shows nothing from
        another server. Addresses on other servers are not tried.

    Raises:
        LinkError, NotebookError: the place, or a notebook, cannot be read.
    """
    here = place(root)
    errors: list[str] = []
    for path in files(root):
        faults = []
        if path.suffix == ".ipynb":
            notebook = read(path)
            faults += [*doors(path, notebook), *_setup(notebook, here)]
        texts = _texts(path)
        if path.suffix in (".ipynb", ".md"):
            contents = [Page(text) for text in texts]
            targets = [target for page in contents for target in page.targets]
            faults += [fault for target in targets if (fault := _dead(target, path, root, here))]
            if path.suffix == ".ipynb":
                faults += [
                    f"shows {picture} from another server, which is missing without a network: embed it"
                    for page in contents
                    for picture in page.remote
                ]
        if here != PLACEHOLDER and any(PLACEHOLDER.repository in text for text in texts):
            faults.append(
                f"still names {PLACEHOLDER.repository}: run make links REPOSITORY={here.repository}"
            )
        errors += [f"{path.relative_to(root).as_posix()}: {fault}" for fault in faults]
    return errors


def _setup(notebook: Node, here: Place) -> Iterator[str]:
    """The first code cell begins with the set-up, and no other cell installs anything."""
    cells = code_cells(notebook)
    if not cells or not f"{cells[0].source.strip()}\n".startswith(f"{setup_cell(here)}\n"):
        yield f"the first code cell does not begin with the set-up:\n{setup_cell(here)}"
    for number, cell in enumerate(cells[1:], start=2):
        if re.search(r"^\s*[%!]\s*(?:uv )?pip\b", cell.source, re.MULTILINE):
            yield f"code cell {number} (id {cell.id}) installs something: make it a dependency of coursekit"


def _dead(target: str, path: Path, root: Path, here: Place) -> str | None:
    """Why a link leads nowhere; None if it leads to something, or out of the course."""
    for service, start, own in (("Colab", f"{COLAB}/", here.colab), ("Kaggle", KAGGLE, here.kaggle)):
        if target.startswith(start):
            if not target.startswith(own):
                return f"{target} is not where the course is published: {own}..."
            if not target.endswith(".ipynb"):
                return f"{target}: {service} opens notebooks only"
            return _missing(target.removeprefix(own), root, root, target)
    if target.startswith(CODESPACES):
        wrong = f"{target} is not where the course is published: {here.codespaces}"
        return None if target == here.codespaces else wrong
    if target.startswith(own := f"{GITHUB}/{here.repository}/"):
        page = target.removeprefix(own)
        if workflow := re.match(r"actions/workflows/([\w-]+\.yml)", page):
            return _missing(f".github/workflows/{workflow[1]}", root, root, target)
        inside = re.match(rf"(?:blob|tree)/{re.escape(here.branch)}/(.*)", page)
        return _missing(inside[1], root, root, target) if inside else None
    if scheme := urlsplit(target).scheme:
        return None if scheme in ("https", "http", "mailto") else f"{target}: unknown scheme"
    return _missing(f"{path.name}{target}" if target.startswith("#") else target, path.parent, root, target)


def _missing(where: str, folder: Path, root: Path, target: str) -> str | None:
    """Why a path, with or without an anchor, leads nowhere; None if it is in the tree."""
    name, _, anchor = where.partition("#")
    path = (folder / unquote(name)).resolve()
    if not path.is_relative_to(root.resolve()) or not path.exists():
        return f"{target} leads to no file of this tree"
    if not anchor:
        return None
    if path.suffix not in (".md", ".ipynb"):
        return f"{target}: only a text or a notebook has headings to lead to"
    if unquote(anchor) not in Page("\n\n".join(_texts(path))).anchors:
        return f"{target}: there is no such heading in {path.name}"
    return None


def _texts(path: Path) -> list[str]:
    """The Markdown cells of a notebook; the one text of any other file."""
    if path.suffix != ".ipynb":
        return [path.read_text(encoding="utf-8")]
    return [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]


class Page(HTMLParser):
    """A text in Markdown as a browser sees it.

    Attributes:
        targets: where its links and pictures lead, in order; nothing of what stands in code.
        remote: its pictures and players that lie on other servers.
        anchors: what a link can lead to, as GitHub names headings: "the-course-map"; repeated ones end in
            -1, -2.
    """

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.remote: list[str] = []
        self.anchors: list[str] = []
        self.feed(_MARKDOWN.render(markdown))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep addresses and anchors; a picture that is embedded in the page (`data:`) has no address."""
        for name, value in attrs:
            if name in ("href", "src") and value and not value.startswith("data:"):
                self.targets.append(value)
                if name == "src" and urlsplit(value).netloc:
                    self.remote.append(value)
            elif name == "id" and value:
                self.anchors.append(value)


_MARKDOWN = MarkdownIt("commonmark").enable("table").use(anchors_plugin, max_level=6)


def run(root: Path = ROOT, repository: str | None = None, branch: str | None = None) -> int:
    """Let every link lead to a place, if one is given; then check them.

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
    except (LinkError, NotebookError, OSError) as reason:
        print(f"links: error: {' '.join(str(reason).split())}", file=sys.stderr)
        return 2
    for error in errors:
        print(error, file=sys.stderr)
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
