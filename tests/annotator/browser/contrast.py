"""How far text stands out from what is behind it, measured in the browser as WCAG 2 defines it."""

from __future__ import annotations

CONTRAST = """(root, selector) => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (css) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = css; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => (one <= .03928 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4))
    .reduce((sum, one, place) => sum + one * [.2126, .7152, .0722][place], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255];
  };
  const faded = (node) => {
    let all = 1;
    for (let one = node; one; one = one.parentElement) all *= getComputedStyle(one).opacity;
    return all;
  };
  const saysSomething = (one) => [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  return [...root.querySelectorAll(selector)]
    .filter((one) => one.offsetParent && saysSomething(one))
    .filter((one) => !one.closest(':disabled, [aria-disabled=true]'))
    .map((one) => {
      const under = behind(one), over = rgba(getComputedStyle(one).color), part = faded(one);
      const mixed = [0, 1, 2].map((place) => over[place] * part + under[place] * (1 - part));
      const [high, low] = [light(mixed), light(under)].sort((a, b) => b - a);
      return [(high + .05) / (low + .05), one.textContent.slice(0, 40)];
    })
    .filter(([ratio]) => ratio < 4.5);
}"""
"""[ratio, text] of everything below 4.5 to 1 among the elements of a root that a selector names."""
