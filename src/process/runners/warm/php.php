<?php
// The warm part of the runner for PHP: a parent that forks children ahead of the requests. Each takes one run from the
// server and returns into the runner; PHP then compiles and runs the script as its main program, and none of its code
// runs in the parent. Most system calls go by FFI, as PHP can't receive descriptors. docs/warm.md has the protocol.
//
// Nothing of this may show in the script. So what it could count stays as in a cold run: descriptors and objects are
// given the lowest number that is free, and ours are high; numbers of resources, which only rise, are set back. It is
// one file, because a runner is carried as one text.

namespace Sluice;

final class Warm
{
    private const HIDDEN_MIN = 100; // descriptors from here on are ours
    private const OBJECTS = 1000; // numbers of objects up to this are the script's
    private const OBJECTS_IN_USE = 8; // more than the parent uses at a time
    private const PAYLOAD_BYTES_MAX = 65536;
    private const INPUT_BYTES = 4096;
    private const RIGHTS_BYTES = 28; // CMSG_LEN of three descriptors
    private const FORK_PAUSE_MS = 100;

    // Numbers of Linux's.
    private const F_DUPFD_CLOEXEC = 1030;
    private const MSG_CMSG_CLOEXEC = 0x40000000;
    private const O_RDWR = 2;
    private const POLLIN = 1;
    private const SHARED_MEMORY = [4096, 3, 0x21, -1, 0]; // length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS

    private const C = <<<'C'
        typedef struct { void *start; size_t length; } iovec;
        typedef struct {
            void *name; unsigned name_length;
            iovec *vector; size_t vectors;
            void *control; size_t control_length;
            int flags;
        } msghdr;
        typedef struct { size_t length; int level, type, stream0, stream1, stream2, padding; } rights;
        typedef struct { int fd; short events, happened; } pollfd;
        long recvmsg(int socket, msghdr *message, int flags);
        int poll(pollfd *fds, unsigned long count, int milliseconds);
        int setsid(void);
        int kill(int process, int signal);
        int sigprocmask(int how, uint64_t *set, uint64_t *old);
        int signalfd(int fd, uint64_t *mask, int flags);
        int fcntl(int fd, int command, int argument);
        int open(const char *path, int flags);
        int dup2(int from, int to);
        int dup(int fd);
        int close(int fd);
        long read(int fd, char *bytes, size_t length);
        long write(int fd, const char *bytes, size_t length);
        int putenv(char *variable);
        int unsetenv(const char *name);
        void *malloc(size_t length);
        void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset);
        void _exit(int code);
        double sapi_get_request_time(void);
        void zend_activate_auto_globals(void);
        bool zend_is_auto_global_str(const char *name, size_t length);
        extern void *sapi_module[8];
        extern struct { intptr_t server_context; double rest[63]; } sapi_globals;
        extern int executor_globals[512];
        C;

    private const NEEDED = ['FFI' => 'FFI\CData', 'pcntl' => 'pcntl_fork'];

    /** Extensions that at the end of a request only free memory and close descriptors, as any exit does. */
    private const QUIET = [
        ...['bcmath', 'bz2', 'calendar', 'core', 'ctype', 'date', 'dom', 'exif', 'ffi', 'fileinfo', 'filter', 'ftp'],
        ...['gd', 'gettext', 'gmp', 'hash', 'iconv', 'igbinary', 'intl', 'json', 'libxml', 'mbstring', 'msgpack'],
        ...['openssl', 'pcntl', 'pcre', 'pdo', 'phar', 'posix', 'random', 'readline', 'reflection', 'session'],
        ...['shmop', 'simplexml', 'sockets', 'sodium', 'spl', 'standard', 'sysvmsg', 'sysvsem', 'sysvshm'],
        ...['tokenizer', 'xml', 'xmlreader', 'xsl', 'yaml', 'zlib', 'zend opcache'],
    ];

    private static \FFI $c;
    private static int $work = 3, $report = 4, $control = 5, $signal, $null;
    private static \FFI\CData $mask; // of signals, as the process was started with
    private static int $target = 0, $alive = 0;
    private static string $heard = '';
    private static \FFI\CData $polled, $input, $vector, $payload, $rights, $message, $messagePointer;
    private static string $script;
    private static int $scriptDescriptor, $wire, $statusIndex, $lastResource;
    private static bool $quiet;
    private static array $old;

    /**
     * Returns in each child that has got a request, with what names it: its JSON, or the path of a file.
     *
     * @return array{string|false, string|false}
     */
    public static function serve(Service $service): array
    {
        try {
            self::prepare($service);
        } catch (\Throwable $error) {
            $why = substr(preg_replace('/\s+/', ' ', $error->getMessage()), 0, 400);
            file_put_contents('php://fd/' . self::$report, "refused $why\n");
            exit(0);
        }
        self::report('ready');
        while (true) {
            self::reap();
            if (self::$alive === 0 && self::$polled[0]->fd < 0) {
                self::$c->_exit(0);
            }
            while (self::$alive < self::$target) {
                $pid = @pcntl_fork();
                if ($pid === 0) {
                    return self::answer();
                }
                if ($pid < 0) {
                    self::report('failed Cannot fork: ' . pcntl_strerror(pcntl_get_last_error()));
                    break;
                }
                self::$alive++;
            }
            self::wait(self::$alive < self::$target ? self::FORK_PAUSE_MS : -1);
        }
    }

    /** The status given to exit(), or 255 after an error. */
    public static function status(): int
    {
        return self::$c->executor_globals[self::$statusIndex] & 255;
    }

    /**
     * Ends a run whose functions, destructors and output are over. What PHP does from here on takes five times as long
     * as an exit, and frees what the kernel would free. Only the rest of the request can be seen from outside, and only
     * if it ends more than memory and descriptors: a pipe to a process, a compressed file, a session. Then PHP does it.
     *
     * @param resource $wire
     */
    public static function end($wire): void
    {
        $code = self::status();
        if (self::$quiet && array_key_last(get_resources()) <= self::$lastResource && !self::hasSession()) {
            fclose($wire);
            self::$c->dup2(self::$null, 1);
            self::report('done ' . getmypid() . " $code");
            self::$c->_exit($code);
        }
        // Between the end of the request and its own PHP calls sapi_module.flush(sapi_globals.server_context).
        self::$c->sapi_module[7] = self::$c->cast('void *', self::$c->_exit);
        self::$c->sapi_globals->server_context = $code;
    }

    private static function hasSession(): bool
    {
        return function_exists('session_status') && session_status() === PHP_SESSION_ACTIVE;
    }

    // The parent

    private static function report(string $line): void
    {
        self::$c->write(self::$report, "$line\n", strlen($line) + 1);
    }

    private static function reap(): void
    {
        while (($pid = pcntl_wait($status, WNOHANG, $usage)) > 0) {
            $left = self::$c->kill(-$pid, 0) === 0 ? 1 : 0;
            $user = $usage['ru_utime.tv_sec'] * 1000000 + $usage['ru_utime.tv_usec'];
            $system = $usage['ru_stime.tv_sec'] * 1000000 + $usage['ru_stime.tv_usec'];
            self::report("ended $pid $status $user $system {$usage['ru_maxrss']} $left");
            self::$alive--;
        }
    }

    private static function wait(int $milliseconds): void
    {
        self::$c->poll(self::$polled, 2, $milliseconds);
        if (self::$polled[1]->happened) {
            self::$c->read(self::$signal, self::$input, self::INPUT_BYTES);
        }
        if (self::$polled[0]->happened) {
            self::readControl();
        }
    }

    private static function readControl(): void
    {
        $length = self::$c->read(self::$control, self::$input, self::INPUT_BYTES);
        if ($length === 0) {
            self::$polled[0]->fd = -1; // which poll passes over
            self::$target = 0;
            return;
        }
        $lines = explode("\n", self::$heard . \FFI::string(self::$input, max($length, 0)));
        self::$heard = array_pop($lines);
        foreach ($lines as $line) {
            self::$target = (int) substr($line, strlen('target '));
        }
    }

    // A child

    private static function answer(): array
    {
        $c = self::$c;
        $c->setsid();
        $c->sigprocmask(SIG_SETMASK, self::$mask, null);
        $c->close(self::$control);
        $c->close(self::$signal);
        $length = $c->recvmsg(self::$work, self::$messagePointer, self::MSG_CMSG_CLOEXEC);
        $rights = self::$rights;
        if ($length <= 0 || $rights->length !== self::RIGHTS_BYTES) {
            $c->_exit(0);
        }
        $strings = explode("\0", \FFI::string(self::$payload, $length - 1));
        self::report('took ' . getmypid() . " $strings[0]");
        $c->close(self::$work);
        $c->dup2($rights->stream1, self::$wire);
        foreach ([$rights->stream0, $rights->stream1, $rights->stream2] as $standard => $descriptor) {
            $c->dup2($descriptor, $standard);
            $c->close($descriptor);
        }
        self::reopenScript();
        $request = self::setVariables($strings);
        $low = self::takeNumbers(self::OBJECTS_IN_USE);
        self::giveBack($low);
        return $request;
    }

    /**
     * @param list<string> $strings the number of the run, and its variables
     * @return array{string|false, string|false}
     */
    private static function setVariables(array $strings): array
    {
        $request = ['SLUICE_REQUEST' => false, 'SLUICE_REQUEST_FILE' => false];
        $place = self::$payload;
        foreach ($strings as $index => $string) {
            $parts = explode('=', $string, 2);
            if (isset($request[$parts[0]])) {
                $request[$parts[0]] = $parts[1];
            } elseif ($index > 0) {
                self::$c->putenv($place);
            }
            $place += strlen($string) + 1;
        }
        self::$c->zend_is_auto_global_str('_SERVER', 7);
        self::$c->zend_is_auto_global_str('_ENV', 4);
        return array_values($request);
    }

    /** PHP has opened the script, and not read it yet. All children would share its position. */
    private static function reopenScript(): void
    {
        $descriptor = self::$c->open(self::$script, 0);
        if ($descriptor < 0) {
            fwrite(STDERR, 'Could not open input file: ' . self::$script . "\n");
            exit(1);
        }
        self::$c->dup2($descriptor, self::$scriptDescriptor);
        self::$c->close($descriptor);
    }

    // Numbers of objects: the last one freed is the first to be given again.

    /** @return array<int, object> by number */
    private static function takeNumbers(int $count): array
    {
        $objects = [];
        while ($count-- > 0) {
            $object = new \stdClass();
            $objects[spl_object_id($object)] = $object;
        }
        return $objects;
    }

    /** Frees them so that new objects are counted from 1, as in a new process. */
    private static function giveBack(array &$objects): void
    {
        $numbers = array_keys($objects);
        rsort($numbers);
        foreach ($numbers as $number) {
            unset($objects[$number]);
        }
    }

    // The parent's start

    private static function prepare(Service $service): void
    {
        self::qualify();
        $resource = self::nextResource() - 1; // the one that the runner took to read this file
        $low = self::takeNumbers(self::OBJECTS);
        self::$c = \FFI::cdef(self::C);
        self::$c->unsetenv('SLUICE_WARM');
        self::$c->unsetenv('SLUICE_REUSE'); // a child takes one run
        self::takeDescriptors();
        self::allocate();
        self::findScript();
        self::findStatus();
        self::preload();
        self::rehearse();
        self::resetVariables();
        self::resetTime();
        self::$quiet = !array_diff(array_map(strtolower(...), get_loaded_extensions()), self::QUIET);
        self::resetResources($resource);
        error_clear_last();
        self::giveBack($low);
        self::install($service);
    }

    private static function qualify(): void
    {
        foreach (self::NEEDED as $extension => $sign) {
            if (!class_exists($sign) && !function_exists($sign)) {
                throw new \RuntimeException("PHP has no extension $extension: install php-cli, and don't disable it");
            }
        }
        if (!ini_get('auto_globals_jit')) {
            throw new \RuntimeException('PHP makes $_SERVER ahead of the request: set auto_globals_jit to On');
        }
        if (count(glob('/proc/self/task/*')) !== 1) {
            throw new \RuntimeException('An extension of PHP starts threads, which a forked process would lack');
        }
    }

    private static function unknownBuild(string $what): \RuntimeException
    {
        return new \RuntimeException("Cannot find $what in this build of PHP: version is " . PHP_VERSION);
    }

    private static function takeDescriptors(): void
    {
        $mask = self::$c->new('uint64_t[16]');
        self::$mask = self::$c->new('uint64_t[16]');
        $mask[0] = 1 << SIGCHLD - 1;
        self::$c->sigprocmask(SIG_BLOCK, $mask, self::$mask);
        self::$report = self::hide(self::$report);
        self::$work = self::hide(self::$work);
        self::$control = self::hide(self::$control);
        self::$signal = self::hide(self::$c->signalfd(-1, $mask, 0));
        self::$null = self::hide(self::$c->open('/dev/null', self::O_RDWR));
    }

    private static function hide(int $descriptor): int
    {
        $hidden = self::$c->fcntl($descriptor, self::F_DUPFD_CLOEXEC, self::HIDDEN_MIN);
        self::$c->close($descriptor);
        return $hidden;
    }

    private static function allocate(): void
    {
        $c = self::$c;
        self::$input = $c->new('char[' . self::INPUT_BYTES . ']');
        self::$polled = $c->new('pollfd[2]');
        foreach ([self::$control, self::$signal] as $index => $descriptor) {
            self::$polled[$index]->fd = $descriptor;
            self::$polled[$index]->events = self::POLLIN;
        }
        // The environment will point into it, and outlives PHP's own memory.
        self::$payload = $c->cast('char *', $c->malloc(self::PAYLOAD_BYTES_MAX));
        self::$rights = $c->new('rights');
        self::$vector = $c->new('iovec');
        self::$vector->start = $c->cast('void *', self::$payload);
        self::$vector->length = self::PAYLOAD_BYTES_MAX;
        self::$message = $c->new('msghdr');
        self::$message->vector = \FFI::addr(self::$vector);
        self::$message->vectors = 1;
        self::$message->control = $c->cast('void *', \FFI::addr(self::$rights));
        self::$message->control_length = \FFI::sizeof(self::$rights);
        self::$messagePointer = \FFI::addr(self::$message);
    }

    private static function findScript(): void
    {
        self::$script = $GLOBALS['argv'][0];
        $path = realpath(self::$script);
        for ($descriptor = 3; $descriptor < self::HIDDEN_MIN; $descriptor++) {
            if (@readlink("/proc/self/fd/$descriptor") === $path) {
                self::$scriptDescriptor = $descriptor;
                return;
            }
        }
        throw self::unknownBuild('the open script');
    }

    /** Finds where PHP keeps the status given to exit(), which no function tells: a child exits with one and looks. */
    private static function findStatus(): void
    {
        $found = self::$c->cast('int *', self::$c->mmap(null, ...self::SHARED_MEMORY));
        $before = self::executorGlobals();
        $child = pcntl_fork();
        if ($child === 0) {
            register_shutdown_function(static function () use ($before, $found) {
                $hits = array_keys(array_diff_assoc(self::executorGlobals(), $before), 211, true);
                $found[0] = count($hits) === 1 ? $hits[0] : 0;
                self::$c->_exit(0);
            });
            exit(211);
        }
        pcntl_waitpid($child, $status);
        if ($found[0] === 0) {
            throw self::unknownBuild('the exit status');
        }
        self::$statusIndex = $found[0] - 1;
    }

    /** @return array<int, int> counted from 1 */
    private static function executorGlobals(string $format = 'l*'): array
    {
        $globals = self::$c->executor_globals;
        return unpack($format, \FFI::string(\FFI::addr($globals), \FFI::sizeof($globals)));
    }

    private static function install(Service $service): void
    {
        install($service);
        self::$wire = self::$c->dup(1);
        self::$c->close(self::$wire); // now it is the lowest that is free, and the next to be opened
        $service->res->begin();
        self::$lastResource = array_key_last(get_resources());
    }

    /** Compiles the script into OPcache's shared memory, if that is on: in a child, because it declares functions. */
    private static function preload(): void
    {
        if (!function_exists('opcache_get_status') || @opcache_get_status(false) === false) {
            return;
        }
        $child = pcntl_fork();
        if ($child === 0) {
            try {
                @opcache_compile_file(self::$script);
            } catch (\Throwable) {
                // the run says so
            }
            self::$c->_exit(0);
        }
        pcntl_waitpid($child, $status);
    }

    /** What each child would do for the first time, it would do on copied memory: symbols, caches, patterns. */
    private static function rehearse(): void
    {
        $service = new Service();
        $service->begin(read_request('{}', false));
        $service->res->header('Trailer', 'A')->frame('x');
        self::$c->write(self::$report, '', 0);
    }

    /** Makes PHP fill $_SERVER and $_ENV anew when it is asked for them. A child needn't free the old ones. */
    private static function resetVariables(): void
    {
        self::$old = [$_SERVER, $_ENV];
        self::$c->zend_activate_auto_globals();
    }

    /** PHP notes the time of the request when it is first asked for. */
    private static function resetTime(): void
    {
        $globals = self::$c->sapi_globals;
        $time = self::$c->sapi_get_request_time();
        $index = 0;
        while ($globals->rest[$index] !== $time) {
            $index++; // past the end FFI throws
        }
        $globals->rest[$index] = 0.0;
    }

    private static function nextResource(): int
    {
        return get_resource_id(fopen('php://memory', 'r'));
    }

    /** Resources are numbered without end: looks for where PHP keeps the next number, and sets it. */
    private static function resetResources(int $number): void
    {
        $next = self::nextResource() + 1;
        $places = array_keys(self::executorGlobals('q*'), $next, true);
        $next = self::nextResource() + 1;
        $places = array_intersect($places, array_keys(self::executorGlobals('q*'), $next, true));
        if (count($places) !== 1) {
            throw self::unknownBuild('the number of the next resource');
        }
        self::$c->executor_globals[2 * (current($places) - 1)] = $number;
    }
}
