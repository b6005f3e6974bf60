// `./dev demo`: the main job, checked from end to end; `./dev demo --serve`: the app for a person's own browser.
import { parseArgs } from "node:util";
import { mainJob } from "./main_job.mjs";
import { serveDemo } from "./site.mjs";

const { values } = parseArgs({
  options: {
    serve: { type: "boolean", default: false },
    port: { type: "string", default: "8020" },
  },
});

if (values.serve) {
  const { url } = await serveDemo({ port: Number(values.port) }).catch((error) => {
    if (error.code !== "EADDRINUSE") throw error;
    console.error(`Port ${values.port} is taken: ./dev demo --serve --port N`);
    process.exit(1);
  });
  console.log(
    `Flight recorder: ${url}\nKanban board: ${url}kanban/\nOpen one in two or three tabs of one browser. Ctrl+C ends the server.`,
  );
} else {
  const differences = await mainJob();
  for (const difference of differences) console.error(`DIFFERS: ${difference}`);
  process.exitCode = differences.length === 0 ? 0 : 1;
}
