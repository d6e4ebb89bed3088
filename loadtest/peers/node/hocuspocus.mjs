// @hocuspocus/server with nothing but its defaults, on a free port of loopback.
import { Server } from "@hocuspocus/server";
import { listening } from "./listening.mjs";

const server = new Server({ address: "127.0.0.1", port: 0, quiet: true, stopOnSignals: true });
await server.listen(0);
listening(server.address.port, ["@hocuspocus/server", "crossws", "yjs"]);
