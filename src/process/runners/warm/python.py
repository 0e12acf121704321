"""The warm part of the Python runner: a parent that loads what a script imports, and forks a child for each run.

`docs/warm.md` describes what passes between the parent and the server. What runs between a fork and the script is kept
short: every page of memory that it touches is copied.
"""

import builtins
import gc
import os
import select
import sys
from _frozen_importlib_external import PathFinder
from _io import BufferedRandom, BufferedWriter, StringIO, TextIOWrapper, _RawIOBase
from _signal import SIG_DFL, SIGCHLD, getsignal, set_wakeup_fd, signal

WORK, CONTROL = 3, 5
REPORT = 104  # moved there from 4, out of the way of scripts that count their descriptors
PACKET_BYTES_MAX = 65536
DESCRIPTORS = 3
FORK_AGAIN_MS = 100
REPORTS_AT_ONCE = 32  # together less than PIPE_BUF, so that a pipe takes them in one piece
ONLY_AST = 0x400  # the flag of compile() that the module ast calls PyCF_ONLY_AST
SIGNALS = range(1, 65)
GENERATOR = type(_ for _ in ())


class Refusal(Exception):
    """The program would not behave in forked children as it does in processes of its own."""


def report(line):
    os.write(REPORT, line.encode("utf-8", "replace")[:500] + b"\n")


# What the parent loads --------------------------------------------------------------------------------------------


def syntax_tree(file):
    try:
        with open(file, "rb") as source:
            return compile(source.read(), file, "exec", ONLY_AST, dont_inherit=True)
    except (OSError, SyntaxError, ValueError):
        return None  # the run says so


def is_plain(node):
    """Whether a statement at the top of a module can't have a say in what the imports behind it find."""
    value = getattr(node, "value", None)
    return type(node).__name__ in ("Expr", "Assign") and type(value).__name__ == "Constant"


def leading_imports(tree):
    """Absolute imports ahead of the module's first code, as (name, names to import from it)."""
    for node in tree.body if tree else ():
        kind = type(node).__name__
        if kind == "Import":
            yield from ((alias.name, ()) for alias in node.names)
        elif kind == "ImportFrom" and node.level == 0:
            yield node.module, tuple(alias.name for alias in node.names)
        elif not is_plain(node):
            return


def is_library(path):
    """Whether a path belongs to Python or to its installed packages, and not to the program."""
    standard = os.path.dirname(os.__file__)
    packed = os.path.join(os.path.dirname(standard), "python%d%d.zip" % sys.version_info[:2])
    return path.startswith(standard) or path == packed or "/site-packages" in path or "/dist-packages" in path


def find_own(name, own):
    """The file of one of the program's own modules, "" for one without a file; None for a library's."""
    found = PathFinder.find_spec(name.partition(".")[0], own)
    if found is None:
        return None
    bases = (os.path.join(folder, *name.split(".")) for folder in own)
    files = (file for base in bases for file in (base + ".py", os.path.join(base, "__init__.py")))
    return next(filter(os.path.isfile, files), "")


def preload(script, own, seen):
    """
    Imports the libraries that the script imports ahead of its first code. The program's own modules are only read: they may
    look at the request, and have a say in what the imports behind them find.
    """
    if script in seen:
        return
    seen.add(script)
    for name, names in leading_imports(syntax_tree(script)):
        file = find_own(name, own)
        if file is not None:
            if file:
                preload(file, own, seen)
            return
        try:
            __import__(name, fromlist=names)
        except BaseException:
            return  # the run says so


def preload_libraries(script, folder, known):
    """Preloads with the program's own folders out of reach of the libraries."""
    path, output = sys.path[:], sys.stdout
    own = [folder, *(entry for entry in path if not is_library(entry))]
    sys.path[:] = filter(is_library, path)
    sys.stdout = StringIO()
    try:
        preload(script, own, set())
        printed = sys.stdout.getvalue()
    finally:
        sys.path[:], sys.stdout = path, output
    if printed:
        raise Refusal("an import prints, which belongs to each answer")
    for name, module in list(sys.modules.items()):
        if name in known:
            continue
        file = getattr(module, "__file__", None)
        if file and not is_library(file) and file != __file__:
            raise Refusal(f"an import loads {file}, which is no installed library")
        if find_own(name, own) is not None:
            raise Refusal(f"the program has a module {name.partition('.')[0]}, and so has a library that is loaded ahead")


def run_hook(script, folder):
    """`warm.py` beside the script is what its user wants to have loaded besides."""
    hook = os.path.join(folder, "warm.py")
    if os.path.isfile(hook) and not os.path.samefile(hook, script):
        sys.path.insert(0, folder)
        try:
            with open(hook, "rb") as file:
                exec(compile(file.read(), hook, "exec", dont_inherit=True), {"__name__": "warm", "__file__": hook})
        finally:
            sys.path.remove(folder)


def state():
    """What a child would inherit and a process of its own would not have."""
    descriptors = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            descriptors[fd] = os.readlink("/proc/self/fd/" + fd)
        except OSError:
            pass  # the listing's own
    umask = os.umask(0o077)
    os.umask(umask)
    handlers = [getsignal(number) for number in SIGNALS if number not in (32, 33)]
    return descriptors, len(os.listdir("/proc/self/task")), os.getcwd(), umask, handlers


def check(before):
    descriptors, threads, folder, umask, handlers = state()
    if threads > 1:
        raise Refusal("an import starts threads, which a forked process would lack")
    opened = [what for fd, what in descriptors.items() if before[0].get(fd) != what and what != "/dev/urandom"]
    if opened:
        raise Refusal(f"an import opens {opened[0]}, which all requests would share")
    changed = (folder, before[2], "working directory"), (umask, before[3], "umask"), (handlers, before[4], "signal handlers")
    for now, then, what in changed:
        if now != then:
            raise Refusal(f"an import changes the {what}, for all requests")
    random = sys.modules.get("random")
    if random and any(
        isinstance(thing, random.Random) and not isinstance(thing, random.SystemRandom) and thing is not random._inst
        for thing in gc.get_objects()
    ):
        raise Refusal("an import makes a generator of random numbers, which would repeat them for each request")


# The parent -------------------------------------------------------------------------------------------------------


class Parent:
    def __init__(self):
        self.target = 0
        self.children = set()
        self.input = b""
        self.open = True

    def serve(self):
        """Returns in each child that has got a packet."""
        woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal(SIGCHLD, lambda *_: None)
        os.set_blocking(CONTROL, False)
        events = select.poll()
        events.register(woken, select.POLLIN)
        events.register(CONTROL, select.POLLIN)
        gc.collect()
        gc.freeze()
        while True:
            while self.reap() == REPORTS_AT_ONCE:
                pass
            if self.open and not self.read_control():
                events.unregister(CONTROL)
            while self.open and len(self.children) < self.target:
                pid = self.fork()
                if pid == 0:
                    for fd in (woken, wake, CONTROL):
                        os.close(fd)
                    return
                if pid is None:
                    break
            failed = self.open and len(self.children) < self.target
            if not (self.open or self.children):
                os._exit(0)
            events.poll(FORK_AGAIN_MS if failed else None)
            try:
                os.read(woken, 512)
            except BlockingIOError:
                pass

    def fork(self):
        try:
            pid = os.fork()
        except OSError as error:
            report(f"failed {error}")
            return None
        if pid:
            self.children.add(pid)
        else:
            set_wakeup_fd(-1)
            signal(SIGCHLD, SIG_DFL)
            os.setsid()
            renew()
        return pid

    def reap(self):
        ended = []
        while self.children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            left = 1
            try:
                os.kill(-pid, 0)  # the server ends it, once nothing of the answer can come from it any more
            except OSError:
                left = 0
            self.children.discard(pid)
            user, system = usage.ru_utime * 1e6, usage.ru_stime * 1e6
            ended.append(f"ended {pid} {status} {user:.0f} {system:.0f} {usage.ru_maxrss} {left}\n")
            if len(ended) == REPORTS_AT_ONCE:
                break
        if ended:
            os.write(REPORT, "".join(ended).encode())
        return len(ended)

    def read_control(self):
        """False when the server is gone, or wants no more."""
        try:
            data = os.read(CONTROL, 4096)
        except BlockingIOError:
            return True
        self.open = data != b""
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            self.target = int(line.split()[1])
        return self.open


def renew():
    """Gives a child what a library has made for one process, where the library doesn't do so itself."""
    threading, random = sys.modules.get("threading"), sys.modules.get("numpy.random")
    if threading:
        threading._main_thread._native_id = os.getpid()
    if random:
        random.seed()


# A child ----------------------------------------------------------------------------------------------------------


class Runs:
    """The runs of one child: one, unless the user wants processes reused."""

    def __init__(self, reuse, loaded):
        from _socket import CMSG_SPACE, socket

        self.left = reuse
        self.loaded = loaded
        self.room = CMSG_SPACE(DESCRIPTORS * 4)
        self.socket = socket(fileno=WORK)
        self.variables = []

    def take(self):
        """Waits for a packet, takes its streams and variables, and returns the request."""
        packet, control, _, _ = self.socket.recvmsg(PACKET_BYTES_MAX, self.room)
        if not control:
            os._exit(0)
        data = memoryview(control[0][2]).cast("i")
        number, *variables, _ = packet.split(b"\0")
        self.pid = os.getpid()
        os.write(REPORT, b"took %d %b\n" % (self.pid, number))
        for target, fd in enumerate(data):
            os.dup2(fd, target)
            os.close(fd)
        self.left -= 1
        if self.left == 0:
            self.socket.close()
        return self.set_variables(variables)

    def set_variables(self, variables):
        stored, request = os.environ._data, None
        for name in self.variables:
            os.unsetenv(name)
            del stored[name]
        self.variables = []
        for variable in variables:
            name, _, value = variable.partition(b"=")
            if name == b"SLUICE_REQUEST":
                request = value.decode("utf-8", "surrogateescape")
                continue
            os.putenv(name, value)
            stored[name] = value
            self.variables.append(name)
        return request

    def over(self, code):
        """Says that a run is over. Returns if the process is to take another."""
        nowhere = os.open("/dev/null", os.O_RDWR)
        for target in (0, 1, 2) if self.left and code == 0 else (1,):
            os.dup2(nowhere, target)
        os.close(nowhere)
        try:
            os.write(REPORT, b"done %d %d\n" % (self.pid, code))
        except OSError:
            pass  # closed by the script, with all other descriptors: the parent tells of its end
        if self.left == 0 or code != 0:
            os._exit(code)


def start(script, known):
    """Loads, serves, and returns in a child: its runs. `known` are the modules that a cold run has loaded by now."""
    os.dup2(4, REPORT, inheritable=False)
    os.close(4)
    for fd in (WORK, CONTROL):
        os.set_inheritable(fd, False)
    folder = os.path.dirname(os.path.realpath(script))
    runner_folder = sys.path.pop(0)
    before = state()
    try:
        preload_libraries(script, folder, known)
        run_hook(script, folder)
        check(before)
    except Refusal as refusal:
        report(f"refused {refusal}")
        os._exit(0)
    sys.path.insert(0, runner_folder)
    reuse = int(os.environ.pop("SLUICE_REUSE", "1"))
    runs = Runs(reuse, len(sys.modules) if reuse == 1 else None)
    for kind in {id(kind): kind for kind in map(type, gc.get_objects())}.values():
        note_kind(kind)
    report("ready")
    Parent().serve()
    return runs


# The end of a run -------------------------------------------------------------------------------------------------


def end(code, loaded):
    """Does what the end of the interpreter does as far as it can be seen, and not what takes most of its time."""
    if isinstance(code, str) or not isinstance(code, (int, type(None))):
        print(code, file=sys.stderr)
        code = 1
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    import atexit

    atexit._run_exitfuncs()
    drop_modules(loaded)
    finalize(loaded is not None)
    try:
        sys.stderr.flush()
    except (AttributeError, ValueError, OSError):
        pass
    return (code or 0) & 0xFF


def drop_modules(loaded):
    """Ends the lives of the script and of what it has imported, in the order of Python's own end."""
    if gc.isenabled():
        gc.collect()  # of what the run has made: all before it is frozen
    sys.modules.pop("__main__", None)
    if loaded is not None:
        if len(sys.modules) >= loaded:
            for name in list(sys.modules)[loaded - 1 :]:  # what is imported later stands later
                sys.modules.pop(name, None)
        for name in ("open", "service", "hook", "Hook"):
            vars(builtins).pop(name, None)  # Python takes its names back to what they were before it opened any file
    gc.collect()


def finalize(last):
    """Does for what libraries or signal handlers still hold what Python's end does when it ends their lives too."""
    found = []
    for thing in gc.get_objects():
        kind = type(thing)
        if id(kind) not in ends:
            note_kind(kind)
        end = ends[id(kind)]
        if end and (end[0] or last and not gc.is_finalized(thing)):
            found.append((*end, thing))
    for turn, end, thing in sorted(found, key=lambda entry: entry[0]):
        try:
            end(thing)
        except BaseException as error:
            if not turn:
                sys.__excepthook__(type(error), error, error.__traceback__)


kinds = []  # types that are known, which keeps their ids theirs
ends = {}  # by the ids of types, since not every type can be a key; None where no end can be seen


def note_kind(kind):
    """Notes what ends the life of an object, and in which turn. Files are only flushed, from the outside in."""
    end = None
    if issubclass(kind, TextIOWrapper):
        end = 1, kind.flush
    elif issubclass(kind, (BufferedWriter, BufferedRandom)):
        end = 2, kind.flush
    elif kind is GENERATOR:
        end = 0, kind.close
    elif not issubclass(kind, _RawIOBase):
        end = next(((0, vars(base)["__del__"]) for base in kind.__mro__ if "__del__" in vars(base)), None)
    kinds.append(kind)
    ends[id(kind)] = end
