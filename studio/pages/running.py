"""A page's job from the click to its end: progress on screen, stopped by a button or by leaving, files to take away after it."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from studio import text
from studio.jobs import Job, Progress
from studio.pages.form import DIRECT, QUIET, Updates, plainly

STREAM_ENDS = 0.4
"""Seconds after a job in which its stream of answers has ended on a slow line too. gradio loses an event that joins before that
(see `form.DIRECT`), so the button waits for it."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """The components that a job moves, and the jobs under way, one for each open page."""

    begin: gr.Button
    cancel: gr.Button
    status: gr.HTML
    screen: gr.HTML
    """shows the progress"""
    results: gr.State
    """of the last job that ended well"""
    downloads: Sequence[gr.DownloadButton]
    jobs: dict[str, Job] = field(default_factory=dict)

    def stream(
        self, page: str, job: Job, show: Callable[[Progress], dict[str, Any]], done: Callable[[float], str]
    ) -> Iterator[Updates]:
        """What the page is told while a job runs: `show` gives the screen's value, `done` the sentence after so many seconds."""
        began = time.monotonic()
        self.jobs[page] = job
        try:
            locked = {button: gr.DownloadButton(interactive=False) for button in self.downloads}
            yield {self.begin: gr.Button(interactive=False), self.cancel: gr.Button(interactive=True), **locked}
            for progress in job:
                said, kind = sentence(progress)
                if progress.status == "done":
                    said = done(time.monotonic() - began)
                    yield {self.results: progress.results}
                yield {self.screen: show(progress), self.status: text.status(said, kind)}
        except Exception as error:
            _log.exception("Showing a job failed")
            yield {self.status: text.status(text.unexpected(error), "error")}
        finally:
            job.cancel()
            self.jobs.pop(page, None)

    def connect(
        self,
        blocks: gr.Blocks,
        run: Callable[..., Iterator[Updates]],
        inputs: Sequence[gr.components.Component],
        files: Callable[[tuple[Any, ...]], Sequence[Path]],
    ) -> None:
        """Wires the buttons. `run` answers the click by `stream`; `files` writes the downloads of the results, in their order."""

        def unlock() -> Updates:
            time.sleep(STREAM_ENDS)
            return {self.begin: gr.Button(interactive=True), self.cancel: gr.Button(interactive=False)}

        @plainly(self.status)
        def save(results: tuple[Any, ...]) -> Updates:
            if not results:
                return {self.status: gr.skip()}
            return {
                button: gr.DownloadButton(value=str(path), interactive=True)
                for button, path in zip(self.downloads, files(results), strict=True)
            }

        def cancel(request: gr.Request) -> None:
            if job := self.jobs.get(request.session_hash):
                job.cancel()

        moved = [self.screen, self.results, self.status, self.begin, self.cancel, *self.downloads]
        made = self.begin.click(run, list(inputs), moved, concurrency_limit=8, **QUIET)
        # Once the event is over: a click before would be dropped.
        made.then(unlock, None, [self.begin, self.cancel], **DIRECT)
        # An event of its own, so that the next job need not wait for the files. It comes after a cancelled one too, and
        # gives the files of the results that stayed.
        made.then(save, self.results, [*self.downloads, self.status], **DIRECT)
        self.cancel.click(cancel, **DIRECT)
        blocks.unload(cancel)  # the page was closed


def sentence(progress: Progress) -> tuple[str, str]:
    """What the status line says, and its kind."""
    return {
        "waiting": (text.WAITING, "busy"),
        "loading": (text.LOADING, "busy"),
        "running": (text.running(progress.step, progress.steps, progress.seconds_left), "busy"),
        "done": ("", "done"),
        "cancelled": (text.CANCELLED, "note"),
        "failed": (progress.message, "error"),
    }[progress.status]
