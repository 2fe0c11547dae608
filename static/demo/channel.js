/** A channel: a message box that tells of typing, who is here, and what was said in this window. */

import { paintAvatar } from "./person.js";

export const CHANNEL = "general";
const MOST_MESSAGES = 200;

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });

export class Channel {
  #presence;
  #typing;
  #field = document.querySelector("#message");
  #log = document.querySelector("#log");
  #scroll = document.querySelector("#log-scroll");
  #count = document.querySelector("#channel-count");
  #template = document.querySelector("#message-row");

  constructor(presence) {
    this.#presence = presence;
    this.#typing = presence.typing(CHANNEL);
    this.#typing.bind(this.#field);
    presence.on("channel", ({ channel }) => channel === CHANNEL && this.#paintCount());
    document.querySelector("#message-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
  }

  #say() {
    const text = this.#field.value.trim();
    if (text === "") return;
    this.#field.value = "";
    this.#log.append(this.#message(text));
    if (this.#log.children.length > MOST_MESSAGES) this.#log.firstElementChild.remove();
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #message(text) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    paintAvatar(row.querySelector(".avatar"), this.#presence.user);
    row.querySelector("b").textContent = this.#presence.user;
    row.querySelector("time").textContent = clock.format(Date.now());
    row.querySelector(".said-text").textContent = text;
    return row;
  }

  #paintCount() {
    const { count, members } = this.#presence.channel(CHANNEL);
    this.#count.textContent = count > 0 ? `${count} here` : "";
    this.#count.title = members?.join(", ") ?? "";
  }
}
