/** Owns the way of edits whose history the document no longer has: handed to the server, which merges them as text.
 *
 * They cannot be synced: in the document of now their structs mean nothing. Knows no page and no store.
 */
import * as Y from "yjs";

/** What came of handed-over edits. */
export interface HandedOver {
  /** False: the server had all of them. */
  readonly new: boolean;
  readonly changes: number;
  /** Passages that somebody else changed too; both versions are in the document. */
  readonly conflicts: number;
}

export interface RetiredHistories {
  /** Where a retired history ended. Rejects when the document never had it. */
  end(documentId: string, historyId: string): Promise<Uint8Array>;
  /** Answers when the edits are journalled and merged; a repetition changes nothing. */
  handOver(documentId: string, historyId: string, update: Uint8Array): Promise<HandedOver>;
}

/** Hand over what these updates hold beyond the end of their history; null when that is nothing. */
export async function handOverEdits(
  server: RetiredHistories,
  documentId: string,
  historyId: string,
  updates: readonly Uint8Array[],
): Promise<HandedOver | null> {
  const end = await server.end(documentId, historyId);
  const beyond = Y.diffUpdate(Y.mergeUpdates([...updates]), end);
  const { structs, ds } = Y.decodeUpdate(beyond);
  if (structs.length === 0 && ds.clients.size === 0) return null;
  return server.handOver(documentId, historyId, beyond);
}
