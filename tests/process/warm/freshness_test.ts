/** Every request finds a process as fresh as a new one: what it starts with, and what earlier requests leave to it. */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { processState } from "../../support/proc.ts";
import {
  alike,
  type Answer,
  makePair,
  type PerLanguage,
  query,
  temporaryFiles,
  warmLanguages,
} from "../../support/warm_programs.ts";

// What it starts with

/** Files of /proc/self that show what a process was given. */
const FILES = ["status", "stat", "limits", "cmdline", "comm", "oom_score_adj", "timerslack_ns"];

/** What a child that it starts inherits. `env` sorts nothing, and $PPID is the process itself. */
const HEIR = `env | sort; pwd; umask; ulimit -a; grep -E '^Sig(Blk|Ign)' /proc/self/status; ` +
  "for fd in /proc/$$/fd/*; do readlink $fd; done | sort";

/** Each prints JSON: the files, the links and flags of its descriptors, its environment, and what its language knows. */
const dumps: PerLanguage = {
  python: `
import json, os, signal, sys, threading, time, warnings, gc, locale

names = sorted(globals())

def read(path):
    with open("/proc/self/" + path) as file:
        return file.read()

def descriptors():
    for fd in os.listdir("/proc/self/fd"):
        try:
            yield fd, [os.readlink("/proc/self/fd/" + fd), read("fdinfo/" + fd)]
        except OSError:
            pass

streams = [(s.name, s.mode, s.encoding, s.errors, s.line_buffering, s.fileno(), s.isatty())
           for s in (sys.stdin, sys.stdout, sys.stderr) if hasattr(s, "mode")]
print(json.dumps({
    "files": {name: read(name) for name in service.params["files"].split()},
    "descriptors": dict(descriptors()),
    "environment": dict(os.environ),
    "own": [
        sys.argv, sys.orig_argv, sys.path, __file__, __name__, names, os.getcwd(), os.getpid() == int(read("stat").split()[0]),
        os.getpid() == os.getsid(0) == os.getpgid(0), streams, type(sys.stdin.buffer).__name__, sys.__stdout__ is sys.stdout,
        [str(signal.getsignal(n)) for n in signal.valid_signals()], signal.set_wakeup_fd(-1), sorted(signal.pthread_sigmask(0, [])),
        threading.active_count(), threading.current_thread() is threading.main_thread(),
        threading.get_native_id() == threading.main_thread().native_id == os.getpid(), time.tzname,
        time.strftime("%c %Z %z", time.localtime(1e9)), gc.isenabled(), gc.get_threshold(), sys.getrecursionlimit(),
        [str(f) for f in warnings.filters], locale.getlocale(), sys.flags.utf8_mode, sys.exc_info(), os.nice(0),
        abs(time.process_time()) < 5, service.params["text"], sorted(vars(service.req)), sorted(os.sched_getaffinity(0)),
    ],
}))
os.system(service.params["heir"])
`,
  ruby: `
require "json"

def read(path) = File.read("/proc/self/#{path}")

descriptors = Dir.children("/proc/self/fd").filter_map do |fd|
  [fd, [File.readlink("/proc/self/fd/#{fd}"), read("fdinfo/#{fd}")]]
rescue SystemCallError
  nil
end
streams = [$stdin, $stdout, $stderr, STDIN, STDOUT, STDERR].map do |io|
  [io.fileno, io.tty?, io.sync, io.external_encoding.to_s, io.internal_encoding.to_s, io.class.to_s, io.closed?, io.binmode?]
end
signals = (Signal.list.keys - %w[EXIT KILL STOP SEGV BUS ILL FPE VTALRM]).to_h do |name|
  before = trap(name, "DEFAULT")
  trap(name, before) if before
  [name, before.to_s]
end
puts JSON.generate(
  "files" => service.params["files"].split.to_h { |name| [name, read(name)] },
  "descriptors" => descriptors.to_h,
  "environment" => ENV.to_h,
  "own" => [
    ARGV, $0, __FILE__, $PROGRAM_NAME, Dir.pwd, File.umask, Process.pid == read("stat").to_i, Process.getpgrp == Process.pid,
    Process.getsid == Process.pid, streams, signals, Thread.list.size, Thread.current == Thread.main, Time.at(1_000_000_000).to_s,
    Time.at(1_000_000_000).zone, Encoding.default_external.to_s, Encoding.default_internal.to_s, $LOAD_PATH,
    global_variables.map(&:to_s).sort, Object.constants.map(&:to_s).sort, local_variables.map(&:to_s).sort, self.to_s, $,.inspect,
    $/.inspect, $?.inspect, $!.inspect, $~.inspect, $_.inspect, $., $DEBUG, $VERBOSE, GC.stress, GC.disable, Process.getpriority(0, 0),
    Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID) < 5, service.params["text"], DATA.read, DATA.lineno,
    RubyVM.stat.keys.size, Process.getrlimit(:NOFILE), Process.getrlimit(:CORE), caller.size, Kernel.private_method_defined?(:service)
  ]
)
system(service.params["heir"])
__END__
behind the end
`,
  perl: `
use strict; use warnings; use JSON::PP; use POSIX ();

sub slurp { open my $file, '<', "/proc/self/$_[0]" or return; local $/; return scalar <$file> }

my %descriptors;
opendir my $folder, '/proc/self/fd' or die;
for my $fd (grep { /\\d/ } readdir $folder) {
    my $link = readlink "/proc/self/fd/$fd";
    $descriptors{$fd} = [$link, slurp("fdinfo/$fd")] if defined $link;
}
closedir $folder;
my $mask = POSIX::SigSet->new;
POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new, $mask);
my @layers = map { [fileno $_, -t $_ ? 1 : 0, PerlIO::get_layers($_)] } \\*STDIN, \\*STDERR;
my ($now, $began) = (time, $^T);
print JSON::PP->new->canonical->encode({
    files => { map { $_ => slurp($_) } split ' ', $service->{params}{files} },
    descriptors => \\%descriptors,
    environment => \\%ENV,
    own => [
        [@ARGV], $0, __FILE__, __PACKAGE__, POSIX::getcwd(), $$ == (split ' ', slurp('stat'))[0] ? 1 : 0,
        getpgrp() == $$ ? 1 : 0, \\@layers, [sort grep { /^[A-Za-z]\\w*\\z/ } keys %main::],
        { map { $_ => defined $SIG{$_} ? "$SIG{$_}" : undef } keys %SIG }, [grep { $mask->ismember($_) } 1 .. 64],
        POSIX::strftime('%c %Z %z', localtime 1e9), [POSIX::tzname()], [@INC], "$|", "$/", defined $, ? 1 : 0, defined $\\ ? 1 : 0, "$;",
        "$!" ? 1 : 0, "$@", "$?", $^W, $^X, "$<$>", "$(", abs($now - $began) < 5 ? 1 : 0, (times)[0] < 5 ? 1 : 0, $service->{params}{text},
        [sort keys %$service], scalar <DATA>, $., tell DATA, POSIX::nice(0), POSIX::setlocale(POSIX::LC_ALL()), getppid() > 1 ? 1 : 0,
        ref tied(*STDOUT), ref \\*STDOUT, umask,
    ],
}), "\\n";
system $service->{params}{heir};
__DATA__
behind the end
`,
  php: `<?php
function read_self(string $path): string { return file_get_contents("/proc/self/$path"); }
$names = array_keys($GLOBALS);
$descriptors = [];
foreach (scandir('/proc/self/fd') as $fd) {
    $link = @readlink("/proc/self/fd/$fd");
    if ($link) $descriptors[$fd] = [$link, read_self("fdinfo/$fd")];
}
$server = array_filter($_SERVER, fn ($name) => !str_starts_with($name, 'REQUEST_TIME'), ARRAY_FILTER_USE_KEY);
$streams = array_map(fn ($stream) => [(int) $stream, stream_get_meta_data($stream), stream_isatty($stream)], [STDIN, STDOUT, STDERR]);
pcntl_sigprocmask(SIG_BLOCK, [], $mask);
$handlers = [];
foreach ([...range(1, 8), ...range(10, 18), ...range(20, 31)] as $signal) $handlers[$signal] = pcntl_signal_get_handler($signal);
$environment = getenv();
$read = FILES_READ;
echo json_encode([
    'files' => array_combine($read, array_map(read_self(...), $read)),
    'descriptors' => $descriptors,
    'environment' => $environment,
    'own' => [
        $argv, $argc, $server, $_ENV, $_GET, $_POST, $_COOKIE, $_FILES, $names, abs($_SERVER['REQUEST_TIME'] - time()) < 5,
        abs($_SERVER['REQUEST_TIME_FLOAT'] - microtime(true)) < 5, __FILE__, __DIR__, getcwd(), getmypid() === (int) read_self('stat'),
        posix_getsid(0) === getmypid(), posix_getpgrp() === getmypid(), $streams, $handlers, $mask, date('c T', 1000000000),
        date_default_timezone_get(), get_included_files(), ini_get_all(null, false), error_get_last(), ob_get_level(), ob_get_status(true),
        array_values(array_filter(get_declared_classes(), fn ($name) => !str_starts_with($name, 'Sluice') && (new ReflectionClass($name))->isUserDefined())), get_defined_functions()['user'], array_keys(get_defined_constants(true)['user'] ?? []),
        spl_object_id(new stdClass()), array_count_values(array_map(get_resource_type(...), get_resources())), error_reporting(), gc_enabled(), gc_status()['runs'],
        spl_autoload_functions(), stream_get_filters(), stream_get_wrappers(), setlocale(LC_ALL, 0), php_sapi_name(), php_ini_loaded_file(),
        get_include_path(), getlastmod(), getmyinode(), $service->params['text'], array_keys(get_object_vars($service)), umask(),
        connection_status(), ignore_user_abort(), set_error_handler(null), set_exception_handler(null), pcntl_getpriority(),
    ],
], JSON_PARTIAL_OUTPUT_ON_ERROR | JSON_INVALID_UTF8_SUBSTITUTE), "\\n";
system($service->params['heir']);
`.replace("FILES_READ", "explode(' ', $service->params['files'])"),
};

interface Dump {
  readonly files: Record<string, string>;
  /** By number: what it leads to, and its flags. */
  readonly descriptors: Record<string, [link: string, info: string]>;
  readonly environment: Record<string, string>;
  readonly own: unknown;
}

/** What of a dump has to be the same in every process. */
function comparable({ body }: Answer): unknown {
  const end = body.indexOf("\n");
  const dump: Dump = JSON.parse(requestless(body.slice(0, end)));
  return {
    environment: Object.entries(dump.environment).sort(),
    own: dump.own,
    descriptors: comparableDescriptors(dump),
    status: statusLines(dump.files.status),
    ...statNumbers(dump.files.stat),
    files: { ...dump.files, status: "", stat: "" },
    heir: requestless(numberless(body.slice(end + 1))).replace(/^_=.*$/m, ""),
  };
}

/** Each request has an id and a trace of its own. */
function requestless(text: string): string {
  return text.replace(/ask-\d+/g, "ask").replace(/00-[0-9a-f]{32}-[0-9a-f]{16}-01/g, "trace");
}

/** Numbers of pipes, sockets and processes say nothing. */
function numberless(text: string): string {
  return text.replace(/(pipe|socket):\[\d+\]/g, "$1").replace(/\/proc\/\d+/g, "/proc/self");
}

/** What they lead to, and their flags. Their numbers are nobody's promise, and depend on what the interpreter opens first. */
function comparableDescriptors({ descriptors }: Dump): string[] {
  return Object.entries(descriptors).flatMap(([fd, [link, info]]) => {
    const flags = /^flags:\s+(\d+)$/m.exec(info)![1];
    // From 100 on they are the runner's, and no child that the script starts inherits them.
    if (Number(fd) >= 100 && (parseInt(flags, 8) & 0o2000000) !== 0) return [];
    return [`${Number(fd) <= 2 ? fd : "any"} ${numberless(link)} ${flags}`];
  }).sort();
}

function statusLines(status: string): string[] {
  const wanted =
    /^(Umask|[UG]id|Groups|Threads|Sig(Blk|Ign|Cgt)|Sh?dPnd|SigPnd|Cap\w+|NoNewPrivs|Seccomp|Cpus_allowed|CoreDumping|TracerPid):/;
  return status.split("\n").filter((line) => wanted.test(line));
}

/** proc(5): pid, name, state, parent, group, session, terminal, and so on. */
function statNumbers(stat: string) {
  const pid = stat.split(" ")[0];
  const [, , group, session, terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    leads: group === pid && session === pid,
    terminal,
    priority: fields.slice(15, 18),
    policy: fields.slice(37, 39),
  };
}

for (const language of warmLanguages) {
  Deno.test(`${language}: a warm process starts as a cold one does`, async () => {
    await using pair = await makePair(language, dumps[language]!, {
      args: ["--flag", "ä b"],
      env: { MARK: "ä=1", EMPTY: "", TZ: "Asia/Kathmandu" },
    });
    const ask = query({ files: FILES.join(" "), heir: HEIR, text: "grüße" });
    const init = { method: "POST", body: "some=body", headers: { "x-some": "ü", cookie: "a=b" } };
    const answers = [await pair.warm.ask(ask, init), await pair.warm.ask(ask, init), await pair.cold.ask(ask, init)];
    for (const answer of answers) deepEqual([answer.status, answer.stderr], [200, []]);
    const [first, second, cold] = answers.map(comparable);
    alike(first, cold);
    alike(second, cold);
  });
}

// What others leave to it

/** Each prints what it finds as JSON, and then spoils as much as it can. Its end handler adds a line to `ends`. */
const spoilers: PerLanguage = {
  python: `
import atexit, builtins, gc, json, locale, os, random, resource, signal, socket, sys, tempfile, time

dumps = json.dumps
print(dumps([
    hasattr(json, "mark"), hasattr(builtins, "mark"), "mark" in globals(), hasattr(type(service), "mark"), os.getcwd(),
    os.umask(0o77), os.environ.get("MARK"), os.getenv("PATH"), str(signal.getsignal(signal.SIGUSR1)), signal.getitimer(signal.ITIMER_REAL),
    sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])), len(sys.path), time.tzname, resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    os.nice(3), sys.getrecursionlimit(), locale.setlocale(locale.LC_NUMERIC), gc.isenabled(), sys.stdout.line_buffering, socket.getdefaulttimeout(),
    len([fd for fd in os.listdir("/proc/self/fd") if int(fd) < 100]), sorted(os.listdir(os.environ["TMPDIR"])), tempfile.tempdir,
    dumps([1]), len(os.listdir("/proc/self/task")), sys.excepthook is sys.__excepthook__, "late" in sys.modules, sys.argv,
]), flush=True)
mark = json.mark = builtins.mark = type(service).mark = True
json.dumps = json.loads = None
for name in list(os.environ):
    if name != "TMPDIR":
        del os.environ[name]
os.environ.update(MARK="spoilt", TZ="Asia/Tokyo")
time.tzset()
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 1000)
sys.path.append("/nowhere")
sys.argv.append("more")
sys.modules["late"] = json
sys.excepthook = print
sys.setrecursionlimit(500)
locale.setlocale(locale.LC_ALL, "C")
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
socket.setdefaulttimeout(3)
kept = [open("/dev/null") for _ in range(10)] + [os.dup(1), os.dup(0)]
os.set_inheritable(kept[-1], True)
ends = os.open("ends", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
atexit.register(lambda: os.write(ends, b"end\\n"))
named, folder = tempfile.NamedTemporaryFile(), tempfile.TemporaryDirectory()
gc.disable()
os.chdir("/")
os.getcwd = None
`,
  ruby: `
require "json"
require "tempfile"
require "tmpdir"

puts JSON.generate([
  $mark.nil?, defined?(MARK).nil?, String.method_defined?(:mark), Dir.pwd, File.umask(077), ENV["MARK"], ENV["PATH"],
  trap("USR1", "IGNORE").to_s, trap("TERM") {}.to_s, $LOAD_PATH.size, Time.now.zone, Process.getrlimit(:NOFILE)[0],
  Process.getpriority(Process::PRIO_PROCESS, 0), $stdout.sync, Encoding.default_internal.to_s, Encoding.default_external.to_s,
  Dir.children("/proc/self/fd").count { |fd| fd.to_i < 100 }, Dir.children(ENV["TMPDIR"]).sort, Thread.list.size, ARGV, $VERBOSE, $0, GC.disable,
  JSON.generate([1]), JSON.instance_variable_get(:@mark), $;.inspect, Thread.abort_on_exception
])
$stdout.flush
$mark = MARK = true
class String; def mark = true; end
JSON.instance_variable_set(:@mark, true)
def JSON.generate(*) = nil
ENV.each_key { |name| ENV.delete(name) unless name == "TMPDIR" }
ENV.update("MARK" => "spoilt", "TZ" => "Asia/Tokyo")
$LOAD_PATH << "/nowhere"
$VERBOSE = nil
ARGV << "more"
$0 = "spoilt"
Encoding.default_internal = Encoding::UTF_16LE rescue nil
Encoding.default_internal = nil
Thread.abort_on_exception = true
Process.setrlimit(:NOFILE, 100, 100)
Process.setpriority(Process::PRIO_PROCESS, 0, 3)
$kept = Array.new(10) { File.open("/dev/null") } + [STDOUT.dup]
$kept.each { |file| file.close_on_exec = false }
ends = File.new("ends", "a")
at_exit { ends.syswrite("end\\n") }
$named = Tempfile.new
$folder = Dir.mktmpdir
at_exit { FileUtils.remove_entry($folder) }
Thread.new { sleep }
Dir.chdir("/")
`,
  perl: `
use strict; use warnings; use JSON::PP; use POSIX (); use File::Temp; use Cwd ();

our ($mark, $kept);
my $mask = POSIX::SigSet->new;
POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(POSIX::SIGUSR2()), $mask);
opendir my $folder, '/proc/self/fd' or die;
my $open = grep { /\\d/ and $_ < 100 } readdir $folder;
closedir $folder;
opendir $folder, $ENV{TMPDIR} or die;
my @temporary = sort grep { !/^\\./ } readdir $folder;
closedir $folder;
{
    local $| = 1;
    print JSON::PP->new->canonical->encode([
        defined $mark ? 1 : 0, JSON::PP->can('mark') ? 1 : 0, Cwd::getcwd(), umask 077, $ENV{MARK}, $ENV{PATH}, $SIG{USR1}, $SIG{TERM}, $SIG{__DIE__},
        [grep { $mask->ismember($_) } 1 .. 64], scalar @INC, POSIX::strftime('%Z', localtime), getpriority(0, 0), $open, \\@temporary, [@ARGV], $0,
        $|, defined $, ? 1 : 0, defined $\\ ? 1 : 0, $^W, exists $INC{'late.pm'} ? 1 : 0, POSIX::setlocale(POSIX::LC_NUMERIC()), alarm 1000,
    ]), "\\n";
}
$mark = 1;
{ no strict 'refs'; no warnings; *{'JSON::PP::mark'} = sub { 1 }; *{'JSON::PP::encode'} = sub { '' }; *{'Cwd::getcwd'} = sub { '' } }
delete $ENV{$_} for grep { $_ ne 'TMPDIR' } keys %ENV;
@ENV{qw(MARK TZ)} = qw(spoilt Asia/Tokyo);
POSIX::tzset();
@SIG{qw(USR1 TERM __DIE__)} = ('IGNORE', sub { }, sub { });
push @INC, '/nowhere';
push @ARGV, 'more';
$INC{'late.pm'} = 'late.pm';
$^W = 0;
POSIX::setlocale(POSIX::LC_ALL(), 'C');
setpriority 0, 0, 3;
$^F = 1000;
$kept = [map { open my $file, '<', '/dev/null' or die; $file } 1 .. 10];
open my $ends, '>>', 'ends' or die;
eval q{END { syswrite $ends, "end\\n" }};
my ($named, $directory) = (File::Temp->new, File::Temp->newdir);
our @cycle = ($named, \\@cycle) if 0;
$0 = 'spoilt';
chdir '/';
`,
  php: `<?php
echo json_encode([
    isset($mark), defined('MARK'), function_exists('mark'), getcwd(), umask(077), getenv('MARK'), getenv('PATH'), $_SERVER['MARK'] ?? null,
    pcntl_signal_get_handler(SIGUSR1), pcntl_sigprocmask(SIG_BLOCK, [SIGUSR2], $mask), $mask, get_include_path(), date_default_timezone_get(),
    posix_getrlimit(), pcntl_getpriority(), ini_get('memory_limit'), setlocale(LC_NUMERIC, 0), ob_get_level(), error_reporting(),
    count(array_filter(scandir('/proc/self/fd'), fn ($fd) => (int) $fd < 100)), array_diff(scandir(getenv('TMPDIR')), ['.', '..']), $argv,
    spl_autoload_functions(), stream_get_wrappers(), get_included_files(), error_get_last(), mb_internal_encoding_or_null(), pcntl_alarm(1000),
    session_status(), (function () { static $runs = 0; return ++$runs; })(),
]), "\\n";
flush();
function mb_internal_encoding_or_null() { return function_exists('mb_internal_encoding') ? mb_internal_encoding() : null; }
$mark = true;
define('MARK', true);
eval('function mark() {}');
foreach (getenv() as $name => $_) if ($name !== 'TMPDIR') putenv($name);
putenv('MARK=spoilt');
putenv('TZ=Asia/Tokyo');
$_SERVER['MARK'] = 'spoilt';
pcntl_signal(SIGUSR1, SIG_IGN);
pcntl_signal(SIGTERM, fn () => null);
set_include_path('/nowhere');
date_default_timezone_set('Asia/Tokyo');
posix_setrlimit(POSIX_RLIMIT_NOFILE, 100, 100);
pcntl_setpriority(3);
ini_set('memory_limit', '64M');
setlocale(LC_ALL, 'C');
spl_autoload_register(fn () => null);
stream_wrapper_register('late', 'stdClass');
file_put_contents('included.php', '<?php $late = 1;');
include 'included.php';
error_reporting(0);
echo $undefined;
$argv[] = 'more';
$kept = array_map(fn () => fopen('/dev/null', 'r'), range(1, 10));
$ends = fopen('ends', 'a');
register_shutdown_function(fn () => fwrite($ends, "end\\n"));
$named = tmpfile();
fwrite($named, 'x');
unlink('included.php');
chdir('/');
`,
};

for (const language of warmLanguages) {
  Deno.test(`${language}: nothing that a request changes is seen by the next`, async () => {
    await using pair = await makePair(language, spoilers[language]!, { env: { TZ: "UTC" } });
    const cold = await pair.cold.ask();
    deepEqual([cold.status, cold.exit, cold.stderr], [200, { code: 0, signal: null, error: undefined }, []]);
    ok(JSON.parse(cold.body).length > 10);
    for (let i = 0; i < 10; i++) {
      alike(await pair.warm.ask(), cold);
      deepEqual(temporaryFiles(pair), []);
    }
    const ends = () => Deno.readTextFileSync(pair.folder.file("ends"));
    equal(ends(), "end\n".repeat(11), "each request has its end handlers run once");
    // At once, they may see each other's temporary files: in the real world, too.
    const together = await Promise.all(Array.from({ length: 16 }, () => pair.warm.ask()));
    for (const { body, exit } of together) deepEqual([withoutFiles(body), exit], [withoutFiles(cold.body), cold.exit]);
    equal(ends(), "end\n".repeat(27));
    deepEqual(temporaryFiles(pair), []);
  });
}

/** The answer without the list of temporary files: the only list or object in it that is empty when it is cold. */
function withoutFiles(body: string): unknown[] {
  return JSON.parse(body).map((value: unknown) => isListOfFiles(value) ? [] : value);
}

function isListOfFiles(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    Object.values(value).every((entry) => typeof entry === "string" && /^[a-zA-Z0-9_.-]{6,}$/.test(entry));
}

// Random numbers

/** Values taken from each source by one process. */
const DRAWS = 5;

/** Each prints a JSON object: by source, so many values. */
const random: PerLanguage = {
  python: `
import json, os, random, secrets, sys, tempfile, time, uuid
import numpy.random  # where it is installed

own = random.Random()
sources = {
    "random": random.random, "randbytes": lambda: random.randbytes(8).hex(), "gauss": random.gauss, "shuffle": lambda: random.sample(range(100), 20),
    "Random": lambda: random.Random().random(), "own": own.random, "SystemRandom": random.SystemRandom().random,
    "urandom": lambda: os.urandom(8).hex(), "secrets": secrets.token_hex, "uuid1": lambda: str(uuid.uuid1()), "uuid4": lambda: str(uuid.uuid4()),
    "mkstemp": lambda: tempfile.mkstemp()[1], "mktemp": lambda: tempfile.mktemp(),
}
if "numpy" in sys.modules:
    sources.update({"numpy": numpy.random.random, "numpy.bytes": lambda: numpy.random.bytes(8).hex(), "numpy.rng": numpy.random.default_rng().random})
print(json.dumps({name: [str(draw()) for _ in range(5)] for name, draw in sources.items()}))
`,
  ruby: `
require "json"
require "securerandom"
require "tmpdir"
own = Random.new
sources = {
  "rand" => -> { rand }, "Random.rand" => -> { Random.rand }, "Random.bytes" => -> { Random.bytes(8).unpack1("H*") }, "own" => -> { own.rand },
  "new" => -> { Random.new.rand }, "seed" => -> { Random.new_seed }, "urandom" => -> { Random.urandom(8).unpack1("H*") },
  "shuffle" => -> { (1..100).to_a.shuffle.first(20) }, "sample" => -> { (1..100).to_a.sample(20) }, "hex" => -> { SecureRandom.hex },
  "uuid" => -> { SecureRandom.uuid }, "SecureRandom.rand" => -> { SecureRandom.rand }, "tmpdir" => -> { Dir.mktmpdir }
}
puts JSON.generate(sources.transform_values { |draw| Array.new(5) { draw.call.to_s } })
`,
  perl: `
use strict; use JSON::PP; use List::Util qw(shuffle); use File::Temp qw(tempfile);
my %sources = (
    rand => sub { rand }, int => sub { join ' ', map { int rand 1000 } 1 .. 8 }, shuffle => sub { join ' ', (shuffle 1 .. 100)[0 .. 19] },
    tempfile => sub { (tempfile)[1] },
);
print JSON::PP->new->canonical->encode({ map { my $draw = $sources{$_}; $_ => [map { '' . $draw->() } 1 .. 5] } keys %sources });
`,
  php: `<?php
$sources = [
    'mt_rand' => fn () => mt_rand() . ' ' . mt_rand(), 'rand' => fn () => rand() . ' ' . rand(), 'random_int' => fn () => random_int(0, PHP_INT_MAX),
    'random_bytes' => fn () => bin2hex(random_bytes(8)), 'lcg' => fn () => lcg_value() . ' ' . lcg_value(), 'uniqid' => fn () => uniqid('', true),
    'shuffle' => function () { $all = range(1, 100); shuffle($all); return implode(' ', array_slice($all, 0, 20)); },
    'array_rand' => fn () => implode(' ', array_rand(range(1, 1000), 20)), 'str_shuffle' => fn () => str_shuffle(str_repeat('abcdefghij', 5)),
    'openssl' => fn () => bin2hex(openssl_random_pseudo_bytes(8)), 'tempnam' => fn () => tempnam(getenv('TMPDIR'), ''),
    'session' => fn () => session_create_id(), 'password' => fn () => crypt('x', '$6$' . bin2hex(random_bytes(4)) . '$'),
];
$drawn = [];
foreach ($sources as $name => $draw) {
    $drawn[$name] = [];
    for ($i = 0; $i < 5; $i++) $drawn[$name][] = (string) $draw();
}
echo json_encode($drawn);
`,
};

for (const language of warmLanguages) {
  Deno.test(`${language}: 1,000 values of each random source differ, within a process and across them`, async () => {
    // Its threads for linear algebra would keep the program from being warm.
    const env = { OPENBLAS_NUM_THREADS: "1" };
    await using pair = await makePair(language, withWhatIsInstalled(random[language]!), { env });
    const seen = new Map<string, Set<string>>();
    const askers = Array.from({ length: 8 }, async () => {
      for (let i = 0; i < 1000 / DRAWS / 8; i++) {
        const { status, body, stderr } = await pair.warm.ask();
        equal(status, 200, stderr.join("\n"));
        for (const [source, values] of Object.entries<string[]>(JSON.parse(body))) {
          equal(values.length, DRAWS);
          for (const value of values) seen.set(source, (seen.get(source) ?? new Set()).add(value));
        }
      }
    });
    await Promise.all(askers);
    deepEqual(
      [...seen].map(([source, values]) => [source, values.size]),
      [...seen.keys()].map((source) => [source, 1000]),
    );
  });
}

/** The same without the lines that import what is not there. */
function withWhatIsInstalled(source: string): string {
  return source.replace(/^import (\w+).*# where it is installed$/m, (line, name) => {
    const { success } = new Deno.Command("python3", { args: ["-c", `import ${name}`], stderr: "null" }).outputSync();
    return success ? line : "";
  });
}

// Secrets

/** Each counts in its own memory and environment what begins as a secret and goes on as one; prints a count for each. */
const searches: PerLanguage = {
  python: `
import os, re

def memory():
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as mem:
        for line in maps:
            begin, end = (int(at, 16) for at in line.split()[0].split("-"))
            if line.split()[1].startswith("rw"):
                mem.seek(begin)
                yield mem.read(end - begin)
    with open("/proc/self/environ", "rb") as environ:
        yield environ.read()
    yield repr(dict(os.environ)).encode()

service.req.read()
halves = service.params["halves"].encode().split(b",")
pattern = re.compile(b"(" + b"|".join(halves) + b")[0-9a-f]{16}")
found = set()
for region in memory():
    found.update(match[1] for match in pattern.finditer(region))
print(*[int(half in found) for half in halves])
`,
  ruby: `
service.req.read
halves = service.params["halves"].split(",")
pattern = Regexp.new("(#{halves.join("|")})[0-9a-f]{16}".b, Regexp::FIXEDENCODING, "n")
found = {}
mem = File.open("/proc/self/mem", "rb")
File.readlines("/proc/self/maps").each do |line|
  from, to = line.split.first.split("-").map { |at| at.to_i(16) }
  next unless line.split[1].start_with?("rw")

  mem.sysseek(from)
  region = mem.sysread(to - from) rescue next
  region.scan(pattern) { |half,| found[half] = true }
end
[File.binread("/proc/self/environ"), ENV.to_h.inspect.b].each { |text| text.scan(pattern) { |half,| found[half] = true } }
puts halves.map { |half| found[half.b] ? 1 : 0 }.join(" ")
`,
  perl: `
use strict;
read STDIN, my $body, 1e6;
my @halves = split /,/, $service->{params}{halves};
my $any = join '|', @halves;
my %found;
sub search { my ($region) = @_; $found{$1} = 1 while $$region =~ /($any)[0-9a-f]{16}/g }
open my $maps, '<', '/proc/self/maps' or die;
my @lines = <$maps>;
open my $mem, '<:raw', '/proc/self/mem' or die;
for (@lines) {
    my ($from, $to) = /^([0-9a-f]+)-([0-9a-f]+) rw/ or next;
    sysseek $mem, hex $from, 0;
    my $region;
    search(\\$region) if sysread $mem, $region, hex($to) - hex($from);
}
open my $file, '<:raw', '/proc/self/environ' or die;
my $environ = join "\\0", <$file>, %ENV;
search(\\$environ);
print join(' ', map { $found{$_} ? 1 : 0 } @halves), "\\n";
`,
  php: `<?php
ini_set('memory_limit', '-1');
stream_get_contents(STDIN);
$halves = explode(',', $service->params['halves']);
$pattern = '/(' . implode('|', $halves) . ')[0-9a-f]{16}/';
$found = [];
$search = function (string $region) use ($pattern, &$found) {
    preg_match_all($pattern, $region, $matches);
    foreach ($matches[1] as $half) $found[$half] = true;
};
$mem = fopen('/proc/self/mem', 'rb');
stream_set_read_buffer($mem, 0);
foreach (file('/proc/self/maps') as $line) {
    if (!preg_match('/^([0-9a-f]+)-([0-9a-f]+) rw/', $line, $range)) continue;
    fseek($mem, hexdec($range[1]));
    $length = hexdec($range[2]) - hexdec($range[1]);
    for ($region = ''; $length > 0 && ($piece = @fread($mem, $length)) !== false && $piece !== ''; $length -= strlen($piece)) $region .= $piece;
    $search($region);
    unset($region);
}
$search(file_get_contents('/proc/self/environ'));
$search(json_encode([getenv(), $_SERVER]));
echo implode(' ', array_map(fn ($half) => isset($found[$half]) ? 1 : 0, $halves)), "\\n";
`,
};

for (const language of warmLanguages) {
  Deno.test(`${language}: no process holds anything in its memory of the 50 secrets that came before`, async () => {
    await using pair = await makePair(language, searches[language]!);
    const half = () =>
      Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    const halves: string[] = [];
    for (let i = 0; i < 50; i++) {
      halves.push(half());
      const secret = halves[i] + half();
      // Its own is put everywhere, and shows that the search finds what is there.
      const path = `/${secret}${query({ secret, halves: halves.join(",") }).slice(1)}`;
      const init = { method: "POST", body: `${secret} in the body`, headers: { authorization: secret } };
      const { status, body, stderr } = await pair.warm.ask(path, init);
      deepEqual([status, stderr], [200, []]);
      equal(body, [...halves.slice(1).map(() => 0), 1].join(" ") + "\n", `request ${i}`);
    }
  });
}

// The end

/** Each leaves text unwritten in every way that its language has, and more to its end handlers. */
const endings: PerLanguage = {
  python: `
import atexit, json, os, sys, threading, weakref, logging, logging.handlers, concurrent.futures

def begin(name):
    file = open("end-" + name, "w")
    file.write(name)
    return file

file = begin("global")
_private = begin("private")
json.kept = begin("library")
sys.kept = begin("sys")
os.environ.kept = begin("attribute")
buffered = open("end-buffered", "wb", 1000)
buffered.write(b"buffered")
updated = open("end-updated", "w+b")
updated.write(b"updated")

class Cycle:
    def __init__(self):
        self.me, self.file = self, begin("cycle")

    def __del__(self):
        self.file.write(" destructor")

class Plain:
    file = begin("class")

    def __del__(self):
        os.write(os.open("end-destructor", os.O_WRONLY | os.O_CREAT), helper(b"destructor"))

def helper(text):
    return text

def default(file=begin("default")):
    pass

def generator(file):
    with file:
        yield
        file.write("never")

Cycle()
plain = Plain()
stopped = generator(begin("generator"))
next(stopped)
handler = logging.handlers.MemoryHandler(1000, target=logging.FileHandler("end-logging"))
logging.getLogger().addHandler(handler)
logging.error("logged")
weakref.finalize(plain, lambda: open("end-finalize", "w").write("finalize"))
atexit.register(lambda: json.kept.write(" atexit"))
atexit.register(lambda: print("atexit"))

def late():
    import time
    time.sleep(0.05)
    open("end-thread", "w").write("thread")

threading.Thread(target=late).start()
concurrent.futures.ThreadPoolExecutor(1).submit(late)
print("printed", end="")
sys.stderr.write("stderr without an end")
`,
  ruby: `
require "json"
require "zlib"
def begin_file(name) = File.open("end-#{name}", "w").tap { |file| file.write(name) }

$file = begin_file("global")
local = begin_file("local")
KEPT = begin_file("constant")
JSON.instance_variable_set(:@kept, begin_file("library"))
cycle = [begin_file("cycle")]
cycle << cycle
cycle = nil
String.class_variable_set(:@@kept, begin_file("class"))
closure = begin_file("closure").then { |file| -> { file } }
Thread.current[:kept] = begin_file("thread-local")
fiber = Fiber.new { file = begin_file("fiber"); Fiber.yield; file.write("never") }
fiber.resume
ObjectSpace.define_finalizer(Object.new, proc { File.write("end-finalizer", "finalizer") })
at_exit { local.write(" at_exit") }
at_exit { puts "at_exit" }
at_exit { at_exit { $file.write(" nested") } }
thread = Thread.new { sleep } .tap { |t| t[:file] = begin_file("thread") }
pipe = IO.popen("cat >end-pipe", "w")
pipe.write("pipe")
print "printed"
$stderr.write "stderr without an end"
`,
  perl: `
use strict; use warnings;
sub begin { my ($name) = @_; open my $file, '>', "end-$name" or die; print $file $name; return $file }

our $global = begin('global');
my $lexical = begin('lexical');
our @list = (begin('list'));
my $cycle = { file => begin('cycle') };
$cycle->{me} = $cycle;
undef $cycle;
my $closure = do { my $file = begin('closure'); sub { $file } };
sub stateful { no warnings; our $kept ||= begin('package') }
stateful();
open BARE, '>', 'end-bare' or die;
print BARE 'bare';
package Destroyed { sub new { bless { file => $_[1] } } sub DESTROY { print { $_[0]{file} } ' destroyed' } }
our $object = Destroyed->new(begin('object'));
my $inner = Destroyed->new(begin('inner'));
{ my $loop = Destroyed->new(begin('loop')); $loop->{me} = $loop }
END { print $lexical ' end'; print "end\\n" }
open my $pipe, '|-', 'cat >end-pipe' or die;
print $pipe 'pipe';
print 'printed';
print STDERR 'stderr without an end';
`,
  php: `<?php
function begin(string $name) { $file = fopen("end-$name", 'w'); fwrite($file, $name); return $file; }
$global = begin('global');
class Destroyed {
    public $me; public static $kept;
    public function __construct(public $file) {}
    public function __destruct() { fwrite($this->file, ' destroyed'); }
}
$object = new Destroyed(begin('object'));
(function () { $cycle = new Destroyed(begin('cycle')); $cycle->me = $cycle; })();
Destroyed::$kept = new Destroyed(begin('static'));
(function () { static $kept; $kept = new Destroyed(begin('variable')); })();
$deflated = fopen('compress.zlib://end-zlib', 'w');
fwrite($deflated, 'zlib');
$filtered = begin('filter');
stream_filter_append($filtered, 'convert.base64-encode');
fwrite($filtered, 'ab');
$pipe = popen('cat >end-pipe', 'w');
fwrite($pipe, 'pipe');
$process = proc_open('cat >end-process', [['pipe', 'r']], $pipes);
fwrite($pipes[0], 'process');
function generate($file) { try { yield 1; } finally { fwrite($file, ' finally'); } }
$generator = generate(begin('generator'));
$generator->current();
register_shutdown_function(function () use ($global) {
    fwrite($global, ' shutdown');
    register_shutdown_function(fn () => fwrite($global, ' nested'));
});
ob_start(fn ($text) => strtoupper($text));
ob_start(function ($text) { file_put_contents('end-buffer', 'buffer'); return $text; });
echo 'printed';
fwrite(STDERR, 'stderr without an end');
`,
};

for (const language of warmLanguages) {
  Deno.test(`${language}: what it leaves unwritten is in its files when the answer is there`, async () => {
    await using pair = await makePair(language, endings[language]!);
    const files = () =>
      Object.fromEntries(
        pair.folder.names().filter((name) => name.startsWith("end-")).sort()
          .map((name) => [name, normal(Deno.readFileSync(pair.folder.file(name)))]),
      );
    const answered = async (asked: typeof pair.warm) => {
      const response = await asked.handler(new Request("http://localhost/", { headers: { "x-request-id": "end" } }));
      const body = await response.text();
      const left = files();
      const { code, pid } = await asked.report("end");
      notEqual(processState(pid), "Z");
      for (const name of Object.keys(left)) await Deno.remove(pair.folder.file(name));
      return { status: response.status, body, left, code };
    };
    const cold = await answered(pair.cold);
    deepEqual([cold.status, cold.code], [200, 0], pair.cold.log.join("\n"));
    match(cold.body, /^printed/i);
    ok(Object.keys(cold.left).length > 5);
    alike(await answered(pair.warm), cold);
    const both = await pair.same();
    equal(both.stderr.join(""), "stderr without an end");
  });
}

/** Text of a file; of a compressed one without the time in its head. */
function normal(bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes.fill(0, 4, 8);
  return new TextDecoder("latin1").decode(bytes);
}
