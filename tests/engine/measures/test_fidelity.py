import numpy as np
import pytest

from engine.errors import BadInput
from engine.measures.fidelity import distances, table
from engine.measures.frechet import frechet_distance, kernel_distance

NAMES = ("FID", "KID")


def draw(seed, clips, shift=0.0, frames=6, width=4):
    rng = np.random.default_rng(seed)
    return [shift + rng.normal(size=width) + rng.normal(size=(frames, width)) for _ in range(clips)]


def test_all_against_all_are_the_distances_themselves():
    generated, real = draw(0, 12, 0.5), draw(1, 20)
    frechet, kernel = distances("ours", NAMES, generated, real)
    a, b = np.concatenate(generated), np.concatenate(real)
    assert (frechet.value, kernel.value) == (frechet_distance(a, b), kernel_distance(a, b))
    assert (frechet.generated, frechet.real, frechet.features, frechet.few) == (72, 120, 4, 10)


def test_the_floor_is_of_halves_that_share_no_clip():
    """Every clip is one point far from all others: had two halves one in common, their features would share its value."""
    real = [np.full((3, 1), 10.0 ** (i % 3) * (i + 1)) + np.arange(3)[:, None] for i in range(8)]
    seen = []

    def note(a, b):
        seen.append((set(a.ravel()), set(b.ravel())))
        return frechet_distance(a, b)

    import engine.measures.fidelity as fidelity

    fidelity._distance("FID", note, "ours", real, real)
    floors = seen[1::2]
    assert len(floors) == fidelity.SPLITS
    assert all(not (a & b) and len(a) == len(b) == 12 for a, b in floors)


def test_clips_of_the_same_kind_lie_on_the_floor_and_others_above():
    real = draw(2, 60)
    alike, other = (distances("ours", NAMES, draw(3, 60, shift), real) for shift in (0.0, 2.0))
    for found in alike:
        assert found.floor.lowest < found.value_at_few.mean < 2.5 * found.floor.highest
    for found in other:
        assert found.value_at_few.lowest > 5 * found.floor.highest


def test_the_same_splits_each_time():
    assert distances("ours", NAMES, draw(4, 6), draw(5, 8)) == distances("ours", NAMES, draw(4, 6), draw(5, 8))


def test_too_few_samples_leave_the_kernel_distance_and_a_sentence():
    frechet, kernel = distances("ours", NAMES, draw(6, 3, width=30), draw(7, 4, width=30))
    assert frechet.value is None and "30 features" in frechet.missing
    assert kernel.value is not None and kernel.floor is not None and kernel.missing is None
    shown = table([frechet, kernel])
    assert "too few" in shown and frechet.missing in shown


def test_a_floor_wants_two_clips_on_either_side():
    for found in distances("ours", NAMES, draw(14, 5), draw(15, 3)):
        assert found.value is not None and found.floor is None and "3 real clips" in found.missing


def test_too_few_for_a_floor_alone():
    frechet, _ = distances("ours", NAMES, draw(8, 4, width=20), draw(9, 5, width=20))
    assert frechet.value is not None and frechet.floor is None and "12 samples" in frechet.missing


def test_the_table_names_the_extractor_and_the_floor():
    shown = table(distances("the network of ours", NAMES, draw(10, 6), draw(11, 8)))
    assert "FID and KID: features by the network of ours" in shown
    assert "floor, real v real" in shown.splitlines()[0] and "into 4 and 4 clips" in shown


@pytest.mark.parametrize(("generated", "real"), [(1, 8), (8, 1), (0, 0)])
def test_one_clip_is_no_set(generated, real):
    with pytest.raises(BadInput, match=f"{generated} generated and {real} real"):
        distances("ours", NAMES, draw(12, generated), draw(13, real))
