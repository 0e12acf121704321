/** The runners of the scripting languages, each run as the server runs it: what stands on standard output, to the byte. */
import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { runWarm, startWarm } from "../support/warm.ts";

const runners = new URL("../../src/process/runners/", import.meta.url);
const runner = (name: string) => decodeURIComponent(new URL(name, runners).pathname);

interface Language {
  readonly interpreter: string;
  readonly extension: string;
  /** The file that keeps it warm. */
  readonly warm: string;
  readonly command: (script: string) => string[];
}

const languages: Record<string, Language> = {
  python: {
    interpreter: "python3",
    extension: ".py",
    warm: "python.py",
    command: (script) => ["-X", "utf8", runner("python.py"), script],
  },
  ruby: {
    interpreter: "ruby",
    extension: ".rb",
    warm: "ruby.rb",
    command: (script) => ["-r", runner("ruby.rb"), script],
  },
  perl: {
    interpreter: "perl",
    extension: ".pl",
    warm: "perl.pl",
    command: (script) => ["-M5.008;BEGIN{require shift@ARGV}", script, runner("perl.pl")],
  },
  php: {
    interpreter: "php",
    extension: ".php",
    warm: "php.php",
    command: (script) => ["-d", `auto_prepend_file=${runner("php.php")}`, "-f", script, "--"],
  },
};

interface Answer {
  /** Standard output; each character is a byte. */
  readonly stdout: string;
  /** The lines of the head, or undefined where there is none. */
  readonly head: string[] | undefined;
  readonly body: string;
  readonly stderr: string;
  readonly code: number;
}

interface Case {
  readonly name: string;
  readonly request?: Record<string, unknown>;
  readonly requestInFile?: boolean;
  readonly stdin?: Uint8Array<ArrayBuffer>;
  readonly args?: string[];
  readonly sources: Record<string, string>;
  readonly check: (answer: Answer, language: string) => void;
}

const plain = "Content-Type: text/plain; charset=utf-8";
const hostileParams = {
  shell: "$(id) `id` \"double\" 'single' \\ %s #{x} ${x}\nline",
  ["__proto__"]: "p",
  constructor: "c",
};
const binary = crypto.getRandomValues(new Uint8Array(65536));
const mebibyte = Uint8Array.from({ length: 1 << 20 }, (_, i) => binary[i % 65536] ^ (i >> 16));

const latin1 = (bytes: Uint8Array) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const utf8 = (text: string) => latin1(new TextEncoder().encode(text));

/** Checks for an answer that ended well. */
function answers(head: string[], body: string): Case["check"] {
  return (answer) => {
    deepEqual([answer.code, answer.head, answer.body], [0, head, body], answer.stderr);
  };
}

/** Checks for a script that failed before its first byte: the server can still answer 502. */
function failsSilently(stderr: RegExp, code?: number): Case["check"] {
  return (answer) => {
    equal(answer.stdout, "");
    match(answer.stderr, stderr);
    code === undefined ? notEqual(answer.code, 0) : equal(answer.code, code);
  };
}

/** Checks for a script that failed after its first bytes. */
function failsAfter(head: string[], body: string, stderr: RegExp): Case["check"] {
  return (answer) => {
    deepEqual([answer.head, answer.body], [head, body]);
    match(answer.stderr, stderr);
    notEqual(answer.code, 0);
  };
}

const ok = "HTTP/1.1 200 ";

const cases: Case[] = [
  {
    name: "puts the default head before what is printed",
    sources: {
      python: `print("one")\nimport sys\nsys.stdout.write("two\\n")\nsys.stdout.buffer.write(b"three\\n")`,
      ruby: `puts "one"\n$stdout.write("two", "\\n")\nSTDOUT << "three\\n"`,
      perl: `print "one\\n"; printf "%s\\n", "two"; syswrite STDOUT, "three\\n";`,
      php: `<?php echo "one\\n"; fwrite(STDOUT, "two\\n"); file_put_contents("php://output", "three\\n");`,
    },
    check: answers([ok, plain], "one\ntwo\nthree\n"),
  },
  {
    name: "sends the head of a script that prints nothing",
    sources: {
      python: `service.res.status(404)\nservice.res.status = 418`,
      ruby: `service.res.status 404\nservice.res.status = 418`,
      perl: `use strict; $service->{res}->status(418);`,
      php: `<?php $service->res->status(418);`,
    },
    check: answers(["HTTP/1.1 418 ", plain], ""),
  },
  {
    name: "sets, appends and removes headers",
    sources: {
      python:
        `service.response.header("X-A", "no").header("x-a", 1).append("X-A", "ü").header("X-B", 2).remove("x-b").end()`,
      ruby:
        `service.response.header("X-A", "no").header("x-a", 1).append("X-A", "ü").header("X-B", 2).remove("x-b").end`,
      perl:
        `$service->{response}->header("X-A", "no")->header("x-a", 1)->append("X-A", "ü")->header("X-B", 2)->remove("x-b")->end`,
      php:
        `<?php $service->response->header("X-A", "no")->header("x-a", 1)->append("X-A", "ü")->header("X-B", 2)->remove("x-b")->end();`,
    },
    check: answers([ok, plain, "x-a: 1", utf8("X-A: ü")], ""),
  },
  {
    name: "answers with JSON",
    sources: {
      python: `service.res.status(201).json(hook.params["list"])`,
      ruby: `service.res.status(201).json($hook.params["list"])`,
      perl: `$hook->{res}->status(201)->json($Hook->{params}{list})`,
      php: `<?php $hook->res->status(201)->json($Hook->params["list"]);`,
    },
    request: { params: { list: ["ü/😀", 1, 1.5, true, false, null] } },
    check: ({ code, head, body }) => {
      deepEqual([code, head], [0, ["HTTP/1.1 201 ", "Content-Type: application/json"]]);
      equal(body.replaceAll(" ", ""), utf8(`["ü/😀",1,1.5,true,false,null]`));
    },
  },
  {
    name: "chunks the body when there are trailers",
    sources: {
      python: `service.res.trailer("X-Sum", "7")\nprint("one")\nservice.res.write("ü")`,
      ruby: `service.res.trailer("X-Sum", "7")\nputs "one"\nservice.res.write("ü")`,
      perl: `$service->{res}->trailer("X-Sum", "7"); print "one\\n"; $service->{res}->write("ü");`,
      php: `<?php $service->res->trailer("X-Sum", "7"); echo "one\\n"; $service->res->write("ü");`,
    },
    check: answers(
      [ok, plain, "Transfer-Encoding: chunked", "Trailer: x-sum"],
      utf8("4\r\none\n\r\n2\r\nü\r\n0\r\nX-Sum: 7\r\n\r\n"),
    ),
  },
  {
    name: "takes declared trailers after the first byte, and no others",
    sources: {
      python:
        `service.res.header("Trailer", "X-Sum")\nprint("one")\nservice.res.trailer("X-Sum", "7")\ntry: service.res.trailer("X-B", "1")\nexcept RuntimeError: service.res.write("no")`,
      ruby:
        `service.res.header("Trailer", "X-Sum")\nputs "one"\nservice.res.trailer("X-Sum", "7")\nbegin; service.res.trailer("X-B", "1"); rescue IOError; print "no"; end`,
      perl:
        `$service->{res}->header("Trailer", "X-Sum"); print "one\\n"; $service->{res}->trailer("X-Sum", "7"); eval { $service->{res}->trailer("X-B", "1"); 1 } or print "no";`,
      php:
        `<?php $service->res->header("Trailer", "X-Sum"); echo "one\\n"; $service->res->trailer("X-Sum", "7"); try { $service->res->trailer("X-B", "1"); } catch (LogicException) { echo "no"; }`,
    },
    check: answers(
      [ok, plain, "Transfer-Encoding: chunked", "Trailer: x-sum"],
      "4\r\none\n\r\n2\r\nno\r\n0\r\nX-Sum: 7\r\n\r\n",
    ),
  },
  {
    name: "leaves chunked coding open when the script fails",
    sources: {
      python: `service.res.trailer("X-Sum", "7")\nprint("one")\nimport sys\nsys.exit("bad")`,
      ruby: `service.res.trailer("X-Sum", "7")\nputs "one"\nabort "bad"`,
      perl: `$service->{res}->trailer("X-Sum", "7"); print "one\\n"; die "bad\\n";`,
      php: `<?php $service->res->trailer("X-Sum", "7"); echo "one\\n"; fwrite(STDERR, "bad"); exit(1);`,
    },
    check: failsAfter([ok, plain, "Transfer-Encoding: chunked", "Trailer: x-sum"], "4\r\none\n\r\n", /bad/),
  },
  {
    name: "speaks UTF-8 in the C locale",
    args: ["Ö"],
    sources: {
      python: `import sys\nprint("hä " + service.params["ö"] + sys.argv[1])`,
      ruby: `puts "hä " + service.params["ö"] + ARGV[0]`,
      perl: `print "hä $service->{params}{'ö'}$ARGV[0]\\n";`,
      php: `<?php echo "hä " . $service->params["ö"] . $argv[1] . "\\n";`,
    },
    request: { params: { "ö": "ü😀" } },
    check: answers([ok, plain], utf8("hä ü😀Ö\n")),
  },
  {
    name: "gives characters to a Perl script that uses utf8, and follows its layers",
    sources: {
      perl:
        `use utf8; print "hä $service->{params}{a}", length $service->{params}{a}; binmode STDOUT, ":utf8"; print chr 233; binmode STDOUT; print chr 233;`,
    },
    request: { params: { a: "ü" } },
    check: answers([ok, plain], utf8("hä ü1é") + "\xe9"),
  },
  {
    name: "sends nothing when the script dies before its first byte",
    sources: {
      python: `service.res.status(201)\nprint("unsent", end="")\nraise ValueError("bad")`,
      ruby: `service.res.status 201\nraise "bad"`,
      perl: `$service->{res}->status(201); die "bad";`,
      php: `<?php $service->res->status(201); throw new Exception("bad");`,
    },
    check: failsSilently(/bad/),
  },
  {
    name: "sends nothing when the script does not compile",
    sources: { python: `print(`, ruby: `puts(`, perl: `print(`, php: `<?php echo (` },
    check: failsSilently(/syntax|parse|closed/i),
  },
  {
    name: "exits with an error when the script dies after its first byte",
    sources: {
      python: `print("one")\nraise ValueError("bad")`,
      ruby: `puts "one"\nraise "bad"`,
      perl: `print "one\\n"; die "bad";`,
      php: `<?php echo "one\\n"; throw new Exception("bad");`,
    },
    check: failsAfter([ok, plain], "one\n", /bad/),
  },
  {
    name: "shows the frames of the script only",
    sources: { python: `def f():\n  raise ValueError("bad")\nf()`, ruby: `def f = raise("bad")\nf` },
    check: ({ stderr }) => {
      match(stderr, /script\./);
      equal(/python\.py|ruby\.rb/.test(stderr), false, stderr);
    },
  },
  {
    name: "keeps an exit code other than 0 and sends nothing",
    sources: {
      python: `import sys\nsys.exit(3)`,
      ruby: `exit 3`,
      perl: `exit 3`,
      php: `<?php exit(3);`,
    },
    check: failsSilently(/^$/, 3),
  },
  {
    name: "takes exit 0 in the middle for a clean end",
    sources: {
      python: `import sys\nprint("one", end="")\nsys.exit(0)\nprint("two")`,
      ruby: `print "one"\nexit\nputs "two"`,
      perl: `print "one"; exit; print "two";`,
      php: `<?php echo "one"; exit; echo "two";`,
    },
    check: answers([ok, plain], "one"),
  },
  {
    name: "takes exit 0 before any output for an empty answer",
    sources: { python: `exit()`, ruby: `exit`, perl: `exit`, php: `<?php exit;` },
    check: answers([ok, plain], ""),
  },
  {
    name: "res.error() ends the process with the message",
    sources: {
      python: `service.res.error("bad")\nprint("on")`,
      ruby: `service.res.error "bad"\nputs "on"`,
      perl: `$service->{res}->error("bad"); print "on";`,
      php: `<?php $service->res->error("bad"); echo "on";`,
    },
    check: failsSilently(/^bad\n$/, 1),
  },
  {
    name: "refuses headers that would break the head, and statuses out of range",
    sources: {
      python:
        `for name, value in [("X-A", "a\\r\\nX-B: b"), ("X-A", "a\\nb"), ("X-A", "a\\0"), ("X A", "a"), ("", "a"), ("X:", "a"), ("Ü", "a"), ("X\\n", "a"), ("Transfer-Encoding", "chunked")]:
  for set in service.res.header, service.res.append, service.res.trailer:
    try: set(name, value)
    except ValueError as error: print(error, file=__import__("sys").stderr)
    else: print("accepted", name)
for code in 100, 199, 600, "x", 2.5:
  try: service.res.status(code)
  except ValueError: pass
  else: print("accepted", code)`,
      ruby:
        `[["X-A", "a\\r\\nX-B: b"], ["X-A", "a\\nb"], ["X-A", "a\\0"], ["X A", "a"], ["", "a"], ["X:", "a"], ["Ü", "a"], ["X\\n", "a"], ["Transfer-Encoding", "chunked"]].each do |name, value|
  %i[header append trailer].each do |set|
    service.res.send(set, name, value)
    puts "accepted #{name}"
  rescue ArgumentError => error
    warn error.message
  end
end
[100, 199, 600, "x", 2.5].each do |code|
  service.res.status(code)
  puts "accepted #{code}"
rescue ArgumentError
end`,
      perl:
        `for (["X-A", "a\\r\\nX-B: b"], ["X-A", "a\\nb"], ["X-A", "a\\0"], ["X A", "a"], ["", "a"], ["X:", "a"], ["Ü", "a"], ["X\\n", "a"], ["Transfer-Encoding", "chunked"]) {
  my ($name, $value) = @$_;
  for my $set (qw(header append trailer)) { eval { $service->{res}->$set($name, $value); print "accepted $name" }; print STDERR $@ }
}
for my $code (100, 199, 600, "x", 2.5, "200\\n") { eval { $service->{res}->status($code); print "accepted $code" } }`,
      php:
        `<?php foreach ([["X-A", "a\\r\\nX-B: b"], ["X-A", "a\\nb"], ["X-A", "a\\0"], ["X A", "a"], ["", "a"], ["X:", "a"], ["Ü", "a"], ["X\\n", "a"], ["Transfer-Encoding", "chunked"]] as [$name, $value]) {
  foreach (["header", "append", "trailer"] as $set) {
    try { $service->res->$set($name, $value); echo "accepted $name"; } catch (ValueError $error) { fwrite(STDERR, $error->getMessage() . "\\n"); }
  }
}
foreach ([100, 199, 600, "x"] as $code) { try { $service->res->status($code); echo "accepted $code"; } catch (Error) {} }`,
    },
    check: (answer) => {
      answers([ok, plain], "")(answer, "");
      equal(answer.stderr.match(/Cannot set/g)?.length, 27, answer.stderr);
    },
  },
  {
    name: "sends the head before the output of children that inherit it",
    sources: {
      python:
        `import os, subprocess\nservice.res.status(203)\nos.system("echo one")\nprint("two")\nprint("three ", end="")\nsubprocess.run(["echo", "four"])\nos.execlp("echo", "echo", "five")`,
      ruby:
        `service.res.status 203\nsystem "echo one"\nputs "two"\nprint "three "\nProcess.wait spawn("echo", "four")\nexec "echo five"`,
      perl:
        `$service->{res}->status(203); system "echo one"; print "two\\n"; print "three "; system "echo", "four"; exec "echo five";`,
      php:
        `<?php $service->res->status(203); system("echo one"); echo "two\\nthree "; passthru("echo four"); $service->res->flush(); proc_close(proc_open("echo five", [], $pipes));`,
    },
    check: answers(["HTTP/1.1 203 ", plain], "one\ntwo\nthree four\nfive\n"),
  },
  {
    name: "leaves the head open while children's output is captured",
    sources: {
      python:
        `import subprocess\ntext = subprocess.run(["echo", "one"], capture_output=True).stdout.decode() + subprocess.check_output("echo two", shell=True, text=True)\nservice.res.status(203)\nprint(text, end="")`,
      ruby:
        "require 'open3'\ntext = `echo one` + Open3.capture2('echo two').first\nsystem('echo no', out: File::NULL)\nservice.res.status 203\nprint text",
      perl: "$text = `echo one` . qx(echo two); $service->{res}->status(203); print $text;",
      php: '<?php $text = `echo one` . shell_exec("echo two"); $service->res->status(203); echo $text;',
    },
    check: answers(["HTTP/1.1 203 ", plain], "one\ntwo\n"),
  },
  {
    name: "lets no forked process send a second head",
    sources: {
      python: `import os\nif os.fork() == 0: print("child")\nelse: os.wait(); service.res.status(203); print("parent")`,
      ruby: `fork { puts "child" }\nProcess.wait\nservice.res.status 203\nputs "parent"`,
      perl: `if (fork) { wait; $service->{res}->status(203); print "parent\\n" } else { print "child" }`,
      php:
        `<?php if (!pcntl_fork()) { echo "child"; exit; } pcntl_wait($s); $service->res->status(203); echo "parent\\n";`,
    },
    check: (answer) => {
      answers(["HTTP/1.1 203 ", plain], "parent\n")(answer, "");
      match(answer.stderr, /Cannot write in a forked process/);
    },
  },
  {
    name: "reads a long request from its file and hides both variables",
    request: { params: { long: "ü\n".repeat(400_000) }, method: "POST" },
    requestInFile: true,
    sources: {
      python:
        `import os\nassert not [name for name in os.environ if name.startswith("SLUICE")]\nprint(len(service.params["long"]), service.req.method, service.env["X_ENV"])`,
      ruby:
        `raise if ENV.keys.grep(/SLUICE/).any?\nputs "#{service.params["long"].size} #{service.req.method} #{service.env["X_ENV"]}"`,
      perl:
        `use utf8; die if grep /SLUICE/, keys %ENV; print length($service->{params}{long}), " $service->{req}{method} $service->{env}{X_ENV}\\n";`,
      php:
        `<?php if (preg_grep("/SLUICE/", array_keys(getenv() + $_SERVER + $_ENV))) exit(1); echo preg_match_all("/./su", $service->params["long"]), " {$service->req->method} {$service->env['X_ENV']}\\n";`,
    },
    check: answers([ok, plain], "800000 POST x\n"),
  },
  {
    name: "gives parameters as they are",
    request: { params: hostileParams, query: { a: { "b\u0000": [] } } },
    sources: {
      python: `print(service.params["shell"] + service.params["__proto__"] + service.params["constructor"], end="")`,
      ruby: `print service.params["shell"] + service.params["__proto__"] + service.params["constructor"]`,
      perl: `print $service->{params}{shell} . $service->{params}{__proto__} . $service->{params}{constructor};`,
      php: `<?php echo $service->params["shell"] . $service->params["__proto__"] . $service->params["constructor"];`,
    },
    check: answers([ok, plain], hostileParams.shell + "pc"),
  },
  {
    name: "echoes a binary body chunk by chunk",
    stdin: mebibyte,
    sources: {
      python: `service.res.write(service.req.read(5))\nfor chunk in service.req: service.res.write(chunk)`,
      ruby: `service.res.write(service.req.read(5))\nservice.req.each { |chunk| service.res.write(chunk) }`,
      perl: `$service->{req}->each(sub { $service->{res}->write($_[0]) });`,
      php:
        `<?php $service->res->write($service->req->read(5)); foreach ($service->req as $chunk) $service->res->write($chunk);`,
    },
    check: answers([ok, plain], latin1(mebibyte)),
  },
  {
    name: "leaves standard input to the language",
    stdin: mebibyte,
    sources: {
      python: `import sys, shutil\nshutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)`,
      ruby: `IO.copy_stream($stdin, $stdout)`,
      perl: `print while <STDIN>;`,
      php: `<?php stream_copy_to_stream(fopen("php://stdin", "rb"), STDOUT);`,
    },
    check: answers([ok, plain], latin1(mebibyte)),
  },
  {
    name: "refuses status and headers after the first byte",
    sources: {
      python:
        `print("one")\ntry: service.res.header("X-A", "1")\nexcept RuntimeError: print("two")\nservice.res.status(418)`,
      ruby:
        `puts "one"\nbegin; service.res.header("X-A", "1"); rescue IOError; puts "two"; end\nservice.res.status 418`,
      perl:
        `print "one\\n"; eval { $service->{res}->header("X-A", "1"); 1 } or print "two\\n"; $service->{res}->status(418);`,
      php:
        `<?php echo "one\\n"; try { $service->res->header("X-A", "1"); } catch (LogicException) { echo "two\\n"; } $service->res->status(418);`,
    },
    check: failsAfter([ok, plain], "one\ntwo\n", /Cannot set the status: the head has been sent/),
  },
  {
    name: "refuses output after the end",
    sources: {
      python: `service.res.end("one")\nprint("two")`,
      ruby: `service.res.end("one")\nputs "two"`,
      perl: `$service->{res}->end("one"); print "two";`,
      php: `<?php $service->res->end("one"); echo "two"; echo "three";`,
    },
    check: failsAfter([ok, plain], "one", /Cannot write: the response has ended/),
  },
  {
    name: "runs the script as the main program",
    args: ["-v", "a b"],
    sources: {
      python:
        `import sys, os\nprint(__name__, os.path.basename(__file__), sys.argv[1:], sys.path[0] == os.path.dirname(__file__))`,
      ruby: `puts "#{__FILE__ == $0} #{File.basename($0)} #{ARGV} #{DATA.read}"\n__END__\ndata`,
      perl: `print caller() ? "called" : "main", " ", $0 =~ m{([^/]+)$}, " @ARGV ", <DATA>;\n__END__\ndata\n`,
      php:
        `#!/usr/bin/php\n<?php echo count(debug_backtrace()), " ", basename($argv[0]), " ", implode(" ", array_slice($argv, 1)), "\\n";`,
    },
    check: (answer, language) => {
      const bodies: Record<string, string> = {
        python: "__main__ script.py ['-v', 'a b'] True\n",
        ruby: 'true script.rb ["-v", "a b"] data\n',
        perl: "main script.pl -v a b data\n",
        php: "0 script.php -v a b\n",
      };
      answers([ok, plain], bodies[language])(answer, language);
    },
  },
  {
    name: "waits for threads and exit handlers that print",
    sources: {
      python:
        `import atexit, threading, time\natexit.register(print, "two")\nthreading.Thread(target=lambda: (time.sleep(0.05), print("one"))).start()\nservice.res.trailer("X-A", "1")`,
      ruby: `at_exit { puts "two" }\nservice.res.trailer("X-A", "1")\nputs "one"`,
      perl: `END { print "two\\n" } $service->{res}->trailer("X-A", "1"); print "one\\n";`,
      php:
        `<?php register_shutdown_function(function () { echo "two\\n"; }); $service->res->trailer("X-A", "1"); echo "one\\n";`,
    },
    check: answers(
      [ok, plain, "Transfer-Encoding: chunked", "Trailer: x-a"],
      "4\r\none\n\r\n4\r\ntwo\n\r\n0\r\nX-A: 1\r\n\r\n",
    ),
  },
  {
    name: "lets a script send its output elsewhere for a while",
    sources: {
      python: `import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()): print("hidden")\nprint("one")`,
      ruby: `require "stringio"\n$stdout = StringIO.new\nputs "hidden"\n$stdout = STDOUT\nputs "one"`,
      perl:
        `open my $old, ">&", STDOUT; open STDOUT, ">", "/dev/null"; print "hidden"; open STDOUT, ">&", $old; print "one\\n";`,
      php: `<?php ob_start(); echo "hidden"; ob_end_clean(); while (ob_get_level()) ob_end_clean(); echo "one\\n";`,
    },
    check: answers([ok, plain], "one\n"),
  },
];

/** What is printed has to reach the client while the script waits for more of the request. */
const streaming: Record<string, string> = {
  python: `import sys\nprint("one")\nprint(sys.stdin.readline(), end="")`,
  ruby: `print "one\\n"\nprint $stdin.gets`,
  perl: `print "one\\n"; print scalar <STDIN>;`,
  php: `<?php echo "one\\n"; echo fgets(STDIN);`,
};

function installed({ interpreter }: Language): boolean {
  try {
    return new Deno.Command(interpreter, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Writes the script and its request, and gives its arguments and variables. */
function prepare(
  language: Language,
  directory: string,
  source: string,
  { request = {}, requestInFile, args = [] }: Partial<Case>,
): { args: string[]; variables: Record<string, string> } {
  const script = `${directory}/script${language.extension}`;
  Deno.writeTextFileSync(script, source);
  const json = JSON.stringify(request);
  const requestFile = `${directory}/request.json`;
  if (requestInFile) Deno.writeTextFileSync(requestFile, json);
  return {
    args: [...language.command(script), ...args],
    variables: requestInFile ? { SLUICE_REQUEST_FILE: requestFile } : { SLUICE_REQUEST: json },
  };
}

const base = {
  PATH: Deno.env.get("PATH")!,
  HOME: Deno.env.get("HOME") ?? "/",
  LANG: "C",
  LC_ALL: "C",
  X_ENV: "x",
};

function start(language: Language, directory: string, source: string, options: Partial<Case>) {
  const { args, variables } = prepare(language, directory, source, options);
  return new Deno.Command(language.interpreter, {
    args,
    clearEnv: true,
    env: { ...base, ...variables },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function run(language: Language, directory: string, source: string, options: Case): Promise<Answer> {
  const child = start(language, directory, source, options);
  const sent = new Response(options.stdin ?? "").body!.pipeTo(child.stdin);
  const output = await child.output();
  await sent;
  return answerOf(output.stdout, new TextDecoder().decode(output.stderr), output.code);
}

/** The same run in a child of a warm parent. */
async function runForked(language: Language, directory: string, source: string, options: Case): Promise<Answer> {
  const { args, variables } = prepare(language, directory, source, options);
  await using launcher = await startWarm({ part: language.warm, argv: [language.interpreter, ...args], env: base });
  const { stdout, stderr, code } = await runWarm(launcher, variables, options.stdin);
  return answerOf(stdout, stderr, code!);
}

function answerOf(bytes: Uint8Array, stderr: string, code: number): Answer {
  const stdout = latin1(bytes);
  const end = stdout.indexOf("\r\n\r\n");
  return {
    stdout,
    head: end < 0 ? undefined : stdout.slice(0, end).split("\r\n"),
    body: end < 0 ? stdout : stdout.slice(end + 4),
    stderr,
    code,
  };
}

async function streams(language: Language, directory: string, source: string): Promise<void> {
  await using child = start(language, directory, source, {});
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let received = "";
  while (!received.endsWith("\r\n\r\none\n")) {
    const { value, done } = await reader.read();
    equal(done, false, received);
    received += value;
  }
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("two\n"));
  await writer.close();
  deepEqual(await reader.read(), { done: false, value: "two\n" });
  equal((await reader.read()).done, true);
  equal(await new Response(child.stderr).text(), "");
  equal((await child.status).code, 0);
}

for (const [name, language] of Object.entries(languages)) {
  const missing = !installed(language);
  if (missing) console.log(`The tests of ${name} are skipped: ${language.interpreter} is not installed`);
  const test = (title: string, fn: (test: Deno.TestContext, directory: string) => Promise<void>) =>
    Deno.test({
      name: `the runner of ${name}${title}`,
      ignore: missing,
      async fn(test) {
        const directory = await Deno.makeTempDir();
        try {
          await fn(test, directory);
        } finally {
          await Deno.remove(directory, { recursive: true });
        }
      },
    });
  const forThis = cases.filter((options) => options.sources[name] !== undefined);
  test("", async (test, directory) => {
    for (const options of forThis) {
      await test.step(
        options.name,
        async () => options.check(await run(language, directory, options.sources[name], options), name),
      );
    }
    await test.step("streams", () => streams(language, directory, streaming[name]));
  });
  test(", warm", async (test, directory) => {
    for (const options of forThis) {
      await test.step(
        options.name,
        async () => options.check(await runForked(language, directory, options.sources[name], options), name),
      );
    }
  });
}
