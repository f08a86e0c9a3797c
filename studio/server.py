"""The studio as a web server that is safe on a hospital's network."""

import os
import socket
import sys
import threading
import webbrowser

import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from engine.errors import BadInput
from studio.app import build
from studio.components import UI_FOLDER
from studio.guard import Guard
from studio.home import scratch
from studio.style import CSS, THEME

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_UPLOAD = "512mb"


def create(host: str = LOOPBACK[0]) -> FastAPI:
    """The whole application. On a loopback `host` only requests that name this machine are answered."""
    closed = {"docs_url": None, "redoc_url": None, "openapi_url": None}
    app = FastAPI(**closed)
    app.mount("/ui", StaticFiles(directory=UI_FOLDER))
    app.mount("/sheets", StaticFiles(directory=scratch("sheets")))
    gr.mount_gradio_app(
        app,
        build(),
        path="/",
        app_kwargs=closed,
        run_history=False,
        mcp_server=False,
        ssr_mode=False,
        footer_links=[],
        max_file_size=MAX_UPLOAD,
        theme=THEME,
        css=CSS,
    )
    app.add_middleware(Guard)
    if host in LOOPBACK:
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])
    return app


def serve(host: str, port: int) -> None:
    """Serve until interrupted. Raises BadInput when the address cannot be had."""
    sock = _listen(host, port)
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"Echo Studio is at {address} (Ctrl+C ends it)", flush=True)
    app = create(host)
    if host in LOOPBACK and _has_display():
        threading.Timer(1.0, webbrowser.open, [address]).start()
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)).run([sock])


def _listen(host: str, port: int) -> socket.socket:
    """Taken before anything slow is loaded, so that a port in use is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        raise BadInput(
            f"The address {host}:{port} cannot be used ({error}); choose another with --port or --host."
        ) from None
    sock.listen(128)
    return sock


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
