"""The comparison in a real browser: frames in step, one line on all clips, differences, curves, words."""

import json
import threading
import time
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from studio.components import UI_FOLDER
from studio.components.comparison import EMPTY, Comparison
from studio.style import CSS, THEME
from tests.studio.components.conftest import BITS, BLOCK, numbered_frame, sprite
from tests.studio.components.test_cine_player import READ, SCRUB
from tests.studio.test_accessible import violations

COLUMNS = 7
MEASURED = [
    {"name": "Regressor", "lvef": 38.2, "kind": "near", "words": "38 % · 3 too high"},
    {"name": "Simpson", "lvef": 50.0, "kind": "far", "words": "50 % · 15 too high"},
]
STRIPS = """() => [...document.querySelectorAll('.wave canvas')].map(canvas => {
    const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return [...Array(canvas.height).keys()].map(y => [...Array(canvas.width).keys()].map(x => data[4 * (y * canvas.width + x)]));
})"""
PIXELS = "i => [...document.querySelectorAll('.frame')[i].getContext('2d').getImageData(0, 8, 64, 56).data]"


def level(x, frame, ground):
    """The grey of a clip below its number, which grows to the right and with time."""
    return 10 * ground + 2 * x + frame


def frames_of(count, ground):
    frames = [numbered_frame(number) for number in range(count)]
    for number, frame in enumerate(frames):
        frame[BLOCK:] = level(np.arange(64), number, ground)
    return frames


def clip_of(number, frames=20, fps=30.0, ground=None, **more):
    ground = number if ground is None else ground
    return {
        "id": f"clip{number}", "title": f"LVEF {20 + 15 * number} %", "sprite": f"sheets/{ground}-{frames}.png",
        "columns": COLUMNS, "frames": frames, "width": 64, "height": 64, "fps": fps, "preview": False,
        "mm_per_pixel": [2.0, 1.5], "wanted": 20.0 + 15 * number, "measured": MEASURED,
        "volumes": [100.0 - number * np.sin(np.pi * i / frames) * 20 for i in range(frames)], "note": "",
    } | more  # fmt: skip


def value_of(rev, clips, doc="a", status="done", factual="clip0", **more):
    return EMPTY | {"doc": doc, "rev": rev, "status": status, "factual": factual, "clips": clips} | more


@pytest.fixture(scope="module")
def stage():
    """A page with a comparison, and what its button will send it."""
    stage = SimpleNamespace(value=EMPTY)
    app = FastAPI()

    @app.get("/sheets/{ground}-{frames}.png")
    def sheets(ground: int, frames: int):
        return Response(sprite(frames_of(frames, ground), COLUMNS), media_type="image/png")

    app.mount("/ui", StaticFiles(directory=UI_FOLDER))
    with gr.Blocks(fill_width=True, title="Comparison") as demo:
        comparison = Comparison()
        send = gr.Button("send", elem_id="send")
        send.click(lambda: stage.value, outputs=[comparison], show_progress="hidden", queue=False)
    app = gr.mount_gradio_app(app, demo, path="/", theme=THEME, css=CSS, footer_links=[])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    stage.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield stage
    server.should_exit = True
    thread.join(timeout=10)


class Compared:
    """The comparison on a page, in terms of what a user does with it."""

    def __init__(self, page, stage):
        self.page, self.stage = page, stage
        page.goto(stage.url)
        page.wait_for_selector(".comparison-root[data-ready=true]")

    def send(self, value, shown=None):
        self.stage.value = json.loads(json.dumps(value))
        self.page.click("#send")
        state = f"[data-doc='{value['doc']}'][data-rev='{value['rev']}']"
        shown = len(value["clips"]) if shown is None else shown
        self.page.wait_for_selector(f".comparison-root{state}[data-clips='{shown}']", state="attached")
        self.page.evaluate("document.activeElement.blur()")  # whose keys are its own

    def data(self, name):
        return self.page.locator(".comparison-root").get_attribute(f"data-{name}")

    def line(self):
        return [float(share) for share in self.data("line").split()]

    def numbers(self):
        return [number for number, _ in self.page.evaluate(READ, [BITS, BLOCK])]

    def scrub(self, frame):
        self.page.evaluate(SCRUB, frame)

    def strips(self):
        return [np.array(rows) for rows in self.page.evaluate(STRIPS)]

    def pixels(self, clip):
        return np.array(self.page.evaluate(PIXELS, clip)).reshape(-1, 4)

    def centre(self, clip, end):
        box = self.page.locator(f".clip >> nth={clip} >> .end[data-end='{end}'] .dot").bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def size(self):
        return self.page.locator(".view").first.bounding_box()["width"]


@pytest.fixture
def compared(page, stage):
    return Compared(page, stage)


def test_four_clips_stay_in_step_through_seeks_and_while_they_play(compared):
    assert "Choose LVEFs" in compared.page.locator(".empty").inner_text()
    compared.send(value_of(1, [clip_of(i) for i in range(4)]))
    assert compared.data("playing") == "true"
    for _ in range(6):
        numbers, counted = compared.page.evaluate(
            f"() => new Promise(done => requestAnimationFrame(() => done([({READ})([{BITS}, {BLOCK}]),"
            " document.querySelector('.comparison-root').dataset.frame])))"
        )
        assert {number for number, _ in numbers} == {int(counted)}
    for frame in [*np.random.default_rng(0).permutation(20), 0, 19]:
        compared.scrub(int(frame))
        assert compared.numbers() == [frame] * 4
        assert compared.data("frame") == str(frame)


def test_the_clock_holds_for_clips_of_another_rate_and_length(compared):
    compared.send(value_of(1, [clip_of(0), clip_of(1, frames=10, fps=15.0), clip_of(2, frames=15)]))
    for frame in (0, 1, 7, 14, 15, 19):
        compared.scrub(frame)
        assert compared.numbers() == [frame, frame // 2, frame % 15]


def test_the_line_dragged_on_one_clip_is_another_line_on_all(compared):
    page = compared.page
    compared.send(value_of(1, [clip_of(i) for i in range(4)]))
    compared.scrub(5)

    def check():
        x0, _, x1, _ = (share * 64 - 0.5 for share in compared.line())
        strips = compared.strips()
        assert len(strips) == 4
        for ground, strip in enumerate(strips):
            assert strip.shape[1] == 20
            wanted = level(np.linspace(x0, x1, strip.shape[0])[:, None], np.arange(20), ground)
            assert np.abs(strip - wanted).max() <= 0.6
        return strips[0].shape[0]

    assert compared.line() == [0.25, 0.45, 0.75, 0.45]
    assert check() == 33
    assert page.locator(".length").all_inner_texts() == ["48 mm"] * 4
    x, y = compared.centre(2, 1)
    page.mouse.move(x + 3, y + 2)  # taken beside its middle, it does not jump
    page.mouse.down()
    page.mouse.move(x + 3, y + 2)
    assert compared.line() == [0.25, 0.45, 0.75, 0.45]
    page.mouse.move(x - 0.25 * compared.size() + 3, y + 2, steps=3)
    page.mouse.up()
    assert compared.line() == pytest.approx([0.25, 0.45, 0.5, 0.45], abs=0.003)
    assert check() == 17
    assert page.locator(".length").all_inner_texts() == ["24 mm"] * 4

    cdp = page.context.new_cdp_session(page)
    x, y = compared.centre(1, 0)
    for kind, dx in (("touchStart", 0), ("touchMove", 10), ("touchMove", 20), ("touchEnd", None)):
        points = [] if dx is None else [{"x": x - dx, "y": y}]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert compared.line()[0] == pytest.approx(0.25 - 20 / compared.size(), abs=0.003)
    check()

    page.focus(".clip >> nth=0 >> .end[data-end='0']")
    before = compared.line()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert compared.line() == pytest.approx(np.add(before, [0.01, 0.05, 0, 0]), abs=0.0011)
    end = page.locator(".clip >> nth=0 >> .end[data-end='0']")
    assert end.get_attribute("aria-valuetext") == f"{round(100 * compared.line()[0])} % across, 50 % down"
    assert compared.data("frame") == "5" and compared.data("playing") == "false"
    assert page.locator(".line .end[tabindex='0']").count() == 2

    page.keyboard.press("m")
    assert page.locator(".strip:visible, .line:visible").count() == 0
    page.click(".mmode")
    assert page.locator(".strip:visible").count() == 4


def test_a_point_on_a_strip_or_a_curve_is_an_instant(compared):
    page = compared.page
    compared.send(value_of(1, [clip_of(i) for i in range(3)]))
    box = page.locator(".wave >> nth=1").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 12.5 / 20, box["y"] + 30)
    assert compared.numbers() == [12] * 3 and compared.data("playing") == "false"
    left, right = page.evaluate(
        "() => [46, document.querySelector('.plot').getBoundingClientRect().width - 10]"
        ".map(x => x + document.querySelector('.plot').getBoundingClientRect().left)"
    )
    y = page.locator(".plot").bounding_box()["y"] + 40
    page.mouse.click(left + (right - left) * 10 / 19, y)
    assert compared.numbers() == [10] * 3
    assert page.locator(".legend .name").all_inner_texts() == ["LVEF 20 %", "LVEF 35 %", "LVEF 50 %"]
    assert page.locator(".legend output").all_inner_texts() == ["100 mL", "80 mL", "60 mL"]
    compared.send(value_of(2, [clip_of(i, volumes=None) for i in range(3)]))
    assert page.locator(".plot").is_hidden()


def test_the_difference_to_the_factual_clip(compared):
    page = compared.page
    clips = [clip_of(0, ground=1), clip_of(1), clip_of(2), clip_of(3, ground=0)]
    compared.send(value_of(1, clips))
    compared.scrub(3)
    plain = [compared.pixels(i) for i in range(4)]
    assert page.locator(".scale").is_hidden()
    page.keyboard.press("d")
    assert compared.data("difference") == "true" and page.locator(".scale").is_visible()
    factual, equal, lighter, darker = (compared.pixels(i) for i in range(4))
    assert (factual == plain[0]).all()
    assert (equal[:, :3] == equal[:, :1]).all() and (equal[:, 0] < plain[1][:, 0]).all()
    assert (lighter[:, 0] > lighter[:, 2]).all() and (darker[:, 0] < darker[:, 2]).all()
    page.click(".difference")
    assert (compared.pixels(2) == plain[2]).all()
    page.click(".difference")
    compared.send(value_of(2, clips, factual=None))
    assert page.locator(".difference").is_disabled() and compared.data("difference") == "false"
    assert (compared.pixels(2) == plain[2]).all()


def test_a_clip_takes_the_place_of_the_former_once_its_pictures_are_there(compared):
    page = compared.page
    first, second = clip_of(0), clip_of(1, measured=None, preview=True)
    waiting = clip_of(2, sprite=None, measured=None, volumes=None)
    running = {"status": "running", "step": 7, "steps": 18, "seconds_left": 1.23}
    compared.send(value_of(1, [first, second, waiting], **running), shown=2)
    assert page.locator(".step").inner_text() == "step 7 of 18 · 1.2 s left"
    assert page.locator(".waiting:visible").all_inner_texts() == ["waiting…"]
    assert page.locator(".view .badge:visible").all_inner_texts() == ["draft"]
    compared.scrub(4)
    held = []
    page.route("**/sheets/5-*", lambda route: held.append(route))
    page.evaluate("window.canvas = document.querySelectorAll('.frame')[1]")
    compared.send(value_of(2, [first, clip_of(1, ground=5), waiting]), shown=2)
    page.wait_for_timeout(100)
    assert compared.pixels(1)[0, 0] == level(0, 4, 1) and page.locator(".progress").is_hidden()
    assert page.locator(".clip >> nth=1 >> .measured").inner_text() == "measuring…"
    held.pop().continue_()
    page.wait_for_selector(".clip >> nth=1 >> .measured :text('15 too high')")
    assert compared.pixels(1)[0, 0] == level(0, 4, 5)
    assert page.evaluate("window.canvas === document.querySelectorAll('.frame')[1]")
    assert page.locator(".view .badge:visible").count() == 0
    assert compared.numbers()[:2] == [4, 4] and compared.data("playing") == "false"
    compared.send(value_of(3, [first, waiting], status="cancelled"), shown=1)
    assert page.locator(".clip").count() == 2
    assert page.locator(".waiting:visible").all_inner_texts() == ["no clip"]
    compared.stage.value = value_of(1, [])  # an older one
    page.click("#send")
    page.wait_for_timeout(200)
    assert compared.data("rev") == "3" and compared.data("clips") == "1"


def test_what_was_asked_and_what_was_measured_stand_in_words(compared):
    page = compared.page
    compared.send(value_of(1, [clip_of(0, title="<b>drawn</b>"), clip_of(1, note="best of 3", wanted=34.5)]))
    heads = page.locator(".clip figcaption").all_inner_texts()
    assert heads[0].split("\n") == [
        "<b>drawn</b>", "factual", "LVEF", "20 %", "Regressor", "38 % · 3 too high", "Simpson", "50 % · 15 too high",
    ]  # fmt: skip
    assert "34.5 %" in heads[1] and "factual" not in heads[1]
    kinds = page.eval_on_selector_all(".measured li", "all => all.map(({dataset}) => dataset.kind)")
    assert kinds == ["near", "far"] * 2
    assert page.locator(".note:visible").last.inner_text() == "best of 3"


def test_missing_pictures_are_told_in_one_sentence(stage, chromium):
    page = chromium.new_page()  # the browser itself logs the 404
    compared = Compared(page, stage)
    compared.send(value_of(1, [clip_of(0), clip_of(1, sprite="nowhere.png")]), shown=1)
    page.wait_for_selector(".message.failed")
    assert page.locator(".message").inner_text().endswith("compare again.")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_and_reach_it(stage, chromium, scheme):
    context = chromium.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme=scheme, reduced_motion="reduce"
    )
    compared = Compared(context.new_page(), stage)
    page = compared.page
    kinds = [{**MEASURED[0], "kind": kind} for kind in ("near", "off", "far", "none")]
    waiting = clip_of(2, sprite=None, measured=None)
    clips = [clip_of(0), clip_of(1, measured=kinds, note="best of 3"), waiting, clip_of(3)]
    compared.send(value_of(1, clips, status="running", step=3, steps=9), shown=3)
    assert compared.data("playing") == "false"
    page.keyboard.press("d")
    assert compared.data("difference") == "true"
    assert violations(page) == []
    sizes = page.eval_on_selector_all(
        ".comparison-root :is(button, input, select, .end):not(:disabled)",
        "all => all.map(node => node.getBoundingClientRect()).filter(({width}) => width)"
        ".map(({width, height}) => Math.min(width, height))",
    )
    assert len(sizes) > 10 and min(sizes) >= 24
    texts = page.eval_on_selector_all(
        ".comparison-root *",
        "all => all.filter(node => [...node.childNodes].some(({nodeType, data}) => nodeType === 3 && data.trim()))"
        ".map(node => parseFloat(getComputedStyle(node).fontSize))",
    )
    assert len(texts) > 20 and min(texts) >= 12
    context.close()
