"""A small part of the campaign with broken requests, each time."""

from __future__ import annotations

from tests.campaigns.raw_requests import run


def test_broken_requests_give_no_server_error() -> None:
    verdict = run(count=300, seed=20)

    assert verdict.faults == []
    assert {200, 400, 404} <= set(verdict.statuses)
