"""Small copies of the real data sets, written in exactly their layouts, with hearts that beat."""

import csv
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import nibabel
import numpy as np

from engine.anatomy import contours, cycle, labels
from engine.anatomy.heart import Grid, Sector
from engine.anatomy.presets import Shape, build

CAMUS_GRID = Grid(120, 70, (1.25, 2.5), (34.5, 0.0))
"""150 x 175 mm, the pixels twice as wide as high"""
CAMUS_SECTOR = Sector(149.0, 76.0)
CAMUS_FPS = 62.5
VIEWS = {"2CH": "A2C", "4CH": "A4C"}


@functools.cache
def half_beat(view: str, lvef: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames, all above 0 within the fan and 0 beyond, and label maps as CAMUS has them, ED first, ES last."""
    heart = build(Shape(view=VIEWS[view], sector=CAMUS_SECTOR, length=78.0, la_length=36.0))
    hearts = cycle.hearts_at(heart, lvef, np.linspace(0, cycle.ES_PHASE, count))
    maps = np.stack([contours.label_map(each, CAMUS_GRID) for each in hearts])
    grey = np.array([0, 30, 150, 40, 90])[maps] + np.random.default_rng(seed).integers(-20, 20, maps.shape)
    frames = np.where(maps > 0, np.clip(grey, 1, 255), 0).astype(np.uint8)
    return frames, np.where(maps == labels.SECTOR, 0, maps).astype(np.uint8)


def write_nifti(path: Path, values: np.ndarray, spacing: Sequence[float]) -> None:
    """Values (t, h, w) or (h, w) as (x, y, t) or (x, y)."""
    image = nibabel.Nifti1Image(np.ascontiguousarray(values.transpose()), np.eye(4))
    image.header.set_zooms((spacing[1], spacing[0], 1.0)[: values.ndim])
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


@dataclass(frozen=True)
class CamusPatient:
    name: str
    split: str | None = "training"
    lvef: float = 55.0
    frames: int = 7
    is_reversed: bool = False
    """the files run from ES to ED"""
    without: tuple[str, ...] = ()
    """parts that are not written, as 'half_sequence'"""


def write_camus(root: Path, patients: Iterable[CamusPatient]) -> Path:
    splits = root / "database_split"
    splits.mkdir(parents=True)
    patients = list(patients)
    for name in ("training", "validation", "testing"):
        lines = [p.name for p in patients if p.split is not None and name in p.split.split("+")]
        (splits / f"subgroup_{name}.txt").write_text("".join(f"{line}\n" for line in lines))
    for patient in patients:
        folder = root / "database_nifti" / patient.name
        folder.mkdir(parents=True)
        for view in VIEWS:
            _write_camus_view(folder, view, patient)
    return root


def _write_camus_view(folder: Path, view: str, patient: CamusPatient) -> None:
    frames, maps = half_beat(view, patient.lvef, patient.frames, seed=len(patient.name))
    parts = {"ED": frames[0], "ED_gt": maps[0], "ES": frames[-1], "ES_gt": maps[-1]}
    ed, es = (patient.frames, 1) if patient.is_reversed else (1, patient.frames)
    order = slice(None, None, -1) if patient.is_reversed else slice(None)
    parts |= {"half_sequence": frames[order], "half_sequence_gt": maps[order]}
    for part, values in parts.items():
        if part not in patient.without:
            write_nifti(folder / f"{patient.name}_{view}_{part}.nii.gz", values, CAMUS_GRID.mm_per_pixel)
    told = {"ED": ed, "ES": es, "NbFrame": patient.frames, "Sex": "F", "Age": 61, "ImageQuality": "Good"}
    told |= {"EF": patient.lvef, "FrameRate": CAMUS_FPS}
    (folder / f"Info_{view}.cfg").write_text("".join(f"{key}: {value}\n" for key, value in told.items()))


@dataclass(frozen=True)
class Video:
    name: str
    split: str = "TRAIN"
    frames: int = 9
    traced: tuple[tuple[int, float], ...] = ((2, 1.0), (6, 0.7))
    """frame, and the scale of its outline"""
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """of blue, green, red"""
    size: int = 112


def smooth_clip(video: Video) -> np.ndarray:
    """Grey frames (t, h, w) that a JPEG keeps to a few levels, each told from the others by its brightness."""
    y, x = np.mgrid[: video.size, : video.size]
    dome = 150 * np.exp(-((x - 60) ** 2 + (y - 50) ** 2) / 2500.0)
    return np.stack([np.clip(dome + 4 * at, 0, 255) for at in range(video.frames)]).astype(np.uint8)


def write_video(path: Path, video: Video, fps: float = 50.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (video.size, video.size))
    assert writer.isOpened()
    for frame in smooth_clip(video):
        writer.write(np.round(frame[..., None] * np.array(video.tint)).astype(np.uint8))
    writer.release()


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def ellipse(scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Heights of chords, and where each begins and ends: an ellipse of half axes 30 and 16 times the scale at (60, 55)."""
    y = 55 + 30 * scale * np.cos(np.linspace(0.08, np.pi - 0.08, 20))
    half = 16 * scale * np.sqrt(1 - ((y - 55) / (30 * scale)) ** 2)
    return y, 60 - half, 60 + half


def write_echonet(root: Path, videos: Sequence[Video], header=("FileName", "EF", "ESV", "EDV")) -> Path:
    """FileList without '.avi', VolumeTracings with it, as the release has them."""
    rest = ("FrameHeight", "FrameWidth", "FPS", "NumberOfFrames", "Split")
    rows = [[v.name, 55.5, 40, 90, v.size, v.size, 50, v.frames, v.split] for v in videos]
    write_table(root / "FileList.csv", (*header, *rest), rows)
    lines = []
    for video in videos:
        write_video(root / "Videos" / f"{video.name}.avi", video)
        for frame, scale in video.traced:
            y, left, right = ellipse(scale)
            lines.append([f"{video.name}.avi", 60, y.max(), 60, y.min(), frame])
            lines += [[f"{video.name}.avi", a, at, b, at, frame] for a, b, at in zip(left, right, y, strict=True)]
    write_table(root / "VolumeTracings.csv", ("FileName", "X1", "Y1", "X2", "Y2", "Frame"), lines)
    return root


def write_pediatric(root: Path, view: str, videos: Sequence[Video]) -> Path:
    """One view; `split` is a fold. A video with one traced frame says so by a row 'No Systolic'."""
    header = ("FileName", "EF", "Sex", "Age", "Weight", "Height", "Split")
    rows = [[f"{v.name}.avi", 61.2, "F", 7, 22.5, 120, v.split] for v in videos]
    write_table(root / view / "FileList.csv", header, rows)
    lines = []
    for video in videos:
        write_video(root / view / "Videos" / f"{video.name}.avi", video, fps=30.0)
        for frame, scale in video.traced:
            y, left, right = ellipse(scale)
            outline = np.concatenate([np.stack([left, y], 1), np.stack([right, y], 1)[::-1]])
            lines += [[f"{video.name}.avi", x, at, frame] for x, at in outline]
        if len(video.traced) < 2:
            lines.append([f"{video.name}.avi", "", "", "No Systolic"])
    write_table(root / view / "VolumeTracings.csv", ("FileName", "X", "Y", "Frame"), lines)
    return root


@dataclass(frozen=True)
class MrPatient:
    code: str
    folder: str = "Training/Labeled"
    classes: tuple[int, int, int] = (1, 2, 3)
    """of pool, myocardium and right ventricle"""
    ed: int = 0
    es: int = 3
    spacing: tuple[float, float] = (1.5, 1.25)
    radii: tuple[int, ...] = (12, 11, 8)
    """of the pool at ED in each slice, pixels; at ES it is three quarters of it"""


def mr_maps(patient: MrPatient, phase: str) -> np.ndarray:
    """Slices (s, h, w): a pool in a ring, the right ventricle a crescent on its left."""
    y, x = np.mgrid[:64, :72]
    scale = {"ED": 1.0, "ES": 0.75}[phase]
    maps = np.zeros((len(patient.radii), 64, 72), np.uint8)
    pool, wall, right = patient.classes
    for slice_, radius in zip(maps, patient.radii, strict=True):
        from_right, from_pool = np.hypot(x - 24, y - 30), np.hypot(x - 40, y - 32)
        slice_[from_right < 13] = right
        slice_[from_pool < radius + 4] = wall
        slice_[from_pool < radius * scale] = pool
    return maps


def write_mnms(root: Path, patients: Sequence[MrPatient], unnamed: bool = True) -> Path:
    """The table's first column has no name, as the release has it, unless `unnamed` is False."""
    header = ["External code", "VendorName", "Vendor", "Centre", "ED", "ES", "Age", "Pathology", "Sex"]
    rows = [[p.code, "Siemens", "A", 1, p.ed, p.es, 50, "NOR", "M"] for p in patients]
    if unnamed:
        header, rows = ["", *header], [[at, *row] for at, row in enumerate(rows)]
    write_table(root / "211230_M&Ms_Dataset_information_diagnosis_opendataset.csv", header, rows)
    for patient in patients:
        folder = root / patient.folder / patient.code
        folder.mkdir(parents=True)
        drawn = np.zeros((5, len(patient.radii), 64, 72), np.uint8)
        drawn[patient.ed], drawn[patient.es] = mr_maps(patient, "ED"), mr_maps(patient, "ES")
        rng = np.random.default_rng(1)
        image = (200 + 900 * (drawn == patient.classes[0]) + rng.integers(0, 60, drawn.shape)).astype(np.int16)
        files = {"sa": image} if patient.folder.endswith("Unlabeled") else {"sa": image, "sa_gt": drawn}
        for name, values in files.items():
            nifti = nibabel.Nifti1Image(np.ascontiguousarray(values.transpose(3, 2, 1, 0)), np.eye(4))
            nifti.header.set_zooms((patient.spacing[1], patient.spacing[0], 9.2, 0.04))
            nibabel.save(nifti, folder / f"{patient.code}_{name}.nii.gz")
    return root


def cut(path: Path, share: float = 0.5) -> None:
    """Leaves the beginning of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
