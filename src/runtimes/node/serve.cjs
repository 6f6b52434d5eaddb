// Serves a Node function: loads the module named by EBB_FUNCTION and answers on PORT with what it exports.
// CommonJS, because that starts soonest; the function itself may be an ES module or TypeScript.
'use strict';

const path = require('node:path');

const entry = path.resolve(process.env.EBB_FUNCTION ?? 'index.js');

load().then(start, (error) => {
  // Only what nobody catches is shown with its file, line and text by Node, and a syntax error's stack says none of them.
  if (error instanceof SyntaxError)
    return process.nextTick(() => {
      throw error;
    });
  console.error(error);
  process.exit(1);
});

async function load() {
  try {
    return require(entry);
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ASYNC_MODULE' && error?.code !== 'ERR_REQUIRE_ESM') throw error;
    return import(entry);
  }
}

function start(module) {
  const handler = handlerOf(module);
  if (!handler) return expectProgram(module);
  const server = require('node:http').createServer((request, response) => {
    answer(handler, request, response).catch((error) => fail(error, response));
  });
  server.listen(Number(process.env.PORT ?? 8080));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
}

/** A module that exports no function is a program of its own, which listens on PORT by itself; one that does neither ends here. */
function expectProgram(module) {
  process.once('beforeExit', () => {
    console.error(
      `${path.basename(entry)} exports ${exportsOf(module)}, and no function; nor does it go on to run as a program.\n` +
        'Expected one of:\n' +
        "  module.exports = (request, response) => 'hello'      or export default\n" +
        '  exports.handle = ..., exports.handler = ...          the same by name\n' +
        '  exports.fetch = (request) => new Response("hello")   with a web Request\n' +
        '  a program that listens on the port in $PORT',
    );
    process.exit(1);
  });
}

function exportsOf(module) {
  if (typeof module !== 'object' || module === null) return `a ${typeof module}`;
  const names = Object.keys(module).map((name) => `${name} (${module[name] === null ? 'null' : typeof module[name]})`);
  return names.length > 0 ? names.join(', ') : 'nothing';
}

function handlerOf(module) {
  const inner = module?.default?.default ?? module?.default;
  for (const found of [module?.handle, module?.handler, inner, inner?.handle, module]) {
    if (typeof found === 'function') return found;
  }
  const fetch = module?.fetch ?? inner?.fetch;
  return typeof fetch === 'function' ? (request) => fetch(webRequest(request)) : undefined;
}

/** Calls the function; what it returns is the answer, unless it ended the response itself. */
async function answer(handler, request, response) {
  const result = await handler(request, response);
  if (response.writableEnded || (result === undefined && response.headersSent)) return;
  if (result === undefined && handler.length >= 2) return;
  if (typeof result?.arrayBuffer === 'function' && typeof result.status === 'number') return sendWeb(result, response);
  if (result === undefined || result === null) return void response.writeHead(204).end();
  if (typeof result === 'string') return send(response, 'text/plain; charset=utf-8', result);
  if (result instanceof Uint8Array) return send(response, 'application/octet-stream', result);
  send(response, 'application/json', JSON.stringify(result));
}

function send(response, type, body) {
  if (!response.hasHeader('content-type')) response.setHeader('content-type', type);
  response.end(body);
}

async function sendWeb(result, response) {
  response.writeHead(result.status, Object.fromEntries(result.headers));
  if (result.body) for await (const chunk of result.body) response.write(chunk);
  response.end();
}

function webRequest(request) {
  const url = `http://${request.headers.host ?? 'localhost'}${request.url}`;
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD';
  const headers = Object.entries(request.headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return new Request(url, { method: request.method, headers, ...(hasBody ? { body: request, duplex: 'half' } : {}) });
}

function fail(error, response) {
  console.error(error);
  if (response.headersSent) return response.destroy();
  response
    .writeHead(500, { 'content-type': 'text/plain; charset=utf-8' })
    .end('the function failed; its log has the error\n');
}
