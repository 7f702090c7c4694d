"""A folder is exchanged whole or not at all, and what it held is never lost, whatever fails in between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit._shared import _files
from coursekit._shared._files import atomic_folder

STEPS = range(1, 5)  # the renames of one exchange: aside, into place, the history, away
OLD = {"text.md": "of last year", ".git/HEAD": "ref: refs/heads/main", ".git/objects/ab": "a commit"}
NEW = {"text.md": "of this year", "more/text.md": "new"}
HISTORY = {name: text for name, text in OLD.items() if name.startswith(".git/")}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def content(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def exchange(folder: Path) -> None:
    """Put the new content in place of what is there; `.git` stays."""
    with atomic_folder(folder, keep=".git") as new:
        write(new, NEW)


def in_a_process(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command that can import this file and coursekit."""
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    folder = Path(__file__).parent
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "course", OLD)
    return tmp_path / "course"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_folder_takes_the_place_of_the_old_one_and_keeps_its_history(folder):
    exchange(folder)
    assert content(folder) == {**NEW, **HISTORY}
    assert names(folder.parent) == {"course"}


def test_a_folder_is_made_where_there_is_none(tmp_path):
    exchange(tmp_path / "a" / "b" / "course")
    assert content(tmp_path / "a" / "b" / "course") == NEW
    assert names(tmp_path / "a" / "b") == {"course"}


def test_an_error_while_the_new_folder_is_made_leaves_the_old_one(folder):
    with pytest.raises(ValueError, match="half"), atomic_folder(folder, keep=".git") as new:
        write(new, NEW)
        raise ValueError("half of it")
    assert content(folder) == OLD
    assert names(folder.parent) == {"course"}


def test_behind_a_symbolic_link_the_folder_is_exchanged_and_the_link_stays(folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    exchange(link)
    assert link.is_symlink()
    assert content(folder) == {**NEW, **HISTORY}


# ---------------------------------------------------------------- a rename that fails


class Renames:
    """Stands in for `Path.rename`: counts the calls, and fails at one of them, or from one of them on."""

    def __init__(self, monkeypatch, fails_at: int, *, then_always: bool = False) -> None:
        self.calls, self.fails_at, self.then_always = 0, fails_at, then_always
        self.real = Path.rename
        monkeypatch.setattr(Path, "rename", lambda path, target: self.rename(path, target))

    def rename(self, path: Path, target: Path) -> Path:
        self.calls += 1
        if self.calls == self.fails_at or (self.then_always and self.calls > self.fails_at):
            raise OSError(f"rename {self.calls} fails")
        return self.real(path, target)


def test_the_steps_named_here_are_all_there_are(folder, monkeypatch):
    renames = Renames(monkeypatch, fails_at=0)
    exchange(folder)
    assert renames.calls == len(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_the_old_folder_is_back_with_its_history_when_a_rename_fails(folder, monkeypatch, step):
    Renames(monkeypatch, fails_at=step)
    with pytest.raises(OSError, match=f"rename {step} fails"):
        exchange(folder)
    assert content(folder) == OLD
    assert names(folder.parent) == {"course"}


@pytest.mark.parametrize("step", [1, 2, 3])
def test_without_a_history_the_old_folder_is_back_too(folder, monkeypatch, step):
    Renames(monkeypatch, fails_at=step)
    with pytest.raises(OSError, match=f"rename {step} fails"), atomic_folder(folder) as new:
        write(new, NEW)
    assert content(folder) == OLD
    assert names(folder.parent) == {"course"}


@pytest.mark.parametrize("step", STEPS)
def test_when_it_cannot_be_put_back_either_the_message_says_where_it_is(folder, monkeypatch, step):
    with monkeypatch.context() as patch:
        Renames(patch, fails_at=step, then_always=True)
        with pytest.raises(OSError) as caught:
            exchange(folder)
    previous = folder.with_name("course" + _files.PREVIOUS)
    if step == 1:
        assert content(folder) == OLD
    else:
        assert str(previous) in str(caught.value)
    everything = {**content(previous), **content(folder)} if previous.exists() else content(folder)
    assert everything.items() >= HISTORY.items()
    exchange(folder)  # once renames work again
    assert content(folder) == {**NEW, **HISTORY}
    assert names(folder.parent) == {"course"}


def test_an_interruption_between_two_steps_puts_the_old_folder_back(folder, monkeypatch):
    """Ctrl-C that arrives right after a rename was done: at each of them."""
    for step in STEPS[:-1]:
        with monkeypatch.context() as patch:
            renames = Renames(patch, fails_at=0)

            def rename(path, target, renames=renames, step=step):
                moved = renames.rename(path, target)
                if renames.calls == step:
                    raise KeyboardInterrupt
                return moved

            patch.setattr(Path, "rename", rename)
            with pytest.raises(KeyboardInterrupt):
                exchange(folder)
        assert content(folder) == OLD
        assert names(folder.parent) == {"course"}


def test_a_mount_point_cannot_be_renamed_and_keeps_what_it_holds(folder):
    """A real failure: the kernel answers EBUSY. Without mounts (macOS, a strict container) it is skipped."""
    if shutil.which("unshare") is None or in_a_process("unshare", "-rm", "true").returncode:
        pytest.skip("no mounts can be made here")
    mounted = f'mount --bind "{folder}" "{folder}" && exec "$@"'
    code = "import sys; from test_files import *; exchange(Path(sys.argv[1]))"
    python = [sys.executable, "-c", code, str(folder)]
    run = in_a_process("unshare", "-rm", "sh", "-c", mounted, "sh", *python)
    assert "Device or resource busy" in run.stderr
    assert content(folder) == OLD
    assert names(folder.parent) == {"course"}


# ---------------------------------------------------------------- a process that is killed


KILLED = """
import os, signal, sys
from pathlib import Path
from test_files import exchange

step, when, calls, real = int(sys.argv[2]), sys.argv[3], 0, Path.rename

def rename(path, target):
    global calls
    calls += 1
    if calls == step and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    moved = real(path, target)
    if calls == step:
        os.kill(os.getpid(), signal.SIGKILL)
    return moved

Path.rename = rename
exchange(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_killed_process_leaves_one_whole_folder_and_the_next_run_goes_on(folder, step, when):
    run = in_a_process(sys.executable, "-c", KILLED, str(folder), str(step), when)
    assert run.returncode == -signal.SIGKILL, run.stderr
    previous = folder.with_name("course" + _files.PREVIOUS)
    assert content(folder) in (OLD, {**NEW, **HISTORY}) or content(previous) == OLD
    exchange(folder)
    assert content(folder) == {**NEW, **HISTORY}
    assert "course" + _files.PREVIOUS not in names(folder.parent)


def test_after_a_killed_process_the_old_folder_is_back_even_if_the_next_run_fails(folder):
    previous = folder.rename(folder.with_name("course" + _files.PREVIOUS))
    with pytest.raises(ValueError, match="half"), atomic_folder(folder, keep=".git"):
        raise ValueError("half of it")
    assert content(folder) == OLD
    assert not previous.exists()


def test_two_histories_are_reported_and_neither_is_touched(folder):
    """Killed before the history was moved; then somebody has begun another one in the new folder."""
    previous = folder.rename(folder.with_name("course" + _files.PREVIOUS))
    write(folder, {**NEW, ".git/HEAD": "another"})
    with pytest.raises(FileExistsError, match=r"course\.coursekit-previous"):
        exchange(folder)
    assert content(previous) == OLD
    assert content(folder) == {**NEW, ".git/HEAD": "another"}
