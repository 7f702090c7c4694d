"""Where coursekit keeps what it can make again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs


def cache(name: str) -> Path | None:
    """A folder of that name in the user's cache, or in `$COURSEKIT_CACHE`; None if that is empty."""
    chosen = os.environ.get("COURSEKIT_CACHE")
    if chosen is None:
        return platformdirs.user_cache_path("coursekit") / name
    return Path(chosen, name) if chosen else None


def cache_or_new(name: str) -> Path:
    """As `cache`; a new temporary folder where nothing is to be kept."""
    return cache(name) or Path(tempfile.mkdtemp(prefix="coursekit-"), name)
