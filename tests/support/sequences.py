"""Features without a video: random rows with everything that a feature file says of itself."""

import torch

from coursekit import features


def sequence(length: int, k: int = 4, *, seed: int = 0, encoder: str = "tiny") -> features.Features:
    generator = torch.Generator().manual_seed(seed)
    return features.Features(
        values=torch.randn(length, k, generator=generator),
        times=torch.arange(length, dtype=torch.float64) / 25,
        frames=torch.arange(length),
        encoder=encoder,
        weights="random",
        weights_hash="0" * 8,
        preprocessing={"resize": 16},
        selection={},
        source="ä film.mp4",
        source_bytes=1,
        source_sha256="0" * 64,
    )
