/**
 * `<typing-indicator channel="…">`: who types in a channel. It keeps its line when nobody does, so that
 * nothing moves.
 *
 * Those who hear the page are told when typing begins, and again only after a pause: a lively channel must
 * not talk over everything else.
 */

import { part, PresenceElement, sheet } from "./element.js";

/** Nobody typing for this long makes the next one news. */
const PAUSE_MS = 10_000;

const INDICATOR = sheet(`
  :host { position: relative; display: flex; align-items: center; gap: .6em; min-height: 1.5em }
  :host([hidden]) { display: none }
  .dots { flex: none; display: inline-flex; gap: .2em; color: var(--presence-typing, currentColor) }
  :host(:not([active])) .dots { visibility: hidden }
  .dots i { width: .35em; height: .35em; border-radius: 50%; background: currentColor; opacity: .6 }
  .words { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
  .told { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
  @media (prefers-reduced-motion: no-preference) {
    .dots i { animation: bounce 1.2s ease-in-out infinite }
    .dots i:nth-child(2) { animation-delay: .15s }
    .dots i:nth-child(3) { animation-delay: .3s }
  }
  @keyframes bounce { 0%, 60%, 100% { opacity: .35 } 30% { opacity: 1; translate: 0 -.15em } }
  @media (forced-colors: active) { .dots i { background: CanvasText } }
`);

export class TypingIndicator extends PresenceElement {
  static observedAttributes = ["channel"];
  events = ["typing", "state"];
  #dots = part("span", { class: "dots", part: "dots", "aria-hidden": "true" });
  #words = part("span", { class: "words", part: "words", "aria-hidden": "true" });
  #told = part("span", { class: "told", "aria-live": "polite" });
  #quietSince = -Infinity;

  constructor() {
    super(INDICATOR);
    this.#dots.append(part("i", {}), part("i", {}), part("i", {}));
    this.shadowRoot.append(this.#dots, this.#words, this.#told);
  }

  get channel() {
    return this.getAttribute("channel");
  }

  set channel(channel) {
    this.assign("channel", channel);
  }

  get interest() {
    return this.channel ? { channels: [this.channel] } : undefined;
  }

  paint({ presence, name, words }) {
    const said = presence ? words.typing(presence.typing(this.channel), name) : "";
    if (this.#words.textContent === said) return;
    this.#tell(said);
    this.#words.textContent = said;
    this.toggleAttribute("active", said !== "");
  }

  #tell(said) {
    const wasQuiet = this.#words.textContent === "";
    if (said === "") this.#quietSince = performance.now();
    else if (wasQuiet && performance.now() - this.#quietSince >= PAUSE_MS) this.#told.textContent = said;
  }
}
