// What a board is: its tables, what can happen to it, and how each of these is taken back.
import { defineSchema } from "tablog";

/** @typedef {{ id: string, title: string, lane: string, rank: number }} Card */
/** @typedef {import("tablog").EventOf<typeof schema>} BoardEvent */

export const lanes = [
  { id: "todo", title: "To do" },
  { id: "doing", title: "Doing" },
  { id: "done", title: "Done" },
];

export const schema = defineSchema({
  version: 1,
  migrations: [
    `CREATE TABLE card(
       id TEXT PRIMARY KEY,
       title TEXT NOT NULL CHECK (title <> ''),
       lane TEXT NOT NULL CHECK (lane IN ('todo', 'doing', 'done')),
       rank REAL NOT NULL
     )`,
  ],
  events: {
    "card.added": "INSERT INTO card(id, title, lane, rank) VALUES (:id, :title, :lane, :rank)",
    "card.moved": "UPDATE card SET lane = :lane, rank = :rank WHERE id = :id",
    "card.renamed": "UPDATE card SET title = :title WHERE id = :id",
    "card.removed": "DELETE FROM card WHERE id = :id",
  },
});

export const kCards = "SELECT id, title, lane, rank FROM card ORDER BY rank, id";

/**
 * The event that takes another one back, given the card as it is before. Events stay in the log: undoing appends.
 * @param {BoardEvent} event
 * @param {Card | undefined} before
 * @returns {BoardEvent | undefined} Nothing where the event does nothing.
 */
export function inverse(event, before) {
  if (event.type === "card.added") return { type: "card.removed", args: { id: event.args.id } };
  if (before === undefined) return undefined;
  const { id, title, lane, rank } = before;
  if (event.type === "card.moved") return { type: "card.moved", args: { id, lane, rank } };
  if (event.type === "card.renamed") return { type: "card.renamed", args: { id, title } };
  return { type: "card.added", args: { id, title, lane, rank } };
}

/**
 * A rank that puts a card at a place among those of its lane.
 * @param {readonly Card[]} others Of the lane, in order, without the card itself.
 * @param {number} place 0: first
 */
export function rankAt(others, place) {
  const before = others[place - 1]?.rank;
  const after = others[place]?.rank;
  if (before === undefined && after === undefined) return 0;
  if (before === undefined) return /** @type {number} */ (after) - 1;
  if (after === undefined) return before + 1;
  return (before + after) / 2;
}
