// What the data set has of a frame beside its picture: boxes drawn over it, and the other cameras in place of the strip.

const SVG = "http://www.w3.org/2000/svg";
const CAMERA_ORDER = ["front left", "front right", "back left", "back", "back right"];
// Corners differ in one sign along an edge; a corner's number has one bit per sign.
const EDGES = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((corner) => [1, 2, 4].filter((bit) => !(corner & bit)).map((bit) => [corner, corner | bit]));

/**
 * The places of labels that do not cover each other; boxes come nearest first.
 * @param {{ x: number, y: number, width: number }[]} wanted
 * @returns {boolean[]} whether each may stand
 */
function freeLabels(wanted, height) {
  const placed = [];
  return wanted.map((one) => {
    const covers = placed.some((other) => one.x < other.x + other.width && other.x < one.x + one.width && Math.abs(one.y - other.y) < height);
    if (!covers) placed.push(one);
    return !covers;
  });
}

// `vehicle.bus.rigid` as `bus rigid`.
function boxName(name) {
  const parts = name.split(".");
  return visible((parts.length > 1 ? parts.slice(1) : parts).join(" ").replaceAll("_", " "));
}

class Around {
  /**
   * @param {{ ask: (act: string, frame: string) => Promise<any>, pictures: () => HTMLElement, strip: () => HTMLElement,
   *   button: (act: string) => HTMLElement | null, tell: (text: string) => void, say: (text: string) => void,
   *   look: (camera: any, label: string) => void, leave: () => void }} place
   */
  constructor(place) {
    this.place = place;
    this.frame = null;
    this.looked = null; // the camera that is shown large
  }

  follow(frame) {
    if (frame === this.frame) return;
    this.frame = frame;
    this.hideBoxes();
    this.hideCameras();
  }

  async toggle(act) {
    const isShown = act === "boxes" ? Boolean(this.drawing?.isConnected) : Boolean(this.row?.isConnected);
    if (isShown) return act === "boxes" ? this.hideBoxes() : this.hideCameras();
    const { frame } = this;
    if (!frame) return;
    let told;
    try {
      told = await this.place.ask(act, frame);
    } catch (error) {
      return this.place.tell(error.message);
    }
    if (this.frame !== frame) return;
    const found = told[act];
    if (told.note) this.place.tell(visible(told.note));
    if (!found.length) return;
    if (act === "boxes") this.showBoxes(found);
    else this.showCameras(found);
    this.place.say(act === "boxes" ? `${found.length} boxes, nearest ${boxName(found[0].name)} at ${found[0].metres} metres.` : `${found.length} other cameras.`);
  }

  hideBoxes() {
    this.drawing?.remove();
    this.drawing = null;
    this.press("boxes", false);
  }

  hideCameras() {
    this.comeBack();
    this.row?.remove();
    this.row = null;
    this.place.strip().hidden = false;
    this.press("cameras", false);
  }

  press(act, isOn) {
    this.place.button(act)?.setAttribute("aria-pressed", String(isOn));
  }

  showBoxes(boxes) {
    this.hideBoxes();
    const image = this.place.pictures().querySelector("img");
    if (!image) return;
    const { naturalWidth: width, naturalHeight: height } = image;
    const px = width / 1600;
    const drawn = boxes.map((box) => ({ ...box, at: box.corners.map(([x, y]) => [x * width, y * height]) }));
    this.drawing = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, class: "pl-boxes", "aria-hidden": "true", "data-boxes": String(boxes.length) })) {
      this.drawing.setAttribute(name, value);
    }
    const labels = drawn.map((box) => this.labelOf(box, width, px));
    const free = freeLabels(labels, 30 * px);
    // The farthest first, so that nearer ones lie over them.
    for (const place of [...drawn.keys()].reverse()) this.drawing.append(this.outline(drawn[place], px));
    for (const [place, label] of labels.entries()) if (free[place]) this.drawing.append(this.text(label, px));
    this.place.pictures().append(this.drawing);
    this.press("boxes", true);
  }

  labelOf(box, width, px) {
    const text = `${boxName(box.name)} ${Math.round(box.metres)} m`;
    const length = text.length * 13 * px;
    const left = Math.min(...box.at.map(([x]) => x));
    const top = Math.min(...box.at.map(([, y]) => y));
    return { text, width: length, x: Math.min(Math.max(2 * px, left), width - length), y: Math.max(28 * px, top - 6 * px) };
  }

  outline(box, px) {
    const path = EDGES.map(([from, to]) => `M${box.at[from].join(" ")}L${box.at[to].join(" ")}`).join("");
    const group = document.createElementNS(SVG, "g");
    for (const kind of ["pl-edge-under", "pl-edge"]) {
      const line = document.createElementNS(SVG, "path");
      line.setAttribute("d", path);
      line.setAttribute("class", kind);
      line.setAttribute("stroke-width", String((kind === "pl-edge" ? 2 : 4.5) * px));
      group.append(line);
    }
    return group;
  }

  text({ text, x, y }, px) {
    const label = document.createElementNS(SVG, "text");
    for (const [name, value] of Object.entries({ x, y, "font-size": 26 * px, "stroke-width": 5 * px })) label.setAttribute(name, String(value));
    label.textContent = text;
    return label;
  }

  showCameras(cameras) {
    this.hideCameras();
    const order = (one) => (CAMERA_ORDER.indexOf(one.name) + CAMERA_ORDER.length + 1) % (CAMERA_ORDER.length + 1);
    const sorted = [...cameras].sort((one, other) => order(one) - order(other));
    this.row = el("div", { class: "pl-cameras", role: "group", "aria-label": "The other cameras at this moment" },
      ...sorted.map((one) => this.camera(one)));
    this.place.strip().before(this.row);
    this.place.strip().hidden = true;
    this.press("cameras", true);
  }

  camera(one) {
    const name = visible(one.name);
    return el("button", { type: "button", class: "pl-camera", "data-camera": name, title: "Show it large", onclick: () => this.look(one) },
      el("img", { src: one.small, alt: "", draggable: "false", onerror: (event) => event.target.parentElement.classList.add("pl-lost") }),
      el("span", { text: name }));
  }

  // One camera large, over the frame; pressed again, it goes.
  look(one) {
    if (this.looked === one.name) return this.comeBack();
    this.looked = one.name;
    this.place.look(one, `Camera ${visible(one.name)}`);
    this.mark();
    return true;
  }

  // Back on the frame; false where no camera was shown large.
  comeBack() {
    if (!this.looked) return false;
    this.looked = null;
    this.place.leave();
    this.mark();
    return true;
  }

  mark() {
    for (const button of this.row?.children || []) button.setAttribute("aria-pressed", String(button.dataset.camera === visible(this.looked)));
  }
}

// What surrounds a card's picture, asked for and shown as the card's player does.
function aroundOn(card, tell) {
  return new Around({
    ask: (act, frame) => card.server.ask(act, { frame }),
    pictures: () => card.part("pictures"),
    strip: () => card.part("strip"),
    button: (act) => card.button(act),
    tell,
    say: (text) => card.say(text),
    look: (camera, label) => card.picture.look({ picture: camera.large, full: camera.full }, label),
    leave: () => card.picture.leave(),
  });
}
