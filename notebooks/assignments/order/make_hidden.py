"""Makes what the hidden test of task 4 holds: clips for `### ANSWERS`, their labels for `### JUDGE`.

    python notebooks/assignments/order/make_hidden.py

New windows of the two films that the visible test uses, as features of places. Pictures are shuffled and the
classes have other numbers, so that nothing that students have tells a label.
"""

import base64
import zlib

import torch

from coursekit import data, motion, video
from tools.data import order_features

SEED, SHUFFLE = 41020, 0x5EED56  # another seed makes another test; prove the assignment again then
RENAMED = torch.tensor([3, 6, 0, 5, 1, 4, 2])  # the new number of each class


def text(values: torch.Tensor) -> str:
    """A tensor's bytes, packed, as text."""
    return base64.b85encode(zlib.compress(values.contiguous().numpy().tobytes(), 9)).decode()


cut = []
for place, name in enumerate(("rabbit", "bow tie")):
    shot = motion.SHOTS[name]
    frames = video.read(data.clip(shot.film), frames=shot.frames, size=shot.size)  # (t, 3, h, w)
    cut.append(motion.cut(frames[2:-1], 6, seed=SEED + place))
clips = motion.join(cut)
rows = torch.from_numpy(order_features.features(clips.frames, grid=True).astype("float32"))  # (F, 768)
rows = rows.unflatten(1, (192, 4))[:, ::3].flatten(1)  # (F, 256): every third channel
generator = torch.Generator().manual_seed(SHUFFLE)
pictures, asked = (torch.randperm(n, generator=generator) for n in (len(rows), len(clips)))
scale = rows.abs().max().item() / 127
order = pictures.argsort()[clips.order][asked]  # (84, 8): which pictures a clip has
labels = RENAMED[clips.labels[asked]]
print(f"coded = {text((rows[pictures] / scale).round().to(torch.int8))!r}  # x {scale:.9f}")
print(f"listed = {text(order.to(torch.int16))!r}")
print(f"truth = {''.join(map(str, labels.tolist()))!r}")
