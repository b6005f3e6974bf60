// The little that the page needs to build its elements.

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * An element with a class (or none) and children. Text stays text.
 * @param {string} tag
 * @param {string} [className]
 * @param {...(Node | string)} children
 */
export function element(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const whole = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number} value */
export const count = (value) => whole.format(value);

/** @param {number} value With a minus sign instead of a hyphen. */
export const decimal = (value) =>
  tenths.format(Math.abs(value) < 0.05 ? 0 : value).replace("-", "−");

/** @param {number} time ms since 1970 */
export function clock(time) {
  const at = new Date(time);
  const part = (/** @type {number} */ value, width = 2) => String(value).padStart(width, "0");
  return `${part(at.getHours())}:${part(at.getMinutes())}:${part(at.getSeconds())}.${part(at.getMilliseconds(), 3)}`;
}
