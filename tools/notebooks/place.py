"""Where the course is published, and the line of a notebook's first cell that opens it there.

The place stands once, in `[tool.coursekit]` of pyproject.toml. `tools.publish.links` lets every link lead
to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tools.notebooks.notebook import Node, checkout

ROOT = Path(__file__).resolve().parents[2]
COLAB = "https://colab.research.google.com/github"
GITHUB = "https://github.com"
KAGGLE = "https://www.kaggle.com/kernels/welcome?src="
CODESPACES = "https://codespaces.new"


class Place(NamedTuple):
    """Where the course is published: "owner/name" on GitHub, and a branch or tag of it."""

    repository: str
    branch: str

    @property
    def colab(self) -> str:
        """How the addresses begin at which Colab opens its notebooks; a path follows."""
        return f"{COLAB}/{self.repository}/blob/{self.branch}/"

    @property
    def kaggle(self) -> str:
        """How the addresses begin at which Kaggle copies its notebooks; a path follows."""
        return f"{KAGGLE}{GITHUB}/{self.repository}/blob/{self.branch}/"

    @property
    def codespaces(self) -> str:
        """Where Codespaces opens the whole course in a browser, as `.devcontainer` says."""
        return f"{CODESPACES}/{self.repository}/tree/{self.branch}?quickstart=1"

    def doors(self, path: str) -> str:
        """The line of a notebook's first cell that says where to open it; words need no network.

        Args:
            path: of the notebook in the repository.
        """
        return (
            f"Open in [Colab]({self.colab}{path}), [Kaggle]({self.kaggle}{path}) "
            f"or [Codespaces]({self.codespaces})."
        )


PLACEHOLDER = Place("OWNER/REPO", "main")


class LinkError(Exception):
    """The repository or the branch has a name that GitHub does not allow. Nothing was written."""


def place(root: Path = ROOT) -> Place:
    """Where the course is published, as pyproject.toml says.

    Args:
        root: the checkout.

    Raises:
        LinkError: GitHub allows no such name.
        NotebookError: there is no such table.
    """
    _, settings = checkout(root / "pyproject.toml")
    return checked(settings["repository"], settings["branch"])


def checked(repository: str, branch: str) -> Place:
    """A place, if GitHub allows these two names.

    Args:
        repository: "owner/name", as in the address of the repository on GitHub.
        branch: of a branch or a tag.

    Raises:
        LinkError: it does not; for example, a whole address stands where "owner/name" belongs.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", repository, re.ASCII):
        raise LinkError(
            f"repository={repository!r} cannot be a repository on GitHub: give its owner and name, "
            "such as school/videos, not its address"
        )
    if not re.fullmatch(r"\w[\w.-]*(?:/\w[\w.-]*)*", branch, re.ASCII) or ".." in branch:
        raise LinkError(
            f"branch={branch!r} cannot be the name of a branch or tag: give one such as main or term-1"
        )
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
    there, name = _published(path)
    return there.colab + name


def doors(path: Path, notebook: Node) -> Iterator[str]:
    """Faults of the first cell: it has one line of links, which open this very notebook.

    Args:
        path: the notebook, in a checkout.
        notebook: its content.

    Yields:
        A text per fault.
    """
    there, name = _published(path)
    right = there.doors(name)
    first = notebook.cells[0].source if notebook.cells else ""
    lines = [line for line in first.splitlines() if line.startswith("Open in [")]
    if len(lines) != 1:
        yield (
            f"{len(lines)} lines in the first cell say where to open the notebook; write one, after its "
            f"title: {right}"
        )
    for line in lines:
        if line != right:
            yield f"the first cell opens something else than this notebook, or misses a door. Write: {right}"


def _published(path: Path) -> tuple[Place, str]:
    """Where the course of a notebook is published, and the notebook's path in it."""
    root, course = checkout(path)
    return Place(course["repository"], course["branch"]), path.resolve().relative_to(root).as_posix()
