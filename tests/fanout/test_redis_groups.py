"""A real Redis Cluster and real Sentinels, each once; opt in."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from collab.clock import SystemClock
from collab.config import RedisConfig
from collab.fanout.redis import RedisBus, examine
from collab.limits import Limits
from tests.fanout.contract import Events
from tests.fanout.redis_process import RedisProcess, need_redis
from tests.patience import PATIENCE_S
from tests.ports import free_port

pytestmark = pytest.mark.soak
PRIMARY = "collab-primary"


@contextmanager
def cluster(folder: Path) -> Iterator[list[RedisProcess]]:
    """Three primaries that share the slots."""
    with ExitStack() as stack:
        servers = []
        for number in range(3):
            port = free_port()
            options = ("--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{number}.conf")
            server = RedisProcess(folder, *options, "--cluster-node-timeout", "2000", port=port)
            server.start()
            stack.callback(server.kill)
            servers.append(server)
        addresses = [f"127.0.0.1:{server.port}" for server in servers]
        command = [
            need_redis("redis-cli"),
            "--cluster",
            "create",
            *addresses,
            "--cluster-replicas",
            "0",
            "--cluster-yes",
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S)
        yield servers


async def opened(config: RedisConfig, channel: str) -> tuple[RedisBus, Events]:
    bus, events = RedisBus(config, Limits(), SystemClock()), Events()
    await bus.open(events)
    await events.until(lambda seen: seen.reach == [True])
    await bus.subscribe(channel)
    return bus, events


async def test_nodes_at_different_servers_of_a_cluster_hear_each_other_and_survive_the_loss_of_one(
    tmp_path: Path,
) -> None:
    with cluster(tmp_path) as servers:
        one, mine = await opened(RedisConfig(url=f"{servers[0].url},{servers[2].url}"), "c")
        two, theirs = await opened(RedisConfig(url=servers[1].url), "c")
        assert (await examine(RedisConfig(url=servers[0].url), SystemClock())).cluster

        one.publish("c", b"there")
        await theirs.until(lambda seen: bool(seen.got))
        two.publish("c", b"back")
        await mine.until(lambda seen: len(seen.got) == 2)
        assert await one.listeners("c") is None

        servers[0].kill()
        await mine.until(lambda seen: seen.reach == [True, False, True])
        theirs.got.clear()
        async with asyncio.timeout(PATIENCE_S):
            while not theirs.got:  # until the cluster passes on again
                one.publish("c", b"again")
                await asyncio.sleep(0.1)
        await one.close()
        await two.close()


@contextmanager
def sentinels(folder: Path) -> Iterator[tuple[list[RedisProcess], list[int]]]:
    """A primary, a replica, and three sentinels that watch them."""
    with ExitStack() as stack:
        primary = RedisProcess(folder)
        primary.start()
        replica = RedisProcess(folder, "--replicaof", f"127.0.0.1 {primary.port}")
        replica.start()
        for server in (primary, replica):
            stack.callback(server.kill)
        ports = [free_port() for _ in range(3)]
        for port in ports:
            settings = folder / f"sentinel-{port}.conf"
            settings.write_text(
                f"port {port}\nbind 127.0.0.1\nsentinel monitor {PRIMARY} 127.0.0.1 {primary.port} 2\n"
                f"sentinel down-after-milliseconds {PRIMARY} 1000\nsentinel failover-timeout {PRIMARY} 3000\n"
            )
            command = [need_redis(), str(settings), "--sentinel"]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield [primary, replica], ports


async def test_after_a_failover_the_sentinels_lead_to_the_new_primary(tmp_path: Path) -> None:
    with sentinels(tmp_path) as (servers, ports):
        url = ",".join(f"redis://127.0.0.1:{port}" for port in ports)
        config = RedisConfig(url=url, sentinel=PRIMARY, timeout_s=2.0)
        bus, events = await opened(config, "c")
        async with asyncio.timeout(PATIENCE_S):
            while b"connected_slaves:1" not in servers[0].command("INFO", "replication"):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
            await asyncio.sleep(2)  # the sentinels find the replica by the primary's INFO, every second

        servers[0].kill()
        await events.until(lambda seen: seen.reach == [True, False, True])
        bus.publish("c", b"text")

        await events.until(lambda seen: bool(seen.got))
        assert b"role:master" in servers[1].command("INFO", "replication")
        await bus.close()
