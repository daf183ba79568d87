// Starts Azurite's blob service for batchlocal: launch.cjs FOLDER-OF-AZURITE [Azurite's options]
//
// stdin:  one JSON object a line. {"accounts": {"name": ["key1", "key2"]}}: the storage accounts from now on. Keys come this
//         way and no other, so they are in no file, argument or variable. {"save": true}: write out what is only in memory.
//         {"judged": true}: ask before each request that is authenticated what it meets;
//         {"answer": number, "verdict": {...}}: what a request meets that was asked about (gate.cjs).
//         The end of stdin, which is also the end of whoever started us, however it came, makes Azurite flush and end.
// stdout: one JSON object a line: {"ready": true} once it listens, {"accounts": count} once accounts are in force,
//         {"saved": true} once all that was written before lies in files; {"ask": number, ...} before a request is performed.
"use strict";

const path = require("node:path");
const readline = require("node:readline");
const gate = require("./gate.cjs");

const [installed] = process.argv.splice(2, 1); // what is left are Azurite's own options
const root = path.join(installed, "node_modules", "azurite", "dist", "src");
const AccountDataStore = require(path.join(root, "common", "AccountDataStore.js")).default;
const { BlobServerFactory } = require(path.join(root, "blob", "BlobServerFactory.js"));

let accounts = new Map();
AccountDataStore.prototype.getAccount = (name) => accounts.get(name);

const say = (message) => process.stdout.write(JSON.stringify(message) + "\n");
const quiet = () => {};

// Azurite's databases: of blobs, and of the extents that hold their content. They lie in memory and are written out now and then.
const save = (server) =>
  Promise.all(
    [server.metadataStore, server.extentMetadataStore].map(
      ({ db }) => new Promise((done, failed) => db.saveDatabase((error) => (error ? failed(error) : done()))),
    ),
  );

function take(sent) {
  accounts = new Map(
    Object.entries(sent).map(([name, [key1, key2]]) => [
      name,
      { name, key1: Buffer.from(key1, "base64"), key2: key2 ? Buffer.from(key2, "base64") : undefined },
    ]),
  );
  say({ accounts: accounts.size });
}

gate.install(root, say);

async function main() {
  console.log = quiet; // Azurite's own lines would be taken for ours
  const server = await new BlobServerFactory().createServer();
  await server.start();
  let closing = false;
  const end = async () => {
    if (closing) return;
    closing = true;
    setTimeout(() => process.exit(0), 3000).unref(); // open connections may keep close() waiting; the data is flushed first
    await server.close();
    process.exit(0);
  };
  const lines = readline.createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const message = JSON.parse(line);
    if (message.judged) gate.start();
    else if (message.answer) gate.answer(message);
    else if (message.accounts) take(message.accounts);
    else save(server).then(() => say({ saved: true }), end); // what cannot be written must not be served on
  });
  lines.on("close", end);
  process.on("SIGTERM", end);
  process.on("SIGINT", quiet); // Ctrl-C reaches the whole group; our starter decides
  say({ ready: true });
}

main().catch((error) => {
  process.stderr.write(`Azurite did not start: ${error.message}\n`);
  process.exit(1);
});
