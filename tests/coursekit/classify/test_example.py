"""The films of notebook 07: who does what, where, and that nothing else differs."""

import functools
from collections import Counter

import pytest
import torch

from coursekit import classify, video


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A function: the films with one movement for each person, with every movement, or without people."""
    root = tmp_path_factory.mktemp("example")
    options = {"one": {}, "every": {"every_movement": True}, "bare": {"person": False}}
    return functools.cache(lambda name: classify.example(root / name, **options[name]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one", pytest.param("every", marks=pytest.mark.again), "bare"])
def test_each_set_has_63_films_of_21_people_and_equal_classes(sets, name):
    found = classify.films(sets(name))
    assert found.labels.bincount().tolist() == [21, 21, 21]
    assert set(Counter(found.groups).values()) == {3}
    movements = {(film.group, film.label) for film in found.items}
    assert len(movements) == (63 if name == "every" else 21)


@pytest.mark.slow
def test_no_film_of_a_place_without_people_is_a_copy_of_another(sets):
    first, second, third = (
        video.read(sets("bare") / f"jumping/anna_{number:02}.mp4") for number in (1, 2, 3)
    )
    for one, other in ((first, second), (second, third), (first, third)):
        assert one.shape != other.shape or (one.int() - other.int()).abs().float().mean() > 1


@pytest.mark.slow
def test_only_the_people_are_missing_in_the_films_without_them(sets):
    whole, empty = (video.read(sets(name) / "waving/olga_01.mp4").int() for name in ("one", "bare"))
    assert whole.shape == empty.shape
    changed = (whole - empty).abs().amax(dim=(0, 1)) > 60  # (H, W)
    assert 0.02 < changed.float().mean() < 0.5
    assert not changed[:, :20].any(), "the left edge is background only"


@pytest.mark.slow
def test_the_same_call_again_keeps_the_films_and_another_one_refuses(sets):
    film = sets("one") / "waving/olga_01.mp4"
    before = film.stat().st_mtime_ns
    assert classify.example(sets("one")) == sets("one")
    assert film.stat().st_mtime_ns == before
    with pytest.raises(FileExistsError, match="holds other things"):
        classify.example(sets("one"), person=False)


def test_every_movement_moves():
    from coursekit.classify import _example

    for movement in _example.CLASSES:
        poses = [_example._pose(movement, turn / 8) for turn in range(9)]
        hands = torch.tensor([pose["arm 1"][2] for pose in poses])  # (9, 2)
        assert hands.std(0).max() > 0.05, movement
        torch.testing.assert_close(hands[0], hands[8])  # one whole turn
