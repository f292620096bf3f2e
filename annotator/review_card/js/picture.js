// The picture: decoded before it is needed, zoomed and panned in full resolution, reported when it cannot be shown.

const AHEAD = 6;
const ZOOM = 2.5;

class Picture {
  constructor(card) {
    this.card = card;
    this.pool = new Map(); // frame -> { image, state: "loading" | "ready" | "broken" }
    this.shown = null;
    this.looked = { x: 0.5, y: 0.5 }; // the point of the picture that was in the middle when one last zoomed
    this.resetZoom();
    this.listenToPointer();
  }

  get stage() {
    return this.card.part("stage");
  }

  // Start loading and decoding the frames that come next; forget those that are gone.
  warm(items) {
    const wanted = new Map(items.map((item) => [item.frame, item]));
    for (const frame of [...this.pool.keys()]) if (!wanted.has(frame)) this.pool.delete(frame);
    for (const item of wanted.values()) if (!this.pool.has(item.frame)) this.load(item);
  }

  load(item, attempt = 0) {
    const image = new Image();
    image.className = "rc-picture";
    image.alt = `Front camera picture, ${visible(item.caption)}`;
    image.draggable = false;
    image.decoding = "sync";
    const kept = { image, state: "loading" };
    this.pool.set(item.frame, kept);
    image.src = attempt ? `${item.picture}&again=${attempt}` : item.picture;
    image.decode().then(
      () => {
        kept.state = "ready";
        this.card.pictureReady(item.frame);
      },
      () => this.failed(item, kept, attempt),
    );
  }

  async failed(item, kept, attempt) {
    if (this.pool.get(item.frame) !== kept) return;
    const answer = await fetch(item.picture, { credentials: "same-origin" }).catch(() => null);
    if (this.pool.get(item.frame) !== kept) return;
    if (!answer || answer.status >= 500 || answer.status === 401) {
      setTimeout(() => this.pool.get(item.frame) === kept && this.load(item, attempt + 1), 2000);
    } else if (answer.status === 403) {
      this.pool.delete(item.frame);
      this.card.addressExpired(item.frame);
    } else if (answer.ok && attempt === 0) {
      this.load(item, 1);
    } else {
      kept.state = "broken";
      this.card.pictureBroken(item);
    }
  }

  isReady(frame) {
    return this.pool.get(frame)?.state === "ready";
  }

  show(frame) {
    const kept = this.pool.get(frame);
    this.resetZoom();
    this.leave();
    if (kept?.state === "ready") {
      this.card.part("pictures").replaceChildren(kept.image);
      this.shown = frame;
    } else {
      this.card.part("pictures").replaceChildren();
      this.shown = null;
    }
    this.card.part("wait").hidden = this.shown !== null;
  }

  clear() {
    this.shown = null;
    this.card.part("pictures").replaceChildren();
    this.card.part("wait").hidden = true;
    this.leave();
  }

  // Looking at a neighbour: over the frame, and clearly not the frame that is judged. Zoom and place stay.
  look(neighbour, label) {
    const image = el("img", { class: "rc-picture", src: neighbour.picture, alt: label, draggable: "false", "data-full-src": neighbour.full });
    const words = `${label} · Esc goes back to the frame you judge`;
    this.card.part("away").replaceChildren(el("div", { class: "rc-pictures" }, image), el("span", { text: words }));
    this.card.part("away").hidden = false;
    this.applyZoom();
    if (this.isZoomed) this.sharpen();
  }

  leave() {
    this.card.part("away").hidden = true;
    this.card.part("away").replaceChildren();
  }

  get isZoomed() {
    return this.scale > 1;
  }

  resetZoom() {
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.applyZoom();
  }

  // What a person's keys do with the picture: zoom, pan where it is zoomed, else step along the strip.
  steer(act) {
    if (act === "zoom") return this.toggleZoom();
    if (act === "zoom_in" || act === "zoom_out") return this.zoomBy(act === "zoom_in" ? 1.5 : 1 / 1.5);
    const [dx, dy] = { before: [1, 0], after: [-1, 0], up: [0, 1], down: [0, -1] }[act];
    if (this.isZoomed) this.pan(dx * 60, dy * 60);
    else if (dx && !this.card.player.step(-dx)) this.card.strip.step(-dx);
  }

  // In to where the pointer is, or else to where one looked last; out again.
  toggleZoom(at = null) {
    if (this.isZoomed) this.resetZoom();
    else if (at) this.zoomTo(ZOOM, at);
    else this.zoomToPlace(ZOOM);
  }

  zoomBy(factor) {
    if (this.isZoomed) this.zoomTo(this.scale * factor);
    else if (factor > 1) this.zoomToPlace(factor);
  }

  zoomToPlace(scale) {
    const { width, height } = this.stage.getBoundingClientRect();
    const { x, y } = this.looked;
    this.scale = scale;
    this.x = (0.5 - x) * width * scale;
    this.y = (0.5 - y) * height * scale;
    this.applyZoom();
    this.sharpen();
  }

  zoomTo(scale, at = null) {
    const next = Math.min(8, Math.max(1, scale));
    const box = this.stage.getBoundingClientRect();
    const px = at ? at.clientX - box.left - box.width / 2 : 0;
    const py = at ? at.clientY - box.top - box.height / 2 : 0;
    this.x = px - ((px - this.x) * next) / this.scale;
    this.y = py - ((py - this.y) * next) / this.scale;
    this.scale = next < 1.05 ? 1 : next;
    this.applyZoom();
    if (this.isZoomed) this.sharpen();
  }

  // The picture on top, in its own resolution.
  sharpen() {
    const away = this.card.part("away").querySelector("img");
    const image = away || this.card.part("pictures").firstElementChild;
    const address = away ? away.dataset.fullSrc : this.card.current?.full;
    if (!image || !address || image.dataset.full) return;
    image.dataset.full = "loading";
    const full = new Image();
    full.src = address;
    full.decode().then(() => {
      image.src = address;
      image.dataset.full = "shown";
    }, () => delete image.dataset.full);
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.applyZoom();
  }

  applyZoom() {
    const { width, height } = this.isZoomed ? this.stage.getBoundingClientRect() : { width: 0, height: 0 };
    const roomX = (width * (this.scale - 1)) / 2;
    const roomY = (height * (this.scale - 1)) / 2;
    this.x = Math.max(-roomX, Math.min(roomX, this.x));
    this.y = Math.max(-roomY, Math.min(roomY, this.y));
    if (this.isZoomed) this.looked = { x: 0.5 - this.x / (width * this.scale), y: 0.5 - this.y / (height * this.scale) };
    const transform = this.isZoomed ? `translate(${this.x}px, ${this.y}px) scale(${this.scale})` : "";
    for (const pictures of this.stage.querySelectorAll(".rc-pictures")) pictures.style.transform = transform;
    this.stage.classList.toggle("rc-zoomed", this.isZoomed);
    this.card.button("zoom").setAttribute("aria-pressed", String(this.isZoomed));
    this.card.part("factor").textContent = this.isZoomed ? `${Math.round(this.scale * 10) / 10}×` : "";
  }

  listenToPointer() {
    let from = null;
    const stage = this.stage;
    stage.addEventListener("pointerdown", (event) => {
      if (!this.isZoomed || event.target.closest("button")) return;
      from = { x: event.clientX, y: event.clientY };
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      if (!from) return;
      this.pan(event.clientX - from.x, event.clientY - from.y);
      from = { x: event.clientX, y: event.clientY };
    });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { from = null; });
    stage.addEventListener("wheel", (event) => {
      if (!this.isZoomed) return;
      event.preventDefault();
      this.zoomTo(this.scale * (event.deltaY < 0 ? 1.2 : 1 / 1.2), event);
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button")) this.toggleZoom(event);
    });
  }
}
