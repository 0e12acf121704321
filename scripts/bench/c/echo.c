// The program every server runs: prints its query, if there is one, then copies standard input to standard output.
// Called by a name that ends in .cgi, it prints a CGI head first.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[128 * 1024];  // the block size of coreutils' cat

static int write_all(const char *data, size_t size) {
  while (size > 0) {
    ssize_t n = write(1, data, size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    data += n;
    size -= (size_t)n;
  }
  return 0;
}

int main(int argc, char **argv) {
  (void)argc;
  size_t length = strlen(argv[0]);
  int cgi = length > 4 && strcmp(argv[0] + length - 4, ".cgi") == 0;
  const char *query = getenv("QUERY_STRING");
  int asked = query != NULL && *query != '\0';
  int text = snprintf(buffer, sizeof buffer, "%s%s%s%s", cgi ? "Content-Type: text/plain\r\n\r\n" : "",
                      asked ? "query " : "", asked ? query : "", asked ? "\n" : "");
  if (text >= (int)sizeof buffer || write_all(buffer, (size_t)text) < 0) return 1;
  for (;;) {
    ssize_t n = read(0, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0;
    if (write_all(buffer, (size_t)n) < 0) return 1;
  }
}
