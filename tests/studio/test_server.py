"""The server's guards, over real HTTP."""

import asyncio
import http.client
import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from engine.anatomy.drawing import preset_drawing
from studio.address import listen, names, names_us
from studio.components.contour_editor import SERVER, hearts
from studio.guard import COOKIE


def request(url, method, path, headers=None, body=None):
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost.evil.example"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/queue/join"),
        ("POST", "/gradio_api/upload"),
        ("GET", "/config"),
    ],
)
def test_other_origins_are_refused(studio_url, origin, method, path):
    response, _ = request(studio_url, method, path, {"Origin": origin, "Content-Type": "text/plain"}, b"{}")
    assert response.status == 403
    assert response.getheader("access-control-allow-origin") is None


def test_the_same_origin_is_answered(studio_url):
    response, _ = request(studio_url, "GET", "/config", {"Origin": studio_url})
    assert response.status == 200
    assert response.getheader("access-control-allow-origin") in (None, studio_url)


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "rebound.example:7860",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example",
        "[x",
        "",
        "7860",
    ],
)
def test_a_foreign_host_name_is_refused_in_one_sentence(studio_url, host):
    response, content = request(studio_url, "GET", "/config", {"Host": host})
    assert response.status == 400
    assert content.decode() == "The studio does not go by this name; open it by this machine's IP address."


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:1", "127.0.0.1", "10.20.30.40:7860", "[::1]", "[fd00::7]:7860", socket.gethostname()],
)
def test_addresses_and_the_machines_own_names_are_answered(studio_url, host):
    response, _ = request(studio_url, "GET", "/config", {"Host": host})
    assert response.status == 200


@pytest.mark.parametrize("listening", ["0.0.0.0", "::", "192.168.1.20", "echo.hospital.example"])
def test_names_are_checked_on_every_address(listening, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "Ward3.hospital.example")
    known = names(listening)
    for own in ("ward3", "WARD3.hospital.example:80", "ward3.local", "localhost:7860", "192.168.1.20", "[fe80::1]:1"):
        assert names_us(own, known)
    assert names_us("echo.hospital.example", known) == (listening == "echo.hospital.example")
    for other in ("rebound.example", "ward3.rebound.example", "", ":80", "[", "user@rebound.example", "192.168.1"):
        assert not names_us(other, known)


@pytest.mark.parametrize(
    "path", ["/docs", "/redoc", "/openapi.json", "/gradio_api/docs", "/gradio_api/redoc", "/gradio_api/openapi.json"]
)
def test_nothing_describes_the_server(studio_url, path):
    response, content = request(studio_url, "GET", path)
    assert response.status == 404
    assert b"openapi" not in content


def test_a_request_that_is_too_large_is_refused_before_it_is_read(studio_url):
    address = urlsplit(studio_url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=10)
    connection.putrequest("POST", "/gradio_api/component_server")
    connection.putheader("content-length", str(10**12))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and answer.read().decode().endswith("reload the page.")


@pytest.mark.parametrize("path", ["run/predict", "run/predict/", "api/predict", "run/generate"])
def test_a_generation_and_nothing_else_waits_in_the_queue_and_cannot_go_round_it(studio_url, path):
    _, content = request(studio_url, "GET", "/config")
    events = json.loads(content)["dependencies"]
    queued = [e for e in events if e["backend_fn"] and e["queue"] and [None, "unload"] not in e["targets"]]
    assert [e["api_name"] for e in queued] == ["generate", "compare"]
    made = queued[0]
    event = json.dumps({"data": [], "fn_index": made["id"], "session_hash": "a-session-of-this-test"}).encode()
    sent = {"Content-Type": "application/json"}
    queued, content = request(studio_url, "POST", "/gradio_api/queue/join", sent, event)
    assert queued.status == 200 and json.loads(content)["event_id"]
    direct, content = request(studio_url, "POST", f"/gradio_api/{path}", sent, event)
    assert direct.status == 404
    assert "join the queue" in json.loads(content)["detail"]


def test_the_page_is_closed_to_other_hosts_and_names_the_browser(studio_url):
    response, content = request(studio_url, "GET", "/")
    assert "default-src 'self'" in response.getheader("content-security-policy")
    cookie = response.getheader("set-cookie")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    again, _ = request(studio_url, "GET", "/", {"Cookie": cookie.split(";")[0]})
    assert again.getheader("set-cookie") is None
    assert b"googleapis" not in content


@pytest.mark.parametrize(
    "path", ["/sheets/../sessions/x.json", "/sheets/%2e%2e/%2e%2e/sessions/x", "/sheets/", "/ui/../app.py"]
)
def test_no_file_outside_its_folder_is_served(studio_url, path):
    response, _ = request(studio_url, "GET", path)
    assert response.status in (403, 404, 405)


def test_what_a_page_shows_before_its_drawing_is_brought_back_is_not_kept(studio_url, studio_home):
    config = json.loads(request(studio_url, "GET", "/config")[1])
    shown = {component["id"]: component["props"] for component in config["components"]}
    (save,) = (event for event in config["dependencies"] if [kind for _, kind in event["targets"]].count("change") > 1)
    values = [shown[number].get("value") for number in save["inputs"]]
    path = studio_home / "sessions" / "a-browser-of-this-test.json"
    for doc in (values[0]["doc"], "a-drawing-brought-back"):
        assert not path.exists()
        data = [values[0] | {"doc": doc}, *values[1:]]
        event = json.dumps({"data": data, "fn_index": save["id"], "session_hash": "a-page-of-this-test"}).encode()
        sent = {"Content-Type": "application/json", "Cookie": f"{COOKIE}={path.stem}"}
        answer, _ = request(studio_url, "POST", "/gradio_api/run/predict", sent, event)
        assert answer.status == 200
    assert json.loads(path.read_text())["doc"] == "a-drawing-brought-back"


def asked(url, name, document):
    """What the table answers to a raw JSON text."""
    config = json.loads(request(url, "GET", "/config")[1])
    (editor,) = (each["id"] for each in config["components"] if each["props"].get("elem_id") == "editor")
    sent = (
        f'{{"component_id": {editor}, "fn_name": "{name}", "session_hash": "a-page-of-this-test", "data": {document}}}'
    )
    headers = {"Content-Type": "application/json"}
    return request(url, "POST", "/gradio_api/component_server", headers, sent.encode())


@pytest.mark.parametrize("name", [function.__name__ for function in SERVER if function is not hearts])
def test_the_table_answers_in_a_sentence_whatever_is_sent(studio_url, name):
    for document in ("null", "[]", "{}", '"x"', "-Infinity", '{"drawing": {"version": 2, "contours": NaN}}'):
        response, content = asked(studio_url, name, document)
        assert response.status == 200, (document, content)
        answer = json.loads(content)
        assert list(answer) == ["message"] and answer["message"].endswith(".")


def test_the_table_poses_what_it_put_there(studio_url):
    _, content = asked(studio_url, "hearts", "null")
    assert json.loads(content)["hearts"]
    drawing = json.dumps(preset_drawing("normal").to_json())
    made = json.loads(asked(studio_url, "random_patient", f'{{"drawing": {drawing}, "seed": 5}}')[1])
    answer = json.loads(asked(studio_url, "pose", json.dumps({"drawing": made["drawing"]}))[1])
    assert answer["beat"][0] == made["drawing"]["contours"]


@pytest.mark.parametrize("name", ["get_config", "__init__", "answered", "mapped_", "postprocess"])
def test_nothing_else_of_the_table_can_be_called(studio_url, name):
    assert asked(studio_url, name, "{}")[0].status == 404


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_small_packets_are_sent_at_once(host):
    """Else each answer of a generation that runs comes up to 40 ms late."""

    async def no_delay():
        asked = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda _, writer: asked.set_result(writer), sock=listen(host, 0))
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        accepted = await asyncio.wait_for(asked, 10)
        writer.close()
        server.close()
        return accepted.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    with ThreadPoolExecutor() as thread:  # the browser tests have a loop of their own in this one
        assert thread.submit(asyncio.run, no_delay()).result() == 1


def test_a_port_in_use_is_one_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "studio.cli", "serve", "--port", port], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 2
    assert done.stdout == ""
    assert port in done.stderr and "Traceback" not in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_the_pages_config_shows_no_local_path(studio_url):
    _, content = request(studio_url, "GET", "/config")
    config = json.loads(content)
    assert config["dependencies"]
    assert b"/studio/" not in content.replace(b"\\/", b"/").replace(studio_url.encode(), b"")


def test_a_browser_asks_anew_for_every_module(studio_url):
    response, content = request(studio_url, "GET", "/ui/spline.mjs")
    assert response.status == 200 and content and response.getheader("cache-control") == "no-cache"
