/**
 * One EventSource, watched: it must greet in time, and must not fall silent.
 *
 * The browser reconnects once after a cut, as the service told it to (`retry:`) and with the last id;
 * whatever else ends it is told, and it is closed then.
 */

const TYPES = ["hello", "snapshot", "presence", "typing", "channel", "ping", "stale", "fresh", "bye"];
/** A network that holds the first event back for longer than this holds it back for ever. */
const GREETING_MS = 5_000;
const DEFAULT_PING_MS = 15_000;

export class Stream {
  greeted = false;
  #source;
  #on;
  #id = "";
  #pingMs = DEFAULT_PING_MS;
  #heardAt = Date.now();
  #timer;

  /**
   * `event(type, data, id)` gets each event; `cut()` is called when the browser reconnects; `end(why)` when
   * this is over: `mute` (no greeting in time), `silence`, `failed` (no connection), or `closed` (the browser gave up).
   */
  constructor(url, { withCredentials, ...on }) {
    this.#on = on;
    this.#source = new EventSource(url, { withCredentials });
    for (const type of TYPES) this.#source.addEventListener(type, (event) => this.#received(event));
    this.#source.addEventListener("open", () => this.#expectGreeting());
    this.#source.addEventListener("error", () => this.#failed());
    this.#expectGreeting();
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /** Events came lately. */
  get lively() {
    return this.greeted && Date.now() - this.#heardAt < this.#pingMs * 2;
  }

  #received(event) {
    // One that was queued before close() is no longer ours.
    if (!this.#source) return;
    const data = JSON.parse(event.data);
    if (event.type === "hello") {
      this.greeted = true;
      this.#pingMs = data.ping_ms ?? this.#pingMs;
    }
    this.#heardAt = Date.now();
    if (this.greeted) this.#within(this.#pingMs * 2, "silence");
    // A browser tells the last id with every event, also with those that had none.
    const id = event.lastEventId === this.#id ? "" : event.lastEventId;
    this.#id = event.lastEventId;
    this.#on.event(event.type, data, id);
  }

  #expectGreeting() {
    if (!this.greeted) this.#within(GREETING_MS, "mute");
  }

  #failed() {
    if (!this.#source) return;
    const gaveUp = this.#source.readyState === EventSource.CLOSED;
    if (gaveUp || !this.greeted) {
      this.#end(gaveUp ? "closed" : "failed");
      return;
    }
    this.greeted = false;
    this.#on.cut();
  }

  #within(ms, why) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end(why), ms);
  }

  #end(why) {
    if (!this.#source) return;
    this.close();
    this.#on.end(why);
  }
}
