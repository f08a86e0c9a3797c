"""Clips, stills and label maps, in and out of files."""

from engine.media.read import known_spacing, read_clip, read_label_maps
from engine.media.write import write_clip, write_label_maps

__all__ = ["known_spacing", "read_clip", "read_label_maps", "write_clip", "write_label_maps"]
