// Makes dist/ what npm would publish: the bundled page and worker code with types, tablog.wasm, and the
// native tool in dist/bin/ with its man page in dist/man/. Prints the sizes, because they have limits.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { capture, root } from "./lib.mjs";

// Made aside and swapped in whole: what is served from dist/ meanwhile never finds half a package.
const dist = join(root, "build/package");
rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "bin"), { recursive: true });

// The page's module, the script of its workers, and that of an import, which few pages ever load; each stands alone,
// so any static server will do.
const entryPoints = ["web/src/index.ts", "web/src/worker.ts", "web/src/importer.ts"].filter(
  (path) => existsSync(join(root, path)),
);
await build({
  absWorkingDir: root,
  entryPoints,
  outdir: dist,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "none",
  logLevel: "warning",
});

if (existsSync(join(root, "web/tsconfig.page.json"))) {
  const types = await capture("node_modules/.bin/tsc", [
    ...["--project", "web/tsconfig.page.json", "--outDir", dist, "--rootDir", "web/src"],
    ...["--noEmit", "false", "--declaration", "--emitDeclarationOnly"],
  ]);
  if (types.code !== 0) {
    console.error(types.stdout + types.stderr);
    process.exit(1);
  }
}

for (const [from, to] of [
  ["build/wasm/bin/tablog.wasm", "tablog.wasm"],
  ["build/native/bin/tablog", "bin/tablog"],
]) {
  if (existsSync(join(root, from))) cpSync(join(root, from), join(dist, to));
}

const tool = join(dist, "bin/tablog");
if (existsSync(tool)) {
  const manual = await capture(tool, ["manual"]);
  if (manual.code !== 0) {
    console.error(manual.stdout + manual.stderr);
    process.exit(1);
  }
  mkdirSync(join(dist, "man"));
  writeFileSync(join(dist, "man/tablog.1"), manual.stdout);
}

const kScriptsMax = 26 * 1024; // of page and workers, gzipped; docs/decisions/size.md
let scripts = 0;
for (const name of ["index.js", "worker.js", "tablog.wasm"]) {
  if (!existsSync(join(dist, name))) continue;
  const bytes = readFileSync(join(dist, name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  if (name.endsWith(".js")) scripts += packed;
  console.log(`${name}: ${bytes.length} bytes, ${packed} gzipped`);
}
if (scripts > kScriptsMax) {
  console.error(`index.js and worker.js have ${scripts} bytes gzipped, more than ${kScriptsMax}`);
  process.exit(1);
}
rmSync(join(root, "dist"), { recursive: true, force: true });
renameSync(dist, join(root, "dist"));
