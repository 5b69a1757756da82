"""Every fault of a server: it is named, it costs little, and the next mirror delivers."""

import gzip
import socket
import ssl
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import trustme

from mnist_nn.data import DatasetInfo
from mnist_nn.data.cache import read_cache
from mnist_nn.data.download import CacheReady, Failed, download
from mnist_nn.errors import DataError

Tiny = tuple[DatasetInfo, dict[str, bytes]]
Mirror = Any  # the server in conftest.py
UNANSWERED = (0.2, 0.2)  # seconds to connect and for an answer, which never comes
UNFINISHED = (600.0, 0.2)  # an answer comes, however busy the machine, but no end of it

DAMAGED = "damaged gzip data"
BROKEN_OFF = "the connection ended in the middle of the file"
FAULTS = {
    "403": "HTTP 403 Forbidden",
    "404": "HTTP 404 Not Found",
    "407": "the proxy refused: HTTP 407 Proxy Authentication Required",
    "500": "HTTP 500 Internal Server Error",
    "html": "not IDX data of shape (20, 28, 28): it is a web page instead of the file",
    "empty": "not IDX data of shape (20, 28, 28): it is empty",
    "half": DAMAGED,
    "other": DAMAGED,
    "more": DAMAGED,
    "truncated": BROKEN_OFF,
    "overstated": BROKEN_OFF,
    "understated": DAMAGED,
    "half-chunked": BROKEN_OFF,
    "bomb": "gzip data unpack to more than the",
    "deflated": "not IDX data of shape (20, 28, 28): it begins with 78 9c",
    "rude": "HTTP 404 \x1b[2Jgone gone",
    "nonsense": "the connection failed",
    "mute": "the connection failed",
    "talkative": "the connection failed",
    "file": "not a web address: No connection adapters were found for 'file:///etc/passwd'",
    "lost": "not a web address: Invalid IPv6 URL",
    "circle": "more than 5 redirects",
    "endless": "the answer is longer than 1,0",
    "endless-error": "HTTP 500 Out of Order",
    "endless-header": "the connection failed",
    "endless-chunk-size": BROKEN_OFF,
}
SLOW = {
    "dripping-headers": (UNANSWERED, "no answer within the time-out"),
    "dripping-body": (UNFINISHED, "slower than 16 KiB in 0.2 s"),
    "stalled": (UNFINISHED, "slower than 16 KiB in 0.2 s"),
    "continuing": (UNANSWERED, "no answer within the time-out"),
    "silent": (UNANSWERED, "no answer within the time-out"),
}
HARMLESS = ("absurd", "negative", "encoded", "doubled", "unpacked", "chunked", "endless-redirect")


def fetch(source: DatasetInfo, folder: Path, *mirrors: str, **options: Any) -> list[Any]:
    return list(download(source, folder, mirrors=mirrors, **options))


def failures(events: list[Any]) -> list[str]:
    return [event.reason for event in events if isinstance(event, Failed)]


def refusal(source: DatasetInfo, folder: Path, *mirrors: str, **options: Any) -> str:
    """What is said when no mirror delivers."""
    with pytest.raises(DataError) as caught:
        fetch(source, folder, *mirrors, **options)
    return str(caught.value)


def assert_complete(tiny: Tiny, folder: Path) -> None:
    """The cache verifies, and of each file there is a gzip of the right payload, nothing else."""
    source, blobs = tiny
    read_cache(folder / "tiny.npz", source)
    assert {p.name for p in folder.iterdir()} == {"tiny", "tiny.npz"}
    assert {p.name for p in (folder / "tiny").iterdir()} == set(blobs)
    for name, blob in blobs.items():
        assert gzip.decompress((folder / "tiny" / name).read_bytes()) == gzip.decompress(blob)


@pytest.mark.parametrize(("behaviour", "reason"), FAULTS.items())
def test_a_fault_is_named_and_the_next_mirror_delivers(
    behaviour: str, reason: str, tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    events = fetch(tiny[0], tmp_path, mirror.url(behaviour), mirror.url("good"))
    (given,) = failures(events)  # the mirror that delivered is asked first from then on
    assert given.startswith(reason)
    assert len(given) <= 200
    assert events[-1] == CacheReady(tmp_path / "tiny.npz", "downloaded")
    assert_complete(tiny, tmp_path)


@pytest.mark.parametrize("behaviour", SLOW)
def test_a_server_that_lets_us_wait_is_given_up(
    behaviour: str, tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    timeout, reason = SLOW[behaviour]
    message = refusal(tiny[0], tmp_path, mirror.url(behaviour), timeout=timeout)
    assert f"{mirror.url(behaviour)}/train-images-idx3-ubyte.gz: {reason}\n" in message
    assert not list((tmp_path / "tiny").iterdir())


@pytest.mark.parametrize("behaviour", HARMLESS)
def test_a_whim_of_an_http_layer_does_no_harm(
    behaviour: str, tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    assert not failures(fetch(tiny[0], tmp_path, mirror.url(behaviour)))
    assert_complete(tiny, tmp_path)


@pytest.mark.parametrize(
    "behaviour",
    ["endless", "endless-redirect", "endless-error", "endless-header", "endless-chunk-size"],
)
def test_little_is_taken_of_what_never_ends(
    behaviour: str, tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url(behaviour), mirror.url("good"))
    assert mirror.sent < 100_000_000  # what the system's buffers hold, several times, of 400 MB


@pytest.mark.parametrize("behaviour", ["bomb", "endless", "endless-redirect", "endless-error"])
def test_a_server_cannot_make_us_use_memory(
    behaviour: str, tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    mirrors = mirror.url(behaviour), mirror.url("good")
    fetch(tiny[0], tmp_path / "first", *mirrors)  # what is made once is made here
    tracemalloc.start()
    try:
        fetch(tiny[0], tmp_path / "second", *mirrors)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


def test_a_server_error_that_passes_is_no_failure(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    assert not failures(fetch(tiny[0], tmp_path, mirror.url("flaky")))
    assert len(mirror.asked) == 8
    assert_complete(tiny, tmp_path)


def test_a_mirror_that_stays_broken_is_asked_four_times(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    refusal(tiny[0], tmp_path, mirror.url("503"))
    assert len(mirror.asked) == 4


def test_a_mirror_that_took_all_its_time_is_not_asked_again(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    refusal(tiny[0], tmp_path, mirror.url("stalled"), timeout=UNFINISHED)
    assert len(mirror.asked) == 1


def test_no_listener_and_no_such_host_are_told_apart(
    tiny: Tiny, mirror: Mirror, dead: str, tmp_path: Path
) -> None:
    events = fetch(tiny[0], tmp_path, dead, "http://mirror.invalid/", mirror.url("good"))
    assert failures(events) == [
        "connection refused or host unreachable",
        "its name cannot be resolved",
    ]
    assert_complete(tiny, tmp_path)


def test_a_redirect_to_another_host_is_followed(
    tiny: Tiny, mirror: Mirror, other_mirror: Mirror, tmp_path: Path
) -> None:
    moved = mirror.url(f"moved-{other_mirror.server_port}")
    assert not failures(fetch(tiny[0], tmp_path, moved))
    assert len(other_mirror.asked) == 4
    assert_complete(tiny, tmp_path)


def test_a_server_that_lets_us_wait_is_given_up_and_the_next_mirror_delivers(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    mirrors = mirror.url("dripping-body"), mirror.url("good")
    slower = failures(fetch(tiny[0], tmp_path, *mirrors, timeout=(600, 2)))
    assert slower == ["slower than 16 KiB in 2 s"]
    assert_complete(tiny, tmp_path)
    for thread in set(threading.enumerate()) - before:  # both sides let the connection go
        thread.join(600)
        assert not thread.is_alive()


def test_no_password_is_repeated(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    refused = mirror.url("404").replace("//", "//user:p@ss:word@")
    message = refusal(tiny[0], tmp_path, refused, "http://user:p@ss:word@/none")
    assert f"{mirror.url('404')}/train-images-idx3-ubyte.gz: HTTP 404 Not Found" in message
    assert "http:///none/train-images-idx3-ubyte.gz: not a web address" in message
    assert "ss:word" not in message


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An unknown authority that signs certificates."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> str:
    """The path of its own certificate, for those who trust it."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return str(tmp_path / "authority.pem")


class TestTLS:
    UNTRUSTED = "no TLS connection that can be trusted"

    def secure(self, mirror: Mirror, authority: trustme.CA, name: str) -> str:
        """Have a mirror speak TLS, with a certificate for a host of this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
        url: str = mirror.url("good", "https")
        return url

    def test_a_certificate_of_an_unknown_authority_is_refused(
        self, tiny: Tiny, mirror: Mirror, authority: trustme.CA, tmp_path: Path
    ) -> None:
        url = self.secure(mirror, authority, "127.0.0.1")
        assert self.UNTRUSTED in refusal(tiny[0], tmp_path / "data", url)
        assert not mirror.asked

    def test_an_authority_that_the_user_trusts_is_trusted(
        self,
        tiny: Tiny,
        mirror: Mirror,
        authority: trustme.CA,
        bundle: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        url = self.secure(mirror, authority, "127.0.0.1")
        assert not failures(fetch(tiny[0], tmp_path / "data", url))
        assert_complete(tiny, tmp_path / "data")

    def test_a_certificate_for_another_host_is_refused(
        self,
        tiny: Tiny,
        mirror: Mirror,
        authority: trustme.CA,
        bundle: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)
        url = self.secure(mirror, authority, "elsewhere.example")
        assert self.UNTRUSTED in refusal(tiny[0], tmp_path / "data", url)
        assert not mirror.asked

    def test_a_server_that_speaks_no_tls_is_refused(
        self, tiny: Tiny, mirror: Mirror, tmp_path: Path
    ) -> None:
        assert self.UNTRUSTED in refusal(tiny[0], tmp_path, mirror.url("good", "https"))

    def test_a_server_that_never_shakes_hands_is_given_up(self, tiny: Tiny, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"https://127.0.0.1:{silent.getsockname()[1]}"
            message = refusal(tiny[0], tmp_path, url, timeout=UNANSWERED)
        assert f"{url}/train-images-idx3-ubyte.gz: no answer within the time-out" in message


class TestProxy:
    HOST = "http://mirror.invalid"  # only the proxy can know it

    def test_the_proxy_is_asked_for_the_whole_address(
        self, tiny: Tiny, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", mirror.url(""))
        assert not failures(fetch(tiny[0], tmp_path, f"{self.HOST}/good"))
        assert mirror.asked == [f"{self.HOST}/good/{name}" for name in tiny[1]]

    def test_a_host_that_needs_no_proxy_is_asked_itself(
        self, tiny: Tiny, mirror: Mirror, dead: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", dead)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert not failures(fetch(tiny[0], tmp_path, mirror.url("good")))
        assert mirror.asked == [f"/good/{name}" for name in tiny[1]]

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_dead_proxy_is_named(
        self,
        scheme: str,
        tiny: Tiny,
        dead: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv(f"{scheme}_proxy", dead.replace("//", "//user:secret@"))
        message = refusal(tiny[0], tmp_path, f"{scheme}://mirror.invalid/good")
        assert "the proxy refused, or there is none at its address" in message
        assert "secret" not in message

    @pytest.mark.parametrize("status", [407, 503])
    def test_a_proxy_that_refuses_is_named(
        self,
        status: int,
        tiny: Tiny,
        mirror: Mirror,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("http_proxy", mirror.url(""))
        monkeypatch.setenv("https_proxy", mirror.url(""))
        message = refusal(
            tiny[0], tmp_path, f"{self.HOST}/{status}", f"https://{status}.mirror.invalid"
        )
        plain, tunnel = message.splitlines()[1:3]
        assert f"HTTP {status}" in plain
        assert "the proxy" in plain
        assert tunnel.endswith("the proxy refused, or there is none at its address")


def test_a_token_in_a_mirrors_query_is_sent_but_not_repeated(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    message = refusal(tiny[0], tmp_path, mirror.url("404?token=s3cret"))
    assert mirror.asked == ["/404/train-images-idx3-ubyte.gz?token=s3cret"]
    assert f"{mirror.url('404')}/train-images-idx3-ubyte.gz?…: HTTP 404 Not Found" in message
    assert "s3cret" not in message


def test_a_password_of_netrc_is_sent_to_no_mirror(
    tiny: Tiny,
    mirror: Mirror,
    other_mirror: Mirror,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password s3cret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    fetch(tiny[0], tmp_path / "data", mirror.url(f"moved-{other_mirror.server_port}"))
    assert mirror.passwords == other_mirror.passwords == [None] * 4


def test_a_password_of_the_address_is_sent_to_that_mirror_alone(
    tiny: Tiny, mirror: Mirror, other_mirror: Mirror, tmp_path: Path
) -> None:
    moved = mirror.url(f"moved-{other_mirror.server_port}").replace("//", "//me:s3cret@")
    fetch(tiny[0], tmp_path, moved)
    assert mirror.passwords == ["Basic bWU6czNjcmV0"] * 4
    assert other_mirror.passwords == [None] * 4
