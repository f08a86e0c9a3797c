import numpy as np
import pytest
from skimage.metrics import structural_similarity

from engine.errors import BadInput
from engine.measures import similarity
from engine.measures.similarity import ssim


@pytest.fixture(scope="module")
def clips():
    """Two clips that are somewhat alike."""
    rng = np.random.default_rng(0)
    smooth = np.cumsum(rng.normal(0, 6, (5, 40, 48)), 2)
    a = np.clip(100 + smooth, 0, 255)
    return a.astype(np.uint8), np.clip(a + rng.normal(0, 15, a.shape), 0, 255).astype(np.uint8)


def test_the_same_frames_are_alike(clips):
    assert ssim(clips[0], clips[0]) == pytest.approx(1, abs=1e-6)


def test_it_is_the_published_index(clips):
    """As another library computes it with the paper's window; on black borders, since the two continue a picture differently."""
    a, b = (np.pad(clip[:3], ((0, 0), (12, 12), (12, 12))) for clip in clips)
    how = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "full": True}
    exact = np.mean([structural_similarity(x, y, **how)[1].mean() for x, y in zip(a, b, strict=True)])
    assert ssim(a, b) == pytest.approx(exact, abs=1e-4)


def test_it_is_the_mean_over_frames_in_unequal_batches_and_symmetric(clips, monkeypatch):
    monkeypatch.setattr(similarity, "BATCH", 3)
    a, b = clips
    assert ssim(a, b) == pytest.approx(np.mean([ssim(x[None], y[None]) for x, y in zip(a, b, strict=True)]), abs=1e-5)
    assert ssim(a, b) == pytest.approx(ssim(b, a), abs=1e-6)
    assert ssim(a, b) < 0.95


def test_dark_pictures_are_not_stretched():
    """The range is 255 whatever the frames hold: the same noise weighs the same on dark pictures and bright ones."""
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 3, (2, 1, 32, 32)).astype(np.uint8)
    assert ssim(noise[0], noise[1]) > 0.8


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ((1, 32, 32), (2, 32, 32), "2 frames of 32x32"),
        ((1, 32, 32), (1, 32, 31), "1 frames of 31x32"),
        ((0, 32, 32), (0, 32, 32), "0 frames"),
        ((1, 8, 32), (1, 8, 32), "11 pixels"),
    ],
)
def test_clips_that_cannot_be_compared_are_refused(a, b, said):
    with pytest.raises(BadInput, match=said):
        ssim(np.zeros(a, np.uint8), np.zeros(b, np.uint8))


def test_without_its_backbone_lpips_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert not similarity.has_lpips()
    frames = np.zeros((1, 64, 64), np.uint8)
    with pytest.raises(BadInput, match=r"alexnet-owt-7be5be79\.pth"):
        similarity.lpips(frames, frames)
