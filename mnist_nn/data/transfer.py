"""A transfer asks one address for one file, and no server can keep it waiting for ever.

A time-out of an HTTP library bounds the wait for each byte, not for all of them: a server that lets
its headers drip would never run into one. So a worker thread does the talking, and the thread that
wants the file waits beside it with a clock; the worker touches no file, and once it is given up it
ends at the next byte that arrives, or with the process.
"""

import http.client
import os
import queue
import re
import threading
import time
from collections.abc import Collection, Generator
from contextlib import closing
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
WAITING = 16  # chunks that a worker may be ahead
REDIRECTS = 5  # hops; a mirror has no use for more
LONGEST = 200  # characters of a reason: a server may have written it
LATE = "no answer within the time-out"
FAILURES = (
    OSError,  # which requests' own are, and a missing CA bundle is; the worker writes no file
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ValueError,  # a redirect to something that is no address
)
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy refused, or there is none where it should be"),
    (requests.exceptions.SSLError, "no TLS connection that can be trusted"),
    (requests.exceptions.TooManyRedirects, f"more than {REDIRECTS} redirects"),
    (urllib3.exceptions.NameResolutionError, "its name cannot be resolved"),
    (urllib3.exceptions.NewConnectionError, "connection refused or host unreachable"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection within the time-out"),
    (requests.exceptions.Timeout, LATE),
    (requests.exceptions.ConnectionError, "the connection failed"),
    (urllib3.exceptions.SSLError, "the TLS connection was tampered with or failed"),
    (urllib3.exceptions.ProtocolError, "the connection ended in the middle of the file"),
)
PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
PASSING = (429, 500, 502, 503, 504)  # statuses that may be others in a moment


class TransferError(DataError):
    """A server did not deliver; `passing` says whether asking again at once may help.

    A server that took all the time it had does not get it again: there are other mirrors.
    """

    def __init__(self, reason: str, *, passing: bool = False) -> None:
        words = " ".join(public(reason).split())
        super().__init__(words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…")
        self.passing = passing


class Chunk(NamedTuple):
    """At most `CHUNK_SIZE` bytes of a file of `total`, which is None where unannounced."""

    content: bytes
    total: int | None


Item = Chunk | Exception | None  # None: the file has ended


def receive(url: str, timeout: tuple[float, float]) -> Generator[Chunk, None, None]:
    """Ask once for what is at an address, as it is sent: no ``Content-Encoding`` is taken off.

    Proxies, ``no_proxy`` and ``REQUESTS_CA_BUNDLE`` are honoured. `timeout` has the seconds to
    connect; and, more than these, for a whole answer to begin, then again for every 16 KiB of it:
    at 30, the slowest server that is borne sends some 550 bytes a second. The first chunk, when the
    answer begins, is empty. TransferError if the server cannot be reached or trusted, refuses, is
    too slow, or breaks off.
    """
    items: queue.Queue[Item] = queue.Queue(WAITING)
    given_up = threading.Event()
    threading.Thread(
        target=_receive_in_background, args=(url, timeout, items, given_up), daemon=True
    ).start()
    patience, lateness = sum(timeout), LATE  # seconds, of waiting only
    arrived = CHUNK_SIZE  # so that the clock starts anew when the answer begins
    try:
        while True:
            began = time.monotonic()
            try:
                item = items.get(timeout=max(patience, 0))
            except queue.Empty:
                raise TransferError(lateness) from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise _failure(url, item) from item
            patience -= time.monotonic() - began
            arrived += len(item.content)
            if arrived >= CHUNK_SIZE:
                patience, arrived = timeout[1], 0
                lateness = f"slower than {CHUNK_SIZE >> 10} KiB in {timeout[1]:g} s"
            yield item
    finally:
        given_up.set()
        while not items.empty():  # the worker may be waiting for room
            items.get()


def public(text: str) -> str:
    """Remove user names, passwords and queries, which may hold tokens, from addresses in a text."""
    return re.sub(r"(//[^\s?#]*)[?#]\S*", r"\1?…", re.sub(r"//[^/\s]*@", "//", text))


def check_environment(url: str) -> None:
    """Refuse, with ConfigError, a proxy or certificate variable that leaves no way to an address.

    That is one with no address of a proxy, with a SOCKS proxy while PySocks is not installed, or
    with no file of certificates.
    """
    proxy = select_proxy(url, get_environ_proxies(url))
    if proxy:
        label = f"{_proxy_variable(url, proxy)}: {public(proxy)}"
        address = proxy if ":" in proxy else f"http://{proxy}"
        if not is_address(address, PROXY_SCHEMES):
            raise ConfigError(
                f"{label} is no address of a proxy; write it like http://host:3128, or unset it"
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
    """Tell whether a text is a web address of one of these schemes."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 -- what is no number is found out on access only
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)


def _proxy_variable(url: str, proxy: str) -> str:
    """Name the environment's variable that a proxy is from."""
    names = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    found = (n for name in names for n in (name, name.upper()) if os.environ.get(n) == proxy)
    return next(found, "the system's settings")


def _receive_in_background(
    url: str, timeout: tuple[float, float], items: queue.Queue[Item], given_up: threading.Event
) -> None:
    """Put whatever comes of asking: chunks, then None or the exception; nothing once given up."""
    outcome = None
    with closing(_ask(url, timeout)) as chunks:
        try:
            for chunk in chunks:
                if given_up.is_set():
                    return
                items.put(chunk)
        except Exception as error:
            outcome = error
    if not given_up.is_set():
        items.put(outcome)


def _ask(url: str, timeout: tuple[float, float]) -> Generator[Chunk, None, None]:
    """Talk to the server, for as long as it takes."""
    connect, read = timeout
    with (
        _Session() as session,
        # the other thread's clock runs out first; this one only ends the worker
        session.get(url, stream=True, timeout=(connect, connect + read)) as response,
    ):
        response.raise_for_status()
        announced = response.headers.get("Content-Length", "")
        total = int(announced) if announced.isdecimal() and len(announced) < 20 else None
        yield Chunk(b"", total)
        # read1 returns after every packet: a worker that is given up learns of it soon
        while content := response.raw.read1(CHUNK_SIZE, decode_content=False):
            yield Chunk(content, total)


class _Session(requests.Session):
    """A session that sends no password but one that the mirror's own address has.

    requests itself would look every host up in ``~/.netrc``, and send what it finds over plain
    http as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.auth = _authorize
        self.max_redirects = REDIRECTS
        self.headers["User-Agent"] = f"mnist-nn/{__version__}"
        self.headers["Accept-Encoding"] = "identity"
        self.hooks["response"].append(_drop_body_of_redirect)

    def rebuild_auth(
        self, prepared_request: requests.PreparedRequest, response: requests.Response
    ) -> None:
        """Take the password off where a redirect leads to another host."""
        before, after = response.request.url, prepared_request.url
        if before and after and self.should_strip_auth(before, after):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop("Authorization", None)


def _authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send the name and password of the address, if it has them."""
    user, password = get_auth_from_url(request.url or "")
    return HTTPBasicAuth(user, password)(request) if user or password else request


def _drop_body_of_redirect(response: requests.Response, **_: object) -> None:
    """Close a redirect's connection, for requests would read all of its body, however long."""
    if response.is_redirect:
        response.close()


def _failure(url: str, error: Exception) -> Exception:
    """Word what a worker met; an exception that no server can cause is a fault of ours."""
    if not isinstance(error, FAILURES):
        return error
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _refusal(url, error.response)
    passing = isinstance(error, requests.ConnectionError) and not isinstance(
        error, requests.Timeout | requests.exceptions.ProxyError | requests.exceptions.SSLError
    )
    cause = error.args[0] if error.args else None  # of requests' errors, urllib3's own
    cause = getattr(cause, "reason", None) or cause
    for kind, words in REASONS:
        if isinstance(error, kind) or isinstance(cause, kind):
            return TransferError(words, passing=passing)
    words = str(error) or type(error).__name__
    return TransferError(
        f"leads to no web address: {words}" if isinstance(error, ValueError) else words
    )


def _refusal(url: str, response: requests.Response) -> TransferError:
    """Word a status; one that comes through a proxy may be the proxy's own."""
    words = f"HTTP {response.status_code} {response.reason}"
    if response.status_code == requests.codes.proxy_authentication_required:
        words = f"the proxy refused: {words}"
    elif select_proxy(url, get_environ_proxies(url)) and url.lower().startswith("http:"):
        words += " (from the proxy, or from the mirror through it)"
    return TransferError(words, passing=response.status_code in PASSING)
