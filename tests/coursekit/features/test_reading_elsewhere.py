"""The page on features shows how to read each format without the course: its Python code does that."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest
from support.sequences import sequence

from coursekit import features

PAGE = Path(__file__).parents[3] / "tools/publish/templates/site/api/features.rst"
BLOCKS = re.findall(r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", PAGE.read_text(encoding="utf-8"))


def test_the_page_shows_two_ways_for_each_format():
    shown = [re.search(r'"film(\.\w+)"', block)[1] for block in BLOCKS]
    assert shown == [suffix for kind in features.FORMATS.values() for suffix in [kind.suffix] * 2]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_code_on_the_page_reads_values_times_and_notes(block, tmp_path, monkeypatch):
    made = sequence(210, k=3)
    for kind in features.FORMATS.values():
        features.save(tmp_path / f"film{kind.suffix}", made)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(textwrap.dedent(block), names)
    part = slice(100, 200) if "[100:200]" in block else slice(None)
    for name in ("values", "times"):
        read, written = np.asarray(names[name]), getattr(made, name)[part].numpy()
        assert read.dtype == written.dtype
        assert (read == written).all()
    assert names["notes"]["encoder"] == "tiny"
