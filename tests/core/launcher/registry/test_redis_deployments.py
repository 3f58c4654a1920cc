"""The registry on Redis behind TLS, with a password, under a Sentinel and in a Cluster."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.core.launcher.registry.scene import listening, session
from tests.fault_proxy import FaultProxy
from tests.real_redis import RedisServer

from vision_agents.core.errors import MaxSessionsPerCallExceeded, RegistryUnavailable
from vision_agents.core.launcher.registry.port import Close
from vision_agents.core.launcher.registry.redis_store import RedisSessionKVStore
from vision_agents.core.launcher.registry.registry import SessionRegistry

ONE = session("one")
RIGHTS = (
    "~vision_agents:* "
    "+@scripting +@string +@hash +@sortedset +@stream +@keyspace +@connection +time -@dangerous"
)
"""What the guide to several nodes asks for."""


async def use(store: RedisSessionKVStore) -> None:
    """Do what nodes do: claim, find, close by command, carry out once, release."""
    async with SessionRegistry(store, node_id="ann") as registry:
        await registry.claim(ONE, max_per_call=1)
        with pytest.raises(MaxSessionsPerCallExceeded):
            await registry.claim(session("two"), max_per_call=1)
        await registry.heartbeat([ONE])
        assert await registry.get("lunch", "one") == ONE
        assert await registry.get_for_call("lunch") == [ONE]
        async with listening(registry) as commands:
            command = asyncio.gather(anext(commands))
            await asyncio.sleep(0.1)
            assert await registry.request_close("lunch", "one")
            assert await command == [Close("lunch", "one")]
        await registry.begin_once("lunch", "key", "print")
        await registry.release(ONE)
        assert await registry.list_sessions() == []
        assert registry.available
        await store.set("own", b"1", 5.0)
        assert await store.keys("o") == ["own"]


@contextmanager
def running(server: RedisServer) -> Generator[RedisServer]:
    server.start()
    try:
        yield server
    finally:
        server.kill()


def certificate(folder: Path, name: str) -> Path:
    """Make a certificate for 127.0.0.1 that vouches for itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / f"{name}.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


async def test_tls_with_a_certificate_that_is_checked(redis_server: RedisServer, tmp_path: Path) -> None:
    """The server's TLS is that of a proxy before it: the redis-server of the tests is built without."""
    redis_server.remember()
    ours, others = certificate(tmp_path, "ours"), certificate(tmp_path, "others")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ours)
    async with FaultProxy(redis_server.port, tls=context) as proxy:
        await use(RedisSessionKVStore(url=f"{proxy.url}?ssl_ca_certs={ours}"))

        stranger = SessionRegistry(RedisSessionKVStore(url=f"{proxy.url}?ssl_ca_certs={others}"))
        with pytest.raises(RegistryUnavailable, match="ConnectionError"):
            await stranger.start()
        await asyncio.sleep(0.1)  # the proxy is to see that it was refused


async def test_a_password_in_the_url(tmp_path: Path) -> None:
    with running(RedisServer(tmp_path)) as server:
        server.remember()
        server.send("CONFIG SET requirepass open-sesame")
        await use(RedisSessionKVStore(url=server.url.replace("//", "//:open-sesame@")))
        with pytest.raises(RegistryUnavailable):
            await SessionRegistry(RedisSessionKVStore(url=server.url)).start()


async def test_a_user_with_no_more_rights_than_the_guide_asks_for(redis_server: RedisServer) -> None:
    redis_server.remember()
    redis_server.send(f"ACL SETUSER ann on >pw {RIGHTS}")
    try:
        await use(RedisSessionKVStore(url=redis_server.url.replace("//", "//ann:pw@")))
    finally:
        redis_server.send("ACL DELUSER ann")


@pytest.mark.slow
async def test_a_sentinel_names_the_server(redis_server: RedisServer, tmp_path: Path) -> None:
    from redis.asyncio.sentinel import Sentinel

    redis_server.remember()
    settings = tmp_path / "sentinel.conf"
    settings.write_text(f"sentinel monitor registry 127.0.0.1 {redis_server.port} 1\n")
    with running(RedisServer(tmp_path, str(settings), "--sentinel")) as sentinel:
        known: Any = Sentinel([("127.0.0.1", sentinel.port)])
        client = known.master_for("registry")
        await use(RedisSessionKVStore(client=client))
        for connection in (client, *known.sentinels):
            await connection.aclose()


@pytest.mark.slow
async def test_a_cluster(tmp_path: Path) -> None:
    from redis.asyncio.cluster import RedisCluster

    made = (RedisServer(tmp_path, "--cluster-enabled", "yes") for _ in range(100))
    with running(
        next(server for server in made if server.port < 55_000)
    ) as server:  # its bus is 10,000 above
        for first in range(0, 16_384, 4096):
            server.send(f"CLUSTER ADDSLOTS {' '.join(map(str, range(first, first + 4096)))}")
        async with asyncio.timeout(20):
            while b"cluster_state:ok" not in server.send("CLUSTER INFO"):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        server.remember()
        client: Any = RedisCluster(host="127.0.0.1", port=server.port)
        await use(RedisSessionKVStore(client=client))
        await client.aclose()
