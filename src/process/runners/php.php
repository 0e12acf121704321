<?php
// Service mode for PHP: `php -d auto_prepend_file=RUNNER -f SCRIPT -- [ARGS...]`. Runs ahead of the script, which stays
// the main program.
//
// Standard output is an HTTP/1.1 response message. An output buffer that passes on each print at once (echo, print,
// php://output, and what system() and passthru() read) puts the head before the first byte; a filter does so on STDOUT.

namespace Sluice;

final class Response
{
    private int $code = 200;
    /** @var array<string, list<array{string, string}>> by lower-case name */
    private array $fields = [];
    private array $trailers = [];
    private array $declared = [];
    private bool $chunked = false;
    private bool $started = false;
    private bool $ended = false;
    private int $pid;
    private ?\LogicException $refused = null;
    /** @var resource standard output itself, without the buffer and the filter */
    private $wire = null;

    public function begin(): void
    {
        $this->pid = getmypid();
        $this->wire ??= fopen('php://stdout', 'wb');
    }

    /** Sets the status, or without an argument tells it. */
    public function status(?int $code = null): self|int
    {
        if ($code === null) {
            return $this->code;
        }
        $this->beforeHead('the status');
        if ($code < 200 || $code > 599) {
            throw new \ValueError("Cannot set the status: $code is not an integer from 200 to 599");
        }
        $this->code = $code;
        return $this;
    }

    public function header(string $name, string $value): self
    {
        $this->beforeHead($name);
        $this->fields[strtolower($name)] = [field($name, $value)];
        return $this;
    }

    public function append(string $name, string $value): self
    {
        $this->beforeHead($name);
        $this->fields[strtolower($name)][] = field($name, $value);
        return $this;
    }

    public function remove(string $name): self
    {
        $this->beforeHead($name);
        unset($this->fields[strtolower($name)]);
        return $this;
    }

    public function trailer(string $name, string $value): self
    {
        if ($this->ended || $this->started && !in_array(strtolower($name), $this->declared, true)) {
            throw new \LogicException("Cannot set the trailer $name: declare it first with header('Trailer', ...)");
        }
        $this->trailers[] = field($name, $value);
        return $this;
    }

    public function write(string $data): self
    {
        fwrite($this->wire, $this->frame($data));
        return $this->flush();
    }

    public function flush(): self
    {
        fwrite($this->wire, $this->head());
        return $this;
    }

    public function json(mixed $value): void
    {
        $flags = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_PRESERVE_ZERO_FRACTION;
        $text = json_encode($value, JSON_THROW_ON_ERROR | $flags);
        $this->header('Content-Type', 'application/json')->end($text);
    }

    public function end(string $data = ''): void
    {
        $this->write($data);
        fwrite($this->wire, $this->lastChunk());
        $this->ended = true;
    }

    public function error(string $message): void
    {
        fwrite(STDERR, "$message\n");
        exit(1);
    }

    /** Body bytes as they go on the wire, behind the head when they are the first. */
    public function frame(string $data): string
    {
        if ($data === '') {
            return '';
        }
        if ($this->ended) {
            throw new \LogicException('Cannot write: the response has ended');
        }
        $head = $this->head();
        return $head . ($this->chunked ? dechex(strlen($data)) . "\r\n$data\r\n" : $data);
    }

    /** The output buffer's handler. It must not throw: PHP would switch it off and let the bytes through. */
    public function pass(string $data, int $phase): string
    {
        try {
            fwrite($this->wire, $this->frame($data));
        } catch (\LogicException $error) {
            $this->refused ??= $error;
        }
        if ($phase & PHP_OUTPUT_HANDLER_FINAL && getmypid() === $this->pid) {
            $this->complete();
        }
        return '';
    }

    public function throwRefused(): void
    {
        if ($this->refused) {
            throw $this->refused;
        }
    }

    private function complete(): void
    {
        // Without a caller this is PHP's own last flush, behind shutdown functions and destructors. With one the script
        // takes the buffer away, and what it prints from then on follows the head by itself.
        if (count(debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, 3)) > 2) {
            $this->flush();
            return;
        }
        if (!$this->ended && ($this->started && !$this->chunked || !failed())) {
            $this->end();
        }
        if (class_exists(Warm::class, false)) {
            Warm::end($this->wire);
        }
    }

    private function beforeHead(string $what): void
    {
        if ($this->started) {
            throw new \LogicException("Cannot set $what: the head has been sent");
        }
    }

    private function head(): string
    {
        if ($this->started) {
            return '';
        }
        if (getmypid() !== $this->pid) {
            throw new \LogicException('Cannot write in a forked process: call $service->res->flush() before the fork');
        }
        $this->started = true;
        $fields = array_replace(['content-type' => [['Content-Type', 'text/plain; charset=utf-8']]], $this->fields);
        $names = [...array_column($fields['trailer'] ?? [], 1), ...array_column($this->trailers, 0)];
        unset($fields['trailer']);
        if ($names) {
            $names = preg_split('/[,\s]+/', strtolower(implode(',', $names)), -1, PREG_SPLIT_NO_EMPTY);
        }
        $this->declared = array_unique($names);
        if ($this->declared) {
            $this->chunked = true;
            unset($fields['content-length']);
            $fields['trailer'] = [['Transfer-Encoding', 'chunked'], ['Trailer', implode(', ', $this->declared)]];
        }
        return "HTTP/1.1 $this->code \r\n" . lines(array_merge(...array_values($fields))) . "\r\n";
    }

    private function lastChunk(): string
    {
        return $this->chunked ? "0\r\n" . lines($this->trailers) . "\r\n" : '';
    }
}

/** The request's fields, and its body: `read([n])`, or `foreach ($service->req as $chunk)`. */
final class Request implements \IteratorAggregate
{
    public mixed $id, $method, $url, $path, $headers, $remoteAddress, $query, $files, $body;

    public function begin(array $request): void
    {
        foreach (array_keys(get_class_vars(self::class)) as $name) {
            $this->$name = $request[$name] ?? null;
        }
    }

    public function read(?int $length = null): string
    {
        return stream_get_contents(STDIN, $length);
    }

    public function getIterator(): \Generator
    {
        while (!feof(STDIN) && ($chunk = fread(STDIN, 65536)) !== false) {
            if ($chunk !== '') {
                yield $chunk;
            }
        }
    }
}

final class Service
{
    public array $params;
    public array $env;
    public Request $req;
    public Request $request;
    public Response $res;
    public Response $response;

    public function __construct()
    {
        $this->req = $this->request = new Request();
        $this->res = $this->response = new Response();
    }

    public function begin(array $request): void
    {
        $this->params = $request['params'] ?? [];
        $this->env = getenv();
        $this->req->begin($request);
        $this->res->begin();
    }
}

/** Bytes written to STDOUT, as they go on the wire. */
final class OutputFilter extends \php_user_filter
{
    public function filter($in, $out, &$consumed, bool $closing): int
    {
        while ($bucket = stream_bucket_make_writeable($in)) {
            $consumed += $bucket->datalen;
            $bucket->data = $this->params->frame($bucket->data);
            stream_bucket_append($out, $bucket);
        }
        return PSFS_PASS_ON;
    }
}

function field(string $name, string $value): array
{
    if (!preg_match('/\A[!#$%&\'*+\-.^_`|~0-9A-Za-z]+\z/', $name)) {
        throw new \ValueError("Cannot set a header: '$name' is not a token");
    }
    if (preg_match('/[\r\n\0]/', $value)) {
        throw new \ValueError("Cannot set the header $name: its value holds CR, LF or NUL");
    }
    if (strtolower($name) === 'transfer-encoding') {
        throw new \ValueError('Cannot set Transfer-Encoding: it follows from the trailers');
    }
    return [$name, $value];
}

function lines(array $fields): string
{
    return implode('', array_map(fn ($field) => "$field[0]: $field[1]\r\n", $fields));
}

/** Whether the script failed. PHP tells of errors, but not the status given to exit(): a fork that exits with it does. */
function failed(): bool
{
    $fatal = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;
    if ((error_get_last()['type'] ?? 0) & $fatal) {
        return true;
    }
    if (class_exists(Warm::class, false)) {
        return Warm::status() !== 0;
    }
    $child = function_exists('pcntl_fork') ? pcntl_fork() : -1;
    if ($child === -1) {
        return false;
    }
    return $child === 0 || pcntl_waitpid($child, $status) !== $child || $status !== 0;
}

/** @return array{string|false, string|false} the request as JSON, or the path of a file with it */
function take_request(): array
{
    $request = [getenv('SLUICE_REQUEST'), getenv('SLUICE_REQUEST_FILE')];
    foreach (['SLUICE_REQUEST', 'SLUICE_REQUEST_FILE'] as $name) {
        putenv($name);
        unset($_SERVER[$name], $_ENV[$name]);
    }
    return $request;
}

function read_request(string|false $text, string|false $path): array
{
    $text = $path === false ? $text : file_get_contents($path);
    return json_decode($text ?: '{}', true, 1 << 16, JSON_THROW_ON_ERROR);
}

function install(Service $service): void
{
    ini_set('display_errors', 'stderr'); // an error's text is no part of the response
    if (!ini_get('error_log')) {
        ini_set('log_errors', '0'); // it would stand on standard error twice
    }
    stream_filter_register('sluice.output', OutputFilter::class);
    stream_filter_append(STDOUT, 'sluice.output', STREAM_FILTER_WRITE, $service->res);
    ob_start([$service->res, 'pass'], 1);
    register_shutdown_function([$service->res, 'throwRefused']);
}

$service = $hook = $Hook = new Service();
if (getenv('SLUICE_WARM') === false) {
    install($service);
    $service->begin(read_request(...take_request()));
} else {
    eval('?>' . file_get_contents(getenv('SLUICE_WARM'))); // a file that is required would be among the included ones
    $service->begin(read_request(...Warm::serve($service))); // from here on in a child
}
