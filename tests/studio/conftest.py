"""The whole studio in a browser, in terms of what a user does with it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine.anatomy.drawing import Drawing, drawing_from_json
from engine.anatomy.heart import read_document
from engine.cards import CARDS
from studio import autosave
from studio.guard import COOKIE

WAIT = 90_000  # ms; the first generation of a process brings in torch
KEPT = ("lvef", "heart_rate", "count", "seed")


class Studio:
    """The studio on a page; `home` is the data folder of its server."""

    def __init__(self, page, url: str, home: Path):
        self.page, self.home = page, home
        page.goto(url)
        self.wait_until_kept()

    def wait_until_kept(self) -> None:
        """Until the page is ready and the server's disk holds what it shows; the load of a page ends with that, too."""
        page = self.page
        page.wait_for_selector("#editor [data-ready=true]")
        page.wait_for_selector("#player [data-ready=true]")
        page.wait_for_selector("#editor .hearts:not(:disabled)")
        end = time.monotonic() + 30
        while (now := self._shown()) != (there := self._kept()):
            assert time.monotonic() < end, f"{now} is on the page, {there} on the disk"
            page.wait_for_timeout(20)

    def _shown(self) -> list:
        values = [self.page.input_value(f"#{name.replace('_', '-')} input >> nth=0") for name in KEPT]
        numbers = [float(value) if value else None for value in values]
        return [self.page.get_attribute("#editor [data-ready]", "data-doc"), self.rev, *numbers]

    def _kept(self) -> list | None:
        (name,) = (cookie["value"] for cookie in self.page.context.cookies() if cookie["name"] == COOKIE)
        try:
            value = json.loads((self.home / autosave.FOLDER / f"{name}.json").read_text())
        except FileNotFoundError:
            return None
        told = value | value["drawing"]
        return [told[name] for name in ("doc", "rev", *KEPT)]

    @property
    def rev(self) -> int:
        return int(self.page.get_attribute("#editor [data-ready]", "data-rev"))

    def wait(self) -> None:
        """Until the table shows the drawing, and nothing is on its way to it."""
        self.page.wait_for_selector("#editor .editor-root[data-fresh=true][data-dragging=false]:not([data-busy=true])")

    @contextmanager
    def redrawn(self) -> Iterator[None]:
        """Leaves once the table shows what was done inside."""
        before = self.rev
        yield
        self.page.wait_for_function(
            "before => +document.querySelector('#editor [data-ready]').dataset.rev > before", arg=before, timeout=WAIT
        )
        self.wait()

    def choose_model(self, name: str) -> None:
        self.page.click("#model input")
        self.page.get_by_role("option", name=CARDS[name].title).click()
        self.page.wait_for_selector(f"#status :text({json.dumps(CARDS[name].summary[:20])})")

    def begin(self) -> None:
        """Presses Generate, and leaves once the player is at it."""
        before = self.page.get_attribute("#player [data-ready]", "data-doc")
        self.page.click("#generate")
        self.page.wait_for_selector(f"#player [data-ready]:not([data-doc='{before}'])", timeout=WAIT)

    def stop(self) -> None:
        """Cancels what was begun, if it is not over by now."""
        self.page.evaluate("document.querySelector('#cancel').click()")
        self.page.wait_for_selector("#player :is([data-status=cancelled], [data-status=done])", timeout=WAIT)

    def generate(self) -> None:
        self.begin()
        self.page.wait_for_selector("#player [data-status=done]", timeout=WAIT)

    def pick(self, heart: str) -> None:
        """A heart of the gallery."""
        with self.redrawn():
            self.page.click("#editor .hearts")
            self.page.click(f"#editor .tile[data-heart='{heart}']")

    def choose_view(self, view: str) -> None:
        with self.redrawn():
            self.page.get_by_label(view, exact=True).check()

    def undo(self) -> None:
        with self.redrawn():
            self.page.click("#editor .undo")

    def go(self, phase: float) -> None:
        self.page.click(f"#editor .chip[data-phase='{phase:g}']")
        self.wait()

    def number(self, name: str) -> str:
        return self.page.inner_text(f"#editor dd.{name}")

    def lvef(self) -> float:
        """on the slider"""
        return float(self.page.input_value("#lvef input[type=number]"))

    def type_into(self, box: str, text: str) -> None:
        self.page.fill(f"#{box} input >> nth=0", text)
        self.page.keyboard.press("Tab")

    def drag(self, contour: str, index: int, dx: float, dy: float) -> None:
        """A control point, by CSS pixels."""
        page = self.page
        self.wait()
        target = page.locator(f"#editor .handle[data-contour={contour}][data-index='{index}'] .target")
        box = target.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + dx / 2, y + dy / 2)
        page.mouse.move(x + dx, y + dy)
        with self.redrawn():
            page.mouse.up()

    def live_clip(self) -> str:
        """Its address, once the player shows one of the drawing as it is now."""
        self.page.wait_for_selector("#player .player-root[data-live=true] figure[data-source]", timeout=WAIT)
        return self.page.get_attribute("#player figure", "data-source")

    def wait_for_another_clip(self, than: str) -> str:
        self.page.wait_for_function(
            "than => document.querySelector('#player figure')?.dataset.source !== than", arg=than, timeout=WAIT
        )
        return self.live_clip()

    def download(self, elem_id: str):
        self.page.wait_for_selector(f"#{elem_id}:not([disabled])", timeout=WAIT)
        with self.page.expect_download() as got:
            self.page.click(f"#{elem_id}")
        return got.value

    def save_drawing(self, folder: Path) -> tuple[Drawing, Path]:
        path = folder / "drawn.json"
        self.download("save-drawing").save_as(path)
        return drawing_from_json(read_document(path)), path

    def open_file(self, path: Path | str) -> None:
        self.page.locator("input[type=file]").first.set_input_files(str(path))


@pytest.fixture
def studio(page, studio_url, studio_home):
    return Studio(page, studio_url, studio_home)
