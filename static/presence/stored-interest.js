/**
 * Keeps an interest that the service stores in line with what is wanted, without reconnecting.
 *
 * Changes go one after another, each as the difference to what the service holds, and are repeated until
 * they are taken. Where the service refuses some of it (rights, ids that are none), the rest still goes.
 */

import { backoff } from "./backoff.js";
import { lists, named, without } from "./interest.js";

export class StoredInterest {
  /** Its id, while the service has it. */
  id;
  /** What the service holds, as wishes. */
  held;
  #service;
  #on;
  #wanted = [];
  #refused = [];
  #most = Infinity;
  #failures = 0;
  #changing = false;
  /** The promise of one that is being made: those who ask meanwhile share it. */
  #making;
  #timer;
  #ended = new AbortController();

  /**
   * `held(removed)` is called when the service holds something else, `lost()` when it has forgotten all,
   * `refused(error)` with what it would not take.
   */
  constructor(service, { id, held }, on) {
    this.#service = service;
    this.id = id;
    this.held = held;
    this.#on = on;
  }

  /** What is to be watched from now on. */
  want(wishes) {
    this.#wanted = wishes.filter((wish) => !wish.startsWith("join "));
    // Rights may have come when somebody asks again for what was let go.
    this.#refused = this.#refused.filter((wish) => wishes.includes(wish));
    this.#change();
  }

  /** The query pairs that ask a stream for it. */
  async pairs() {
    if (this.id) {
      this.#change();
    } else {
      this.#making ??= this.#make(this.#wanted).finally(() => (this.#making = undefined));
      await this.#making;
    }
    return [["interest", this.id]];
  }

  /** The service does not know it any more. Returns whether there was one. */
  forget() {
    const { id } = this;
    this.id = undefined;
    return id !== undefined;
  }

  end() {
    clearTimeout(this.#timer);
    this.#ended.abort();
  }

  async #make(wishes) {
    try {
      const { interest } = await this.#ask("POST", "v1/interests", lists(wishes));
      this.id = interest;
    } catch (error) {
      if (!error.final || error.status === 401 || wishes.length === 0) throw error;
      // The one that is not allowed is found by adding them.
      await this.#make([]);
      return;
    }
    this.#holds(wishes);
    this.#change();
  }

  /** Brings the service's interest nearer to what is wanted, until it is that. */
  async #change() {
    clearTimeout(this.#timer);
    if (this.#changing || this.#ended.signal.aborted || !this.id) return;
    const add = without(this.#wanted, [...this.held, ...this.#refused]).slice(0, this.#most);
    const remove = without(this.held, this.#wanted);
    if (add.length + remove.length === 0) return;
    this.#changing = true;
    const wait = await this.#patch(add, remove);
    this.#changing = false;
    if (wait > 0) this.#timer = setTimeout(() => this.#change(), wait);
    else if (wait === 0) this.#change();
  }

  /** Sends one change; resolves to how long to wait before the next, if one makes sense. */
  async #patch(add, remove) {
    try {
      await this.#ask("PATCH", `v1/interests/${this.id}`, { add: lists(add), remove: lists(remove) });
    } catch (error) {
      return this.#failed(error, add);
    }
    this.#failures = 0;
    // Where one is refused, others are: from few that were taken to all again would bring them all back.
    this.#most *= 2;
    this.#holds([...without(this.held, remove), ...add], remove);
    return 0;
  }

  #failed(error, add) {
    if (error.status === 404) {
      this.forget();
      this.#on.lost();
      return undefined;
    }
    if (error.status === 401) {
      this.#on.refused(error);
      return undefined;
    }
    if (error.final && add.length > 0) {
      // One that is refused must not keep the others out. Where the service does not name it, it is found by halves.
      const denied = add.length === 1 ? add : named(add, error.denied);
      if (denied.length > 0) {
        this.#refused.push(...denied);
        this.#on.refused(error);
      } else {
        this.#most = Math.ceil(add.length / 2);
      }
      return 0;
    }
    this.#failures += 1;
    return Math.max(error.retryMs ?? 0, backoff(this.#failures));
  }

  #ask(method, path, body) {
    return this.#service.ask(method, path, { body, signal: this.#ended.signal });
  }

  #holds(wishes, removed = []) {
    this.held = wishes;
    this.#on.held(removed);
  }
}
