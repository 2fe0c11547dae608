/** How long to wait before trying again. Pure. */

const FIRST_MS = 500;
/** Long enough to spare a service in trouble, short enough that nobody reloads the page first. */
const LONGEST_MS = 30_000;

/**
 * Milliseconds before attempt `attempt` (0 is the first one after a failure): doubling, capped, and
 * spread over half of its length so that many clients do not come back together.
 */
export function backoff(attempt, random = Math.random) {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return whole / 2 + (random() * whole) / 2;
}
