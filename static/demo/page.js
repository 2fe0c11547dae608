/** The demo page: signs in, puts the parts together, and shows how the connection is. */

import { provide } from "../elements.js";
import { connect } from "../presence.js";
import { Channel, CHANNEL } from "./channel.js";
import { Contacts, fault } from "./contacts.js";
import { Frames } from "./frames.js";
import { Me } from "./me.js";
import { Network } from "./network.js";
import { People } from "./people.js";
import { Senses } from "./senses.js";
import { addressFor, nameInAddress, showSignIn } from "./sign-in.js";
import { Trials } from "./trials.js";

const STATES = {
  connecting: "Connecting",
  live: "Live",
  stale: "Delayed",
  polling: "Polling",
  offline: "Offline, retrying",
};
const REFUSED = new Set(["refused", "unauthorized"]);

/** Words such as "a few minutes ago" age without any event. */
const AGEING_MS = 30_000;
const TOAST_MS = 8_000;

function showState({ state, reason }) {
  const place = document.querySelector("#connection");
  place.dataset.state = state;
  place.querySelector(".words").textContent = REFUSED.has(reason) ? "Refused" : STATES[state];
  document.querySelector("#app").dataset.connection = state;
}

let toastEnds;

function showToast(words) {
  const toast = document.querySelector("#toast");
  toast.textContent = words;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => toast.replaceChildren(), TOAST_MS);
}

function listenToTabs(app) {
  const tabs = [...app.querySelectorAll(".tabs button")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      app.dataset.pane = tab.dataset.pane;
      for (const other of tabs) other.ariaCurrent = other === tab ? "true" : null;
    });
  }
}

/** Someone to be in a second window, which stands beside this one where there is room for two. */
function offerSecond(other) {
  const link = document.querySelector("#second-window");
  link.href = addressFor(other);
  link.querySelector("strong").textContent = other;
  link.addEventListener("click", (event) => {
    const width = Math.min(760, Math.floor(screen.availWidth / 2));
    if (width < 480) return;
    const features = `popup,width=${width},height=${screen.availHeight},left=${screen.availWidth - width}`;
    if (open(link.href, `presence-${other}`, features)) event.preventDefault();
  });
}

/** The address of a stream that shows what this page shows, for a terminal. */
function addressOfStream(user, contacts) {
  const url = new URL("v1/events", document.baseURI);
  const users = new Set([user, ...contacts.ids]);
  url.search = new URLSearchParams([["as", user], ...[...users].map((id) => ["user", id]), ["channel", CHANNEL]]);
  return url.href;
}

function start(user) {
  const app = document.querySelector("#app");
  const senses = new Senses();
  const network = new Network();
  const contacts = new Contacts();
  const presence = connect({ auth: { user }, channels: [CHANNEL], join: [CHANNEL] });
  provide(presence);
  const people = new People(presence, contacts);
  const me = new Me(presence);
  new Channel(presence);
  new Frames(presence, () => addressOfStream(user, contacts));
  new Trials(presence, network, senses);

  document.title = `${user} · SSE Presence`;
  document.querySelector("#who").textContent = user;
  document.querySelector("#me presence-badge").user = user;
  offerSecond(contacts.ids.find((id) => id !== user) ?? "bob");
  document.querySelector("#sign-out").addEventListener("click", () => {
    presence.close();
    location.assign(addressFor(""));
  });
  listenToTabs(app);
  presence.on("state", showState);
  presence.on("error", ({ status, message }) => {
    if (status === 401) showToast(`${message} This page needs open mode.`);
    else if (status >= 400 && status < 500 && status !== 429) showToast(message);
  });
  setInterval(() => {
    people.paint();
    me.paint();
  }, AGEING_MS);
  app.hidden = false;
}

const name = nameInAddress();
if (name && !fault(name)) start(name);
else showSignIn(name);
