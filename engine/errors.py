"""The two exceptions that cross the engine's border on purpose."""


class BadInput(ValueError):
    """A user's mistake. The message is one sentence: what was got, what is wanted, what to do."""


class Cancelled(Exception):
    """Raised by an `on_step` callback to stop a generation within one sampler step."""
