"""Make the course's site from the recorded notebooks: `make site`.

    python -m tools.publish.site [FOLDER]        (default: _site)

The site has a first page for learners, the lectures as they were recorded, the assignments as students get
them, and the package's reference from its docstrings. Each page has the path that its source has in the
repository, so that links work in both. Nothing is run, no page loads anything from another server, and any
warning is an error.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from coursekit._shared._files import atomic_folder, is_foreign
from coursekit.grading.assignment import AssignmentError, every
from tools.notebooks.notebook import NotebookError
from tools.publish import links
from tools.publish.links import LinkError, Place
from tools.publish.site_home import HomeError, first_page
from tools.publish.student import SOLUTIONS, copy, write_release

ROOT = Path(__file__).resolve().parents[2]
PAGES = Path(__file__).parent / "templates" / "site"
TEXTS = ("data/README.md", "notebooks/assignments/README.md")
WRITTEN = ("index.md", "own_films.md", "instructors.md")  # pages that only the site has
MARK = ".buildinfo"  # Sphinx writes it: a folder with this file may be replaced


class SiteError(Exception):
    """The site cannot be made; the message gives the reason. An older site is unchanged."""


def build(target: Path, root: Path = ROOT) -> None:
    """Make the site, whole or not at all.

    Args:
        target: the folder to make: missing, empty, or a site that was made before. If the program is killed
            while it replaces an older site, that one is in `TARGET.coursekit-previous`.
        root: the checkout.

    Raises:
        SiteError: Sphinx is not installed, or reports a fault; or the folder holds something else.
        HomeError, LinkError, NotebookError, AssignmentError, RuntimeError: the course has an error.
    """
    _check(target)
    with tempfile.TemporaryDirectory(prefix="coursekit-site-") as folder:
        source = Path(folder)
        collect(source, root)
        render(source, target, links.place(root))


def _check(target: Path) -> None:
    """Before any work is done: Sphinx is installed, and the target holds nothing of somebody else."""
    if not ready():
        raise SiteError(
            "Sphinx is not installed. `make setup` installs it, with Python 3.11 or newer; "
            "by hand: pip install 'coursekit[site]'"
        )
    if is_foreign(target, MARK):
        raise SiteError(f"{target} holds something that was not made here: choose an empty folder")


def ready() -> bool:
    """Whether the packages that make the pages are installed: the extra `site`."""
    return all(find_spec(name) for name in ("sphinx", "myst_nb", "sphinx_book_theme"))


def collect(source: Path, root: Path = ROOT) -> None:
    """Copy the sources of the pages to the paths that they have in the repository.

    Args:
        source: an empty folder.
        root: the checkout.
    """
    here = links.place(root)
    lectures = [f"notebooks/{path.name}" for path in sorted((root / "notebooks").glob("*.ipynb"))]
    solutions = [f"{SOLUTIONS}/{path.name}" for path in sorted((root / SOLUTIONS).glob("*.ipynb"))]
    for name in (*lectures, *solutions, *TEXTS):
        copy(root, source, root / name)
    # Their titles begin with their numbers.
    ordered = sorted(every(root / "notebooks" / "assignments"), key=lambda each: each.cells[0].source)
    assignments = [write_release(assignment, source) for assignment in ordered]
    shutil.copytree(PAGES / "api", source / "api")
    readme = (root / "README.md").read_text(encoding="utf-8")
    for name in WRITTEN:
        text = (PAGES / name).read_text(encoding="utf-8")
        if name == "index.md":
            text = first_page(text, source, readme, lectures, here)
        text = re.sub(r"<!-- README: (.*?) -->", lambda hit: _section(readme, hit[1]), text)
        for mark, value in (
            ("place", _no_place() if here == links.PLACEHOLDER else ""),
            ("repository", f"{links.GITHUB}/{here.repository}"),
            ("folder", here.repository.split("/")[1]),
            ("notebooks", "\n".join(lectures)),
            ("solutions", "\n".join(solutions)),
            ("assignments", "\n".join(assignments)),
        ):
            text = text.replace(f"<!-- {mark} -->", value)
        (source / name).write_text(_to_repository(text, source, root, here), encoding="utf-8")


def _section(readme: str, title: str) -> str:
    """The text of a README under a heading."""
    start = f"\n## {title}\n"
    if start not in readme:
        raise SiteError(f"a page of the site shows the README's section {title!r}, but the README has none")
    return readme.split(start, 1)[1].split("\n## ", 1)[0].strip()


def _no_place() -> str:
    return (
        ":::{note}\nThe place of publication is not set, so the Colab links lead nowhere yet. After pushing, "
        "run: `make links REPOSITORY=OWNER/NAME BRANCH=NAME`\n:::"
    )


def _to_repository(page: str, source: Path, root: Path, here: Place) -> str:
    """Let links to files that are not on the site lead to the repository; all others stay as they are."""

    def moved(hit: re.Match[str]) -> str:
        name = hit[1].rstrip("/")
        if (source / name).is_file() or not (root / name).exists():
            return hit[0]
        kind = "tree" if (root / name).is_dir() else "blob"
        return f"]({links.GITHUB}/{here.repository}/{kind}/{here.branch}/{name})"

    return re.sub(r"\]\(([^():#]+)\)", moved, page)


def render(source: Path, target: Path, place: Place) -> None:
    """Let Sphinx make pages of a folder.

    Args:
        source: the folder that `collect` has filled.
        target: as in `build`.
        place: where the course is published.

    Raises:
        SiteError: as in `build`.
    """
    _check(target)
    with atomic_folder(target) as pages:
        trees = pages.with_name("trees")
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-c", str(PAGES), "-d", str(trees)]
        command += ["--fail-on-warning", "--quiet", "--jobs", "2"]
        command += ["-D", f"html_theme_options.repository_url={links.GITHUB}/{place.repository}"]
        command += ["-D", f"html_theme_options.repository_branch={place.branch}"]
        run = subprocess.run([*command, str(source), str(pages)], capture_output=True, text=True, check=False)
        if run.returncode:
            raise SiteError(f"Sphinx reports faults:\n{run.stderr.replace(f'{source}/', '')}")


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="tools.publish.site", description="Make the course's site.")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "_site", metavar="FOLDER")
    target = parser.parse_args(arguments).folder
    try:
        build(target)
    except (
        SiteError,
        HomeError,
        LinkError,
        NotebookError,
        AssignmentError,
        OSError,
        RuntimeError,
    ) as error:
        print(f"site: {str(error).strip()}\nsite: {target} is unchanged", file=sys.stderr)
        return 1
    print(f"The site is in {target}: python -m http.server -d {target} shows it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
