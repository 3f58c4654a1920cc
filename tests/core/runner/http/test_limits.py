"""Requests that are too large, too deep or of the wrong kind."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.core.runner.http.parts import problem, serving

from vision_agents.core.runner.http.body import depth

pytestmark = pytest.mark.virtual_time

JSON = {"content-type": "application/json"}
PATHS = ["/calls/lunch/sessions", "/sessions", "/calls/lunch/sessions/x/close"]


class Body:
    """A body without an announced length, which counts what is taken of it."""

    def __init__(self, chunk: int, chunks: int) -> None:
        self.taken = 0
        self._chunk, self._chunks = chunk, chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._chunks):
            self.taken += self._chunk
            yield b" " * self._chunk


@pytest.mark.parametrize("path", PATHS)
async def test_a_large_body_is_refused_before_it_is_read(path: str) -> None:
    async with serving(api_key="key") as client:
        client.headers["X-API-Key"] = "" if path.endswith("close") else "key"
        announced = await client.post(path, content=b" " * 65_537, headers=JSON)
        body = Body(32_768, 6400)
        sent = await client.post(path, content=body, headers=JSON)

    assert problem(announced)[:2] == problem(sent)[:2] == (413, "body_too_large")
    assert announced.headers["connection"] == "close"
    assert body.taken <= 131_072


@pytest.mark.parametrize("length", ["-1", "x", "9" * 30, "65537", "1e3", "٣"])
async def test_a_length_that_is_none_is_too_large(length: str) -> None:
    async with serving() as client:
        request = client.build_request("POST", PATHS[0], headers=JSON)
        request.headers["content-length"] = length
        assert (await client.send(request)).status_code == 413


async def test_the_limits_are_settings() -> None:
    async with serving(max_body_bytes=100, max_header_bytes=500) as client:
        assert (await client.post(PATHS[0], content=b"{}" + b" " * 98, headers=JSON)).status_code == 201
        assert (await client.post(PATHS[0], content=b"{}" + b" " * 99, headers=JSON)).status_code == 413
        assert (await client.get("/health", headers={"x": "x" * 501})).status_code == 431


async def test_a_large_head_is_refused() -> None:
    async with serving() as client:
        for answer in (
            await client.get("/health", headers={"x-large": "x" * 16_384}),
            await client.get("/health?" + "x" * 16_384),
        ):
            assert problem(answer)[:2] == (431, "header_too_large")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("[" * 31 + "]" * 31, 422),
        ("[" * 33 + "]" * 33, 400),
        ('{"a":' * 33 + "1" + "}" * 33, 400),
        ("[" * 60_000, 400),
        ('{"call_type": "default", "x": "' + "[" * 100 + '"}', 201),
        ('{"call_type": "default", "x": "\\"' + "[" * 100 + '"}', 201),
        (
            "[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]",
            422,
        ),
    ],
)
async def test_json_may_not_be_nested_too_deeply(content: str, status: int) -> None:
    async with serving() as client:
        answer = await client.post(PATHS[0], content=content, headers=JSON)

    assert answer.status_code == status


def test_how_deep_a_text_is() -> None:
    assert [depth(text) for text in (b"", b"1", b"[]", b'{"a": [1, {}]}', b'"[[["', b"]]]][")] == [
        0,
        0,
        1,
        3,
        0,
        0,
    ]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("Application/JSON; charset=utf-8", 201),
        ("application/vnd.api+json", 201),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/jsonx", 415),
        ("", 415),
    ],
)
async def test_only_json_is_read(content_type: str, status: int) -> None:
    async with serving() as client:
        answer = await client.post(PATHS[0], content=b"{}", headers={"content-type": content_type})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("content", "loc"),
    [
        (b"", ["body"]),
        (b"{", ["body", 1]),
        (b"\xff", ["body", 0]),
        (b"\x00", ["body", 0]),
        (b"[]", ["body"]),
        (b"null", ["body"]),
        (b"NaN", ["body"]),
        (b'{"call_type": NaN}', ["body", "call_type"]),
        (b'{"call_type": 1e999}', ["body", "call_type"]),
        (b'{"call_type": ' + b"9" * 5000 + b"}", ["body", 0]),
        (b'{"call_type": ["\\ud800"]}', ["body", "call_type"]),
    ],
)
async def test_what_is_wrong_with_a_body_is_told_in_fastapis_form(content: bytes, loc: list[object]) -> None:
    async with serving() as client:
        answer = await client.post(PATHS[0], content=content, headers=JSON)

    assert problem(answer)[:2] == (422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert error["loc"] == loc
    assert {"type", "loc", "msg", "input"} <= error.keys()


async def test_only_the_hosts_that_were_named_are_answered_for() -> None:
    async with serving(allowed_hosts=["agents.example", "[::1]"]) as client:
        for host, status in (
            ("agents.example", 200),
            ("Agents.Example:8000", 200),
            ("[::1]:8000", 200),
            ("[::1]", 200),
            ("evil.example", 400),
            ("agents.example.evil.example", 400),
            ("", 400),
        ):
            assert (await client.get("/sessions", headers={"host": host})).status_code == status, host
        assert (await client.get("/ready", headers={"host": "10.0.0.1"})).status_code == 200
