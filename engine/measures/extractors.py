"""Networks that turn clips into features for a Fréchet distance, each with the name that its figures carry.

Our own echo networks learned from simulation and look at hearts; Inception and I3D learned from photographs and films
of people, and are what papers report. The latter two are TorchScript files that the user brings.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from engine.errors import BadInput
from engine.measures import lvef, segmenter
from engine.measures.lvef import LvefRegressor
from engine.shipped import sha256
from engine.types import Clip

BATCH = 32
"""frames at a time, which bounds the memory"""

Embed = Callable[[Clip], Float[np.ndarray, "n d"]]


@dataclass(frozen=True, eq=False)
class Extractor:
    name: str
    """the network, what it learned from, and for a file its sha256"""
    of: Literal["frames", "clips"]
    embed: Embed
    """float64 features of one clip: a row for every frame, or one row for the clip. Raises BadInput as the network does"""


def echo_frames() -> Extractor:
    """Of frames, by the frozen segmenter's narrowest layer (128 features). Raises BadInput where its weights are missing."""
    network = segmenter.load_segmenter()

    def embed(clip: Clip) -> Float[np.ndarray, "n d"]:
        return segmenter.features(clip.frames, network).astype(np.float64)

    return Extractor("our echo segmenter's bottleneck (learned from simulation)", "frames", embed)


def echo_clips(regressor: LvefRegressor | None = None) -> Extractor:
    """Of clips, by the LVEF regressor's embedding (96 features); the frozen one where none is given.

    Raises BadInput where its weights are missing, and on stills.
    """
    reader = regressor or lvef.load()

    def embed(clip: Clip) -> Float[np.ndarray, "n d"]:
        return reader.features([clip.frames], clip.fps).astype(np.float64)

    return Extractor("our echo LVEF regressor's embedding (learned from simulation)", "clips", embed)


def inception(path: str | Path) -> Extractor:
    """Of frames, by Inception v3 as TorchScript (2,048 features): the usual FID.

    The file is called as `network(images, return_features=True)` on float (b, 3, h, w) in 0..255 and scales by itself, as
    NVIDIA's `inception-2015-12-05.pt` does. Raises BadInput on another file.
    """
    network = _torchscript(path)

    def embed(clip: Clip) -> Float[np.ndarray, "n d"]:
        images = _colour(clip).split(BATCH)
        return np.concatenate([_call(path, network, part, return_features=True) for part in images])

    return Extractor(_named("Inception", path), "frames", embed)


def i3d(path: str | Path) -> Extractor:
    """Of clips, by I3D trained on Kinetics-400, as TorchScript (400 features): the usual FVD.

    The file is called as `network(clips, rescale=True, resize=True, return_features=True)` on float (b, 3, t, h, w) in
    0..255, as the `i3d_torchscript.pt` of StyleGAN-V does; it wants 10 frames or more. Raises BadInput on another file.
    """
    network = _torchscript(path)

    def embed(clip: Clip) -> Float[np.ndarray, "n d"]:
        film = _colour(clip).transpose(0, 1)[None]
        return _call(path, network, film, rescale=True, resize=True, return_features=True)

    return Extractor(_named("I3D", path), "clips", embed)


def _torchscript(path: str | Path) -> torch.jit.ScriptModule:
    if not Path(path).is_file():
        raise BadInput(f"There is no file {path}; give the path of the network's TorchScript file.")
    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except Exception as error:  # a damaged archive raises nearly every type
        raise BadInput(f"{path} is no TorchScript file; export the network with torch.jit first.") from error


def _call(path: str | Path, network: torch.jit.ScriptModule, pixels: Tensor, **how: bool) -> Float[np.ndarray, "n d"]:
    try:
        with torch.inference_mode():
            answer = network(pixels, **how)
    except Exception as error:  # whatever a foreign network raises
        raise BadInput(
            f"{Path(path).name} does not take pixels of shape {tuple(pixels.shape)} with {', '.join(how)}; "
            "use a network of that signature, and clips that are long and large enough."
        ) from error
    if not isinstance(answer, Tensor) or answer.ndim != 2 or len(answer) != len(pixels):
        raise BadInput(f"{Path(path).name} gives no row of features for each input; use a feature extractor.")
    return answer.double().numpy()


def _named(what: str, path: str | Path) -> str:
    return f"{what} ({Path(path).name}, sha256 {sha256(Path(path))[:8]})"


def _colour(clip: Clip) -> Float[Tensor, "t 3 h w"]:
    return torch.from_numpy(np.ascontiguousarray(clip.frames))[:, None].float().expand(-1, 3, -1, -1)
