// Posts BYTES of a known pattern and reads them back at the same time, comparing every byte.
// Usage: duplex PORT PATH BYTES STALL_SECONDS. Prints {"bytes", "seconds"}; fails when the answer is wrong or stands still.
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

// The period is a prime, so that a lost or repeated block of any power of two shows.
enum { PERIOD_BYTES = 1048583, BLOCK_BYTES = 256 * 1024 };

static unsigned char pattern[PERIOD_BYTES], block[BLOCK_BYTES];
static long long total, verified;
static int server;

static void fail(const char *reason) {
  fprintf(stderr, "%s after %lld of %lld bytes\n", reason, verified, total);
  exit(1);
}

static void fill_pattern(void) {
  unsigned long long x = 88172645463325252ULL;  // xorshift64
  for (size_t i = 0; i < PERIOD_BYTES; i++) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    pattern[i] = (unsigned char)x;
  }
}

static void *send_body(void *argument) {
  (void)argument;
  for (long long sent = 0; sent < total;) {
    size_t at = (size_t)(sent % PERIOD_BYTES), size = PERIOD_BYTES - at;
    if (size > BLOCK_BYTES) size = BLOCK_BYTES;
    if ((long long)size > total - sent) size = (size_t)(total - sent);
    ssize_t n = write(server, pattern + at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return NULL;  // the reader tells why
    sent += n;
  }
  return NULL;
}

static size_t receive(unsigned char *into, size_t size) {
  ssize_t n = read(server, into, size);
  if (n < 0) fail(errno == EAGAIN ? "The answer stands still" : strerror(errno));
  return (size_t)n;
}

static void verify(const unsigned char *data, size_t size) {
  if ((long long)size > total - verified) fail("The answer is too long");
  while (size > 0) {
    size_t at = (size_t)(verified % PERIOD_BYTES), part = PERIOD_BYTES - at < size ? PERIOD_BYTES - at : size;
    if (memcmp(data, pattern + at, part) != 0) fail("The answer differs");
    data += part, size -= part, verified += (long long)part;
  }
}

// Chunked coding (RFC 9112, section 7.1). A chunk is: size line, data, empty line. Ends at the chunk of size 0.
static int decode_chunks(const unsigned char *data, size_t size) {
  static enum { SIZE, EXTENSION, DATA, DATA_END } state = SIZE;
  static long long left = 0;
  for (size_t i = 0; i < size;) {
    if (state == DATA) {
      size_t part = (long long)(size - i) < left ? size - i : (size_t)left;
      verify(data + i, part);
      i += part, left -= (long long)part;
      if (left == 0) state = DATA_END;
      continue;
    }
    unsigned char byte = data[i++];
    if (state == DATA_END) {
      if (byte == '\n') state = SIZE;
    } else if (byte == '\n') {
      if (left == 0) return 1;
      state = DATA;
    } else if (state == SIZE) {
      const char *digits = "0123456789abcdef", *digit = strchr(digits, byte >= 'A' && byte <= 'F' ? byte + 32 : byte);
      if (digit != NULL && byte != '\0') left = left * 16 + (digit - digits);
      else state = EXTENSION;
    }
  }
  return 0;
}

static void read_answer(void) {
  char head[8193];
  size_t size = 0;
  char *end = NULL;
  while (end == NULL) {
    size_t n = size < sizeof head - 1 ? receive((unsigned char *)head + size, sizeof head - 1 - size) : 0;
    if (n == 0) fail("No head");
    head[size += n] = '\0';
    end = strstr(head, "\r\n\r\n");
  }
  if (strncmp(head + strcspn(head, " "), " 200", 4) != 0) {
    head[strcspn(head, "\r")] = '\0';
    fail(head);
  }
  *end = '\0';
  int chunked = strcasestr(head, "\r\nTransfer-Encoding: chunked") != NULL, ended = 0;
  const char *field = strcasestr(head, "\r\nContent-Length:");
  long long length = field ? atoll(field + strlen("\r\nContent-Length:")) : total;
  size_t n = size - (size_t)(end + 4 - head);
  memcpy(block, end + 4, n);
  do {
    if (chunked) ended = decode_chunks(block, n);
    else verify(block, n), ended = verified == length;
  } while (!ended && (n = receive(block, sizeof block)) > 0);
  if (!ended || verified != total) fail("The answer ended");
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "Usage: duplex PORT PATH BYTES STALL_SECONDS\n"), 2;
  total = atoll(argv[3]);
  signal(SIGPIPE, SIG_IGN);
  fill_pattern();
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  server = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = atoi(argv[4])}, sizeof(struct timeval));
  if (connect(server, (struct sockaddr *)&address, sizeof address) < 0) fail("Cannot connect");
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  dprintf(server, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: %lld\r\n\r\n",
          argv[2], total);
  pthread_t sender;
  if (pthread_create(&sender, NULL, send_body, NULL) != 0) return 1;
  read_answer();
  clock_gettime(CLOCK_MONOTONIC, &end);
  double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
  printf("{\"bytes\":%lld,\"seconds\":%.6f}\n", verified, seconds);
  return 0;
}
