/** What warm programs do wrong, and what is done to them: the client sees the same as cold, and no other request suffers. */

import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { listen } from "../../support/in_process.ts";
import { seen } from "../../support/ask.ts";
import { makeFolder } from "../../support/folder.ts";
import { makeLifeline } from "../../support/lifeline.ts";
import { childrenOf, isRunning } from "../../support/processes.ts";
import { RawClient } from "../../support/raw_client.ts";
import {
  type Answer,
  makePair,
  type Pair,
  parts,
  type PerLanguage,
  query,
  type WarmLanguage,
  warmLanguages,
} from "../../support/warm_programs.ts";
import { until } from "../../support/within.ts";

const GiB = 1024 ** 3;
const MB = 1_000_000;

// What a script does to itself: one script that can do it all, so that one parent lives through all of it

interface Fault {
  readonly sources: PerLanguage;
  readonly init?: RequestInit;
  readonly params?: Readonly<Record<string, string>>;
  /** What is known of the answer, besides that it is the same as cold. */
  readonly check: (answer: Answer, pair: Pair) => void;
}

const well = { code: 0, signal: null, error: undefined };

function whole(body: string): Fault["check"] {
  return (answer) => deepEqual([answer.status, answer.body, answer.exit], [200, body, well], answer.stderr.join("\n"));
}

function fails(status: 200 | 502, code: number | string): Fault["check"] {
  return ({ status: seen, body, exit }) => {
    equal(seen, status);
    ok(status === 502 || body === "broken", body);
    equal(exit.code ?? exit.signal, code);
  };
}

const faults: Record<string, Fault> = {
  "exits with 0": {
    sources: { python: "import sys\nsys.exit(0)", ruby: "exit", perl: "exit;", php: "exit;" },
    check: whole(""),
  },
  "exits with 0 behind an output": {
    sources: {
      python: "print('out')\nraise SystemExit",
      ruby: "puts 'out'; exit 0",
      perl: 'print "out\\n"; exit 0;',
      php: 'echo "out\\n"; exit(0);',
    },
    check: whole("out\n"),
  },
  "exits with 3": {
    sources: { python: "import sys\nsys.exit(3)", ruby: "exit 3", perl: "exit 3;", php: "exit(3);" },
    check: fails(502, 3),
  },
  "exits with 3 behind an output": {
    sources: {
      python: "service.res.write('out')\nservice.req.read()\nraise SystemExit(3)",
      ruby: "service.res.write('out'); service.req.read; exit 3",
      perl: "$service->{res}->write('out'); local $/; <STDIN>; exit 3;",
      php: "$service->res->write('out'); $service->req->read(); exit(3);",
    },
    check: ({ exit }) => equal(exit.code, 3),
  },
  "exits with a text": {
    sources: { python: "import sys\nsys.exit('why')", ruby: "abort 'why'", perl: 'die "why\\n";', php: "exit('why');" },
    check: ({ body, stderr }) => ok(body === "why" || stderr.includes("why")),
  },
  "exits within an end handler": {
    sources: {
      python: "import atexit, os\natexit.register(os._exit, 5)\nprint('out')",
      ruby: "at_exit { exit! 5 }; puts 'out'",
      perl: "eval q{END { $? = 5 }}; print 'out';",
      php: "register_shutdown_function(fn () => exit(5)); echo 'out';",
    },
    check: ({ exit }) => equal(exit.code, 5),
  },
  "throws before the first byte": {
    sources: {
      python: "raise RuntimeError('inner')",
      ruby: "raise 'inner'",
      perl: "die 'inner';",
      php: "throw new Exception('inner');",
    },
    check: (answer) => {
      equal(answer.status, 502);
      ok(!answer.body.includes("inner") && answer.stderr.join().includes("inner"));
    },
  },
  "throws after the first byte": {
    sources: {
      python: "service.res.write('out')\nservice.req.read()\nraise RuntimeError('inner')",
      ruby: "service.res.write('out'); service.req.read; raise 'inner'",
      perl: "$service->{res}->write('out'); local $/; <STDIN>; die 'inner';",
      php: "$service->res->write('out'); $service->req->read(); throw new Exception('inner');",
    },
    check: ({ exit, stderr }) => {
      notEqual(exit.code, 0);
      ok(stderr.join().includes("inner"));
    },
  },
  "throws in an end handler": {
    sources: {
      python: "import atexit\natexit.register(lambda: 1 / 0)\nprint('out')",
      ruby: "at_exit { raise 'inner' }; puts 'out'",
      perl: "eval q{END { die 'inner' }}; print 'out';",
      php: "register_shutdown_function(function () { throw new Exception('inner'); }); echo 'out';",
    },
    check: () => {},
  },
  "runs out of its stack": {
    sources: {
      python: "def deep(): deep()\ndeep()",
      ruby: "def deep = deep() + 1\ndeep",
      perl: "my $deep = 0; sub deep { $_[0] ? deep($_[0] - 1) : 7 } no warnings; print deep(100000);",
      php: "ini_set('memory_limit', '16M'); function deep($n) { return deep($n + 1) + 1; } deep(0);",
    },
    check: () => {},
  },
  "calls _exit with 0, with nothing written": {
    sources: {
      python: "import os\nos._exit(0)",
      ruby: "exit! 0",
      perl: "require POSIX; POSIX::_exit(0);",
      php: "FFI::cdef('void _exit(int);')->_exit(0);",
    },
    check: whole(""),
  },
  "calls _exit with 0, with unflushed text": {
    sources: {
      python:
        "import os\nservice.res.flush()\nfile = open('lost', 'w')\nfile.write('lost')\nprint('out', end='')\nos._exit(0)",
      ruby: "service.res.flush; $file = File.open('lost', 'w'); $file.write('lost'); print 'out'; exit! 0",
      perl:
        "require POSIX; $service->{res}->flush; open our $lost, '>', 'lost'; print $lost 'lost'; print 'out'; POSIX::_exit(0);",
      php: "$service->res->flush(); echo 'out'; FFI::cdef('void _exit(int);')->_exit(0);",
    },
    check: ({ status, exit }) => deepEqual([status, exit], [200, well]),
  },
  "calls _exit with 7": {
    sources: {
      python: "import os\nos._exit(7)",
      ruby: "exit! 7",
      perl: "require POSIX; POSIX::_exit(7);",
      php: "FFI::cdef('void _exit(int);')->_exit(7);",
    },
    check: fails(502, 7),
  },
  "segfaults": {
    sources: {
      python: "import ctypes\nctypes.string_at(0)",
      ruby:
        "Process.setrlimit(:CORE, 0); trap('SEGV', 'SYSTEM_DEFAULT') rescue nil; require 'fiddle'; $stderr.reopen('/dev/null'); Fiddle::Pointer.new(8)[0, 1]",
      perl: "unpack 'p', pack 'J', 1;",
      php: "FFI::string(FFI::cast('char *', 1));",
    },
    check: ({ status, exit }) => {
      equal(status, 502);
      match(exit.signal ?? "", /^SIG(SEGV|ABRT)$/);
    },
  },
  "kills itself": {
    sources: {
      python: "import os\nos.kill(os.getpid(), 9)",
      ruby: "Process.kill(:KILL, $$); sleep",
      perl: "kill KILL => $$; sleep;",
      php: "posix_kill(getmypid(), SIGKILL); sleep(9);",
    },
    check: fails(502, "SIGKILL"),
  },
  "gets SIGTERM": {
    sources: {
      python: "import os, time\nos.kill(os.getpid(), 15)\ntime.sleep(9)",
      ruby: "Process.kill(:TERM, $$); sleep 9",
      perl: "kill TERM => $$; sleep 9;",
      php: "posix_kill(getmypid(), SIGTERM); sleep(9);",
    },
    check: fails(502, "SIGTERM"),
  },
  "kills its group": {
    sources: {
      python: "import os, time\nos.kill(0, 9)",
      ruby: "Process.kill(:KILL, 0); sleep",
      perl: "kill KILL => 0; sleep;",
      php: "posix_kill(0, SIGKILL); sleep(9);",
    },
    check: fails(502, "SIGKILL"),
  },
  "closes descriptor 1 behind its answer": {
    sources: {
      python: "import os, time\nservice.res.end('out')\nos.close(1)\ntime.sleep(0.05)",
      ruby: "service.res.end('out'); IO.for_fd(1, autoclose: false).close rescue nil; sleep 0.05",
      perl: "$service->{res}->end('out'); require POSIX; POSIX::close(1); select undef, undef, undef, 0.05;",
      php: "$service->res->end('out'); FFI::cdef('int close(int);')->close(1); usleep(50000);",
    },
    check: whole("out"),
  },
  "closes descriptor 1 ahead of its answer": {
    sources: {
      python: "import os\nos.close(1)\nprint('out')",
      ruby: "IO.for_fd(1).close; puts 'out'",
      perl: "require POSIX; POSIX::close(1); print 'out';",
      php: "FFI::cdef('int close(int);')->close(1); echo 'out';",
    },
    check: () => {},
  },
  "closes standard output": {
    sources: {
      python: "import sys\nprint('out')\nsys.stdout.close()",
      ruby: "puts 'out'; $stdout.close",
      perl: "print 'out'; close STDOUT;",
      php: "echo 'out'; fclose(STDOUT);",
    },
    check: ({ status }) => ok(status === 200 || status === 502),
  },
  "closes all descriptors": {
    sources: {
      python: "import os\nprint('out')\nos.closerange(0, 256)",
      ruby: "puts 'out'; $stdout.flush; (0..255).each { |fd| IO.for_fd(fd, autoclose: false).close rescue nil }",
      perl: "print 'out'; require POSIX; POSIX::close($_) for 0 .. 255;",
      php:
        "echo 'out'; $service->res->flush(); $c = FFI::cdef('int close(int);'); for ($fd = 0; $fd < 256; $fd++) $c->close($fd);",
    },
    check: () => {},
  },
  "replaces itself by another program": {
    sources: {
      python: "import os\nservice.res.header('X-Some', 'one')\nos.execvp('sh', ['sh', '-c', 'echo $0; echo replaced'])",
      ruby: "service.res.header('X-Some', 'one').flush; exec 'sh', '-c', 'echo replaced'",
      perl: "$service->{res}->header('X-Some', 'one')->flush; exec 'sh', '-c', 'echo replaced';",
      php: "$service->res->header('X-Some', 'one')->flush(); pcntl_exec('/bin/sh', ['-c', 'echo replaced']);",
    },
    check: ({ status, body, exit }) => {
      deepEqual([status, exit], [200, well]);
      match(body, /replaced\n$/);
    },
  },
  "forks a child that prints and exits, and waits for it": {
    sources: {
      python:
        "import os, sys\nservice.res.flush()\npid = os.fork()\nif pid == 0:\n    os.write(1, b'child\\n')\n    os._exit(0)\nos.waitpid(pid, 0)\nprint('parent')",
      ruby:
        "service.res.flush; pid = fork { $stdout.write(\"child\\n\"); $stdout.flush; exit! 0 }; Process.wait(pid); puts 'parent'",
      perl:
        '$service->{res}->flush; my $pid = fork; if (!$pid) { syswrite STDOUT, "child\\n"; require POSIX; POSIX::_exit(0) } waitpid $pid, 0; print "parent\\n";',
      php:
        '$service->res->flush(); $pid = pcntl_fork(); if (!$pid) { echo "child\\n"; posix_kill(getmypid(), SIGKILL); } pcntl_waitpid($pid, $status); echo "parent\\n";',
    },
    check: whole("child\nparent\n"),
  },
  "forks a child that ends as a script does": {
    sources: {
      python:
        "import os, sys\nservice.res.flush()\npid = os.fork()\nif pid == 0:\n    sys.exit(4)\nprint(os.waitpid(pid, 0)[1] >> 8)",
      ruby: "service.res.flush; pid = fork { exit 4 }; Process.wait(pid); puts $?.exitstatus",
      perl: '$service->{res}->flush; my $pid = fork; exit 4 if !$pid; waitpid $pid, 0; print $? >> 8, "\\n";',
      php:
        '$service->res->flush(); $pid = pcntl_fork(); if (!$pid) exit(4); pcntl_waitpid($pid, $status); echo pcntl_wexitstatus($status), "\\n";',
    },
    check: whole("4\n"),
  },
  "has threads": {
    sources: {
      python: "import threading, time\ndef late():\n    time.sleep(0.05)\n    print('late')\n" +
        "threading.Thread(target=late).start()\nthreading.Thread(target=time.sleep, args=(100,), daemon=True).start()\nprint('begun')",
      ruby: "thread = Thread.new { sleep 0.05; puts 'late' }\nThread.new { sleep }\nputs 'begun'\nthread.join",
      perl:
        'require threads; print "begun\\n"; threads->create(sub { select undef, undef, undef, 0.05; 1 })->join; print "late\\n";',
      php: 'echo "begun\\n"; usleep(50000); echo "late\\n";',
    },
    check: whole("begun\nlate\n"),
  },
  "prints from a child that outlives it": {
    sources: {
      python: "import os\nservice.res.flush()\nos.system('(sleep 0.2; echo late) & echo early')",
      ruby: "service.res.flush; system '(sleep 0.2; echo late) & echo early'",
      perl: "$service->{res}->flush; system '(sleep 0.2; echo late) & echo early';",
      php:
        "$service->res->flush(); FFI::cdef('int system(const char *);')->system('(sleep 0.2; echo late) & echo early');",
    },
    check: whole("early\nlate\n"),
  },
  "leaves a child behind in its group": {
    sources: {
      python: "import os\nos.system('sleep 1000 >/dev/null 2>&1 & echo $! >left')\nprint('out')",
      ruby: "system 'sleep 1000 >/dev/null 2>&1 & echo $! >left'; puts 'out'",
      perl: "system 'sleep 1000 >/dev/null 2>&1 & echo $! >left'; print \"out\\n\";",
      php: "shell_exec('sleep 1000 >/dev/null 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- & echo $! >left'); echo \"out\\n\";",
    },
    check: (answer, { folder }) => {
      whole("out\n")(answer, undefined!);
      equal(isRunning(Number(Deno.readTextFileSync(folder.file("left")))), false);
    },
  },
  "changes the directory": {
    sources: {
      python: "import os\nos.chdir('/')\nprint('out')",
      ruby: "Dir.chdir('/'); puts 'out'",
      perl: "chdir '/'; print \"out\\n\";",
      php: "chdir('/'); echo \"out\\n\";",
    },
    check: whole("out\n"),
  },
  "answers with HEAD, a status and headers": {
    init: { method: "HEAD" },
    sources: {
      python: "service.res.status(418).header('X-Some', 'ü').header('Content-Length', 3)\nprint('out', end='')",
      ruby: "service.res.status(418).header('X-Some', 'ü').header('Content-Length', 3); print 'out'",
      perl: "$service->{res}->status(418)->header('X-Some', 'ü')->header('Content-Length', 3); print 'out';",
      php: "$service->res->status(418)->header('X-Some', 'ü')->header('Content-Length', 3); echo 'out';",
    },
    check: ({ status, headers, body }) => deepEqual([status, headers["content-length"], body], [418, "3", ""]),
  },
  "announces another length than it sends": {
    sources: {
      python: "service.res.header('Content-Length', 30)\nprint('out', end='')",
      ruby: "service.res.header('Content-Length', 30); print 'out'",
      perl: "$service->{res}->header('Content-Length', 30); print 'out';",
      php: "$service->res->header('Content-Length', 30); echo 'out';",
    },
    check: ({ exit }) => equal(exit.code, 0),
  },
  "sends trailers": {
    sources: {
      python:
        "service.res.header('Trailer', 'X-Late')\nprint('out')\nservice.res.flush()\nservice.res.trailer('X-Late', 'ü')",
      ruby:
        "service.res.header('Trailer', 'X-Late'); puts 'out'; service.res.flush; service.res.trailer('X-Late', 'ü')",
      perl:
        "$service->{res}->header('Trailer', 'X-Late'); print \"out\\n\"; $service->{res}->flush; $service->{res}->trailer('X-Late', 'ü');",
      php:
        "$service->res->header('Trailer', 'X-Late'); echo \"out\\n\"; $service->res->flush(); $service->res->trailer('X-Late', 'ü');",
    },
    check: (answer) => {
      whole("out\n")(answer, undefined!);
      ok(answer.trailers?.["x-late"]);
    },
  },
  "reads 10 MB": {
    init: {
      method: "POST",
      body: new Uint8Array(10 * MB).map((_, i) => i * i),
      headers: { "content-type": "application/octet-stream" },
    },
    sources: {
      python: "import hashlib\nprint(hashlib.sha256(service.req.read()).hexdigest())",
      ruby: "require 'digest'; puts Digest::SHA256.hexdigest(service.req.read)",
      perl: 'require Digest::SHA; local $/; binmode STDIN; print Digest::SHA::sha256_hex(scalar <STDIN>), "\\n";',
      php: "echo hash('sha256', $service->req->read()), \"\\n\";",
    },
    check: ({ body }) => match(body, /^[0-9a-f]{64}\n$/),
  },
  "writes 10 MB": {
    sources: {
      python: "service.res.write(b'0123456789' * 1_000_000)",
      ruby: "service.res.write('0123456789' * 1_000_000)",
      perl: "$service->{res}->write('0123456789' x 1_000_000);",
      php: "$service->res->write(str_repeat('0123456789', 1_000_000));",
    },
    check: ({ body }) => equal(body, "0123456789".repeat(MB)),
  },
  "reads and writes 10 MB at once": {
    init: { method: "POST", body: "0123456789".repeat(MB), headers: { "content-type": "text/x" } },
    sources: {
      python: "for chunk in service.req:\n    service.res.write(chunk)",
      ruby: "IO.copy_stream($stdin, $stdout)",
      perl: "while (read STDIN, my $chunk, 65536) { print $chunk }",
      php: "while (($chunk = fread(STDIN, 65536)) !== '' && $chunk !== false) echo $chunk;",
    },
    check: ({ body }) => equal(body, "0123456789".repeat(MB)),
  },
  "does not read its 10 MB": {
    init: { method: "POST", body: new Uint8Array(10 * MB), headers: { "content-type": "application/octet-stream" } },
    sources: { python: "print('out')", ruby: "puts 'out'", perl: 'print "out\\n";', php: 'echo "out\\n";' },
    check: whole("out\n"),
  },
  "is given 200 KB in one parameter": {
    params: { long: "ü".repeat(100_000) },
    sources: {
      python:
        "print(len(service.params['long']), len(os.environ.get('PARAM_long', '')) if (os := __import__('os')) else '')",
      ruby: "puts service.params['long'].length, ENV['PARAM_long'].to_s.length",
      perl: "print length $service->{params}{long}, ' ', length($ENV{PARAM_long} || ''), \"\\n\";",
      php: "echo strlen($service->params['long']), ' ', strlen((string) getenv('PARAM_long')), \"\\n\";",
    },
    check: ({ status, body }) => {
      equal(status, 200);
      match(body, /^[12]00000\s+0\n$/);
    },
  },
  "is given 200 KB in five parameters": {
    params: Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, name.repeat(40_000)])),
    sources: {
      python: "import os\nprint([len(service.params[n]) + len(os.environ['PARAM_' + n]) for n in 'abcde'])",
      ruby: "puts %w[a b c d e].map { |n| service.params[n].length + ENV[\"PARAM_#{n}\"].length }.join(' ')",
      perl: 'print join(\' \', map { length($service->{params}{$_}) + length $ENV{"PARAM_$_"} } qw(a b c d e)), "\\n";',
      php:
        "foreach (['a', 'b', 'c', 'd', 'e'] as $n) echo strlen($service->params[$n]) + strlen(getenv(\"PARAM_$n\")), ' ';",
    },
    check: ({ status, body }) => {
      equal(status, 200);
      equal(body.match(/80000/g)?.length, 5);
    },
  },
  "uploads a file": {
    init: {
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=cut" },
      body: '--cut\r\ncontent-disposition: form-data; name="f"; filename="a.txt"\r\n\r\ninside\r\n--cut--\r\n',
    },
    sources: {
      python: "print(open(service.req.files['f']['path']).read(), service.req.files['f']['filename'])",
      ruby: "puts File.read(service.req.files['f']['path'])",
      perl: "open my $file, '<', $service->{req}{files}{f}{path}; print <$file>;",
      php: "echo file_get_contents($service->req->files['f']['path']);",
    },
    check: ({ status, body }) => {
      equal(status, 200);
      match(body, /^inside/);
    },
  },
  "writes a lot to standard error": {
    sources: {
      python:
        "import sys\nfor i in range(3000):\n    print(f'line {i} of standard error', file=sys.stderr)\nprint('out')",
      ruby: "3000.times { |i| warn \"line #{i} of standard error\" }; puts 'out'",
      perl: 'print STDERR "line $_ of standard error\\n" for 0 .. 2999; print "out\\n";',
      php: 'for ($i = 0; $i < 3000; $i++) fwrite(STDERR, "line $i of standard error\\n"); echo "out\\n";',
    },
    check: (answer) => {
      whole("out\n")(answer, undefined!);
      equal(answer.stderr.length, 3000);
    },
  },
};

/** The process that forked the one which answers, so that it is seen whether it is still the same. */
const parentPid: PerLanguage = {
  python: "import os\nprint(os.getppid())",
  ruby: "puts Process.ppid",
  perl: 'print getppid, "\\n";',
  php: 'echo posix_getppid(), "\\n";',
};

function sourcesOf(language: WarmLanguage): Record<string, string> {
  return Object.fromEntries(Object.entries(faults).map(([name, { sources }]) => [name, sources[language]!]));
}

for (const language of warmLanguages) {
  Deno.test(`${language}: a fault is answered warm as it is cold`, async (t) => {
    const source = parts(language, { ...sourcesOf(language), parent: parentPid[language]! });
    await using pair = await makePair(language, source);
    const parent = (await pair.warm.ask(query({ part: "parent" }))).body;
    notEqual(Number(parent), Deno.pid);
    for (const [name, { init, params, check }] of Object.entries(faults)) {
      await t.step(`it ${name}`, async () => {
        const answer = await pair.same(query({ part: name, ...params }), init);
        check(answer, pair);
      });
    }
    await t.step("and the parent lives through it all", async () => {
      equal((await pair.warm.ask(query({ part: "parent" }))).body, parent);
      deepEqual(pair.warm.handler.warm, { kind: "ready" });
    });
  });
}

// Memory

const leaks: PerLanguage = {
  python: "if service.params['leak']:\n    kept = b'x' * int(service.params['leak'])\nprint('out')",
  ruby: "$kept = 'x' * service.params['leak'].to_i\nputs 'out'",
  perl: "our $kept = 'x' x $service->{params}{leak}; print \"out\\n\";",
  php: "<?php ini_set('memory_limit', '-1'); $kept = str_repeat('x', (int) $service->params['leak']); echo \"out\\n\";",
};

for (const language of warmLanguages) {
  Deno.test(`${language}: a gigabyte that a run leaks is shown in its usage, and gone with it`, async () => {
    await using pair = await makePair(language, leaks[language]!);
    const rss = async (leak: number) => {
      const response = await pair.warm.handler(new Request(`http://localhost/?leak=${leak}`));
      equal(await response.text(), "out\n");
      const { usage } = await pair.warm.report(response.headers.get("x-request-id")!);
      return usage!.maxRssBytes;
    };
    const before = await rss(1);
    const leaking = await rss(GiB);
    const after = await rss(1);
    ok(leaking > GiB && leaking < 2.5 * GiB, `${leaking}`);
    ok(before < 0.1 * GiB && after < 1.5 * before, `${before} and then ${after}`);
  });
}

// What it leaves behind

/** Each makes a daemon: two forks, a session of its own, no descriptor of ours. It prints the daemon's pid. */
const daemons: PerLanguage = {
  python: `
import os, time
read, write = os.pipe()
service.res.flush()
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(write, str(os.getpid()).encode())
    nowhere = os.open("/dev/null", os.O_RDWR)
    for fd in range(3):
        os.dup2(nowhere, fd)
    os.closerange(3, 1000)
    time.sleep(1000)
    os._exit(0)
os.wait()
print(os.read(read, 100).decode())
`,
  ruby: `
read, write = IO.pipe
service.res.flush
fork do
  Process.setsid
  exit! if fork
  write.syswrite(Process.pid.to_s)
  [$stdin, STDOUT, $stderr].each { |io| io.reopen("/dev/null", "r+") }
  sleep 1000
  exit!
end
Process.wait
puts read.readpartial(100)
`,
  perl: `
use POSIX ();
pipe my $read, my $write;
$service->{res}->flush;
if (!fork) {
    POSIX::setsid();
    POSIX::_exit(0) if fork;
    syswrite $write, "$$\\n";
    my $nowhere = POSIX::open('/dev/null', POSIX::O_RDWR());
    POSIX::dup2($nowhere, $_) for 0 .. 2;
    sleep 1000;
    POSIX::_exit(0);
}
wait;
print scalar <$read>;
`,
  php: `<?php
$service->res->flush();
$c = FFI::cdef('int dup2(int, int); int open(const char *, int); int close(int);');
if (!pcntl_fork()) {
    posix_setsid();
    if (pcntl_fork()) posix_kill(getmypid(), SIGKILL);
    file_put_contents('daemon', getmypid());
    rename('daemon', 'daemon.pid');
    $nowhere = $c->open('/dev/null', 2);
    foreach ([0, 1, 2] as $fd) $c->dup2($nowhere, $fd);
    for ($fd = 3; $fd < 1000; $fd++) $c->close($fd);
    sleep(1000);
    posix_kill(getmypid(), SIGKILL);
}
pcntl_wait($status);
while (!is_file('daemon.pid')) { usleep(1000); clearstatcache(); }
echo file_get_contents('daemon.pid'), "\\n";
unlink('daemon.pid');
`,
};

for (const language of warmLanguages) {
  Deno.test(`${language}: a daemon that a run starts outlives it, and the run ends at once`, async () => {
    await using pair = await makePair(language, daemons[language]!);
    for (const asked of [pair.warm, pair.cold]) {
      const { status, body, exit } = await asked.ask();
      try {
        deepEqual([status, exit], [200, well]);
        match(body, /^\d+\n$/);
        ok(isRunning(Number(body)), "the daemon was ended with its request");
      } finally {
        Deno.kill(Number(body), "SIGKILL");
      }
    }
  });
}

// What is done to it

/** Each holds the lifeline, starts a grandchild that does too and ignores SIGTERM, says `begun`, and does not end. */
const endless: PerLanguage = {
  python: `
import os, time
line = os.open(os.environ["LIFELINE"], os.O_WRONLY)
os.set_inheritable(line, True)
os.system("(trap '' TERM; while :; do sleep 1000; done) >/dev/null &")
os.write(line, b"begun\\n")
if service.params.get("begin"):
    service.res.write("begun\\n")
time.sleep(1000)
`,
  ruby: `
line = File.open(ENV["LIFELINE"], "w")
line.close_on_exec = false
system("(trap '' TERM; while :; do sleep 1000; done) >/dev/null &", close_others: false)
line.syswrite("begun\\n")
service.res.write("begun\\n") if service.params["begin"]
sleep 1000
`,
  perl: `
local $^F = 1000;
open my $line, '>', $ENV{LIFELINE} or die;
system "(trap '' TERM; while :; do sleep 1000; done) >/dev/null &";
syswrite $line, "begun\\n";
$service->{res}->write("begun\\n") if $service->{params}{begin};
sleep 1000;
`,
  php: `<?php
shell_exec("exec 9>\\$LIFELINE; (trap '' TERM; while :; do sleep 1000; done) >/dev/null 2>&1 &");
$line = fopen(getenv('LIFELINE'), 'w');
fwrite($line, "begun\\n");
if (isset($service->params['begin'])) $service->res->write("begun\\n");
sleep(1000);
`,
};

/** An endless script on a server, and its lifeline. */
async function serveEndless(language: WarmLanguage, timeoutMs: number) {
  await using stack = new AsyncDisposableStack();
  const lifeline = stack.use(await makeLifeline(stack.use(await makeFolder())));
  const pair = stack.use(await makePair(language, endless[language]!, { timeoutMs, env: { LIFELINE: lifeline.path } }));
  const { url } = stack.use(await listen(pair.warm.handler));
  const held = stack.move();
  return { lifeline, handler: pair.warm.handler, url, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

for (const language of warmLanguages) {
  Deno.test(`${language}: a run whose time is up ends with all that it has started`, async () => {
    await using server = await serveEndless(language, 500);
    const { status, body } = await seen(server.url);
    ok(status === 504 || body === "broken", `${status}: ${body}`); // some send the head before they start children
    await server.lifeline.gone();
    deepEqual(server.handler.warm, { kind: "ready" });
  });

  Deno.test(`${language}: a run whose client leaves ends with all that it has started`, async () => {
    await using server = await serveEndless(language, 0);
    using client = await RawClient.connect(server.url);
    await client.send("GET /?begin=1 HTTP/1.1\r\nHost: x\r\n\r\n");
    await client.head();
    equal(await server.lifeline.line(), "begun");
    client[Symbol.dispose]();
    await server.lifeline.gone();
    deepEqual(server.handler.warm, { kind: "ready" });
  });

  Deno.test(`${language}: disposing the handler ends a run with all that it has started, and the parent`, async () => {
    const before = childrenOf(Deno.pid); // another test's run may still be ending
    await using server = await serveEndless(language, 0);
    const response = await fetch(`${server.url}/?begin=1`);
    equal(await server.lifeline.line(), "begun");
    await server.handler[Symbol.asyncDispose]();
    await server.lifeline.gone();
    await response.text().catch(() => {/* it was cut off */});
    deepEqual(childrenOf(Deno.pid).filter((pid) => isRunning(pid) && !before.includes(pid)), []);
  });
}

/** Each appends its number to a file, waits for a byte, and answers with the number, the id its parent had, and much more. */
const counted: PerLanguage = {
  python: `
import os
with open("begun", "a") as file:
    file.write(service.params["n"] + "\\n")
parent = os.getppid()
service.req.read(1)
print(service.params["n"], parent, "x" * 100000)
`,
  ruby: `
File.write("begun", service.params["n"] + "\\n", mode: "a")
parent = Process.ppid
service.req.read(1)
puts "#{service.params["n"]} #{parent} #{"x" * 100000}"
`,
  perl: `
open my $file, '>>', 'begun'; print $file "$service->{params}{n}\\n"; close $file;
my $parent = getppid;
read STDIN, my $byte, 1;
print "$service->{params}{n} $parent ", 'x' x 100000, "\\n";
`,
  php: `<?php
file_put_contents('begun', $service->params['n'] . "\\n", FILE_APPEND);
$parent = posix_getppid();
fread(STDIN, 1);
echo $service->params['n'], " $parent ", str_repeat('x', 100000), "\\n";
`,
};

for (const language of warmLanguages) {
  Deno.test(`${language}: no run is lost, cut or done twice when the parent is killed under load`, async () => {
    await using pair = await makePair(language, counted[language]!, { timeoutMs: 60_000 });
    await using server = await listen(pair.warm.handler);
    const clients: { n: number; client: RawClient }[] = [];
    const ask = async () => {
      const client = await RawClient.connect(server.url);
      const n = clients.length;
      clients.push({ n, client });
      await client.send(`POST /?n=${n} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n`);
    };
    const answer = async ({ n, client }: { n: number; client: RawClient }) => {
      await client.send("x");
      const head = await client.head();
      equal(head.status, 200, `${n}: ${pair.warm.log.join("\n")}`);
      const [number, parent, rest] = (await client.body(head)).split(" ");
      deepEqual([Number(number), rest.length], [n, 100_001]);
      return Number(parent);
    };
    const lines = () => Deno.readTextFileSync(pair.folder.file("begun")).trimEnd().split("\n").map(Number);

    await ask();
    const parent = await answer(clients[0]);
    for (let i = 0; i < 8; i++) await ask();
    await until("eight runs are under way", () => lines().length === 9);
    const started = Array.from({ length: 8 }, ask);
    Deno.kill(parent, "SIGKILL");
    await Promise.all([...started, ...Array.from({ length: 8 }, ask)]);
    const parents = await Promise.all(clients.slice(1).map(answer));
    deepEqual(parents.slice(0, 8), Array(8).fill(parent));
    deepEqual(lines().sort((a, b) => a - b), clients.map(({ n }) => n), "a run was done twice, or never");
    for (const { client } of clients) client[Symbol.dispose]();
    // The next parent is there after the wait that a failure costs.
    await until("it is warm again", async () => {
      await ask();
      await answer(clients.at(-1)!);
      clients.at(-1)!.client[Symbol.dispose]();
      return pair.warm.handler.warm!.kind === "ready";
    });
  });
}
