// Every method group of @azure/arm-batch; settings as in management_methods.py, packages in the folder MODULES.
"use strict";

const assert = require("node:assert");
const { createRequire } = require("node:module");

const packages = createRequire(`${process.env.MODULES}/x.js`);
const { BatchManagementClient } = packages("@azure/arm-batch");
const { ClientSecretCredential } = packages("@azure/identity");

const settings = JSON.parse(process.env.METHODS);
const at = [settings.group, settings.account];
const where = { location: "westeurope" };
const pool = {
  vmSize: "Standard_D2s_v3",
  deploymentConfiguration: {
    virtualMachineConfiguration: {
      imageReference: { publisher: "canonical", offer: "ubuntu-24_04-lts", sku: "server" },
      nodeAgentSkuId: "batch.node.ubuntu 24.04",
    },
  },
};
const called = new Set();

/** The client, with every call noted as group.method. */
function noted(client) {
  return new Proxy(client, {
    get(target, group) {
      const found = target[group];
      if (typeof found !== "object" || found === null) return found;
      return new Proxy(found, {
        get(methods, name) {
          const method = methods[name];
          if (typeof method !== "function") return method;
          called.add(`${String(group)}.${String(name)}`);
          return method.bind(methods);
        },
      });
    },
  });
}

/** Operation groups of the client and their methods, without those that begin what others await. */
function everyMethod(client) {
  const found = [];
  for (const group of Object.keys(client)) {
    const methods = client[group];
    const prototype = methods && typeof methods === "object" ? Object.getPrototypeOf(methods) : null;
    if (!prototype || !/(Operations|Impl)$/.test(prototype.constructor.name)) continue;
    for (const name of Object.getOwnPropertyNames(prototype)) {
      if (name === "constructor" || name.startsWith("_") || /Paging(Page|All)$|Next$/.test(name)) continue;
      if (/^begin(?!.*AndWait$)/.test(name)) continue;
      found.push(`${group}.${name}`);
    }
  }
  return found.filter((name) => typeof client[name.split(".")[0]][name.split(".")[1]] === "function");
}

async function all(listing) {
  const found = [];
  for await (const one of listing) found.push(one);
  return found;
}

async function refused(promise) {
  await assert.rejects(promise, (error) => error.statusCode >= 400 && error.statusCode < 500);
}

async function accounts(client) {
  const account = client.batchAccountOperations;
  const made = await account.beginCreateAndWait(...at, { ...where, autoStorage: { storageAccountId: settings.storage } });
  assert.equal(made.provisioningState, "Succeeded");
  assert.deepEqual((await account.update(...at, { tags: { a: "b" } })).tags, { a: "b" });
  assert.equal((await account.get(...at)).name, settings.account);
  assert((await all(account.list())).some((one) => one.name === settings.account));
  assert((await all(account.listByResourceGroup(settings.group))).some((one) => one.name === settings.account));
  const before = await account.getKeys(...at);
  assert.notEqual((await account.regenerateKey(...at, { keyName: "Primary" })).primary, before.primary);
  await account.synchronizeAutoStorageKeys(...at);
  assert.equal((await all(account.listOutboundNetworkDependenciesEndpoints(...at)))[0].category, "Azure Batch");
  const [detector] = await all(account.listDetectors(...at));
  assert.equal((await account.getDetector(...at, detector.name)).name, detector.name);
}

async function applications(client) {
  const { applicationOperations: application, applicationPackageOperations: versions } = client;
  await application.create(...at, "app");
  const made = await versions.create(...at, "app", "1");
  const headers = { "x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-12-02" };
  const body = Buffer.concat([Buffer.from("PK\x05\x06", "latin1"), Buffer.alloc(18)]);
  assert.equal((await fetch(made.storageUrl, { method: "PUT", headers, body })).status, 201);
  assert.equal((await versions.activate(...at, "app", "1", { format: "zip" })).state, "Active");
  assert.equal((await versions.get(...at, "app", "1")).state, "Active");
  assert.equal((await all(versions.list(...at, "app"))).length, 1);
  assert.equal((await application.update(...at, "app", { displayName: "App" })).displayName, "App");
  assert.equal((await application.get(...at, "app")).displayName, "App");
  assert.equal((await all(application.list(...at))).length, 1);
  await versions.delete(...at, "app", "1");
  await application.delete(...at, "app");
}

async function pools(client) {
  const operations = client.poolOperations;
  const steady = async (name) => {
    while ((await operations.get(...at, name)).allocationState !== "Steady") await new Promise((go) => setTimeout(go, 50));
  };
  await operations.create(...at, "fixed", pool);
  await operations.create(...at, "scaled", { ...pool, scaleSettings: { autoScale: { formula: "$TargetDedicatedNodes=0;" } } });
  const names = (await all(operations.listByBatchAccount(...at, { maxresults: 1 }))).map((one) => one.name);
  assert.deepEqual(names, ["fixed", "scaled"]);
  await steady("fixed");
  await operations.update(...at, "fixed", { scaleSettings: { fixedScale: { targetDedicatedNodes: 50 } } });
  await operations.stopResize(...at, "fixed");
  await steady("scaled");
  assert((await operations.disableAutoScale(...at, "scaled")).scaleSettings.fixedScale);
  for (const name of ["fixed", "scaled"]) await operations.beginDeleteAndWait(...at, name);
}

async function surroundings(client) {
  const location = client.location;
  assert((await location.getQuotas("westeurope")).accountQuota >= 1);
  assert((await all(location.listSupportedVirtualMachineSkus("westeurope"))).length);
  if (location.listSupportedCloudServiceSkus) {
    await refused(all(location.listSupportedCloudServiceSkus("westeurope")));
  }
  const asked = { name: settings.account, type: "Microsoft.Batch/batchAccounts" };
  assert.equal((await location.checkNameAvailability("westeurope", asked)).nameAvailable, false);
  assert((await all(client.operations.list())).length > 20);
  const links = client.privateLinkResourceOperations;
  assert.equal((await links.get(...at, "batchAccount")).name, "batchAccount");
  assert.equal((await all(links.listByBatchAccount(...at))).length, 2);
}

async function connections(client) {
  const endpoints = client.privateEndpointConnectionOperations;
  const one = [...settings.connected, settings.connection];
  assert((await all(endpoints.listByBatchAccount(...settings.connected))).some((found) => found.name === settings.connection));
  await endpoints.beginUpdateAndWait(...one, { privateLinkServiceConnectionState: { status: "Rejected", description: "no" } });
  assert.equal((await endpoints.get(...one)).privateLinkServiceConnectionState.status, "Rejected");
  await endpoints.beginDeleteAndWait(...one);
  await refused(endpoints.get(...one));
}

async function certificates(client) {
  const operations = client.certificateOperations;
  const name = `sha1-${settings.thumbprint}`;
  const body = { data: settings.pfx, password: "secret", format: "Pfx" };
  assert.equal((await operations.create(...at, name, body)).name, name);
  await operations.update(...at, name, body);
  assert.equal((await operations.get(...at, name)).name, name);
  assert.equal((await all(operations.listByBatchAccount(...at))).length, 1);
  await operations.cancelDeletion(...at, name);
  await operations.beginDeleteAndWait(...at, name);
  await refused(operations.get(...at, name));
}

async function main() {
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST } = process.env;
  const credential = new ClientSecretCredential(AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, {
    authorityHost: AZURE_AUTHORITY_HOST,
    disableInstanceDiscovery: true,
  });
  const real = new BatchManagementClient(credential, settings.subscription, {
    endpoint: settings.endpoint,
    credentialScopes: [`${settings.endpoint}/.default`],
  });
  const client = noted(real);
  for (const part of [accounts, applications, pools, surroundings, connections, certificates]) await part(client);
  await client.batchAccountOperations.beginDeleteAndWait(...at);
  console.log([...called].sort().join("\n"));
  assert(everyMethod(real).length > 30);
  const missing = everyMethod(real).filter((name) => !called.has(name));
  console.log(`left out: ${missing.join(", ") || "none"}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
