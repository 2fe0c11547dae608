/**
 * One stream of events that comes back by itself, from where it was.
 *
 * The browser's EventSource reconnects once after a cut, as the service told it to (`retry:`). Everything
 * it cannot do is done here: after a failed attempt, after an answer that made it give up, and after
 * silence, a new one is opened with the last id and a capped, jittered backoff; `bye` is honoured; a
 * request that the service refuses (4xx) is not repeated.
 */

import { backoff } from "./backoff.js";

const TYPES = ["hello", "snapshot", "presence", "typing", "channel", "ping", "stale", "fresh", "bye"];
/** `bye` for these is final: the caller has to sign in anew. */
const FINAL = new Set(["expired", "revoked"]);
const DEFAULT_PING_MS = 15_000;
/** A service that has not answered by now will not. */
const PATIENCE_MS = 10_000;

export class Stream {
  #url;
  #onEvent;
  #onState;
  #source;
  #cursor = "";
  #greeted = false;
  #failures = 0;
  #pingMs = DEFAULT_PING_MS;
  #heardAt = 0;
  #silence;
  #reopening;
  #asking;
  /** The service asked not to be called before this. */
  #notBefore = 0;

  /**
   * `url(cursor)` gives the address; `onEvent(type, data, id, text)` gets each event with its parsed data;
   * `onState(state, reason)` gets `connecting`, `live`, `stale`, `offline` or `refused`, and why in words.
   */
  constructor({ url, onEvent, onState }) {
    this.#url = url;
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  /** Opens the stream, or opens it anew from where it was. */
  open() {
    this.close();
    this.#notBefore = 0;
    const source = new EventSource(this.#url(this.#cursor));
    this.#source = source;
    for (const type of TYPES) source.addEventListener(type, (event) => this.#received(event));
    source.addEventListener("error", (event) => this.#failed(event));
    this.#heard();
  }

  close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#reopening);
    this.#asking?.abort();
    this.#source?.close();
    this.#source = undefined;
    this.#greeted = false;
  }

  /** Called when the page woke or the network came back: opens anew unless events came lately. */
  nudge() {
    if (Date.now() < this.#notBefore) return;
    if (!this.#greeted || Date.now() - this.#heardAt > this.#pingMs * 2) this.open();
  }

  #received(event) {
    // An event that was queued before close() belongs to a source that is no longer ours.
    if (event.target !== this.#source) return;
    this.#heard();
    const id = event.lastEventId === this.#cursor ? "" : event.lastEventId;
    this.#cursor = event.lastEventId || this.#cursor;
    const data = JSON.parse(event.data);
    if (event.type === "hello") this.#hello(data);
    this.#onEvent(event.type, data, id, event.data);
    if (event.type === "stale") this.#onState("stale");
    if (event.type === "fresh") this.#onState("live");
    if (event.type === "bye") this.#bye(data);
  }

  #hello({ ping_ms }) {
    this.#greeted = true;
    this.#failures = 0;
    this.#pingMs = ping_ms ?? this.#pingMs;
    this.#heard();
    this.#onState("live");
  }

  #bye({ reason, retry_ms }) {
    this.close();
    if (FINAL.has(reason)) {
      this.#refused(reason);
      return;
    }
    const wait = retry_ms ?? backoff(0);
    this.#notBefore = Date.now() + wait;
    this.#onState("connecting", reason);
    this.#reopenIn(wait);
  }

  #refused(reason) {
    this.#notBefore = Infinity;
    this.#onState("refused", reason);
  }

  /** The source lost its connection, or could not make one. */
  #failed({ target }) {
    if (target !== this.#source) return;
    if (this.#greeted && this.#source.readyState === EventSource.CONNECTING) {
      this.#greeted = false;
      this.#onState("connecting", "the stream was cut");
      return;
    }
    const gaveUp = this.#source.readyState === EventSource.CLOSED;
    this.close();
    const wait = backoff(this.#failures);
    const state = this.#failures > 0 ? "offline" : "connecting";
    this.#onState(state, `next attempt in ${(wait / 1000).toFixed(1)} s`);
    this.#failures += 1;
    if (gaveUp) this.#ask(wait);
    else this.#reopenIn(wait);
  }

  /** EventSource hides why it gave up, so ask: what is refused once will be refused again. */
  async #ask(wait) {
    const asking = new AbortController();
    this.#asking = asking;
    const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(PATIENCE_MS)]);
    const url = this.#url(this.#cursor);
    const answer = await fetch(url, { method: "HEAD", signal }).catch(() => undefined);
    if (asking.signal.aborted) return;
    const refused = answer && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    if (refused) this.#refused(String(answer.status));
    else this.#reopenIn(wait);
  }

  #reopenIn(wait) {
    this.#reopening = setTimeout(() => this.open(), wait);
  }

  #heard() {
    this.#heardAt = Date.now();
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#silent(), this.#pingMs * 2);
  }

  #silent() {
    this.#onState("offline", "silence");
    this.open();
  }
}
