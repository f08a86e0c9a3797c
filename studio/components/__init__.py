"""The studio's browser components. Their JavaScript lives in `ui/`, which the app serves at /ui."""

import hashlib
from pathlib import Path

UI_FOLDER = Path(__file__).parent / "ui"


def bootstrap(name: str) -> str:
    """The `js_on_load` line that mounts `ui/<name>.mjs`.

    The address carries a hash of every script in the folder, because a module's own imports are part of it.
    """
    digest = hashlib.sha256()
    for path in sorted(UI_FOLDER.glob("*.mjs")):
        digest.update(path.read_bytes())
    address = f"ui/{name}.mjs?v={digest.hexdigest()[:12]}"
    return (
        f"import(new URL('{address}', document.baseURI))"
        ".then(module => module.mount({element, trigger, props, server, upload, watch}));"
    )


def style(*names: str) -> str:
    """The text of style sheets in `ui/`, for `css_template`."""
    return "\n".join((UI_FOLDER / f"{name}.css").read_text(encoding="utf-8") for name in names)
