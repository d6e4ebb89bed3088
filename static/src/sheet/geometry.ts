/** Owns where rows and columns are, in CSS pixels: prefix sums of their sizes. Knows no document and no element. */

export class Lane {
  /** Where each index begins; one more than there are. */
  private readonly starts: Float64Array;

  /** `sizes` holds what is not `usual`; what is `hidden` has no size. */
  constructor(readonly count: number, usual: number, sizes: ReadonlyMap<number, number>, hidden: ReadonlySet<number>) {
    const starts = new Float64Array(count + 1);
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      starts[index] = at;
      if (!hidden.has(index)) at += sizes.get(index) ?? usual;
    }
    starts[count] = at;
    this.starts = starts;
  }

  get total(): number {
    return this.starts[this.count] ?? 0;
  }

  start(index: number): number {
    return this.starts[Math.min(Math.max(index, 0), this.count)] ?? 0;
  }

  end(index: number): number {
    return this.start(index + 1);
  }

  size(index: number): number {
    return this.end(index) - this.start(index);
  }

  isHidden(index: number): boolean {
    return this.size(index) === 0;
  }

  /** The visible index that a position is in; the nearest one outside of all. */
  at(position: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end(middle) > position) high = middle;
      else low = middle + 1;
    }
    return this.isHidden(low) ? this.step(low, -1) : low;
  }

  /** The next visible index in a direction; the same one where there is none. */
  step(index: number, way: 1 | -1, count = 1): number {
    let found = index;
    for (let at = index + way, left = count; at >= 0 && at < this.count && left > 0; at += way) {
      if (this.isHidden(at)) continue;
      found = at;
      left -= 1;
    }
    return found;
  }

  /** The index whose beginning or end is near a position, -1 for none: an edge that can be dragged. */
  edgeAt(position: number, reach: number): number {
    const index = this.at(position);
    if (this.end(index) - position <= reach) return index;
    const before = this.step(index, -1);
    return before < index && position - this.start(index) <= reach ? before : -1;
  }
}
