"""Serves a Python function: loads the file named by EBB_FUNCTION and answers on PORT.

A file that defines `handle(request)` (or `main`) is called for each request; one that defines a WSGI `app` is served as such.
"""

import importlib.util
import json
import os
import signal
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Request:
    """What a function gets: method, path, headers and body (bytes)."""

    def __init__(self, method, path, headers, body):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


def load():
    entry = os.path.abspath(os.environ.get("EBB_FUNCTION", "main.py"))
    sys.path.insert(0, os.path.dirname(entry))
    spec = importlib.util.spec_from_file_location("function", entry)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rendered(result):
    """(status, content type or None, body bytes, headers) of what a function returned."""
    status, headers = 200, {}
    if isinstance(result, tuple):
        status = result[1] if len(result) > 1 else 200
        headers = dict(result[2]) if len(result) > 2 else {}
        result = result[0]
    if result is None:
        return (204 if status == 200 else status), None, b"", headers
    if isinstance(result, (bytes, bytearray)):
        return status, "application/octet-stream", bytes(result), headers
    if isinstance(result, str):
        return status, "text/plain; charset=utf-8", result.encode(), headers
    return status, "application/json", json.dumps(result).encode(), headers


def told(error):
    """Writes an error to the log, with where in the function it came from."""
    traceback.print_exception(type(error), error, error.__traceback__.tb_next, file=sys.stderr)


def handler_class(function):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.chunked() if "chunked" in self.headers.get("Transfer-Encoding", "") else self.rfile.read(length)
            try:
                answer = rendered(function(Request(self.command, self.path, self.headers, body)))
            except Exception as error:  # a function's failure is the function's answer
                told(error)
                answer = 500, "text/plain; charset=utf-8", b"the function failed; its log has the error\n", {}
            self.reply(*answer)

        def chunked(self):
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def reply(self, status, kind, body, headers):
            self.send_response(status)
            names = {name.lower() for name in headers}
            for name, value in headers.items():
                self.send_header(name, str(value))
            if kind and "content-type" not in names:
                self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_):
            """The gateway logs requests; the function's log is the function's."""

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = serve

    return Handler


def main():
    # Into a file Python keeps what is printed until it has a block of it, and a function that is stopped would have said nothing.
    sys.stdout.reconfigure(line_buffering=True)
    module = load()
    port = int(os.environ.get("PORT", "8080"))
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    function = getattr(module, "handle", None) or getattr(module, "main", None)
    if callable(function):
        ThreadingHTTPServer(("", port), handler_class(function)).serve_forever()
    app = getattr(module, "app", None) or getattr(module, "application", None)
    if callable(app):
        from wsgiref.simple_server import make_server

        make_server("", port, app).serve_forever()
    sys.exit("the function file defines neither handle(request) nor a WSGI app; see 'ebb deploy --help'")


main()
