/** Owns the count of update messages of one connection: what was sent, journalled and stored. Knows no socket.
 *
 * A local edit gets a sequence number when it is made. A message carries all edits up to one number. After a reconnect
 * the counts start again, and the sync step 2 of the new connection carries everything that was still unacknowledged.
 */
export class Ledger {
  private edits = 0;
  private confirmed = 0;
  private sent = 0;
  private acknowledged = 0;
  private covered = 0;
  private inFlight: { message: number; upTo: number }[] = [];

  /** A local edit was made; answers its sequence number. */
  edit(): number {
    return ++this.edits;
  }

  /** A new connection: nothing has been sent on it. */
  reset(): void {
    this.sent = this.acknowledged = this.covered = 0;
    this.inFlight = [];
  }

  /** So many update messages went out, which together carry all local edits made so far. */
  send(messages = 1): void {
    this.sent += messages;
    this.inFlight.push({ message: this.sent, upTo: this.edits });
  }

  /** The server journalled so many messages; answers the last local edit that is safe now. */
  acknowledge(count: number): number {
    this.acknowledged = Math.max(this.acknowledged, Math.min(count, this.sent));
    while (this.inFlight[0] !== undefined && this.inFlight[0].message <= this.acknowledged) {
      const entry = this.inFlight.shift();
      if (entry) this.confirmed = Math.max(this.confirmed, entry.upTo);
    }
    return this.confirmed;
  }

  /** The stored file contains so many messages of this connection. */
  cover(count: number): void {
    this.covered = Math.min(count, this.sent);
  }

  /** Local edits that no journal has confirmed. */
  get pending(): number {
    return this.edits - this.confirmed;
  }

  /** Whether the stored file contains my last edit: all are journalled and the file covers every message sent. */
  get allStored(): boolean {
    return this.pending === 0 && this.acknowledged === this.sent && this.covered === this.sent;
  }

  /** Sequence number of the last edit made. */
  get last(): number {
    return this.edits;
  }

  get messagesSent(): number {
    return this.sent;
  }
}
