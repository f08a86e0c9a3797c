import pytest
import torch

from engine.diffusion.denoiser import loss_weight, precondition

SIGMA_DATA = 0.5


def test_the_network_sees_unit_variance_and_a_quarter_of_log_sigma():
    generator = torch.Generator().manual_seed(0)
    sigma = torch.tensor([0.01, 0.5, 5.0, 80.0])
    data = SIGMA_DATA * torch.randn(4, 20_000, generator=generator)
    seen = []

    def network(x, c_noise):
        seen.append((x, c_noise))
        return torch.zeros_like(x)

    precondition(network, SIGMA_DATA)(data + sigma[:, None] * torch.randn(4, 20_000, generator=generator), sigma)
    assert torch.allclose(seen[0][0].std(dim=1), torch.ones(4), atol=0.03)
    assert torch.allclose(seen[0][1], sigma.log() / 4)


@pytest.mark.parametrize("shape", [(6,), (1, 4, 8, 8)])
def test_a_network_that_answers_nothing_gives_the_best_linear_guess(shape):
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    sigma = torch.tensor([0.2, 3.0])
    denoised = precondition(lambda x, c: torch.zeros_like(x), SIGMA_DATA)(x, sigma)
    expected = torch.stack([x[i] * 0.25 / (0.25 + sigma[i] ** 2) for i in range(2)])
    assert torch.allclose(denoised, expected)


def test_the_weighted_loss_is_the_networks_own_loss():
    """lambda |D - data|^2 = |F - target|^2, with the target of equation 8."""
    generator = torch.Generator().manual_seed(2)
    data, noise, answer = torch.randn(3, 4, 10, generator=generator)
    sigma = torch.tensor([0.01, 0.3, 2.0, 40.0])
    x = data + sigma[:, None] * noise
    denoised = precondition(lambda x, c: answer, SIGMA_DATA)(x, sigma)
    total = sigma[:, None] ** 2 + SIGMA_DATA**2
    target = (data - SIGMA_DATA**2 / total * x) * total.sqrt() / (sigma[:, None] * SIGMA_DATA)
    weighted = loss_weight(sigma, SIGMA_DATA)[:, None] * (denoised - data) ** 2
    assert torch.allclose(weighted, (answer - target) ** 2, rtol=1e-2, atol=1e-3)
