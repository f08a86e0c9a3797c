"""Where the studio keeps its files."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from typer import get_app_dir

KEEP = 24 * 3600
"""Seconds that a scratch file lives."""
SWEEP = 60
"""Seconds at least between two looks for what is to be removed."""

_swept: dict[Path, float] = {}


def home() -> Path:
    """`ECHO_STUDIO_HOME`, else this platform's folder for the application's data. It may not exist yet."""
    return Path(os.environ.get("ECHO_STUDIO_HOME") or get_app_dir("echo-studio")).expanduser().resolve()


def make(*names: str) -> Path:
    """The folder of these names, one inside the other, in `home`; what is made of it is for this user alone."""
    folder = home()
    folder.mkdir(0o700, parents=True, exist_ok=True)
    for name in names:
        folder /= name
        folder.mkdir(0o700, exist_ok=True)
    return folder


def remove_old(folder: Path, seconds: float) -> None:
    """Removes what lies in `folder` and is older than that."""
    oldest = time.time() - seconds
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another request has just removed it
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def scratch(kind: str) -> Path:
    """A folder for files that are needed for a while only; what is older than a day is removed here."""
    folder, now = make("cache", kind), time.monotonic()
    if now - _swept.get(folder, -SWEEP) >= SWEEP:
        _swept[folder] = now
        remove_old(folder, KEEP)
    return folder
