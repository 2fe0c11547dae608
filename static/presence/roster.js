/**
 * What is known of the watched users. Pure: no clock, no network, no document.
 *
 * A snapshot replaces everything, versions included, once all of its parts have come. A delta counts only
 * where its version is newer, so a late or repeated frame changes nothing.
 */

/** Puts those records into `roster` that are newer than what it holds; returns them. */
function mergeInto(roster, records) {
  const newer = records.filter((record) => record.version > (roster.get(record.user)?.version ?? -1));
  for (const record of newer) roster.set(record.user, record);
  return newer;
}

export class Roster {
  #records = new Map();
  /** The parts that are there of a snapshot that is still coming: {records, part, parts}. */
  #coming;

  /** The record of a user, or undefined. */
  get(user) {
    return this.#records.get(user);
  }

  /** A new connection: what the last one left unfinished is void. */
  connected() {
    this.#coming = undefined;
  }

  /** Takes one part of a snapshot; returns the records of all of it with the last. */
  snapshot({ users, part, parts }) {
    const records = this.#coming?.records ?? new Map();
    mergeInto(records, users);
    this.#coming = part < parts ? { records, part, parts } : undefined;
    if (this.#coming) return [];
    this.#records = records;
    return [...this.#records.values()];
  }

  /** Takes changed records; returns those that are news. */
  merge(users) {
    if (this.#coming) mergeInto(this.#coming.records, users);
    return mergeInto(this.#records, users);
  }

  delete(user) {
    this.#records.delete(user);
  }

  /** All of it, as the data of `snapshot` events. */
  data() {
    const whole = { users: [...this.#records.values()], part: 1, parts: 1 };
    if (!this.#coming) return [whole];
    const { records, part, parts } = this.#coming;
    return [whole, { users: [...records.values()], part, parts }];
  }
}
