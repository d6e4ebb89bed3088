/** Owns the messages of the Jupyter kernel protocol (5.3), as JSON over one WebSocket; what comes in is read with suspicion. */
import { record, type Plain } from "./schema";

export interface KernelMessage {
  readonly type: string;
  readonly channel: string;
  /** The id of the request that it answers, empty for none. */
  readonly parent: string;
  readonly content: Plain;
}

const VERSION = "5.3";

export function readMessage(data: unknown): KernelMessage | null {
  if (typeof data !== "string") return null; // binary ones carry buffers of widgets
  try {
    const message = record(JSON.parse(data));
    const header = record(message.header);
    const type = header.msg_type ?? message.msg_type;
    const parent = record(message.parent_header).msg_id;
    if (typeof type !== "string") return null;
    return { type, channel: typeof message.channel === "string" ? message.channel : "", parent: typeof parent === "string" ? parent : "", content: record(message.content) };
  } catch {
    return null;
  }
}

export function writeMessage(channel: string, type: string, content: Plain, id: string, session: string): string {
  const header = { msg_id: id, msg_type: type, username: "", session, date: new Date().toISOString(), version: VERSION };
  return JSON.stringify({ channel, header, parent_header: {}, metadata: {}, content, buffers: [] });
}

/** An `iopub` message as an output of the notebook's schema; null for what is none. */
export function outputOf({ type, content }: KernelMessage): Plain | null {
  switch (type) {
    case "stream":
      return { output_type: "stream", name: content.name === "stderr" ? "stderr" : "stdout", text: typeof content.text === "string" ? content.text : "" };
    case "display_data":
    case "update_display_data":
      return { output_type: "display_data", data: record(content.data), metadata: record(content.metadata) };
    case "execute_result":
      return { output_type: type, data: record(content.data), metadata: record(content.metadata), execution_count: content.execution_count ?? null };
    case "error":
      return { output_type: type, ename: String(content.ename ?? ""), evalue: String(content.evalue ?? ""), traceback: Array.isArray(content.traceback) ? content.traceback : [] };
    default:
      return null;
  }
}
