"""Where the shipped files lie, and their hashes. Loads no torch: cards read their records through it."""

import hashlib
import os
from pathlib import Path

from engine.errors import BadInput


def find(name: str) -> Path:
    """The path of a weights file by its file name. Raises BadInput when there is none.

    Looked for in the folder that the environment variable ECHO_STUDIO_WEIGHTS names, else among the files shipped.
    """
    path = _folder() / name
    if not path.is_file():
        raise BadInput(
            f"The weights {name} are not in {path.parent}; put the file there, "
            "or name its folder in the environment variable ECHO_STUDIO_WEIGHTS."
        )
    return path


def sha256(path: Path) -> str:
    """The hexadecimal sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder() -> Path:
    if chosen := os.environ.get("ECHO_STUDIO_WEIGHTS"):
        return Path(chosen)
    engine = Path(__file__).parent
    installed = engine / "assets" / "weights"
    return installed if installed.is_dir() else engine.parent / "assets" / "weights"
