/**
 * The network as this page sees it, which it can cut for itself. Only this page is cut off: what goes on in
 * other tabs goes on.
 */

const { EventSource: WholeSource, fetch: wholeFetch } = globalThis;

export class Network {
  #cut = false;
  #sources = new Set();

  constructor() {
    const network = this;
    globalThis.fetch = (...request) => {
      if (this.#cut) return Promise.reject(new TypeError("The connection is cut."));
      return wholeFetch(...request);
    };
    globalThis.EventSource = class extends WholeSource {
      constructor(url, options) {
        // What is no stream fails at once and for good, as a stream does that nobody answers.
        super(network.#cut ? "data:," : url, options);
        network.#sources.add(this);
      }

      close() {
        super.close();
        network.#sources.delete(this);
      }
    };
  }

  /** Whether this page holds the stream, and not another tab of the same user. */
  get holdsStream() {
    return this.#sources.size > 0;
  }

  cut() {
    this.#cut = true;
    for (const source of [...this.#sources]) {
      source.close();
      source.dispatchEvent(new Event("error"));
    }
  }

  /** Mends it, and says so as a browser does. */
  mend() {
    this.#cut = false;
    dispatchEvent(new Event("online"));
  }
}
