/**
 * The life of a page: it goes (closed, frozen, or put into the back-forward cache), comes back, and wakes
 * with the computer or the network.
 */

/** The clock is looked at this often. Timers of hidden pages fire once a minute. */
const LOOK_MS = 2_000;

/** Whether so long between two looks at the clock means that the computer slept. */
export function slept(gapMs, visible) {
  return gapMs > (visible ? 10_000 : 90_000);
}

export class Lifecycle {
  #ended = new AbortController();
  #clock;

  /** `gone(closing)`: nothing may be said after this; `back()` after such a going; `woke()` while there. */
  constructor({ gone, back, woke }) {
    const listen = (target, type, listener) => target.addEventListener(type, listener, { signal: this.#ended.signal });
    // Being hidden is told after this, and a heartbeat because of it would take a leave back.
    listen(globalThis, "pagehide", () => gone(true));
    listen(globalThis, "pageshow", ({ persisted }) => persisted && back());
    listen(document, "freeze", () => gone(false));
    listen(document, "resume", back);
    listen(globalThis, "online", woke);
    let last = Date.now();
    this.#clock = setInterval(() => {
      const gap = Date.now() - last;
      last += gap;
      if (slept(gap, !document.hidden)) woke();
    }, LOOK_MS);
  }

  end() {
    clearInterval(this.#clock);
    this.#ended.abort();
  }
}
