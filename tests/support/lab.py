"""A real JupyterLab in a real Chromium, for tests: start both, open a notebook, run it, move its sliders.

Playwright's synchronous calls keep an event loop running as long as the browser is open, and nothing else
(nbclient, for example) can start one meanwhile: so a browser is open for one test module at most.
"""

import functools
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import nbformat
import psutil
from nbformat.sign import NotebookNotary

from tools.notebooks import kernel

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Without a GPU, without calls home, and without the sandbox, which is not to be had in most containers.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"  # pictures of tests; git-ignored
MAKE_LAB = Path(__file__).resolve().parents[2] / "tools" / "lab"  # the settings of `make lab`
HANDLE = ".noUi-handle, .ck-slider input"  # of a live slider, or of one that holds its pictures
SERVER_SECONDS = 120
PAGE_SECONDS = 120  # for anything on the page but running a notebook
RUN_SECONDS = 600

SETTINGS = {
    "apputils-extension/themes": {"theme": "JupyterLab Light", "adaptive-theme": False},
    # All cells are in the page, not only those in view.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "docmanager-extension/plugin": {"autosave": False},
}


def chromium(playwright: Any) -> str | None:
    """The Chromium to drive: the machine's, else Playwright's own, else None."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None and Path(playwright.chromium.executable_path).is_file():
        return str(playwright.chromium.executable_path)
    return found


@functools.cache
def axe() -> str:
    """axe-core, which looks for what hinders readers with a disability, as a script."""
    spec = find_spec("axe_playwright_python")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@dataclass
class Lab:
    """A running JupyterLab.

    Attributes:
        url: its address, with a slash at the end.
        token: the secret that lets a browser in.
        folder: what it shows.
        settings: where its settings lie.
    """

    url: str
    token: str
    folder: Path
    settings: Path

    def saves_widgets(self, yes: bool) -> None:
        """Whether it saves the state of widgets with a notebook, from the next page on."""
        file = self.settings / "@jupyter-widgets" / "jupyterlab-manager" / "plugin.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"saveState": yes}))


@contextmanager
def jupyterlab(folder: Path, scratch: Path, *, instructor: bool = False) -> Iterator[Lab]:
    """JupyterLab on a folder, set up as by `make lab`; on leaving, it and its kernels are gone.

    Args:
        folder: what JupyterLab shows.
        scratch: an empty folder for settings, kernels' connections and the log.
        instructor: set up as by `make lab-instructor`, with the panels of nbgrader.
    """
    places = [MAKE_LAB] if instructor else [MAKE_LAB / "learner", MAKE_LAB]
    for name, settings in SETTINGS.items():
        file = scratch / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    token = secrets.token_hex(16)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        f"--ServerApp.root_dir={folder}",
    ]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", f"--IdentityProvider.token={token}"]
    command += ["--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]  # and Notebook 7
    variables = kernel.environment(
        scratch,
        JUPYTER_CONFIG_DIR=str(scratch / "config"),
        JUPYTER_CONFIG_PATH=os.pathsep.join(map(str, places)),
        JUPYTER_DATA_DIR=str(scratch / "data"),
        JUPYTER_RUNTIME_DIR=str(scratch / "runtime"),
        JUPYTERLAB_SETTINGS_DIR=str(scratch / "settings"),
        JUPYTERLAB_WORKSPACES_DIR=str(scratch / "workspaces"),
    )
    kernel.make_font_cache(variables)
    log = scratch / "jupyterlab.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            command, env=variables, cwd=folder, stdout=stream, stderr=stream, start_new_session=True
        )
        try:
            yield Lab(_address(server, scratch / "runtime", log), token, folder, scratch / "settings")
        finally:
            _end(server)


def trust(scratch: Path, notebooks: Iterable[Path]) -> None:
    """Sign notebooks, as JupyterLab does with those whose cells the reader has run; before it starts."""
    (scratch / "data").mkdir()
    notary = NotebookNotary(data_dir=str(scratch / "data"))
    for path in notebooks:
        notary.sign(nbformat.read(path, as_version=4))
    notary.store.close()


def _address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Wait until the server answers; its address."""
    file = runtime / f"jpserver-{server.pid}.json"
    end = time.monotonic() + SERVER_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            url = str(json.loads(file.read_text())["url"])
            urlopen(f"{url}api", timeout=10).close()
            return url
        except (OSError, ValueError):
            time.sleep(0.2)  # between two looks
    raise RuntimeError(f"JupyterLab did not start in {SERVER_SECONDS} s:\n{log.read_text()[-3000:]}")


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, then end what is left: each kernel is in a process group of its own."""
    try:
        started = psutil.Process(server.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    server.terminate()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    for process in started:
        if process.is_running():
            process.kill()


# The kernel's light shows "idle" before there is a kernel; its info comes from a kernel that answers.
_OPEN = """(path) => {
    const open = async () => {
        await jupyterapp.restored;
        window.panel = await jupyterapp.commands.execute("docmanager:open", { path });
        await panel.context.ready;
        await panel.sessionContext.ready;
        await panel.sessionContext.session.kernel.info;
    };
    open().then(() => { window.opened = ""; }, (error) => { window.opened = String(error); });
}"""
_RUN = """(numbers) => {
    window.ran = null;
    const finish = () => { window.ran = true; };
    const run = async () => {
        const codes = panel.content.widgets.filter((cell) => cell.model.type === "code");
        for (const number of numbers) {
            panel.content.deselectAll();
            panel.content.activeCellIndex = panel.content.widgets.indexOf(codes[number]);
            await jupyterapp.commands.execute("notebook:run-cell");
        }
    };
    const all = () => jupyterapp.commands.execute("notebook:run-all-cells");
    (numbers === null ? all() : run()).then(finish, finish);
}"""
_CODE_CELLS = """() => {
    const cells = [...panel.content.model.cells];
    return cells.filter((cell) => cell.type === "code").map((cell) => cell.toJSON());
}"""
_OTHER_PICTURE = """([output, before]) => {
    const now = output.querySelector("img");
    return !now || now.hidden || now.src !== before;
}"""
_AT_END = "(one) => (one.value ?? one.ariaValueNow) === (one.max ?? one.ariaValueMax)"


@dataclass
class Notebook:
    """A notebook, open on a page.

    Attributes:
        page: Playwright's page.
        errors: what the page wrote to its console as errors, exceptions in its scripts, and what it wanted
            from the internet, so far.
    """

    page: Any
    errors: list[str] = field(default_factory=list)

    def outside(self, route: Any) -> None:
        """Nothing comes from the internet, and nothing asks for it."""
        self.errors.append(f"the page asks for {route.request.url}")
        route.abort()

    def run(self, numbers: list[int] | None = None) -> list[dict[str, Any]]:
        """Run code cells one after the other, and wait until the last one is done.

        Args:
            numbers: which ones, from 0; None runs all.

        Returns:
            Those cells, in order, as in a file: "source", "outputs", "execution_count".
        """
        self.page.evaluate(_RUN, numbers)
        self.page.wait_for_function("window.ran !== null", timeout=1000 * RUN_SECONDS)
        cells = self.cells()
        return cells if numbers is None else [cells[number] for number in numbers]

    def cells(self) -> list[dict[str, Any]]:
        """All code cells, in order, as in a file."""
        cells: list[dict[str, Any]] = self.page.evaluate(_CODE_CELLS)
        return cells

    def save_and_end(self) -> None:
        """Save the notebook, end its kernel, and leave the page."""
        self.page.evaluate("panel.context.save().then(() => panel.sessionContext.shutdown())")
        self.page.goto("about:blank")

    def explorers(self) -> Any:
        """The outputs that have a slider of `coursekit.widgets`."""
        return self.page.locator(f".jp-OutputArea-output:has({HANDLE})")

    def move(self, explorer: Any, slider: int = 0) -> tuple[str, str]:
        """Move an explorer's slider one step by the keyboard, and wait for another picture.

        Args:
            explorer: one of `explorers()`.
            slider: which one of it, from 0.

        Returns:
            The alternative texts of the picture before and after.
        """
        handle, image = explorer.locator(HANDLE).nth(slider), explorer.locator("img").first
        image.wait_for()
        before, told = image.get_attribute("src"), image.get_attribute("alt")
        at_end = handle.evaluate(_AT_END)
        handle.focus()
        handle.press("ArrowLeft" if at_end else "ArrowRight")
        arguments = [explorer.element_handle(), before]
        explorer.page.wait_for_function(_OTHER_PICTURE, arg=arguments, timeout=1000 * PAGE_SECONDS)
        alert = explorer.locator("[role=alert]").first
        if alert.is_visible():
            raise AssertionError(alert.inner_text())
        return told or "", image.get_attribute("alt") or ""

    def predictions(self) -> Any:
        """The frames with a question of `coursekit.predict`."""
        return self.page.locator("iframe[title^='Question:']")

    def frames(self) -> Any:
        """The frames with something to use: questions, explorers, budgets."""
        return self.page.locator("iframe[srcdoc]")


def answer(question: Any) -> list[str]:
    """Give a wrong answer, read why it is wrong, then give the answer that the page can reveal.

    Args:
        question: the frame of a question, or of a deck of questions, of which it is the first.

    Returns:
        What the page says to the wrong and to the right answer.
    """
    form = question.content_frame
    below = question.locator("xpath=following-sibling::details[1]")
    right = below.locator("strong").first.text_content()
    if form.get_by_role("radio").count():
        options = form.locator("fieldset label").all_inner_texts()
        wrong = next(text.strip() for text in options if text.strip() != right)
    else:
        wrong = "(7, 7)" if right.startswith("(") else "7777777"
    said = []
    for given, verdict in ((wrong, "bad"), (right, "good")):
        if form.get_by_role("radio").count():
            form.get_by_label(given, exact=True).press("Space")
            form.get_by_role("button", name="Check").press("Enter")
        else:
            form.get_by_role("textbox").fill(given)
            form.get_by_role("textbox").press("Enter")
        form.locator(f"#feedback.{verdict}").wait_for()
        said.append(form.get_by_role("status").inner_text())
    return said


def of_each_kind(questions: list[Any]) -> list[Any]:
    """The first question with options, and the first to type an answer to."""
    kinds: dict[bool, Any] = {}
    for question in questions:
        kinds.setdefault(question.content_frame.get_by_role("radio").count() > 0, question)
    return list(kinds.values())


def press_buttons(form: Any, *but: str) -> list[str]:
    """Press each button of a frame by the keyboard, and wait until the frame says something else.

    Args:
        form: the inside of a frame.
        but: names of buttons to leave alone.

    Returns:
        The names of those pressed, in order; one that was disabled first is pressed once another enabled it.
    """
    from playwright.sync_api import expect

    waiting = [button for button in form.locator("button").all() if button.is_visible()]
    waiting = [button for button in waiting if button.inner_text() not in but]
    pressed = []
    while ready := [button for button in waiting if button.is_enabled()]:
        button, body = ready[0], form.locator("body")
        before = body.inner_text()
        pressed.append(button.inner_text())
        button.press("Enter")
        expect(body).not_to_have_text(before, use_inner_text=True)
        waiting.remove(button)
    assert not waiting, f"never enabled: {[button.inner_text() for button in waiting]}"
    return pressed


def open_notebook(page: Any, lab: Lab, name: str) -> Notebook:
    """Open a notebook in JupyterLab and wait until its kernel answers.

    Args:
        page: a new page of Playwright's.
        lab: the running JupyterLab.
        name: the notebook's path in JupyterLab's folder.

    Returns:
        The open notebook.
    """
    notebook = Notebook(page)
    page.set_default_timeout(1000 * PAGE_SECONDS)
    page.on(
        "console", lambda message: notebook.errors.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: notebook.errors.append(str(error)))
    page.route(lambda url: not url.startswith(lab.url), notebook.outside)
    page.goto(f"{lab.url}lab?reset&token={lab.token}")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.evaluate(_OPEN, name)
    page.wait_for_function("window.opened !== undefined")
    failed = page.evaluate("window.opened")
    if failed:
        raise RuntimeError(f"{name}: JupyterLab did not open it: {failed}")
    return notebook
