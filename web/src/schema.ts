// The schema: what an app's events are called, which SQL applies them, and how the tables came to be.

import type { Argument } from "./arguments.js";
import { wellFormed } from "./arguments.js";
import { invalid } from "./errors.js";
import type { ParameterNames } from "./parameters.js";

/** Event types and the SQL that applies each: one or more statements with named parameters. */
export type EventSql = { readonly [type: string]: string };

/** Turns an event's arguments, as an older version has them, into those of the versions after `from`. */
export interface Upcaster {
  /** It takes what versions up to this one have appended. */
  readonly from: number;
  /**
   * An SQL expression that gives a JSON object, the new arguments: `json_object('id', :id, 'title', :text)`. `:name`
   * parameters are the old arguments. JSON has no blobs: one is carried over under its name.
   */
  readonly args: string;
}

/** What `defineSchema` takes. */
export interface SchemaDefinition<Events extends EventSql> {
  /** 1, 2, 3, …: raise it with every change of the migrations or of an event's SQL. */
  readonly version: number;
  /** SQL text; `migrations[i]` takes a store from version i to i + 1. */
  readonly migrations: readonly string[];
  /**
   * The SQL that applies each event type: `:name` parameters are bound from the event's arguments,
   * `:$index`, `:$term`, `:$time` and `:$client` by tablog. Time and randomness are the entry's, so
   * every replay gives the same rows.
   */
  readonly events: Events;
  /**
   * For events whose arguments have changed: one, or one for each version that changed them. An event of an older version
   * without any goes to the SQL of its type as it is.
   */
  readonly upcasters?: {
    readonly [Type in keyof NoInfer<Events> & string]?: Upcaster | readonly Upcaster[];
  };
}

/** A checked, frozen schema; make it with `defineSchema`. */
export interface Schema<Events extends EventSql = EventSql> extends SchemaDefinition<Events> {
  /** @internal Distinguishes a checked schema from a plain object. */
  readonly checked: true;
}

/** The event types of a schema. */
export type EventType<S extends Schema> = keyof S["events"] & string;

/** The arguments of an event type, named as in its SQL. */
export type EventArguments<S extends Schema, T extends EventType<S>> = T extends unknown
  ? { readonly [Name in ParameterNames<S["events"][T]>]: Argument }
  : never;

/** One event of an `appendBatch`. */
export type EventOf<S extends Schema> = {
  [T in EventType<S>]: [ParameterNames<S["events"][T]>] extends [never]
    ? { readonly type: T; readonly args?: Record<string, never> }
    : { readonly type: T; readonly args: EventArguments<S, T> };
}[EventType<S>];

const kVersionMax = 2 ** 32 - 1;

/**
 * Checks and freezes a schema. SQL is checked when the store is opened.
 * @throws TablogError `InvalidArgument`
 */
export function defineSchema<const Events extends EventSql>(
  definition: SchemaDefinition<Events>,
): Schema<Events> {
  if (typeof definition !== "object" || definition === null)
    throw invalid("a schema must be an object");
  const { version, migrations, events, upcasters = {} } = definition;
  if (!Number.isInteger(version) || version < 1 || version > kVersionMax) {
    throw invalid(`schema.version must be a whole number from 1 on, not ${String(version)}`);
  }
  if (!Array.isArray(migrations) || migrations.length !== version) {
    throw invalid(`schema.migrations must have one SQL text per version: ${version} of them`);
  }
  migrations.forEach((sql: unknown, i) => requireText(sql, `schema.migrations[${i}]`));
  if (typeof events !== "object" || events === null) {
    throw invalid("schema.events must be an object of event types and SQL");
  }
  for (const [type, sql] of Object.entries(events)) {
    const path = `schema.events[${JSON.stringify(type)}]`;
    if (wellFormed(type, path) === "")
      throw invalid("schema.events: an event type cannot be empty");
    if (requireText(sql, path).trim() === "") throw invalid(`${path} has no SQL`);
  }
  if (typeof upcasters !== "object" || upcasters === null)
    throw invalid("schema.upcasters must be an object of event types");
  const schema = Object.freeze({
    version,
    migrations: Object.freeze([...migrations]),
    events: Object.freeze({ ...events }),
    upcasters: Object.freeze({ ...upcasters }),
    checked: true as const,
  });
  checkUpcasters(schema);
  return schema;
}

/** By type and version. */
export function upcastersOf({ upcasters = {} }: Schema): ({ readonly type: string } & Upcaster)[] {
  return Object.entries(upcasters)
    .flatMap(([type, each]) => [each ?? []].flat().map((upcaster) => ({ type, ...upcaster })))
    .sort((a, b) => (a.type === b.type ? a.from - b.from : a.type < b.type ? -1 : 1));
}

/**
 * For tools that look into a store and do not know its app: the tab follows whichever schema the log has, also the next one. It
 * reads, and can lead; it appends nothing.
 */
export const anySchema: Schema<Record<never, string>> = Object.freeze({
  version: 0,
  migrations: [],
  events: {},
  checked: true,
});

/** Equal texts, equal schema. */
export function sameSchema(a: Schema, b: Schema): boolean {
  const textOf = (schema: Schema): string =>
    JSON.stringify([
      schema.version,
      schema.migrations,
      Object.entries(schema.events).sort(([x], [y]) => (x < y ? -1 : 1)),
      upcastersOf(schema),
    ]);
  return a === b || textOf(a) === textOf(b);
}

function checkUpcasters(schema: Schema): void {
  let last = "";
  for (const { type, from, args } of upcastersOf(schema)) {
    const path = `schema.upcasters[${JSON.stringify(type)}]`;
    if (!Object.hasOwn(schema.events, type)) throw invalid(`${path}: there is no such event type`);
    if (!Number.isInteger(from) || from < 1 || from >= schema.version)
      throw invalid(`${path}.from must be an older version than ${schema.version}`);
    if (requireText(args, `${path}.args`).trim() === "") throw invalid(`${path}.args has no SQL`);
    const place = `${type} ${from}`;
    if (place === last) throw invalid(`${path} has two from version ${from}`);
    last = place;
  }
}

function requireText(value: unknown, path: string): string {
  if (typeof value !== "string") throw invalid(`${path} must be SQL text, not ${typeof value}`);
  return wellFormed(value, path);
}
