"""What must not be loaded: seconds and hundreds of megabytes that a page or a command line never asked for."""

import subprocess
import sys

import pytest


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_engine_loads_no_torch():
    assert not {"torch", "gradio", "accelerate"} & modules_after("import engine, engine.cards")


def test_importing_the_studio_loads_no_torch():
    assert "torch" not in modules_after("import studio.app")


def test_the_command_line_loads_neither_torch_nor_gradio():
    assert not {"torch", "gradio"} & modules_after("import studio.cli")


@pytest.mark.parametrize("package", ["anatomy", "media"])
def test_drawing_and_files_need_no_torch(package):
    statement = (
        "import importlib, pkgutil, engine." + package + " as package\n"
        "for module in pkgutil.iter_modules(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(module.name)"
    )
    assert "torch" not in modules_after(statement)
