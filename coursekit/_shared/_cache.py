"""Where coursekit keeps what it can make again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def cache(name: str) -> Path:
    """A folder of that name in the user's cache, or in `$COURSEKIT_CACHE`; a new one if that is empty."""
    chosen = os.environ.get("COURSEKIT_CACHE")
    if chosen is None:
        return platformdirs.user_cache_path("coursekit") / name
    return Path(chosen or tempfile.mkdtemp(prefix="coursekit-"), name)
