"""MP4 and AVI, by the ffmpeg that imageio-ffmpeg carries."""

import math
import subprocess
import tempfile
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

from engine.anatomy.labels import Frames
from engine.errors import BadInput
from engine.media.limits import UNKNOWN_SPACING, check_size, sane_fps
from engine.media.tag import Tag, tag_from_text
from engine.types import Clip

SHOWN_SIDE = 384
"""pixels of the shorter side from which a clip is shown as it is"""
SHOWN_SECONDS = 3.0
"""a shorter clip is repeated as a whole"""
DEMUXERS = {"MP4": "mov", "AVI": "avi"}


def read_video(path: Path, kind: str) -> Clip:
    """The frames as they were coded. Of our own MP4 one round, without its repeats."""
    tag = tag_from_text(_comment(path, kind))
    # The demuxer is named and only files are opened: a playlist in disguise leads nowhere.
    safe = ["-protocol_whitelist", "file", "-f", DEMUXERS[kind]]
    # One thread: ffmpeg takes one for each core, and frames are small.
    reader = imageio_ffmpeg.read_frames(
        path.resolve(),
        pix_fmt="gray",
        bits_per_pixel=8,
        input_params=[*safe, "-threads", "1"],
        output_params=["-fps_mode", "passthrough"],
    )
    try:
        meta = next(reader)
        width, height = meta["size"]
        check_size(1, height, width)
        frames = []
        for data in reader:
            frames.append(np.frombuffer(data, np.uint8).reshape(height, width))
            check_size(len(frames), height, width)
            if tag and len(frames) == tag.frames:
                break
    finally:
        reader.close()
    if len(frames) < (tag.frames if tag else 1):
        raise BadInput(f"{path.name} holds {len(frames)} whole frames, so it is cut off; export or copy it again.")
    if tag is None:
        return Clip(np.stack(frames), sane_fps(meta["fps"], len(frames)), UNKNOWN_SPACING)
    return Clip(np.stack(frames), tag.fps, tag.mm_per_pixel, tag.provenance)


def mp4_bytes(frames: Frames, tag: Tag) -> bytes:
    """H.264 that plays everywhere: yuv420p, index first, even sides (an odd one repeats its last line).

    Small clips are enlarged by a whole factor to 384 pixels at least, short ones repeated to 3 s at least. One thread
    and no dates or versions, so that the same clip gives the same bytes.
    """
    factor = max(1, math.ceil(SHOWN_SIDE / min(frames.shape[1:])))
    height, width = (factor * side for side in frames.shape[1:])
    shown = [_enlarge(frame, factor) for frame in frames] * math.ceil(SHOWN_SECONDS * tag.fps / len(frames))
    y, x = tag.mm_per_pixel
    comment = Tag(len(frames), tag.fps, (y / factor, x / factor), tag.provenance).to_text()
    even = (height + height % 2, width + width % 2)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{even[1]}x{even[0]}", "-r", repr(tag.fps), "-i", "-"]
        coding = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "fast", "-crf", "14", "-threads", "1"]
        wrapping = [
            "-movflags",
            "+faststart",
            "-fflags",
            "+bitexact",
            "-flags:v",
            "+bitexact",
            "-metadata",
            f"comment={comment}",
        ]
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *coding, *wrapping, str(path)],
            input=b"".join(frame.tobytes() for frame in shown), check=True, capture_output=True,
        )  # fmt: skip
        return path.read_bytes()


def _enlarge(frame: np.ndarray, factor: int) -> np.ndarray:
    large = cv2.resize(frame, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC) if factor > 1 else frame
    return np.pad(large, ((0, large.shape[0] % 2), (0, large.shape[1] % 2)), mode="edge")


def _comment(path: Path, kind: str) -> str:
    """The file's comment as ffmpeg gives it, '' where there is none."""
    source = ["-protocol_whitelist", "file,pipe", "-f", DEMUXERS[kind], "-i", str(path.resolve())]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-f", "ffmetadata", "-"]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    text = done.stdout.decode("utf-8", "replace")
    _, found, rest = text.partition("\ncomment=")
    return _unescape(rest) if found else ""


def _unescape(text: str) -> str:
    """One value of ffmpeg's metadata format: it ends at a bare line end, a backslash guards the next character."""
    characters, source = [], iter(text)
    for character in source:
        if character == "\n":
            break
        characters.append(next(source, "") if character == "\\" else character)
    return "".join(characters)
