"""Classifier-free guidance (Ho and Salimans 2022) as a denoiser made of two."""

from engine.diffusion.denoiser import Batch, Denoiser, Sigma


def guided(denoise: Denoiser, denoise_null: Denoiser, scale: float) -> Denoiser:
    """D_null + scale (D - D_null): 1 follows the conditions as learned, 0 ignores them, more exaggerates them.

    At 1 and at 0 only the one denoiser that counts is evaluated.
    """
    if scale == 1:
        return denoise
    if scale == 0:
        return denoise_null

    def denoise_guided(x: Batch, sigma: Sigma) -> Batch:
        null = denoise_null(x, sigma)
        return null + scale * (denoise(x, sigma) - null)

    return denoise_guided
