"""Random training batches of `semantic-video` from a cached set."""

import torch
import torch.nn.functional as F
from jaxtyping import UInt8
from torch import Tensor

from engine.networks.semantic_unet import CLASSES, SemanticConditions
from training.data.phantom import PhantomSet
from training.presets import SemanticPreset

SHOWN = 6
"""last clips of the set, kept out of training and drawn into the pictures"""


class Batches:
    """Drawn by step, so that a resumed run goes on where it stopped."""

    def __init__(self, data: PhantomSet, preset: SemanticPreset, device: torch.device):
        self.preset, self.device = preset, device
        known = data.frames, data.label_maps[:, 0], data.lvef, data.view
        self.frames, self.maps, self.lvef, self.view = (torch.from_numpy(values[:-SHOWN]) for values in known)

    def draw_frames(self, step: int) -> tuple[UInt8[Tensor, "b t h w"], SemanticConditions]:
        """`frames_batch` clips, `frames_each` random frames of each."""
        rng, clips, length = torch.Generator().manual_seed(2 * step), self.preset.frames_batch, self.frames.shape[1]
        return self._draw(rng, clips, torch.randint(length, (clips, self.preset.frames_each), generator=rng))

    def draw_clips(self, step: int) -> tuple[UInt8[Tensor, "b t h w"], SemanticConditions]:
        """`clips_batch` whole clips."""
        rng, clips, length = torch.Generator().manual_seed(2 * step + 1), self.preset.clips_batch, self.frames.shape[1]
        return self._draw(rng, clips, torch.arange(length).expand(clips, length))

    def _draw(self, rng: torch.Generator, clips: int, times: Tensor) -> tuple[Tensor, SemanticConditions]:
        at = torch.randint(len(self.frames), (clips,), generator=rng)
        lot = torch.rand(3, clips, generator=rng)
        no_map = lot[0] < self.preset.drop_map
        # Where the map is withheld the rest often is too, so that the null of guidance is well learned.
        nothing = no_map & (lot[1] < 0.7)
        one_hot = F.one_hot(self.maps[at].long(), CLASSES).permute(0, 3, 1, 2) * ~no_map[:, None, None, None]
        lvef = torch.where((lot[1] < self.preset.drop_lvef) | nothing, torch.nan, self.lvef[at])
        view = torch.where((lot[2] < self.preset.drop_view) | nothing, -1, self.view[at])
        told = (one_hot.float(), times / self.frames.shape[1], lvef.float(), view)
        conditions = SemanticConditions(*(value.to(self.device) for value in told))
        return self.frames[at[:, None], times].to(self.device), conditions
