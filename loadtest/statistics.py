"""Owns what one generator process counts while it runs, and how much it was itself in the way."""

from __future__ import annotations

import time
from collections import Counter

from loadtest.histogram import Tally
from loadtest.orders import Interval, Step
from loadtest.pacer import Alarm, Pacer

LAG, LATE_SEND = "generator_lag", "late_send"
"""Kinds of latency that tell of the generator: of its event loop, and between due and sent."""
_LAG_PROBE_S = 0.02


class Statistics:
    """Counters since the last report, and gauges."""

    def __init__(self, process: int) -> None:
        self.process = process
        self.step = Step.CONNECT
        self.tally = Tally()
        self.deliveries = 0
        self.sent = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self.connections = 0
        self.errors: Counter[str] = Counter()
        self._worst_lag_s = 0.0
        self._reported_s = time.monotonic()
        self._cpu_s = time.process_time()

    def take(self, pacer: Pacer) -> Interval:
        """The interval since the last one; counters begin anew."""
        now_s, cpu_s = time.monotonic(), time.process_time()
        interval = Interval(
            process=self.process,
            step=self.step,
            at_s=now_s,
            elapsed_s=now_s - self._reported_s,
            deliveries=self.deliveries,
            sent=self.sent,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            connections=self.connections,
            histograms=self.tally.take(),
            lag_ms=self._worst_lag_s * 1000,
            cpu_s=cpu_s - self._cpu_s,
            late=pacer.late,
            errors=dict(self.errors),
        )
        self.deliveries = self.sent = self.bytes_in = self.bytes_out = 0
        pacer.late = 0
        self.errors.clear()
        self._worst_lag_s, self._reported_s, self._cpu_s = 0.0, now_s, cpu_s
        return interval

    async def watch_lag(self) -> None:
        """For ever: how late is the event loop when it is to do something."""
        alarm = Alarm()
        try:
            while True:
                due_s = time.monotonic() + _LAG_PROBE_S
                await alarm.wait_until(due_s)
                lag_s = time.monotonic() - due_s
                self._worst_lag_s = max(self._worst_lag_s, lag_s)
                self.tally.record(LAG, lag_s)
        finally:
            alarm.close()
