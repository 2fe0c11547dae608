/** What this page notices of the person before it. Numbed, input still works and counts for nothing. */

const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

export class Senses {
  #numb = false;

  /** To be made before anything else listens. */
  constructor() {
    const hold = (event) => {
      if (this.#numb) event.stopImmediatePropagation();
    };
    for (const type of INPUT) addEventListener(type, hold, { capture: true, passive: true });
  }

  numb() {
    this.#numb = true;
  }

  wake() {
    this.#numb = false;
  }
}
