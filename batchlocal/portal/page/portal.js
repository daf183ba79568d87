// Reads the server's state every two seconds while the page is looked at, and draws it. All text goes in as text.
"use strict";

const EVERY = 2000;
const view = document.getElementById("view");
const live = document.getElementById("live");
let generation = 0;

/** An element with a class, attributes and children; strings become text. */
function make(tag, options, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : String(child))));
  return element;
}

async function ask(path, query) {
  const answer = await fetch(`api/${path}?${new URLSearchParams(query || {})}`);
  if (answer.status === 401) throw new Error("signed out: run batchlocal portal again");
  if (answer.status === 404) throw new Error("this is not there (any more)");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.json();
}

function when(moment) {
  return moment ? new Date(moment).toLocaleTimeString("en-GB") : "";
}

function took(from, to) {
  if (!from) return "";
  const spent = (to ? new Date(to) : new Date()) - new Date(from);
  return spent < 10000 ? `${(spent / 1000).toFixed(1)} s` : `${Math.round(spent / 1000)} s`;
}

function table(headings, rows) {
  return make("table", null,
    make("thead", null, make("tr", null, headings.map((heading) => make("th", null, heading)))),
    make("tbody", null, rows));
}

function bar(counts) {
  const kinds = [["succeeded", "succeeded"], ["failed", "failed"], ["running", "running-tasks"], ["active", "active"]];
  const total = kinds.reduce((sum, [kind]) => sum + counts[kind], 0);
  const share = make("div", { class: "bar", role: "img", "aria-label": kinds.map(([k]) => `${counts[k]} ${k}`).join(", ") });
  for (const [kind, shade] of kinds) {
    const piece = make("span", { class: shade });
    piece.style.width = total ? `${(100 * counts[kind]) / total}%` : "0";
    share.append(piece);
  }
  const words = kinds.filter(([kind]) => counts[kind]).map(([kind, shade]) =>
    make("span", null, make("i", { class: `dot ${shade}` }), `${counts[kind]} ${kind}`));
  return [share, make("div", { class: "legend" }, words.length ? words : "no task yet")];
}

function node(one) {
  const box = make("div", { class: `node ${one.state}${one.spot ? " spot" : ""}`,
    title: `${one.id}: ${one.state}, ${one.used} of ${one.slots} task slots in use${one.spot ? ", spot" : ""}` });
  if (one.state === "running") {
    const fill = make("i");
    fill.style.height = `${(100 * one.used) / Math.max(1, one.slots)}%`;
    box.append(fill);
  }
  return box;
}

function poolCard(pool) {
  const states = Object.entries(pool.nodeStates).map(([state, count]) => `${count} ${state}`).join(", ");
  return make("div", { class: "card" },
    make("div", { class: "row" }, make("h3", null, pool.id),
      make("span", { class: "quiet" }, `${pool.vmSize}, ${pool.taskSlotsPerNode} task slots a node`),
      make("span", { class: "push quiet" }, pool.state === "active" ? pool.allocationState : pool.state)),
    make("div", { class: "quiet" }, `${states || "no nodes"}; target ${pool.targetDedicatedNodes} dedicated, ${pool.targetLowPriorityNodes} spot`),
    pool.resizeErrors.map((error) => make("div", { class: "error" }, `${error.code}: ${error.message}`)),
    make("div", { class: "nodes" }, pool.nodes.map(node)));
}

function jobCard(job) {
  return make("div", { class: "card" },
    make("div", { class: "row" }, make("h3", null, make("a", { href: `#job/${job.key}` }, job.id)),
      make("span", { class: "quiet" }, `on ${job.pool}, priority ${job.priority}`),
      make("span", { class: "push quiet" }, job.state)),
    bar(job.counts));
}

function accountHead(account) {
  return [make("h1", null, account.name),
    make("p", { class: "quiet" }, `${account.resourceGroup} · ${account.location} · ${account.state}`,
      account.storage ? ` · linked to ${account.storage}` : " · no linked storage")];
}

async function showOverview() {
  const all = await ask("overview");
  return [make("h1", null, "Batch accounts"),
    make("p", { class: "quiet" }, `${all.origin} · subscription ${all.subscription}`),
    all.accounts.length ? all.accounts.map((account) => make("div", { class: "card row" },
      make("h3", null, make("a", { href: `#resource${account.id}` }, account.name)),
      make("span", { class: "quiet" }, `${account.resourceGroup}, ${account.location}`),
      make("span", { class: "push quiet" }, `${account.poolCount} ${account.poolCount === 1 ? "pool" : "pools"} · ${account.state}`)))
      : make("p", null, "There is none yet. ", make("code", null, "make up"), " deploys one.")];
}

async function showAccount(id) {
  const account = await ask("account", { id });
  return [accountHead(account),
    make("h2", null, "Pools"),
    account.pools.length ? account.pools.map(poolCard) : make("p", { class: "quiet" }, "no pool"),
    make("h2", null, "Jobs"),
    account.jobs.length ? account.jobs.map(jobCard) : make("p", { class: "quiet" }, "no job"),
    make("h2", null, "Applications"),
    account.applications.length ? table(["application", "default", "versions"], account.applications.map((one) =>
      make("tr", null, make("td", null, one.id), make("td", null, one.defaultVersion || "-"),
        make("td", null, one.versions.map((version) => `${version.version} (${version.state})`).join(", ")))))
      : make("p", { class: "quiet" }, "no application")];
}

function taskRow(job, task) {
  const shade = task.state === "completed" ? (task.result === "success" ? "succeeded" : "failed")
    : task.state === "running" ? "running-tasks" : "active";
  return make("tr", null,
    make("td", null, make("i", { class: `dot ${shade}` }), make("a", { href: `#task/${job}|${task.id}` }, task.id)),
    make("td", null, task.state), make("td", null, task.exitCode === null ? "" : task.exitCode),
    make("td", null, took(task.started, task.ended)), make("td", { class: "code" }, task.commandLine));
}

async function showJob(place) {
  const [job, after] = place.split("|");
  const shown = await ask("tasks", { job, after: after || "" });
  return [make("h1", null, shown.id),
    make("p", { class: "quiet" }, make("a", { href: `#resource${shown.account}` }, "account"), ` · ${shown.state} · on ${shown.pool} · since ${when(shown.created)}`),
    bar(shown.counts),
    make("h2", null, "Tasks"),
    table(["task", "state", "exit code", "time", "command line"], shown.tasks.map((task) => taskRow(job, task))),
    shown.after ? make("p", null, make("a", { href: `#job/${job}|${shown.after}` }, "next 100")) : null];
}

async function showTask(place) {
  const [job, id] = place.split("|");
  const task = await ask("task", { job, id });
  return [make("h1", null, task.id),
    make("p", { class: "quiet" }, make("a", { href: `#job/${job}` }, "job"), ` · ${task.state}`,
      task.exitCode === null ? "" : ` · exit code ${task.exitCode}`, task.retries ? ` · retried ${task.retries} times` : "",
      task.node ? ` · on ${task.node}` : "", task.started ? ` · ${took(task.started, task.ended)}` : ""),
    task.failure ? make("p", { class: "error" }, `${task.failure.code}: ${task.failure.message}`) : null,
    make("pre", null, task.commandLine),
    ["stdout", "stderr"].map((name) => [make("h2", null, `${name}.txt`),
      task[name] === null ? make("p", { class: "quiet" }, "not there") : make("pre", null, task[name] || " ")])];
}

/** A cell whose text breaks after slashes and underscores before it breaks anywhere else. */
function pathCell(text) {
  return make("td", { class: "code" }, text.split(/(?<=[/_])/).map((piece) => [piece, make("wbr")]));
}

function callRows(calls) {
  return calls.map((call) => make("tr", null, make("td", null, when(call.time)), pathCell(call.operation.replace(/^Microsoft\./, "")),
    pathCell(call.resource.replace(/^.*\/providers\/Microsoft\./, "")), make("td", null, call.status)));
}

async function showCalls() {
  const calls = await ask("calls");
  const headings = ["time", "operation", "on", "status"];
  return [make("h1", null, "Calls"),
    make("div", { class: "columns" },
      make("section", null, make("h2", null, "Management level: in the activity log"),
        make("p", { class: "quiet" }, "Writes and actions that went through ARM; kept in the store."),
        table(headings, callRows(calls.management))),
      make("section", null, make("h2", null, "Service level: in no activity log"),
        make("p", { class: "quiet" }, "Calls to the accounts' own endpoints since this server started; Azure would not log them."),
        table(headings, callRows(calls.service))))];
}

const VIEWS = [[/^#resource(\/.+)$/, showAccount], [/^#job\/(.+)$/, showJob], [/^#task\/(.+)$/, showTask],
  [/^#calls$/, showCalls], [/^/, showOverview]];

async function draw() {
  const mine = ++generation;
  const place = decodeURIComponent(location.hash);
  const [pattern, show] = VIEWS.find(([candidate]) => candidate.test(place));
  try {
    const shown = await show((place.match(pattern) || [])[1]);
    if (mine !== generation) return;
    const drawn = make("main", null, shown.flat(3));
    if (drawn.innerHTML !== view.innerHTML) view.replaceChildren(...drawn.childNodes);
    live.textContent = `as of ${new Date().toLocaleTimeString("en-GB")}`;
  } catch (trouble) {
    if (mine === generation) live.textContent = trouble.message;
  }
}

async function follow() {
  if (!document.hidden) await draw();
  setTimeout(follow, EVERY);
}

addEventListener("hashchange", draw);
follow();
