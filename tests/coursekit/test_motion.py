"""Clips that differ only in order: the laws that notebook 06 builds on, on real frames."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from coursekit import data, layout, motion, video
from coursekit.motion import CLASSES


@pytest.fixture(scope="module")
def film() -> torch.Tensor:
    return video.read(data.clip("bikes"), frames=(137, 187), every=5)  # (10, 3, 272, 640)


@pytest.fixture(scope="module")
def clips(film: torch.Tensor) -> motion.Clips:
    return motion.cut(film, scenes=5)


def of_scene(clips: motion.Clips, scene: int) -> dict[str, torch.Tensor]:
    """The seven clips of a scene by name, each (T, 3, S, S)."""
    numbers = (clips.scenes == scene).nonzero()[:, 0].tolist()
    return {CLASSES[int(clips.labels[number])]: clips.clip(number) for number in numbers}


def shifted(clip: torch.Tensor, rows: int, columns: int) -> bool:
    """Whether each frame is the one before it, seen through a window moved by so many pixels (>= 0)."""
    size = clip.shape[-1]
    before = clip[:-1, :, rows:, columns:]
    after = clip[1:, :, : size - rows, : size - columns]
    return torch.equal(before, after)


def speed(clip: torch.Tensor, axis: str) -> list[int]:
    """Every shift of 1 to 8 pixels along one axis that explains all steps of a clip."""
    moves = {"down": lambda n: (n, 0), "right": lambda n: (0, n)}[axis]
    return [n for n in range(1, 9) if shifted(clip, *moves(n))]


@pytest.mark.parametrize(
    ("one", "other"), [("pan left", "pan right"), ("pan up", "pan down"), ("zoom in", "zoom out")]
)
def test_one_of_a_pair_is_the_other_reversed(clips: motion.Clips, one: str, other: str) -> None:
    for scene in range(5):
        seven = of_scene(clips, scene)
        assert torch.equal(seven[one], seven[other].flip(0))
        assert not torch.equal(seven[one], seven[other])


def test_a_scene_has_each_class_once_in_the_stated_order(clips: motion.Clips) -> None:
    assert len(clips) == 35
    assert clips.labels.tolist() == list(range(7)) * 5
    assert clips.scenes.tolist() == [scene for scene in range(5) for _ in range(7)]


def test_pans_are_shifts_of_real_pixels(clips: motion.Clips) -> None:
    for scene in range(5):
        seven = of_scene(clips, scene)
        (right,), (down,) = speed(seven["pan right"], "right"), speed(seven["pan down"], "down")
        assert right == down
        assert motion.STEPS[0] <= right <= motion.STEPS[1]
        assert speed(seven["pan right"], "down") == speed(seven["pan down"], "right") == []


def test_the_names_say_what_the_camera_does() -> None:
    """On a picture whose value is its column, a camera that pans to the right sees ever larger values."""
    ramp = torch.arange(250).expand(3, 250, 250).to(torch.uint8)
    for name, picture in {"pan right": ramp, "pan down": ramp.mT}.items():
        clip = of_scene(motion.cut(picture[None], scenes=1), 0)[name].float()
        assert (clip.mean((1, 2, 3)).diff() > 0).all()
    spread = of_scene(motion.cut(ramp[None], scenes=1), 0)
    assert (spread["zoom in"].float().std((1, 2, 3)).diff() < 0).all()  # it sees less and less of the ramp


def alike(a: torch.Tensor, b: torch.Tensor) -> float:
    """Correlation of two images."""
    return torch.corrcoef(torch.stack([a.flatten().float(), b.flatten().float()]))[0, 1].item()


def test_a_zoom_sees_the_same_centre_and_more_around_it(clips: motion.Clips) -> None:
    """Cut the middle out of the last frame and enlarge it: for one zoom factor in range it is the first."""
    for scene in range(3):
        first, *_, last = of_scene(clips, scene)["zoom out"].float()
        found = {}
        for margin in range(8, 22):  # pixels of the last frame on each side
            middle = last[:, margin : 112 - margin, margin : 112 - margin]
            found[margin] = alike(F.interpolate(middle[None], (112, 112), mode="bicubic")[0], first)
        best = max(found, key=lambda margin: found[margin])
        assert found[best] > 0.93
        assert motion.ZOOMS[0] ** 7 - 0.03 <= 112 / (112 - 2 * best) <= motion.ZOOMS[1] ** 7 + 0.03


def test_still_stands_still_and_all_share_the_corner(clips: motion.Clips) -> None:
    for scene in range(5):
        seven = of_scene(clips, scene)
        corner = seven["still"][0]
        assert all(torch.equal(frame, corner) for frame in seven["still"])
        assert all(torch.equal(seven[name][0], corner) for name in ("pan right", "pan down", "zoom out"))


def test_pictures_are_cut_from_the_film(film: torch.Tensor, clips: motion.Clips) -> None:
    """Every corner lies somewhere in its frame of the film: scene i in the middle of the i-th fifth."""
    for scene in range(5):
        corner = of_scene(clips, scene)["still"][0]
        image = film[2 * scene + 1]
        first_pixels = image.unfold(2, 112, 1)  # (3, 272, 529, 112)
        rows, columns = (first_pixels == corner[:, None, None, 0]).all(3).all(0).nonzero().unbind(1)
        places = zip(rows.tolist(), columns.tolist(), strict=True)
        assert any(torch.equal(image[:, r : r + 112, c : c + 112], corner) for r, c in places)


def test_each_picture_is_kept_once_and_used(clips: motion.Clips) -> None:
    assert clips.frames.shape == (5 * 22, 3, 112, 112)
    assert clips.frames.dtype == torch.uint8
    assert clips.order.unique().tolist() == list(range(5 * 22))


def test_seeds_reproduce_and_differ(film: torch.Tensor) -> None:
    state = torch.get_rng_state()
    one, again, other = (motion.cut(film, 2, size=48, seed=seed).frames for seed in (4, 4, 5))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("frames", "size"), [(2, 112), (5, 40), (12, 64)])
def test_other_lengths_and_sizes(film: torch.Tensor, frames: int, size: int) -> None:
    clips = motion.cut(film, 2, frames=frames, size=size)
    assert clips.frames.shape == (2 * (1 + 3 * (frames - 1)), 3, size, size)
    assert clips.order.shape == (14, frames)
    assert torch.equal(clips.clip(7), clips.clip(8).flip(0))


def test_the_smallest_film_that_is_allowed_is_enough() -> None:
    with pytest.raises(ValueError, match=r"size=24 need at least (\d+)") as caught:
        motion.cut(torch.zeros(1, 3, 24, 24, dtype=torch.uint8), 1, size=24)
    needed = int(str(caught.value).split("at least ")[1].split(" ")[0])
    for seed in range(20):
        noise = torch.randint(0, 256, (1, 3, needed, needed), dtype=torch.uint8)
        assert motion.cut(noise, 1, size=24, seed=seed).frames.shape == (22, 3, 24, 24)
    with pytest.raises(ValueError, match="choose a smaller size"):
        motion.cut(torch.zeros(1, 3, needed, needed - 1, dtype=torch.uint8), 1, size=24)


def test_join_numbers_pictures_and_scenes_on(film: torch.Tensor, clips: motion.Clips) -> None:
    other = motion.cut(film, 2, seed=9)
    both = motion.join([other, clips])
    assert both.scenes.tolist() == [scene for scene in range(7) for _ in range(7)]
    assert torch.equal(both.clip(0), other.clip(0))
    assert torch.equal(both.clip(len(other) + 11), clips.clip(11))
    assert both.labels.tolist() == list(range(7)) * 7


def test_shots_of_the_course_hold_no_cut() -> None:
    for shot in motion.SHOTS.values():
        frames = video.read(data.clip(shot.film), frames=shot.frames, size=(68, 120)).float()
        assert frames.diff(dim=0).abs().mean((1, 2, 3)).max() < 30  # at a cut it is above 50


def test_wrong_arguments_are_named(film: torch.Tensor, clips: motion.Clips) -> None:
    with pytest.raises(ValueError, match="scenes must be from 1 to the 10 frames of the film, got 11"):
        motion.cut(film, 11)
    with pytest.raises(ValueError, match="frames must be at least 2, got 1"):
        motion.cut(film, 1, frames=1)
    with pytest.raises(ValueError, match="size must be at least 8 pixels, got 4"):
        motion.cut(film, 1, size=4)
    with pytest.raises(ValueError, match=r"film has dtype torch\.float32, expected torch\.uint8"):
        motion.cut(film.float(), 1)
    with pytest.raises(layout.LayoutError, match="expected 4 axes for TCHW"):
        motion.cut(film[0], 1)
    with pytest.raises(ValueError, match="parts must hold at least one"):
        motion.join([])
    with pytest.raises(ValueError, match=r"parts\[1\] has clips of 4 frames"):
        motion.join([clips, motion.cut(film, 1, frames=4)])


def test_a_wheel_looks_the_same_after_one_spoke_and_turns_clockwise():
    still = motion.wheel(0.0)
    assert still.shape == (3, 91, 91)
    assert still.unique().tolist() == [0, 255]
    assert (motion.wheel(1 / 5) != still).float().mean() < 0.002  # equal but for rounding at edges
    assert (motion.wheel(1 / 10) != still).float().mean() > 0.1
    one = motion.wheel(1 / 4, spokes=1)[0]  # a single spoke, a quarter clockwise from the top
    assert one[45, 70] == 255
    assert one[45, 20] == one[20, 45] == 0
