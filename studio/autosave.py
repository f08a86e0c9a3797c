"""Each browser's session on the server's disk, so that a reload, a crash or a restart loses no drawing."""

import json
import os
import re
import tempfile
from pathlib import Path

from engine.errors import BadInput
from studio.folders import home, make, remove_old
from studio.session import Session, from_json, start, to_json

FOLDER = "sessions"

BROWSER_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""What names a browser: a random word from its cookie."""

KEEP = 90 * 24 * 3600
"""Seconds that a session is kept after its last change."""


def forget_old() -> None:
    """Removes the sessions that nobody has changed for `KEEP` seconds."""
    remove_old(make(FOLDER), KEEP)


def save(browser: str, session: Session) -> None:
    path = _path(browser)
    with tempfile.NamedTemporaryFile("w", dir=make(FOLDER), suffix=".part", delete=False, encoding="utf-8") as file:
        json.dump(to_json(session), file)
    os.replace(file.name, path)


def restore(browser: str) -> Session:
    """The kept session of this browser, or a new one where there is none that can be read."""
    try:
        return from_json(json.loads(_path(browser).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):  # a BadInput is a ValueError
        return start()


def _path(browser: str) -> Path:
    if not BROWSER_ID.fullmatch(browser):
        raise BadInput("This browser has no valid studio cookie; allow cookies for this page and reload it.")
    return home() / FOLDER / f"{browser}.json"
