// Answers a request: by a reply to the gateway's socket where it is told of one, else on standard output.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char answer[] = "hello\n";

int main(void) {
  const char *path = getenv("SLUICE_REPLY_SOCKET"), *id = getenv("REQUEST_ID");
  if (path == NULL || id == NULL) return fputs(answer, stdout) < 0;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) return fprintf(stderr, "The socket's path is too long\n"), 2;
  strcpy(address.sun_path, path);
  int gateway = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(gateway, (struct sockaddr *)&address, sizeof address) < 0) return perror("connect"), 1;
  dprintf(gateway,
          "POST /urhttp/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: text/plain\r\n"
          "Content-Length: %zu\r\n\r\n%s",
          id, sizeof answer - 1, answer);
  char head[13] = "";
  size_t size = 0;
  for (ssize_t n; size < sizeof head - 1 && (n = read(gateway, head + size, sizeof head - 1 - size)) > 0;) size += (size_t)n;
  if (strncmp(head, "HTTP/1.1 2", 10) != 0) return fprintf(stderr, "The gateway says: %s\n", head), 1;
  return 0;
}
