"""What axe-core finds on the pages: no violation of WCAG 2 A and AA."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe

from engine.anatomy.contours import label_map
from engine.anatomy.presets import preset
from engine.media.write import write_label_maps

WAIT = 90_000
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}, "resultTypes": ["violations"]}


def violations(page) -> list[str]:
    """What axe finds on the page as it stands: nothing is excepted, gradio's own parts neither."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {node['target']} {json.dumps(node['any'][:1])[:200]}"
        for each in found
        for node in each["nodes"]
    ]


@pytest.fixture(params=["light", "dark"])
def page(chromium, request):
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, color_scheme=request.param)
    yield context.new_page()
    context.close()


@pytest.fixture
def labels_file(tmp_path):
    heart = preset("normal")
    grid = heart.sector.grid(192)
    return write_label_maps(label_map(heart, grid)[None], 1.0, grid.mm_per_pixel, tmp_path / "map.nii.gz")


def test_the_studio_and_its_windows(studio, labels_file):
    page = studio.page
    studio.live_clip()
    found = {"studio": violations(page)}
    for button, window in (("hearts", "gallery"), ("help", "keys-panel")):
        page.click(f"#editor .{button}")
        page.wait_for_selector(f"#editor dialog.{window}[open]")
        found[window] = violations(page)
        page.keyboard.press("Escape")
    studio.open_file(labels_file)
    page.wait_for_selector("#editor dialog.mapping[open]", timeout=WAIT)
    found["mapping"] = violations(page)
    page.keyboard.press("Escape")
    page.click("#editor .shows summary")
    for tool in ("transform", "push", "wall", "brush", "pen", "eraser", "arrow"):
        page.click(f"#editor .tool-{tool}")
        page.wait_for_selector(f"#editor .editor-root[data-tool={tool}]")
    found["tools"] = violations(page)
    studio.pick("dilated")
    found["unusual numbers"] = violations(page)
    page.get_by_role("tab", name="Models").click()
    page.wait_for_selector("#models .card")
    found["models"] = violations(page)
    assert {name: each for name, each in found.items() if each} == {}
