"""Owns what a worker tells of itself while it runs: gauges of its parts, and how late its event loop is."""

from __future__ import annotations

import asyncio

from collab.fanout.hub import Hub
from collab.rooms.keeping import is_stranded
from collab.web.edge import Edge

LAG_PERIOD_S = 0.02
"""How often the loop is asked; a lag shorter than this is seen in part only."""


def publish_gauges(edge: Edge) -> None:
    """Numbers that are read at each scrape."""
    gauge, rooms = edge.metrics.gauge, edge.rooms.local
    gauge("workers", "Workers that answer", lambda: 1)
    gauge("rooms", "Documents that somebody has open", lambda: len(rooms.live()))
    gauge("connections", "WebSockets in rooms", lambda: len(edge.sockets))
    gauge("draining", "1 while no more rooms are taken", lambda: edge.draining)
    gauge("rooms_in_memory", "Documents in memory", lambda: rooms.total(lambda _: 1))
    gauge("rooms_dirty", "Documents whose storage lacks something", lambda: rooms.total(lambda room: room.dirty))
    gauge(
        "dirty_rooms_without_credentials",
        "Documents whose storage lacks something, and nobody's right is known to store it by",
        lambda: rooms.keeper.stranded_count + rooms.total(is_stranded),
    )
    gauge("inbox_messages", "Messages that wait for their room", lambda: rooms.total(lambda room: room.load.queued))
    gauge(
        "unjournalled_messages", "Applied, not yet journalled", lambda: rooms.total(lambda room: room.load.unjournalled)
    )
    gauge("sockets", "WebSockets that are open or being opened", lambda: edge.admission.sockets)


def publish_nodes(edge: Edge, hub: Hub) -> None:
    """Numbers of a server that has others beside it."""
    edge.metrics.gauge("nodes", "Other processes of the group that are heard", lambda: len(hub.nodes))
    edge.metrics.gauge("fanout_available", "1 while other nodes can be reached", lambda: hub.available)


async def watch_lag(edge: Edge) -> None:
    """Note how late the event loop is; workers for large documents have a histogram of their own."""
    post = edge.rooms.post
    name = "heavy_event_loop_lag_seconds" if post is not None and post.seat.heavy else "event_loop_lag_seconds"
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_PERIOD_S
        await asyncio.sleep(LAG_PERIOD_S)
        edge.metrics.observe(name, max(0.0, loop.time() - due))
