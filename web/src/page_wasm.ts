// The module is fetched and compiled once per page, and posted to every worker.

import { TablogError, wordsOf } from "./errors.js";

const kFetchPatienceMs = 60_000;
const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** @throws TablogError `LoadFailed` */
export function compileOnce(url: string): Promise<WebAssembly.Module> {
  const known = compiled.get(url);
  if (known !== undefined) return known;
  const module = compile(url).catch((thrown: unknown) => {
    compiled.delete(url); // the next openStore tries again
    throw loadFailed(url, thrown);
  });
  compiled.set(url, module);
  return module;
}

async function compile(url: string): Promise<WebAssembly.Module> {
  const response = await fetch(url, { signal: AbortSignal.timeout(kFetchPatienceMs) });
  if (!response.ok)
    throw new Error(`the server answered ${response.status} ${response.statusText}`);
  // A server that does not know .wasm sends another type, which compileStreaming refuses.
  const typed = response.headers.get("content-type")?.startsWith("application/wasm") === true;
  return typed
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

function loadFailed(url: string, thrown: unknown): TablogError {
  const advice =
    thrown instanceof WebAssembly.CompileError
      ? "is it the file of this version, and does the page's Content-Security-Policy allow 'wasm-unsafe-eval'?"
      : "serve tablog.wasm beside index.js, or pass wasmUrl";
  return new TablogError("LoadFailed", `${url} cannot be loaded (${wordsOf(thrown)}): ${advice}`, {
    cause: thrown,
  });
}
