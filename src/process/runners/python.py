"""Service mode for Python: `python3 -X utf8 python.py SCRIPT [ARGS...]` runs SCRIPT as the main program.

Standard output is an HTTP/1.1 response message. What Python prints passes one raw stream, which puts the head before
the first byte: text goes out line by line, `sys.stdout.buffer` when it is full or flushed.
Every request waits for the start-up, so only modules are imported here that the interpreter has loaded anyway.
"""

import atexit
import builtins
import io
import os
import sys

BUFFER_BYTES = 65536
current = None  # the service of the run
TOKEN_MARKS = "!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2, besides letters and digits


class Response:
    # Slots make a misspelt assignment an error instead of an answer with the wrong status.
    __slots__ = (
        *("_code", "_fields", "_trailers", "_declared", "_out", "_pid", "_inode"),
        *("_chunked", "_started", "_ended", "_failed", "_mute"),
    )

    def __init__(self):
        self._code = 200
        self._fields = {}  # lower-case name: list of (name, value)
        self._trailers = []
        self._declared = {}
        self._chunked = self._started = self._ended = self._failed = self._mute = False
        self._pid, self._inode = os.getpid(), os.fstat(1).st_ino
        buffer = io.BufferedWriter(RawOutput(self), BUFFER_BYTES)
        self._out = io.TextIOWrapper(buffer, "utf-8", "surrogateescape", "\n", line_buffering=True, write_through=True)

    def _set_status(self, code):
        self._before_head("the status")
        if not isinstance(code, int) or not 200 <= code <= 599:
            raise ValueError(f"Cannot set the status: {code!r} is not an integer from 200 to 599")
        self._code = int(code)
        return self

    # `status(418)` and `status = 418` both work; `status_code` can be read too.
    status = property(lambda self: self._set_status, _set_status)
    status_code = property(lambda self: self._code, _set_status)

    def header(self, name, value):
        self._before_head(name)
        self._fields[name.lower()] = [field(name, value)]
        return self

    def append(self, name, value):
        self._before_head(name)
        self._fields.setdefault(name.lower(), []).append(field(name, value))
        return self

    def remove(self, name):
        self._before_head(name)
        self._fields.pop(name.lower(), None)
        return self

    def trailer(self, name, value):
        if self._ended or self._started and name.lower() not in self._declared:
            raise RuntimeError(f'Cannot set the trailer {name}: declare it first with header("Trailer", ...)')
        self._trailers.append(field(name, value))
        return self

    def write(self, data):
        if data:
            self._out.buffer.write(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
        return self.flush()

    def flush(self):
        if not self._out.closed:
            self._out.flush()
        self._send(b"")
        return self

    def json(self, value):
        import json

        text = json.dumps(value, ensure_ascii=False)
        self.header("Content-Type", "application/json").end(text)

    def end(self, data=b""):
        self.write(data)
        if self._chunked:
            write_all(b"0\r\n" + lines(self._trailers) + b"\r\n")
        self._ended = True

    def error(self, message):
        sys.exit(str(message))

    def fail(self):
        """A script that failed before its first byte sends nothing: the server can still answer with an error."""
        self._failed = True
        self._mute = self._ended or not self._started

    def finish(self):
        if os.getpid() != self._pid:
            self.fail()
        self.flush()
        if not (self._failed or self._ended):
            self.end()
        self._mute = True  # what destructors print from now on must not break a whole message

    def _before_head(self, what):
        if self._started:
            raise RuntimeError(f"Cannot set {what}: the head has been sent")

    def _send(self, data):
        if self._mute or self._ended and not data:
            return
        if self._ended:
            raise ValueError("Cannot write: the response has ended")
        head = b"" if self._started else self._head()
        self._started = True
        if self._chunked and data:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        write_all(head + data)

    def _head(self):
        if os.getpid() != self._pid:
            if os.fstat(1).st_ino != self._inode:
                return b""  # standard output was redirected after the fork
            raise RuntimeError("Cannot write in a forked process: call service.res.flush() before the fork")
        fields = {"content-type": [("Content-Type", "text/plain; charset=utf-8")], **self._fields}
        declared = [value for _, value in fields.pop("trailer", ())] + [name for name, _ in self._trailers]
        self._declared = dict.fromkeys(name.strip().lower() for name in ",".join(declared).split(",") if name.strip())
        if self._declared:
            self._chunked = True
            fields.pop("content-length", None)
            fields["transfer-encoding"] = [("Transfer-Encoding", "chunked"), ("Trailer", ", ".join(self._declared))]
        return b"HTTP/1.1 %d \r\n%b\r\n" % (self._code, b"".join(map(lines, fields.values())))


class RawOutput(io.RawIOBase):
    """What `sys.stdout` writes to in place of file descriptor 1."""

    def __init__(self, response):
        self._response = response

    def writable(self):
        return True

    def fileno(self):
        return 1

    def write(self, data):
        self._response._send(bytes(data))
        return len(data)


class Request:
    """The request's fields, and its body: `read([n])`, or `for chunk in service.req`."""

    def __init__(self, request):
        for name in ("id", "method", "url", "path", "headers", "remoteAddress", "query", "files", "body"):
            setattr(self, name, request.get(name))

    def read(self, n=-1):
        return sys.stdin.buffer.read(n)

    def __iter__(self):
        return iter(lambda: sys.stdin.buffer.read1(BUFFER_BYTES), b"")


class Service:
    def __init__(self, request):
        self.params = request.get("params", {})
        self.env = os.environ
        self.req = self.request = Request(request)
        self.res = self.response = Response()


def field(name, value):
    value = str(value)
    if not name or not all(char.isascii() and (char.isalnum() or char in TOKEN_MARKS) for char in name):
        raise ValueError(f"Cannot set a header: {name!r} is not a token")
    if any(char in value for char in "\r\n\0"):
        raise ValueError(f"Cannot set the header {name}: its value holds CR, LF or NUL")
    if name.lower() == "transfer-encoding":
        raise ValueError("Cannot set Transfer-Encoding: it follows from the trailers")
    return name, value


def lines(fields):
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode("utf-8", "surrogateescape")


def write_all(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def parse_json(text):
    try:
        # The decoder's core alone: `import json` loads `re` too, which takes longer than all the rest here.
        from _json import make_scanner
    except ImportError:
        import json

        return json.loads(text)

    class Context:
        strict, object_hook, object_pairs_hook, parse_constant = True, None, None, None
        parse_float, parse_int, memo = float, int, {}

    return make_scanner(Context)(text, 0)[0]


def read_request():
    text = os.environ.pop("SLUICE_REQUEST", None)
    path = os.environ.pop("SLUICE_REQUEST_FILE", None)
    if path:
        with open(path, encoding="utf-8") as file:
            return file.read()
    return text or "{}"


def flush_before_children():
    """A child that inherits standard output writes past `sys.stdout`: the head has to be out before it starts."""

    def hook(event, _):
        if event not in ("os.system", "os.exec", "subprocess.Popen") or not current or os.getpid() != current.res._pid:
            return
        # The event does not tell where the output goes: one that is captured must leave the head open to changes.
        if event == "subprocess.Popen" and sys._getframe(1).f_locals.get("c2pwrite", -1) not in (-1, 1):
            return
        current.res.flush()

    sys.addaudithook(hook)


def compiled(script):
    with io.open_code(script) as file:
        return compile(file.read(), os.path.abspath(script), "exec", dont_inherit=True)


def run(script, code):
    main = type(sys)("__main__")
    main.__file__ = os.path.abspath(script)
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    sys.path[0] = os.path.dirname(os.path.realpath(script))
    exec(code or compiled(script), main.__dict__)


def exit_code(script, code, response):
    """Runs the script and returns what to exit with."""
    try:
        run(script, code)
    except SystemExit as exit:
        if exit.code not in (None, 0):
            response.fail()
        return exit.code
    except BaseException as error:
        response.fail()  # ahead of the hook, which flushes standard output
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        error.__traceback__ = trace
        sys.excepthook(type(error), error, trace)
        return 1


def finish():
    if current is None:
        return  # the request itself could not be read
    try:
        current.res.finish()
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        os._exit(1)


def serve(text, code=None):
    """Runs the script for one request and returns what to exit with."""
    global current
    current = builtins.service = builtins.hook = builtins.Hook = Service(parse_json(text))
    sys.stdout = sys.__stdout__ = current.res._out
    return exit_code(sys.argv[0], code, current.res)


def serve_forked(part):
    """Becomes a warm parent, and in each of its children serves."""
    known = set(sys.modules)
    import json  # any run may answer with it

    warm = type(sys)("sluice_warm")
    with io.open_code(part) as file:
        exec(compile(file.read(), part, "exec", dont_inherit=True), warm.__dict__)
    try:
        code = compiled(sys.argv[0])
    except (OSError, SyntaxError, ValueError):
        code = None  # each run says so itself
    runs = warm.start(sys.argv[0], known)
    while True:
        status = serve(runs.take() or read_request(), code)
        if os.getpid() != runs.pid:
            sys.exit(status)  # a process that the script has forked
        runs.over(warm.end(status, runs.loaded))
        atexit.register(finish)


def main():
    del sys.argv[0]
    # The first handler registered is the last to run: the script's threads and handlers may print until then.
    atexit.register(finish)
    flush_before_children()
    part = os.environ.pop("SLUICE_WARM", None)
    if part:
        serve_forked(part)
    sys.exit(serve(read_request()))


main()
