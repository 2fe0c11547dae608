/**
 * Keeps an interest that the service stores in line with what is wanted, without reconnecting.
 *
 * Changes go one after another, each as the difference to what the service holds, and are repeated until
 * they are taken. Where the service refuses some of it (rights, ids that are none), the rest still goes.
 * Where it stores no interests, short ones stand in the address of the stream, which then is opened anew.
 */

import { backoff } from "./backoff.js";
import { PresenceError } from "./error.js";
import { lists, missing, nothing, union, WATCHED } from "./interest.js";

/** Addresses may have 16 KiB at the service, and often 8 on the way. */
const LONGEST_QUERY = 6_000;
const PARAMETERS = { users: "user", channels: "channel", members: "members" };

export class StoredInterest {
  /** Its id; undefined before the service made it, and where it makes none. */
  id;
  /** What the service holds. */
  held = nothing();
  #service;
  #on;
  #wanted = nothing();
  #refused = nothing();
  #stores = true;
  #most = Infinity;
  #failures = 0;
  #changing = false;
  #timer;
  #ended = new AbortController();

  /** `held(removed)` is called when what the service holds has changed, `unstored()` when a new address is
   * needed, `refused(error)` with what it would not take. */
  constructor(service, on, { id, held } = {}) {
    this.#service = service;
    this.#on = on;
    this.id = id;
    if (id) this.held = held;
  }

  /** What is to be watched from now on. */
  want(content) {
    this.#wanted = content;
    this.#refused = union([lists(missing(this.#refused, nothing()).filter(([kind, id]) => content[kind].has(id)))]);
    if (this.id) this.#change();
    else if (!this.#stores && missing(content, this.held).length + missing(this.held, content).length > 0) {
      this.#on.unstored();
    }
  }

  /** The query pairs that ask a stream for this interest. */
  async pairs() {
    if (!this.id && this.#stores) await this.#make(this.#wanted);
    if (this.id) return [["interest", this.id]];
    if (missing(this.#wanted, nothing()).join().length > LONGEST_QUERY) {
      throw new PresenceError("This service stores no interests: watch fewer.", { status: 414, code: "too-long" });
    }
    this.#holds(this.#wanted);
    return WATCHED.flatMap((kind) => [...this.held[kind]].map((id) => [PARAMETERS[kind], id]));
  }

  /** The service does not know it (any more). Returns whether there was one. */
  forget() {
    const { id } = this;
    this.id = undefined;
    return id !== undefined;
  }

  end() {
    clearTimeout(this.#timer);
    this.#ended.abort();
  }

  async #make(content) {
    const pairs = missing(content, nothing());
    try {
      const { interest } = await this.#service.ask("POST", "v1/interests", { body: lists(pairs), signal: this.#ended.signal });
      this.id = interest;
      this.#holds(content);
      this.#change();
    } catch (error) {
      if (!error.final || error.status === 401) throw error;
      if (error.status === 403 || error.status === 422) {
        if (pairs.length === 0) throw error;
        await this.#make(nothing());
      } else {
        this.#stores = false;
      }
    }
  }

  /** Brings the service's interest nearer to what is wanted, until it is that. */
  async #change() {
    clearTimeout(this.#timer);
    if (this.#changing || this.#ended.signal.aborted || !this.id) return;
    const add = missing(this.#wanted, union([this.held, this.#refused])).slice(0, this.#most);
    const remove = missing(this.held, this.#wanted);
    if (add.length + remove.length === 0) return;
    this.#changing = true;
    const wait = await this.#patch(add, remove);
    this.#changing = false;
    if (wait > 0) this.#timer = setTimeout(() => this.#change(), wait);
    else this.#change();
  }

  /** Sends one change; resolves to how long to wait before the next. */
  async #patch(add, remove) {
    try {
      const body = { add: lists(add), remove: lists(remove) };
      await this.#service.ask("PATCH", `v1/interests/${this.id}`, { body, signal: this.#ended.signal });
      this.#failures = 0;
      this.#most = Infinity;
      const gone = new Set(remove.map(([kind, id]) => `${kind} ${id}`));
      const kept = missing(this.held, nothing()).filter(([kind, id]) => !gone.has(`${kind} ${id}`));
      this.#holds(union([lists([...kept, ...add])]), lists(remove));
      return 0;
    } catch (error) {
      return this.#failed(error, add);
    }
  }

  #failed(error, add) {
    if (error.status === 404 || error.status === 410) {
      this.forget();
      this.#on.unstored();
    } else if (error.status === 401) {
      this.#on.refused(error);
    } else if (error.final && add.length > 0) {
      // One that is refused must not keep the others out: find it by halves.
      if (add.length === 1) {
        this.#refused = union([this.#refused, lists(add)]);
        this.#on.refused(error);
      }
      this.#most = Math.ceil(add.length / 2);
      return 0;
    }
    this.#failures += 1;
    return error.retryMs ?? backoff(this.#failures);
  }

  #holds(content, removed = lists([])) {
    this.held = content;
    this.#on.held(removed);
  }
}
