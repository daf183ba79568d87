/*
 * Eight tasks on the stack's pool, from Node.js.
 *
 *     make up STACK=javascript
 *     eval "$(.venv/bin/batchlocal env)"
 *     cd examples/javascript && npm install
 *     ../../.venv/bin/batchmgmt endpoint show --stack javascript --format javascript -o endpoint.mjs
 *     node squares.mjs javascript
 *
 * endpoint.mjs holds the account's key: keep it out of version control.
 */
import { BatchServiceClient, BatchSharedKeyCredentials } from "@azure/batch";
import { account, key, url } from "./endpoint.mjs";

const pool = process.argv[2] ?? "javascript";
const job = `squares-${Date.now()}`;
const numbers = [1, 2, 3, 4, 5, 6, 7, 8];
// The library drops the path of an endpoint; the signature names the account anyway.
const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), new URL(url).origin);

async function completed() {
  const counts = await client.job.getTaskCounts(job);
  return (counts.taskCounts ?? counts).completed;
}

async function printed(task) {
  const answer = await client.file.getFromTask(job, task, "stdout.txt");
  const chunks = [];
  for await (const chunk of answer.readableStreamBody) chunks.push(chunk);
  return Buffer.concat(chunks).toString().trim();
}

await client.job.add({ id: job, poolInfo: { poolId: pool } });
try {
  await client.task.addCollection(
    job,
    numbers.map((n) => ({ id: `square-${n}`, commandLine: `/bin/sh -c 'echo $((${n} * ${n}))'` })),
  );
  const deadline = Date.now() + 300_000;
  while ((await completed()) < numbers.length) {
    if (Date.now() > deadline) throw new Error(`not all tasks of job ${job} completed within 300 s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  for (const n of numbers) console.log(`${n}² = ${await printed(`square-${n}`)}`);
} finally {
  await client.job.deleteMethod(job);
}
