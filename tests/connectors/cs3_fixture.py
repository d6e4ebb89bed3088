"""Owns a CS3 gateway with a data gateway, in memory, for tests; the third-party `cs3client` accepts it too.

Every transfer has a token for one use; the conditions of an upload are checked when it begins and when it ends.
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from cs3.auth.registry.v1beta1 import registry_api_pb2
from cs3.gateway.v1beta1 import gateway_api_pb2, gateway_api_pb2_grpc, resources_pb2
from cs3.rpc.v1beta1 import code_pb2, status_pb2
from cs3.storage.provider.v1beta1 import provider_api_pb2 as provider
from cs3.storage.provider.v1beta1 import resources_pb2 as storage
from cs3.types.v1beta1 import types_pb2

from tests.ports import free_port

STORAGE, SPACE = "storage-1", "space-1"
SECRET = "cs3-test-secret"
_METADATA = "x-access-token"


class Refused(Exception):
    """A status that is not OK."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass
class Node:
    """A file or (content None) a folder."""

    opaque_id: str
    content: bytes | None
    etag: str = ""
    mtime: float = 0.0
    lock: Any = None
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass
class Transfer:
    """What a transfer token stands for."""

    path: str
    if_match: str | None = None
    if_new: bool = False
    lock_id: str = ""
    size: int | None = None


class Tree:
    """The stored files; safe for several threads."""

    def __init__(self) -> None:
        self.guard = threading.RLock()
        self.nodes: dict[str, Node] = {"": Node("root", None)}
        self.transfers: dict[str, Transfer] = {}
        self.versions = 0
        self.locks_implemented = True
        self.tokens: set[str] = set()
        self.signed_in = 0

    def path_of(self, reference: Any) -> str:
        if reference.resource_id.opaque_id:
            found = [path for path, node in self.nodes.items() if node.opaque_id == reference.resource_id.opaque_id]
            if not found:
                raise Refused(code_pb2.CODE_NOT_FOUND)
            inner = reference.path.removeprefix(".").strip("/")
            return "/".join([found[0], inner]) if inner else found[0]
        return "" if reference.path.strip("/") == "" else "/" + reference.path.strip("/")

    def node(self, path: str) -> Node:
        node = self.nodes.get(path)
        if node is None:
            raise Refused(code_pb2.CODE_NOT_FOUND, path)
        return node

    def parent(self, path: str) -> None:
        if self.node(path.rpartition("/")[0]).content is not None:
            raise Refused(code_pb2.CODE_NOT_FOUND, path)

    def live_lock(self, node: Node) -> Any:
        if node.lock is not None and node.lock.HasField("expiration") and node.lock.expiration.seconds < time.time():
            node.lock = None
        return node.lock

    def put(self, path: str, content: bytes) -> Node:
        """Store, as whoever is allowed to."""
        node = self.nodes.get(path)
        if node is None:
            self.parent(path)
            node = self.nodes[path] = Node(uuid.uuid4().hex, content)
        if node.content is None:
            raise Refused(code_pb2.CODE_INVALID_ARGUMENT, "a folder")
        self.versions += 1
        node.content, node.etag, node.mtime = content, f'"{self.versions}"', time.time()
        return node

    def make_folders(self, path: str) -> None:
        names = path.strip("/").split("/")[:-1]
        for depth in range(1, len(names) + 1):
            self.nodes.setdefault("/" + "/".join(names[:depth]), Node(uuid.uuid4().hex, None))

    def check(self, transfer: Transfer) -> None:
        """Whether an upload may go ahead now."""
        node = self.nodes.get(transfer.path)
        if transfer.if_new and node is not None:
            raise Refused(code_pb2.CODE_FAILED_PRECONDITION, "exists")
        if transfer.if_match is not None and (node is None or node.etag != transfer.if_match):
            raise Refused(code_pb2.CODE_FAILED_PRECONDITION, "etag")
        self.check_lock(node, transfer.lock_id)

    def check_lock(self, node: Node | None, lock_id: str) -> None:
        lock = None if node is None else self.live_lock(node)
        if lock is not None and lock.lock_id != lock_id:
            raise Refused(code_pb2.CODE_FAILED_PRECONDITION, "locked")

    def beneath(self, path: str) -> list[str]:
        return [known for known in self.nodes if known == path or known.startswith(path + "/")]


class Gateway(gateway_api_pb2_grpc.GatewayAPIServicer):
    """The calls, each under the tree's lock."""

    def __init__(self, tree: Tree, data_port: int) -> None:
        self.tree = tree
        self.data_url = f"http://127.0.0.1:{data_port}/data"

    def Authenticate(self, request: Any, context: Any) -> Any:
        if request.client_secret != SECRET:
            return gateway_api_pb2.AuthenticateResponse(status=_status(code_pb2.CODE_UNAUTHENTICATED))
        self.tree.signed_in += 1
        payload = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 3600}).encode()).decode().rstrip("=")
        token = f"e30.{payload}.{uuid.uuid4().hex}"
        self.tree.tokens.add(token)
        return gateway_api_pb2.AuthenticateResponse(status=_status(), token=token)

    def ListAuthProviders(self, request: Any, context: Any) -> Any:
        return registry_api_pb2.ListAuthProvidersResponse(status=_status(), types=["basic"])

    def Stat(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            path = self.tree.path_of(request.ref)
            return provider.StatResponse(status=_status(), info=self._info(path))

        return self._do(context, work, provider.StatResponse)

    def ListContainer(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            path = self.tree.path_of(request.ref)
            if self.tree.node(path).content is not None:
                raise Refused(code_pb2.CODE_INVALID_ARGUMENT)
            inner = [known for known in self.tree.nodes if known and known.rpartition("/")[0] == path]
            return provider.ListContainerResponse(status=_status(), infos=[self._info(known) for known in inner])

        return self._do(context, work, provider.ListContainerResponse)

    def CreateContainer(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            path = self.tree.path_of(request.ref)
            if path in self.tree.nodes:
                raise Refused(code_pb2.CODE_ALREADY_EXISTS)
            self.tree.parent(path)
            self.tree.nodes[path] = Node(uuid.uuid4().hex, None)
            return provider.CreateContainerResponse(status=_status())

        return self._do(context, work, provider.CreateContainerResponse)

    def TouchFile(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            self.tree.put(self.tree.path_of(request.ref), b"")
            return provider.TouchFileResponse(status=_status())

        return self._do(context, work, provider.TouchFileResponse)

    def Move(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            source, target = self.tree.path_of(request.source), self.tree.path_of(request.destination)
            self.tree.check_lock(self.tree.node(source), request.lock_id)
            if target in self.tree.nodes:
                raise Refused(code_pb2.CODE_ALREADY_EXISTS)
            self.tree.parent(target)
            for path in self.tree.beneath(source):
                self.tree.nodes[target + path[len(source) :]] = self.tree.nodes.pop(path)
            return provider.MoveResponse(status=_status())

        return self._do(context, work, provider.MoveResponse)

    def Delete(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            path = self.tree.path_of(request.ref)
            self.tree.check_lock(self.tree.node(path), request.lock_id)
            for known in self.tree.beneath(path):
                del self.tree.nodes[known]
            return provider.DeleteResponse(status=_status())

        return self._do(context, work, provider.DeleteResponse)

    def SetLock(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            node = self._lockable(request)
            if self.tree.live_lock(node) is not None:
                raise Refused(code_pb2.CODE_FAILED_PRECONDITION)
            node.lock = storage.Lock()
            node.lock.CopyFrom(request.lock)
            return provider.SetLockResponse(status=_status())

        return self._do(context, work, provider.SetLockResponse)

    def GetLock(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            lock = self.tree.live_lock(self._lockable(request))
            if lock is None:
                raise Refused(code_pb2.CODE_NOT_FOUND)
            return provider.GetLockResponse(status=_status(), lock=lock)

        return self._do(context, work, provider.GetLockResponse)

    def RefreshLock(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            node = self._lockable(request)
            lock = self.tree.live_lock(node)
            existing = request.existing_lock_id or request.lock.lock_id
            if lock is None or lock.lock_id != existing or lock.app_name != request.lock.app_name:
                raise Refused(code_pb2.CODE_FAILED_PRECONDITION)
            node.lock.CopyFrom(request.lock)
            return provider.RefreshLockResponse(status=_status())

        return self._do(context, work, provider.RefreshLockResponse)

    def Unlock(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            node = self._lockable(request)
            lock = self.tree.live_lock(node)
            if lock is None or lock.lock_id != request.lock.lock_id:
                raise Refused(code_pb2.CODE_FAILED_PRECONDITION)
            node.lock = None
            return provider.UnlockResponse(status=_status())

        return self._do(context, work, provider.UnlockResponse)

    def SetArbitraryMetadata(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            node = self.tree.node(self.tree.path_of(request.ref))
            node.attributes.update(request.arbitrary_metadata.metadata)
            return provider.SetArbitraryMetadataResponse(status=_status())

        return self._do(context, work, provider.SetArbitraryMetadataResponse)

    def InitiateFileDownload(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            path = self.tree.path_of(request.ref)
            if self.tree.node(path).content is None:
                raise Refused(code_pb2.CODE_INVALID_ARGUMENT)
            entry = resources_pb2.FileDownloadProtocol(
                protocol="simple", download_endpoint=self.data_url, token=self._transfer(Transfer(path))
            )
            return gateway_api_pb2.InitiateFileDownloadResponse(status=_status(), protocols=[entry])

        return self._do(context, work, gateway_api_pb2.InitiateFileDownloadResponse)

    def InitiateFileUpload(self, request: Any, context: Any) -> Any:
        def work() -> Any:
            path = self.tree.path_of(request.ref)
            size = request.opaque.map["Upload-Length"].value if "Upload-Length" in request.opaque.map else b""
            chosen = request.WhichOneof("options")
            transfer = Transfer(
                path,
                if_match=request.if_match if chosen == "if_match" else None,
                if_new=chosen == "if_not_exist" and request.if_not_exist,
                lock_id=request.lock_id,
                size=int(size) if size else None,
            )
            self.tree.check(transfer)
            entry = resources_pb2.FileUploadProtocol(
                protocol="simple", upload_endpoint=self.data_url, token=self._transfer(transfer)
            )
            return gateway_api_pb2.InitiateFileUploadResponse(status=_status(), protocols=[entry])

        return self._do(context, work, gateway_api_pb2.InitiateFileUploadResponse)

    def _do(self, context: Any, work: Any, answer: Any) -> Any:
        token = dict(context.invocation_metadata()).get(_METADATA)
        try:
            with self.tree.guard:
                if token not in self.tree.tokens:
                    raise Refused(code_pb2.CODE_UNAUTHENTICATED)
                return work()
        except Refused as error:
            return answer(status=_status(error.code, error.text))

    def _lockable(self, request: Any) -> Node:
        if not self.tree.locks_implemented:
            raise Refused(code_pb2.CODE_UNIMPLEMENTED)
        return self.tree.node(self.tree.path_of(request.ref))

    def _transfer(self, transfer: Transfer) -> str:
        token = uuid.uuid4().hex
        self.tree.transfers[token] = transfer
        return token

    def _info(self, path: str) -> Any:
        node = self.tree.node(path)
        is_folder = node.content is None
        return storage.ResourceInfo(
            type=storage.RESOURCE_TYPE_CONTAINER if is_folder else storage.RESOURCE_TYPE_FILE,
            id=storage.ResourceId(storage_id=STORAGE, space_id=SPACE, opaque_id=node.opaque_id),
            path=path or "/",
            name=path.rpartition("/")[2],
            etag=node.etag,
            size=0 if node.content is None else len(node.content),
            mtime=types_pb2.Timestamp(seconds=int(node.mtime), nanos=int(node.mtime % 1 * 1e9)),
            permission_set=storage.ResourcePermissions(initiate_file_upload=True, stat=True),
            lock=self.tree.live_lock(node),
        )


def _data_handler(tree: Tree) -> type[BaseHTTPRequestHandler]:
    class Data(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def do_GET(self) -> None:
            with tree.guard:
                transfer = tree.transfers.pop(self.headers.get("X-Reva-Transfer", ""), None)
                node = None if transfer is None else tree.nodes.get(transfer.path)
                content = None if node is None else node.content
            self._answer(403 if transfer is None else 404 if content is None else 200, content or b"")

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            with tree.guard:
                transfer = tree.transfers.pop(self.headers.get("X-Reva-Transfer", ""), None)
                self._answer(*self._stored(transfer, content))

        def _stored(self, transfer: Transfer | None, content: bytes) -> tuple[int, bytes]:
            if transfer is None:
                return 403, b""
            if transfer.lock_id and self.headers.get("X-Lock-Id") != transfer.lock_id:
                return 409, b""
            if transfer.size is not None and transfer.size != len(content):
                return 206, b""
            try:
                tree.check(transfer)
                tree.put(transfer.path, content)
            except Refused as error:
                return (409 if error.text == "locked" else 412), b""
            return 200, b""

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Data


def _status(code: int = code_pb2.CODE_OK, text: str = "") -> Any:
    return status_pb2.Status(code=code, message=text)


@dataclass
class Cs3Site:
    """A running gateway and what is stored behind it."""

    tree: Tree
    port: int

    def address(self, folder: str) -> str:
        return f"cs3://127.0.0.1:{self.port}{folder}"


@contextlib.contextmanager
def cs3_site() -> Iterator[Cs3Site]:
    """A gateway on loopback."""
    tree = Tree()
    port = free_port()
    data = ThreadingHTTPServer(("127.0.0.1", 0), _data_handler(tree))
    serving = threading.Thread(target=data.serve_forever, daemon=True)
    serving.start()
    server = grpc.server(ThreadPoolExecutor(8))
    gateway_api_pb2_grpc.add_GatewayAPIServicer_to_server(Gateway(tree, data.server_address[1]), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield Cs3Site(tree, port)
    finally:
        server.stop(None).wait()
        data.shutdown()
        data.server_close()
        serving.join()
