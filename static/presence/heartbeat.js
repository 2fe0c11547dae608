/**
 * Says at the pace the service asks for that this device is alive, and at once when something changed.
 *
 * A heartbeat that fails is followed by the next one after a backoff, never later than its time; one that
 * the service put off waits as long as it asked, if that is longer. One that is refused is the last.
 */

import { backoff } from "./backoff.js";

/** The pace before the service has said its own. */
const DEFAULT_MS = 15_000;
/** Browsers fire the timers of hidden pages once a minute. */
const HIDDEN_MS = 60_000;

/** The interval to declare while hidden, if the service's own one is known and allows it. */
export function hiddenInterval(heartbeatMs) {
  const allowed = heartbeatMs / 3 <= HIDDEN_MS && HIDDEN_MS <= heartbeatMs * 4;
  return allowed ? HIDDEN_MS : undefined;
}

/** Milliseconds until the next heartbeat: a little early, so that many devices do not beat together. */
export function nextBeat(intervalMs, random = Math.random) {
  return intervalMs * (0.9 + 0.1 * random());
}

export class Heartbeat {
  /** The pace the service asks for; it may be told from outside, too. */
  paceMs;
  #send;
  #gather;
  #on;
  #beats = 0;
  #beatAt = 0;
  #failures = 0;
  #timer;
  #running = false;

  /**
   * `send(interval_ms)` posts one heartbeat and resolves to its answer; `gather()` is awaited before those
   * that are due by time. `failed(error)` is called with each error, `refused(error)` with one that is final.
   */
  constructor({ send, gather, ...on }) {
    this.#send = send;
    this.#gather = gather;
    this.#on = on;
  }

  start() {
    this.#running = true;
    this.now();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** The last one is further back than a page that is seen lets it be, and nothing asked to wait. */
  get late() {
    return this.#failures === 0 && Date.now() - this.#beatAt > (this.paceMs ?? DEFAULT_MS);
  }

  /** The service is there again: one that failed waits no longer. */
  catchUp() {
    if (this.#failures > 0) this.now();
  }

  /** Beats at once; the next one follows an interval later. */
  async now() {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    this.#beatAt = Date.now();
    this.#beats += 1;
    const beat = this.#beats;
    const wait = await this.#beat();
    // A newer beat has its own timer.
    if (this.#running && beat === this.#beats) this.#timer = setTimeout(() => this.#due(), wait);
  }

  async #due() {
    await this.#gather();
    await this.now();
  }

  /** Sends one heartbeat; resolves to how long to wait for the next, and never rejects. */
  async #beat() {
    // This page's own timers are what has to keep the pace, whether or not another page is seen.
    const declared = document.hidden ? hiddenInterval(this.paceMs) : undefined;
    try {
      const answer = await this.#send(declared);
      this.#failures = 0;
      // To one that declares its own the service answers that.
      if (!declared) this.paceMs = answer.heartbeat_ms ?? this.paceMs;
      return nextBeat(Math.max(this.paceMs ?? DEFAULT_MS, declared ?? 0));
    } catch (error) {
      if (!this.#running) return 0;
      const wait = Math.max(error.retryMs ?? 0, Math.min(backoff(this.#failures), this.paceMs ?? DEFAULT_MS));
      this.#failures += 1;
      if (error.status === 401 || error.status === 403) {
        this.stop();
        this.#on.refused(error);
      } else {
        this.#on.failed(error);
      }
      return wait;
    }
  }
}
