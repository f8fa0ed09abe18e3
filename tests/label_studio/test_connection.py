"""Calls of an API that is slow, down, or something else than Label Studio."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas import process
from labeling_lambdas.label_studio import connection
from labeling_lambdas.label_studio.client import LabelStudio
from labeling_lambdas.label_studio.connection import Connection
from labeling_lambdas.label_studio.errors import (
    LabelStudioAddressError,
    LabelStudioLoginError,
    LabelStudioRefusedError,
    LabelStudioTokenError,
    LabelStudioUnavailableError,
    LabelStudioVersionError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LEGACY = "0123456789abcdef0123456789abcdef01234567"
_PERSONAL = "aa.bb.cc"
_SECRET = "a label that nobody may read in a log"
Answer = tuple[int, str | bytes, dict[str, str]]


@contextmanager
def listening(answer: Callable[[str, dict[str, str], bytes], Answer]) -> Iterator[str]:
    """Answer calls on loopback, by path, headers and content."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, body, headers = answer(self.path, dict(self.headers), content)
            encoded = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        do_POST = do_GET  # noqa: N815 - the name that the base class looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def always(status: int, body: str | bytes = "{}", **headers: str) -> Callable[..., Answer]:
    return lambda *_: (status, body, headers)


@pytest.mark.parametrize(
    "url",
    [
        "https://labels.example.org",
        "https://labels.example.org/studio/",
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ],
)
def test_an_address_is_https_or_on_this_machine(url: str) -> None:
    assert Connection(url, _LEGACY).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "labels.example.org",
        "http://labels.example.org",
        "http://127.0.0.1.example.org",
        "http://localhost.example.org",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "https://",
        "https://[::1",
        "https://host:port",
        "https://user:password@labels.example.org",
        "https://labels.example.org?query",
        "https://labels.example.org#part",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(LabelStudioAddressError, match="the address of Label Studio"):
        Connection(url, _LEGACY)


@pytest.mark.parametrize(
    "token",
    ["", "secret", f"{_LEGACY}0", f"{_LEGACY[1:]}-", f"{_LEGACY}\r\nX: y", "a.b", "a.b.ä"],
)
def test_a_token_of_another_form_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(LabelStudioTokenError) as raised:
        Connection("https://labels.example.org", token)
    assert not token or token not in str(raised.value)


def test_a_connection_does_not_show_its_token() -> None:
    assert _LEGACY not in repr(Connection("https://labels.example.org", _LEGACY))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (always(401), LabelStudioTokenError),
        (always(403), LabelStudioTokenError),
        (always(400, _SECRET), LabelStudioRefusedError),
        (always(404, _SECRET), LabelStudioRefusedError),
        (always(429), LabelStudioUnavailableError),
        (always(500, _SECRET), LabelStudioUnavailableError),
        (always(503), LabelStudioUnavailableError),
        (always(200, "<html>"), LabelStudioAddressError),
        (always(200, "[" * 100_000), LabelStudioAddressError),
        (always(302, Location="http://127.0.0.1:1/"), LabelStudioAddressError),
    ],
)
def test_each_failure_has_an_error_that_names_the_call_and_nothing_that_was_sent(
    answer: Callable[..., Answer], error: type[Exception]
) -> None:
    with listening(answer) as url, pytest.raises(error) as raised:
        Connection(url, _LEGACY).call("POST", "/api/x", [_SECRET], query={"query": _SECRET})
    assert f"POST {url}/api/x:" in str(raised.value)
    assert not raised.value.__cause__ or _SECRET not in str(raised.value.__cause__)
    for hidden in (_SECRET, _LEGACY, "query"):
        assert hidden not in str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_in_front_of_label_studio_is_no_fault_of_the_token(status: int) -> None:
    with listening(always(status)) as url:
        message = f"GET {url}/api/version/: a login in front of Label Studio"
        with pytest.raises(LabelStudioLoginError, match=re.escape(message)):
            LabelStudio(Connection(url, _LEGACY)).require_supported()


def test_a_redirect_does_not_take_the_token_elsewhere() -> None:
    paths = []

    def answer(path: str, *_: Any) -> Answer:
        paths.append(path)
        return 307, "", {"Location": "/elsewhere"}

    with listening(answer) as url, pytest.raises(LabelStudioAddressError, match="final address"):
        Connection(url, _LEGACY).call("GET", "/api/x")
    assert paths == ["/api/x"]


def test_nothing_that_listens_is_a_label_studio_that_is_down() -> None:
    with listening(always(200)) as url:
        pass
    with pytest.raises(LabelStudioUnavailableError, match="no answer"):
        Connection(url, _LEGACY).call("GET", "/api/x")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with listening(always(200, "[1]")) as url:
        assert Connection(url, _LEGACY).call("GET", "/api/x") == [1]


def test_an_answer_that_does_not_begin_in_time_is_a_failure() -> None:
    ready = threading.Event()

    def answer(*_: Any) -> Answer:
        ready.wait(30)
        return 200, "{}", {}

    with listening(answer) as url:
        try:
            with pytest.raises(LabelStudioUnavailableError, match="no answer"):
                Connection(url, _LEGACY, call_seconds=0.2).call("GET", "/api/x")
        finally:
            ready.set()


def test_an_answer_that_trickles_is_a_failure_once_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moments = iter(range(1000))
    monkeypatch.setattr(process, "now", lambda: 20.0 * next(moments))
    monkeypatch.setattr(connection, "_CHUNK_BYTES", 1)
    body = json.dumps("x" * 50)
    with listening(always(200, body)) as url:
        with pytest.raises(LabelStudioUnavailableError, match="not complete in time"):
            Connection(url, _LEGACY).call("GET", "/api/x")
        assert Connection(url, _LEGACY, call_seconds=9999).call("GET", "/api/x") == "x" * 50


def test_an_answer_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MOST_BYTES", 10)
    with (
        listening(always(200, json.dumps("x" * 50))) as url,
        pytest.raises(LabelStudioRefusedError, match="more than 10 bytes"),
    ):
        Connection(url, _LEGACY).call("GET", "/api/x")


def test_an_empty_answer_is_none() -> None:
    with listening(always(200, "")) as url:
        assert Connection(url, _LEGACY).call("GET", "/api/x") is None


@pytest.mark.parametrize("token", [_LEGACY, "Set" + "By0UserToken" * 3 + "9"])
def test_a_legacy_token_is_sent_as_it_is(token: str) -> None:
    sent = []

    def answer(_: str, headers: dict[str, str], __: bytes) -> Answer:
        sent.append(headers.get("Authorization"))
        return 200, "{}", {}

    with listening(answer) as url:
        Connection(url, f" {token}\n").call("GET", "/api/x")
        Connection(url, token).call_openly("/api/version/")
    assert sent == [f"Token {token}", None]


def test_a_personal_token_is_exchanged_and_exchanged_again_before_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = [1000.0]
    monkeypatch.setattr(process, "now", lambda: moment[0])
    calls = []

    def answer(path: str, headers: dict[str, str], content: bytes) -> Answer:
        calls.append((path, headers.get("Authorization")))
        if path == "/api/token/refresh":
            assert json.loads(content) == {"refresh": _PERSONAL}
            return 200, json.dumps({"access": f"access.{len(calls)}.x"}), {}
        return 200, "{}", {}

    with listening(answer) as url:
        opened = Connection(url, _PERSONAL)
        opened.call("GET", "/api/x")
        opened.call("GET", "/api/x")
        moment[0] += 299  # an access token ends after 300 seconds
        opened.call("GET", "/api/x")
    assert calls == [
        ("/api/token/refresh", None),
        ("/api/x", "Bearer access.1.x"),
        ("/api/x", "Bearer access.1.x"),
        ("/api/token/refresh", None),
        ("/api/x", "Bearer access.4.x"),
    ]


@pytest.mark.parametrize("body", ["{}", "[]", "null", '{"access": 1}', '{"access": "a\\nb"}'])
def test_something_that_does_not_exchange_tokens_is_no_label_studio(body: str) -> None:
    with listening(always(200, body)) as url, pytest.raises(LabelStudioAddressError):
        Connection(url, _PERSONAL).call("GET", "/api/x")


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("null", LabelStudioAddressError, "no Label Studio"),
        ('{"release": 1}', LabelStudioAddressError, "no Label Studio"),
        ('{"release": "newest"}', LabelStudioAddressError, "no Label Studio"),
        ('{"release": "1.23.1"}', LabelStudioVersionError, "1.23.1 is too old; version 1.23.2"),
        ('{"release": "1.9"}', LabelStudioVersionError, "1.9 is too old"),
    ],
)
def test_another_service_and_an_old_version_are_told_apart(
    body: str, error: type[Exception], said: str
) -> None:
    with listening(always(200, body)) as url, pytest.raises(error, match=said):
        LabelStudio(Connection(url, _LEGACY)).require_supported()


@pytest.mark.parametrize("release", ["1.23.2", "1.23.2.post1", "1.24", "2.0.0"])
def test_the_oldest_supported_version_and_newer_ones_are_supported(release: str) -> None:
    with listening(always(200, json.dumps({"release": release}))) as url:
        LabelStudio(Connection(url, _LEGACY)).require_supported()
