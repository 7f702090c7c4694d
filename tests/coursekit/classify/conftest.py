"""Small films and made-up features, without an encoder."""

import pytest
import torch

from coursekit import video


@pytest.fixture
def film(tmp_path):
    """Writes a film of one grey level: film("waving/anna_01.mp4", grey=9)."""

    def write(name, grey=128, frames=3, size=(32, 48), fps=12):
        path = tmp_path / "films" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        clip = torch.full((frames, 3, *size), grey, dtype=torch.uint8)
        return video.write(path, clip, fps=fps)

    return write


@pytest.fixture(scope="session")
def people():
    """Rows of 24 films of 8 people: (rows, labels, groups); a person's own look is strong, the class weak."""
    generator = torch.Generator().manual_seed(7)
    rows, labels, groups = [], [], []
    for person in range(8):
        look = 5 * torch.randn(20, generator=generator)
        for number in range(3):
            noise = torch.randn(3 + number, 20, generator=generator)
            rows.append(look + noise)
            labels.append(person % 2)
            groups.append(f"p{person}")
    return rows, torch.tensor(labels), groups
