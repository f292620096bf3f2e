// The picture: decoded before it is needed, zoomed and panned in full resolution, reported when it cannot be shown.

const AHEAD = 6;
const ZOOM = 2.5;

class Picture {
  constructor(card) {
    this.card = card;
    this.pool = new Map(); // frame -> { image, state: "loading" | "ready" | "broken" }
    this.shown = null;
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

  // Looking at a neighbour: over the frame, and clearly not the frame that is judged.
  look(neighbour, label) {
    const image = el("img", { class: "rc-picture", src: neighbour.picture, alt: label, draggable: "false" });
    this.card.part("away").replaceChildren(image, el("span", { text: `${label} · ${this.backHint()}` }));
    this.card.part("away").hidden = false;
  }

  backHint() {
    return "Esc goes back to the frame you judge";
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

  toggleZoom(at = null) {
    if (this.isZoomed) this.resetZoom();
    else this.zoomTo(ZOOM, at);
  }

  zoomTo(scale, at = null) {
    const next = Math.min(8, Math.max(1, scale));
    const box = this.stage.getBoundingClientRect();
    const px = at ? at.clientX - box.left - box.width / 2 : 0;
    const py = at ? at.clientY - box.top - box.height / 2 : 0;
    this.x = px - ((px - this.x) * next) / this.scale;
    this.y = py - ((py - this.y) * next) / this.scale;
    this.scale = next;
    this.fetchFull();
    this.applyZoom();
  }

  fetchFull() {
    const item = this.card.current;
    const image = this.card.part("pictures").firstElementChild;
    if (!item || !image || image.dataset.full) return;
    image.dataset.full = "loading";
    const full = new Image();
    full.src = item.full;
    full.decode().then(() => {
      image.src = item.full;
      image.dataset.full = "shown";
    }, () => delete image.dataset.full);
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.applyZoom();
  }

  applyZoom() {
    const box = this.stage.getBoundingClientRect();
    const roomX = (box.width * (this.scale - 1)) / 2;
    const roomY = (box.height * (this.scale - 1)) / 2;
    this.x = Math.max(-roomX, Math.min(roomX, this.x));
    this.y = Math.max(-roomY, Math.min(roomY, this.y));
    const pictures = this.card.part("pictures");
    pictures.style.transform = this.isZoomed ? `translate(${this.x}px, ${this.y}px) scale(${this.scale})` : "";
    this.stage.classList.toggle("rc-zoomed", this.isZoomed);
    this.card.root.querySelector("[data-act=zoom]").setAttribute("aria-pressed", String(this.isZoomed));
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
