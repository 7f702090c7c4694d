"""The workflows: their commands exist, each supported Python runs the tests, a missing GPU is a failure."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.version import Version

from tools.notebooks.notebook import toml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def jobs(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))["jobs"]


@pytest.mark.parametrize("path", [*WORKFLOWS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_each_make_command_exists(path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    called = re.findall(
        r"^\s*(?:- run: )?(?:PYTHON=\S+ )?make ([a-z-]+)", path.read_text("utf-8"), re.MULTILINE
    )
    assert called
    assert set(called) - set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == set()


def test_every_supported_python_runs_the_tests():
    classifiers = toml(ROOT / "pyproject.toml")["project"]["classifiers"]
    supported = {text.rsplit(" ", 1)[1] for text in classifiers if "Python :: 3." in text}
    run = set()
    for job in jobs("test.yml").values():
        commands = [step.get("run", "") for step in job["steps"]]
        if "make test" in commands or "make check" in commands:
            matrix = job.get("strategy", {}).get("matrix", {})
            pythons = [each["python"] for each in matrix.get("include", [])] + matrix.get("python", [])
            run |= set(pythons) or {job["env"]["PYTHON"].removeprefix("python")}
    assert len(supported) == 4
    assert run == supported, sorted(supported ^ run, key=Version)


def test_a_clean_clone_is_tested_by_the_command_of_the_readme():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text(encoding="utf-8").rstrip().endswith("\nmake test")
    assert "\nmake test\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_gpu_workflow_fails_where_it_finds_no_gpu():
    (job,) = jobs("gpu.yml").values()
    assert job["runs-on"] == ["self-hosted", "gpu"]
    assert job["env"] == {"COURSEKIT_REQUIRE_GPU": "1"}
    assert job["steps"][-1]["run"] == "make test-gpu"


def test_the_site_is_published_from_the_place_of_publication_alone(tmp_path):
    """The step that asks runs in bash, as there; all steps after it, and the publication, need its yes."""
    steps = jobs("pages.yml")["build"]["steps"]
    (number,) = [number for number, step in enumerate(steps) if step.get("id") == "place"]
    for repository, answer in (("OWNER/REPO", ""), ("school/videos", "placed=true\n")):
        settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        settings = re.sub(
            r'^repository = ".*"$', f'repository = "{repository}"', settings, flags=re.MULTILINE
        )
        (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
        (tmp_path / "output").write_text("")
        command = ["bash", "-e", "-c", steps[number]["run"]]
        variables = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_REPOSITORY": "school/videos"}
        subprocess.run(
            command, cwd=tmp_path, env={**os.environ, **variables}, check=True, capture_output=True
        )
        assert (tmp_path / "output").read_text() == answer
    assert "make site" in [step.get("run") for step in steps[:number]]
    assert [step["if"] for step in steps[number + 1 :]] == ["steps.place.outputs.placed == 'true'"] * 2
    assert jobs("pages.yml")["deploy"]["if"] == "needs.build.outputs.placed == 'true'"
