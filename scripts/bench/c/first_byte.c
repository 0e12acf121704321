// Asks for the answer of `tick` SAMPLES times; how long after its writing does each of its two lines arrive?
// Usage: first_byte PORT PATH SAMPLES. Prints [[firstNs, secondNs], ...].
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// Fills delays with those of the first two stamps; returns how many came.
static int measure(const char *path, long long delays[2]) {
  char answer[4096];
  size_t size = 0, seen = 0;
  int stamps = 0, server = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5}, sizeof(struct timeval));
  if (connect(server, (struct sockaddr *)&address, sizeof address) == 0) {
    dprintf(server, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
    while (stamps < 2 && size < sizeof answer - 1) {
      ssize_t n = read(server, answer + size, sizeof answer - 1 - size);
      long long arrival = now_ns();
      if (n <= 0) break;
      answer[size += (size_t)n] = '\0';
      char *stamp;
      while (stamps < 2 && (stamp = strstr(answer + seen, "stamp ")) != NULL && strchr(stamp, '\n') != NULL) {
        delays[stamps++] = arrival - atoll(stamp + 6);
        seen = (size_t)(stamp + 6 - answer);
      }
    }
  }
  close(server);
  return stamps;
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "Usage: first_byte PORT PATH SAMPLES\n"), 2;
  address.sin_port = htons((unsigned short)atoi(argv[1]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0, samples = atoi(argv[3]); i < samples; i++) {
    long long delays[2];
    if (measure(argv[2], delays) < 2) return fprintf(stderr, "The answer lacks its two lines\n"), 1;
    printf("%s[%lld,%lld]%s", i == 0 ? "[" : ",", delays[0], delays[1], i == samples - 1 ? "]\n" : "");
  }
  return 0;
}
