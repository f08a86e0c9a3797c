"""From scatterers to an ultrasound picture: beams, point-spread function, envelope, compression, scan conversion.

torch, CPU or GPU, all frames of a clip at once. Beam space has a row for each depth and a column for each beam.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from engine.anatomy.heart import Grid
from engine.phantom.population import Acquisition
from engine.phantom.scene import Scene

MARGIN = 1.06
"""The beam grid reaches this far beyond the outer beams, so that their point spread has something to draw on."""

_WALK = 240
"""steps a beat of the walk by which speckle decorrelates"""

# Amplitude widths (sigma) of the point-spread function: axial mm near, middle, deep; lateral degrees near and far.
_AXIAL = {"echonet": (0.6, 0.95, 1.4), "camus": (0.55, 0.75, 1.0)}
_LATERAL = {"echonet": (4.3, 0.85), "camus": (1.7, 0.95)}
_SIDE_LOBE_WIDTH = 9.0

# Compression with an S-curve: grey level at a level in dB over average myocardium, straight between the knots.
_CURVES = {
    "echonet": (
        (-60, -24.4, -21.3, -18.4, -15.7, -13, -9, -5, -1, 3, 7, 11, 21),
        (0, 0, 4, 10.5, 20, 31, 47, 69, 97, 129, 162, 196, 285),
    ),
    "camus": (
        (-60, -44, -36, -29, -22, -16, -10, -4, 1, 6, 11, 17, 24),
        (0, 2, 17, 36, 54, 68, 85, 108, 133, 158, 183, 212, 245),
    ),
}


def render(scenes: Sequence[Scene], size: int, device: str | torch.device = "cpu") -> UInt8[np.ndarray, "b t h w"]:
    """Grey frames of scenes that share a number of frames, each on its sector's standard grid `sector.grid(size)`."""
    levels = ((_beam_space(scene, device), scene) for scene in scenes)
    clips = [_scan_convert(_compress(level, scene.acquisition), scene, size) for level, scene in levels]
    return torch.stack(clips).cpu().numpy()


def _beam_space(scene: Scene, device) -> Float[Tensor, "t d b"]:
    """Level in dB of every depth and beam, before compression."""
    scan, sector, frames = scene.acquisition, scene.hearts[0].sector, len(scene.hearts)
    depths, beams, parts = scene.quality.depths, scene.quality.beams, 2 * scene.quality.compounded
    generator = torch.Generator().manual_seed(scan.seed)
    positions, amplitudes = _moving_scatterers(scene, generator, device)

    # Deposit every scatterer on the four grid cells around it.
    radius = torch.linalg.vector_norm(positions, dim=-1)
    half = np.radians(sector.opening / 2) * MARGIN
    row = radius / (sector.depth * 1.02) * depths - 0.5
    column = (torch.atan2(positions[..., 0], positions[..., 1]) / half + 1) / 2 * beams - 0.5
    inside = (row > 0) & (row < depths - 1.01) & (column > 0) & (column < beams - 1.01)
    row, column = row.clamp(0, depths - 1.01), column.clamp(0, beams - 1.01)
    r0, c0 = row.floor(), column.floor()
    fr, fc = row - r0, column - c0
    base = (r0 * beams + c0).long() + torch.arange(frames, device=device)[:, None] * (depths * beams)
    amplitudes = torch.where(inside[..., None], amplitudes, 0.0)
    field = torch.zeros(frames * depths * beams, parts, device=device)
    for offset, weight in ((0, (1 - fr) * (1 - fc)), (1, (1 - fr) * fc), (beams, fr * (1 - fc)), (beams + 1, fr * fc)):
        field.index_add_(0, (base + offset).flatten(), (amplitudes * weight[..., None]).flatten(0, 1))
    field = field.view(frames, depths, beams, parts)

    depth_mm = (torch.arange(depths, device=device) + 0.5) / depths * sector.depth * 1.02
    share = depth_mm / sector.depth
    # Scatterers lie with density ~ radius^(1/0.65 - 2) an area: even out what the grid's cells receive.
    cells = share.clamp_min(0.05) ** (1 / 0.65 - 1)
    field = field / (cells.sqrt() * np.sqrt(len(scene.positions) / (depths * beams)))[:, None, None]
    clutter = (
        torch.randn(1, depths, beams, parts, generator=generator).to(device)
        * _ratio(scan.haze)
        * torch.exp(-depth_mm / 14.0)[:, None, None]
    )
    field = field + clutter

    axial, near, far, lobes = _spread(scene, depth_mm, share)
    field = torch.einsum("ed,tdbc->tebc", axial, field)
    mix = ((share - 0.18) / 0.45).clamp(0, 1)[None, :, None, None]
    swept = torch.einsum("ab,tdbc->tdac", near, field) * (1 - mix) + torch.einsum("ab,tdbc->tdac", far, field) * mix
    swept = swept + _ratio(scan.side_lobes) * torch.einsum("ab,tdbc->tdac", lobes, field)
    noise = (
        torch.randn(frames, depths, beams, parts, generator=generator).to(device)
        * _ratio(scan.noise)
        * (0.35 + 0.65 * share)[:, None, None]
    )
    swept = swept * _ratio_map(scene, share).to(device)[..., None] + noise
    return 10 * torch.log10(swept.square().mean(-1) + 1e-7) + scan.gain + scene.quality.gain


def _moving_scatterers(scene: Scene, generator: torch.Generator, device):
    """Positions (t, n, 2) in mm and amplitudes (t, n, 2 * compounded), a complex number a sub-band, of all scatterers."""
    frames, parts = len(scene.hearts), 2 * scene.quality.compounded
    positions = torch.tensor(scene.positions, dtype=torch.float32, device=device)
    x0, y0, x1, y1 = scene.extent
    places = torch.stack([(positions[:, 0] - x0) / (x1 - x0), (positions[:, 1] - y0) / (y1 - y0)], -1) * 2 - 1
    nodes = torch.tensor(scene.nodes, device=device).permute(0, 3, 1, 2).flatten(0, 1)[None]
    shift = F.grid_sample(nodes, places[None, None], align_corners=True, padding_mode="border")
    moved = positions + shift.view(frames, 2, -1).permute(0, 2, 1)

    # Out-of-plane motion: each scatterer's amplitude turns between two draws, along a random walk that ends where it began.
    level = torch.tensor(scene.level, dtype=torch.float32, device=device)
    two = torch.randn(2, len(level), parts, generator=generator).to(device) * (10 ** (level / 20))[:, None]
    angle = torch.tensor(_walk(scene), dtype=torch.float32, device=device)[:, None, None]
    tissue = two[0] * angle.cos() + two[1] * angle.sin()

    leaflets = torch.tensor(scene.leaflet_positions, dtype=torch.float32, device=device)
    strength = torch.tensor(10 ** (scene.leaflet_level / 20), dtype=torch.float32, device=device)
    fixed = torch.randn(leaflets.shape[1], parts, generator=generator).to(device)
    return torch.cat([moved, leaflets], 1), torch.cat([tissue, fixed * strength[..., None]], 1)


def _walk(scene: Scene) -> Float[np.ndarray, "t"]:
    """Angle in radians at each phase: a Brownian bridge over the beat, the same however many frames are made of it."""
    steps = np.random.default_rng([11, scene.acquisition.seed]).normal(0, _WALK**-0.5, _WALK)
    walk = np.r_[0.0, np.cumsum(steps - steps.mean())]
    return scene.acquisition.decorrelation * np.interp(np.mod(scene.phase, 1), np.linspace(0, 1, _WALK + 1), walk)


def _spread(scene: Scene, depth_mm: Tensor, share: Tensor):
    """The point-spread function as matrices: along depth (its width grows with depth) and across beams (near, far, side lobes)."""
    look, sector = scene.acquisition.look, scene.hearts[0].sector
    near, middle, deep = _AXIAL[look]
    width = torch.where(
        share < 0.5, near + (middle - near) * share * 2, middle + (deep - middle) * (share * 2 - 1).clamp(0, 1)
    )
    axial = torch.exp(-0.5 * ((depth_mm[:, None] - depth_mm[None]) / width[:, None]) ** 2)
    beams = scene.quality.beams
    beam = sector.opening * MARGIN / beams * torch.arange(beams, device=depth_mm.device)
    gap = beam[:, None] - beam[None]
    lateral = [torch.exp(-0.5 * (gap / sigma) ** 2) for sigma in (*_LATERAL[look], _SIDE_LOBE_WIDTH)]
    return tuple(m / m.square().sum(1, keepdim=True).sqrt() for m in (axial, *lateral))


def _ratio(db: float) -> float:
    return 10 ** (db / 20)


def _ratio_map(scene: Scene, share: Tensor) -> Float[Tensor, "d b"]:
    """Amplitude factor of gain steps, shadows and drop-out."""
    scan, share, beams = scene.acquisition, share.cpu(), scene.quality.beams
    angle = torch.linspace(-MARGIN, MARGIN, beams)
    steps = np.interp(share.numpy(), np.linspace(0, 1, len(scan.gain_steps)), scan.gain_steps)
    db = torch.tensor(steps, dtype=torch.float32)[:, None].repeat(1, beams)
    for centre, half_width, loss in scan.shadows:
        db = (
            db
            - loss
            * torch.exp(-(((angle - centre) / half_width) ** 2))[None]
            * ((share - 0.1) / 0.15).clamp(0, 1)[:, None]
        )
    centre, deep, loss = scan.dropout
    db = (
        db
        - loss
        * torch.exp(-(((angle - centre) / 0.22) ** 2))[None]
        * torch.exp(-(((share - deep) / 0.14) ** 2))[:, None]
    )
    return 10 ** (db / 20)


def _compress(level: Float[Tensor, "t d b"], scan: Acquisition) -> Float[Tensor, "t d b"]:
    """dB to grey 0..255 by straight pieces between the knots of the look's curve."""
    knots, greys = _CURVES[scan.look]
    grey = torch.full_like(level, greys[0])
    for k0, k1, g0, g1 in zip(knots, knots[1:], greys, greys[1:], strict=False):
        grey = grey + ((level - k0) / (k1 - k0)).clamp(0, 1) * (g1 - g0)
    return grey


def _scan_convert(grey: Float[Tensor, "t d b"], scene: Scene, size: int) -> UInt8[Tensor, "t h w"]:
    sector = scene.hearts[0].sector
    places, inside = beam_coordinates(sector.grid(size), sector.depth, sector.opening)
    places, inside = places.to(grey.device), inside.to(grey.device)
    image = F.grid_sample(grey[:, None], places[None].expand(len(grey), -1, -1, -1), align_corners=False)[:, 0]
    return (image * inside + 0.5).clamp(0, 255).to(torch.uint8)


def beam_coordinates(grid: Grid, depth: float, opening: float) -> tuple[Float[Tensor, "h w 2"], Float[Tensor, "h w"]]:
    """Where each pixel lies in beam space, as `grid_sample` wants it, and 1 inside the fan, 0 outside."""
    mesh = torch.tensor(grid.mesh(), dtype=torch.float32)
    radius, angle = torch.linalg.vector_norm(mesh, dim=-1), torch.atan2(mesh[..., 0], mesh[..., 1])
    half = np.radians(opening / 2)
    inside = ((radius <= depth) & (angle.abs() <= half)).float()
    return torch.stack([angle / (half * MARGIN), radius / (depth * 1.02) * 2 - 1], -1), inside
