/*
 * Appends to a stream at a steady rate while many readers follow it, and tells how long each append took to reach them:
 * follow_load PORT APPEND_HEAD READ_REQUEST READERS RATE SECONDS
 *
 * Both files are HTTP requests; to the first a body of 100 bytes is added, which holds the time. Prints how many
 * deliveries there were and how many there should have been, then the median, the 99th percentile and the longest time
 * in microseconds.
 */
#include "client.h"
#include <sys/resource.h>
#include <sys/timerfd.h>

#define BODY 100
#define TIMES_MAX (4 * 1000 * 1000)

/* A reader, and how much of a time between two @ it has seen. */
struct reader {
  int fd, inside;
  unsigned long long value;
};

static unsigned *times;
static size_t count;

static void hear(struct reader *r) {
  static char buffer[256 * 1024];
  for (;;) {
    ssize_t n = read(r->fd, buffer, sizeof buffer);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) fail("read", n ? strerror(errno) : "the server closed a reader");
    unsigned long long at = now_us();
    for (ssize_t i = 0; i < n; i++) {
      if (buffer[i] == '@') {
        if (r->inside && r->value && count < TIMES_MAX) times[count++] = at - r->value;
        r->inside = !r->inside || !r->value;
        r->value = 0;
      } else if (r->inside && buffer[i] >= '0' && buffer[i] <= '9') r->value = r->value * 10 + buffer[i] - '0';
    }
  }
}

static void append(int fd, const char *head, size_t length) {
  char request[4096], answer[4096];
  memcpy(request, head, length);
  int n = sprintf(request + length, "@%llu@", now_us());
  memset(request + length + n, '.', BODY - n);
  request[length + BODY - 1] = '\n';
  if (write(fd, request, length + BODY) != (ssize_t)length + BODY) fail("append", strerror(errno));
  while (read(fd, answer, sizeof answer) > 0) { /* answers to earlier appends */
    if (!strncmp(answer, "HTTP/1.1 ", 9) && answer[9] != '2') fail("append refused", answer);
  }
}

int main(int argc, char **argv) {
  if (argc != 7) fail("usage", "follow_load PORT APPEND_HEAD READ_REQUEST READERS RATE SECONDS");
  struct rlimit files = {65536, 65536};
  setrlimit(RLIMIT_NOFILE, &files);
  size_t head_length, request_length;
  char *head = slurp(argv[2], &head_length), *request = slurp(argv[3], &request_length);
  int port = atoi(argv[1]), readers = atoi(argv[4]), rate = atoi(argv[5]), seconds = atoi(argv[6]);
  times = malloc(TIMES_MAX * sizeof *times);
  struct reader *all = calloc(readers, sizeof *all);
  int poll = epoll_create1(0), appender = dial(port), left = rate * seconds;
  fcntl(appender, F_SETFL, O_NONBLOCK);
  for (int i = 0; i < readers; i++) {
    all[i].fd = dial(port);
    fcntl(all[i].fd, F_SETFL, O_NONBLOCK);
    if (write(all[i].fd, request, request_length) != (ssize_t)request_length) fail("write", strerror(errno));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, all[i].fd, &event);
  }
  usleep(2000 * 1000); /* until all are answered */
  int clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec every = {{0, 1000000000 / rate}, {0, 1000000000 / rate}};
  timerfd_settime(clock, 0, &every, NULL);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poll, EPOLL_CTL_ADD, clock, &event);
  unsigned long long end = now_us() + (seconds + 2) * 1000000ull; /* two for the last ones on their way */
  while (now_us() < end) {
    struct epoll_event events[1024];
    int ready = epoll_wait(poll, events, 1024, 50);
    for (int i = 0; i < ready; i++) {
      if (events[i].data.ptr) {
        hear(events[i].data.ptr);
        continue;
      }
      unsigned long long ticks;
      if (read(clock, &ticks, sizeof ticks) < 0) continue;
      for (; ticks && left; ticks--, left--) append(appender, head, head_length);
    }
  }
  if (!count) fail("nothing was delivered", "");
  qsort(times, count, sizeof *times, by_value);
  printf("%zu %d %u %u %u\n", count, rate * seconds * readers, times[count / 2], times[count * 99 / 100], times[count - 1]);
}
