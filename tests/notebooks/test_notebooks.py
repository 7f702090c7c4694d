"""The stored notebooks are complete, and running them again gives what is stored.

nbval runs each notebook from a clean kernel, in a pytest of its own (`_nbval`), since its options hold for a
whole run of pytest; on several legs (`LEGS`), which differ in what the kernel computes with.

Interactive cells need no repair here: `tools.notebooks.record` says why, and the tests on small notebooks
below prove it, also for `ipywidgets.interact`, which the guard forbids for other reasons.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.legs import ALL_LEGS
from support.scratch import code, save

from coursekit import show
from tools import gpu
from tools.notebooks import kernel, lint, notebook, record

ROOT = Path(__file__).resolve().parents[2]
SANITIZE = Path(__file__).with_name("notebook_sanitize.cfg")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
ALL = [*NOTEBOOKS, *SOLUTIONS]
EACH = pytest.mark.parametrize("path", ALL, ids=[f"{path.parent.name}-{path.stem}" for path in ALL])
SECONDS = 900  # for one notebook; they take about one minute

# The same stored outputs must come out on each of these: variables of the kernel, by name of the leg.
LEGS = {
    "plain": {},  # the CPU, as recorded
    "sim": {"COURSE_DEVICE": "sim"},  # as strict as a GPU (coursekit.testing.sim_device)
    "perturbed": {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE"},  # rounds as another machine
    "gpu": {"COURSE_DEVICE": "cuda"},
}
# One run of each notebook in the everyday tests, on the strictest leg that fits: an output that comes out on
# the simulated device, or with other rounding, is also the plain CPU's. make test-all runs every leg, as the
# workflow `legs` does. Seconds on one core. Notebooks 05 and 06 are the two that choose a device.
EVERYDAY = {
    "01": ("perturbed", 40), "02": ("perturbed", 40), "03": ("perturbed", 40), "04": ("perturbed", 60),
    "05": ("sim", 80), "06": ("perturbed", 60), "07": ("perturbed", 90),
}  # fmt: skip

pytestmark = pytest.mark.notebook


def _nbval(path, scratch, leg="plain"):
    """Run nbval on a notebook; what it says about differences, or None if there are none."""
    variables = kernel.environment(scratch, COURSEKIT_CHECK="1", **LEGS[leg])
    kernel.make_font_cache(variables)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "--nbval-current-env",
        "--color=no",
        "--no-header",
        "-q",
    ]
    command += [
        "-p",
        "tools.notebooks.nbval_kernel",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(path.parent),
    ]
    command += [
        "-o",
        "addopts=",
        "--nbval-sanitize-with",
        str(SANITIZE),
        "--nbval-cell-timeout=300",
        str(path),
    ]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    passed = re.search(r"^(\d+) passed", done.stdout, re.MULTILINE)
    if done.returncode == 0 and passed and int(passed[1]) == len(notebook.code_cells(notebook.read(path))):
        return None
    return f"{path.name} (nbval counts code cells from 0)\n{done.stdout}\n{done.stderr}"


def test_there_are_notebooks_each_with_its_solutions():
    assert [path.name for path in SOLUTIONS] == [path.name for path in NOTEBOOKS]
    assert NOTEBOOKS, "no notebooks/*.ipynb: the tests below would pass without having tested anything"


@EACH
def test_guard(path):
    found = lint.problems(path)
    assert not found, "\n".join(found)


def _pairs():
    """Each notebook on each leg, marked with the leg's name, and skipped where another leg stands for it."""
    pairs = []
    for leg in LEGS:
        for path in ALL:
            everyday, seconds = EVERYDAY.get(path.stem[:2], ("plain", 60))
            if path in SOLUTIONS:
                everyday, seconds = "perturbed", 20
            marks = [getattr(pytest.mark, leg), pytest.mark.alone(seconds=seconds)]
            if leg == "gpu":
                marks.append(pytest.mark.skipif(gpu.missing() is not None, reason=str(gpu.missing())))
            elif leg != everyday and not ALL_LEGS:
                reason = f"the leg {everyday} stands for it; make test-all runs this one, too"
                marks.append(pytest.mark.skip(reason=reason))
            pairs.append(pytest.param(path, leg, id=f"{leg}-{path.parent.name}-{path.stem}", marks=marks))
    return pairs


@pytest.mark.parametrize(("path", "leg"), _pairs())
def test_nbval(path, leg, tmp_path):
    difference = _nbval(path, tmp_path, leg)
    if difference:
        pytest.fail(difference, pytrace=False)


def test_the_sanitizer_takes_out_what_the_recorder_does_not_compare():
    patterns = re.findall(r"^regex: (.*)$\n^replace: (.*)$", SANITIZE.read_text(), re.MULTILINE)
    assert patterns == [(notebook.EMBEDDED, "data:embedded")]


def test_a_pixel_more_is_no_difference_but_another_alt_text_is():
    def compared(height, alt):
        ramp = torch.arange(3 * height * 40).remainder(256).to(torch.uint8).reshape(3, height, 40)
        whole = show.frame(ramp).html()
        return re.sub(notebook.EMBEDDED, "data:embedded", whole.replace(show.frame(ramp).alt, alt))

    assert (
        show.frame(torch.zeros(3, 20, 40, dtype=torch.uint8)).size
        != show.frame(torch.zeros(3, 30, 40, dtype=torch.uint8)).size
    )
    assert compared(20, "a ramp") == compared(30, "a ramp")
    assert compared(20, "a ramp") != compared(20, "a slope")


SMALL = {
    "shape": "import torch\nprint(torch.zeros(16, 3, 90, 160).permute(1, 0, 2, 3).shape)",
    "value": "(16, 3, 90, 160)",
    "explore": "from coursekit import show, widgets\n"
    "still = torch.zeros(3, 9, 16, dtype=torch.uint8)\n"
    "widgets.explore(lambda t: show.frame(still, title=f'Frame {t}'), start={'t': 3}, t=(0, 9))",
    "live": "widgets.explore(lambda t, by: show.frame(still, title=f'Live {t} {by}'), t=(0, 9), by=(1, 3))",
    "interact": "import ipywidgets\n@ipywidgets.interact(n=(0, 9))\n"
    "def draw(n=4):\n    print('frame', n)\n    return n * n",
    "output": "from IPython.display import HTML, display\narea = ipywidgets.Output()\n"
    "display(area)\nwith area:\n    print('inside')",
    "html": "HTML('<video src=\"data:video/mp4;base64,AAAA\"></video> 5 frames')",
    "picture": "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])",
    # What a child writes reaches the kernel a moment after the child has ended.
    "child": "import subprocess, time\n_ = subprocess.run(['echo', 'from a child'])\ntime.sleep(1)",
    "environment": "import os\nprint('PYTEST_CURRENT_TEST' in os.environ)",
    "raises": "[][0]",
    "free": "import time\nprint(time.perf_counter_ns())",
}
TAGS = {"free": ["nbval-ignore-output"], "raises": ["raises-exception"]}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A recorded notebook with one cell of each kind."""
    cells = [code(source, *TAGS.get(kind, [])) for kind, source in SMALL.items()]
    path = save(tmp_path_factory.mktemp("small") / "small.ipynb", *cells)
    record.record(path)
    return path


def _changed(small, folder, *replacements):
    """A copy of the small notebook, with other stored outputs."""
    content = json.loads(small.read_text())
    for kind, old, new in replacements:
        cell = content["cells"][list(SMALL).index(kind)]
        before = json.dumps(cell["outputs"])
        assert old in before, before
        cell["outputs"] = json.loads(before.replace(old, new))
    path = folder / "changed.ipynb"
    path.write_text(json.dumps(content))
    return path


def _unrun(small, folder):
    """The path of a copy whose first cell was not run."""
    content = json.loads(small.read_text())
    content["cells"][0] |= {"execution_count": None, "outputs": []}
    path = folder / "unrun.ipynb"
    path.write_text(json.dumps(content))
    return path


def test_a_recorded_notebook_passes_also_with_a_cell_that_was_not_run_which_the_guard_sees(small, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.coursekit]\nrepository = 'a/b'\nbranch = 'main'\n")
    free = ("html", "AAAA", "BBBB"), ("picture", "iVBOR", "iVBQR"), ("explore", "iVBOR", "iVBQR")
    free += (("explore", "UklGR", "UklGS"),)  # the pictures of all positions
    path = _unrun(_changed(small, tmp_path, *free), tmp_path)
    assert _nbval(path, tmp_path) is None
    assert any("code cell 1" in problem and "was not run" in problem for problem in lint.problems(path))


def test_what_a_callback_draws_is_stored(small):
    outputs = json.dumps(json.loads(small.read_text())["cells"][list(SMALL).index("interact")]["outputs"])
    assert "frame 4" in outputs
    assert '"16"' in outputs


def test_each_change_of_a_stored_output_and_an_error_fail(small, tmp_path):
    changes = {
        "shape": ("[3, 16, 90, 160]", "[3, 16, 160, 90]"),
        "value": ("(16, 3, 90, 160)", "(16, 3, 90, 161)"),
        "explore": ("Frame 7", "Frame 6"),  # not the one at the start, which is 3
        "live": ("Live 0 1", "Live 0 2"),
        "interact": ("frame 4", "frame 5"),
        "output": ("inside", "outside"),
        "html": ("5 frames", "6 frames"),
        "child": ("from a child", "from a kid"),
        "raises": ("list index", "index"),
    }
    path = _changed(small, tmp_path, *((kind, *change) for kind, change in changes.items()))
    content = json.loads(path.read_text())
    content["cells"][list(SMALL).index("environment")]["source"] = "clip.shape"
    path.write_text(json.dumps(content))
    said = _nbval(path, tmp_path)
    assert said is not None
    failed = [int(number) for number in re.findall(r"^FAILED .*::Cell (\d+)", said, re.MULTILINE)]
    assert failed == sorted(list(SMALL).index(kind) for kind in (*changes, "environment")), said
    assert "[3, 16, 90, 160]" in said, "the message shows the new output"
    assert "[3, 16, 160, 90]" in said, "the message shows the stored output"
    assert "NameError: name 'clip' is not defined" in re.sub(r"\x1b\[[0-9;]*m", "", said)


FORGOTTEN = {
    "to": ("square.to(where)", "square", "Expected all tensors to be on the same device"),
    "cpu": ("network(x).cpu()", "torch.tensor(network(x).numpy())", "can't convert sim:0 device type tensor"),
}


def test_the_loop_moves_what_must_be_moved_and_what_was_forgotten_fails_on_the_simulated_device(tmp_path):
    """Real cells: the loop of notebook 05, and what it needs; then the loop without each of its moves."""
    (path,) = (path for path in NOTEBOOKS if path.stem.startswith("05"))
    sources = {cell.id: cell.source for cell in notebook.code_cells(notebook.read(path))}
    run = "print(tuple(extract(frames[:4], encoder.network.to(where)).shape))"
    cells = [sources[name] for name in ("imports", "film", "encoder", "loop")] + [run]
    for before, after, _ in FORGOTTEN.values():
        assert sources["loop"].count(before) == 1
        cells += [sources["loop"].replace(before, after), run]
    loop = save(tmp_path / "loop.ipynb", *map(code, cells))
    record.record(loop)  # on the CPU each of them runs
    printed = [cell.outputs for cell in notebook.code_cells(notebook.read(loop)) if cell.source == run]
    assert printed[0] == printed[1] == printed[2]
    said = re.sub(r"\x1b\[[0-9;]*m", "", str(_nbval(loop, tmp_path, "sim")))
    failed = [int(number) for number in re.findall(r"^FAILED .*::Cell (\d+)", said, re.MULTILINE)]
    assert failed == [6, 8], said
    for _, _, message in FORGOTTEN.values():
        assert message in said
