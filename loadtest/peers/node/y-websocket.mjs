// @y/websocket-server as its own start script sets it up, on a free port of loopback.
import { createServer } from "node:http";
import { setupWSConnection } from "@y/websocket-server/utils";
import { WebSocketServer } from "ws";
import { listening } from "./listening.mjs";

const http = createServer((_request, response) => response.end("okay"));
const sockets = new WebSocketServer({ noServer: true });
sockets.on("connection", setupWSConnection);
http.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit("connection", ws, request)));
http.listen(0, "127.0.0.1", () => listening(http.address().port, ["@y/websocket-server", "ws", "yjs"]));
