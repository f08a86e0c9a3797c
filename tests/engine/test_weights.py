import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from engine import shipped, weights
from engine.errors import BadInput


@pytest.fixture
def saved(tmp_path):
    """A network and its fp16 weights file with a card."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    path = tmp_path / "tiny.safetensors"
    halves = {k: v.half() if v.is_floating_point() else v for k, v in module.state_dict().items()}
    save_file(halves, path)
    write_card(path)
    return module, path


def write_card(path):
    path.with_suffix(".json").write_text(json.dumps({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))


def fresh():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))


def test_half_precision_weights_fill_a_float32_module(saved):
    module, path = saved
    loaded = fresh()
    weights.load_strictly(loaded, path)
    for name, value in loaded.state_dict().items():
        expected = module.state_dict()[name]
        assert value.dtype == expected.dtype
        assert torch.equal(value, expected.half().float() if value.is_floating_point() else expected)


def test_sha256_is_that_of_the_bytes(saved):
    assert shipped.sha256(saved[1]) == hashlib.sha256(saved[1].read_bytes()).hexdigest()


def test_any_changed_byte_is_refused(saved):
    path = saved[1]
    content = path.read_bytes()
    for position in (0, 9, len(content) // 2, len(content) - 1):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(BadInput, match="card says"):
            weights.load_strictly(fresh(), path)


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\xff" * 64])
def test_a_file_of_another_kind_is_refused(saved, content):
    path = saved[1]
    path.write_bytes(content)
    write_card(path)
    with pytest.raises(BadInput, match="not a safetensors file"):
        weights.load_strictly(fresh(), path)


@pytest.mark.parametrize("module", [nn.Linear(3, 4), nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))])
def test_weights_of_another_network_are_refused(saved, module):
    with pytest.raises(BadInput, match="do not fit"):
        weights.load_strictly(module, saved[1])


def test_one_tensor_more_is_refused(saved):
    with pytest.raises(BadInput, match="do not fit"):
        weights.load_strictly(nn.Sequential(*fresh(), nn.Linear(4, 1)), saved[1])


@pytest.mark.parametrize("card", ["", "{", "[]", "{}", '"sha256"', "null"])
def test_a_damaged_card_is_refused(saved, card):
    saved[1].with_suffix(".json").write_text(card)
    with pytest.raises(BadInput, match="holds no sha256"):
        weights.load_strictly(fresh(), saved[1])


def test_a_missing_card_or_file_is_refused(saved):
    path = saved[1]
    path.with_suffix(".json").unlink()
    with pytest.raises(BadInput, match="no card"):
        weights.load_strictly(fresh(), path)
    path.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        weights.load_strictly(fresh(), path)


def test_the_environment_chooses_the_folder(saved, monkeypatch):
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(saved[1].parent))
    assert shipped.find("tiny.safetensors") == saved[1]
    with pytest.raises(BadInput, match="ECHO_STUDIO_WEIGHTS"):
        shipped.find("other.safetensors")


def test_every_refusal_is_one_sentence(saved):
    path = saved[1]
    path.write_bytes(b"x")
    with pytest.raises(BadInput) as refusal:
        weights.load_strictly(fresh(), path)
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")


def test_shipped_weights_are_small_and_say_what_they_learned_from():
    shipped_files = sorted((Path(__file__).parents[2] / "assets" / "weights").glob("*.safetensors"))
    sizes = [path.stat().st_size for path in shipped_files]
    assert sizes and max(sizes) <= 12 * 2**20 and sum(sizes) <= 48 * 2**20
    for path in shipped_files:
        record = json.loads(path.with_suffix(".json").read_text())
        assert record["sha256"] == shipped.sha256(path)
        assert "simulated" in record["trained_on"] and record["scores"] and record["steps"] > 1000
