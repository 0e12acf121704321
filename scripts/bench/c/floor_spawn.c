// The floor without HTTP: starts a program and waits for its end, again and again, in PARALLEL threads.
// Usage: floor_spawn PARALLEL SECONDS PROGRAM. Prints {"count", "seconds", "p50Ns", "p99Ns"}.
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS_MAX = 256, SAMPLES_MAX = 1 << 20 };  // a million starts are minutes of one thread

struct worker {
  pthread_t thread;
  long long *samples;
  size_t count;
};

static char *program;
static long long deadline;
static posix_spawn_file_actions_t actions;

static long long now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void run_once(void) {
  char *argv[] = {program, NULL}, *env[] = {"QUERY_STRING=name=Ada", "REQUEST_METHOD=GET", NULL};
  pid_t pid;
  int status;
  if (posix_spawn(&pid, program, &actions, NULL, argv, env) != 0 || waitpid(pid, &status, 0) != pid || status != 0) {
    perror("Cannot run the program");
    exit(1);
  }
}

static void *work(void *argument) {
  struct worker *worker = argument;
  for (long long start = now_ns(); start < deadline && worker->count < SAMPLES_MAX;) {
    run_once();
    long long end = now_ns();
    worker->samples[worker->count++] = end - start;
    start = end;
  }
  return NULL;
}

static int compare(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int parallel = argc == 4 ? atoi(argv[1]) : 0;
  if (parallel < 1 || parallel > THREADS_MAX) return fprintf(stderr, "Usage: floor_spawn PARALLEL SECONDS PROGRAM\n"), 2;
  program = argv[3];
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  static struct worker workers[THREADS_MAX];
  long long start = now_ns();
  deadline = start + (long long)(atof(argv[2]) * 1e9);
  for (int i = 0; i < parallel; i++) {
    workers[i].samples = malloc(SAMPLES_MAX * sizeof(long long));
    if (workers[i].samples == NULL || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) return 1;
  }
  size_t count = 0;
  for (int i = 0; i < parallel; i++) {
    pthread_join(workers[i].thread, NULL);
    count += workers[i].count;
  }
  double seconds = (double)(now_ns() - start) / 1e9;
  long long *all = malloc(count * sizeof(long long));
  if (all == NULL) return 1;
  for (size_t i = 0, at = 0; i < (size_t)parallel; i++)
    for (size_t j = 0; j < workers[i].count; j++) all[at++] = workers[i].samples[j];
  qsort(all, count, sizeof(long long), compare);
  printf("{\"count\":%zu,\"seconds\":%.6f,\"p50Ns\":%lld,\"p99Ns\":%lld}\n", count, seconds, all[count / 2],
         all[count * 99 / 100]);
  return 0;
}
