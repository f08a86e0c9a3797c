"""What a file that Echo Studio wrote says about itself: one line of JSON inside the file, whatever its format."""

import json
import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from engine.media.limits import FPS, MAX_FRAMES, SPACING
from engine.types import Provenance

KEY = "echo-studio"
VERSION = 1


@dataclass(frozen=True)
class Tag:
    frames: int
    fps: float
    mm_per_pixel: tuple[float, float]
    """(y, x), of the pixels in the file"""
    provenance: Provenance | None = None
    columns: int = 1
    """frames in a row of a sprite sheet"""

    def to_text(self) -> str:
        return json.dumps({KEY: VERSION, **asdict(self)}, sort_keys=True, allow_nan=False)


def tag_from_text(text: Any) -> Tag | None:
    """The tag that `to_text` wrote; None for any other text, for a comment in a file may be anybody's."""
    try:
        values = json.loads(text)
        if values.pop(KEY) != VERSION:
            return None
        y, x = (float(value) for value in values.pop("mm_per_pixel"))
        provenance = provenance_from_json(values.pop("provenance"))
        frames, columns, fps = int(values["frames"]), int(values["columns"]), float(values["fps"])
    except (TypeError, ValueError, KeyError, AttributeError, RecursionError, OverflowError):
        return None
    sane = 1 <= columns <= frames <= MAX_FRAMES and FPS[0] <= fps <= FPS[1]
    sane = sane and all(math.isfinite(v) and 0 < v <= SPACING[1] for v in (y, x))
    return Tag(frames, fps, (y, x), provenance, columns) if sane else None


def provenance_from_json(document: dict[str, Any] | None) -> Provenance | None:
    """Raises TypeError where the document holds other fields than a Provenance."""
    if document is None:
        return None
    provenance = Provenance(**document)
    kinds = {
        "model": str,
        "weights_sha256": str | None,
        "seed": int,
        "settings": dict,
        "conditions": dict,
        "software": str,
    }
    for name in (f.name for f in fields(Provenance)):
        if not isinstance(getattr(provenance, name), kinds[name]):
            raise TypeError(f"{name} is a {type(getattr(provenance, name)).__name__}")
    return provenance
