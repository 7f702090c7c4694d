"""Where the course is published, and the Colab badge of a notebook, which opens it there.

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
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"
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
    root, course = checkout(path)
    return Place(course["repository"], course["branch"]).colab + path.resolve().relative_to(root).as_posix()


def badges(path: Path, notebook: Node) -> Iterator[str]:
    """Faults of the first cell: it has one Colab badge, which opens this very notebook.

    Args:
        path: the notebook, in a checkout.
        notebook: its content.

    Yields:
        A text per fault.
    """
    right = colab_link(path)
    first = notebook.cells[0].source if notebook.cells else ""
    addresses = re.findall(rf"\[!\[[^\]]+\]\({re.escape(BADGE)}\)\]\(([^)\s]*)\)", first)
    if len(addresses) != 1:
        yield (
            f"{len(addresses)} Colab badges in the first cell; "
            f"write one: [![Open in Colab]({BADGE})]({right})"
        )
    for address in addresses:
        if address != right:
            yield f"the badge opens {address}, not this notebook: {right}"
