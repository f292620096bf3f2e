// Single keys. They fire nothing while somebody types, while a key is held down, or with Ctrl, Alt or Meta.

class Keys {
  constructor(card) {
    this.card = card;
    this.listen = (event) => this.onKey(event);
    document.body.addEventListener("keydown", this.listen);
  }

  stop() {
    document.body.removeEventListener("keydown", this.listen);
  }

  get on() {
    return this.card.settings.keys_on;
  }

  keyFor(act) {
    return this.card.settings.keys[act];
  }

  actFor(key) {
    const wanted = key === "=" ? "+" : key.length === 1 ? key.toLowerCase() : key; // "=" is the plus key without Shift
    const pair = Object.entries(this.card.settings.keys).find(
      ([, one]) => (one.length === 1 ? one.toLowerCase() : one) === wanted,
    );
    return pair && pair[0];
  }

  // Whether something of the page around the card lies over it: what nobody can see must decide nothing.
  get isCovered() {
    const { root } = this.card;
    if (!root.isConnected || !root.getClientRects().length || root.closest("[inert], [aria-hidden=true]")) return true;
    return [...document.querySelectorAll("[role=dialog], [role=alertdialog], [aria-modal=true], dialog[open]")]
      .some((one) => !root.contains(one) && !one.contains(root) && one.getClientRects().length > 0);
  }

  onKey(event) {
    const target = event.composedPath()[0];
    if (event.defaultPrevented || event.isComposing || this.isCovered) return;
    if (this.card.dialogs.isOpen) return this.card.dialogs.onKey(event, target);
    if (event.ctrlKey && event.key === "Enter" && this.card.wording.isOpen) {
      event.preventDefault();
      if (!event.repeat) this.card.wording.save();
      return;
    }
    if (event.key === "Escape" && !event.repeat) return this.card.escape(event, target);
    if (event.ctrlKey || event.metaKey || event.altKey || !this.on || this.isTyping(target)) return;
    if (this.isNative(event.key, target)) return;
    const act = this.card.wording.actFor(event.key) || this.actFor(event.key);
    if (!act) return;
    const { isZoomed } = this.card.picture;
    if ((act === "up" || act === "down") && !isZoomed) return; // the page scrolls
    event.preventDefault();
    const mayRepeat = isZoomed && ["before", "after", "up", "down", "zoom_in", "zoom_out"].includes(act);
    if (event.repeat && !mayRepeat) return;
    if (this.card.deciding.isTooSoon(act)) return;
    this.card.act(act, event.shiftKey);
  }

  isTyping(target) {
    return target instanceof HTMLElement && (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable);
  }

  // Enter and Space on a focused control do what they do everywhere.
  isNative(key, target) {
    const isControl = target instanceof Element && target.closest("button, a, summary, [role=menuitem], [role=tab]");
    return Boolean(isControl) && (key === "Enter" || key === " ");
  }

  // What screen readers say about a control's key; nothing while keys are off.
  mark(button, act) {
    const key = this.on ? this.keyFor(act) : null;
    const hint = button.querySelector("kbd");
    if (hint) {
      hint.textContent = key ? keyLabel(key) : "";
      hint.hidden = !key;
      hint.dataset.key = key || "";
    }
    if (key) button.setAttribute("aria-keyshortcuts", key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key);
    else button.removeAttribute("aria-keyshortcuts");
  }
}
