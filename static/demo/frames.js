/** The events of the stream as they come: the last two hundred, with pause and clear. */

const MOST = 200;

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});

/** What a JSON text is told apart by: its strings (with a colon they are names) and its commas. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|,/g;

function span(className, ...content) {
  const place = document.createElement("span");
  place.className = className;
  place.append(...content);
  return place;
}

/** JSON with its names and texts set apart; lines break after its commas. */
function coloured(json) {
  const parts = [];
  let part = [];
  let done = 0;
  for (const match of json.matchAll(TOKEN)) {
    const [token, text = "", colon] = match;
    part.push(json.slice(done, match.index));
    if (text) part.push(span(colon ? "key" : "text", text));
    part.push(token.slice(text.length));
    done = match.index + token.length;
    if (text) continue;
    parts.push(span("part", ...part));
    part = [];
  }
  return [...parts, span("part", ...part, json.slice(done))];
}

export class Frames {
  #address;
  #scroll = document.querySelector("#frames");
  #list = document.querySelector("#frames ol");
  #count = document.querySelector("#events-count");
  #pause = document.querySelector("#pause-events");
  #template = document.querySelector("#frame-row");
  /** Rows that came while the list was paused, as many as the list would keep. */
  #held = [];
  #total = 0;

  /** `address()`: that of a stream which shows the same. */
  constructor(presence, address) {
    this.#address = address;
    presence.on("event", (event) => this.#came(event));
    presence.on("state", (event) => this.#connection(event));
    this.#pause.addEventListener("click", () => this.#toggle());
    document.querySelector("#clear-events").addEventListener("click", () => this.#clear());
    const copy = document.querySelector("#copy-curl");
    copy.addEventListener("click", () => this.#copy(copy));
  }

  get #paused() {
    return this.#pause.ariaPressed === "true";
  }

  #came({ type, data, id }) {
    this.#total += 1;
    this.#add(this.#row(type, id, JSON.stringify(data)));
  }

  /** What the stream itself cannot say: that it was lost. */
  #connection({ state, reason }) {
    if (state === "live" || state === "stale") return;
    const row = this.#row(state, "", reason);
    row.classList.add("local");
    this.#add(row);
  }

  #add(row) {
    this.#held.push(row);
    if (this.#held.length > MOST) this.#held.shift();
    this.#show();
  }

  #show() {
    this.#count.textContent = this.#held.length > 0 && this.#paused ? `${this.#held.length} held` : this.#total;
    if (this.#paused) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    const atEnd = scrollHeight - scrollTop - clientHeight < 40;
    this.#list.append(...this.#held);
    this.#held = [];
    while (this.#list.children.length > MOST) this.#list.firstElementChild.remove();
    if (atEnd) this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }

  #row(type, id, text) {
    const row = this.#template.content.firstElementChild.cloneNode(true);
    row.dataset.type = type;
    row.querySelector("time").textContent = clock.format(Date.now());
    row.querySelector(".frame-type").textContent = type;
    const place = row.querySelector(".frame-id");
    place.textContent = id && `id ${id}`;
    place.title = id;
    if (text) row.querySelector("code").append(...coloured(text));
    return row;
  }

  #toggle() {
    const paused = !this.#paused;
    this.#pause.ariaPressed = String(paused);
    this.#pause.textContent = paused ? "Resume" : "Pause";
    this.#show();
  }

  #clear() {
    this.#held = [];
    this.#total = 0;
    this.#list.replaceChildren();
    this.#show();
  }

  async #copy(button) {
    const command = `curl -N '${this.#address().replaceAll("'", "%27")}'`;
    const words = button.lastChild;
    try {
      await navigator.clipboard.writeText(command);
      words.textContent = "copied";
    } catch {
      words.textContent = "no clipboard";
    }
    setTimeout(() => {
      words.textContent = "curl";
    }, 1500);
  }
}
