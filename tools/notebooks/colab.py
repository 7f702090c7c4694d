"""A rehearsal of the course on Colab: its packages, its set-up cell, no checkout. `make rehearsal`.

    python -m tools.notebooks.colab [NOTEBOOK ...] [--python PATH]     (default: all, assignments too)

A learner on Colab has the packages that Colab has installed, and one set-up cell. The rehearsal makes an
environment with Colab's versions (`data/colab.json`) and a stand-in for `google.colab`, and runs the set-up
cell in it. The address in that cell is redirected to this commit, of which pip builds the wheel. No installed
package may change its version, because Colab has loaded it already. Then every notebook must run to its end
in an empty folder and show what is stored. Assignments run with their solutions.

Colab may take an `<iframe>` out of an output without a word. So frames, and the scripts that make them, are
removed from all that a notebook shows, and each question must still have its text, its options and its folded
answer, each explorer its picture.

`--python` takes that Python as it is. .github/workflows/colab.yml uses it in Colab's own container image,
which has the real `google.colab`.
"""

from __future__ import annotations

import argparse
import html
import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement

from coursekit import data
from coursekit.predict import ChoiceQuestion, bank
from tools.notebooks import kernel, leaks, record
from tools.notebooks.notebook import Node, NotebookError, checkout, code_cells, read

ROOT = Path(__file__).resolve().parents[2]
# Our notebooks ask nothing of google.colab, so the stand-in has nothing.
STAND_IN = '''\
"""A stand-in for Colab's own module in a rehearsal: it can be imported, and has no attributes."""


def __getattr__(name):
    raise AttributeError(f"google.colab.{name} is not there in a rehearsal: the course must do without it")
'''
# As Colab sets them; its other variables do not matter to the course.
VARIABLES = {
    "COLAB_RELEASE_TAG": "rehearsal",
    "MPLBACKEND": "module://ipykernel.pylab.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no advice of the debugger on stderr
}


class RehearsalError(Exception):
    """The course does not run on Colab as it should; the message says what differs."""


def make_python(folder: Path) -> Path:
    """Make an environment with Colab's packages.

    Args:
        folder: the environment to make; it need not exist.

    Returns:
        Its Python.

    Raises:
        RehearsalError: a package cannot be installed, or has another version than Colab's.
    """
    colab = json.loads(data.file("colab").read_text(encoding="utf-8"))
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    (site,) = (folder / "lib").glob("python*/site-packages")
    pins = [f"{name}=={version}" for name, version in colab["packages"].items()]
    # Python compiles what it imports, so pip need not compile everything.
    pip = (sys.executable, "-m", "pip", "--python", python, "-q", "--disable-pip-version-check")
    _run(*pip, "install", "--no-compile", "--no-deps", *pins)
    _borrow_cuda(site)
    _run(*pip, "install", "--no-compile", *pins)  # now what these need besides
    _run(*pip, "uninstall", "-y", *colab["absent"])
    there = versions(python)
    for name, version in colab["packages"].items():
        if there.get(_plain(name)) != version:
            raise RehearsalError(f"{name} is {there.get(_plain(name))} here, but {version} on Colab")
    (site / "google" / "colab").mkdir(parents=True)
    (site / "google" / "colab" / "__init__.py").write_text(STAND_IN, encoding="utf-8")
    return python


def _borrow_cuda(site: Path) -> None:
    """Give Colab's PyTorch the NVIDIA libraries of this environment, in place of 3 GB that pip would bring.

    On a CPU PyTorch loads them, and computes nothing with them. pip gets a description of each one, in the
    version that PyTorch asks for, and so takes them for installed.
    """
    ours = importlib.util.find_spec("nvidia")
    if ours is None or not ours.submodule_search_locations:  # a PyTorch without CUDA
        return
    (site / "nvidia").symlink_to(next(iter(ours.submodule_search_locations)))
    (torch,) = importlib.metadata.distributions(name="torch", path=[str(site)])
    for requirement in map(Requirement, torch.requires or ()):
        here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if here and requirement.name.startswith(("nvidia-", "cuda-")):
            pins = [
                bound.version.replace("*", "0") for bound in requirement.specifier if bound.operator == "=="
            ]
            version = pins[0] if pins else importlib.metadata.version(requirement.name)
            described = site / f"{requirement.name.replace('-', '_')}-{version}.dist-info"
            described.mkdir()
            lines = ["Metadata-Version: 2.1", f"Name: {requirement.name}", f"Version: {version}"]
            lines += [f"Provides-Extra: {extra}" for extra in sorted(requirement.extras)]
            (described / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
            (described / "RECORD").touch()


def versions(python: Path) -> dict[str, str]:
    """The packages of a Python: {"ipywidgets": "7.7.1", ...}, names in pip's plain form."""
    listed = json.loads(_run(python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"))
    return {_plain(each["name"]): each["version"] for each in listed}


def compare(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Which packages an installation added.

    Args:
        before: the packages before it.
        after: the packages after it.

    Returns:
        The packages that are new, as "name version".

    Raises:
        RehearsalError: a package that was there has another version now, or was removed.
    """
    changed = [
        f"{name} {old} -> {after.get(name, 'gone')}" for name, old in before.items() if after.get(name) != old
    ]
    if changed:
        raise RehearsalError(
            f"the set-up cell changed what Colab has loaded: {', '.join(changed)}. "
            "Loosen the lower bounds in pyproject.toml: Colab would have to be restarted"
        )
    return [f"{name} {version}" for name, version in after.items() if name not in before]


def publication(folder: Path, root: Path = ROOT) -> dict[str, str]:
    """Redirect the address that the set-up cell installs from to the checkout's commit.

    Args:
        folder: for the repository that stands in for GitHub's.
        root: the checkout; the rehearsal sees only what is committed.

    Returns:
        Environment variables that make git read the published branch from there.

    Raises:
        RehearsalError: the checkout is no git repository.
    """
    _, course = checkout(root / "pyproject.toml")
    bare = folder / "published.git"
    _run("git", "init", "-q", "--bare", bare)
    objects = root / _run("git", "-C", root, "rev-parse", "--git-path", "objects").rstrip("\n")
    (bare / "objects" / "info" / "alternates").write_text(f"{objects.resolve()}\n")
    tree = _run("git", "-C", root, "rev-parse", "HEAD^{tree}").strip()
    # One commit without a parent: of a shallow clone, as CI has it, git would look for parents without end.
    author = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.org")
    commit = _run("git", *author, "-C", bare, "commit-tree", "-m", "The checkout's files", tree).strip()
    _run("git", "-C", bare, "update-ref", f"refs/heads/{course['branch']}", commit)
    _run("git", "-C", bare, "config", "uploadpack.allowFilter", "true")
    settings = {
        f"url.{bare.as_uri()}.insteadOf": f"https://github.com/{course['repository']}",
        "safe.directory": "*",  # the checkout may be another user's, in a container
    }
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def install(python: Path, notebook: Path, scratch: Path) -> list[str]:
    """Run the first two code cells of a notebook, set-up and imports, in a kernel of Colab's environment.

    Args:
        python: Colab's, without coursekit.
        notebook: the one whose cells these are.
        scratch: a folder to work in.

    Returns:
        The packages that were added, as "name version".

    Raises:
        RehearsalError: coursekit is there already, a cell fails, or a package was changed.
        NotebookError: the notebook cannot be read.
    """
    before = versions(python)
    if "coursekit" in before:
        raise RehearsalError(f"coursekit is in {python} already: rehearse with a Python that has none")
    cells = [new_code_cell("import google.colab"), *code_cells(read(notebook))[:2]]  # as Colab's kernel does
    cells = [new_code_cell(cell.source) for cell in cells]
    cells.append(new_code_cell("import coursekit\nprint(coursekit.__file__)"))
    client = NotebookClient(
        new_notebook(cells=cells),
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=kernel.of_python(python, scratch)),
        resources={"metadata": {"path": str(scratch)}},
        timeout=600,
    )
    client.owns_km = True
    try:
        variables = {**VARIABLES, **publication(scratch), "PIP_NO_COMPILE": "1"}  # as in `make_python`
        client.execute(env=kernel.environment(scratch, **variables))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        output = "".join(output.get("text", "") for cell in cells for output in cell.outputs)
        raise RehearsalError(f"{notebook.name}: the set-up failed\n{output}\n{error}") from error
    package = cells[-1].outputs[0].text.strip()
    if not Path(package).is_relative_to(python.parent.parent):
        raise RehearsalError(f"coursekit comes from {package}, not from what the set-up cell installed")
    return compare(before, versions(python))


def play(python: Path, notebook: Path, folder: Path) -> None:
    """Run a notebook as on Colab, and compare what it shows with what is stored.

    Args:
        python: Colab's, with coursekit.
        notebook: of the course.
        folder: an empty one, where it runs.

    Raises:
        RehearsalError: a cell fails, shows something else, or shows too little without frames.
    """
    stored = read(notebook)
    try:
        shown = record.run(notebook, python=python, folder=folder, variables=VARIABLES)
    except NotebookError as error:
        raise RehearsalError(str(error)) from error
    changes = record.differences(stored, shown) if _recorded(stored) else []
    if changes:
        raise RehearsalError(f"{notebook}: shows something else than what is stored\n" + "\n".join(changes))
    if missing := lost_with_frames(shown):
        raise RehearsalError(f"{notebook}: is not whole where frames are removed\n" + "\n".join(missing))


_FRAMES = re.compile(r"<(iframe|script|style)\b.*?(?:</\1>|\Z)", re.DOTALL)


def lost_with_frames(notebook: Node) -> list[str]:
    """What readers lack if frames, and the scripts that make them, are removed from every output.

    Args:
        notebook: with its outputs.

    Returns:
        A line for each text or option of a question that cannot be seen, each answer that cannot be opened,
        and each explorer without a picture.
    """
    outputs = [_FRAMES.sub(" ", _html(cell)) for cell in notebook.cells]
    lines = []
    for name, place in leaks.places(notebook).items():
        asked = bank.question(name)
        options = list(asked.options) if isinstance(asked, ChoiceQuestion) else []
        seen, all_text = leaks.visible(outputs[place.ask]), _text(outputs[place.ask])
        lines += [
            f"{name}: {part!r} is not visible" for part in (asked.text, *options) if _text(part) not in seen
        ]
        if not (
            _text(asked.shown) in all_text
            and _text(asked.why) in all_text
            and "<details" in outputs[place.ask]
        ):
            lines.append(f"{name}: the answer cannot be opened")
    for cell, output in zip(notebook.cells, outputs, strict=True):
        calls = re.findall(r"\bexplorer\.\w+(?=\()", cell.source if cell.cell_type == "code" else "")
        if calls and not re.search(r'<img alt="[^"]+"[^<>]* src="data:image/', output):
            lines.append(f"{calls[0]} (id {cell.id}): no picture")
    return lines


def _html(cell: Node) -> str:
    """All that a cell shows as HTML."""
    return "".join(output.get("data", {}).get("text/html", "") for output in cell.get("outputs", []))


def _text(markup: str) -> str:
    """The words in HTML or plain text, with single spaces."""
    return " ".join(html.unescape(re.sub(r"</?[a-z][^<>]*>", " ", markup)).split())


def _recorded(notebook: Node) -> bool:
    """Masters of assignments hold no outputs."""
    return any(cell.outputs for cell in code_cells(notebook))


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _run(*command: object, cwd: Path | None = None, **variables: str) -> str:
    """Run a program; its output, or a RehearsalError with the last lines that it wrote."""
    others = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_REQUIRE"))
    }
    run = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**others, **variables}, capture_output=True, text=True
    )
    if run.returncode:
        output = "\n".join((run.stdout + run.stderr).strip().splitlines()[-15:])
        raise RehearsalError(f"{' '.join(map(str, command[:6]))} failed:\n{textwrap.indent(output, '  ')}")
    return run.stdout


def rehearse(notebooks: list[Path], python: Path | None = None) -> bool:
    """Run the whole rehearsal, and print how it goes.

    Args:
        notebooks: the notebooks to run.
        python: an existing Python; None makes one with Colab's versions.

    Returns:
        Whether nothing failed.
    """
    with tempfile.TemporaryDirectory(prefix="colab-") as scratch:
        folder = Path(scratch) / "content"  # where Colab's notebooks run; there is nothing in it
        folder.mkdir()
        try:
            python = python or make_python(Path(scratch) / "venv")
            print(
                f"The set-up cell added: {', '.join(install(python, notebooks[0], Path(scratch)))}",
                flush=True,
            )
        except (RehearsalError, NotebookError) as error:
            print(f"rehearsal: {error}", file=sys.stderr)
            return False
        passed = True
        for notebook in notebooks:
            problem = None
            try:
                play(python, notebook, folder)
            except (RehearsalError, NotebookError) as error:
                passed, problem = False, error
            print(f"{notebook.name}: {'ran to its end' if problem is None else problem}", flush=True)
            if leftovers := [path.name for path in folder.iterdir()]:
                passed = False
                print(f"{notebook.name}: left files behind: {', '.join(leftovers)}")
    return passed


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit code is 0 if the whole course runs on Colab."""
    parser = argparse.ArgumentParser(
        prog="tools.notebooks.colab", description="Rehearse the course on Colab."
    )
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: all, with the assignments")
    parser.add_argument("--python", type=Path, help="use this Python as it is; it has no coursekit yet")
    options = parser.parse_args(arguments)
    everything = [
        *sorted((ROOT / "notebooks").glob("*.ipynb")),
        *sorted((ROOT / "notebooks").glob("assignments/*/*.ipynb")),
    ]
    return 0 if rehearse([path.resolve() for path in options.notebooks] or everything, options.python) else 1


if __name__ == "__main__":
    sys.exit(main())
