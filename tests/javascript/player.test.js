const { test } = require("node:test");
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const ROOM = join(__dirname, "../../annotator/player/js");
const source = ["timeline.js", "player.js", "around.js"].map((name) => readFileSync(join(ROOM, name), "utf8")).join("\n");

/** The player's parts over a browser that answers as `pictures` says, at a clock that the test moves. */
function browser({ isCalm = false, asked = [], answers = {} } = {}) {
  const frames = [];
  const clock = { now: 0 };
  class Node {
    constructor(tag, children = []) { Object.assign(this, { tag, children, hidden: true, isConnected: false }); }
    getContext() { return { drawImage() {} }; }
    async decode() {}
    replaceChildren(...children) {
      for (const child of this.children) child.isConnected = false;
      this.children = children;
      for (const child of children) child.isConnected = true;
    }
  }
  const load = new Function("el", "visible", "fetch", "createImageBitmap", "requestAnimationFrame", "matchMedia", "performance", "setTimeout", "clearTimeout",
    `${source}\nreturn { Timeline, Player, freeLabels, boxName, EDGES };`);
  const timers = [];
  const fetch = async (address, { signal }) => {
    asked.push(address);
    if (signal.aborted) throw new Error("aborted");
    const status = answers[address] || 200;
    return { ok: status === 200, status, text: async () => "This picture is cut.", blob: async () => address };
  };
  const parts = load((tag, _attributes, ...children) => new Node(tag, children), (text) => text, fetch,
    async (blob) => ({ width: 4, height: 2, close() {}, blob }), (step) => frames.push(step), () => ({ matches: isCalm }),
    { now: () => clock.now }, (act) => timers.push(act), () => timers.splice(0));
  const away = new Node("div");
  const told = [];
  const moment = { pictures: [-1, -0.75, -0.5, -0.25, 0].map((at, place) => ({ at, key: place % 2 === 0, small: `s${at}`, large: `l${at}`, full: `f${at}` })), sweeps: 2, words: "camera sweeps, 4 a second", note: "" };
  const place = { ask: async (frame) => ({ moment: { ...moment, frame } }), away: () => away, tell: (text) => told.push(text), say() {}, changed() {} };
  const player = new parts.Player(place);
  const settled = () => new Promise((done) => setImmediate(done));
  const run = async (seconds, step = 0.05) => {
    for (let at = 0; at < seconds - 1e-9; at += step) {
      clock.now += step * 1000;
      for (const act of frames.splice(0)) act();
      await settled();
    }
  };
  return { ...parts, player, place, away, told, run, settled, asked, timers, moment };
}

test("a picture is due from its time until the next one's, and none after the last", () => {
  const { Timeline } = browser();
  const line = new Timeline([-1, -0.5, 0]);
  const places = [];
  while (!line.isOver) { places.push(line.place); line.advance(0.25, () => true); }
  assert.deepEqual([...places, line.place], [0, 0, 1, 1, 2]);
});

test("half speed takes twice as long, and a tab that slept goes on where it was", () => {
  const { Timeline } = browser();
  const line = new Timeline([-1, 0]);
  line.rate = 0.5;
  line.advance(0.2, () => true);
  assert.equal(line.at, -0.9);
  line.rate = 1;
  assert.equal(line.advance(3600, () => true), 0.25);
  assert.equal(line.at, -0.65);
});

test("it waits for a picture that is not there yet, and the wait is not counted as watched", () => {
  const { Timeline } = browser();
  const line = new Timeline([-1, -0.5, 0]);
  line.advance(0.25, (place) => place < 1);
  assert.equal(line.advance(0.25, (place) => place < 1), 0);
  assert.equal(line.place, 0);
  line.advance(0.25, () => true);
  assert.equal(line.place, 1);
});

test("Space plays up to the frame and closes there; what was watched is counted", async () => {
  const { player, run, away, settled } = browser();
  player.follow("a");
  assert.equal(player.secondsPlayed, null);
  await player.toggle();
  await settled();
  await run(0.5);
  assert.ok(player.isPlaying && !away.hidden);
  await run(0.7);
  assert.ok(!player.isPlaying && away.hidden && !player.isOpen);
  assert.ok(Math.abs(player.secondsPlayed - 1) <= 0.1, String(player.secondsPlayed));
});

test("Space again pauses where it is, and the next goes on from there", async () => {
  const { player, run, settled, away } = browser();
  player.follow("a");
  await player.toggle();
  await settled();
  await run(0.6);
  await player.toggle();
  assert.ok(!player.isPlaying && player.isOpen && !away.hidden);
  const at = player.timeline.at;
  await run(5);
  assert.equal(player.timeline.at, at);
  await player.toggle({ half: true });
  assert.equal(player.timeline.rate, 0.5);
  assert.equal(player.timeline.at, at);
});

test("arrows step picture by picture while it is open, and to the frame at its end", async () => {
  const { player, run, settled } = browser();
  player.follow("a");
  assert.equal(player.step(-1), false);
  await player.toggle();
  await settled();
  await run(0.6);
  assert.ok(player.step(-1) && !player.isPlaying);
  assert.equal(player.timeline.at, -0.75);
  assert.ok(player.step(1) && player.step(1) && player.step(1));
  assert.ok(!player.isOpen);
});

test("the next frame ends it, and its pictures are no longer fetched", async () => {
  const { player, run, asked, settled, away } = browser();
  player.follow("a");
  await player.toggle();
  player.follow("b");
  const before = asked.length;
  await run(1);
  await settled();
  assert.ok(asked.length <= before && !player.isPlaying && away.hidden);
  assert.equal(player.secondsPlayed, null);
});

test("nothing is fetched ahead until somebody has played, then for the frames that they stay with", async () => {
  const { player, timers, asked, settled, run } = browser();
  player.follow("a");
  assert.equal(timers.length, 0);
  await player.toggle();
  await settled();
  await run(1.2);
  player.follow("b");
  assert.equal(timers.length, 1);
  const before = asked.length;
  timers[0]();
  for (let turn = 0; turn < 12; turn += 1) await settled();
  assert.equal(asked.length, before + 5);
});

test("with reduced motion the stills half a second apart are shown", async () => {
  const { player } = browser({ isCalm: true });
  player.follow("a");
  await player.toggle();
  assert.deepEqual(player.timeline.times, [-1, -0.5, 0]);
});

test("a cut picture is passed over and told; the frame alone is not played but said", async () => {
  const { player, run, settled, place, told, moment } = browser({ answers: { "s-0.5": 404 } });
  player.follow("a");
  await player.toggle();
  for (let turn = 0; turn < 12; turn += 1) await settled();
  await run(0.6);
  await player.toggle();
  assert.match(player.words.textContent, /1 of 5 pictures cannot be shown: This picture is cut\./);
  place.ask = async () => ({ moment: { ...moment, pictures: moment.pictures.slice(-1), sweeps: 0, note: "It is the first." } });
  player.follow("b");
  await player.toggle();
  assert.deepEqual(told, ["There is nothing to play before this frame. It is the first."]);
});

test("labels do not cover each other, and a box has twelve edges", () => {
  const { freeLabels, boxName, EDGES } = browser();
  const label = (x, y) => ({ x, y, width: 100 });
  assert.deepEqual(freeLabels([label(0, 0), label(50, 10), label(50, 30), label(101, 0)], 24), [true, false, true, true]);
  assert.equal(EDGES.length, 12);
  assert.equal(boxName("human.pedestrian.police_officer"), "pedestrian police officer");
});
