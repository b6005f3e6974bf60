// A static server for one machine: directories of the checkout under paths of one origin. Used by the
// demo, the benchmark and the browser tests.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const types = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * Serves `mounts`, a map of URL paths (ending in "/": a directory) to files and directories. The longest
 * path that fits wins. Port 0 takes a free one.
 * @param {Record<string, string>} mounts
 * @param {{ port?: number, headers?: Record<string, string> }} [options]
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function serve(mounts, { port = 0, headers = {} } = {}) {
  const byLength = Object.entries(mounts).sort(([a], [b]) => b.length - a.length);

  const server = createServer(async (request, response) => {
    const path = fileOf(byLength, request.url ?? "/");
    const size =
      path && (request.method === "GET" || request.method === "HEAD") && (await sizeOf(path));
    if (!path || typeof size !== "number") {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
      return;
    }
    response.writeHead(200, {
      "content-type": types[extname(path)] ?? "application/octet-stream",
      "content-length": size,
      "cache-control": "no-cache",
      ...headers,
    });
    if (request.method === "HEAD") response.end();
    else
      createReadStream(path)
        .on("error", () => response.destroy())
        .pipe(response);
  });

  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://localhost:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The file that an address names, or undefined. It never leaves its mount. */
function fileOf(mounts, url) {
  let path;
  try {
    path = normalize(decodeURIComponent(new URL(url, "http://localhost").pathname));
  } catch {
    return undefined;
  }
  if (path.includes("\0") || path.includes("\\")) return undefined;
  for (const [prefix, target] of mounts) {
    if (!prefix.endsWith("/") && path === prefix) return target;
    if (!prefix.endsWith("/") || !path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    return join(target, rest === "" || rest.endsWith("/") ? `${rest}index.html` : rest);
  }
  return undefined;
}

async function sizeOf(path) {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}
