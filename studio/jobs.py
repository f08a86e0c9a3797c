"""Work with a model in a thread of its own: progress while it runs, stopped within one sampler step, one at a time on the device."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Literal

import engine
from engine.anatomy.labels import Frames
from engine.errors import BadInput, Cancelled
from engine.types import OnStep, Pipeline, Step
from studio.text import unexpected

Work = Callable[[Pipeline, OnStep], Iterable[Any]]
"""What a job does with its model: gives its results one by one."""
Status = Literal["waiting", "loading", "running", "done", "cancelled", "failed"]

INTERVAL = 0.2
"""Seconds between two reports, so that a browser on a slow line keeps up."""

DEVICE = threading.Lock()
"""One generation at a time."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a job stands."""

    status: Status
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    preview: Frames | None = None
    results: tuple[Any, ...] = ()
    """those that are whole"""
    message: str = ""
    """one sentence when the status is failed"""


class Job:
    """Iterate over it for its Progress; the last one is done, cancelled or failed."""

    def __init__(self, name: str, work: Work, load: Callable[[str], Pipeline] = engine.load):
        self._stop = threading.Event()
        self._reports: SimpleQueue[Progress] = SimpleQueue()
        self._results: tuple[Any, ...] = ()
        threading.Thread(target=self._run, args=(load, name, work), name=f"job-{name}", daemon=True).start()

    def cancel(self) -> None:
        """Stop at the next step. Harmless when the job has ended."""
        self._stop.set()

    def __iter__(self) -> Iterator[Progress]:
        while True:
            progress = self._reports.get()
            yield progress
            if progress.status in ("done", "cancelled", "failed"):
                return

    def _run(self, load: Callable[[str], Pipeline], name: str, work: Work) -> None:
        try:
            if not DEVICE.acquire(blocking=False):
                self._reports.put(Progress("waiting"))
                while not DEVICE.acquire(timeout=0.05):
                    self._check()
            try:
                self._check()
                self._reports.put(Progress("loading"))
                for result in work(load(name), self._report()):
                    self._check()
                    self._results += (result,)
            finally:
                DEVICE.release()
            self._check()
            self._reports.put(Progress("done", results=self._results))
        except Cancelled:
            self._reports.put(Progress("cancelled"))
        except BadInput as error:
            self._reports.put(Progress("failed", message=str(error)))
        except Exception as error:
            _log.exception("The model %s failed", name)
            self._reports.put(Progress("failed", message=unexpected(error)))

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled

    def _report(self) -> Callable[[Step], None]:
        began = time.monotonic()
        last = 0.0

        def on_step(step: Step) -> None:
            nonlocal last
            self._check()
            now = time.monotonic()
            if now - last < INTERVAL and step.index < step.total:
                return
            last = now
            left = (now - began) / step.index * (step.total - step.index)
            preview = step.preview() if step.preview and step.index < step.total else None
            self._reports.put(Progress("running", step.index, step.total, left, preview, self._results))

        return on_step
