/**
 * What one page does for all pages of a browser: holds the stream, beats, and keeps what is watched in line
 * with what they want. A new leader goes on where the last one was, as a device of its own; once that is
 * known to the service, the device of the last one leaves.
 */

import { PresenceError } from "./error.js";
import { Heartbeat } from "./heartbeat.js";
import { ids, lists } from "./interest.js";
import { Link } from "./link.js";
import { StoredInterest } from "./stored-interest.js";

/** All living pages have reported by then. */
const SETTLED_MS = 1_000;
/** Pages wake one after another, each with its own clock: for so long that is done once, and once more. */
const WAKING_MS = 5_000;

export class Leader {
  #service;
  #kind;
  #reports;
  #tell;
  #last;
  /** Each run is a device of its own: it must not be mistaken for one that just left. */
  #device;
  #interest;
  #link;
  #heartbeat;
  #settled = false;
  #settling;
  #said;
  /** The last waking that something was done about, and when. */
  #woke;
  #wokeAt = 0;
  #waking;
  #denied = "";
  #ended = new AbortController();

  /**
   * `kind`: of the device; undefined where this browser only watches. `shared`: `{cursor, interest, device}`
   * of the last leader. `reports()` gives those of all pages, `gather()` brings them up to date, `tell(message)`
   * tells all pages.
   */
  constructor({ service, credentials, kind, shared, reports, gather, tell }) {
    this.#service = service;
    this.#kind = kind;
    if (kind) this.#device = crypto.getRandomValues(new Uint32Array(3)).join("-");
    this.#last = shared.device;
    this.#reports = reports;
    this.#tell = tell;
    const refused = (error) => {
      if (error.status === 401) this.#heartbeat.stop();
      this.#failed(error);
    };
    this.#interest = new StoredInterest(service, shared.interest, {
      held: (removed) => {
        const { id, held } = this.#interest;
        tell({ kind: "held", interest: { id, held }, removed: lists(removed) });
      },
      lost: () => this.#link.open(),
      refused,
    });
    this.#link = new Link({
      service,
      credentials,
      interest: this.#interest,
      pairs: kind ? [["device", this.#device]] : [],
      cursor: shared.cursor,
      event: (type, data, id) => this.#event(type, data, id),
      state: (state, reason) => tell({ kind: "state", state, reason }),
      refused,
    });
    this.#heartbeat = new Heartbeat({
      send: (interval) => this.#beat(interval),
      gather,
      failed: (error) => this.#failed(error),
      refused: (error) => this.#link.refuse(error),
    });
  }

  start() {
    this.#settling = setTimeout(() => {
      this.#settled = true;
      this.changed();
    }, SETTLED_MS);
    this.#want();
    this.#said = this.#summary();
    this.#woke = this.#said.woke;
    this.reconnect();
  }

  /** Opens everything anew, also what was refused. */
  reconnect() {
    if (this.#kind) this.#heartbeat.start();
    this.#link.open();
  }

  /** A page reported something. */
  changed() {
    this.#want();
    const said = this.#said;
    const now = this.#summary();
    this.#said = now;
    const woke = now.woke > this.#woke && this.#wakes(now.woke);
    if (woke || (now.visible && !said.visible)) this.#link.nudge();
    // Pages that are seen tell of input more often than a leader that is hidden beats by itself.
    const waking = now.awake && (!said.awake || this.#heartbeat.late);
    if (woke || now.text !== said.text || waking) this.#heartbeat.now();
  }

  stop() {
    clearTimeout(this.#settling);
    clearTimeout(this.#waking);
    this.#heartbeat.stop();
    this.#link.close();
    this.#interest.end();
    this.#ended.abort();
    // A heartbeat may have been on its way of which nobody else will know.
    if (this.#device !== this.#last) this.#service.leave(this.#device);
  }

  /** Whether a waking is to be acted upon now; if not, it is in a moment. */
  #wakes(woke) {
    const now = Date.now();
    clearTimeout(this.#waking);
    if (now - this.#wokeAt < WAKING_MS) {
      this.#waking = setTimeout(() => this.changed(), this.#wokeAt + WAKING_MS - now);
      return false;
    }
    this.#woke = woke;
    this.#wokeAt = now;
    return true;
  }

  #want() {
    const wanted = this.#reports().flatMap(({ wishes }) => wishes);
    // What the last leader held is wanted by pages that have not reported yet.
    if (!this.#settled) wanted.push(...this.#interest.held);
    this.#interest.want([...new Set(wanted)]);
  }

  /** How active all pages together are. */
  #summary() {
    const reports = this.#reports();
    const idleMs = Math.max(0, Date.now() - Math.max(...reports.map(({ lastInput }) => lastInput)));
    const visible = reports.some((report) => report.visible);
    const activity = reports.map((report) => report.activity).find(Boolean);
    const channels = [...new Set(reports.flatMap(({ wishes }) => ids(wishes, "join")))];
    return {
      idleMs,
      visible,
      activity,
      channels,
      awake: idleMs <= (this.#heartbeat.paceMs ?? Infinity),
      woke: Math.max(...reports.map(({ woke }) => woke)),
      text: JSON.stringify([visible, activity, channels]),
    };
  }

  async #beat(interval) {
    this.#said = this.#summary();
    const { idleMs, visible, activity, channels } = this.#said;
    const body = {
      device: this.#device,
      kind: this.#kind,
      idle_ms: idleMs,
      visible,
      interval_ms: interval,
      activity,
      channels: channels.length > 0 ? channels : undefined,
      seq: this.#service.sequence(),
    };
    const answer = await this.#service.ask("POST", "v1/heartbeat", { body, signal: this.#ended.signal });
    this.#known();
    const denied = answer.denied?.join(", ") ?? "";
    if (denied && denied !== this.#denied) {
      this.#failed(new PresenceError(`Not allowed in: ${denied}.`, { status: 403, code: "denied" }));
    }
    this.#denied = denied;
    return answer;
  }

  /** The service knows this device: those who watch lose nothing when the last one leaves. */
  #known() {
    const last = this.#last;
    if (last === this.#device) return;
    this.#last = this.#device;
    this.#tell({ kind: "device", device: this.#device });
    if (last) this.#service.leave(last);
  }

  #event(type, data, id) {
    if (data.heartbeat_ms) this.#heartbeat.paceMs = data.heartbeat_ms;
    if (type === "hello") this.#heartbeat.catchUp();
    this.#tell({ kind: "event", type, data, id });
  }

  #failed({ message, status, code, retryMs }) {
    this.#tell({ kind: "error", message, details: { status, code, retryMs } });
  }
}
