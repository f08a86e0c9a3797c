import numpy as np
import pytest
import torch
from monai.networks.blocks.convolutions import ResidualUnit

from engine.anatomy import labels
from engine.errors import BadInput
from engine.measures.adherence import STRUCTURES, area_curve, dice
from engine.measures.segmenter import FEATURES, features, load_segmenter, make_network, segment
from engine.phantom.population import draw_subject
from engine.phantom.simulate import simulate


@pytest.fixture(scope="module")
def phantom():
    """A few frames of one held-out subject, with their exact label maps."""
    subject = draw_subject(900_200)
    return simulate([subject.exam()], 4, 128)[0]


def test_it_finds_an_unseen_heart(phantom):
    answer = segment(phantom.frames)
    for label in STRUCTURES:
        assert dice(answer, phantom.label_maps, label) > 0.8, labels.NAMES[label]


@pytest.mark.parametrize("size", [(112, 112), (200, 160), (64, 96)])
def test_the_answer_has_the_size_of_the_frames_and_only_known_classes(size):
    frames = np.random.default_rng(0).integers(0, 256, (3, *size)).astype(np.uint8)
    answer = segment(frames)
    assert answer.shape == frames.shape and answer.dtype == np.uint8
    assert answer.max() < len(labels.NAMES)


def test_another_size_shows_the_same_heart(phantom):
    large = phantom.frames.repeat(2, 1).repeat(2, 2)
    small_areas, large_areas = area_curve(segment(phantom.frames)), area_curve(segment(large))
    np.testing.assert_allclose(large_areas, 4 * small_areas, rtol=0.02)


def test_a_frame_is_read_alone_or_in_a_clip(phantom):
    together = segment(phantom.frames)
    alone = np.concatenate([segment(frame[None]) for frame in phantom.frames])
    assert (together != alone).mean() < 1e-3, "only ties may fall otherwise"


def test_it_is_small_and_frozen():
    network = load_segmenter()
    assert sum(p.numel() for p in network.parameters()) <= 1_000_000
    assert not any(p.requires_grad for p in network.parameters())
    assert not network.training
    assert load_segmenter() is network


def test_a_network_of_ones_own_is_used():
    network = make_network().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    assert (segment(np.full((2, 128, 128), 90, np.uint8), network) == labels.BACKGROUND).all()


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(tmp_path))
    load_segmenter.cache_clear()
    with pytest.raises(BadInput, match=r"segmenter\.safetensors"):
        segment(np.zeros((1, 128, 128), np.uint8))


def test_features_are_one_row_a_frame_alone_or_in_company(phantom):
    found = features(phantom.frames)
    assert found.shape == (4, FEATURES) and np.isfinite(found).all()
    np.testing.assert_allclose(features(phantom.frames[2:3])[0], found[2], atol=1e-4)
    assert np.abs(found[0] - features(np.zeros_like(phantom.frames[:1]))[0]).max() > 0.1


def test_features_are_those_of_the_narrowest_layer():
    network, seen = make_network().eval(), []
    narrowest = max(
        (m for m in network.modules() if isinstance(m, ResidualUnit)), key=lambda m: str(m).count("128, 128")
    )
    narrowest.register_forward_hook(lambda module, given, answer: seen.append(answer))
    frames = np.random.default_rng(0).integers(0, 256, (2, 128, 128)).astype(np.uint8)
    segment(frames, network)
    np.testing.assert_allclose(features(frames, network), seen[0].mean((2, 3)).numpy(), rtol=1e-5)
