/** Owns the order of a sheet's rows or columns: ids to indexes and back. Who meets an id twice takes the first. */
import type * as Y from "yjs";
import type { Place } from "./types";

export class Axis {
  readonly ids: readonly string[];
  private readonly indexes = new Map<string, number>();

  constructor(readonly array: Y.Array<unknown> | null) {
    const ids: string[] = [];
    for (const id of array?.toArray() ?? []) {
      if (typeof id !== "string" || this.indexes.has(id)) continue;
      this.indexes.set(id, ids.length);
      ids.push(id);
    }
    this.ids = ids;
  }

  get length(): number {
    return this.ids.length;
  }

  has(id: string): boolean {
    return this.indexes.has(id);
  }

  /** The id at an index, the index itself beyond the end. */
  placeAt(index: number): Place {
    return this.ids[index] ?? index;
  }

  /** Where a place is now, -1 when it is gone. */
  indexOf(place: Place): number {
    return typeof place === "number" ? place : (this.indexes.get(place) ?? -1);
  }

  /** Where in the shared array the item of this index stands: doubled ids make it another one. Its end for the index after the last. */
  positionOf(index: number): number {
    const { array } = this;
    if (!array || index >= this.ids.length) return array?.length ?? 0;
    if (array.length === this.ids.length) return index;
    return array.toArray().indexOf(this.ids[index]);
  }

  /** All positions of an id in the shared array, last first. */
  positionsOf(ids: ReadonlySet<string>): number[] {
    const found: number[] = [];
    this.array?.toArray().forEach((id, position) => typeof id === "string" && ids.has(id) && found.push(position));
    return found.reverse();
  }
}
