/**
 * What the elements of a page share: the presence that they show, the names of people, and the words.
 *
 * An element watches what it shows while it stands in the page, and lets go of it when it is taken out.
 * Without a presence it shows that nothing is known. Loading this where there is no page does no harm.
 */

import { Words } from "./words.js";

/** Words such as "a few minutes ago" age without any event. */
const AGEING_MS = 30_000;

const Base = globalThis.HTMLElement ?? class {};

const standing = new Set();
let ageing;
let given = { name: (user) => user, words: new Words() };

/** Gives the elements what to show, now and those that come; see elements.d.ts in the folder above. */
export function provide(presence, { name = (user) => user, locale, words } = {}) {
  const mine = { presence, name, words: new Words(locale, words) };
  give(mine);
  return () => {
    if (given === mine) give({ ...mine, presence: undefined });
  };
}

function give(next) {
  given = next;
  for (const element of standing) element.bind();
}

function age() {
  for (const element of standing) element.show();
}

/** Subclasses say what to watch (`interest`), which events concern them (`events`), and paint themselves. */
export class PresenceElement extends Base {
  #undo = [];

  constructor(sheet) {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
  }

  connectedCallback() {
    standing.add(this);
    ageing ??= setInterval(age, AGEING_MS);
    this.bind();
  }

  disconnectedCallback() {
    standing.delete(this);
    if (standing.size === 0) ageing = clearInterval(ageing);
    this.#release();
  }

  attributeChangedCallback() {
    if (standing.has(this)) this.bind();
  }

  /** Watches what is to be shown now, in place of what was. */
  bind() {
    this.#release();
    const { presence } = given;
    const interest = this.interest;
    if (presence && interest) {
      const show = () => this.show();
      this.#undo = [presence.watch(interest), ...this.events.map((type) => presence.on(type, show))];
    }
    this.show();
  }

  /** Sets the attribute that says what is shown, or takes it away: frameworks set what is missing, too. */
  assign(attribute, id) {
    if (id === undefined || id === null) this.removeAttribute(attribute);
    else this.setAttribute(attribute, id);
  }

  show() {
    this.paint(this.interest ? given : { ...given, presence: undefined });
  }

  #release() {
    for (const undo of this.#undo) undo();
    this.#undo = [];
  }
}

/** A style sheet that a strict content security policy allows. */
export function sheet(css) {
  if (!globalThis.CSSStyleSheet) return undefined;
  const made = new CSSStyleSheet();
  made.replaceSync(css);
  return made;
}

/** An element for a shadow tree, by its tag, its attributes and its children. */
export function part(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
