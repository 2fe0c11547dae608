/**
 * `<presence-badge user="…">`: a status dot, words, and the kinds of devices of one user, kept up to date.
 *
 * Shapes differ as well as colours. `status` and `old` (the connection is lost: this was so) stand on the
 * element for style sheets; `compact` leaves the dot alone, which says everything to those who hear it.
 */

import { part, PresenceElement, sheet } from "./element.js";

const ICONS = {
  web: "M2 3h12v10H2zM2 6h12",
  mobile: "M4 2h8v12H4zM7 12h2",
  desktop: "M2 2h12v9H2zM8 11v3M5 14h6",
  bot: "M3 5h10v8H3zM8 5V2M6 9h0M10 9h0",
};

const BADGE = sheet(`
  :host {
    --_online: #1f9d61; --_idle: #b97509; --_dnd: #d6404a; --_offline: #868b97; --_invisible: #8256c9;
    display: inline-flex; align-items: center; gap: .4em; max-width: 100%; vertical-align: middle;
  }
  @supports (color: light-dark(red, red)) {
    :host {
      --_online: light-dark(#1f9d61, #34b877); --_idle: light-dark(#b97509, #e3a52f);
      --_dnd: light-dark(#d6404a, #ef5d66); --_invisible: light-dark(#8256c9, #a583e6);
    }
  }
  :host([hidden]), :host([compact]) :is(.words, .devices), .devices:empty { display: none }
  :host([compact]) { gap: 0; line-height: 0 }
  .dot { flex: none; width: var(--presence-size, .75em); aspect-ratio: 1 }
  .mark {
    display: block; width: 100%; height: 100%; border-radius: 50%;
    background: var(--presence-offline, var(--_offline));
    mask: radial-gradient(circle closest-side, transparent 48%, #000 54%);
  }
  :host([status=online]) .mark { background: var(--presence-online, var(--_online)); mask: none }
  :host([status=idle]) .mark {
    background: var(--presence-idle, var(--_idle));
    mask: radial-gradient(circle at 26% 26%, transparent 46%, #000 50%);
  }
  :host([status=dnd]) .mark {
    background: var(--presence-dnd, var(--_dnd));
    mask: linear-gradient(#000 0 0) exclude, linear-gradient(#000 0 0) center / 56% 22% no-repeat;
  }
  :host([status=invisible]) .mark {
    box-sizing: border-box; border: 2px dotted var(--presence-invisible, var(--_invisible));
    background: none; mask: none;
  }
  :host([status=unknown]) .mark, :host([old]) .mark { opacity: .5 }
  .words { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
  .devices { flex: none; display: inline-flex; gap: .25em }
  .words, .devices { opacity: .8 }
  svg {
    width: 1em; height: 1em; fill: none; stroke: currentColor;
    stroke-width: 1.4; stroke-linecap: round; stroke-linejoin: round;
  }
  @media (prefers-reduced-motion: no-preference) { .mark { transition: background-color .2s, opacity .2s } }
  @media (forced-colors: active) { .mark { forced-color-adjust: none; background: CanvasText !important } }
`);

function icon(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  path.setAttribute("d", ICONS[kind] ?? ICONS.web);
  svg.append(path);
  return svg;
}

export class PresenceBadge extends PresenceElement {
  static observedAttributes = ["user"];
  events = ["presence", "state"];
  #dot = part("span", { class: "dot", part: "dot", role: "img" }, part("span", { class: "mark", part: "mark" }));
  #words = part("span", { class: "words", part: "words", "aria-hidden": "true" });
  #devices = part("span", { class: "devices", part: "devices", "aria-hidden": "true" });

  constructor() {
    super(BADGE);
    this.shadowRoot.append(this.#dot, part("slot", {}), this.#words, this.#devices);
  }

  get user() {
    return this.getAttribute("user");
  }

  set user(user) {
    this.assign("user", user);
  }

  get interest() {
    return this.user ? { users: [this.user] } : undefined;
  }

  paint({ presence, words }) {
    const record = presence?.get(this.user);
    const now = presence?.now();
    const old = record !== undefined && ["offline", "stale"].includes(presence.state);
    const label = words.label(record, now, old);
    this.setAttribute("status", record?.status ?? "unknown");
    this.toggleAttribute("old", old);
    if (this.#dot.ariaLabel === label) return;
    this.#dot.ariaLabel = label;
    this.#dot.title = label;
    this.#words.textContent = record ? words.badge(record, now) : "…";
    this.#devices.replaceChildren(...(record?.devices ?? []).map(icon));
  }
}
