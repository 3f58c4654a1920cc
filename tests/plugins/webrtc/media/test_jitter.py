from __future__ import annotations

from vision_agents.plugins.webrtc.media.jitter import HOLD, MAX_CONCEALED, SETTLE, Hole, JitterBuffer
from vision_agents.plugins.webrtc.media.stats import InboundStats

PACKET = 0.02


def feed(sequences: list[int | None], *, start: float = 0.0) -> tuple[list[bytes | Hole], InboundStats]:
    """Packets every 20 ms; None is a moment in which nothing comes."""
    stats = InboundStats()
    buffer = JitterBuffer(stats)
    passed: list[bytes | Hole] = []
    for step, sequence in enumerate(sequences):
        if sequence is not None:
            passed += buffer.add(sequence, b"%d" % sequence, now=start + step * PACKET)
    return passed, stats


def test_in_order_each_packet_passes_at_once() -> None:
    buffer = JitterBuffer(InboundStats())
    assert [buffer.add(n, b"%d" % n, now=n * PACKET) for n in range(5)] == [[b"%d" % n] for n in range(5)]
    assert buffer.deadline is None


def test_two_packets_that_swap_places_are_put_in_order_and_nothing_is_concealed() -> None:
    passed, stats = feed([1, 2, 4, 3, 5])
    assert passed == [b"1", b"2", b"3", b"4", b"5"]
    assert stats.concealed == 0


def test_a_hole_is_given_up_when_two_packets_behind_it_have_come() -> None:
    passed, stats = feed([1, None, 3, 4, 5])
    assert passed == [b"1", Hole(b"3"), b"3", b"4", b"5"]
    assert stats.concealed == 1


def test_a_hole_at_the_end_is_given_up_at_its_deadline() -> None:
    buffer = JitterBuffer(InboundStats())
    buffer.add(1, b"1", now=0.0)
    assert buffer.add(3, b"3", now=0.04) == []
    assert buffer.deadline == HOLD
    assert buffer.give_up(HOLD) == [Hole(b"3"), b"3"]
    assert buffer.deadline is None
    assert buffer.give_up(HOLD) == []


def test_three_lost_in_a_row_hold_nothing_up_any_longer() -> None:
    stats = InboundStats()
    buffer = JitterBuffer(stats)
    buffer.add(1, b"1", now=0.0)
    assert buffer.add(5, b"5", now=0.08) == []
    assert buffer.deadline == 0.08 + SETTLE
    assert buffer.give_up(0.08 + SETTLE) == [Hole(None), Hole(None), Hole(b"5"), b"5"]
    assert stats.concealed == 3


def test_after_a_stall_a_burst_in_disorder_is_played_in_full() -> None:
    stats = InboundStats()
    buffer = JitterBuffer(stats)
    buffer.add(1, b"1", now=0.0)
    passed = [
        one
        for step, n in enumerate((5, 3, 4, 2, 6))
        for one in buffer.add(n, b"%d" % n, now=0.2 + step / 1000)
    ]
    assert passed == [b"2", b"3", b"4", b"5", b"6"]
    assert (stats.concealed, stats.late) == (0, 0)


def test_two_holes_are_given_up_one_after_the_other() -> None:
    passed, stats = feed([1, None, 3, None, 5, 6, 7])
    assert passed == [b"1", Hole(b"3"), b"3", Hole(b"5"), b"5", b"6", b"7"]
    assert stats.concealed == 2


def test_a_packet_that_comes_after_its_place_was_played_is_dropped_and_counted() -> None:
    passed, stats = feed([1, None, 3, 4, 2, 5])
    assert passed == [b"1", Hole(b"3"), b"3", b"4", b"5"]
    assert (stats.late, stats.concealed) == (1, 1)


def test_a_packet_that_comes_twice_is_played_once() -> None:
    passed, stats = feed([1, 3, 3, 2, 2])
    assert passed == [b"1", b"2", b"3"]
    assert (stats.duplicates, stats.late) == (1, 1)


def test_an_outage_is_concealed_for_100_ms_and_skipped_beyond() -> None:
    passed, stats = feed([1, *[None] * 30, 32, 33])
    assert passed == [b"1", *[Hole(None)] * (MAX_CONCEALED - 1), Hole(b"32"), b"32", b"33"]
    assert (stats.concealed, stats.skipped) == (MAX_CONCEALED, 30 - MAX_CONCEALED)


def test_the_count_wraps() -> None:
    passed, stats = feed([65534, None, 0, 1, 2])
    assert passed == [b"65534", Hole(b"0"), b"0", b"1", b"2"]
    assert stats.late == 0


def test_a_sender_that_counts_from_elsewhere_is_followed() -> None:
    for elsewhere in (30_000, 64_000):
        passed, stats = feed([1, 2, elsewhere, elsewhere + 1])
        assert passed == [b"1", b"2", b"%d" % elsewhere, b"%d" % (elsewhere + 1)]
        assert stats.restarts == 1
