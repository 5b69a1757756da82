"""Transfer of one file from one address, in bounded time.

The time-out of an HTTP library bounds the wait for each byte, not for all of them: a server that
sends its headers byte by byte never exceeds it. So a daemon thread talks to the server, and the
caller waits for it with a clock. The thread writes no files; once the caller has given up, it ends
at the next byte that arrives, or with the process.
"""

import http.client
import os
import queue
import re
import threading
import time
from collections.abc import Collection, Generator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url, get_environ_proxies, select_proxy

from .. import __version__
from ..errors import ConfigError, DataError

CHUNK_SIZE = 1 << 14  # bytes that must arrive within the time-out, and the most handed on at once
MAX_REDIRECTS = 5
MAX_REASON = 200  # characters of a reason: a server may have written it
TOO_LATE = "no answer within the time-out"
FAILURES = (
    OSError,  # includes the errors of requests, and a missing CA bundle
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ValueError,  # a redirect to something that is not an address
)
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy refused, or there is none at its address"),
    (requests.exceptions.SSLError, "no TLS connection that can be trusted"),
    (requests.exceptions.TooManyRedirects, f"more than {MAX_REDIRECTS} redirects"),
    (urllib3.exceptions.NameResolutionError, "its name cannot be resolved"),
    (urllib3.exceptions.NewConnectionError, "connection refused or host unreachable"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection within the time-out"),
    (requests.exceptions.Timeout, TOO_LATE),
    (requests.exceptions.ConnectionError, "the connection failed"),
    (urllib3.exceptions.SSLError, "the TLS connection was tampered with or failed"),
    (urllib3.exceptions.ProtocolError, "the connection ended in the middle of the file"),
)
TEMPORARY = (429, 500, 502, 503, 504)  # statuses that may be different in a moment


class TransferError(DataError):
    """A server did not deliver; `temporary` says whether trying again at once may help.

    A server that took all its time is not tried again: there are other mirrors.
    """

    def __init__(self, reason: str, *, temporary: bool = False) -> None:
        text = " ".join(public(reason).split())
        super().__init__(text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…")
        self.temporary = temporary


class Chunk(NamedTuple):
    """At most `CHUNK_SIZE` bytes of a file of `total`, which is None if the server sent no size."""

    content: bytes
    total: int | None


Item = Chunk | Exception | None  # None is the end of the file


def receive(url: str, timeout: tuple[float, float]) -> Generator[Chunk, None, None]:
    """Request a file and yield it as it is sent, without undoing any ``Content-Encoding``.

    Proxies, ``no_proxy`` and ``REQUESTS_CA_BUNDLE`` are honoured. `timeout` has the seconds to
    connect; and, after these, for a whole answer to begin, then again for every 16 KiB of it: at
    30, the slowest accepted server sends some 550 bytes a second. The first chunk, when the answer
    begins, is empty. TransferError if the server cannot be reached or trusted, refuses, is too
    slow, or breaks off.
    """
    items: queue.Queue[Item] = queue.Queue(16)  # the server may be so many chunks ahead
    given_up = threading.Event()
    threading.Thread(target=_talk, args=(url, timeout, items, given_up), daemon=True).start()
    left, reason = sum(timeout), TOO_LATE  # seconds of waiting
    arrived = CHUNK_SIZE  # so that the clock restarts when the answer begins
    try:
        while True:
            began = time.monotonic()
            try:
                item = items.get(timeout=max(left, 0))
            except queue.Empty:
                raise TransferError(reason) from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise _failure(url, item) from item
            left -= time.monotonic() - began
            arrived += len(item.content)
            if arrived >= CHUNK_SIZE:
                left, arrived = timeout[1], 0
                reason = f"slower than {CHUNK_SIZE >> 10} KiB in {timeout[1]:g} s"
            yield item
    finally:
        given_up.set()
        while not items.empty():  # the thread may be waiting for room
            items.get()


def _talk(
    url: str, timeout: tuple[float, float], items: queue.Queue[Item], given_up: threading.Event
) -> None:
    """Put chunks into the queue, then None or an exception; nothing once the caller gave up."""
    outcome = None
    try:
        with (
            _Session() as session,
            # the caller's clock runs out first; this time-out only ends the thread
            session.get(url, stream=True, timeout=(timeout[0], sum(timeout))) as response,
        ):
            response.raise_for_status()
            size = response.headers.get("Content-Length", "")
            total = int(size) if size.isdecimal() and len(size) < 20 else None
            chunk = Chunk(b"", total)
            while not given_up.is_set():
                items.put(chunk)
                # read1 returns after every packet, so that giving up is noticed soon
                chunk = Chunk(response.raw.read1(CHUNK_SIZE, decode_content=False), total)
                if not chunk.content:
                    break
    except Exception as error:
        outcome = error
    if not given_up.is_set():
        items.put(outcome)


def public(text: str) -> str:
    """Remove user names, passwords and queries, which may hold tokens, from addresses in a text."""
    return re.sub(r"(//[^\s?#]*)[?#]\S*", r"\1?…", re.sub(r"//[^/\s]*@", "//", text))


def check_environment(url: str) -> None:
    """Raise ConfigError if a proxy or certificate variable makes an address unreachable.

    It is not the address of a proxy, needs PySocks, which is not installed, or names no file.
    """
    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy:
        label = f"{_proxy_variable(url, proxy)}: {public(proxy)}"
        address = proxy if ":" in proxy else f"http://{proxy}"
        if not is_address(address, ("http", "https", "socks4", "socks4a", "socks5", "socks5h")):
            raise ConfigError(
                f"{label} is not the address of a proxy; write it like http://host:3128, or unset "
                "it"
            )
        if address.startswith("socks") and not find_spec("socks"):
            raise ConfigError(
                f"{label} is a SOCKS proxy, which needs PySocks: pip install 'requests[socks]'"
            )
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(name)
        if path and url.startswith("https:") and not Path(path).exists():
            raise ConfigError(
                f"{name}: there is no {path}; name a file of certificates, or unset it"
            )


def is_address(text: str, schemes: Collection[str] = ("http", "https")) -> bool:
    """Return whether a text is a web address of one of these schemes."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 -- ValueError if it is not a number
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def _proxy_variable(url: str, proxy: str) -> str:
    """Name the environment variable that a proxy is from."""
    names = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    found = (n for name in names for n in (name, name.upper()) if os.environ.get(n) == proxy)
    return next(found, "the system's settings")


class _Session(requests.Session):
    """A session that sends no password except that of the mirror's own address.

    Plain requests would look every host up in ``~/.netrc``, and send the password it finds over
    unencrypted http as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.auth = _authorize
        self.max_redirects = MAX_REDIRECTS
        self.headers["User-Agent"] = f"mnist-nn/{__version__}"
        self.headers["Accept-Encoding"] = "identity"
        self.hooks["response"].append(_drop_body_of_redirect)

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Remove the password when a redirect leads to another host."""
        before, after = response.request.url, prepared_request.url
        if before and after and self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)


def _authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send the user name and password of the address, if it has them."""
    user, password = get_auth_from_url(request.url or "")
    return HTTPBasicAuth(user, password)(request) if user or password else request


def _drop_body_of_redirect(response: requests.Response, **_: object) -> None:
    """Close a redirect's connection, as requests would read all of its body, however long."""
    if response.is_redirect:
        response.close()


def _failure(url: str, error: Exception) -> Exception:
    """Turn an error of the thread into a TransferError, unless no server can cause it."""
    if not isinstance(error, FAILURES):
        return error
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _refusal(url, error.response)
    temporary = isinstance(error, requests.ConnectionError) and not isinstance(
        error, requests.Timeout | requests.exceptions.ProxyError | requests.exceptions.SSLError
    )
    cause = error.args[0] if error.args else None  # requests wraps the errors of urllib3
    cause = getattr(cause, "reason", None) or cause
    for kind, reason in REASONS:
        if isinstance(error, kind) or isinstance(cause, kind):
            return TransferError(reason, temporary=temporary)
    reason = str(error) or type(error).__name__
    return TransferError(
        f"not a web address: {reason}" if isinstance(error, ValueError) else reason
    )


def _refusal(url: str, response: requests.Response) -> TransferError:
    """Return the error for an HTTP status; through a proxy, it may be the proxy's own."""
    reason = f"HTTP {response.status_code} {response.reason}"
    if response.status_code == requests.codes.proxy_authentication_required:
        reason = f"the proxy refused: {reason}"
    elif select_proxy(url, get_environ_proxies(url)) and url.lower().startswith("http:"):
        reason += " (from the proxy, or from the mirror through it)"
    return TransferError(reason, temporary=response.status_code in TEMPORARY)
