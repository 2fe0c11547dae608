/**
 * The page that this runs in: input and whether it is seen; how it goes (closed, frozen, or put into the
 * back-forward cache), comes back, and wakes with the computer or the network.
 */

const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];
/** The clock is looked at this often. Timers of hidden pages fire once a minute. */
const LOOK_MS = 2_000;

/** Whether so long between two looks at the clock means that the computer slept. */
export function slept(gapMs, visible) {
  return gapMs > (visible ? 10_000 : 90_000);
}

export class Page {
  /** When the last input came, by the clock of this computer, which all of its pages share. */
  lastInput = Date.now();
  /** How long nothing must have happened for the next input to count as waking; ongoing input is told as often. */
  pauseMs = 15_000;
  #told = Date.now();
  /** When it last woke or came back. */
  woke = 0;
  /** It has not gone, or has come back. */
  present = true;
  #on;
  #ended = new AbortController();
  #clock;

  /**
   * `changed()`: it is shown or hidden, woke, or has input, the first after a pause or more of it; `gone(closing)`:
   * nothing may be said after this; `back()`: after such a going.
   */
  constructor(on) {
    this.#on = on;
    const { signal } = this.#ended;
    const listen = (target, type, listener) =>
      target.addEventListener(type, listener, { capture: true, passive: true, signal });
    for (const type of INPUT) listen(globalThis, type, ({ isTrusted }) => isTrusted && this.#input());
    listen(document, "visibilitychange", on.changed);
    // Being hidden is told after this, and a heartbeat because of it would take a leave back.
    listen(globalThis, "pagehide", () => this.#go(true));
    listen(globalThis, "pageshow", ({ persisted }) => persisted && this.#comeBack());
    listen(document, "freeze", () => this.#go(false));
    listen(document, "resume", () => this.#comeBack());
    listen(globalThis, "online", () => this.wake());
    let last = Date.now();
    this.#clock = setInterval(() => {
      const gap = Date.now() - last;
      last += gap;
      if (slept(gap, this.visible)) this.wake();
    }, LOOK_MS);
  }

  get visible() {
    return !document.hidden;
  }

  wake() {
    this.woke = Date.now();
    this.#on.changed();
  }

  end() {
    clearInterval(this.#clock);
    this.#ended.abort();
    this.#go(true);
  }

  #input() {
    const pause = Date.now() - Math.min(this.lastInput, this.#told);
    this.lastInput = Date.now();
    if (pause <= this.pauseMs) return;
    this.#told = this.lastInput;
    this.#on.changed();
  }

  #go(closing) {
    if (this.present) this.#on.gone(closing);
    this.present = false;
  }

  #comeBack() {
    if (this.present) return;
    this.present = true;
    this.woke = Date.now();
    this.#on.back();
  }
}
