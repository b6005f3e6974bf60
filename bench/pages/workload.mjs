// What every contender does: the same table, the same rows, the same questions.

export const createTable =
  "CREATE TABLE item(id INTEGER PRIMARY KEY, owner TEXT NOT NULL, body TEXT NOT NULL)";
export const insert = "INSERT INTO item(id, owner, body) VALUES (:id, :owner, :body)";
export const point = "SELECT id, owner, body FROM item WHERE id = :id";
export const range = "SELECT id, owner, body FROM item WHERE id >= :from ORDER BY id LIMIT :count";

const words =
  "the quick brown fox jumps over the lazy dog while eleven tabs wait for one lock to be granted again";

/** A row of about 130 bytes. @param {number} id */
export const item = (id) => ({ id, owner: `owner-${id % 97}`, body: `${id} ${words}` });

/** @param {number} first @param {number} count */
export const items = (first, count) => Array.from({ length: count }, (_, i) => item(first + i));

/**
 * Runs `task` so many times, one after the other.
 * @param {number} times
 * @param {(i: number) => Promise<unknown>} task
 * @returns {Promise<number[]>} The milliseconds of each.
 */
export async function timed(times, task) {
  const samples = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await task(i);
    samples.push(performance.now() - start);
  }
  return samples;
}

/** ms since 1970, to compare with other processes. */
export const wallClock = () => performance.timeOrigin + performance.now();
