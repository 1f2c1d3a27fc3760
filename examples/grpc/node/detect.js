// Finds objects in pictures, one by one or as a stream.
//
//   node detect.js [--stream] [--target HOST:PORT] PICTURE...
//
// SIGHTLINE_API_KEY holds the API key where the server wants one.
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const PROTOS = fileURLToPath(new URL("../../../protos", import.meta.url));
const definition = protoLoader.loadSync(join("sightline", "v1", "vision.proto"), {
  includeDirs: [PROTOS],
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
  oneofs: true,
});
const { VisionService } = grpc.loadPackageDefinition(definition).sightline.v1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    stream: { type: "boolean", default: false },
    target: { type: "string", default: "127.0.0.1:8600" },
  },
});
const client = new VisionService(values.target, grpc.credentials.createInsecure());

function metadata() {
  const headers = new grpc.Metadata();
  const key = process.env.SIGHTLINE_API_KEY;
  if (key) headers.set("authorization", `Bearer ${key}`);
  return headers;
}

function print(name, answer) {
  const found = answer.detections.map((each) => `${each.label} ${each.score.toFixed(2)}`);
  console.log(`${name}: ${found.join(", ") || "nothing"}`);
}

function detect(path) {
  const request = { picture: { file: readFileSync(path) }, name: basename(path) };
  const deadline = new Date(Date.now() + 30_000);
  return new Promise((resolve, reject) => {
    client.Detect(request, metadata(), { deadline }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

async function detectStream(paths) {
  const call = client.DetectStream(metadata());
  call.write({ setup: { queue: { frames_max: 64 }, timeout_ms: 30_000 } });
  paths.forEach((path, index) => {
    call.write({ frame: { sequence: index + 1, picture: { file: readFileSync(path) } } });
  });
  call.end();
  for await (const answer of call) {
    const name = paths[answer.sequence - 1];
    if (answer.outcome === "result") print(name, answer.result);
    else if (answer.outcome === "dropped") console.log(`${name}: ${answer.dropped.reason}`);
    else if (answer.outcome === "error") console.log(`${name}: ${answer.error.message}`);
    else console.log("summary:", JSON.stringify(answer.summary));
  }
}

try {
  if (values.stream) await detectStream(positionals);
  else for (const path of positionals) print(path, await detect(path));
} catch (error) {
  console.error(`${grpc.status[error.code] ?? "error"}: ${error.details ?? error.message}`);
  process.exitCode = 1;
} finally {
  client.close();
}
