/**
 * `<presence-badge user="…">`: a status dot, words, and the kinds of devices of one user, kept up to date.
 *
 * Shapes differ as well as colours. `status` and `old` (the connection is lost: this was so) stand on the
 * element for style sheets; `compact` leaves the dot alone, which says everything to those who hear it.
 */

import { part, PresenceElement, sheet } from "./element.js";

const ICONS = {
  web: "M1.75 4.75a2 2 0 0 1 2-2h8.5a2 2 0 0 1 2 2v6.5a2 2 0 0 1-2 2h-8.5a2 2 0 0 1-2-2zM1.75 6h12.5",
  mobile: "M4.25 3.5A1.75 1.75 0 0 1 6 1.75h4a1.75 1.75 0 0 1 1.75 1.75v9A1.75 1.75 0 0 1 10 14.25H6a1.75 1.75 0 0 1-1.75-1.75zM7.25 12h1.5",
  desktop: "M1.75 3.75a1.5 1.5 0 0 1 1.5-1.5h9.5a1.5 1.5 0 0 1 1.5 1.5v5.5a1.5 1.5 0 0 1-1.5 1.5h-9.5a1.5 1.5 0 0 1-1.5-1.5zM8 10.75v3M5.25 13.75h5.5",
  bot: "M2.75 7.25a2 2 0 0 1 2-2h6.5a2 2 0 0 1 2 2v4a2 2 0 0 1-2 2h-6.5a2 2 0 0 1-2-2zM8 5.25V2.5M5.75 9h.01M10.25 9h.01",
};

const SHEET = sheet(`
  :host {
    --_online: #1f9d61; --_idle: #b97509; --_dnd: #d6404a; --_offline: #868b97; --_invisible: #8256c9;
    --_size: var(--presence-size, .75em);
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
  .dot { flex: none; width: var(--_size); height: var(--_size) }
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
  .devices { flex: none; display: inline-flex; gap: .25em; opacity: .75 }
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
    super(SHEET);
    this.shadowRoot.append(this.#dot, part("slot", {}), this.#words, this.#devices);
  }

  get user() {
    return this.getAttribute("user");
  }

  set user(user) {
    this.setAttribute("user", user);
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
