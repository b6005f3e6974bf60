// Names: how a store's name becomes the names of its locks, channels and directory.

import { invalid } from "./errors.js";
import type { Id } from "./bytes.js";

/** Which of a tab's two workers; numbered as in docs/boundary.md. */
export type Role = "replica" | "leader";

export const kNameUnitsMax = 1024;
/** In a store's directory: its name, where that of the directory does not tell it. */
export const kNameFile = "name";
const kEncodedMax = 100;
const kPrefix = 40;

/** Checks a store's name. @throws TablogError `InvalidArgument` */
export function requireName(name: unknown): string {
  if (typeof name !== "string") throw invalid(`name must be a string, not ${typeof name}`);
  if (name === "") throw invalid("name must not be empty");
  if (name.length > kNameUnitsMax)
    throw invalid(`name must have at most ${kNameUnitsMax} UTF-16 units`);
  if (/\p{Surrogate}/u.test(name))
    throw invalid("name has a lone surrogate: it is not Unicode text");
  return name;
}

/**
 * `notes` stays `notes`; bytes that mean something to a file system are percent-encoded; what would
 * be long becomes a prefix and a SHA-256. `~` stands in no other encoded name.
 */
export async function encodeName(name: string, digest: SubtleCrypto): Promise<string> {
  const utf8 = new TextEncoder().encode(name);
  const encoded = Array.from(utf8, (byte, at) => encodeByte(byte, at === 0)).join("");
  if (encoded.length <= kEncodedMax) return encoded;
  const hash = new Uint8Array(await digest.digest("SHA-256", utf8));
  return `${encoded.slice(0, kPrefix).replace(/%.?$/, "")}~${hexOf(hash)}`;
}

function encodeByte(byte: number, first: boolean): string {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9_-]/.test(character) || (character === "." && !first)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}

/** The name that was encoded; none where that holds only its hash, or was not written by `encodeName`. */
export function decodeName(encoded: string): string | undefined {
  try {
    return encoded.includes("~") ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function mintId(random: Crypto): Id {
  return hexOf(random.getRandomValues(new Uint8Array(16)));
}

export const lockNames = {
  leader: (key: string): string => `tablog:${key}:leader`,
  /** Held while a tab takes the place of a leader that is stopped; never stolen. */
  fork: (key: string): string => `tablog:${key}:fork`,
  /** Held by a page from an import's first file to the leader's word: one at a time. */
  import: (key: string): string => `tablog:${key}:import`,
  tab: (key: string, tab: Id): string => `tablog:${key}:tab:${tab}`,
  /** Held by a worker as long as it lives: its grant to anyone else means that the worker has died. */
  worker: (key: string, tab: Id, role: Role, life: number): string =>
    `tablog:${key}:worker:${tab}:${role}:${life}`,
  /** Likewise by a worker of a call: a past state's, an import's. */
  call: (id: Id): string => `tablog:call:${id}`,
};

/** Resolves when the worker that holds its life lock has ended, however. After its hello. */
export async function endOf(lifeLock: string): Promise<void> {
  await navigator.locks.request(lifeLock, () => undefined);
}

export const channelNames = {
  everyone: (key: string): string => `tablog/${key}`,
  inbox: (key: string, tab: Id, role: Role): string => `tablog/${key}/${tab}/${role[0]}`,
};

/** The tab of a worker's life lock. */
export function tabOfWorker(lock: string, key: string, role: Role): Id | undefined {
  const prefix = `tablog:${key}:worker:`;
  const [tab = "", of] = lock.startsWith(prefix) ? lock.slice(prefix.length).split(":") : [];
  return of === role && /^[0-9a-f]{32}$/.test(tab) ? tab : undefined;
}

/** The tabs whose lock is held, of the lock names that are held. */
export function tabsOf(held: readonly (string | undefined)[], key: string): Id[] {
  const prefix = lockNames.tab(key, "");
  return held.flatMap((name) => {
    const tab = name?.startsWith(prefix) === true ? name.slice(prefix.length) : "";
    return /^[0-9a-f]{32}$/.test(tab) ? [tab] : [];
  });
}
