"""Measures how soon the clip beside the drawing follows it, in a real browser: `python -m studio.bench`.

Prints milliseconds from an edit to the painted clip that shows it; judges nothing.
"""

import shutil
import socket
import statistics
import sys
import threading
import time

import uvicorn
from playwright.sync_api import Page, sync_playwright

from studio.server import create

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
EDITS = 15
DRAG = 4.0
"""seconds of a drag without a pause"""
PAUSE = 1500
"""ms between single edits, so that each finds the studio at rest"""

_AGES = """() => {
  window.ages = [];
  const root = document.querySelector('.player-root');
  new MutationObserver(() => window.ages.push(Number(root.dataset.age))).observe(root, {attributes: true, attributeFilter: ['data-age']});
}"""


def serve() -> str:
    """The studio on a free port of this machine, in a thread; its address."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    server = uvicorn.Server(uvicorn.Config(create(), log_level="error"))
    threading.Thread(target=server.run, args=([sock],), daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{sock.getsockname()[1]}"


def ages(page: Page) -> list[float]:
    """Milliseconds from edit to screen of every clip shown since the last call."""
    return page.evaluate("() => window.ages.splice(0)")


def grab(page: Page, contour: str, index: int) -> tuple[float, float]:
    """Takes hold of a control point; where it is."""
    box = page.locator(f'.handle[data-contour="{contour}"][data-index="{index}"]').bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    return x, y


def measure(page: Page, live: str) -> None:
    page.select_option("select.live", live)
    page.wait_for_timeout(3000)
    ages(page)
    single = []
    for i in range(EDITS + 1):
        x, y = grab(page, "lv_endo", 2)
        page.mouse.move(x + (6 if i % 2 else -6), y)
        page.mouse.up()
        page.wait_for_timeout(PAUSE)
        single += ages(page)[:1]
    x, y = grab(page, "lv_endo", 5)
    ages(page)
    end, step = time.monotonic() + DRAG, 0
    while time.monotonic() < end:
        step += 1
        page.mouse.move(x + 12 * (step % 40) / 40, y)
        page.wait_for_timeout(16)
    dragged = ages(page)
    page.mouse.up()
    page.wait_for_timeout(PAUSE)
    print(
        f"live {live}: edit to new clip on screen, median {statistics.median(single[1:]):.0f} ms of {len(single) - 1}   aim <= 300"
    )
    if dragged:
        rate = len(dragged) / DRAG
        print(f"live {live}: while dragging, median {statistics.median(dragged):.0f} ms, {rate:.1f} new clips a second")


def main() -> None:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit(f"No browser was found ({', '.join(BROWSERS)}); install Chromium to measure the live clip.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(serve())
        page.wait_for_selector(".editor-root[data-ready=true]")
        page.evaluate(_AGES)
        for live in ("phantom", "model"):
            measure(page, live)
        browser.close()


if __name__ == "__main__":
    main()
