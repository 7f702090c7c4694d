import IPython
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from coursekit._shared import _jupyter

ADVICE = "If a cell above defines `clip`, run the cells above first (Run > Run All Above Selected Cell)."


@pytest.fixture
def shell(monkeypatch, tmp_path):
    """A shell as in a kernel of Jupyter; the course is neither recorded nor tested."""
    monkeypatch.delenv("COURSEKIT_RECORDING", raising=False)
    monkeypatch.delenv("COURSEKIT_CHECK", raising=False)
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}), ipython_dir=str(tmp_path))
    shell.kernel = object()
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    return shell


def ran(shell, capsys, source):
    """What a cell shows; it fails."""
    assert not shell.run_cell(source).success
    return capsys.readouterr().out


@pytest.mark.parametrize("source", ["clip", "def first():\n    return clip[0]\nfirst()"])
def test_a_missing_name_has_its_traceback_and_then_what_to_do(shell, capsys, source):
    _jupyter.explain_name_errors()
    shown = ran(shell, capsys, source)
    assert "name 'clip' is not defined" in shown
    assert shown.rstrip().endswith(ADVICE)


@pytest.mark.parametrize("source", ["1 / 0", "def f():\n    print(clip)\n    clip = 1\nf()"])
def test_other_errors_have_no_advice(shell, capsys, source):
    _jupyter.explain_name_errors()
    assert "Run All Above" not in ran(shell, capsys, source)


def test_colab_names_its_menu_otherwise(shell, capsys, monkeypatch):
    monkeypatch.setitem(_jupyter.sys.modules, "google.colab", object())
    _jupyter.explain_name_errors()
    assert "(Runtime > Run before)" in ran(shell, capsys, "clip")


@pytest.mark.parametrize("variable", ["COURSEKIT_RECORDING", "COURSEKIT_CHECK"])
def test_nothing_is_added_while_the_course_is_recorded_or_tested(shell, capsys, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    _jupyter.explain_name_errors()
    assert ADVICE not in ran(shell, capsys, "clip")


def test_the_hook_of_another_package_stays(shell, capsys):
    shell.set_custom_exc((KeyError,), lambda *_, **__: print("its own"))
    _jupyter.explain_name_errors()
    assert ran(shell, capsys, "{}['a']").startswith("its own")


def test_outside_jupyter_nothing_happens(monkeypatch):
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    _jupyter.explain_name_errors()
