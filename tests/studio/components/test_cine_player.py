"""The player in a real browser: the frame on screen is exactly the frame asked for."""

import numpy as np
import pytest

from tests.studio.components.conftest import BITS, BLOCK, clip_value, player_value

READ = """([bits, block]) => [...document.querySelectorAll('.frame')].map(canvas => {
    const context = canvas.getContext('2d');
    let number = 0;
    for (let bit = 0; bit < bits; bit++) {
        const [grey] = context.getImageData(bit * block + block / 2, block / 2, 1, 1).data;
        if (grey !== 0 && grey !== 255) throw new Error('inexact pixel ' + grey);
        if (grey === 255) number |= 1 << bit;
    }
    return [number, context.getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[0]];
})"""

SCRUB = """frame => {
    const scrub = document.querySelector('.scrub');
    scrub.value = frame;
    scrub.dispatchEvent(new Event('input', {bubbles: true}));
}"""


class Player:
    def __init__(self, page, stage):
        self.page, self.stage = page, stage
        page.goto(stage.url)
        page.wait_for_selector(".player-root[data-ready=true]")

    def send(self, value):
        self.stage.send["player"] = value
        self.page.click("#send-player")

    def load(self, count=1, rev=1, **options):
        self.send(player_value(rev, [clip_value(i, **options) for i in range(count)]))
        self.page.wait_for_selector(f".player-root[data-live=false][data-rev='{rev}'][data-clips='{count}']")

    def data(self, name):
        return self.page.locator(".player-root").get_attribute(f"data-{name}")

    def numbers(self):
        return [number for number, _ in self.page.evaluate(READ, [BITS, BLOCK])]

    def scrub(self, frame):
        self.page.evaluate(SCRUB, frame)


@pytest.fixture
def player(page, components):
    return Player(page, components)


def test_it_waits_with_a_hint(player):
    player.page.wait_for_selector(".player-root[data-live=true]")
    player.page.select_option("select.live", "off")  # what follows the drawing goes, and nothing was generated yet
    player.page.wait_for_selector(".player-root[data-live=false][data-frames='0']")
    assert "Generate" in player.page.locator(".empty").inner_text()
    assert player.data("status") == "idle"
    assert player.page.locator(".play").is_disabled()


def test_every_seek_shows_exactly_that_frame_on_every_clip(player):
    player.load(4, frames=37, columns=7, fps=23.976)
    player.page.click(".play")
    rng = np.random.default_rng(0)
    for frame in [*rng.permutation(37), 0, 36]:
        player.scrub(int(frame))
        assert player.numbers() == [frame] * 4
        assert player.data("frame") == str(frame)
    grounds = [grey for _, grey in player.page.evaluate(READ, [BITS, BLOCK])]
    assert grounds == [40, 60, 80, 100]


def test_while_playing_all_clips_show_the_same_counted_frame(player):
    player.load(2)
    assert player.data("playing") == "true"
    seen = set()
    for _ in range(12):
        numbers, counted = player.page.evaluate(
            f"() => new Promise(done => requestAnimationFrame(() => done([({READ})([{BITS}, {BLOCK}]),"
            " document.querySelector('.player-root').dataset.frame])))"
        )
        assert {number for number, _ in numbers} == {int(counted)}
        seen.add(int(counted))
        player.page.wait_for_timeout(40)
    assert len(seen) > 4


def test_steps_keys_and_loop(player):
    page = player.page
    player.load(1, frames=5, fps=10.0)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Home")
    assert player.data("playing") == "false" and player.numbers() == [0]
    page.keyboard.press("ArrowLeft")
    assert player.numbers() == [4]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert player.numbers() == [1]
    page.keyboard.press("End")
    page.keyboard.press("l")
    page.click(".next")
    assert player.numbers() == [4]
    page.click(".prev")
    assert player.numbers() == [3]
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.wait_for_selector(".player-root[data-playing=false][data-frame='4']")
    page.click(".play")  # at the end it begins again
    assert player.data("playing") == "true"
    page.wait_for_selector(".player-root[data-playing=false][data-frame='4']")
    assert player.numbers() == [4]
    assert page.locator(".counter").inner_text() == "5/5 · 0.40 s"


def test_keys_stay_quiet_elsewhere(player):
    page = player.page
    player.load(1)
    page.click(".play")
    player.scrub(3)
    page.evaluate("document.body.append(Object.assign(document.createElement('input'), {id: 'typed'}))")
    page.focus("#typed")
    page.keyboard.type("m l")
    page.keyboard.press("ArrowRight")
    assert player.numbers() == [3] and page.input_value("#typed") == "m l"
    page.focus(".editor-root .stage")
    page.keyboard.press("ArrowRight")
    assert player.numbers() == [3] and player.data("playing") == "false"


def test_the_overlay_toggles(player):
    page = player.page
    player.load(1, masks=True)
    page.click(".play")
    player.scrub(2)
    pixel = "() => [...document.querySelector('.frame').getContext('2d').getImageData(32, 48, 1, 1).data]"
    assert page.evaluate(pixel) == [40, 40, 40, 255]
    page.keyboard.press("m")
    assert page.evaluate(pixel) == pytest.approx([20, 20, 148, 255], abs=2)
    assert player.numbers() == [2]
    page.click(".masks")
    assert page.evaluate(pixel) == [40, 40, 40, 255]


def test_progress_leaves_clips_and_playing_alone(player):
    page = player.page
    requests = []
    page.on("request", lambda request: "-20-7.png" in request.url and requests.append(request.url))
    player.load(1)
    clips = [clip_value(0)]
    player.send(player_value(2, clips, status="running", step=7, steps=18, seconds_left=1.23, message="<b>hello</b>"))
    page.wait_for_selector(".player-root[data-status=running]")
    assert page.locator(".step").inner_text() == "step 7 of 18 · 1.2 s left"
    assert page.locator(".player-root .message").inner_text() == "<b>hello</b>"
    assert len(requests) == 1 and player.data("playing") == "true"
    player.send(player_value(3, [clip_value(0), clip_value(1)]))
    page.wait_for_selector(".player-root[data-clips='2']")
    assert len(requests) == 2 and player.data("playing") == "true"
    assert page.locator(".progress").is_hidden()


def test_new_pictures_take_the_place_of_the_old_without_a_flash(player):
    page = player.page
    player.load(1)
    page.evaluate(
        """() => {
            window.canvas = document.querySelector('.frame');
            window.grounds = [];
            const look = () => {
                const {data} = window.canvas.getContext('2d').getImageData(32, 32, 1, 1);
                window.grounds.push(window.canvas.isConnected ? data[0] : -1);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    held = []
    page.route("**/sprites/1-*", lambda route: held.append(route))
    player.send(player_value(2, [clip_value(1) | {"id": "clip0", "preview": True}]))
    page.wait_for_selector(".player-root[data-rev='2']")
    page.wait_for_timeout(200)
    assert page.locator(".title").inner_text() == "seed 0" and page.locator(".badge").is_hidden()
    assert set(page.evaluate("window.grounds")) == {40}
    held.pop().continue_()
    page.wait_for_selector(".badge")
    page.wait_for_timeout(200)
    assert page.locator(".title").inner_text() == "seed 1"
    grounds = page.evaluate("window.grounds")
    assert set(grounds) == {40, 60} and grounds == sorted(grounds)


def test_a_pause_outlasts_new_clips(player):
    player.load(1)
    player.page.click(".play")
    player.scrub(4)
    player.load(2, rev=2)
    player.page.wait_for_timeout(200)
    assert player.data("playing") == "false" and player.numbers() == [4, 4]


def test_an_older_value_is_ignored(player):
    player.load(1, rev=5)
    player.send(player_value(4, [], status="failed", message="late"))
    player.page.wait_for_timeout(300)
    assert player.data("status") == "done" and player.data("clips") == "1"
    player.send(player_value(0, [], doc="b", status="cancelled", message="Cancelled."))
    player.page.wait_for_selector(".player-root[data-status=cancelled][data-clips='0']")
    assert player.page.locator(".player-root .message").inner_text() == "Cancelled."


def test_it_rests_out_of_sight(player):
    page = player.page
    player.load(1)
    page.evaluate("document.querySelector('#player').style.marginTop = '4000px'")
    page.wait_for_selector(".player-root[data-playing=false]", state="attached")
    page.evaluate("document.querySelector('#player').style.marginTop = ''")
    page.wait_for_selector(".player-root[data-playing=true]")


def test_slow_motion(player):
    page = player.page
    player.load(1, frames=40, fps=20.0)
    page.select_option(".speed", "0.25")
    page.click(".play")
    player.scrub(0)
    seconds = page.evaluate(
        """() => new Promise(done => {
            const [play, began] = [document.querySelector('.play'), performance.now()];
            play.click();
            setTimeout(() => { play.click(); done((performance.now() - began) / 1000); }, 1000);
        })"""
    )
    assert player.data("playing") == "false"
    assert player.numbers()[0] == pytest.approx(seconds * 20 * 0.25, abs=1)


def test_missing_pictures_are_told_in_one_sentence(components, chromium):
    page = chromium.new_page()  # the browser itself logs the 404
    player = Player(page, components)
    player.send(player_value(1, [clip_value(0) | {"sprite": "nowhere.png"}]))
    page.wait_for_selector(".player-root .message.failed")
    assert page.locator(".player-root .message").inner_text().endswith("generate it again.")
    page.close()
