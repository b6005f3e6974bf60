// Formats C++ with clang-format and the rest with Prettier: `format.mjs --write|--check [FILE…]`.
// Exits with 1 when --check finds something to do.
import { capture, root, sourceFiles } from "./lib.mjs";

const cppPattern = /\.(cc|h)$/;
const webPattern = /\.(tsx?|mjs|js|json|html|css)$/;
const ignored = /^(package-lock\.json|tests\/.*golden)/;

export async function format(mode, only = []) {
  const wanted = (path) => !ignored.test(path) && (only.length === 0 || only.includes(path));
  const cpp = sourceFiles(cppPattern).filter(wanted);
  const web = sourceFiles(webPattern).filter(wanted);
  const clangFormat = `${root}/.deps/toolchain/usr/bin/clang-format-19`;
  const runs = await Promise.all([
    cpp.length
      ? capture(clangFormat, mode === "--write" ? ["-i", ...cpp] : ["--dry-run", "-Werror", ...cpp])
      : undefined,
    web.length
      ? capture("node_modules/.bin/prettier", [
          mode === "--write" ? "--write" : "--check",
          "--log-level=warn",
          ...web,
        ])
      : undefined,
  ]);
  const failures = runs.filter((result) => result && result.code !== 0);
  return failures.map(({ stdout, stderr }) => stdout + stderr);
}

if (process.argv[1] === import.meta.filename) {
  const [mode, ...files] = process.argv.slice(2);
  const failures = await format(mode, files);
  if (failures.length) {
    console.error(failures.join("\n"));
    process.exit(1);
  }
}
