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
from starlette.responses import Response

from studio import autosave
from studio.address import LOOPBACK, names
from studio.app import build
from studio.components import UI_FOLDER
from studio.folders import scratch
from studio.guard import Guard
from studio.style import CSS, THEME

MAX_UPLOAD = "512mb"


class FreshFiles(StaticFiles):
    """Files that a browser asks for anew each time: after an upgrade it must never mix old modules with new ones."""

    def file_response(self, *args, **kwargs) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create(host: str = LOOPBACK[0]) -> FastAPI:
    """The whole application. Only requests by an IP address or a name of this machine are answered."""
    closed = {"docs_url": None, "redoc_url": None, "openapi_url": None}
    app = FastAPI(**closed)
    app.mount("/ui", FreshFiles(directory=UI_FOLDER))
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
    app.add_middleware(Guard, known=names(host))
    return app


def serve(sock: socket.socket, host: str, address: str) -> None:
    """Serve on a listening socket until interrupted; opens `address` in the browser where this machine shows one."""
    autosave.forget_old()
    app = create(host)
    if host in LOOPBACK and _has_display():
        threading.Timer(1.0, webbrowser.open, [address]).start()
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)).run([sock])


def _has_display() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
