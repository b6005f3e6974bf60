// One client per store name and page, shared by its stores and counted.

import { Client } from "./client.js";
import { TablogError, invalid } from "./errors.js";
import type { Settings } from "./options.js";
import { sameSchema, type Schema } from "./schema.js";
import type { ClientEvent } from "./status.js";

export class SharedClient {
  readonly client: Client;
  readonly ready: Promise<void>;
  readonly #listeners = new Set<(event: ClientEvent) => void>();
  readonly #settings: Settings<Schema>;
  #users = 0;

  constructor(settings: Settings<Schema>) {
    this.#settings = settings;
    this.client = new Client(settings, (event) =>
      this.#listeners.forEach((listen) => listen(event)),
    );
    this.ready = this.client.open();
    this.ready.catch((error: TablogError) => this.#drop(error));
  }

  /** @throws TablogError if what is open differs from what is asked for */
  static acquire(settings: Settings<Schema>, listen: (event: ClientEvent) => void): SharedClient {
    const key = keyOf(settings);
    const open = shared.get(key);
    if (open !== undefined) requireSame(open.#settings, settings);
    const client = open ?? new SharedClient(settings);
    shared.set(key, client);
    client.#users += 1;
    client.#listeners.add(listen);
    return client;
  }

  /** True for the last user: the client is its own from then on, to close. */
  release(listen: (event: ClientEvent) => void): boolean {
    this.#listeners.delete(listen);
    this.#users -= 1;
    if (this.#users > 0) return false;
    this.#forget();
    return true;
  }

  #drop(error: TablogError): void {
    this.#forget();
    this.client.shutDown(error);
  }

  #forget(): void {
    const key = keyOf(this.#settings);
    if (shared.get(key) === this) shared.delete(key);
  }
}

const shared = new Map<string, SharedClient>();

// A tool beside its app follows the same log as a tab of its own.
function keyOf({ name, schema }: Settings<Schema>): string {
  return (schema.version > 0 ? "=" : "*") + name;
}

function requireSame(open: Settings<Schema>, asked: Settings<Schema>): void {
  const name = JSON.stringify(asked.name);
  if (asked.schema.version < open.schema.version) {
    const words = `this page has ${name} open with schema version ${open.schema.version}, newer than`;
    throw new TablogError("SchemaTooOld", `${words} ${asked.schema.version}`);
  }
  if (!sameSchema(open.schema, asked.schema)) {
    const words = `this page has ${name} open with another schema: close that store first`;
    throw new TablogError("SchemaConflict", words);
  }
  if (open.storage !== asked.storage)
    throw invalid(`this page has ${name} open with storage: "${open.storage}"`);
}
