"""How finely the phantom works: full, or fast enough to follow a pen."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """What the simulation's time goes with. Another quality is another draw of the same speckle."""

    scatterers: int = 22_000
    """in the plane of the heart: about eight for each resolution cell at the depth of the LV"""
    leaflet_scatterers: int = 160
    """for each leaflet"""
    depths: int = 208
    beams: int = 120
    compounded: int = 3
    """sub-bands whose intensities are averaged (frequency compounding): without it speckle has a dark tail that real images lack"""
    map_spacing: float = 0.7
    """mm a pixel of the tissue map"""
    node_spacing: float = 2.5
    """mm between the nodes of the displacement field"""
    gain: float = 0.0
    """dB by which fewer sub-bands and coarser cells are darker"""


FULL = Quality()
DRAFT = Quality(7_000, 120, depths=124, beams=72, compounded=2, map_spacing=1.2, node_spacing=5.0, gain=0.6)
"""A quarter of the work: speckle a little coarser, anatomy and motion the same."""
