"""Clips, stills and label maps, in and out of files."""

from engine.media.read import read_clip, read_label_maps, read_labels
from engine.media.write import write_clip, write_label_maps

__all__ = ["read_clip", "read_label_maps", "read_labels", "write_clip", "write_label_maps"]
