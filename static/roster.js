/**
 * What is known of the watched users. Pure: no clock, no network, no document.
 *
 * A snapshot replaces everything, versions included, once all of its parts have come. A delta counts only
 * where its version is newer, so a late or repeated frame changes nothing.
 */

/** Puts those records into `roster` that are newer than what it holds; returns whether any was. */
function mergeInto(roster, records) {
  const newer = records.filter((record) => record.version > (roster.get(record.user)?.version ?? -1));
  for (const record of newer) roster.set(record.user, record);
  return newer.length > 0;
}

export class Roster {
  #records = new Map();
  /** The snapshot that is still coming, part by part. */
  #coming = new Map();
  #parts = 0;

  /** The record of a user, or undefined. */
  get(user) {
    return this.#records.get(user);
  }

  /** A new connection: what the last one left unfinished is void. */
  connected() {
    this.#coming = new Map();
    this.#parts = 0;
  }

  /** Takes one part of a snapshot; returns whether the roster changed. */
  snapshot({ users, parts }) {
    mergeInto(this.#coming, users);
    this.#parts += 1;
    if (this.#parts < parts) return false;
    this.#records = this.#coming;
    this.connected();
    return true;
  }

  /** Takes changed records; returns whether the roster changed. */
  merge(users) {
    if (this.#parts > 0) mergeInto(this.#coming, users);
    return mergeInto(this.#records, users);
  }
}
