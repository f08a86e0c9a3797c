"""The counterfactual page in a browser: from a drawing, a clip or a file to clips at several LVEFs, measured back."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from engine.anatomy.drawing import preset_drawing
from engine.media.write import write_clip
from studio.session import beat_of

from .test_whole_way import has_weights

WAIT = 180_000  # ms; several clips of a cascade
MODEL = "cascaded-1scm"
pytestmark = pytest.mark.skipif(not has_weights(MODEL), reason="the weights of no cascade are shipped")


class Page:
    """What a user does on it."""

    def __init__(self, studio):
        self.studio, self.page = studio, studio.page
        self.page.get_by_role("tab", name="Counterfactual").click()
        self.page.wait_for_selector("#comparison [data-ready=true]")

    def take(self, button: str) -> str:
        """What the status line says of the still."""
        before = self.status()
        self.page.click(f"#{button}")
        return self.told(before)

    def open(self, path: Path) -> str:
        before = self.status()
        self.page.locator("#still-file input, input#still-file, #ask input[type=file]").first.set_input_files(str(path))
        return self.told(before)

    def told(self, before: str) -> str:
        self.page.wait_for_function(
            "before => document.querySelector('#ask-status .status-line').innerText !== before",
            arg=before,
            timeout=WAIT,
        )
        return self.status()

    def status(self) -> str:
        return self.page.inner_text("#ask-status .status-line")

    def fill(self, box: str, value: str) -> None:
        self.page.fill(f"#{box} input[type=number]", value)
        self.page.keyboard.press("Tab")

    def choose_quick(self) -> None:
        """The cascade of one stage, in few steps."""
        page = self.page
        if not page.is_visible("#cascade input"):
            page.locator("#ask-more button").first.click()
        page.click("#cascade input")
        page.get_by_role("option", name="Cascade of one stage").click()
        page.wait_for_function("() => document.querySelector('#ask-steps input[type=number]').value === '10'")
        self.fill("ask-steps", "4")

    def compare(self) -> None:
        before = self.page.get_attribute("#comparison [data-ready]", "data-doc")
        self.page.click("#compare")
        self.page.wait_for_selector(f"#comparison [data-status=done]:not([data-doc='{before}'])", timeout=WAIT)


@pytest.fixture
def ask(studio):
    return Page(studio)


def test_from_the_drawing_to_measured_clips_and_their_files(ask):
    page = ask.page
    said = ask.take("still-drawing")
    assert said.startswith("Simulated from the drawing: its own LVEF is")
    page.wait_for_selector("#still img")
    own = float(page.input_value("#own-lvef input[type=number]"))
    ask.choose_quick()
    for box, value in (("lvef-a", "20"), ("lvef-b", "75"), ("lvef-c", ""), ("lvef-d", "")):
        ask.fill(box, value)
    ask.compare()
    figures = page.locator("#comparison figure")
    assert figures.count() == 3
    assert page.get_attribute("#comparison [data-ready]", "data-clips") == "3"
    assert "3 clips" in ask.status()
    words = page.inner_text("#comparison")
    assert "factual" in words.lower() and "Regressor" in words and "Simpson" in words
    page.wait_for_selector("#compared-table:not([disabled])", timeout=WAIT)
    with page.expect_download() as got:
        page.click("#compared-table")
    rows = list(csv.DictReader(io.StringIO(Path(got.value.path()).read_text())))
    assert [float(row["lvef_asked"]) for row in rows] == sorted([20.0, own, 75.0])
    assert {row["best_of"] for row in rows} == {"1"} and {row["model"] for row in rows} == {MODEL}
    with page.expect_download() as got:
        page.click("#compared-mp4")
    assert got.value.suggested_filename.endswith("_mp4.zip")


def test_the_clip_in_the_studio_and_a_file_are_stills_too(ask, tmp_path):
    assert "no clip in the Studio yet" in ask.take("still-clip")
    beat = beat_of(replace(preset_drawing("dilated", "A4C"), lvef=25.0))
    path = write_clip(replace(beat, provenance=None), tmp_path / "recording.npz")
    assert "recording.npz: its own LVEF" in ask.open(path) and "measured" in ask.status()
    first = ask.page.get_attribute("#still img", "src")
    ask.page.fill("#still-frame input[type=number]", "7")
    ask.page.keyboard.press("Tab")
    ask.page.wait_for_function("first => document.querySelector('#still img').src !== first", arg=first)
    bad = tmp_path / "notes.txt"
    bad.write_text("no picture")
    assert "opens" in ask.open(bad) or "use" in ask.status()
    assert ask.page.is_visible("#still img")


def test_nothing_to_compare_is_one_sentence(ask):
    before = ask.status()
    ask.page.click("#compare")
    assert "no still" in ask.told(before)


def test_a_comparison_can_be_cancelled_and_the_page_is_ready_again(ask):
    ask.take("still-drawing")
    ask.page.click("#compare")
    ask.page.wait_for_selector("#comparison [data-status=running]", timeout=WAIT)
    ask.page.click("#ask-cancel")
    ask.page.wait_for_selector("#comparison [data-status=cancelled]", timeout=WAIT)
    ask.page.wait_for_selector("#compare:not([disabled])")
