/**
 * What the person in front of this page does: real input, and whether the page is seen.
 *
 * Events: `seen` when the page is shown or hidden, `woke` at the first input after a pause.
 */

const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

export class Activity extends EventTarget {
  #lastInput = Date.now();
  #pauseMs;
  #ended = new AbortController();

  /** `pauseMs`: how long nothing must have happened for the next input to count as waking. */
  constructor(pauseMs) {
    super();
    this.#pauseMs = pauseMs;
    const { signal } = this.#ended;
    for (const type of INPUT) {
      addEventListener(type, (event) => event.isTrusted && this.#input(), {
        capture: true,
        passive: true,
        signal,
      });
    }
    document.addEventListener("visibilitychange", () => this.dispatchEvent(new Event("seen")), { signal });
  }

  set pauseMs(pauseMs) {
    this.#pauseMs = pauseMs;
  }

  get visible() {
    return document.visibilityState === "visible";
  }

  /** Milliseconds since the last input. The wall clock counts sleep; set back, it counts as no pause. */
  get idleMs() {
    return Math.max(0, Date.now() - this.#lastInput);
  }

  stop() {
    this.#ended.abort();
  }

  #input() {
    const pause = this.idleMs;
    this.#lastInput = Date.now();
    if (pause > this.#pauseMs) this.dispatchEvent(new Event("woke"));
  }
}
