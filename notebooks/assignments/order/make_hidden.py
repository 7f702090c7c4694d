"""Makes what the hidden test of the unseen film holds: features for `### ANSWERS`, labels for `### JUDGE`.

    python notebooks/assignments/order/make_hidden.py PATH/nasa_13013.mp4

The film shows the mirror of a space telescope. It is NASA's and not part of the course, so no student has it
at hand. It lies in the repository meta-pytorch/torchcodec, as test/resources/nasa_13013.mp4. Its two shots
are scaled to the height of the course's films. Clips and features are made as those of notebook 06. Every
second channel is kept, in 31 steps. Pictures and clips are shuffled, so that no order tells a label.

Another seed makes another test. The command prints three lines for the notebook. Prove the assignment again
then: `python -m coursekit.grading.validate order`.
"""

import argparse
import base64
import hashlib
import zlib
from pathlib import Path

import torch

from coursekit import motion, video
from tools.data import order_features

SHA256 = "53705221cac65086253367787e964e5d7d37beeba007646106a2c780d087c9e1"
SHOTS = ((0, 240), (240, 390))  # first frame, stop
SIZE = (272, 484)  # H, W
SCENES, SEED, SHUFFLE = 8, 11, 0x5EED56
CHANNELS, PLACES, STEPS = 192, 4, 15  # values are stored as whole numbers from -15 to 15


def clips_of(film: Path, seed: int = SEED) -> motion.Clips:
    """The clips of both shots: 2 x 8 scenes of 7 clips; shot n is cut with the seed `seed + n`."""
    shots = [video.read(film, frames=frames, size=SIZE) for frames in SHOTS]  # (t, 3, 272, 484) each
    return motion.join([motion.cut(shot, SCENES, seed=seed + n) for n, shot in enumerate(shots)])


def rows_of(clips: motion.Clips) -> torch.Tensor:
    """Every second channel of each picture's features in four places, float32 (F, 384)."""
    rows = torch.from_numpy(order_features.features(clips.frames, grid=True).astype("float32"))  # (F, 768)
    kept: torch.Tensor = rows.unflatten(1, (CHANNELS, PLACES))[:, ::2].flatten(1)  # (F, 384)
    return kept


def text(values: torch.Tensor) -> str:
    """A tensor's bytes, packed, as text."""
    return base64.b85encode(zlib.compress(values.contiguous().numpy().tobytes(), 9)).decode()


def main() -> None:
    """Reads the film and prints the three lines."""
    parser = argparse.ArgumentParser(description="Make the hidden test of the unseen film.")
    parser.add_argument("film", type=Path)
    film = parser.parse_args().film
    if hashlib.sha256(film.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{film} is another film: its SHA-256 must be {SHA256}")
    clips = clips_of(film)
    rows = rows_of(clips)
    scale = rows.abs().max().item() / STEPS
    generator = torch.Generator().manual_seed(SHUFFLE)
    pictures, asked = (torch.randperm(n, generator=generator) for n in (len(rows), len(clips)))
    order = pictures.argsort()[clips.order][asked]  # (112, 8): which pictures a clip has
    print(f'coded = "{text((rows[pictures] / scale).round().to(torch.int8))}"  # noqa: E501  x {scale:.9f}')
    print(f'listed = "{text(order.to(torch.int16))}"  # noqa: E501')
    print(f'truth = "{"".join(map(str, clips.labels[asked].tolist()))}"')


if __name__ == "__main__":
    main()
