"""hf/NAME: networks, weights and preprocessing are those of transformers."""

import json
import shutil

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants
from torch import nn

from coursekit import data, encoders, features, video
from coursekit.encoders import _huggingface, _networks

transformers = pytest.importorskip("transformers")

FILM = data.clip("carphone_pristine")
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
PIECES = {"image_size": 32, "num_frames": 4, "num_labels": 3, **SMALL}
SIZES = {"size": {"shortest_edge": 40}, "crop_size": {"height": 32, "width": 32}}
VJEPA2 = {
    "crop_size": 32, "frames_per_clip": 4, "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "mlp_ratio": 2, "pred_hidden_size": 16,
    "pred_num_attention_heads": 2, "pred_num_hidden_layers": 1,
    "pred_num_mask_tokens": 1, "num_labels": 3, "num_pooler_layers": 1,
}  # fmt: skip


def network(kind):
    """A tiny network of each kind, and what prepares its frames."""
    t = transformers
    torch.manual_seed(_networks.SEED + 1)  # other weights than weights="random" gives
    if kind == "vjepa2":
        return t.VJEPA2Model(t.VJEPA2Config(**VJEPA2)), t.VJEPA2VideoProcessor(crop_size=32)
    if kind == "vjepa2 decides":
        decides = t.VJEPA2ForVideoClassification(t.VJEPA2Config(**VJEPA2))
        return decides, t.VJEPA2VideoProcessor(crop_size=32)
    if kind == "vivit decides":
        config = t.VivitConfig(tubelet_size=[2, 16, 16], **PIECES)
        return t.VivitForVideoClassification(config), t.VivitImageProcessor(**SIZES)
    imagenet = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    processor = t.VideoMAEImageProcessor(**SIZES, **imagenet)
    if kind == "timesformer decides":
        return t.TimesformerForVideoClassification(t.TimesformerConfig(**PIECES)), processor
    config = t.VideoMAEConfig(**PIECES, use_mean_pooling=kind == "videomae decides")
    if kind == "videomae decides":
        return t.VideoMAEForVideoClassification(config), processor
    return t.VideoMAEForPreTraining(config), processor  # as published before any fine-tuning


@pytest.fixture
def saved(tmp_path):
    """A function that writes a network as its authors publish it."""

    def save(kind):
        model, processor = network(kind)
        model.save_pretrained(tmp_path / "net")
        processor.save_pretrained(tmp_path / "net")
        return tmp_path / "net", model.eval(), processor

    return save


@pytest.fixture(scope="module")
def clip():
    return video.read(FILM, frames=(0, 4))  # (4, 3, 288, 352)


def prepared(processor, clip):
    frames = [frame.permute(1, 2, 0).numpy() for frame in clip]
    return next(iter(processor(frames, return_tensors="pt").values()))  # (1, T, 3, h, w)


@pytest.mark.parametrize(
    "kind", ["videomae", "vjepa2", "timesformer decides", "vivit decides", "videomae decides"]
)
@pytest.mark.slow
def test_preprocessing_is_that_of_the_processor(kind, clip):
    _, processor = network(kind)
    encoder = encoders.Encoder("net", nn.Identity(), _huggingface._preprocessing(processor))
    theirs = prepared(processor, clip)[0]
    ours = encoder.normalise(encoder.prepare(clip))
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 0.02


@pytest.mark.parametrize(
    "kind", ["videomae decides", "timesformer decides", "vivit decides", "vjepa2 decides"]
)
def test_features_and_decision_layer_are_the_published_network(kind, saved, clip):
    folder, model, processor = saved(kind)
    encoder = encoders.load(f"hf/{folder}")
    window = encoder.encode(encoder.prepare(clip)[None])[0]  # (1, k)
    assert window.shape == (1, 32)
    with torch.inference_mode():
        logits = model(prepared(processor, clip)).logits  # (1, 3)
    torch.testing.assert_close(encoder.decide(window), logits, atol=1e-3, rtol=1e-2)
    assert encoder.labels == ("LABEL_0", "LABEL_1", "LABEL_2")
    assert encoder.windows.length == 4
    assert encoder.windows.stride == _huggingface.STRIDES[kind.split()[0]]


@pytest.mark.parametrize(
    ("kind", "length", "stride"),
    [
        ("timesformer decides", 8, 32), ("timesformer decides", 16, 16), ("timesformer decides", 96, 4),
        ("vjepa2 decides", 16, 4), ("vjepa2 decides", 32, 2), ("vjepa2 decides", 64, 2),
        ("vjepa2", 64, 8), ("vivit decides", 32, 2), ("videomae decides", 16, 4), ("videomae", 16, 4),
    ],
)  # fmt: skip
def test_the_stride_is_that_of_the_training_of_each_published_length(kind, length, stride, saved):
    folder, _, _ = saved(kind)
    config = json.loads((folder / "config.json").read_text())
    config["frames_per_clip" if "vjepa2" in kind else "num_frames"] = length
    (folder / "config.json").write_text(json.dumps(config))
    windows = encoders.load(f"hf/{folder}", weights="random", start=False).windows
    assert (windows.length, windows.stride, windows.step) == (length, stride, length * stride)


def test_without_a_decision_layer_the_row_is_the_average_of_the_tokens(saved, clip):
    folder, model, processor = saved("vjepa2")
    encoder = encoders.load(f"hf/{folder}")
    window = encoder.encode(encoder.prepare(clip)[None])[0]  # (1, k)
    with torch.inference_mode():
        tokens = model.get_vision_features(prepared(processor, clip))  # (1, tokens, k)
    torch.testing.assert_close(window, tokens.mean(1), atol=1e-3, rtol=1e-2)
    assert encoder.decision is None


def test_weights_of_the_pretraining_are_all_used(saved):
    folder, model, _ = saved("videomae")
    encoder = encoders.load(f"hf/{folder}")
    assert encoders.weights_hash(encoder.network.inner) == encoders.weights_hash(model.videomae)
    assert encoder.weights == "net"


def test_weights_that_are_missing_are_not_made_up(saved):
    folder, _, _ = saved("videomae")
    config = json.loads((folder / "config.json").read_text())
    config["architectures"] = ["VideoMAEForVideoClassification"]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        encoders.WeightsError, match=r"do not fit VideoMAEForVideo.*classifier.bias.* missing"
    ):
        encoders.load(f"hf/{folder}")
    (folder / "model.safetensors").write_bytes(b"half a download")
    with pytest.raises(encoders.WeightsError, match=r"missing or damaged .*save_pretrained"):
        encoders.load(f"hf/{folder}")


def test_random_weights_are_random_only_where_they_are_asked_for(saved):
    folder, _, _ = saved("videomae decides")
    assert encoders.load(f"hf/{folder}").weights_hash == encoders.load(f"hf/{folder}").weights_hash
    random = encoders.load(f"hf/{folder}", weights="random")
    assert random.weights == "random"
    assert random.weights_hash != encoders.load(f"hf/{folder}").weights_hash


def test_the_feature_file_names_the_repository_not_the_folder_on_this_disk(saved, tmp_path):
    folder, _, _ = saved("videomae decides")
    file = features.extract_to(tmp_path / "x.h5", FILM, encoders.load(f"hf/{folder}"), frames=(0, 20))
    found = features.load(file)
    assert found.frames.tolist() == [0, 16]  # 4 frames x 4
    assert found.weights == "net"
    assert found.preprocessing["resize"] == 40
    assert found.preprocessing["mean"] == [0.485, 0.456, 0.406]


def test_code_of_a_repository_is_never_run_and_nobody_is_asked(tmp_path, monkeypatch):
    folder = tmp_path / "net"
    folder.mkdir()
    config = {"model_type": "foreign", "auto_map": {"AutoConfig": "foreign.Config"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "foreign.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(encoders.WeightsError, match="is no folder of a network of transformers"):
        encoders.load(f"hf/{folder}")
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty cache of the hub, and no network."""

    class Nobody:
        def head(self, *arguments, **options):
            raise OSError("nobody answers")

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub, "get_session", Nobody)
    return tmp_path / "hub"


def test_no_weights_and_no_network_names_the_place_the_command_and_the_default(hub):
    with pytest.raises(encoders.WeightsError) as caught:
        encoders.load("hf/MCG-NJU/videomae-base")
    said = str(caught.value)
    for part in (str(hub / "models--MCG-NJU--videomae-base"), "nobody answers", "'efficientnet_lite0'",
                 "'hf download MCG-NJU/videomae-base'"):  # fmt: skip
        assert part in said


def test_a_repository_in_the_cache_needs_no_network(hub, saved):
    folder, _, _ = saved("videomae decides")
    cache = hub / "models--somebody--net"
    (cache / "refs").mkdir(parents=True)
    commit = "0123456789abcdef0123456789abcdef01234567"
    (cache / "refs" / "main").write_text(commit)
    shutil.copytree(folder, cache / "snapshots" / commit)
    encoder = encoders.load("hf/somebody/net")
    assert encoder.weights == "somebody/net 0123456789ab"
    assert encoder.weights_hash == encoders.load(f"hf/{folder}").weights_hash


def test_what_is_no_video_network_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(encoders.WeightsError, match="is no folder of a network of transformers"):
        encoders.load(f"hf/{tmp_path}")
    transformers.VideoMAEImageProcessor().save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is a 'bert'; the video networks known here are: videomae"):
        encoders.load(f"hf/{tmp_path}")


def test_without_transformers_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(_huggingface.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'coursekit\[hf\]'"):
        encoders.load("hf/MCG-NJU/videomae-base")
