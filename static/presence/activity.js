/** What the person in front of this page does: real input, and whether the page is seen. */

const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

export class Activity {
  /** When the last input came, by the clock of this computer, which all of its pages share. */
  lastInput = Date.now();
  /** How long nothing must have happened for the next input to count as waking. */
  pauseMs = 15_000;
  #ended = new AbortController();

  /** `changed()` is called when the page is shown or hidden, and at the first input after a pause. */
  constructor(changed) {
    const { signal } = this.#ended;
    const input = (event) => {
      if (!event.isTrusted) return;
      const pause = Date.now() - this.lastInput;
      this.lastInput = Date.now();
      if (pause > this.pauseMs) changed();
    };
    for (const type of INPUT) addEventListener(type, input, { capture: true, passive: true, signal });
    document.addEventListener("visibilitychange", changed, { signal });
  }

  get visible() {
    return document.visibilityState === "visible";
  }

  end() {
    this.#ended.abort();
  }
}
