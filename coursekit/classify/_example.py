"""A folder of labelled films, made from the clips of the course: a drawn person moves before a real scene."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from coursekit import data, motion, video
from coursekit._shared._cache import cache_or_new
from coursekit._shared._files import atomic_folder

CLASSES = ("jumping", "squatting", "waving")
PEOPLE = (
    ("anna", "ben", "chen", "dina", "emil", "fatou", "goran"),
    ("hana", "ivan", "jana", "kofi", "lena", "mateo", "nils"),
    ("olga", "priya", "quentin", "rosa", "sami", "tara", "umut"),
)  # three before each shot of `motion.SHOTS`, at different places
FILMS = 3  # of each person
FPS = 12
SIZE = (120, 160)  # H, W of a film
FRAMES = (18, 30)  # the shortest and the longest film
NOTE = "how_these_films_were_made.txt"

_SHARP = 3  # lines are drawn so many times larger, and shrunk: no stairs
_PLACES = ((0.1, 0.05), (0.5, 0.5), (0.9, 0.95))  # of the crop in the shot: rows, columns, 0 to 1
_SKIN = ((255, 224, 189), (198, 134, 66), (141, 85, 36), (241, 194, 125), (90, 56, 37))

Point = tuple[float, float]


@dataclass(frozen=True)
class _Person:
    """How a person looks in all films: colours, height in pixels, and a usual place in the picture."""

    skin: tuple[int, int, int]
    shirt: tuple[int, int, int]
    trousers: tuple[int, int, int]
    height: float
    x: float


def example(
    folder: str | os.PathLike[str] | None = None, *, every_movement: bool = False, person: bool = True
) -> Path:
    """Write 63 short films of three movements: three films of each of 21 people.

    Behind a drawn person runs a piece of one of the course's four clips, the same place in all films of one
    person. Each of the seven shots of `motion.SHOTS` serves three people, one in each line of `PEOPLE`, so
    that no shot belongs to a class. Size, colours and place of a person are drawn at random, and so are
    speed, phase, position and length of a film. The same call makes the same films on any machine, up to the
    rounding of the video encoder.

    Args:
        folder: where they go: `waving/olga_01.mp4`. Made if it is not there; films that are there stay.
            None takes a folder in the user's cache.
        every_movement: each person does each movement once. Otherwise each does one movement three times.
            Nothing else differs.
        person: False leaves the people out and keeps everything else.

    Returns:
        The folder.

    Raises:
        FileExistsError: the folder holds other things.
        DataError, VideoError: a clip of the course is missing or damaged.
    """
    plan = f"{'every' if every_movement else 'one'}-movement{'' if person else '-without-people'}"
    target = Path(folder) if folder else cache_or_new("films") / plan
    note = _note(every_movement, person)
    if (target / NOTE).is_file() and (target / NOTE).read_text(encoding="utf-8") == note:
        return target
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} holds other things: choose a folder that does not exist yet")
    with atomic_folder(target) as new:
        for shot, (name, frames, size) in enumerate(motion.SHOTS.values()):
            film = video.read(data.clip(name), frames=frames, size=size)  # (T, 3, 272, W)
            for line, place in enumerate(_PLACES):
                scene = _crop(film, place)  # (T, 3, 120, 160)
                for number in range(FILMS):
                    movement = CLASSES[(line + number * every_movement) % len(CLASSES)]
                    clip = _film(scene, _person(line, shot), movement, (line, shot, number), person)
                    to = new / movement
                    to.mkdir(parents=True, exist_ok=True)
                    video.write(to / f"{PEOPLE[line][shot]}_{number + 1:02}.mp4", clip, fps=FPS)
        (new / NOTE).write_text(note, encoding="utf-8")
    return target


def _person(line: int, shot: int) -> _Person:
    random = np.random.default_rng([line, shot])
    colours = random.integers(30, 226, (2, 3)).tolist()
    return _Person(
        skin=_SKIN[int(random.integers(len(_SKIN)))],
        shirt=(colours[0][0], colours[0][1], colours[0][2]),
        trousers=(colours[1][0], colours[1][1], colours[1][2]),
        height=random.uniform(62, 92),
        x=random.uniform(0.35, 0.65) * SIZE[1],
    )


def _film(
    scene: torch.Tensor, person: _Person, movement: str, seed: tuple[int, int, int], with_person: bool
) -> torch.Tensor:
    """One film, uint8 (T, 3, 120, 160); `scene` is as large, and `seed` ends in the number of the film."""
    random = np.random.default_rng(seed)
    longest = len(scene) - (
        FILMS - 1
    )  # no two films of a place begin at the same frame: they would be copies
    length = min(int(random.integers(FRAMES[0], FRAMES[1] + 1)), longest)
    first = round(seed[-1] / (FILMS - 1) * (len(scene) - length))
    speed, phase = random.uniform(0.7, 1.2), random.uniform(0, 1)  # turns in a second; of a turn
    x, mirrored = person.x + random.uniform(-8, 8), bool(random.integers(2))
    frames = []
    for t in range(length):
        image = scene[first + t]  # (3, H, W)
        pose = _pose(movement, speed * t / FPS + phase)
        frames.append(_drawn(image, person, pose, x, mirrored) if with_person else image)
    return torch.stack(frames)


def _crop(film: torch.Tensor, place: Point) -> torch.Tensor:
    """uint8 (T, 3, 120, 160): a window of the film."""
    rows, columns = (
        round(share * (whole - part)) for share, whole, part in zip(place, film.shape[2:], SIZE, strict=True)
    )
    return film[:, :, rows : rows + SIZE[0], columns : columns + SIZE[1]]


def _pose(movement: str, turns: float) -> dict[str, tuple[Point, Point, Point]]:
    """Each limb as three points, from the body outwards: x to the right, y upwards, the height is 1."""
    swing = math.sin(2 * math.pi * turns)  # -1 to 1
    open_ = (1 - math.cos(2 * math.pi * turns)) / 2  # 0 to 1
    down = 0.0
    left_arm, right_arm, spread = (-75.0, -85.0), (-75.0, -85.0), 6.0  # degrees above the horizontal
    if movement == "waving":
        right_arm = 20.0, 75 + 40 * swing
    elif movement == "jumping":
        left_arm = right_arm = -70 + 130 * open_, -75 + 145 * open_
        spread, down = 4 + 24 * open_, -0.05 * math.sin(math.pi * (turns % 1))
    else:
        down = 0.2 * open_
        left_arm = right_arm = -75 + 70 * open_, -85 + 85 * open_
    hip, shoulder = 0.47 - down, 0.80 - down
    limbs = {}
    for side, arm in ((-1, left_arm), (1, right_arm)):
        start = 0.09 * side, shoulder
        elbow = _along(start, arm[0], 0.17, side)
        limbs[f"arm {side}"] = start, elbow, _along(elbow, arm[1], 0.17, side)
        foot = side * (0.05 + 0.47 * math.sin(math.radians(spread))), max(0.0, -down)
        out = 0.06 * side + side * max(0.0, down) * 0.7
        knee = (out + foot[0]) / 2 + out / 2 * (down > 0), (hip + foot[1]) / 2
        limbs[f"leg {side}"] = (0.05 * side, hip), knee, foot
    limbs["body"] = (0.0, hip), (0.0, (hip + shoulder) / 2), (0.0, shoulder)
    limbs["head"] = (0.0, shoulder + 0.11), (0.0, shoulder + 0.11), (0.0, shoulder + 0.11)
    return limbs


def _along(start: Point, degrees: float, length: float, side: int) -> Point:
    angle = math.radians(degrees)
    return start[0] + side * length * math.cos(angle), start[1] + length * math.sin(angle)


def _drawn(
    image: torch.Tensor,
    person: _Person,
    pose: dict[str, tuple[Point, Point, Point]],
    x: float,
    mirrored: bool,
) -> torch.Tensor:
    """The image with the person in it, uint8 (3, H, W)."""
    height, width = SIZE
    layer = Image.new("RGBA", (_SHARP * width, _SHARP * height))
    pen = ImageDraw.Draw(layer)
    scale, ground = _SHARP * person.height, _SHARP * (height - 10)

    def at(point: Point) -> Point:
        return _SHARP * x + (-1 if mirrored else 1) * scale * point[0], ground - scale * point[1]

    for limb, colour, thick in (
        ("leg -1", person.trousers, 0.09), ("leg 1", person.trousers, 0.09), ("body", person.shirt, 0.22),
        ("arm -1", person.shirt, 0.07), ("arm 1", person.shirt, 0.07),
    ):  # fmt: skip
        points = [at(point) for point in pose[limb]]
        pen.line(points, fill=(*colour, 255), width=round(thick * scale), joint="curve")
        for point in (points[0], points[2]):
            _dot(pen, point, (thick if limb != "body" else 0.2) * scale / 2, colour)
    for limb in ("arm -1", "arm 1"):
        _dot(pen, at(pose[limb][2]), 0.045 * scale, person.skin)
    _dot(pen, at(pose["head"][0]), 0.085 * scale, person.skin)
    small = layer.resize((width, height), Image.Resampling.BOX)
    whole = Image.fromarray(image.permute(1, 2, 0).numpy())  # (H, W, 3)
    whole.paste(small, (0, 0), small)
    return torch.from_numpy(np.array(whole)).permute(2, 0, 1)  # (3, H, W)


def _dot(pen: ImageDraw.ImageDraw, centre: Point, radius: float, colour: tuple[int, int, int]) -> None:
    x, y = centre
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*colour, 255))


def _note(every_movement: bool, person: bool) -> str:
    plan = "Each person does each movement once." if every_movement else "Each person does one movement."
    left_out = "" if person else " Here the people are left out."
    return (
        "coursekit.classify.example made these films: drawn people before pieces of the course's clips.\n"
        f"{plan}{left_out}\n"
        "Owners and licences of the clips: data/README.md of the course. Big Buck Bunny is (c) 2008 Blender "
        "Foundation, CC BY 3.0.\n"
    )
