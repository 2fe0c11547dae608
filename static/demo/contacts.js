/** The contact list, kept in this browser. Ids are what the service takes: 1 to 128 bytes, no control
 * characters. */

const KEY = "sse-presence.contacts";
const PRESET = ["alice", "bob", "carol", "dave"];
/** The watched users travel in an address, which may have 16 KiB. */
const MOST = 50;

/** What is wrong with an id, as a sentence; empty if nothing is. */
export function fault(id) {
  if (id === "") return "Enter a name.";
  if (new TextEncoder().encode(id).length > 128) return "A name may have at most 128 bytes.";
  if (/\p{Cc}|\p{Cs}/u.test(id)) return "A name has no control characters.";
  return "";
}

function stored() {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY));
    const good = (id) => typeof id === "string" && fault(id) === "";
    if (Array.isArray(ids)) return ids.filter(good).slice(0, MOST);
  } catch {
    // Storage is closed to us, or holds something else: the preset serves.
  }
  return PRESET;
}

export class Contacts {
  #ids = stored();

  get ids() {
    return [...this.#ids];
  }

  /** Adds an id; returns what is wrong with it, as a sentence, or nothing. */
  add(id) {
    const wrong = fault(id);
    if (wrong) return wrong;
    if (this.#ids.includes(id)) return `${id} is in the list already.`;
    if (this.#ids.length >= MOST) return `The list is full: it holds ${MOST} contacts.`;
    this.#ids = [...this.#ids, id];
    this.#store();
    return "";
  }

  remove(id) {
    this.#ids = this.#ids.filter((other) => other !== id);
    this.#store();
  }

  #store() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#ids));
    } catch {
      // The list then lasts as long as the page.
    }
  }
}
