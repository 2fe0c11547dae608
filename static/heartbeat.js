/**
 * Says at the pace the service asks for that this device is alive, and at once when something changed.
 *
 * A heartbeat that fails is followed by the next one after a backoff, never later than its time; one that
 * the service put off waits as long as it asked.
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

export class Heartbeat extends EventTarget {
  #send;
  #activity;
  #told;
  #beats = 0;
  #failures = 0;
  #timer;
  #running = false;

  /** `send({idle_ms, visible, interval_ms?})` posts one heartbeat and resolves to its answer. */
  constructor(send, activity) {
    super();
    this.#send = send;
    this.#activity = activity;
    activity.addEventListener("seen", () => this.now());
    activity.addEventListener("woke", () => this.now());
  }

  /** The pace the service asks for. */
  set pace(heartbeatMs) {
    this.#told = heartbeatMs;
    this.#activity.pauseMs = heartbeatMs;
  }

  start() {
    this.#running = true;
    this.now();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Beats at once; the next one follows an interval later. */
  async now() {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    this.#beats += 1;
    const beat = this.#beats;
    const { idleMs, visible } = this.#activity;
    const declared = visible ? undefined : hiddenInterval(this.#told);
    const wait = await this.#beat({ idle_ms: Math.round(idleMs), visible, interval_ms: declared });
    // A newer beat has its own timer.
    if (this.#running && beat === this.#beats) this.#timer = setTimeout(() => this.now(), wait);
  }

  /** Sends one heartbeat; resolves to how long to wait for the next, and never rejects. */
  async #beat(body) {
    try {
      const answer = await this.#send(body);
      this.#failures = 0;
      if (answer.heartbeat_ms) this.pace = answer.heartbeat_ms;
      return nextBeat(Math.max(this.#told ?? DEFAULT_MS, body.interval_ms ?? 0));
    } catch (error) {
      const wait = error.retryMs ?? Math.min(backoff(this.#failures), this.#told ?? DEFAULT_MS);
      this.#failures += 1;
      this.dispatchEvent(new CustomEvent("failed", { detail: error }));
      return wait;
    }
  }
}
