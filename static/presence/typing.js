/**
 * Typing in one channel: who does, and telling that the user does, at the first key, again every `refresh_ms`
 * while keys keep coming, and when they have stopped for a while, the field is left or emptied, or the
 * message is sent.
 *
 * A signal that fails is not repeated: the service ends typing by itself.
 */

/** A pause this long is thinking, not typing. */
const PAUSE_MS = 2_000;
const REFRESH_MS = 3_000;

export class Typing {
  #send;
  #list;
  #on = false;
  #pause;
  #refresh;

  /** `send(typing)` posts one signal and resolves to its answer, if there is one; `list()` gives `{users, count}`. */
  constructor(send, list) {
    this.#send = (typing) => send(typing).catch(() => undefined);
    this.#list = list;
  }

  get users() {
    return this.#list().users;
  }

  get count() {
    return this.#list().count;
  }

  key() {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.stop(), PAUSE_MS);
    if (this.#on) return;
    this.#on = true;
    this.#tell();
  }

  stop() {
    clearTimeout(this.#pause);
    clearTimeout(this.#refresh);
    if (this.#on) this.#send(false);
    this.#on = false;
  }

  bind(element) {
    const ended = new AbortController();
    const { signal } = ended;
    const empty = () => (element.value ?? element.textContent).trim() === "";
    const listen = (target, type, listener) => target?.addEventListener(type, listener, { signal });
    listen(element, "input", () => (empty() ? this.stop() : this.key()));
    listen(element, "blur", () => this.stop());
    listen(element.closest("form"), "submit", () => this.stop());
    // A script that sends at Enter empties the field without an event.
    listen(element, "keydown", ({ key }) => key === "Enter" && setTimeout(() => empty() && this.stop()));
    return () => {
      ended.abort();
      this.stop();
    };
  }

  async #tell() {
    const answer = await this.#send(true);
    if (!this.#on) return;
    clearTimeout(this.#refresh);
    this.#refresh = setTimeout(() => this.#tell(), answer?.refresh_ms ?? REFRESH_MS);
  }
}
