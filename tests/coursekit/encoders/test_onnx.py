"""The cache of exported networks: used when it is right, made again when it is not, and never in the way."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
import torch
from torch import nn

from coursekit import data, encoders, video
from coursekit.encoders import _networks, _onnx

pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed (extra `fast`)")
pytest.importorskip("onnx", reason="ONNX is not installed (extra `fast`)")


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        return self.conv(x).relu().mean((2, 3))  # (B, 4)


class Signed(Tiny):
    """The same weights, another network."""

    def forward(self, x):
        return self.conv(x).mean((2, 3))


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "onnx"


@pytest.fixture
def exports(monkeypatch) -> list[str]:
    """The networks that were exported, by the name of their class."""
    names: list[str] = []
    export = torch.onnx.export

    def counted(network, *arguments, **options):
        names.append(type(network).__name__)
        return export(network, *arguments, **options)

    monkeypatch.setattr(torch.onnx, "export", counted)
    return names


def tiny(network: type[nn.Module] = Tiny) -> tuple[torch.Tensor, torch.Tensor]:
    """What a small network gives for some images: as it is, and through ONNX Runtime and the cache."""
    torch.manual_seed(0)
    plain, images = network().eval(), torch.randint(0, 256, (3, 3, 9, 9), dtype=torch.uint8)
    checksum = encoders.weights_hash(plain)
    preprocessing = encoders.Preprocessing(9, (9, 9))
    encoder = encoders.Encoder("tiny", plain, preprocessing, backend="onnx", cached=True)
    assert encoder.k == 4
    assert encoder.weights_hash == checksum
    with torch.inference_mode():
        return plain(encoder.normalise(images)), encoder(images)


@pytest.mark.slow
def test_a_second_load_exports_nothing_and_gives_the_features_of_a_load_without_cache(
    cache, exports, monkeypatch
):
    clip = video.read(data.clip("bikes"), frames=(0, 3))  # (3, 3, 272, 640)
    first = encoders.load(backend="onnx")(clip)
    assert exports == ["EfficientNet"]
    second = encoders.load(backend="onnx")(clip)
    assert exports == ["EfficientNet"], "not again"
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setenv("COURSEKIT_CACHE", "")
    without = encoders.load(backend="onnx")(clip)
    assert exports == ["EfficientNet"] * 2
    assert torch.equal(first, second)
    assert torch.equal(second, without)


@contextlib.contextmanager
def in_double():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.slow
def test_where_an_export_is_kept_the_network_is_built_only_when_somebody_asks_for_it(cache, monkeypatch):
    state = torch.get_rng_state()
    first = encoders.load(backend="onnx")
    builds, build = [], _networks.build
    monkeypatch.setattr(_networks, "build", lambda *names: builds.append(names) or build(*names))
    second = encoders.load(backend="onnx")
    row = second(video.read(data.clip("carphone_pristine"), frames=(0, 1)))[0]  # (1280,)
    assert (second.k, second.weights, second.weights_hash) == (1280, first.weights, first.weights_hash)
    assert second.preprocessing == first.preprocessing
    assert not builds
    names = [name for name, _ in second.names(row)]
    assert "Windsor tie" in names, "the decision layer and the labels are there when they are needed"
    assert encoders.weights_hash(second.network) == second.weights_hash
    assert builds == [("efficientnet_lite0", "pretrained")], "once"
    assert torch.equal(torch.get_rng_state(), state), "the caller's random numbers, with and without a cache"


@pytest.mark.parametrize(
    "mode", [torch.inference_mode, torch.no_grad, lambda: torch.device("meta"), in_double]
)
@pytest.mark.slow
def test_a_network_that_is_built_late_is_the_same_whatever_the_caller_is_doing(mode):
    encoder = encoders.load(start=False, backend="eager")
    with mode():
        network = encoder.network
    assert encoders.weights_hash(network) == encoder.weights_hash == encoders.load().weights_hash
    assert {weights.dtype for weights in network.parameters()} == {torch.float32}
    x = torch.rand(1, 3, 32, 32, requires_grad=True)
    network(x).sum().backward()
    assert x.grad.abs().sum() > 0


def test_a_network_that_was_changed_before_it_was_exported_is_not_kept(cache):
    plain, preprocessing = Tiny().eval(), encoders.Preprocessing(9, (9, 9))
    encoder = encoders.Encoder("tiny", plain, preprocessing, backend="onnx", cached=True)
    with torch.no_grad():
        encoder.network.conv.weight.mul_(2)
    assert encoder.k == 4
    assert not cache.exists()


def _flip_a_bit(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def other(model: bytes) -> _onnx.Export:
    return _onnx.Export("0123456789abcdef", model)


DAMAGES = {
    "a bit of the network": lambda file: _flip_a_bit(file, -20),
    "a bit of the checksum": lambda file: _flip_a_bit(file, 5),
    "cut off": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "cut off within the checksum": lambda file: file.write_bytes(file.read_bytes()[:30]),
    "empty": lambda file: file.write_bytes(b""),
    "text": lambda file: file.write_text("no network"),
    "the entry of another network": lambda file: (
        _onnx.Entry(file.with_name("b.onnx")).write(other(b"other")) or file.with_name("b.onnx").replace(file)
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_made_again(cache, exports, damage):
    tiny()
    (file,) = cache.iterdir()
    sound = file.read_bytes()
    DAMAGES[damage](file)
    assert file.read_bytes() != sound
    plain, ours = tiny()
    torch.testing.assert_close(ours, plain)
    assert exports == ["Tiny", "Tiny"]
    assert file.read_bytes() == sound
    tiny()
    assert exports == ["Tiny", "Tiny"], "it is sound again"


def test_an_export_that_onnx_runtime_does_not_take_is_made_again(cache, exports):
    tiny()
    (file,) = cache.iterdir()
    sound, entry = file.read_bytes(), _onnx.Entry(file)
    entry.write(entry.read()._replace(model=b"no network"))
    plain, ours = tiny()
    torch.testing.assert_close(ours, plain)
    assert exports == ["Tiny", "Tiny"]
    assert file.read_bytes() == sound


@pytest.mark.parametrize("package", _onnx.PACKAGES)
def test_another_version_of_a_package_makes_its_own_entry(cache, exports, monkeypatch, package):
    tiny()
    installed = _onnx._version
    monkeypatch.setattr(_onnx, "_version", lambda name: "0.0.1" if name == package else installed(name))
    tiny()
    assert exports == ["Tiny", "Tiny"]
    assert len(list(cache.iterdir())) == 2


def test_weights_names_shapes_and_settings_have_entries_of_their_own(cache, monkeypatch):
    image = torch.zeros(1, 3, 9, 9)
    files = [
        _onnx.Entry.of("tiny", "0" * 16, image),
        _onnx.Entry.of("tiny:layer4", "0" * 16, image),
        _onnx.Entry.of("tiny", "1" * 16, image),
        _onnx.Entry.of("tiny", "0" * 16, torch.zeros(1, 3, 9, 10)),
    ]
    assert _onnx.Entry.of("tiny", "0" * 16, torch.zeros(5, 3, 9, 9)) == files[0], "one image is exported"
    monkeypatch.setitem(_onnx.SETTINGS, "opset_version", 18)
    files.append(_onnx.Entry.of("tiny", "0" * 16, image))
    assert len(set(files)) == 5


def test_a_network_of_your_own_is_not_cached_since_equal_weights_do_not_make_equal_networks(cache):
    preprocessing = encoders.Preprocessing(9, (9, 9))
    frames = torch.randint(0, 256, (2, 3, 9, 9), dtype=torch.uint8)
    for network in (Tiny, Signed):
        torch.manual_seed(0)
        module = network()
        ours = encoders.load(module, preprocessing=preprocessing, backend="onnx")(frames)
        plain = encoders.load(module, preprocessing=preprocessing, backend="eager")(frames)
        torch.testing.assert_close(ours, plain)
    assert not cache.exists()


def test_random_weights_do_not_fill_the_cache(cache):
    encoders.load("mobilenet_v3_small", weights="random", backend="onnx")
    assert not cache.exists()


def test_a_folder_that_cannot_be_written_to_is_no_error(tmp_path, monkeypatch, exports):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "file"))
    for _ in range(2):
        plain, ours = tiny()
        torch.testing.assert_close(ours, plain)
    assert exports == ["Tiny", "Tiny"]
    assert (tmp_path / "file").read_text() == "no folder"


def test_the_cache_is_in_the_users_folder_and_an_empty_variable_turns_it_off(tmp_path, monkeypatch, exports):
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSEKIT_CACHE", "")
    tiny()
    assert not list(tmp_path.iterdir())
    monkeypatch.delenv("COURSEKIT_CACHE")
    tiny()
    assert len(list((tmp_path / "coursekit" / "onnx").iterdir())) == 1
    assert exports == ["Tiny", "Tiny"]


def test_the_entries_used_last_stay_and_older_ones_go(cache):
    entries = [_onnx.Entry(cache / f"{number:02}.onnx") for number in range(_onnx.ENTRIES)]
    for second, entry in enumerate(entries, start=1):
        entry.write(other(b"network"))
        os.utime(entry.file, (second, second))
    assert entries[0].read() == other(b"network")  # the oldest is used
    _onnx.Entry(cache / "new.onnx").write(other(b"network"))
    left = {file.name for file in cache.iterdir()}
    assert left == {"00.onnx", "new.onnx", *(f"{number:02}.onnx" for number in range(2, _onnx.ENTRIES))}


WRITE = """
import sys
from pathlib import Path
from coursekit.encoders import _onnx
entry, export = _onnx.Entry(Path(sys.argv[1])), _onnx.Export("0" * 16, bytes(3_000_000))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(60):
    entry.write(export)
    assert entry.read() == export
"""


@pytest.mark.slow
def test_two_processes_at_once_never_see_half_an_entry(cache):
    file = cache / "a.onnx"
    command = [sys.executable, "-c", WRITE, str(file)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as one, subprocess.Popen(command, **pipes) as two:
        for process in (one, two):
            assert process.stdout.readline() == "ready\n"
        for process in (one, two):
            process.stdin.write("go\n")
            process.stdin.flush()
        assert (one.wait(), two.wait()) == (0, 0)
    assert _onnx.Entry(file).read() == _onnx.Export("0" * 16, bytes(3_000_000))
    assert [path.name for path in cache.iterdir()] == ["a.onnx"]
