/**
 * Tells that the user is typing in one channel: once at the first key, again every `refresh_ms` while keys
 * keep coming, and that it is over when they have stopped for a while, when the field is left or emptied,
 * or when the message is sent.
 *
 * A signal that fails is not repeated: the service ends typing by itself.
 */

/** A pause this long is thinking, not typing. */
const PAUSE_MS = 2_000;
const REFRESH_MS = 3_000;

export class TypingSignal {
  #send;
  #typing = false;
  #pause;
  #refresh;

  /** `send(typing)` posts one signal and resolves to its answer. */
  constructor(send) {
    this.#send = send;
  }

  /** A key changed the text. */
  key() {
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.stop(), PAUSE_MS);
    if (this.#typing) return;
    this.#typing = true;
    this.#tell();
  }

  /** Typing is over; says so if it had been said to go on. */
  stop() {
    clearTimeout(this.#pause);
    clearTimeout(this.#refresh);
    if (!this.#typing) return;
    this.#typing = false;
    this.#send(false).catch(ignored);
  }

  /** Tells of typing in a text field or an editable element; gives a function that ends this. */
  bind(element) {
    const ended = new AbortController();
    const { signal } = ended;
    const text = () => (element.value ?? element.textContent).trim();
    const stopIfEmpty = () => text() === "" && this.stop();
    const listen = (target, type, listener) => target?.addEventListener(type, listener, { signal });
    listen(element, "input", () => (text() === "" ? this.stop() : this.key()));
    listen(element, "blur", () => this.stop());
    listen(element.closest("form"), "submit", () => this.stop());
    // A script that sends at Enter empties the field without an event.
    listen(element, "keydown", ({ key }) => key === "Enter" && setTimeout(stopIfEmpty));
    return () => {
      ended.abort();
      this.stop();
    };
  }

  async #tell() {
    const answer = await this.#send(true).catch(ignored);
    if (!this.#typing) return;
    clearTimeout(this.#refresh);
    this.#refresh = setTimeout(() => this.#tell(), answer?.refresh_ms ?? REFRESH_MS);
  }
}

function ignored() {
  return undefined;
}
