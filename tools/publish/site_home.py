"""The site's first page, for learners: a film to move, and a card for each lesson.

What a card says comes from the lesson: its title and its question (in bold in the first cell), and the first
picture that it stored. The minutes come from the README's map of the course.
"""

from __future__ import annotations

import base64
import html
import io
import re
from pathlib import Path
from typing import NamedTuple

import torch
from PIL import Image

from coursekit import data, video
from tools.notebooks.notebook import Node, read
from tools.notebooks.place import Place

FILM, SHOT = "bikes", (187, 242)  # one shot: a man walks by, and the camera turns a little
HEIGHT, WIDTH = 136, 320
ROW = 61  # crosses the man, the post and the wall
CARD_WIDTH = 640  # pixels; twice as wide as a card
_MINUTES = r"\({path}\)[^\n]*?\| *(\d+) \+ (\d+) *\|"


class HomeError(Exception):
    """The first page cannot be made; the message names the lesson and what it lacks."""


class Lesson(NamedTuple):
    """What the first page says about a lesson.

    Attributes:
        path: of its notebook in the repository.
        title, question: as in its first cell.
        alt: what its picture shows.
        reading, exercises: minutes.
    """

    path: str
    title: str
    question: str
    alt: str
    reading: int
    exercises: int


def first_page(template: str, source: Path, readme: str, lectures: list[str], place: Place) -> str:
    """Fill in the first page: its marks `film`, `hours` and `lessons`.

    Args:
        template: the page, in Markdown.
        source: the folder of the site's sources, with the lectures. The pictures are written to `home` in it.
        readme: the README's text.
        lectures: the paths of the notebooks, in order.
        place: where the course is published.

    Raises:
        HomeError: a lesson has no question, no picture, or no minutes.
    """
    pictures = source / "home"
    pictures.mkdir()
    lessons = [_lesson(source, path, readme) for path in lectures]
    template = template.replace("<!-- film -->", _film(pictures))
    template = template.replace("<!-- hours -->", _hours(lessons))
    return template.replace("<!-- lessons -->", "\n".join(_card(lesson, place) for lesson in lessons))


def _lesson(source: Path, path: str, readme: str) -> Lesson:
    """Read a lesson, and store its picture as `home/NAME.webp`."""
    notebook = read(source / path)
    first = notebook.cells[0].source
    title = re.search(r"^# (.+)$", first, re.MULTILINE)
    question = re.search(r"\*\*(.+?\?)\*\*", first, re.DOTALL)
    minutes = re.search(_MINUTES.format(path=re.escape(path)), readme)
    if not (title and question and minutes):
        lacks = "title" if not title else "question in bold in its first cell" if not question else ""
        raise HomeError(f"{path} has no {lacks or 'row with its minutes in the map of README.md'}")
    image, alt = _picture(notebook, path)
    image.thumbnail((CARD_WIDTH, CARD_WIDTH))
    image.save(source / "home" / f"{Path(path).stem}.webp", quality=80)
    return Lesson(path, title[1], " ".join(question[1].split()), alt, int(minutes[1]), int(minutes[2]))


def _picture(notebook: Node, path: str) -> tuple[Image.Image, str]:
    """The first picture that a notebook stored, and its alternative text."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            alt = re.search(r'\balt="([^"]+)"', shown.get("text/html", ""))
            if "image/png" in shown:
                image = Image.open(io.BytesIO(base64.b64decode(shown["image/png"])))
                return image.convert("RGB"), html.unescape(alt[1]) if alt else shown["text/plain"]
    raise HomeError(f"{path} has no stored picture: record it")


def _card(lesson: Lesson, place: Place) -> str:
    """A lesson on the first page, in Markdown."""
    alt = re.sub(r"([\\\[\]`*_<>])", r"\\\1", " ".join(lesson.alt.split()))
    return f"""\
::::{{container}} card
[![{alt}](home/{Path(lesson.path).stem}.webp)]({lesson.path})

```{{rubric}} [{lesson.title}]({lesson.path})
:heading-level: 3
```

{lesson.question}

{lesson.reading} minutes, and {lesson.exercises} for the exercises

[Read here]({lesson.path}), or run it: [Colab]({place.colab}{lesson.path}),
[Kaggle]({place.kaggle}{lesson.path}), [Codespaces]({place.codespaces})
::::
"""


def _hours(lessons: list[Lesson]) -> str:
    """How long the whole course takes."""
    reading, exercises = (
        round(sum(minutes) / 60)
        for minutes in ([each.reading for each in lessons], [each.exercises for each in lessons])
    )
    return f"about {reading} hours of lessons and {exercises} hours of exercises"


def _film(folder: Path) -> str:
    """Write the frames of the film, one below the other, and a still; the Markdown that shows them."""
    clip = video.read(data.clip(FILM), frames=SHOT)  # T, C, H, W
    small = torch.nn.functional.interpolate(clip.float(), (HEIGHT, WIDTH), mode="area")
    pixels = small.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()  # T, H, W, C
    frames = Image.fromarray(pixels.flatten(0, 1).numpy())
    frames.save(folder / "film_frames.webp", quality=60)
    row = Image.fromarray(pixels[:, ROW].contiguous().numpy()).resize((WIDTH, HEIGHT))
    still = Image.new("RGB", (2 * WIDTH + 16, HEIGHT), "white")
    still.paste(Image.fromarray(pixels[0].numpy()), (0, 0))
    still.paste(row, (WIDTH + 16, 0))
    still.save(folder / "film_still.webp", quality=85)
    alt = (
        f"Left, a frame: a man walks past a bicycle. Right, row {ROW} of all {len(pixels)} frames, "
        "the first on top. The man leaves a flat stripe, the post a steep one, the wall leans a little."
    )
    return f"""\
<div class="film" data-frames="{len(pixels)}">

```{{image}} home/film_still.webp
:alt: {alt}
:class: film-still
```

```{{image}} home/film_frames.webp
:alt: The frames of the film, one below the other
:class: film-frames
```

</div>"""
