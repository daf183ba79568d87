// @azure/batch: a pool with a start task, a job with a preparation task, 150 tasks, stdout.txt, and all of it deleted:
// the steps of Microsoft's tutorial batch-js-get-started. The library drops an endpoint's path, so it gets the bare origin.
const { BatchServiceClient, BatchSharedKeyCredentials } = require("@azure/batch");

const { BATCH_ACCOUNT, BATCH_KEY, BATCH_ORIGIN, BATCH_JOB } = process.env;
const pause = () => new Promise((resolve) => setTimeout(resolve, 200));

async function until(what, condition) {
  const deadline = Date.now() + 60000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true`);
    await pause();
  }
}

async function all(first, next) {
  const found = [...first];
  for (let link = first.odatanextLink; link; ) {
    const page = await next(link);
    found.push(...page);
    link = page.odatanextLink;
  }
  return found;
}

async function main() {
  const credentials = new BatchSharedKeyCredentials(BATCH_ACCOUNT, BATCH_KEY);
  const client = new BatchServiceClient(credentials, BATCH_ORIGIN);
  const pool = `${BATCH_JOB}-pool`;
  await client.pool.add({
    id: pool,
    vmSize: "Standard_D1_v2",
    targetDedicatedNodes: 2,
    taskSlotsPerNode: 4,
    virtualMachineConfiguration: {
      imageReference: { publisher: "canonical", offer: "ubuntu-24_04-lts", sku: "server", version: "latest" },
      nodeAgentSKUId: "batch.node.ubuntu 24.04",
    },
    startTask: { commandLine: "/bin/sh -c 'echo started > $AZ_BATCH_NODE_SHARED_DIR/started'", waitForSuccess: true },
  });
  const created = await client.pool.get(pool);
  if (created.state !== "active") throw new Error(created.state);
  await client.job.add({
    id: BATCH_JOB,
    poolInfo: { poolId: pool },
    jobPreparationTask: { commandLine: "/bin/sh -c 'cat $AZ_BATCH_NODE_SHARED_DIR/started'" },
  });
  const tasks = [...Array(150).keys()].map((number) => ({
    id: `t${number}`,
    commandLine: `/bin/sh -c 'echo number ${number}'`,
  }));
  for (let start = 0; start < tasks.length; start += 100) {
    const added = await client.task.addCollection(BATCH_JOB, tasks.slice(start, start + 100));
    if (added.value.some((result) => result.status.toLowerCase() !== "success")) throw new Error(JSON.stringify(added));
  }
  const pages = { taskListOptions: { maxResults: 60 } };
  const list = async () => all(await client.task.list(BATCH_JOB, pages), (link) => client.task.listNext(link));
  await until("all tasks completed", async () => (await list()).every((task) => task.state === "completed"));
  if ((await list()).length !== 150) throw new Error("tasks are missing");
  const file = await client.file.getFromTask(BATCH_JOB, "t149", "stdout.txt");
  const chunks = [];
  for await (const chunk of file.readableStreamBody) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  if (text !== "number 149\n") throw new Error(text);
  const task = await client.task.get(BATCH_JOB, "t149");
  if (task.executionInfo.exitCode !== 0) throw new Error(JSON.stringify(task.executionInfo));
  await client.job.deleteMethod(BATCH_JOB);
  await client.pool.deleteMethod(pool);
  console.log("walked");
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
