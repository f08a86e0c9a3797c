"""Which kind of file it is, by its content; its name only has to agree."""

import zlib
from collections.abc import Iterable
from pathlib import Path

from engine.errors import BadInput
from engine.media.limits import MAX_BYTES

ENDINGS = {
    ".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".gif": "GIF", ".mp4": "MP4", ".avi": "AVI",
    ".nii": "NIfTI", ".nii.gz": "NIfTI", ".npz": "NPZ", ".dcm": "DICOM",
}  # fmt: skip


def ending(path: Path, known: Iterable[str] = ENDINGS) -> str:
    """The known ending of a file name, in lower case; '' where it has none of them."""
    name = path.name.lower()
    return next((ending for ending in known if name.endswith(ending)), "")


class UnknownKind(BadInput):
    """A file of none of the kinds that are read here."""


def kind_of(path: Path) -> str:
    """One of the values of `ENDINGS`. Raises UnknownKind or another BadInput where the file is none of them, or not what its name says."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror}); check the path.") from error
    if not size:
        raise BadInput(f"{path.name} is an empty file; save or copy it again.")
    if size > MAX_BYTES:
        raise BadInput(
            f"{path.name} has {size / 2**30:.1f} GiB; at most {MAX_BYTES // 2**30} GiB are read, so cut it first."
        )
    found, named = _sniff(head), ENDINGS.get(ending(path))
    if named and found != named:
        content = f"its content is {found}" if found else "its content is not, or its beginning is damaged"
        raise BadInput(f"{path.name} is called a {named} file but {content}; export it again or mend its name.")
    # Scanners save DICOM without an ending, or with a part of a UID that looks like one.
    if found is None or (not named and found != "DICOM"):
        raise UnknownKind(f"{path.name} is no kind of file that opens here; use {known_endings()} or DICOM.")
    return found


def known_endings() -> str:
    return ", ".join(ENDINGS)


def _sniff(head: bytes) -> str | None:
    if head[:2] == b"\x1f\x8b":
        try:
            return "NIfTI" if _is_nifti(zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, 1024)) else None
        except zlib.error:
            return None
    if _is_nifti(head):
        return "NIfTI"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "AVI"
    if head[4:8] == b"ftyp":
        return "MP4"
    # The second form is a data set without the preamble: it begins with a tag of group 2 or 8.
    if head[128:132] == b"DICM" or (head[:2] in (b"\x02\0", b"\x08\0") and head[3:4] == b"\0"):
        return "DICOM"
    starts = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG", b"GIF8": "GIF", b"PK\x03\x04": "NPZ"}
    return next((kind for start, kind in starts.items() if head.startswith(start)), None)


def _is_nifti(head: bytes) -> bool:
    return head[344:348] == b"n+1\0" or head[4:8] == b"n+2\0"
