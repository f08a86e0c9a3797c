"""A page of its own for the two components, and synthetic clips whose frames carry their number as bits."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import cv2
import gradio as gr
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from engine.anatomy.presets import preset
from studio.components import UI_FOLDER
from studio.components.cine_player import EMPTY, CinePlayer
from studio.components.contour_editor import ContourEditor
from studio.session import Session, document

BITS = 6
BLOCK = 8
"""Each bit of a frame's number is a square of this many pixels along the top edge."""


def numbered_frame(number: int, size: int = 64, clip: int = 0) -> np.ndarray:
    """A grey frame that carries its number, on a ground that tells the clips apart."""
    frame = np.full((size, size), 40 + 20 * clip, np.uint8)
    for bit in range(BITS):
        frame[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = 255 if number >> bit & 1 else 0
    return frame


def sprite(frames: list[np.ndarray], columns: int) -> bytes:
    """A PNG sheet of the frames, row by row."""
    height, width = frames[0].shape[:2]
    rows = -(-len(frames) // columns)
    sheet = np.zeros((rows * height, columns * width, *frames[0].shape[2:]), np.uint8)
    for i, frame in enumerate(frames):
        y, x = i // columns * height, i % columns * width
        sheet[y : y + height, x : x + width] = frame
    return cv2.imencode(".png", sheet)[1].tobytes()


def mask_frame(number: int, size: int = 64) -> np.ndarray:
    """A BGRA frame: a half transparent blue square in the lower half, the rest wholly transparent."""
    frame = np.zeros((size, size, 4), np.uint8)
    frame[40:56, 8:56] = (255, 0, 0, 128)
    return frame


@dataclass
class Stage:
    """The page's address and what its components have told Python; `edits` grows by one for each edit event."""

    url: str
    edits: list[dict[str, Any]] = field(default_factory=list)
    read: list[dict[str, Any]] = field(default_factory=list)
    """the editor's value at each press of `read-editor`"""
    send: dict[str, Any] = field(default_factory=dict)
    """what the buttons `send-editor` and `send-player` will put into the components"""


def clip_value(clip=0, frames=20, columns=7, masks=False, fps=30.0) -> dict[str, Any]:
    return {
        "id": f"clip{clip}",
        "title": f"seed {clip}",
        "sprite": f"sprites/{clip}-{frames}-{columns}.png",
        "masks": f"masks/{frames}-{columns}.png" if masks else None,
        "columns": columns,
        "frames": frames,
        "width": 64,
        "height": 64,
        "fps": fps,
        "preview": False,
    }


def player_value(rev: int, clips: list[dict[str, Any]], doc="a", status="done", **more: Any) -> dict[str, Any]:
    return EMPTY | {"doc": doc, "rev": rev, "status": status, "clips": clips} | more


@pytest.fixture(scope="session")
def components():
    stage = Stage("")
    app = FastAPI()

    @app.get("/sprites/{clip}-{frames}-{columns}.png")
    def sprites(clip: int, frames: int, columns: int):
        sheet = sprite([numbered_frame(i, clip=clip) for i in range(frames)], columns)
        return Response(sheet, media_type="image/png")

    @app.get("/masks/{frames}-{columns}.png")
    def masks(frames: int, columns: int):
        return Response(sprite([mask_frame(i) for i in range(frames)], columns), media_type="image/png")

    app.mount("/ui", StaticFiles(directory=UI_FOLDER))
    with gr.Blocks() as demo:
        with gr.Row():
            editor = ContourEditor(document(Session(preset("normal"), "a")))
            player = CinePlayer()
        to_editor = gr.Button("send", elem_id="send-editor")
        to_player = gr.Button("send", elem_id="send-player")
        reader = gr.Button("read", elem_id="read-editor")
    with demo:
        reader.click(stage.read.append, inputs=[editor], show_progress="hidden")
        editor.edit(stage.edits.append, inputs=[editor], trigger_mode="always_last", show_progress="hidden")
        to_editor.click(lambda: stage.send["editor"], outputs=[editor], show_progress="hidden")
        to_player.click(lambda: stage.send["player"], outputs=[player], show_progress="hidden")
    app = gr.mount_gradio_app(app, demo, path="/")

    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    stage.url = f"http://127.0.0.1:{port}"
    yield stage
    server.should_exit = True
    thread.join(timeout=10)
