"""Each browser's session on the server's disk, so that a reload, a crash or a restart loses no drawing."""

import json
import os
import re
import tempfile
from pathlib import Path

from engine.errors import BadInput
from studio.folders import home
from studio.session import Session, from_json, start, to_json

BROWSER_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""What names a browser: a random word from its cookie."""


def save(browser: str, session: Session) -> None:
    path = _path(browser)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as file:
        json.dump(to_json(session), file)
    os.replace(file.name, path)


def restore(browser: str) -> Session:
    """The kept session of this browser, or a new one where there is none that can be read."""
    try:
        return from_json(json.loads(_path(browser).read_text(encoding="utf-8")))
    except (OSError, ValueError):  # a BadInput is a ValueError
        return start()


def _path(browser: str) -> Path:
    if not BROWSER_ID.fullmatch(browser):
        raise BadInput("This browser has no valid studio cookie; allow cookies for this page and reload it.")
    return home() / "sessions" / f"{browser}.json"
