"""Measures how soon the clip beside the drawing follows it, in a real browser: `python -m studio.bench`.

Prints milliseconds from an edit to the painted clip that shows it; judges nothing.
"""

import shutil
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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

_WATCH = """() => {
  const [player, numbers] = ['.player-root', '.numbers-row'].map((name) => document.querySelector(name));
  const change = {subtree: true, childList: true, characterData: true};
  let moved = null;
  Object.assign(window, {ages: [], waits: []});
  new MutationObserver(() => window.ages.push(Number(player.dataset.age))).observe(player, {attributeFilter: ['data-age']});
  document.addEventListener('pointermove', () => (moved = performance.now()), {capture: true});
  new MutationObserver(() => {
    if (moved !== null) window.waits.push(performance.now() - moved);
    moved = null;
  }).observe(numbers, change);
}"""


@contextmanager
def serving() -> Iterator[str]:
    """The studio on a free port of this machine; its address."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    server = uvicorn.Server(uvicorn.Config(create(), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([sock],))
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def taken(page: Page, name: str) -> list[float]:
    """Milliseconds since the last call: `ages` from an edit to its clip on screen, `waits` from a move to its numbers."""
    return page.evaluate(f"() => window.{name}.splice(0)")


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
    taken(page, "ages")
    single = []
    for i in range(EDITS + 1):
        x, y = grab(page, "lv_endo", 2)
        page.mouse.move(x + (6 if i % 2 else -6), y)
        page.mouse.up()
        page.wait_for_timeout(PAUSE)
        single += taken(page, "ages")[:1]
    x, y = grab(page, "lv_endo", 5)
    taken(page, "ages"), taken(page, "waits")
    end, step = time.monotonic() + DRAG, 0
    while time.monotonic() < end:
        step += 1
        page.mouse.move(x + 12 * (step % 40) / 40, y)
        page.wait_for_timeout(16)
    dragged, waits = taken(page, "ages"), taken(page, "waits")
    page.mouse.up()
    page.wait_for_timeout(PAUSE)
    print(
        f"live {live}: edit to new clip on screen, median {statistics.median(single[1:]):.0f} ms of {len(single) - 1}   aim <= 300"
    )
    print(
        f"live {live}: move to numbers, 95th percentile {statistics.quantiles(waits, n=20)[-1]:.0f} ms of {len(waits)}   aim <= 50"
    )
    if dragged:
        rate = len(dragged) / DRAG
        print(f"live {live}: while dragging, median {statistics.median(dragged):.0f} ms, {rate:.1f} new clips a second")


def main() -> None:
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        sys.exit(f"No browser was found ({', '.join(BROWSERS)}); install Chromium to measure the live clip.")
    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(address)
        page.wait_for_selector(".editor-root[data-ready=true]")
        page.evaluate(_WATCH)
        for live in ("phantom", "model"):
            measure(page, live)
        browser.close()


if __name__ == "__main__":
    main()
