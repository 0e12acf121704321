/* What clients have in common. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static inline unsigned long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

static inline void fail(const char *what, const char *detail) {
  fprintf(stderr, "%s: %.300s\n", what, detail);
  exit(1);
}

/* Connects to a port of this machine. */
static inline int dial(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) fail("connect", strerror(errno));
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/* The content of a file, with a zero behind it. */
static inline char *slurp(const char *path, size_t *length) {
  struct stat s;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &s)) fail(path, strerror(errno));
  char *text = calloc(1, (*length = s.st_size) + 1);
  if (read(fd, text, *length) != (ssize_t)*length) fail(path, strerror(errno));
  close(fd);
  return text;
}

static inline int by_value(const void *a, const void *b) {
  return *(const unsigned *)a < *(const unsigned *)b ? -1 : *(const unsigned *)a > *(const unsigned *)b;
}
