import os
import subprocess
import sys

import pytest

from engine.cards import CARDS


@pytest.mark.parametrize("record", ["", "{", "[]", '{"trained_on": "ten clips", "scores": {"dice": 0.9}}'])
def test_a_damaged_record_beside_the_weights_stops_nothing(tmp_path, record):
    trained = next(card for card in CARDS.values() if card.weights)
    (tmp_path / trained.weights).touch()
    (tmp_path / trained.weights).with_suffix(".json").write_text(record)
    code = f"from engine.cards import CARDS; card = CARDS[{trained.name!r}]; print(card.trained_on, card.scores)"
    environment = os.environ | {"ECHO_STUDIO_WEIGHTS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert ("ten clips {'dice': 0.9}" in done.stdout) == ("dice" in record)
    assert "simulated" in done.stdout or "dice" in record
