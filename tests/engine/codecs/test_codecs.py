import pytest
import torch

from engine.codecs.patches import PatchCodec


@pytest.mark.parametrize("patch", [1, 2, 4, 8])
def test_patches_lose_nothing(patch):
    frames = torch.randint(0, 256, (2, 3, 32, 48), dtype=torch.uint8)
    codec = PatchCodec(patch)
    x = codec.encode(frames)
    assert x.shape == (2, 3, codec.channels, 32 // patch, 48 // patch)
    assert torch.equal(codec.decode(x), frames)


def test_what_lies_beyond_grey_is_clipped():
    codec = PatchCodec(4)
    x = torch.full((1, 1, 16, 2, 2), 1e4)
    assert (codec.decode(x) == 255).all() and (codec.decode(-x) == 0).all()
