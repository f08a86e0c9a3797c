"""Where the studio keeps its files."""

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from typer import get_app_dir

KEEP = 24 * 3600
"""Seconds that a scratch file lives."""


def home() -> Path:
    """`ECHO_STUDIO_HOME`, else this platform's folder for the application's data. It may not exist yet."""
    return Path(os.environ.get("ECHO_STUDIO_HOME") or get_app_dir("echo-studio")).expanduser().resolve()


def scratch(kind: str) -> Path:
    """A folder for files that are needed for a while only; what is older than a day is removed here."""
    folder = home() / "cache" / kind
    folder.mkdir(parents=True, exist_ok=True)
    oldest = time.time() - KEEP
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another request has just removed it
            if path.stat().st_mtime < oldest:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder
