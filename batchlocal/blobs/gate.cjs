// Asks, before Azurite performs an authenticated request, what it is to meet: nothing, a refusal, a delay, a connection that is cut off.
//
// Installed into Azurite's own pipeline between authentication and performance, where the operation is known by Microsoft's
// operationId (Blob_Download, Container_Create, ...).
"use strict";

const path = require("node:path");
const { randomUUID } = require("node:crypto");

const INSIDE = "x-batchlocal-inside"; // batchlocal's own requests carry its token
let asking = false;
let asked = 0;
const waiting = new Map();

// Have requests ask by `say`, a function that sends a JSON object; `answer` takes what comes back.
function install(root, say) {
  const Factory = require(path.join(root, "blob", "generated", "ExpressMiddlewareFactory.js")).default;
  const { Operation } = require(path.join(root, "blob", "generated", "artifacts", "operation.js"));
  const { DEFAULT_CONTEXT_PATH } = require(path.join(root, "blob", "utils", "constants.js"));
  const original = Factory.prototype.createDeserializerMiddleware;
  Factory.prototype.createDeserializerMiddleware = function () {
    const perform = original.call(this);
    return (request, response, next) => {
      if (!asking) return perform(request, response, next);
      const context = response.locals[DEFAULT_CONTEXT_PATH];
      const number = (asked += 1);
      waiting.set(number, (verdict) => meet(verdict, request, response, () => perform(request, response, next)));
      say({
        ask: number,
        operation: Operation[context.operation],
        account: context.account,
        peer: request.socket.remoteAddress,
        inside: request.headers[INSIDE] || "",
      });
    };
  };
}

const start = () => void (asking = true);

function answer({ answer: number, verdict }) {
  const go = waiting.get(number);
  waiting.delete(number);
  if (go) go(verdict || {});
}

function meet(verdict, request, response, perform) {
  if (verdict.status) return refuse(verdict, request, response);
  if (verdict.drop === "before") return request.socket.destroy();
  if (verdict.drop === "after") cutOff(request, response);
  if (verdict.seconds) return setTimeout(perform, verdict.seconds * 1000);
  perform();
}

function refuse({ status, code, message, retryAfter }, request, response) {
  const id = randomUUID();
  response.statusCode = status;
  response.setHeader("x-ms-error-code", code);
  response.setHeader("x-ms-request-id", id);
  response.setHeader("x-ms-version", request.headers["x-ms-version"] || "2021-12-02");
  if (retryAfter) response.setHeader("Retry-After", String(retryAfter));
  request.resume(); // what the client still sends is read, so that it gets to read the answer
  if (request.method === "HEAD") return response.end();
  const text = `${message}\nRequestId:${id}\nTime:${new Date().toISOString()}`;
  response.setHeader("Content-Type", "application/xml");
  response.end(`<?xml version="1.0" encoding="utf-8"?><Error><Code>${escape(code)}</Code><Message>${escape(text)}</Message></Error>`);
}

const escape = (text) => text.replace(/[<>&]/g, (one) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[one]);

// Let nothing of the answer out, and cut the connection off when all is done.
function cutOff(request, response) {
  response.writeHead = () => response;
  response.write = (...given) => {
    const done = given.find((one) => typeof one === "function");
    if (done) setImmediate(done);
    return true;
  };
  response.end = () => {
    request.socket.destroy();
    return response;
  };
}

module.exports = { answer, install, start };
