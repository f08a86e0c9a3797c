"""Shape and type checks for everything under test; what browser tests share: a Chromium, a page, a running studio."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

install_import_hook(["engine", "training"], "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))")

# The same examples on every machine, and no example is wrong for being slow.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


def pytest_collection_modifyitems(items):
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chromium():
    """A headless playwright Browser. Skips where no Chromium is installed."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        pytest.skip("browser tests are left out: no Chromium was found; install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A fresh 1280x720 page, which fails its test if anything lands in the console's error log."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    page = context.new_page()
    errors = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def studio_home(tmp_path_factory):
    """The data folder, empty at first, of the studio at `studio_url`."""
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="session")
def studio_url(studio_home):
    """The address of a studio that runs as its own process, for the whole test session."""
    with run_studio(Path(__file__).parents[1], studio_home) as url:
        yield url


@pytest.fixture(scope="session")
def start_studio():
    """The context manager `run_studio`, for a test that needs a studio of its own."""
    return run_studio


@contextmanager
def run_studio(code: Path, home: Path) -> Iterator[str]:
    """Serve the studio whose packages lie in `code`, with `home` as its data folder; gives its address."""
    port = find_free_port()
    log = home / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "studio.cli", "serve", "--host", "127.0.0.1", "--port", str(port)],
            cwd=code,
            env=os.environ | {"ECHO_STUDIO_HOME": str(home), "OMP_NUM_THREADS": "1"},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=20)


def find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(url: str, server: subprocess.Popen, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the studio did not start:\n{log.read_text(errors='replace')[-3000:]}")
