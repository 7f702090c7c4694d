"""Bars are there for a person, and leave nothing behind."""

import IPython
import pytest

from coursekit import show
from coursekit._shared import _progress


class Kernel:
    """Of Jupyter: `is_notebook` asks for this attribute."""

    kernel = object()


@pytest.fixture
def person(monkeypatch):
    """The course is neither recorded nor tested."""
    monkeypatch.delenv("COURSEKIT_RECORDING", raising=False)
    monkeypatch.delenv("COURSEKIT_CHECK", raising=False)


def shown(capsys, **options):
    """What a bar of three steps writes to stdout and to stderr."""
    with _progress.bar(3, name="GRU (1 of 2)", unit="epoch", **options) as bar:
        bar.update(2)
        bar.refresh()
    return capsys.readouterr()


def test_a_bar_says_the_name_how_far_it_is_and_the_time_left(person, capsys):
    out, err = shown(capsys)
    assert out == ""
    assert "GRU (1 of 2):  67%" in err
    assert "2/3 [" in err
    assert "<" in err.rsplit("2/3 [", 1)[1], "the time left stands after this sign"


def test_a_bar_removes_itself(person, capsys):
    assert shown(capsys).err.split("\r")[-2].strip() == ""


def test_in_a_notebook_no_bar_looks_like_an_error(person, capsys, monkeypatch):
    monkeypatch.setattr(IPython, "get_ipython", Kernel)
    out, err = shown(capsys, show=None)
    assert "2/3" in out
    assert err == ""


@pytest.mark.parametrize("show", [False, None])
def test_without_a_person_there_is_none(person, capsys, show):
    """pytest reads what is written, so this is no terminal."""
    assert shown(capsys, show=show) == ("", "")


@pytest.mark.parametrize("variable", ["COURSEKIT_RECORDING", "COURSEKIT_CHECK"])
def test_a_recording_and_a_test_have_none(person, capsys, monkeypatch, variable):
    monkeypatch.setattr(IPython, "get_ipython", Kernel)
    monkeypatch.setenv(variable, "1")
    assert shown(capsys, show=True) == ("", "")


def test_a_loop_with_progress_sees_each_item_once(person, capsys, monkeypatch):
    monkeypatch.setattr(IPython, "get_ipython", Kernel)
    assert list(show.progress(["a", "b"], title="letters", unit="letter")) == ["a", "b"]
    out, err = capsys.readouterr()
    assert "letters" in out
    assert "/2" in out
    assert err == ""
