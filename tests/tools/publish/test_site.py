"""The course's site: complete, right addresses, nothing hidden in it, nothing from another server."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from support.published import ASSIGNMENTS, LECTURES, MASTERS, SOLUTIONS, leaks, parts, public, visible

from coursekit.grading import release
from tools.publish import links, site, site_home

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
PLACE = links.Place("school/videos", "main")
# What makes a browser load something; an <a> does not.
LOADS = {
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "video": ("src", "poster"),
    "audio": ("src",), "source": ("src", "srcset"), "track": ("src",), "embed": ("src",), "object": ("data",),
    "use": ("href", "xlink:href"), "image": ("href", "xlink:href"), "input": ("src",),
}  # fmt: skip
LOADING = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "manifest",
}


class Html(HTMLParser):
    """What a test asks of a page: its tags, its words, and what it loads; the pages in its frames, too."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.styles: list[str] = []
        self.frames: list[Html] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self.styles.append(found.get("style", ""))
        if "srcdoc" in found:
            self.frames.append(Html(found["srcdoc"]))

    def handle_data(self, data):
        tag, attributes = self.tags[-1] if self.tags else ("", {})
        if tag == "script" and attributes.get("type") == "text/plain" and "<\\/" in data:
            self.frames.append(Html(data.replace("<\\/", "</")))  # a script puts it into a frame
        else:
            (self.styles if tag == "style" else self.words).append(data)

    def text(self) -> str:
        return "\n".join(["".join(self.words), *(frame.text() for frame in self.frames)])

    def loads(self):
        for tag, given in self.tags:
            for name in LOADS.get(tag, ()):
                # In a srcset, the width follows each address; ours have one.
                yield from given.get(name, "").split(" ")[:1]
            if tag == "link" and LOADING & set(given.get("rel", "").split()):
                yield given["href"]
        for style in self.styles:
            yield from styled(style)
        for frame in self.frames:
            yield from frame.loads()

    def values(self, name):
        return [given[name] for _, given in self.tags if name in given]


def styled(css):
    """What a style sheet loads."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    for quoted, plain in re.findall(r"url\(\s*(?:([\"'].*?[\"'])|([^\"')]*))\s*\)", css):
        yield (quoted or plain).strip("\"' ")
    yield from re.findall(r"@import\s+[\"']([^\"']+)", css)


@cache
def page(path: Path) -> Html:
    return Html(path.read_text(encoding="utf-8"))


def pages(site: Path) -> dict[str, Html]:
    """The pages by their names: "notebooks/03_conv3d" and so on."""
    found = sorted(path for path in site.rglob("*.html") if "_static" not in path.parts)
    return {path.relative_to(site).with_suffix("").as_posix(): page(path) for path in found}


# ---------------------------------------------------------------- what is in it


def test_the_site_has_every_notebook_every_assignment_and_every_module(site):
    found = pages(site)
    assert min(len(LECTURES), len(ASSIGNMENTS)) >= 6
    assert {
        *LECTURES,
        *SOLUTIONS,
        *ASSIGNMENTS,
        "index",
        "instructors",
        "own_films",
        "search",
        "genindex",
        "404",
        "data/README",
    } <= set(found)
    assert "notebooks/assignments/README" in found
    ids = {one for html in found.values() for one in html.values("id")}
    package = ROOT / "coursekit"
    modules = [f"coursekit.{path.stem}" for path in package.glob("[a-z]*.py")]
    modules += [f"coursekit.grading.{path.stem}" for path in (package / "grading").glob("[a-z]*.py")]
    modules += [f"coursekit.{path.parent.name}" for path in package.glob("[a-z]*/__init__.py")]
    modules.remove("coursekit.testing")
    assert len(modules) >= 30
    assert {f"module-{name}" for name in modules} - ids == set(), (
        "list it in tools/publish/templates/site/api"
    )


def test_the_first_page_has_a_card_for_each_lesson(site):
    index = pages(site)["index"]
    words = " ".join(index.text().split())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    here = links.place(ROOT)
    assert [
        given["href"].removesuffix(".html")
        for _, given in index.tags
        if "start" in given.get("class", "").split()
    ] == LECTURES[:1]
    for name in LECTURES:
        first = nbformat.read(ROOT / f"{name}.ipynb", as_version=4).cells[0].source
        reading, exercises = re.search(rf"{name}\.ipynb\).*?\| (\d+) \+ (\d+) \|", readme).groups()
        assert f"{reading} minutes, and {exercises} for the exercises" in words
        assert first.split("\n")[0].removeprefix("# ") in words
        question = re.search(r"\*\*(.+?\?)\*\*", first, re.DOTALL)[1]
        assert " ".join(question.split()[-6:]) in words
        file = f"{name}.ipynb"
        for address in (f"{name}.html", f"{here.colab}{file}", f"{here.kaggle}{file}", here.codespaces):
            assert address in index.values("href")
    pictures = [given for tag, given in index.tags if tag == "img" and given["src"].startswith("_images/0")]
    assert len(pictures) == len(LECTURES)
    assert all(len(given["alt"]) > 20 and (site / given["src"]).stat().st_size < 60_000 for given in pictures)


def test_what_concerns_authors_is_not_on_the_first_page(site):
    found = pages(site)
    for words in ("make test", "make publish", "coursekit grade", "make rehearsal"):
        assert words in found["instructors"].text()
        assert words not in found["index"].text()
    assert "instructors.html" in found["index"].values("href")


def test_pages_follow_each_other_from_the_first_lesson_to_the_last_then_the_solutions(site):
    following = {}
    for name, html in pages(site).items():
        for tag, given in html.tags:
            if tag == "link" and given.get("rel") == "next":
                there = ((site / name).parent / given["href"]).resolve()
                following[name] = there.relative_to(site.resolve()).with_suffix("").as_posix()
    name, order = "index", []
    while name in following:
        name = following[name]
        order.append(name)
    readme = "notebooks/assignments/README"
    wanted = [
        *LECTURES,
        *SOLUTIONS,
        readme,
        *sorted(ASSIGNMENTS, key=order.index),
        "own_films",
        "data/README",
    ]
    assert order[: len(wanted)] == wanted
    assert order[-2:] == ["instructors", "api/grading"]


LESSON = """{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells":
[{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# 1. One\\n\\n%s"}]}"""


@pytest.mark.parametrize(
    ("source", "readme", "lacks"),
    [
        ("Why?", "", "question in bold"),
        ("**Why?**", "| [1](notebooks/other.ipynb) | 5 + 6 |", "row with its minutes"),
        ("**Why?**", "| [1](notebooks/one.ipynb) | 5 + 6 |", "no stored picture: record it"),
    ],
)
def test_the_first_page_says_what_a_lesson_lacks(tmp_path, source, readme, lacks):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks/one.ipynb").write_text(LESSON % source)
    with pytest.raises(site_home.HomeError, match=lacks) as caught:
        site_home.first_page("<!-- lessons -->", tmp_path, readme, ["notebooks/one.ipynb"], PLACE)
    assert str(caught.value).startswith("notebooks/one.ipynb")


def test_the_first_page_says_how_to_set_the_place_of_publication_while_it_is_not_set(tmp_path, monkeypatch):
    command = "make links REPOSITORY=OWNER/NAME BRANCH=NAME"
    for name, place in (("none", links.PLACEHOLDER), ("place", links.Place("school/videos", "term-1"))):
        monkeypatch.setattr(links, "place", lambda root, place=place: place)
        (tmp_path / name).mkdir()
        site.collect(tmp_path / name)
        text = (tmp_path / name / "index.md").read_text(encoding="utf-8")
        assert (command in text) is (name == "none")
        assert f"https://github.com/{place.repository}/blob/{place.branch}/LICENSE" in text


@pytest.mark.parametrize("name", [*LECTURES, *ASSIGNMENTS])
def test_the_buttons_of_a_page_open_the_notebook_elsewhere_and_download_it(site, name):
    html = pages(site)[name]
    right, here = links.colab_link(ROOT / f"{name}.ipynb"), links.place(ROOT)
    buttons = [given["href"] for tag, given in html.tags if given.get("title") == "Launch on Colab"]
    assert buttons == [right]
    assert html.values("href").count(right) == 2  # the button, and the link in the first cell
    for service, address in (("Kaggle", f"{here.kaggle}{name}.ipynb"), ("Codespaces", here.codespaces)):
        assert [given["href"] for _, given in html.tags if given.get("title") == f"Launch on {service}"] == [
            address
        ]
    (source,) = [given["href"] for _, given in html.tags if given.get("title") == "Download source file"]
    downloaded = ((site / name).parent / source).resolve()
    assert downloaded.suffix == ".ipynb"
    if name in LECTURES:
        assert downloaded.read_bytes() == (ROOT / f"{name}.ipynb").read_bytes()
    else:
        master = MASTERS[ASSIGNMENTS.index(name)]
        assert downloaded.read_text(encoding="utf-8") == nbformat.writes(release.released(master)) + "\n"


def test_each_page_has_a_language_a_title_a_description_an_icon_and_a_skip_link(site):
    titles = set()
    for name, html in pages(site).items():
        tags = dict(reversed(html.tags))  # the first of each kind
        assert tags["html"]["lang"] == "en", name
        titles.add(
            "".join(re.findall(r"<title>(.*?)</title>", (site / f"{name}.html").read_text(), re.DOTALL))
        )
        told = [given["content"] for tag, given in html.tags if given.get("name") == "description"]
        assert len(told) == 1, name
        assert 30 < len(told[0]) <= 160, name
        assert any(given.get("rel") == "icon" for tag, given in html.tags if tag == "link"), name
        if name != "404":
            assert "#main-content" in html.values("href"), name
    assert len(titles) == len(pages(site))


def test_each_picture_of_a_notebook_keeps_its_alt_text(site):
    for name in LECTURES:
        notebook = nbformat.read(ROOT / f"{name}.ipynb", as_version=4)
        shown = [
            output.data["text/html"]
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if "text/html" in output.get("data", {})
        ]
        wanted = [given["alt"] for each in shown for tag, given in Html(each).tags if tag == "img"]
        found = [given.get("alt", "") for tag, given in pages(site)[name].tags if tag == "img"]
        assert wanted
        assert [alt for alt in found if alt in wanted] == wanted


# ---------------------------------------------------------------- what is not in it


def test_nothing_is_loaded_from_another_server(site):
    found = [(name, one) for name, html in pages(site).items() for one in html.loads()]
    for path in site.rglob("*.css"):
        found += [(path.name, one) for one in styled(path.read_text(encoding="utf-8"))]
    for path in site.rglob("*.svg"):
        found += [(path.name, one) for one in Html(path.read_text(encoding="utf-8")).loads()]
    assert len(found) > 200
    assert [each for each in found if re.match(r"(?:[a-z]+:)?//", each[1])] == []


@pytest.mark.parametrize(
    "one",
    [
        '<script src="https://cdn.example/x.js"></script>',
        '<link rel="stylesheet preload" href="//fonts.example/x.css">',
        "<p style=\"background: url('http://example.org/x.png')\">",
        "<style>@import 'https://example.org/x.css';</style>",
        '<iframe srcdoc="&lt;img src=https://example.org/x.png&gt;"></iframe>',
        '<script type="text/plain"><img src="https://example.org/x.png"><p><\\/p></script>',
    ],
)
def test_the_check_sees_a_page_that_loads_from_another_server(one):
    assert [each for each in Html(one).loads() if re.match(r"(?:[a-z]+:)?//", each)]


def dead(site: Path) -> list[str]:
    """Links and addresses of this site that lead nowhere."""
    found = []
    for name, html in pages(site).items():
        here = site / f"{name}.html"
        for address in [*html.values("href"), *html.values("src")]:
            parts_ = urlsplit(address)
            if parts_.scheme or address.startswith(("//", "/")):
                continue
            there = (here.parent / unquote(parts_.path)).resolve() if parts_.path else here
            if not there.is_file():
                found.append(f"{name}: {address} is no file")
            elif parts_.fragment and unquote(parts_.fragment) not in page(there).values("id"):
                found.append(f"{name}: {address} has no such place")
    return found


def test_every_link_within_the_site_leads_somewhere(site):
    assert dead(site) == []
    assert sum(len(html.values("href")) for html in pages(site).values()) > 1000


def test_the_check_sees_a_dead_link(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#there"></a><a href="b.html#gone"></a><a href="c.html">')
    (tmp_path / "b.html").write_text('<p id="there">')
    assert dead(tmp_path) == ["a: b.html#gone has no such place", "a: c.html is no file"]


def read_out(site: Path, target: Path) -> Path:
    """The site as a reader sees it: pages without their tags, which part a line of code into pieces."""
    for path in site.rglob("*"):
        if path.is_file() and "_static" not in path.parts:
            # A source stands where it stands in the repository: there, single values are looked for, too.
            where = target / str(path.relative_to(site)).removeprefix("_sources/")
            if path.suffix == ".html":
                where = target / "pages" / path.relative_to(site)
            where.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".html":
                where.write_text(page(path).text(), encoding="utf-8")
            else:
                where.write_bytes(path.read_bytes())
    return target


def test_no_page_source_or_search_index_holds_what_is_hidden(site, tmp_path):
    tree = read_out(site, tmp_path / "read")
    solved = MASTERS[2].cells[0].source.split("\n")[0].lstrip("# ")
    assert solved in (tree / "pages/notebooks/assignments/conv3d/conv3d.html").read_text(encoding="utf-8")
    assert leaks(tree) == []
    assert not [path for path in site.rglob("*") if "wrong" in path.parts]
    # The index holds single words, each cut to its stem: no word that stands in hidden parts alone.
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    terms = set(json.loads(re.search(r"\{.*\}", index, re.DOTALL)[0])["terms"])
    known = (visible() + public() + "".join(html.text() for html in pages(site).values())).lower()
    hidden = {
        word.lower()
        for master in MASTERS
        for line in parts(master)[1]
        for word in re.findall(r"\w{6,}", line)
    }
    words = " ".join(set(re.findall(r"\w+", known)))  # each once: much shorter to look through
    secret = {word for word in hidden if word not in words}
    assert len(secret) > 50
    assert len(terms) > 1000
    assert secret & terms == set()


def test_the_check_sees_a_site_made_of_the_masters(tmp_path, monkeypatch):
    monkeypatch.setattr(release, "released", lambda master: nbformat.read(master.path, as_version=4))
    site.collect(tmp_path)
    assert len(leaks(tmp_path)) > 100


# ---------------------------------------------------------------- what it refuses


@pytest.mark.skipif(not site.ready(), reason="no Sphinx here: the site is made with Python 3.11 or newer")
def test_a_broken_anchor_and_a_name_that_is_nowhere_leave_the_old_site(tmp_path, monkeypatch):
    source, target = tmp_path / "source", tmp_path / "site"
    source.mkdir()
    (tmp_path / "planted.py").write_text(
        'def one():\n    """As `conv.no_such_thing`, and `conv.output_size`."""\n'
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (source / "index.md").write_text(
        "# One\n\n[a](other.md#gone)\n\n[b](nowhere.md)\n\n```{toctree}\nother\nthe\n```\n"
    )
    (source / "other.md").write_text("# Other\n\n## Here\n\n[c](#here)\n")
    (source / "the.rst").write_text("The\n===\n\n.. automodule:: planted\n   :members:\n")
    target.mkdir()
    (target / site.MARK).write_text("an older site")
    with pytest.raises(site.SiteError) as caught:
        site.render(source, target, PLACE)
    said = [line for line in str(caught.value).split("\n") if "WARNING" in line]
    assert ["gone" in said[0], "nowhere" in said[1]] == [True, True]
    assert any("coursekit.conv.no_such_thing" in line for line in said)
    assert str(tmp_path) not in said[0]
    assert {path.name: path.read_text() for path in target.iterdir()} == {site.MARK: "an older site"}
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"source", "site", "planted.py"}


def test_a_folder_that_holds_something_else_is_refused_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "ready", lambda: True)
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(site.SiteError, match="choose an empty folder"):
        site.render(tmp_path, tmp_path, PLACE)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_without_sphinx_the_message_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(site, "ready", lambda: False)
    assert site.main([str(tmp_path / "site")]) == 1
    said = capsys.readouterr().err
    assert "pip install 'coursekit[site]'" in said
    assert "is unchanged" in said
    assert not (tmp_path / "site").exists()


def test_a_missing_section_of_the_readme_is_named():
    with pytest.raises(site.SiteError, match="'The course map'"):
        site._section("# A\n\ntext\n\n## Start\n\nmake lab\n", "The course map")
    assert site._section("# A\n\ntext\n\n## Start\n\nmake lab\n", "Start") == "make lab"
