/** Owns who listens to what of an embedded document. */
import type { Events } from "../../sdk/collab-embed";

type Listener<Name extends keyof Events> = (value: Events[Name]) => void;

export class Emitter {
  private readonly listeners = new Map<keyof Events, Set<(value: never) => void>>();

  on<Name extends keyof Events>(name: Name, listener: Listener<Name>): () => void {
    const found = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, found.add(listener));
    return () => void found.delete(listener);
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of this.listeners.get(name) ?? []) (listener as Listener<Name>)(value);
  }
}
