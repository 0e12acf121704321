// Prints the time, waits, prints the time again: the client compares each time with that of its arrival.
// Called by a name that ends in .cgi, it prints a CGI head first.
#include <stdio.h>
#include <string.h>
#include <time.h>

static void print_stamp(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("stamp %lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
  fflush(stdout);
}

int main(int argc, char **argv) {
  (void)argc;
  size_t length = strlen(argv[0]);
  if (length > 4 && strcmp(argv[0] + length - 4, ".cgi") == 0) printf("Content-Type: text/plain\r\n\r\n");
  print_stamp();
  nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
  print_stamp();
  return 0;
}
