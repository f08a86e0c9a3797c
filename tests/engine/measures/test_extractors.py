import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import BadInput
from engine.measures import extractors, lvef
from engine.types import Clip


class Photographs(nn.Module):
    """Called as Inception's TorchScript is; its two features are the mean and the largest of the first channel."""

    def forward(self, images: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        grey = images[:, 0].flatten(1)
        return torch.stack([grey.mean(1), grey.amax(1)], 1) if return_features else images.flatten(1)


class Films(nn.Module):
    """Called as I3D's TorchScript is; its feature is the change from the first frame to the last."""

    def forward(
        self, film: torch.Tensor, rescale: bool = False, resize: bool = False, return_features: bool = False
    ) -> torch.Tensor:
        if not (rescale and resize and return_features):
            return film
        return (film[:, :, -1] - film[:, :, 0]).flatten(1).mean(1, keepdim=True)


@pytest.fixture(scope="module")
def clip():
    frames = np.random.default_rng(0).integers(0, 256, (40, 32, 24)).astype(np.uint8)
    return Clip(frames, 20.0, (1.0, 1.0))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    for network in (Photographs(), Films()):
        torch.jit.script(network).save(folder / f"{type(network).__name__.lower()}.pt")
    (folder / "damaged.pt").write_bytes(b"PK\3\4 nothing of the kind")
    return folder


def test_inception_sees_every_frame_in_0_to_255(files, clip):
    extractor = extractors.inception(files / "photographs.pt")
    found = extractor.embed(clip)
    assert extractor.of == "frames" and found.dtype == np.float64
    np.testing.assert_allclose(found[:, 0], clip.frames.mean((1, 2)), rtol=1e-5)
    np.testing.assert_array_equal(found[:, 1], clip.frames.max((1, 2)))


def test_i3d_sees_the_clip_in_time(files, clip):
    extractor = extractors.i3d(files / "films.pt")
    expected = clip.frames[-1].astype(float).mean() - clip.frames[0].astype(float).mean()
    np.testing.assert_allclose(extractor.embed(clip), [[expected]], rtol=1e-4)


def test_a_file_is_named_with_its_hash(files):
    name = extractors.inception(files / "photographs.pt").name
    assert name.startswith("Inception (photographs.pt, sha256 ")
    assert name != extractors.inception(files / "films.pt").name


def test_our_own_say_that_they_learned_from_simulation(clip):
    frames, clips = extractors.echo_frames(), extractors.echo_clips(lvef.untrained())
    assert all("simulation" in extractor.name for extractor in (frames, clips))
    assert frames.embed(clip).shape == (40, 128) and clips.embed(clip).shape == (1, 96)


def test_what_is_no_such_network_is_refused(files, clip):
    for path in (files / "missing.pt", files / "damaged.pt"):
        with pytest.raises(BadInput, match=path.name):
            extractors.inception(path)
    for extractor in (extractors.inception(files / "films.pt"), extractors.i3d(files / "photographs.pt")):
        with pytest.raises(BadInput, match=r"films\.pt|photographs\.pt"):
            extractor.embed(clip)
