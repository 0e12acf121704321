/*
 * Asks one thing again and again over many connections, each with one request under way, for some seconds; the same for
 * servers of any protocol: append_load KIND PORT CONNECTIONS SECONDS FILE...
 *
 * Each connection sends the FILE of its turn. KIND tells where an answer ends:
 *   http   at the end of its body, by Content-Length or the last chunk; anything but 2xx is a failure
 *   resp   behind one bulk string, as Redis answers XADD; "-" is a failure
 *   fixed  when it is as long as the first one was
 *   nats   behind a message; "error" in it is a failure. Subscribes to the inbox _INBOX.load first
 *
 * Prints answers per second, then the median and the 99th percentile of their times in microseconds.
 */
#include "client.h"

#define BUFFER (256 * 1024)
#define TIMES_MAX (8 * 1000 * 1000)

enum kind { HTTP, RESP, FIXED, NATS };

struct connection {
  int fd;
  const char *request;
  size_t request_length, sent, received;
  unsigned long long began;
  char *answer;
};

static enum kind kind;
static size_t fixed_length;
static unsigned *times;
static size_t count;

/* Length of the answer at the beginning of the buffer, or 0 while it is not whole. */
static size_t answer_length(struct connection *c) {
  c->answer[c->received] = 0;
  if (kind == FIXED) return c->received >= fixed_length ? fixed_length : 0;
  if (kind == RESP) {
    if (c->answer[0] != '$') fail("refused", c->answer);
    char *line = strstr(c->answer, "\r\n");
    if (!line) return 0;
    size_t length = line + 2 - c->answer + atoi(c->answer + 1) + 2;
    return c->received >= length ? length : 0;
  }
  if (kind == NATS) {
    char *line = strstr(c->answer, "\r\n");
    if (!line) return 0;
    if (!strncmp(c->answer, "PING", 4)) {
      if (write(c->fd, "PONG\r\n", 6) != 6) fail("write", strerror(errno));
      size_t ping = line + 2 - c->answer;
      memmove(c->answer, c->answer + ping, c->received -= ping);
      return c->received ? answer_length(c) : 0;
    }
    if (strncmp(c->answer, "MSG ", 4)) fail("refused", c->answer);
    char *space = line;
    while (space[-1] != ' ') space--;
    size_t length = line + 2 - c->answer + atoi(space) + 2;
    if (c->received < length) return 0;
    if (strstr(c->answer, "\"error\"")) fail("refused", c->answer);
    return length;
  }
  char *end = strstr(c->answer, "\r\n\r\n");
  if (!end) return 0;
  if (strncmp(c->answer, "HTTP/1.1 2", 10)) fail("refused", c->answer);
  size_t length = end + 4 - c->answer;
  for (char *line = c->answer; line < end; line = strstr(line, "\r\n") + 2) {
    if (!strncasecmp(line, "content-length:", 15)) length += atoi(line + 15);
    else if (!strncasecmp(line, "transfer-encoding:", 18)) {
      char *last = strstr(end, "\r\n0\r\n\r\n");
      return last ? (size_t)(last + 7 - c->answer) : 0;
    }
  }
  return c->received >= length ? length : 0;
}

static void ask(struct connection *c) {
  c->sent = 0;
  c->began = now_us();
  while (c->sent < c->request_length) {
    ssize_t n = write(c->fd, c->request + c->sent, c->request_length - c->sent);
    if (n < 0 && errno == EAGAIN) continue; /* requests are small: there is room soon */
    if (n < 0) fail("write", strerror(errno));
    c->sent += n;
  }
}

static void hear(struct connection *c) {
  ssize_t n = read(c->fd, c->answer + c->received, BUFFER - 1 - c->received);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) fail("read", n ? strerror(errno) : "the server closed the connection");
  c->received += n;
  size_t length = answer_length(c);
  if (!length) return;
  if (count < TIMES_MAX) times[count] = now_us() - c->began;
  count++;
  memmove(c->answer, c->answer + length, c->received -= length);
  ask(c);
}

/* One answer, to learn how long they are: nothing more comes for a while. */
static void measure_answer(struct connection *c) {
  ask(c);
  usleep(200 * 1000);
  fixed_length = read(c->fd, c->answer, BUFFER - 1);
}

static void subscribe(struct connection *c) {
  char info[4096];
  if (read(c->fd, info, sizeof info) <= 0) fail("read", strerror(errno));
  dprintf(c->fd, "CONNECT {\"verbose\":false}\r\nSUB _INBOX.load%d 1\r\n", c->fd);
}

int main(int argc, char **argv) {
  if (argc < 6) fail("usage", "append_load KIND PORT CONNECTIONS SECONDS FILE...");
  kind = !strcmp(argv[1], "http") ? HTTP : !strcmp(argv[1], "resp") ? RESP : !strcmp(argv[1], "nats") ? NATS : FIXED;
  int port = atoi(argv[2]), connections = atoi(argv[3]);
  unsigned long long seconds = atoi(argv[4]);
  struct connection *all = calloc(connections, sizeof *all);
  times = malloc(TIMES_MAX * sizeof *times);
  int poll = epoll_create1(0);
  for (int i = 0; i < connections; i++) {
    struct connection *c = &all[i];
    *c = (struct connection){.fd = dial(port), .answer = malloc(BUFFER)};
    c->request = slurp(argv[5 + i % (argc - 5)], &c->request_length);
    if (kind == NATS) {
      subscribe(c);
      /* Each connection has an inbox of its own: its answers go to it alone. */
      char *text = malloc(c->request_length + 32), subject[128], rest[32];
      const char *line = memchr(c->request, '\n', c->request_length) + 1;
      sscanf(c->request, "PUB %127s %*s %31s", subject, rest);
      int head = sprintf(text, "PUB %s _INBOX.load%d %s\r\n", subject, c->fd, rest);
      size_t body = c->request + c->request_length - line;
      memcpy(text + head, line, body);
      c->request = text;
      c->request_length = head + body;
    }
    if (kind == FIXED && !fixed_length) measure_answer(c);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
  }
  unsigned long long began = now_us(), end = began + seconds * 1000000;
  for (int i = 0; i < connections; i++) ask(&all[i]);
  while (now_us() < end) {
    struct epoll_event events[256];
    int ready = epoll_wait(poll, events, 256, 100);
    for (int i = 0; i < ready; i++) hear(events[i].data.ptr);
  }
  double took = (now_us() - began) / 1e6;
  size_t kept = count < TIMES_MAX ? count : TIMES_MAX;
  if (!kept) fail("no answers", "");
  qsort(times, kept, sizeof *times, by_value);
  printf("%.1f %u %u\n", count / took, times[kept / 2], times[kept * 99 / 100]);
}
