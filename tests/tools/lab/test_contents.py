"""What `make lab` hands out when a file is opened."""

from __future__ import annotations

import asyncio
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from support.scratch import code, save

from tools.lab.contents import Contents


def opened(folder, name: str, **options: Any) -> dict[str, Any]:
    return asyncio.run(Contents(root_dir=str(folder)).get(name, **options))


def test_an_opened_notebook_has_the_kernels_language_and_its_file_stays_as_it_is(tmp_path):
    path = save(tmp_path / "x.ipynb", code("1"))
    before = path.read_bytes()
    assert b"python" in before
    model = opened(tmp_path, "x.ipynb", type="notebook", content=True)
    assert model["content"]["metadata"]["language_info"] == IPythonKernel.language_info
    assert path.read_bytes() == before


def test_everything_else_is_handed_out_as_it_is(tmp_path):
    path = save(tmp_path / "r.ipynb", code("1"))
    path.write_text(path.read_text().replace('"python"', '"R"'))
    (tmp_path / "notes.ipynb.txt").write_text("words")
    assert opened(tmp_path, "r.ipynb")["content"]["metadata"]["language_info"]["name"] == "R"
    assert opened(tmp_path, "r.ipynb", content=False)["content"] is None
    assert opened(tmp_path, "notes.ipynb.txt")["content"] == "words"
    assert len(opened(tmp_path, "")["content"]) == 2
