/** Owns the waiting times between attempts to connect; pure, randomness comes in. */

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const RECONNECT: BackoffOptions = { firstMs: 300, maxMs: 20_000 };
/** After "slow consumer or overload" the server wants room. */
export const OVERLOADED: BackoffOptions = { firstMs: 3_000, maxMs: 60_000 };

/** Wait before attempt `attempt` (0 = first retry): exponential, with the upper half left to chance so that a crowd spreads. */
export function backoffMs(attempt: number, random: number, options: BackoffOptions = RECONNECT): number {
  const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}
