"""What stands before every request: no other site may talk to the studio, and the studio talks to no other site."""

import secrets
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.address import names_us
from studio.autosave import BROWSER_ID

COOKIE = "echo-studio"
"""Holds a random word for each browser, by which its drawing is found again."""

HEADERS = {
    # gradio's own page needs inline scripts, inline styles and eval; nothing needs another host.
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; media-src 'self' blob:; "
    "worker-src 'self' blob:; frame-ancestors 'none'; form-action 'self'; base-uri 'self'; object-src 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


LARGEST = 32 * 2**20
"""bytes of a request that uploads no file: many times a page's whole state"""

HIDDEN = {"/gradio_api/openapi.json"}
"""gradio's own description of the server, which no page of ours reads"""


class Guard:
    """ASGI middleware: refuses requests to names that are not among `known` and from pages of another origin, names the
    browser, adds `HEADERS`."""

    def __init__(self, app: ASGIApp, known: frozenset[str]):
        self.app = app
        self.known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        headers = Headers(scope=scope)
        if not names_us(headers.get("host", ""), self.known):
            refusal = PlainTextResponse(
                "The studio does not go by this name; open it by this machine's IP address.", 400
            )
            return await refusal(scope, receive, send)
        if not _same_origin(headers):
            refusal = PlainTextResponse("This page belongs to another site; open the studio's own address.", 403)
            return await refusal(scope, receive, send)
        if _length(headers) > LARGEST and not scope["path"].endswith("/upload"):
            refusal = PlainTextResponse(f"The request has more than {LARGEST // 2**20} MiB; reload the page.", 413)
            return await refusal(scope, receive, send)
        if scope["path"] in HIDDEN:
            return await PlainTextResponse("Not found", 404)(scope, receive, send)
        new = None if _browser(headers) else secrets.token_urlsafe(24)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out.update(HEADERS)
                if new and scope["path"] == "/":
                    # Not Strict: a link on another site would come without the cookie, and a new one lose the drawing.
                    out.append("set-cookie", f"{COOKIE}={new}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000")
            await send(message)

        return await self.app(scope, receive, answer)


def _length(headers: Headers) -> int:
    told = headers.get("content-length", "0")
    return int(told) if told.isdecimal() else 0


def _same_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host", "")


def _browser(headers: Headers) -> bool:
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return False
    return cookie is not None and BROWSER_ID.fullmatch(cookie.value) is not None
