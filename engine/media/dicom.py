"""Ultrasound DICOM. Only the tags below are parsed: nothing that names a patient is ever read."""

import warnings
from pathlib import Path

import numpy as np
import pydicom
from pydicom.multival import MultiValue
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_color_lut
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from engine.anatomy.labels import Frames
from engine.errors import BadInput
from engine.media.grey import grey, luminance
from engine.media.limits import UNKNOWN_SPACING, check_size, sane_fps, sane_spacing
from engine.types import Clip

SCALE = ("SequenceOfUltrasoundRegions", "PixelSpacing")
TIME = ("FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate")
PICTURE = ("Rows", "Columns", "NumberOfFrames")
CODING = (
    "PhotometricInterpretation", "SamplesPerPixel", "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit",
    "PixelRepresentation", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    *(f"{colour}PaletteColorLookupTableDescriptor" for colour in ("Red", "Green", "Blue")),
    *(f"{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue")),
)  # fmt: skip
TISSUE, CENTIMETRES = 1, 3
"""values of RegionSpatialFormat and PhysicalUnitsXDirection"""
PLAIN = {True: ImplicitVRLittleEndian, False: ExplicitVRLittleEndian}
"""transfer syntax by whether value representations are implicit"""


def read_dicom(path: Path) -> Clip:
    """Frames, frame rate and spacing; the rate of a file that tells none is 30, its spacing `UNKNOWN_SPACING`."""
    with warnings.catch_warnings():
        # Scanners write many small faults that pydicom warns of, and no user can mend.
        warnings.simplefilter("ignore")
        head = pydicom.dcmread(path, force=True, specific_tags=[*PICTURE, *SCALE, *TIME], stop_before_pixels=True)
        if not head.get("Rows") or not head.get("Columns"):
            raise BadInput(
                f"{path.name} is DICOM without a picture, or cut off before it; export the ultrasound clip itself."
            )
        frames = int(head.get("NumberOfFrames") or 1)
        check_size(frames, int(head.Rows), int(head.Columns))
        pixels = _pixels(path)
    if len(pixels) != frames:
        raise BadInput(f"{path.name} holds {len(pixels)} of its {frames} frames; export it again.")
    return Clip(pixels, sane_fps(_fps(head), frames), _spacing(head))


def _pixels(path: Path) -> Frames:
    # Read whole before anything is decoded: decoders fill a half picture with grey and say nothing.
    data = pydicom.dcmread(path, force=True, specific_tags=[*PICTURE, *CODING, "PixelData"])
    if "PixelData" not in data:
        raise BadInput(f"{path.name} is cut off within its pictures; copy or export it again.")
    if "TransferSyntaxUID" not in data.file_meta:
        # A data set without its preamble, as some archives send it, is never compressed.
        data.file_meta.TransferSyntaxUID = PLAIN[bool(data.original_encoding[0])]
    syntax = data.file_meta.TransferSyntaxUID
    try:
        readable = get_decoder(syntax).is_available
    except NotImplementedError:
        readable = False
    if not readable:
        raise BadInput(
            f"{path.name} is compressed as {syntax.name}, which is not read here; export it as JPEG or uncompressed."
        )
    # Whatever colours the file has come decoded as RGB, or as indices into a palette of 16 bits a colour.
    frames = list(iter_pixels(data))
    if data.PhotometricInterpretation == "PALETTE COLOR":
        frames = [apply_color_lut(frame, data) for frame in frames]
    if frames[0].ndim == 3:
        return np.stack([luminance((frame >> 8 * (frame.itemsize - 1)).astype(np.uint8)) for frame in frames])
    pixels = grey(np.stack(frames))
    return 255 - pixels if data.PhotometricInterpretation == "MONOCHROME1" else pixels


def _fps(data: pydicom.Dataset) -> float | None:
    """From the frame time in ms, else from the rate that is shown."""
    vector = data.get("FrameTimeVector")
    times = [float(t) for t in (vector if isinstance(vector, MultiValue) else [])][1:]
    step = float(data.get("FrameTime") or 0) or (sum(times) / len(times) if times else 0.0)
    if step > 0:
        return 1000 / step
    return float(data.get("CineRate") or data.get("RecommendedDisplayFrameRate") or 0) or None


def _spacing(data: pydicom.Dataset) -> tuple[float, float]:
    """(y, x) in mm, of the largest tissue region that lies within the frame.

    A region that sticks out of the frame was measured before the picture was shrunk, and so was its scale.
    """
    regions = [region for region in data.get("SequenceOfUltrasoundRegions") or [] if _fits(region, data)]
    if regions:
        largest = max(regions, key=_area)
        return sane_spacing(10 * abs(largest.PhysicalDeltaY), 10 * abs(largest.PhysicalDeltaX))
    spacing = data.get("PixelSpacing")
    return sane_spacing(*map(float, spacing)) if spacing and len(spacing) == 2 else UNKNOWN_SPACING


def _fits(region: pydicom.Dataset, data: pydicom.Dataset) -> bool:
    wanted = ("RegionLocationMaxX1", "RegionLocationMaxY1", "PhysicalDeltaX", "PhysicalDeltaY")
    return (
        all(region.get(name) is not None for name in wanted)
        and region.get("RegionSpatialFormat") == TISSUE
        and region.get("PhysicalUnitsXDirection") == region.get("PhysicalUnitsYDirection") == CENTIMETRES
        and region.RegionLocationMaxX1 <= data.Columns
        and region.RegionLocationMaxY1 <= data.Rows
    )


def _area(region: pydicom.Dataset) -> int:
    width = region.RegionLocationMaxX1 - region.get("RegionLocationMinX0", 0)
    return width * (region.RegionLocationMaxY1 - region.get("RegionLocationMinY0", 0))
