"""Encoders by name: what each gives, what is said of names that do not exist, and what a file remembers."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from coursekit import data, encoders, features, video
from coursekit.encoders import _encoder, _networks, _torchvision

FILM = data.clip("carphone_pristine")

SMALL = [
    ("timm/convnext_atto.d2_in1k", 320),
    ("timm/eva02_tiny_patch14_224.mim_in22k", 192),
    ("timm/mobilenetv4_conv_small", 1280),
    ("timm/deit_tiny_distilled_patch16_224", 192),  # two decision layers
    ("squeezenet1_1", 512),  # decides with a convolution
]
# Name, k, and of a video network: frames, stride.
LARGE = [
    ("timm/vit_small_patch14_dinov2.lvd142m", 384, None),
    ("timm/vit_base_patch16_siglip_224.webli", 768, None),
    ("timm/vit_base_patch32_clip_224.openai", 768, None),
    ("timm/convnext_base.clip_laion2b_augreg_ft_in12k", 1024, None),
    ("swin_v2_b", 1024, None),
    ("vit_l_32", 1024, None),
    ("swin3d_b", 1024, (32, 2)),
    ("mvit_v1_b", 768, (16, 4)),
    ("hf/videomae", 768, (16, 4)),
    ("hf/timesformer", 768, (8, 32)),
    ("hf/vivit", 768, (32, 2)),
    ("hf/vjepa2", 1024, (64, 8)),
]


@pytest.fixture(scope="module")
def clip():
    return video.read(FILM, frames=(0, 5))  # (5, 3, 288, 352)


def load(name):
    return encoders.load(name, weights="random")


@pytest.mark.parametrize(("name", "k"), SMALL)
def test_an_image_network_gives_the_same_row_for_a_frame_each_time(name, k, clip):
    encoder = load(name)
    rows = encoder(clip[:2])
    assert rows.shape == (2, k)
    assert encoder.k == k
    assert encoder.weights == "random"
    assert torch.equal(rows, encoder(clip[:2]))
    torch.testing.assert_close(encoder(clip[1:2]), rows[1:], atol=1e-4, rtol=1e-3)
    assert not torch.allclose(rows[0], rows[1]), "two frames, two rows"


@pytest.mark.parametrize(("name", "k", "windows"), LARGE)
@pytest.mark.slow
def test_a_large_network_takes_its_window_and_gives_k_numbers(name, k, windows):
    """Its shapes, without its numbers: on the device "meta" nothing is computed."""
    with torch.device("meta"):
        built = _networks.build(name, "random")
        network, _ = _encoder._without_decision(built)
        time = () if windows is None else windows[:1]
        rows = network(torch.empty(2, 3, *time, *built.preprocessing.crop))
    assert rows.shape == (2, k)
    if windows is None:
        assert built.windows is None
    else:
        length, stride = windows
        assert built.windows == encoders.Windows(length, length * stride, stride=stride)


@pytest.mark.slow
def test_other_windows_than_those_of_the_training_are_taken_and_named(clip):
    encoder = encoders.load("r3d_18", weights="random", windows=encoders.Windows(4, 1, stride=1))
    assert encoder(clip).shape == (2, 512)
    assert encoder.name == "r3d_18 4x1/1", "so that a feature file of other windows is another one"


@pytest.mark.parametrize(
    ("name", "windows", "message"),
    [
        ("timm/test_vit", (4, 4), "timm/test_vit has single images"),
        ("transnetv2", (4, 4), r"transnetv2 has Windows\(length=100"),
        ("s3d", (2, 2), r"s3d 2x1/2 cannot take an input of shape \(1, 3, 2, 224, 224\): "),
    ],
)
def test_windows_that_a_network_cannot_take_are_refused(name, windows, message):
    with pytest.raises(ValueError, match=message):
        encoders.load(name, weights="random", windows=encoders.Windows(*windows))


def test_a_network_without_batch_normalisation_is_run_as_it_is():
    assert load("timm/test_vit").backend == "eager"
    assert load("timm/test_resnet").backend == "folded"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("MViT_v2", r"'MViT_v2' is unknown; there are: efficientnet_lite0.*Did you mean mvit_v2_s"),
        ("raft_smal", "Did you mean raft_small"),
        ("fcn_resnet50", "is unknown"),  # segments; there is no row
        ("timm/", "'timm/' is unknown"),
        ("timm/vit_tny_patch16_224", r"no network of this name; did you mean timm/vit_tiny_patch16_224"),
        ("timm/test_vit.mine", r"no weights of this network are called 'mine'; there are timm/test_vit.r160"),
        ("hf/videomae-base", r"give the owner too, hf/OWNER/NAME, such as MCG-NJU/videomae-base"),
        ("hf/videomae", r"'hf/videomae' is an architecture without weights: name a repository"),
    ],
)
def test_an_unknown_name_gets_the_names_nearest_to_it(name, message):
    with pytest.raises(ValueError, match=message):
        encoders.load(name)


def test_a_timm_network_without_weights_is_not_taken_with_random_ones():
    with pytest.raises(encoders.WeightsError, match=r"no pretrained weights for test_maxvit.*efficientnet"):
        encoders.load("timm/test_maxvit")


def test_a_feature_file_remembers_weights_and_preprocessing(tmp_path):
    encoder = load("timm/test_resnet")
    file = features.extract_to(tmp_path / "carphone.h5", FILM, encoder, frames=(0, 6))
    found = features.load(file)
    assert found.values.shape == (6, encoder.k)
    assert (found.encoder, found.weights) == ("timm/test_resnet", "random")
    assert found.weights_hash == encoder.weights_hash == encoders.weights_hash(encoder.network)
    assert found.preprocessing["crop"] == [160, 160]
    assert found.preprocessing["interpolation"] == "bilinear"


@pytest.mark.parametrize("name", ["timm/test_resnet", "mobilenet_v3_small", "transnetv2"])
def test_random_weights_are_the_same_each_time_and_the_generators_are_kept(name):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = encoders.load(name, weights="random", start=False)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert encoders.load(name, weights="random", start=False).weights_hash == first.weights_hash


def test_features_of_a_strided_network_stand_at_the_first_frames_of_its_windows(tmp_path):
    class Mean(nn.Module):
        def forward(self, x):
            return x.mean((3, 4)).flatten(1)  # (B, 3 T)

    windows = encoders.Windows(3, 6, stride=2)
    found = features.extract(FILM, encoders.load(Mean(), windows=windows), frames=(0, 14))
    assert found.values.shape == (3, 9)
    assert found.frames.tolist() == [0, 6, 12]


@pytest.mark.slow
def test_importing_encoders_imports_none_of_the_libraries_of_networks():
    code = (
        "import sys, coursekit.encoders; "
        "assert not {'timm', 'transformers', 'torchvision', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_torchvision_downloads_is_read_as_numbers_only(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    options = {}

    class Source:
        url = "https://example.org/net.pth"

        def get_state_dict(self, **given):
            options.update(given)
            raise OSError("no network here")

    with pytest.raises(encoders.WeightsError, match="no network here"):
        _torchvision.download("net", Source())
    assert options["weights_only"] is True
    assert options["check_hash"] is True
