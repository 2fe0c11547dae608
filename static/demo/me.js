/** The card of the person who is signed in: own status, the way to the picker, the call switch. */

import { paintAvatar, paintPerson } from "./person.js";
import { StatusDialog } from "./status-dialog.js";
import { ownLine } from "./words.js";

const CHOSEN = { idle: "Away", dnd: "Do not disturb", invisible: "Invisible" };

export class Me {
  #presence;
  #card = document.querySelector("#me");

  constructor(presence) {
    const { user } = presence;
    this.#presence = presence;
    paintAvatar(this.#card.querySelector(".avatar"), user);
    this.#card.querySelector(".name").textContent = user;
    const inCall = document.querySelector("#in-call");
    // A page that the browser restores may restore the switch as well, but not what it stood for.
    inCall.checked = false;
    inCall.addEventListener("change", () => {
      presence.device.set({ activity: inCall.checked ? "in_call" : undefined });
    });
    presence.on("presence", () => this.paint());
    new StatusDialog(presence);
    this.paint();
  }

  /** Shows what is known now; also called as time passes. */
  paint() {
    const record = this.#presence.get(this.#presence.user);
    paintPerson(this.#card, record, record ? ownLine(record, this.#presence.now()) : "…");
    const { status, text, emoji } = record?.override ?? {};
    const words = [emoji, text].filter(Boolean).join(" ") || CHOSEN[status];
    document.querySelector("#set-status .words").textContent = words ?? "Set a status";
  }
}
