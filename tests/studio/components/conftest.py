"""A page of its own for the two components, and synthetic clips whose frames carry their number as bits."""

import copy
import itertools
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

from engine.anatomy.drawing import Drawing, preset_drawing
from studio import live, table
from studio.components import UI_FOLDER, contour_editor
from studio.components.cine_player import EMPTY, CinePlayer
from studio.components.contour_editor import ContourEditor
from studio.session import FRAME, Session, document

DOCS = (f"doc{i}" for i in itertools.count())
CLIPS = itertools.count()
BITS = 6
BLOCK = 8
"""Each bit of a frame's number is a square of this many pixels along the top edge."""


def numbered_frame(number: int, size: int = 64, clip: int = 0) -> np.ndarray:
    """A grey frame that carries its number, on a ground that tells the clips apart."""
    frame = np.full((size, size), 40 + 20 * (clip % 8), np.uint8)
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
    asked: list[dict[str, Any]] = field(default_factory=list)
    """the requests for a live clip"""
    posed: list[dict[str, Any]] = field(default_factory=list)
    """the drawings whose beat was asked for"""
    gate: threading.Event = field(default_factory=threading.Event)
    """while it is not set, the server keeps a live clip back"""

    def preview(self, request: dict[str, Any]) -> dict[str, Any]:
        """In place of `live.preview`, whose physics would take most of the time: numbered frames, at once."""
        number = next(CLIPS)
        self.asked.append({**copy.deepcopy(request), "number": number})
        self.gate.wait(30)
        return {"clip": clip_value(number, 6, 3) | {"title": f"Live {number}", "preview": request["draft"]}}


def counted(function, calls: list[dict[str, Any]]):
    """A function of the server, which also notes what it was asked."""

    def call(document: dict[str, Any]) -> dict[str, Any]:
        calls.append(document["drawing"])
        return function(document)

    call.__name__ = function.__name__
    return call


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
    stage.gate.set()

    def preview(request):
        return stage.preview(request)

    kept = contour_editor.SERVER
    stand_ins = {live.preview: preview, table.pose: counted(table.pose, stage.posed)}
    contour_editor.SERVER = tuple(stand_ins.get(function, function) for function in kept)
    with gr.Blocks() as demo:
        with gr.Row():
            editor = ContourEditor(document(Session(preset_drawing("normal"), "a")))
            player = CinePlayer()
        to_editor = gr.Button("send", elem_id="send-editor")
        to_player = gr.Button("send", elem_id="send-player")
        reader = gr.Button("read", elem_id="read-editor")
    contour_editor.SERVER = kept
    with demo:
        direct = {"show_progress": "hidden", "queue": False}
        reader.click(stage.read.append, inputs=[editor], **direct)
        editor.edit(stage.edits.append, inputs=[editor], trigger_mode="always_last", **direct)
        to_editor.click(lambda: stage.send["editor"], outputs=[editor], **direct)
        to_player.click(lambda: stage.send["player"], outputs=[player], **direct)
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


class Table:
    """The drawing table on a page, in terms of what a user does with it. Points and shifts on screen are CSS pixels."""

    def __init__(self, page, stage: Stage):
        self.page, self.stage = page, stage
        stage.gate.set()
        page.goto(stage.url)
        page.wait_for_selector(".editor-root[data-ready=true]")
        page.wait_for_selector(".hearts:not(:disabled)")
        self.open(preset_drawing("normal"))

    def open(self, drawing: Drawing, rev: int = 0, doc: str | None = None, **more: Any) -> None:
        """Shows a drawing; under a name of its own unless `doc` is given."""
        self.doc = doc or next(DOCS)
        value = document(Session(drawing, self.doc, rev)) | more
        self.stage.send["editor"] = value
        self.page.click("#send-editor")
        if doc is None:
            self.page.wait_for_selector(f".editor-root[data-doc={self.doc}]")
            self.wait()
            self.opened = value
        self.stage.edits.clear()

    def root(self, name: str) -> str:
        return self.page.locator(".editor-root").get_attribute(f"data-{name}")

    @property
    def rev(self) -> int:
        return int(self.root("rev"))

    @property
    def steps(self) -> int:
        """that can be undone"""
        return int(self.root("undo"))

    def wait(self) -> None:
        """Until the contours on screen are those of the drawing, and nothing is on its way to them."""
        self.page.wait_for_selector(".editor-root[data-fresh=true][data-dragging=false]:not([data-busy=true])")

    def drawn(self) -> dict[str, Any]:
        """The drawing, once Python has been told of the last change."""
        self.wait()
        end = time.monotonic() + 20
        while self.rev and (not self.stage.edits or self.stage.edits[-1]["rev"] != self.rev):
            assert time.monotonic() < end, f"revision {self.rev} did not come"
            self.page.wait_for_timeout(10)
        return (self.stage.edits[-1] if self.rev else self.opened)["drawing"]

    def contours(self) -> dict[str, np.ndarray]:
        """At end-diastole."""
        return {name: np.array(points) for name, points in self.drawn()["contours"].items()}

    def key(self, phase: float) -> dict[str, np.ndarray] | None:
        """What was added by hand at a phase."""
        found = [key for key in self.drawn()["keys"] if abs(key["phase"] - phase) < 1e-6]
        return {name: np.array(offsets) for name, offsets in found[0]["offsets"].items()} if found else None

    def centre(self, contour: str, index: int) -> tuple[float, float]:
        box = self.page.locator(f'.handle[data-contour="{contour}"][data-index="{index}"] .target').bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def screen(self, mm) -> tuple[float, float]:
        """Where a point in mm is on screen."""
        grid = self.opened["frame"]
        x, y = (mm[i] / grid["mm_per_pixel"][1 - i] + grid["apex"][i] for i in (0, 1))
        matrix = "const {a, d, e, f} = document.querySelector('.canvas').getScreenCTM(); return [a * x + e, d * y + f]"
        return tuple(self.page.evaluate(f"([x, y]) => {{ {matrix} }}", [x, y]))

    def mm_per_css_pixel(self) -> float:
        scale = self.page.evaluate("document.querySelector('.canvas').getScreenCTM().a")
        return preset_drawing("normal").heart.sector.grid(FRAME).mm_per_pixel[0] / scale

    def drag(self, start, by, steps: int = 5) -> None:
        """One gesture with the mouse."""
        self.wait()
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        for step in range(1, steps + 1):
            mouse.move(start[0] + by[0] * step / steps, start[1] + by[1] * step / steps)
        assert self.root("dragging") == "true"
        mouse.up()
        self.wait()

    def tool(self, name: str) -> None:
        self.page.click(f".tool-{name}")
        self.page.wait_for_selector(f".editor-root[data-tool={name}]")

    def go(self, phase: float) -> None:
        """To an instant that has a button of its own."""
        self.page.click(f".chip[data-phase='{phase:g}']")
        self.wait()

    def number(self, name: str) -> float:
        return float(self.page.locator(f".numbers dd.{name}").inner_text().split()[0])

    def undo(self) -> None:
        self.page.click(".undo")
        self.wait()

    def redo(self) -> None:
        self.page.click(".redo")
        self.wait()


@pytest.fixture
def editor(page, components):
    """A `Table` that shows the normal heart."""
    return Table(page, components)
