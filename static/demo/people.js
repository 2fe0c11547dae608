/** The contact list: one row a contact, which stays where it is whatever its status. */

import { paintActivity, paintAvatar, paintDevices, paintPerson } from "./person.js";
import { line } from "./words.js";

export class People {
  #presence;
  #contacts;
  #rows = new Map();
  /** id → what ends the watching of it */
  #watched = new Map();
  #list = document.querySelector("#contacts");
  #count = document.querySelector("#contacts-count");
  #template = document.querySelector("#contact-row");

  constructor(presence, contacts) {
    this.#presence = presence;
    this.#contacts = contacts;
    presence.on("presence", () => this.paint());
    this.#listenToForm();
    this.#layOut();
  }

  /** Shows what is known now; also called as time passes, for the words that age. */
  paint() {
    const now = this.#presence.now();
    let here = 0;
    for (const [id, row] of this.#rows) {
      const record = this.#presence.get(id);
      paintPerson(row, record, record ? line(record, now) : "…");
      paintActivity(row.querySelector(".tag"), record?.activity);
      paintDevices(row.querySelector(".devices"), record?.devices);
      if (record && record.status !== "offline") here += 1;
    }
    this.#count.textContent = this.#rows.size > 0 ? `${here} of ${this.#rows.size} here` : "";
  }

  /** A row for each contact, which is watched; oneself is no contact. */
  #layOut() {
    const ids = this.#contacts.ids.filter((id) => id !== this.#presence.user);
    for (const [id, unwatch] of this.#watched) {
      if (ids.includes(id)) continue;
      unwatch();
      this.#watched.delete(id);
    }
    for (const id of ids) {
      if (!this.#watched.has(id)) this.#watched.set(id, this.#presence.watch({ users: [id] }));
    }
    this.#rows = new Map(ids.map((id) => [id, this.#rows.get(id) ?? this.#row(id)]));
    this.#list.replaceChildren(...this.#rows.values());
    document.querySelector("#contacts-empty").hidden = ids.length > 0;
    this.paint();
  }

  #row(id) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.dataset.user = id;
    paintAvatar(row.querySelector(".avatar"), id);
    row.querySelector("presence-badge").user = id;
    row.querySelector(".name").textContent = id;
    const remove = row.querySelector(".remove");
    remove.ariaLabel = `Remove ${id}`;
    remove.title = remove.ariaLabel;
    remove.addEventListener("click", () => this.#remove(id));
    return row;
  }

  #remove(id) {
    this.#contacts.remove(id);
    this.#layOut();
    document.querySelector("#contact-name").focus();
  }

  #listenToForm() {
    const form = document.querySelector("#add-contact");
    const name = form.querySelector("input");
    const fault = form.querySelector(".fault");
    name.addEventListener("input", () => {
      fault.textContent = "";
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const id = name.value.trim();
      fault.textContent = id === this.#presence.user ? "That is you." : this.#contacts.add(id);
      if (fault.textContent) return;
      name.value = "";
      this.#layOut();
      this.#rows.get(id)?.scrollIntoView({ block: "nearest" });
    });
  }
}
