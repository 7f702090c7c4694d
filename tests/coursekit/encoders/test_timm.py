"""timm/NAME: preprocessing, decision layer and weights are those of timm."""

import sys

import huggingface_hub
import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save_file
from torch import nn
from torchvision.transforms.functional import to_pil_image

from coursekit import data, encoders, video
from coursekit.encoders import _networks, _timm


@pytest.fixture(scope="module")
def clip():
    return video.read(data.clip("bikes"), frames=(0, 70), every=35)  # (2, 3, 272, 640)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub, and no network."""

    class Nobody:
        def head(self, *arguments, **options):
            raise OSError("nobody answers")

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "get_session", Nobody)
    return tmp_path


def cached(hub, repository, name, state):
    """Put a file where the hub's client would have put it."""
    folder = hub / f"models--{repository.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0123")
    (folder / "snapshots" / "0123").mkdir(parents=True)
    file = folder / "snapshots" / "0123" / name
    save_file(state, file) if name.endswith("safetensors") else torch.save(state, file)
    return file


@pytest.mark.parametrize(
    "name",
    [
        "vit_small_patch14_dinov2.lvd142m",  # 518 pixels, all of the square
        "vit_base_patch16_siglip_224.webli",
        "vit_base_patch32_clip_224.openai",
        "convnext_tiny.fb_in22k",
        "eva02_tiny_patch14_224.mim_in22k",
        "mobilenetv4_conv_small",
        "coat_lite_medium_384.in1k",  # squashed
        "csatv2.r512_in1k",  # bilinear
    ],
)
def test_preprocessing_is_that_of_timm(name, clip):
    config = _timm._config(name)
    encoder = encoders.Encoder(name, nn.Identity(), _timm._preprocessing(name, config))
    transform = timm.data.create_transform(**timm.data.resolve_data_config(pretrained_cfg=config.to_dict()))
    theirs = torch.stack([transform(to_pil_image(image)) for image in clip])
    ours = encoder.normalise(encoder.prepare(clip))
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 0.04  # two grey levels, here and there: PIL rounds otherwise
    assert (ours - theirs).abs().mean() < 2e-4


def test_an_image_that_would_be_padded_is_refused():
    name = "deepseek_vit_412m.deepseek_v4_1_flash"
    if name not in timm.list_pretrained():
        pytest.skip(f"this timm has no {name}, whose frames have a border")
    with pytest.raises(ValueError, match=r"crop_mode='border', which is not done here"):
        encoders.load(f"timm/{name}", weights="random")


@pytest.mark.parametrize("name", ["test_vit", "test_convnext", "test_resnet", "test_efficientnet"])
def test_features_are_what_timm_gives_without_classes_and_the_rest_decides(name, clip):
    encoder = encoders.load(f"timm/{name}", weights="random", backend="eager")
    torch.manual_seed(_networks.SEED)
    whole = timm.create_model(name).eval()
    with torch.inference_mode():
        x = encoder.normalise(encoder.prepare(clip))
        logits = whole(x)
        whole.reset_classifier(0)
        rows = whole(x)
    torch.testing.assert_close(encoder(clip), rows)
    torch.testing.assert_close(encoder.decide(rows), logits, atol=1e-5, rtol=1e-4)
    assert encoder.labels[0].startswith("tench")


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_weights_from_the_cache_are_used_and_named(file, hub, clip):
    torch.manual_seed(7)
    network = timm.create_model("test_vit")
    cached(hub, "timm/test_vit.r160_in1k", file, network.state_dict())
    encoder = encoders.load("timm/test_vit")
    network.reset_classifier(0)
    assert encoder.weights == "timm/test_vit.r160_in1k"
    assert encoder.weights_hash == encoders.weights_hash(network)


def test_no_weights_and_no_network_names_the_place_the_command_and_the_default(hub):
    with pytest.raises(encoders.WeightsError) as caught:
        encoders.load("timm/test_vit")
    said = str(caught.value)
    place = hub / "models--timm--test_vit.r160_in1k"
    for part in (
        str(place),
        "nobody answers",
        "'hf download timm/test_vit.r160_in1k'",
        "'efficientnet_lite0'",
    ):
        assert part in said


def test_damaged_weights_are_not_used(hub):
    file = cached(hub, "timm/test_vit.r160_in1k", "model.safetensors", {"x": torch.zeros(1)})
    with pytest.raises(encoders.WeightsError, match=r"timm/test_vit at .* are damaged"):
        encoders.load("timm/test_vit")
    file.write_bytes(b"half a download")
    with pytest.raises(encoders.WeightsError, match=r"model.safetensors cannot be had or are damaged"):
        encoders.load("timm/test_vit")


def test_weights_of_your_own(tmp_path):
    torch.manual_seed(3)
    network = timm.create_model("test_vit")
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    encoder = encoders.load("timm/test_vit", weights=str(tmp_path / "mine.pth"))
    network.reset_classifier(0)
    assert encoder.weights_hash == encoders.weights_hash(network)
    assert encoder.weights == "mine.pth"


def test_timm_is_the_installed_one():
    assert sys.modules["timm"].__version__ in str(_unknown())


def _unknown():
    with pytest.raises(ValueError, match="no network of this name") as caught:
        encoders.load("timm/nothing_like_it")
    return caught.value
