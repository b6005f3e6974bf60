// Makes dist/ what npm would publish: the bundled page and worker code with types, tablog.wasm, the inspector in
// dist/inspector/, and the native tool in dist/bin/ with its man page in dist/man/. Prints the sizes, because they
// have limits.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
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
const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  legalComments: "none",
  logLevel: "warning",
};
await build({ ...common, entryPoints, outdir: dist });

// The inspector has the libraries of its page in it, and tablog beside it: on an app's page they are one module.
const tablogBeside = {
  name: "tablog beside",
  setup: ({ onResolve }) =>
    onResolve({ filter: /^tablog$/ }, () => ({ path: "../index.js", external: true })),
};
const stylesAsText = {
  name: "styles as text",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const css = readFileSync(path, "utf8");
      const { code } = await transform(css, { loader: "css", minify: true });
      return { contents: code, loader: "text" };
    }),
};
await build({
  ...common,
  entryPoints: ["tools/inspector/inspector.tsx"],
  outdir: join(dist, "inspector"),
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "linked", // of the libraries
  plugins: [tablogBeside, stylesAsText],
});
for (const file of ["index.html", "page.js", "types/inspector.d.ts"])
  cpSync(join(root, "tools/inspector", file), join(dist, "inspector", basename(file)));

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

/** Its size gzipped, told; 0 where it is not built. */
function tellSize(name) {
  if (!existsSync(join(dist, name))) return 0;
  const bytes = readFileSync(join(dist, name));
  const packed = gzipSync(bytes, { level: 9 }).length;
  console.log(`${name}: ${bytes.length} bytes, ${packed} gzipped`);
  return packed;
}

// Gzipped. docs/decisions/size.md; the inspector is loaded by who debugs: docs/decisions/inspector.md.
const limits = [
  { names: ["index.js", "worker.js"], most: 26 * 1024 },
  { names: ["inspector/inspector.js"], most: 64 * 1024 },
];
tellSize("tablog.wasm");
for (const { names, most } of limits) {
  const packed = names.reduce((sum, name) => sum + tellSize(name), 0);
  if (packed <= most) continue;
  console.error(`${names.join(" and ")}: ${packed} bytes gzipped, more than ${most}`);
  process.exit(1);
}
rmSync(join(root, "dist"), { recursive: true, force: true });
renameSync(dist, join(root, "dist"));
