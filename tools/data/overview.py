"""Draw the picture at the top of the README from a real clip: `make overview`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from coursekit import data, show, video

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = Path(".github", "overview.png")
TITLE = "A video is a tensor: three channels, and behind each picture the next one"


def draw() -> show.Picture:
    """The first seconds of the rabbit as three stacks of frames, red, green and blue."""
    clip = video.read(data.clip("bigbuckbunny"), size=(180, 320))  # (T, 3, H, W)
    return show.volumes(clip, title=TITLE)


def main(root: Path = ROOT) -> int:
    """Write `.github/overview.png` below `root`; returns the exit code."""
    target = root / PICTURE
    target.parent.mkdir(exist_ok=True)
    unfinished = target.with_suffix(f".{os.getpid()}.png")
    unfinished.write_bytes(draw().png)
    unfinished.replace(target)
    print(f"{PICTURE}: {target.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
