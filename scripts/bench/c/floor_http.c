// The floor with HTTP: about the least a server can do for a fresh process a request. A thread a connection starts the
// program and sends its output as chunks; a second thread pumps the request body, where there is one. No pipelining.
// Usage: floor_http THREADS PROGRAM. Says on standard error where it listens.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEAD_BYTES_MAX = 8192, BLOCK_BYTES = 128 * 1024, PREFIX_BYTES = 256 };

static char *program;
static int listener;

static int write_all(int fd, const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = write(fd, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

// Reads until the head is whole; returns where the body starts, 0 when there is none.
static size_t read_head(int client, char *head, size_t *size) {
  for (*size = 0; *size < HEAD_BYTES_MAX - 1;) {
    ssize_t n = read(client, head + *size, HEAD_BYTES_MAX - 1 - *size);
    if (n <= 0) return 0;
    *size += (size_t)n;
    head[*size] = '\0';
    char *end = strstr(head, "\r\n\r\n");
    if (end != NULL) return (size_t)(end + 4 - head);
  }
  return 0;
}

static pid_t start_program(const char *head, int input, int output) {
  char query[HEAD_BYTES_MAX + sizeof "QUERY_STRING="];
  const char *mark = head + strcspn(head, "?\r"), *value = *mark == '?' ? mark + 1 : mark;
  snprintf(query, sizeof query, "QUERY_STRING=%.*s", (int)strcspn(value, " \r"), value);
  char *argv[] = {program, NULL}, *env[] = {query, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  pid_t pid;
  int failed = posix_spawn(&pid, program, &actions, NULL, argv, env);
  posix_spawn_file_actions_destroy(&actions);
  return failed ? -1 : pid;
}

struct body {
  int client, input;
  const char *first;  // what came with the head
  long long first_size, length;
};

static void *pump_body(void *argument) {
  struct body *body = argument;
  char *block = malloc(BLOCK_BYTES);
  long long left = body->length - body->first_size;
  if (block == NULL || write_all(body->input, body->first, (size_t)body->first_size) < 0) left = 0;
  while (left > 0) {
    ssize_t n = read(body->client, block, left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES);
    if (n <= 0 || write_all(body->input, block, (size_t)n) < 0) break;
    left -= n;
  }
  free(block);
  close(body->input);
  return NULL;
}

// The block leaves room before and behind the data, so that a chunk, the first one with the head, is one write.
static int send_output(int client, int output, char *block) {
  static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
  char *data = block + PREFIX_BYTES, prefix[PREFIX_BYTES];
  const char *head = ok;
  for (;;) {
    ssize_t n = read(output, data, BLOCK_BYTES);
    if (n < 0) return -1;
    int size = snprintf(prefix, sizeof prefix, "%s%zx\r\n", head, (size_t)n);
    memcpy(data - size, prefix, (size_t)size);
    memcpy(data + n, "\r\n", 2);
    if (write_all(client, data - size, (size_t)(size + n + 2)) < 0) return -1;
    if (n == 0) return 0;
    head = "";
  }
}

static int answer(int client, char *block) {
  char head[HEAD_BYTES_MAX];
  size_t size, start = read_head(client, head, &size);
  int input[2], output[2];
  if (start == 0 || pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0) return -1;
  pid_t pid = start_program(head, input[0], output[1]);
  close(input[0]), close(output[1]);
  const char *field = strcasestr(head, "\r\nContent-Length:");
  long long length = field ? atoll(field + strlen("\r\nContent-Length:")) : 0;
  struct body body = {client, input[1], head + start, (long long)(size - start), length};
  pthread_t pump;
  int pumping = length > 0 && pthread_create(&pump, NULL, pump_body, &body) == 0;
  if (!pumping) close(input[1]);
  int sent = send_output(client, output[0], block);
  close(output[0]);
  if (pumping) pthread_join(pump, NULL);
  return pid > 0 && waitpid(pid, NULL, 0) == pid ? sent : -1;
}

static void *serve(void *argument) {
  (void)argument;
  char *block = malloc(PREFIX_BYTES + BLOCK_BYTES + 2);
  while (block != NULL) {
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0) continue;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    while (answer(client, block) == 0);
    close(client);
  }
  return NULL;
}

int main(int argc, char **argv) {
  int threads = argc == 3 ? atoi(argv[1]) : 0;
  if (threads < 1) return fprintf(stderr, "Usage: floor_http THREADS PROGRAM\n"), 2;
  program = argv[2];
  signal(SIGPIPE, SIG_IGN);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 1024) < 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
    perror("Cannot listen");
    return 1;
  }
  for (int i = 1; i < threads; i++) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, NULL) != 0) return 1;
  }
  fprintf(stderr, "listening on http://127.0.0.1:%d\n", ntohs(address.sin_port));
  serve(NULL);
}
