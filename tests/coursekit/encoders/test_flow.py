"""Optical flow: the statistics of known fields, and what is done around RAFT."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torchvision import models
from torchvision.utils import flow_to_image

from coursekit import encoders, video
from coursekit.encoders import _raft
from coursekit.layout import LayoutError


@pytest.fixture(scope="module")
def pattern():
    """A random texture that moves 4 pixels to the right and 2 down from frame to frame."""
    generator = torch.Generator().manual_seed(0)
    texture = torch.rand(1, 3, 50, 66, generator=generator)
    smooth = nn.functional.interpolate(texture, scale_factor=4, mode="bicubic").clamp(0, 1)[0]
    frames = [smooth[:, 20 - 2 * t : 164 - 2 * t, 40 - 4 * t : 216 - 4 * t] for t in range(3)]
    return (torch.stack(frames) * 255).to(torch.uint8)  # (3, 3, 144, 176)


@pytest.fixture(scope="module")
def raft():
    return encoders.load("raft_small", weights="random", start=False)


def uniform(x, y):
    return torch.tensor([x, y])[None, :, None, None].expand(1, 2, 6, 8).float()


@pytest.mark.parametrize(
    ("x", "y", "direction"),
    [(3, 0, "right"), (2, 2, "down right"), (0, 5, "down"), (-1, 0, "left"), (0, -2, "up")],
)
def test_a_field_that_is_the_same_everywhere_has_its_length_in_one_direction(x, y, direction):
    row = dict(zip(encoders.FLOW_STATISTICS, _raft.statistics(uniform(x, y))[0].tolist(), strict=True))
    length = math.hypot(x, y)
    expected = {"mean x": x, "mean y": y, "mean length": length, f"towards {direction}": length}
    assert row == pytest.approx({name: expected.get(name, 0) for name in row}, abs=1e-5)


def test_what_moves_apart_has_no_mean_but_a_deviation():
    field = torch.cat([uniform(2, 0), uniform(-2, 0)], 2)
    row = dict(zip(encoders.FLOW_STATISTICS, _raft.statistics(field)[0].tolist(), strict=True))
    assert row["mean x"] == 0
    assert row["deviation x"] == row["mean length"] == 2
    assert row["towards left"] == row["towards right"] == 1


def test_directions_add_up_to_the_mean_length():
    rows = _raft.statistics(torch.randn(3, 2, 20, 30))
    torch.testing.assert_close(rows[:, 5:].sum(1), rows[:, 4])


def test_block_matching_finds_how_far_the_pattern_moved(pattern):
    grey = pattern[..., :96, :96].float().mean(1).numpy()[..., None].astype(np.uint8)
    blocks = video.scikit_video().motion.blockMotion(
        grey, method="ES", mbSize=16, p=7
    )  # (2, rows, columns, 2)
    inner = blocks[:, 1:-1, 1:-1].reshape(-1, 2)
    # skvideo says where a block came from, rows first
    assert (np.median(inner, 0) == [-2, -4]).all()


class Shift(nn.Module):
    """Stands for RAFT: gives the flow that `pattern` has, and remembers what it was given."""

    def forward(self, first, second, num_flow_updates):
        self.seen = first
        return [uniform(0, 0), torch.tensor([4.0, 2.0])[None, :, None, None].expand(1, 2, *first.shape[-2:])]


def test_the_field_has_the_size_and_the_units_of_the_frames(pattern):
    network = _raft.Raft(Shift())
    encoder = encoders.Encoder("raft", network, encoders.Preprocessing(mean=(0.5,) * 3, std=(0.5,) * 3))
    odd = pattern[..., :139, :171]
    field = encoders.flow(odd, encoder)
    assert field.shape == (2, 2, 139, 171)
    assert (field[:, 0] == 4).all()
    assert (field[:, 1] == 2).all()
    assert flow_to_image(field).shape == (2, 3, 139, 171)
    field.requires_grad_()  # no inference tensor


def test_frames_are_continued_by_their_border_and_scaled_as_the_weights_know_them(pattern, raft, monkeypatch):
    seen = []
    monkeypatch.setattr(_raft.Raft, "field", lambda self, x: seen.append(x) or x[:, :2, 0])
    field = encoders.flow(pattern[:2, :, :60, :171], raft)
    (x,) = seen
    assert x.shape == (1, 3, 2, 128, 176)
    assert x.min() >= -1
    assert x.max() <= 1
    expected = pattern[0, :, :60, :171].float() / 127.5 - 1
    torch.testing.assert_close(x[0, :, 0, 34:94, 2:173], expected)
    assert torch.equal(x[..., 0, :], x[..., 34, :])
    torch.testing.assert_close(field[0], expected[:2])  # cut where the frame was


@pytest.mark.slow
def test_raft_itself_runs_and_the_encoder_gives_the_statistics_of_its_field(pattern, raft):
    rows = raft(pattern[:2])
    assert rows.shape == (1, 13)
    x = raft.normalise(raft.prepare(pattern[:2])).transpose(0, 1)[None]  # (1, 3, 2, 240, 424)
    with torch.inference_mode():
        field = raft.network.field(x)
    assert field.shape == (1, 2, 240, 424)
    torch.testing.assert_close(rows, _raft.statistics(field), atol=1e-3, rtol=1e-3)


def test_raft_finds_how_far_the_pattern_moved_where_its_weights_are(pattern):
    name = models.get_model_weights("raft_small").DEFAULT.url.rsplit("/", 1)[-1]
    if not (Path(torch.hub.get_dir()) / "checkpoints" / name).is_file():
        pytest.skip(f"random weights see no motion, and {name} is not in torch's cache")
    raft = encoders.load("raft_small", start=False)
    field = encoders.flow(pattern, raft)[:, :, 16:-16, 16:-16].flatten(2)
    torch.testing.assert_close(field.median(-1).values, torch.tensor([[4.0, 2.0]] * 2), atol=0.5, rtol=0)


def test_what_is_asked_wrongly(pattern, raft):
    with pytest.raises(
        ValueError, match=r"Flatten gives no optical flow: take encoders.load\('raft_small'\)"
    ):
        encoders.flow(pattern, encoders.load(nn.Flatten(), start=False))
    with pytest.raises(ValueError, match=r"frames has one frame; .* give two or more"):
        encoders.flow(pattern[:1], raft)
    with pytest.raises(LayoutError):
        encoders.flow(pattern.permute(0, 2, 3, 1), raft)
