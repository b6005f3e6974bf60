/**
 * Waits for a promise, but not for ever.
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @param {string} what As in "waited 5 s for …".
 * @returns {Promise<T>}
 */
export function within(ms, promise, what) {
  let timer;
  const over = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms / 1000} s for ${what}`)), ms);
  });
  return Promise.race([promise, over]).finally(() => clearTimeout(timer));
}
