"""The bar of `progress=True`: there for a person, not while a notebook is recorded or tested."""

import pytest

from coursekit import data, encoders, features


@pytest.fixture(scope="module")
def encoder():
    return encoders.load("resnet18", weights="random", backend="eager")


def shown(encoder, capsys):
    features.extract(data.clip("carphone_pristine"), encoder, frames=(0, 4), progress=True)
    return capsys.readouterr().err


def test_a_person_sees_a_bar(encoder, capsys, monkeypatch):
    for name in ("COURSEKIT_RECORDING", "COURSEKIT_CHECK"):
        monkeypatch.delenv(name, raising=False)
    assert "frame/s" in shown(encoder, capsys)


@pytest.mark.parametrize("name", ["COURSEKIT_RECORDING", "COURSEKIT_CHECK"])
def test_a_recording_has_no_bar(name, encoder, capsys, monkeypatch):
    monkeypatch.setenv(name, "1")
    assert shown(encoder, capsys) == ""
