import torch

from engine.codecs.scales import shrink, stretch


def test_a_shrunk_pixel_is_the_mean_of_those_it_stands_for():
    x = torch.arange(32.0).reshape(1, 2, 1, 4, 4)
    assert shrink(x, 2)[0, :, 0].tolist() == [[[2.5, 4.5], [10.5, 12.5]], [[18.5, 20.5], [26.5, 28.5]]]
    assert torch.equal(shrink(x, 4), x)


def test_frames_are_stretched_over_the_same_time_and_the_last_one_stays():
    x = torch.tensor([0.0, 4.0, 2.0])[None, :, None, None, None].expand(1, 3, 1, 2, 2)
    wide = stretch(x, 6, 2)
    assert wide[0, :, 0, 0, 0].tolist() == [0, 2, 4, 3, 2, 2]
    assert torch.equal(wide[:, ::2], x) and torch.equal(stretch(x, 3, 2), x)


def test_what_is_smooth_survives_the_way_down_and_up_where_it_was():
    ramp = torch.linspace(-1, 1, 16)
    x = (ramp[:, None] + 2 * ramp)[None, None, None].expand(1, 2, 1, 16, 16)
    back = stretch(shrink(x, 8), 2, 16)
    assert torch.allclose(back[..., 1:-1, 1:-1], x[..., 1:-1, 1:-1], atol=1e-5)
