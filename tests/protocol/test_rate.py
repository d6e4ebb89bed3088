"""The token bucket."""

from __future__ import annotations

from collab.protocol.rate import TokenBucket


def test_a_burst_passes_at_once_and_no_more() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=3)

    assert [bucket.take(5.0) for _ in range(4)] == [True, True, True, False]


def test_tokens_come_back_at_the_rate_and_up_to_the_burst() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=2)
    for _ in range(2):
        bucket.take(0.0)

    assert [bucket.take(0.11), bucket.take(0.11)] == [True, False]
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]


def test_time_that_stands_still_gives_nothing() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=0)

    assert [bucket.take(1.0), bucket.take(1.0), bucket.take(0.5)] == [True, False, False]
