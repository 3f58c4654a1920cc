"""Join tokens: what lets a person in, and what does not."""

from __future__ import annotations

import hmac
import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.core.runner.http.parts import problem
from tests.plugins.webrtc.parts import server

from vision_agents.core.errors import ConfigurationError, SignallingRefused
from vision_agents.plugins.webrtc import tokens as module
from vision_agents.plugins.webrtc.signalling import signalling
from vision_agents.plugins.webrtc.tokens import Role, Tokens, keys_from_environment

KEY = b"k" * 32
OFFER = {"type": "offer", "sdp": "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 96\r\n"}


def part(content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def forged(header: Mapping[str, object], claims: Mapping[str, object], key: bytes = KEY) -> str:
    text = f"{part(header)}.{part(claims)}"
    signature = urlsafe_b64encode(hmac.digest(key, text.encode(), "sha256")).rstrip(b"=").decode()
    return f"{text}.{signature}"


def claims(**changed: object) -> dict[str, object]:
    soon = int(datetime.now(UTC).timestamp()) + 60
    return {"call_id": "lunch", "role": "join", "jti": "one", "exp": soon, **changed}


HEAD = {"alg": "HS256", "kid": "process", "typ": "JWT"}


def status(tokens: Tokens, token: str, *, role: Role = Role.JOIN) -> int:
    try:
        tokens.accept(token, call_id="lunch", role=role)
    except SignallingRefused as refused:
        return refused.status
    return 200


@pytest.mark.parametrize(
    ("header", "changed", "expected"),
    [
        ({}, {}, 200),
        ({}, {"exp": 0}, 401),
        ({}, {"exp": int(datetime.now(UTC).timestamp()) + 3600}, 401),  # longer than any of ours
        ({}, {"exp": "soon"}, 401),
        ({}, {"call_id": "dinner"}, 403),
        ({}, {"call_id": 7}, 401),
        ({}, {"role": "resume"}, 403),
        ({}, {"role": "admin"}, 401),
        ({}, {"jti": ""}, 401),
        ({"alg": "none"}, {}, 401),
        ({"alg": "HS512"}, {}, 401),
        ({"alg": None}, {}, 401),
        ({"kid": "other"}, {}, 401),
        ({"kid": ["process"]}, {}, 401),
    ],
)
def test_only_what_we_signed_for_this_call_and_purpose_is_good(
    header: Mapping[str, object], changed: Mapping[str, object], expected: int
) -> None:
    assert status(Tokens({"process": KEY}), forged({**HEAD, **header}, claims(**changed))) == expected


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "ä.b.c", "{}.{}.x", "x" * 5000, "bnVsbA.bnVsbA.x"])
def test_rubbish_is_refused(token: str) -> None:
    assert status(Tokens({"process": KEY}), token) == 401


def test_without_a_signature_or_with_another_key_it_is_refused() -> None:
    tokens = Tokens({"process": KEY})
    unsigned = forged({**HEAD, "alg": "none"}, claims()).rpartition(".")[0] + "."

    assert status(tokens, unsigned) == 401
    assert status(tokens, forged(HEAD, claims(), b"o" * 32)) == 401
    good, _ = tokens.join_token("lunch", "Grace")
    head, content, signature = good.split(".")
    changed = json.loads(urlsafe_b64decode(content + "=="))
    assert status(tokens, f"{head}.{part({**changed, 'name': 'Ann'})}.{signature}") == 401
    assert status(tokens, good) == 200


def test_a_join_token_is_good_once() -> None:
    tokens = Tokens({"process": KEY})
    token, expires = tokens.join_token("lunch", "Grace")

    assert tokens.accept(token, call_id="lunch", role=Role.JOIN).name == "Grace"
    assert status(tokens, token) == 401
    assert 0 < (expires - datetime.now(UTC)).total_seconds() <= 600


def test_the_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    real: Callable[[Any, Any], bool] = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(len(one))
        return real(one, other)

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    tokens = Tokens({"process": KEY})
    assert status(tokens, forged(HEAD, claims(), b"o" * 32)) == 401
    assert compared == [43]


def test_spent_tokens_are_forgotten_once_they_have_expired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_SPENT", 2)
    tokens = Tokens({"process": KEY})
    soon = int(datetime.now(UTC).timestamp()) + 60
    for name in ("a", "b"):
        assert status(tokens, forged(HEAD, claims(jti=name, exp=soon))) == 200
    with pytest.raises(Exception, match="Too many people"):
        tokens.accept(forged(HEAD, claims(jti="c")), call_id="lunch", role=Role.JOIN)


class TestKeys:
    def test_without_any_each_process_has_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(module.KEYS_VARIABLE, raising=False)
        assert keys_from_environment() != keys_from_environment()

    def test_the_first_signs_and_all_are_accepted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        old, new = "o" * 32, "n" * 32
        monkeypatch.setenv(module.KEYS_VARIABLE, f"old:{old}")
        before = Tokens(keys_from_environment())
        monkeypatch.setenv(module.KEYS_VARIABLE, f" new:{new} , old:{old}")
        after = Tokens(keys_from_environment())

        assert status(after, before.join_token("lunch", "")[0]) == 200  # while the keys are changed
        assert status(before, after.join_token("lunch", "")[0]) == 401

    @pytest.mark.parametrize("text", ["secret", f":{'s' * 32}", "a:short", f"a:{'s' * 32},"])
    def test_keys_that_protect_nothing_are_refused(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        monkeypatch.setenv(module.KEYS_VARIABLE, text)
        with pytest.raises(ConfigurationError, match="32 characters") as refused:
            keys_from_environment()
        assert "s" * 32 not in str(refused.value)


class TestOverHttp:
    """What the server answers; no peer connection is made of any of it."""

    @pytest.mark.parametrize("route", ["offer", "resume"])
    async def test_no_token_no_call(self, route: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        async with server(api_key="the-key") as (client, _):
            keyed = {"X-API-Key": "the-key"}
            made = await client.post("/calls/lunch/join-token", headers=keyed)
            token = made.json()["token"]
            tries = {
                "missing": {},
                "empty": {"Authorization": "Bearer "},
                "another scheme": {"Authorization": f"Basic {token}"},
                "the key instead": keyed,
                "another key": {"Authorization": f"Bearer {forged(HEAD, claims())}"},
            }
            for name, headers in tries.items():
                answer = await client.post(f"/calls/lunch/{route}", json=OFFER, headers=headers)
                assert problem(answer)[:2] == (401, "unauthorized"), name
                assert answer.headers["www-authenticate"] == "Bearer"
            in_url = await client.post(f"/calls/lunch/{route}?token={token}", json=OFFER)
            assert problem(in_url)[0] == 401
            elsewhere = await client.post(
                f"/calls/dinner/{route}", json=OFFER, headers={"Authorization": f"Bearer {token}"}
            )
            assert problem(elsewhere)[:2] == (403, "forbidden")
            assert made.headers["cache-control"] == "no-store"
            assert problem(await client.post("/calls/lunch/join-token"))[0] == 401

        ours = [str(vars(record)) for record in caplog.records if not record.name.startswith("httpx")]
        assert ours
        assert [record for record in ours if token in record] == []

    async def test_a_token_is_for_its_purpose(self) -> None:
        async with server() as (client, _):
            join = (await client.post("/calls/lunch/join-token")).json()["token"]
            resume = signalling().tokens.resume_token("lunch", participant_id="p", session="s", token_id="t")
            for route, token, code in (
                ("resume", join, 403),
                ("offer", resume, 403),
                ("resume", resume, 409),
            ):
                answer = await client.post(
                    f"/calls/lunch/{route}", json=OFFER, headers={"Authorization": f"Bearer {token}"}
                )
                assert problem(answer)[0] == code, route

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", 422),
            (b"[]", 422),
            (b"\xff", 422),
            (b'{"type": "offer"}', 422),
            (b'{"type": "answer", "sdp": "v=0"}', 422),
            (b'{"type": "offer", "sdp": "https://example.org/offer"}', 422),
            (b'{"type": "offer", "sdp": "v=0\\ud800"}', 422),
            (json.dumps({"type": "offer", "sdp": "v=0\r\n" + "a=candidate:x\r\n" * 51}).encode(), 422),
            (json.dumps({"type": "offer", "sdp": "v=0\r\n" + "x" * 65_536}).encode(), 413),
        ],
    )
    async def test_a_bad_offer_is_refused_at_once(self, body: bytes, expected: int) -> None:
        async with server(max_body_bytes=100_000) as (client, _):
            token = (await client.post("/calls/lunch/join-token")).json()["token"]
            answer = await client.post(
                "/calls/lunch/offer", content=body, headers={"Authorization": f"Bearer {token}"}
            )
        assert problem(answer)[0] == expected

    @pytest.mark.parametrize("body", [{"user_name": "x" * 81}, {"user_name": "a\nb"}, {"user_name": 7}, []])
    async def test_a_name_is_a_short_line(self, body: object) -> None:
        async with server() as (client, _):
            assert problem(await client.post("/calls/lunch/join-token", json=body))[0] == 422

    async def test_who_may_not_start_a_session_gets_no_token(self) -> None:
        async def nobody(call_id: str) -> bool:
            return False

        async with server(can_start_session=nobody) as (client, _):
            assert problem(await client.post("/calls/lunch/join-token"))[0] == 403
