"""The numbers of several workers make one page of metrics."""

from __future__ import annotations

from collab.web.metrics import Metrics, text_of


def worker(rooms: int, lag_s: float, *, draining: bool) -> Metrics:
    metrics = Metrics()
    metrics.count("updates_total", rooms)
    metrics.error("not_found")
    metrics.observe("event_loop_lag_seconds", lag_s)
    metrics.gauge("rooms", "Documents that somebody has open", lambda: rooms)
    metrics.gauge("draining", "1 while no more rooms are taken", lambda: draining)
    return metrics


def numbers(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_counts_gauges_and_histograms_add_up_and_a_flag_stands_for_all() -> None:
    workers = [worker(3, 0.002, draining=True), worker(4, 0.2, draining=False)]
    workers[1].count("only_here_total", 9)

    found = numbers(text_of(one.families() for one in workers).decode())

    assert found["collab_updates_total"] == 7
    assert found["collab_only_here_total"] == 9
    assert found['collab_errors_total{code="not_found"}'] == 2
    assert found["collab_rooms"] == 7
    assert found["collab_draining"] == 1
    assert found['collab_event_loop_lag_seconds_bucket{le="0.05"}'] == 1
    assert found['collab_event_loop_lag_seconds_bucket{le="0.25"}'] == 2
    assert found["collab_event_loop_lag_seconds_count"] == 2


def test_one_worker_reads_as_it_counts() -> None:
    found = numbers(text_of([worker(5, 0.001, draining=False).families()]).decode())

    assert found["collab_rooms"] == 5
    assert found["collab_draining"] == 0
