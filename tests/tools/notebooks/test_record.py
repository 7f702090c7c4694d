import json
import os
import shutil
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_output
from support.scratch import code, save, stored, text

from tools.notebooks import record
from tools.notebooks.notebook import NotebookError, name_cells, read, traces, write

pytestmark = pytest.mark.notebook

# What could differ from run to run: pieces of a stream, the order of a set, the ids of widgets, an old line.
LIVELY = [
    "import os, time\nprint('a', flush=True)\ntime.sleep(0.4)\nprint('b')\nprint('half\\rdone')",
    "of = os.environ.get\nprint(set('abcdefgh'), of('COURSEKIT_RECORDING'), of('CUDA_VISIBLE_DEVICES'), 1)",
    "import matplotlib.pyplot as plt\nfigure = plt.figure()\n_ = plt.plot([1, 3, 2])",
    "import ipywidgets\nipywidgets.IntSlider(3)",
    "@ipywidgets.interact(n=(0, 9))\ndef draw(n=4):\n    print('n is', n)\n    plt.plot([n])\n    plt.show()",
    "print(os.path.basename(os.getcwd()))",
]


def outputs(path):
    return [cell.outputs for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A recorded notebook, whose cells had no ids."""
    path = save(
        tmp_path_factory.mktemp("one") / "place" / "lively.ipynb",
        text("# Frames and time"),
        *map(code, LIVELY),
    )
    content = json.loads(path.read_text())
    for cell in content["cells"]:
        del cell["id"]
    content["metadata"] = {
        "widgets": {"state": {}},
        "kernelspec": {"name": "my-own", "display_name": "My own"},
    }
    path.write_text(json.dumps(content | {"nbformat_minor": 4}))
    assert record.record(path)
    return path


def test_records_the_same_bytes_whatever_the_machine_is_set_to(recorded, tmp_path, monkeypatch):
    settings = tmp_path / "matplotlib" / "matplotlibrc"
    settings.parent.mkdir()
    settings.write_text("figure.figsize: 1, 1\nlines.linewidth: 20\n")
    (tmp_path / "startup.py").write_text("print('hello')\n")
    for key, value in {
        "XDG_CONFIG_HOME": str(tmp_path),
        "MATPLOTLIBRC": str(settings),
        "MPLBACKEND": "pdf",
        "PYTHONHASHSEED": "7",
        "PYTHONSTARTUP": str(tmp_path / "startup.py"),
        "PYTHONPATH": str(tmp_path),
        "COURSEKIT_RECORDING": "0",
        "CUDA_VISIBLE_DEVICES": "0",
    }.items():
        monkeypatch.setenv(key, value)
    again = tmp_path / "place" / "lively.ipynb"
    again.parent.mkdir()
    shutil.copy(recorded, again)
    assert record.record(again) is False
    assert again.read_bytes() == recorded.read_bytes()


def test_what_is_recorded(recorded):
    notebook = read(recorded)
    printed, ordered, figure, slider, interact, folder = outputs(recorded)
    assert [(out.name, out.text) for out in printed] == [("stdout", "a\nb\ndone\n")]
    assert ordered[0].text.endswith(" 1  1\n")
    assert set(figure[0].data) == {"image/png", "text/plain"}
    assert slider[0].data == {"text/plain": "IntSlider(value=3)"}
    assert slider[0].execution_count == 4
    assert "n is 4\n" in [out.get("text") for out in interact]
    assert sum("image/png" in out.get("data", {}) for out in interact) == 1
    assert folder[0].text == "place\n"
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2, 3, 4, 5, 6]
    assert [cell.id for cell in notebook.cells] == [f"frames-and-time-{n}" for n in range(1, 8)]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert "version" not in notebook.metadata.language_info
    assert not any("execution" in cell.metadata for cell in notebook.cells)
    assert recorded.read_text().endswith("}\n")
    assert "widget-view" not in recorded.read_text()


# Each cell, and what the message about it must say. None of them ends the run, so one kernel does for all.
FAULTY = [
    ("import ipywidgets\nipywidgets.interact(lambda n: 1 / n, n=(0, 9, 10))", "callback: ZeroDivisionError"),
    ("b = ipywidgets.Button()\nb.on_click(lambda b: {}['key'])\nb.click()", "callback: KeyError: 'key'"),
    ("with ipywidgets.Output():\n    raise ValueError('inside')", "callback: ValueError: inside"),
    ("import warnings\nwarnings.warn('old')", "text on stderr: "),
    # A thread of ipykernel's reads what C code writes: it needs a moment on a busy machine.
    (
        "import os, sys, time\n_ = os.write(2, b'from C code')\ntime.sleep(1)",
        "text on stderr: from C code",
    ),
    ("print(os.path.expanduser('~/clip.mp4'))", "stdout holds a path of this machine: "),
    ("os.getcwd()", "text/plain holds a path of this machine: "),
    ("print('lib/site-packages/torch')", "stdout holds a path of this machine: site-packages/torch"),
    ("print(sys.prefix)", "a path of this machine: "),
    ("print(r'C:\\Users\\me')", "a path of this machine: C:\\Users\\me"),
    ("object()", "text/plain holds a memory address: 0x"),
    (
        "from IPython.display import HTML\nHTML('see /tmp/x.mp4')",
        "text/html holds a path of this machine: /tmp",
    ),
    ("print('UserWarning: odd')", "a Python warning: UserWarning: odd"),
    ("from IPython.display import clear_output\nclear_output()", "clear_output has no stored form"),
    ("HTML('x' * 2_100_000)", "its outputs take 2.1 MB, more than 2 MB"),
]


def test_each_fault_is_named_and_nothing_is_stored(tmp_path):
    path = save(tmp_path / "faulty.ipynb", *(code(source) for source, _ in FAULTY))
    before = path.read_bytes()
    with pytest.raises(NotebookError) as caught:
        record.record(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: not recorded\n")
    parts = {int(part.split(maxsplit=1)[0]): part for part in message.split("code cell ")[1:]}
    assert len(message.split("code cell ")) - 1 == len(FAULTY)
    for number, (source, fault) in enumerate(FAULTY, start=1):
        assert fault in parts[number], source
        assert f"(id cell-{number})" in parts[number]
        assert source.splitlines()[0] in parts[number]
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


EXPLORE = (
    "import torch\nfrom coursekit import show, widgets\nstill = torch.zeros(3, 10, 9, dtype=torch.uint8)\n"
)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("print('before')\nclip[0]", "NameError: name 'clip' is not defined"),
        (
            "import ipywidgets\ns = ipywidgets.IntSlider()\ns.observe(lambda c: 1 / 0)\ns.value = 3",
            "ZeroDivisionError",
        ),
        (
            f"{EXPLORE}widgets.explore(lambda t: show.frame(still[:, : 10 - t]), t=(0, 10))",
            "no picture with t = 10",
        ),
        ("import time\ntime.sleep(60)", "ran longer than 1 s"),
        ("import os\nos._exit(1)", "its kernel died"),
        ("  ", "code cell 2 (id cell-2) is empty"),
    ],
    ids=["error", "observe", "explore", "too long", "dead kernel", "empty"],
)
def test_a_cell_that_fails_ends_the_recording(tmp_path, source, says):
    path = save(tmp_path / "stops.ipynb", code("x = 1"), code(source), code("print('never')"))
    before = path.read_bytes()
    with pytest.raises(NotebookError) as caught:
        record.record(path, seconds=1 if "sleep" in source else 60)
    assert says in str(caught.value)
    assert "code cell 2 (id cell-2)" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert path.read_bytes() == before
    running = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not any("ipykernel_launcher" in process.cmdline() for process in running)


def test_a_cell_may_raise_where_it_says_so(tmp_path):
    path = save(tmp_path / "may.ipynb", code("[1, 2][5]", "raises-exception"), code("print('on')"))
    record.record(path)
    error, after = outputs(path)
    assert error[0].traceback == ["IndexError: list index out of range"]
    assert after[0].text == "on\n"


def test_check_stores_nothing_and_shows_the_difference(recorded, tmp_path):
    path = tmp_path / "place" / "lively.ipynb"
    path.parent.mkdir()
    content = recorded.read_text()
    path.write_text(content)
    assert record.record(path, check=True) is False
    path.write_text(content.replace('"n is 4\\n"', '"n is 5\\n"'))
    changed = path.read_bytes()
    with pytest.raises(NotebookError, match=r"(?s)code cell 5 .*-stdout: n is 5\n    \+stdout: n is 4"):
        record.record(path, check=True)
    assert path.read_bytes() == changed


def test_pictures_and_free_cells_are_not_compared():
    def notebook(*cells):
        return nbformat.v4.new_notebook(cells=list(cells))

    def picture(png, html):
        cell = stored("show()", "", 1)
        embedded = f'<img src="data:image/png;base64,{html}" alt="x">'
        cell.outputs = [
            new_output("display_data", {"image/png": png, "text/html": embedded, "text/plain": "x"})
        ]
        return cell

    old = notebook(stored("t", "1 s", 1, "nbval-ignore-output"), picture("AAAA", "AAAA"))
    new = notebook(stored("t", "2 s", 1, "nbval-ignore-output"), picture("BBBB", "BBBB"))
    assert record.differences(old, new) == []
    assert record.differences(notebook(stored("t", "1 s", 1)), notebook(stored("t", "2 s", 1))) != []


@pytest.mark.parametrize(
    ("old", "new", "kept"),
    [
        ("permute 2.6 us, copy   99 ms", "permute 13 us, copy 1,117.5 ms", True),
        ("1e-05 of 3\n7\n", "2.5e-06 of 3\n12\n", True),
        ("took 2.6 us", "took 2.6 ms", False),
        ("frame 3", "frames 3", False),
        ("data:image/png;base64,AA1+2/3=", "data:image/png;base64,AA1+2/4=", False),
    ],
)
def test_a_free_cell_keeps_its_stored_numbers_and_nothing_else(old, new, kept):
    def notebook(printed, *tags):
        return nbformat.v4.new_notebook(cells=[stored("measure()", printed, 1, *tags)])

    for tag in ((), ("nbval-ignore-output",)):
        recorded = notebook(new, *tag)
        record.keep_numbers(notebook(old, *tag), recorded)
        assert recorded.cells[0].outputs[0].text == (old if kept and tag else new)


def test_a_cell_that_prints_times_records_the_same_bytes(tmp_path):
    timing = code("import time\nprint(time.perf_counter_ns(), 'ns')", "nbval-ignore-output")
    path = save(tmp_path / "times.ipynb", timing)
    assert record.record(path) is True
    assert record.record(path) is False


def test_all_outputs_together_have_a_limit():
    cells = [stored("print(x)", "x" * 1_900_000, number) for number in range(1, 5)]
    found = record.faults(nbformat.v4.new_notebook(cells=cells))
    assert found == ["all outputs together take 7.6 MB, more than 6 MB"]


@pytest.mark.parametrize(
    "harmless", ["https://example.org/home/x", "data/tmp", "0xff00ff", "Warning signs", "a:\\n"]
)
def test_harmless_texts_are_not_taken_for_traces(harmless):
    assert traces(harmless) == []


def test_ids_stay_and_missing_ones_are_named_after_the_heading():
    cells = [
        {"cell_type": "markdown", "id": "mine", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "1"},
        {"cell_type": "markdown", "source": "## A kernel, 3 x 3"},
        {"cell_type": "code", "id": "mine", "source": "2"},
        {"cell_type": "code", "id": "a-kernel-3-x-3-3", "source": "3"},
        {"cell_type": "code", "id": "", "source": "4"},
    ]
    name_cells(cells)
    ids = [cell["id"] for cell in cells]
    assert ids == [
        "mine",
        "title-2",
        "a-kernel-3-x-3-1",
        "a-kernel-3-x-3-2",
        "a-kernel-3-x-3-3",
        "a-kernel-3-x-3-4",
    ]
    name_cells(cells)
    assert [cell["id"] for cell in cells] == ids


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = save(tmp_path / "old.ipynb", code("1"))
    before = path.read_bytes()
    notebook = read(path)
    notebook.cells[0].source = "2"

    def fail(self, target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write(path, notebook)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("import torch", "not JSON"),
        ("[]", "not a notebook"),
        ('{"nbformat": 3}', "format 4"),
    ],
)
def test_what_is_no_notebook_is_named(tmp_path, content, says):
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(NotebookError, match=says):
        record.record(path)


def test_the_command_records_what_it_can_and_fails_if_one_failed(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert record.main([]) == 1
    assert "no notebooks/*.ipynb here" in capsys.readouterr().err
    save(tmp_path / "notebooks" / "01_bad.ipynb", code("1 / 0"))
    good = save(tmp_path / "notebooks" / "02_good.ipynb", code("1 + 1"))
    assert record.main([]) == 1
    said = capsys.readouterr()
    assert "01_bad.ipynb: not recorded" in said.err
    assert said.out.startswith(f"notebooks{os.sep}02_good.ipynb: recorded (")
    assert outputs(good)[0][0].data["text/plain"] == "2"
    assert record.main(["--check", str(good)]) == 0
    assert "as stored" in capsys.readouterr().out


def test_notebook_7_is_told_not_to_squeeze_an_explorer(tmp_path):
    shown = ['<div class="ck-framed" data-title="an explorer"', '<div class="ck-framed ck-question"', "one"]
    cells = [code(f"show({number})") for number in range(3)]
    for cell, html in zip(cells, shown, strict=True):
        cell.metadata["scrolled"] = True
        cell.outputs = [new_output("display_data", {"text/html": html})]
    notebook = read(save(tmp_path / "three.ipynb", *cells))
    record.tidy_metadata(notebook)
    assert [cell.metadata.get("scrolled") for cell in notebook.cells] == [False, None, None]
