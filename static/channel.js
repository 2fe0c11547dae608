/** A channel: a message box that tells of typing, a line that shows who types, and what was said here. */

import { paintAvatar } from "./person.js";
import { typingWords } from "./words.js";

const CHANNEL = "general";
const MOST_MESSAGES = 200;

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });

export class Channel {
  static watched = [CHANNEL];
  #presence;
  #signal;
  #field = document.querySelector("#message");
  #log = document.querySelector("#log");
  #scroll = document.querySelector("#log-scroll");
  #typing = document.querySelector("#typing");
  #template = document.querySelector("#message-row");

  constructor(presence) {
    this.#presence = presence;
    this.#signal = presence.typingSignal(CHANNEL);
    presence.addEventListener("typing", () => this.#paintTyping());
    this.#field.addEventListener("input", () => this.#changed());
    this.#field.addEventListener("blur", () => this.#signal.stop());
    document.querySelector("#message-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
  }

  #changed() {
    if (this.#field.value.trim() === "") this.#signal.stop();
    else this.#signal.key();
  }

  #say() {
    const text = this.#field.value.trim();
    if (text === "") return;
    this.#field.value = "";
    this.#signal.stop();
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

  #paintTyping() {
    const words = typingWords(this.#presence.typing(CHANNEL));
    const place = this.#typing.querySelector(".words");
    if (place.textContent !== words) place.textContent = words;
    this.#typing.classList.toggle("shown", words !== "");
  }
}
