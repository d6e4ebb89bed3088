"""Owns the token bucket that bounds how often something may happen; time comes in as an argument."""

from __future__ import annotations


class TokenBucket:
    """Lets `burst` through at once and `rate_per_s` in the long run."""

    __slots__ = ("_at", "_burst", "_rate_per_s", "_tokens")

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = self._tokens = max(burst, 1.0)
        self._at: float | None = None

    def take(self, now: float) -> bool:
        """Whether one more may pass now."""
        if self._at is None:
            self._at = now
        if self._tokens < 1 and not self._refill(now):
            return False
        self._tokens -= 1
        return True

    def _refill(self, now: float) -> bool:
        """What has come in since the last time; looked at when the bucket is empty, which is hardly ever."""
        if self._at is not None and now > self._at:
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate_per_s)
            self._at = now
        return self._tokens >= 1
