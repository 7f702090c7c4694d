"""Labelled clips of real frames, whose classes differ only in the order of the frames.

A virtual camera looks at one frame of a film through a small window, and pans, zooms, or stays. From one
frame, called a *scene* here, come seven clips, one of each class:

    film = video.read(data.clip("bikes"), every=5)
    clips = motion.cut(film, scenes=14)
    clips.frames.shape                   # (308, 3, 112, 112): each picture is stored once
    clips.frames[clips.order[0]].shape   # (8, 3, 112, 112): clip 0, a pan to the left

*Pan left is pan right reversed, pan up is pan down reversed, zoom in is zoom out reversed*, to the last
pixel. So a classifier that ignores the order of the frames cannot tell the two of a pair apart, whatever it
measures in each frame. Even if it always finds the right pair, it is right for at most 4 clips in 7.

The names say what the *camera* does: in a pan to the right the window moves to the right over the film,
and what it shows moves to the left. All seven clips of a scene share one picture, the one in its corner:
pan right, pan down and zoom out begin with it, their reverses end with it, and still shows only this picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F

from coursekit import data, layout, video

CLASSES = ("pan left", "pan right", "pan up", "pan down", "zoom in", "zoom out", "still")

STEPS = (2, 5)  # pixels that a panning window moves from frame to frame, slowest and fastest
ZOOMS = (1.03, 1.06)  # how much the side of a zooming window grows from frame to frame
PLACES = 4  # how many places are tried; the one with the most contrast is taken


class Shot(NamedTuple):
    """A piece of a film without a cut: name of the film, its frames (first, stop), their size (H, W)."""

    film: str
    frames: tuple[int, int]
    size: tuple[int, int]


# All seven as high as bikes is, so that a window sees about as much in each.
SHOTS = {
    "bus roof": Shot("bikes", (0, 30), (272, 640)),
    "taxi": Shot("bikes", (30, 76), (272, 640)),
    "cyclist": Shot("bikes", (76, 137), (272, 640)),
    "railing": Shot("bikes", (137, 187), (272, 640)),
    "bicycle": Shot("bikes", (187, 242), (272, 640)),
    "rabbit": Shot("bigbuckbunny", (0, 132), (272, 484)),
    "bow tie": Shot("carphone_pristine", (0, 120), (272, 332)),
}

_MOVES = ("pan right", "pan down", "zoom out")  # those that begin in the corner; the others are reversed
_REVERSED = {"pan left": "pan right", "pan up": "pan down", "zoom in": "zoom out"}


@dataclass(frozen=True)
class Clips:
    """Labelled clips. Clips share pictures, so each picture is stored once.

    Attributes:
        frames: uint8 (F, 3, S, S), the pictures.
        order: int64 (N, T): clip n shows the pictures frames[order[n]], in this order.
        labels: int64 (N,): the class of a clip, an index of `CLASSES`.
        scenes: int64 (N,): the scene it was cut from, 0, 1, 2, ..., in the order of the film.
    """

    frames: torch.Tensor
    order: torch.Tensor
    labels: torch.Tensor
    scenes: torch.Tensor

    def __len__(self) -> int:
        return len(self.order)

    def clip(self, number: int) -> torch.Tensor:
        """The frames of one clip, uint8 (T, 3, S, S)."""
        return self.frames[self.order[number]]


def cut(film: torch.Tensor, scenes: int, *, frames: int = 8, size: int = 112, seed: int = 0) -> Clips:
    """Cut seven clips, one of each class, out of each of several frames of a film.

    The frames are spread evenly over the film. The place of the window and the speeds of its pan (`STEPS`)
    and zoom (`ZOOMS`) are drawn at random for each scene. Of `PLACES` windows the one with the most contrast
    is taken, because a pan over a bare wall cannot be seen. A pan shifts by whole pixels; a zoom is resized
    (bicubic, with antialiasing).

    Args:
        film: uint8 (T, 3, H, W).
        scenes: how many frames of the film to take, from 1 to T.
        frames: length of a clip, at least 2.
        size: S, the side of a clip's frames in pixels.
        seed: of the random numbers; the same seed gives the same clips on any machine (the pixels of a zoom
            may differ by a grey level).

    Returns:
        7 * scenes clips of scenes * (1 + 3 * (frames - 1)) pictures, scene after scene, the clips of each
        scene in the order of `CLASSES`.

    Raises:
        LayoutError: `film` is not T, 3, H, W.
        TypeError: `film` is no torch tensor.
        ValueError: `film` is not uint8, a number is out of range, or the film is too small for the window on
            its way.

    >>> clips = cut(torch.zeros(10, 3, 272, 640, dtype=torch.uint8), scenes=2)
    >>> clips.frames.shape, clips.order.shape
    (torch.Size([44, 3, 112, 112]), torch.Size([14, 8]))
    """
    _check(film, scenes, frames, size)
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.cat(
        [_scene(film[at], frames, size, generator) for at in _spread(len(film), scenes)]
    )  # (F, 3, S, S)
    paths = _paths(frames)  # (7, T)
    first = torch.arange(scenes).repeat_interleave(len(CLASSES)) * (1 + len(_MOVES) * (frames - 1))  # (N,)
    return Clips(
        frames=pictures,
        order=paths.repeat(scenes, 1) + first[:, None],  # (N, T)
        labels=torch.arange(len(CLASSES)).repeat(scenes),
        scenes=torch.arange(scenes).repeat_interleave(len(CLASSES)),
    )


def course_clips(scenes: int = 12) -> Clips:
    """The clips of notebook 06: from each of the `SHOTS`, shot after shot, with its number as the seed.

    Args:
        scenes: how many of each shot.

    Returns:
        7 * 7 * scenes clips; clip n is of shot scenes[n] // scenes.

    Raises:
        DataError, VideoError: a film of the course is missing or damaged.
        ValueError: more scenes than a shot has frames.
    """
    return join(
        [
            cut(video.read(data.clip(film), frames=frames, size=size), scenes, seed=number)
            for number, (film, frames, size) in enumerate(SHOTS.values())
        ]
    )


def wheel(turn: float, spokes: int = 5, side: int = 91) -> torch.Tensor:
    """A wheel with equal spokes that has turned clockwise, white on black.

    Args:
        turn: how far it has turned, as a part of a full turn.
        spokes: number of spokes (> 0).
        side: rows and columns of the picture.

    Returns:
        uint8 (3, side, side), 0 or 255.
    """
    along = torch.linspace(-1, 1, side)
    y, x = torch.meshgrid(along, along, indexing="ij")  # (side, side)
    radius, angle = torch.hypot(x, y), torch.atan2(x, -y) - 2 * torch.pi * turn  # (side, side)
    bright = (radius < 0.9) & ((torch.cos(spokes * angle) > 0.8) | (radius > 0.8))
    return (255 * bright).to(torch.uint8).expand(3, -1, -1)


def join(parts: Sequence[Clips]) -> Clips:
    """Several sets of clips as one; the numbers of the scenes continue from set to set.

    Args:
        parts: sets of clips with the same T and S, at least one.

    Raises:
        ValueError: no part, or parts whose clips differ in length or size.
    """
    if not parts:
        raise ValueError("parts must hold at least one set of clips, got none")
    for number, part in enumerate(parts):
        if (
            part.frames.shape[1:] != parts[0].frames.shape[1:]
            or part.order.shape[1] != parts[0].order.shape[1]
        ):
            raise ValueError(
                f"parts[{number}] has clips of {part.order.shape[1]} frames {tuple(part.frames.shape[1:])}, "
                f"parts[0] of {parts[0].order.shape[1]} frames {tuple(parts[0].frames.shape[1:])}"
            )
    pictures = [0, *torch.tensor([len(part.frames) for part in parts]).cumsum(0).tolist()]
    scenes = [0, *torch.tensor([int(part.scenes.max()) + 1 for part in parts]).cumsum(0).tolist()]
    return Clips(
        frames=torch.cat([part.frames for part in parts]),
        order=torch.cat([part.order + before for part, before in zip(parts, pictures, strict=False)]),
        labels=torch.cat([part.labels for part in parts]),
        scenes=torch.cat([part.scenes + before for part, before in zip(parts, scenes, strict=False)]),
    )


def _scene(image: torch.Tensor, frames: int, size: int, generator: torch.Generator) -> torch.Tensor:
    """The pictures of one scene: the corner, then the further ones of pan right, pan down, zoom out.

    Args:
        image: uint8 (3, H, W).
        frames: T.
        size: S.
        generator: of the random numbers.

    Returns:
        uint8 (1 + 3 (T - 1), 3, S, S).
    """
    step = int(torch.randint(STEPS[0], STEPS[1] + 1, (), generator=generator))
    zoom = ZOOMS[0] + (ZOOMS[1] - ZOOMS[0]) * float(torch.rand((), generator=generator))
    y, x = _place(image, frames, size, generator)
    on = range(1, frames)
    margins = [round(size * (zoom**t - 1) / 2) for t in on]  # what a zoom sees in addition, per side
    return torch.stack(
        [
            _window(image, y, x, size),
            *[_window(image, y, x + t * step, size) for t in on],
            *[_window(image, y + t * step, x, size) for t in on],
            *[_shrunk(_window(image, y - m, x - m, size + 2 * m), size) for m in margins],
        ]
    )


def _place(image: torch.Tensor, frames: int, size: int, generator: torch.Generator) -> tuple[int, int]:
    """Row and column of the corner's window: of `PLACES` random ones, where the pixels differ most."""
    before, after = _margins(frames, size)
    room = [side - size - before - after for side in image.shape[1:]]
    offsets = torch.rand(PLACES, 2, generator=generator).double()  # (places, 2): row and column, 0 to 1
    places = [(before + round(y * room[0]), before + round(x * room[1])) for y, x in offsets.tolist()]
    return max(places, key=lambda place: _window(image, place[0], place[1], size).double().std().item())


def _margins(frames: int, size: int) -> tuple[int, int]:
    """Pixels that the fastest camera needs before and after the corner's window, in each direction."""
    zoomed = round(size * (ZOOMS[1] ** (frames - 1) - 1) / 2)
    return zoomed, max(zoomed, STEPS[1] * (frames - 1))


def _window(image: torch.Tensor, y: int, x: int, side: int) -> torch.Tensor:
    return image[:, y : y + side, x : x + side]  # (3, side, side)


def _shrunk(image: torch.Tensor, size: int) -> torch.Tensor:
    """uint8 (3, S', S') -> uint8 (3, S, S)."""
    resized = F.interpolate(image[None].float(), (size, size), mode="bicubic", antialias=True)[0]
    return resized.round().clamp(0, 255).to(torch.uint8)


def _paths(frames: int) -> torch.Tensor:
    """Which pictures of a scene each class shows, in which order: int64 (7, T)."""
    steps = torch.arange(frames - 1)
    corner = torch.zeros(1, dtype=torch.int64)
    paths = {
        name: torch.cat([corner, 1 + number * (frames - 1) + steps]) for number, name in enumerate(_MOVES)
    }
    paths |= {name: paths[other].flip(0) for name, other in _REVERSED.items()}
    paths["still"] = torch.zeros(frames, dtype=torch.int64)
    return torch.stack([paths[name] for name in CLASSES])


def _spread(length: int, count: int) -> list[int]:
    """`count` places spread evenly over `length`, each in the middle of its part."""
    return [(2 * number + 1) * length // (2 * count) for number in range(count)]


def _check(film: torch.Tensor, scenes: int, frames: int, size: int) -> None:
    layout.check(film, "TCHW", dtype="uint8", name="film", numpy=False)
    if not 1 <= scenes <= len(film):
        raise ValueError(f"scenes must be from 1 to the {len(film)} frames of the film, got {scenes}")
    if frames < 2:
        raise ValueError(f"frames must be at least 2, got {frames}")
    if size < 8:
        raise ValueError(f"size must be at least 8 pixels, got {size}")
    needed = size + sum(_margins(frames, size))
    if min(film.shape[2:]) < needed:
        raise ValueError(
            f"film has frames of {film.shape[2]} x {film.shape[3]} pixels; {frames} frames of size={size} "
            f"need at least {needed} in each direction: choose a smaller size, or fewer frames"
        )
