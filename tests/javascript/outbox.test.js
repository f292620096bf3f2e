// What a browser keeps until the store has it: nothing lost, doubled or reordered.

const assert = require("node:assert/strict");
const { afterEach, beforeEach, mock, test } = require("node:test");
const { LocalStorage, Store, openTab } = require("./browser_tab.js");

let storage;
let store;

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_700_000_000_000 });
  storage = new LocalStorage();
  store = new Store();
});

afterEach(() => mock.timers.reset());

async function pass(ms) {
  for (let at = 0; at < ms; at += 10) {
    mock.timers.tick(10);
    await new Promise((go) => setImmediate(go));
  }
}

const frames = () => store.rows.map((row) => row.frame_id);
const keptHere = (tab) => tab.outbox.waiting().map(({ entry }) => entry.frame_id);

test("answers arrive in the order in which they were given", async () => {
  const tab = openTab(storage, store);
  for (const frame of ["z", "a", "m", "b"]) tab.answer(frame);
  await pass(200);
  assert.deepEqual(frames(), ["z", "a", "m", "b"]);
  assert.deepEqual(keptHere(tab), []);
});

test("order holds when the clock is set back between two answers", async () => {
  store.status = 0;
  const tab = openTab(storage, store);
  tab.answer("first");
  mock.timers.setTime(1_600_000_000_000);
  const again = openTab(storage, store);
  again.answer("second");
  assert.deepEqual(keptHere(again), ["first", "second"]);
});

test("more answers than one message carries all arrive, in order", async () => {
  store.status = 0;
  const tab = openTab(storage, store);
  const given = Array.from({ length: 120 }, (_, n) => `frame-${n}`);
  for (const frame of given) tab.answer(frame);
  await pass(100);
  store.status = 200;
  await pass(12_000);
  assert.deepEqual(frames(), given);
});

test("a reload keeps what was not sent, and the next page sends it", async () => {
  store.status = 0;
  const before = openTab(storage, store);
  before.answer("a");
  before.answer("b");
  before.close();
  const after = openTab(storage, store);
  assert.equal(after.outbox.everAdded, true);
  store.status = 200;
  after.outbox.flush();
  await pass(50);
  assert.deepEqual(frames(), ["a", "b"]);
});

test("offline, nothing is dropped and the connection is tried again at growing distances", async () => {
  store.status = 0;
  const tab = openTab(storage, store);
  tab.answer("a");
  await pass(60_000);
  assert.equal(tab.card.problem.status, 0);
  assert.deepEqual(keptHere(tab), ["a"]);
  assert.ok(store.asked >= 6 && store.asked <= 12, `asked ${store.asked} times in a minute`);
  store.status = 200;
  await pass(10_500);
  assert.deepEqual(frames(), ["a"]);
  assert.equal(tab.card.problem, null);
});

test("an answer whose acknowledgement got lost is sent again under its own token and written once", async () => {
  store.losesAnswers = true;
  const tab = openTab(storage, store);
  tab.answer("a");
  await pass(3_000);
  assert.deepEqual(keptHere(tab), ["a"]);
  store.losesAnswers = false;
  await pass(10_000);
  assert.deepEqual(frames(), ["a"]);
  assert.deepEqual(keptHere(tab), []);
});

for (const status of [401, 409, 500, 503]) {
  test(`an app that answers ${status} leaves every answer in the browser`, async () => {
    store.status = status;
    const tab = openTab(storage, store);
    tab.answer("a");
    await pass(5_000);
    assert.equal(tab.card.problem.status, status);
    assert.deepEqual(keptHere(tab), ["a"]);
    tab.close();
  });
}

test("two tabs keep and send what both were given, once each and in order", async () => {
  const left = openTab(storage, store);
  const right = openTab(storage, store);
  store.status = 0;
  left.answer("a");
  right.answer("b");
  left.answer("c");
  store.status = 200;
  await pass(12_000);
  assert.deepEqual(frames(), ["a", "b", "c"]);
  assert.deepEqual([keptHere(left), keptHere(right)], [[], []]);
});

test("another person on the same computer neither sees nor sends what waits here", async () => {
  store.status = 0;
  const mine = openTab(storage, store, 7);
  mine.answer("a");
  mine.close();
  const theirs = openTab(storage, store, 8);
  store.status = 200;
  theirs.outbox.flush();
  await pass(100);
  assert.deepEqual(keptHere(theirs), []);
  assert.deepEqual(frames(), []);
  assert.deepEqual(keptHere(openTab(storage, store, 7)), ["a"]);
});

test("with the storage full, answers stay in the tab, are sent in order, and the tab says where they are", async () => {
  store.status = 0;
  const tab = openTab(storage, store);
  tab.answer("a");
  storage.room = 0;
  tab.answer("b");
  assert.deepEqual(keptHere(tab), ["a", "b"]);
  assert.equal(tab.outbox.isOnlyInTab, true);
  await pass(100);
  store.status = 200;
  await pass(12_000);
  assert.deepEqual(frames(), ["a", "b"]);
  assert.equal(tab.outbox.isOnlyInTab, false);
});

test("an answer kept in the tab alone moves into the storage as soon as there is room", async () => {
  store.status = 0;
  const tab = openTab(storage, store);
  storage.room = 0;
  tab.answer("a");
  storage.room = Infinity;
  await pass(1_500);
  tab.close();
  assert.deepEqual(keptHere(openTab(storage, store)), ["a"]);
});

test("storage that is forbidden altogether keeps nothing from being sent", async () => {
  const forbidden = new Proxy({}, { get() { throw new Error("SecurityError"); } });
  const tab = openTab(forbidden, store);
  tab.answer("a");
  await pass(200);
  assert.deepEqual(frames(), ["a"]);
});

test("a refused decision goes once its frame is decided again, unless its words would go with it", async () => {
  store.refuses = () => "It is with somebody else now.";
  const tab = openTab(storage, store);
  tab.answer("plain");
  tab.answer("worded", { reasoning: "A crane stands across the lane." });
  tab.answer("asked", { kind: "flag" });
  await pass(100);
  const refused = () => tab.outbox.refusedAnswers().map(({ entry }) => entry.frame_id);
  assert.deepEqual(refused(), ["plain", "worded", "asked"]);
  store.refuses = () => null;
  for (const frame of ["plain", "worded", "asked"]) tab.answer(frame);
  await pass(100);
  assert.deepEqual(refused(), ["worded", "asked"]);
  tab.answer("worded", { reasoning: "A crane blocks both lanes." });
  await pass(100);
  assert.deepEqual(refused(), ["asked"]);
});

test("a refused answer leaves the line and is kept with its words and the reason", async () => {
  store.refuses = (entry) => (entry.frame_id === "taken" ? "It is with somebody else now." : null);
  const tab = openTab(storage, store);
  tab.answer("taken", { reasoning: "A crane stands across the lane.", action: "Stop." });
  tab.answer("free");
  await pass(200);
  assert.deepEqual(frames(), ["free"]);
  assert.deepEqual(keptHere(tab), []);
  const [refused] = openTab(storage, store).outbox.refusedAnswers();
  assert.equal(refused.entry.reasoning, "A crane stands across the lane.");
  assert.equal(refused.reason, "It is with somebody else now.");
});

test("a frame that nobody could open is not kept as somebody's draft", async () => {
  store.refuses = () => "It is with somebody else now.";
  const tab = openTab(storage, store);
  tab.answer("a", { kind: "unreadable" });
  await pass(200);
  assert.deepEqual(tab.outbox.refusedAnswers(), []);
  assert.deepEqual(keptHere(tab), []);
});
