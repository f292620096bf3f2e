// A browser's parts that the outbox stands on, and tabs that run the card's own scripts on them.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const SCRIPTS = join(__dirname, "../../annotator/review_card/js");

/** localStorage: strings by key, in no promised order, with room for a number of characters. */
class LocalStorage {
  constructor() {
    this.kept = new Map();
    this.room = Infinity;
  }

  get length() {
    return this.kept.size;
  }

  key(place) {
    return [...this.kept.keys()].reverse()[place] ?? null;
  }

  getItem(key) {
    return this.kept.get(key) ?? null;
  }

  setItem(key, value) {
    const taken = [...this.kept].filter(([name]) => name !== key).reduce((sum, [name, one]) => sum + name.length + one.length, 0);
    if (taken + key.length + value.length > this.room) throw new Error("QuotaExceededError");
    this.kept.set(key, value);
  }

  removeItem(key) {
    this.kept.delete(key);
  }
}

/** What the app answers: each token is written once, whoever sends it and however often. */
class Store {
  constructor() {
    this.rows = [];
    this.asked = 0;
    this.status = 200; // 0: no connection
    this.losesAnswers = false;
    this.refuses = () => null;
  }

  fetch = async (address, { body }) => {
    this.asked += 1;
    if (this.status === 0) throw new TypeError("Failed to fetch");
    if (this.status !== 200) return this.answer(this.status, { reason: `status ${this.status}` });
    const acknowledged = JSON.parse(body).outbox.map((entry) => this.write(entry));
    if (this.losesAnswers) throw new TypeError("Failed to fetch");
    return this.answer(200, { acknowledged });
  };

  write(entry) {
    const reason = this.refuses(entry);
    if (!reason && !this.rows.some((row) => row.token === entry.token)) this.rows.push(entry);
    return { token: entry.token, saved: !reason, reason };
  }

  answer(status, told) {
    return { ok: status === 200, status, json: async () => told };
  }
}

/** One tab: the scripts loaded anew over the browser's shared storage. */
function openTab(storage, store, person = 7) {
  const source = ["server.js", "outbox.js"].map((name) => readFileSync(join(SCRIPTS, name), "utf8")).join("\n");
  const load = new Function("localStorage", "fetch", "document", `${source}\nreturn { Server, Outbox, newToken };`);
  const { Server, Outbox, newToken } = load(storage, store.fetch, { baseURI: "http://localhost/" });
  const card = {
    data: { person }, server: new Server(person), problem: null, refusals: [],
    notices: { draw() {} }, showState() {}, takeIn() {}, refused(value) { this.refusals.push(value); },
  };
  const outbox = new Outbox(card);
  const answer = (frame, rest = {}) => outbox.add({ kind: "decision", token: newToken(), frame_id: frame, level: "AUTONOMY", ...rest }, { caption: frame });
  return { card, outbox, answer, close: () => clearTimeout(outbox.timer) };
}

module.exports = { LocalStorage, Store, openTab };
