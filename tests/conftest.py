"""Fixtures and import paths that several tests share."""

import sys
from pathlib import Path

# Helper modules beside the tests (scratch, browser.lab, ...) are imported by name.
sys.path.insert(0, str(Path(__file__).parent))
