"""How far two sets of features lie apart: the Fréchet distance, and a kernel distance that small samples do not bias.

Which network the features come from is `extractors`' business; a distance without its extractor's name says nothing.
"""

import numpy as np
from jaxtyping import Float

from engine.errors import BadInput

BLOCK = 2048
"""rows of a kernel matrix at a time, which bounds the memory"""


class TooFew(BadInput):
    """Samples for a distance that would mean something."""


def frechet_distance(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m e"]) -> float:
    """|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2)) of the Gaussians fitted to two sets of features.

    Dowson and Landau 1982; as FID, Heusel et al. 2017, equation 6. Raises TooFew where a set has no more rows than
    features: its covariance is singular there, and the distance is then mostly bias.
    """
    check_features(a, b)
    for rows in (a, b):
        if len(rows) <= rows.shape[1]:
            raise TooFew(
                f"{len(rows)} samples came for {rows.shape[1]} features; a Fréchet distance wants more samples than "
                "features, so measure more clips or read the kernel distance."
            )
    return gaussian_distance(*_gaussian(a), *_gaussian(b))


def gaussian_distance(
    mean_a: Float[np.ndarray, "d"],
    covariance_a: Float[np.ndarray, "d d"],
    mean_b: Float[np.ndarray, "d"],
    covariance_b: Float[np.ndarray, "d d"],
) -> float:
    """The squared Fréchet distance of two Gaussians; 0 where they are the same.

    tr (S_a S_b)^(1/2) is taken as the sum of the roots of the eigenvalues of S_a^(1/2) S_b S_a^(1/2), which is symmetric:
    no matrix root of an unsymmetric product, and no complex numbers.
    """
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ covariance_b @ root).clip(0)).sum()
    apart = ((mean_a - mean_b) ** 2).sum() + np.trace(covariance_a) + np.trace(covariance_b) - 2 * shared
    return max(0.0, float(apart))


def kernel_distance(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m e"]) -> float:
    """The unbiased squared maximum mean discrepancy under (x.y / d + 1)^3, KID (Bińkowski et al. 2018, equation 4).

    Its mean does not depend on the number of samples, and it may fall below 0 for sets that are alike. Raises TooFew on
    fewer than 2 rows.
    """
    check_features(a, b)
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise TooFew(f"{min(n, m)} sample came; a kernel distance wants 2 or more on either side.")
    within_a = (_kernel_sum(a, a) - float(_kernel_of_itself(a).sum())) / (n * (n - 1))
    within_b = (_kernel_sum(b, b) - float(_kernel_of_itself(b).sum())) / (m * (m - 1))
    return within_a + within_b - 2 * _kernel_sum(a, b) / (n * m)


def check_features(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m e"]) -> None:
    """Raises BadInput on sets of different width or with numbers that are not finite."""
    if a.shape[1] != b.shape[1]:
        raise BadInput(
            f"Features of {a.shape[1]} and {b.shape[1]} numbers came; both sets are wanted from one extractor."
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise BadInput("The features hold NaN or infinite numbers; check the extractor and the clips.")


def _gaussian(rows: Float[np.ndarray, "n d"]) -> tuple[Float[np.ndarray, "d"], Float[np.ndarray, "d d"]]:
    rows = rows.astype(np.float64)
    return rows.mean(0), np.atleast_2d(np.cov(rows, rowvar=False))


def _kernel_sum(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "m d"]) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    blocks = (a[i : i + BLOCK] @ b[j : j + BLOCK].T for i in range(0, len(a), BLOCK) for j in range(0, len(b), BLOCK))
    return float(sum(((block / a.shape[1] + 1) ** 3).sum() for block in blocks))


def _kernel_of_itself(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n"]:
    rows = rows.astype(np.float64)
    return ((rows**2).sum(1) / rows.shape[1] + 1) ** 3
