"""What `make lab` hands out when a file is opened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import nbformat
from ipykernel.ipkernel import IPythonKernel
from nbformat.v4 import new_code_cell, new_notebook

from tools.lab.contents import Contents


def opened(folder, name: str, **options: Any) -> dict[str, Any]:
    return asyncio.run(Contents(root_dir=str(folder)).get(name, **options))


def written(path: Path, language: str) -> bytes:
    notebook = new_notebook(cells=[new_code_cell("1")], metadata={"language_info": {"name": language}})
    path.write_text(nbformat.writes(notebook))
    return path.read_bytes()


def test_an_opened_notebook_has_the_kernels_language_and_its_file_stays_as_it_is(tmp_path):
    before = written(tmp_path / "x.ipynb", "python")
    model = opened(tmp_path, "x.ipynb", type="notebook", content=True)
    assert model["content"]["metadata"]["language_info"] == IPythonKernel.language_info
    assert (tmp_path / "x.ipynb").read_bytes() == before


def test_everything_else_is_handed_out_as_it_is(tmp_path):
    written(tmp_path / "r.ipynb", "R")
    (tmp_path / "notes.ipynb.txt").write_text("words")
    assert opened(tmp_path, "r.ipynb")["content"]["metadata"]["language_info"] == {"name": "R"}
    assert opened(tmp_path, "r.ipynb", content=False)["content"] is None
    assert opened(tmp_path, "notes.ipynb.txt")["content"] == "words"
    assert len(opened(tmp_path, "")["content"]) == 2
