/** The status picker: availability, text and emoji, and when all of it ends. It sets the whole at once. */

import { until } from "./words.js";

const MINUTE = 60_000;

const SUGGESTIONS = [
  { emoji: "📅", text: "In a meeting", status: "dnd", expiry: "60" },
  { emoji: "🎧", text: "Focusing", status: "dnd", expiry: "240" },
  { emoji: "🍜", text: "Lunch", status: "idle", expiry: "60" },
  { emoji: "🚆", text: "Commuting", status: "online", expiry: "30" },
  { emoji: "🏠", text: "Working from home", status: "online", expiry: "today" },
];

/** Milliseconds that a choice of expiry means at `now` (by the clock of the service). */
function expiresIn(choice, now, kept) {
  if (choice === "") return undefined;
  if (choice === "keep") return Math.max(1, kept - now);
  if (choice === "today") return Math.max(MINUTE, new Date(now).setHours(24, 0, 0, 0) - now);
  return Number(choice) * MINUTE;
}

export class StatusDialog {
  #presence;
  #dialog = document.querySelector("#status");
  #form = document.querySelector("#status-form");
  #fault = document.querySelector("#status-fault");
  #kept;

  constructor(presence) {
    this.#presence = presence;
    document.querySelector("#set-status").addEventListener("click", () => this.open());
    document.querySelector("#status-close").addEventListener("click", () => this.#dialog.close());
    document.querySelector("#status-reset").addEventListener("click", () => this.#set({ status: "online" }));
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save();
    });
    document.querySelector("#suggestions").replaceChildren(...SUGGESTIONS.map((one) => this.#suggestion(one)));
  }

  /** Opens with what is set now. */
  open() {
    const own = this.#presence.get(this.#presence.user);
    const { status = "online", text = "", emoji = "", until: end } = own?.override ?? {};
    this.#kept = end;
    this.#offerKeeping(end);
    this.#fill({ status, text, emoji, expiry: end ? "keep" : "" });
    this.#fault.textContent = "";
    this.#dialog.showModal();
    // The text field would raise the keyboard of a phone over the sheet.
    this.#form.querySelector("input[name=status]:checked").focus();
  }

  #fill({ status, text, emoji, expiry }) {
    const { elements } = this.#form;
    elements.namedItem("status").value = status;
    elements.namedItem("text").value = text;
    elements.namedItem("emoji").value = emoji;
    elements.namedItem("expiry").value = expiry;
  }

  #offerKeeping(end) {
    const select = this.#form.elements.namedItem("expiry");
    select.querySelector("[value=keep]")?.remove();
    if (!end) return;
    const words = until(end, this.#presence.now());
    select.prepend(new Option(words.charAt(0).toUpperCase() + words.slice(1), "keep"));
  }

  #suggestion(suggestion) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "chip";
    button.textContent = `${suggestion.emoji} ${suggestion.text}`;
    button.addEventListener("click", () => this.#fill(suggestion));
    item.append(button);
    return item;
  }

  #save() {
    const data = new FormData(this.#form);
    const given = (name) => data.get(name).trim() || undefined;
    this.#set({
      status: data.get("status"),
      text: given("text"),
      emoji: given("emoji"),
      expires_in: expiresIn(data.get("expiry"), this.#presence.now(), this.#kept),
    });
  }

  async #set(choice) {
    try {
      await this.#presence.status.set(choice);
      this.#dialog.close();
    } catch (error) {
      this.#fault.textContent = error.message;
    }
  }
}
