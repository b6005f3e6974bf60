// What a panel says of something that was thrown.

import { TablogError } from "tablog";

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly index: number | undefined;
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof TablogError)
    return { code: thrown.code, message: thrown.message, index: thrown.index };
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return { code: name, message, index: undefined };
}

/** Whether it is only that the call was withdrawn. */
export function isAborted(thrown: unknown): boolean {
  if (thrown instanceof TablogError) return thrown.code === "Aborted";
  return thrown instanceof DOMException && thrown.name === "AbortError";
}
