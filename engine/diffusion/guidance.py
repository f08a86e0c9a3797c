"""Classifier-free guidance (Ho and Salimans 2022) as a denoiser made of two, and the thresholding that keeps it in range."""

from math import ceil

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


def thresholded(denoise: Denoiser, low: float, high: float, share: float) -> Denoiser:
    """Dynamic thresholding (Saharia et al. 2022, section 2.3): guidance neither clips what it makes nor leaves the range of the data.

    Where `share` of a sample's values lie no farther from the middle of `low`..`high` than s ranges, and s > 1, what lies
    farther is clipped to s and all is drawn together by s. Within the range nothing changes.
    """
    middle, half = (high + low) / 2, (high - low) / 2

    def denoise_thresholded(x: Batch, sigma: Sigma) -> Batch:
        offset = (denoise(x, sigma) - middle) / half
        size = offset.flatten(1).abs().float()
        s = size.kthvalue(ceil(share * size.shape[1]), dim=1).values.clamp(min=1).to(offset.dtype)
        s = s.reshape(-1, *[1] * (x.ndim - 1))
        return middle + half * offset.clamp(-s, s) / s

    return denoise_thresholded
