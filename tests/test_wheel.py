"""The built wheel works away from the repository: weights and browser files travel inside it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds nothing but the installed wheel."""
    built, folder = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", built, REPOSITORY], check=True)
    (wheel,) = built.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder, wheel], check=True)
    return folder


def run(installed: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "ECHO_STUDIO_WEIGHTS"}}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=installed, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_package_comes_from_the_wheel(installed):
    for package in ("engine", "studio", "training"):
        path = run(installed, "-c", f"import {package}; print({package}.__file__)").strip()
        assert Path(path).is_relative_to(installed)


def test_shipped_files_travel_inside(installed):
    for source, target in {
        "assets/weights": "engine/assets/weights",
        "studio/components/ui": "studio/components/ui",
    }.items():
        shipped = {path.name for path in (REPOSITORY / source).glob("*.*")}
        assert shipped and shipped == {path.name for path in (installed / target).glob("*.*")}


@pytest.mark.parametrize(("model", "settings"), [("phantom", []), ("semantic-video", ["--steps", "4"])])
def test_models_are_listed_and_generate(installed, tmp_path, model, settings):
    assert model in {card["name"] for card in json.loads(run(installed, "-m", "studio.cli", "models", "--json"))}
    heart, clip = tmp_path / "heart.json", tmp_path / "clip.mp4"
    run(installed, "-m", "studio.cli", "heart", "normal", "--out", str(heart))
    generate = ["-m", "studio.cli", "generate", model, "--heart", str(heart), "--lvef", "55", "--seed", "1"]
    run(installed, *generate, *settings, "--out", str(clip))
    assert clip.read_bytes()[4:8] == b"ftyp"


def test_the_studio_starts_with_its_browser_files(installed, start_studio, tmp_path):
    with start_studio(installed, tmp_path) as url:
        assert urllib.request.urlopen(url).status == 200
        for module in (installed / "studio/components/ui").glob("*.mjs"):
            assert urllib.request.urlopen(f"{url}/ui/{module.name}").read() == module.read_bytes()
