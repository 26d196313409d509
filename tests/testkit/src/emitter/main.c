/*
 * Emits on request: each line of stdin is a command, each is answered by one line.
 *   wait EVENT         until a session records EVENT      -> enabled
 *   burst EVENT N      N events on each CPU, all at once  -> done
 *   pace EVENT N RATE  the same, RATE a second on each    -> done
 * The end of stdin ends the program.
 */
#define _GNU_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tp.h"
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct burst {
	pthread_t thread;
	int cpu;
	int is_exact;
	unsigned long count;
	/* Events a second; 0: as many as can be. */
	unsigned long rate;
};

/* How many events are due so long after `begin`. */
static unsigned long due(const struct burst *burst, const struct timespec *begin)
{
	struct timespec now;
	double seconds;

	if (burst->rate == 0)
		return burst->count;
	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double) (now.tv_sec - begin->tv_sec) + (double) (now.tv_nsec - begin->tv_nsec) / 1e9;
	return (unsigned long) (seconds * (double) burst->rate) + 1;
}

static void *emit(void *argument)
{
	const struct burst *burst = argument;
	struct timespec begin;
	unsigned long limit;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(burst->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		perror("sched_setaffinity");
		exit(1);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	limit = due(burst, &begin);
	for (unsigned long n = 0; n < burst->count; n++) {
		while (n >= limit) {
			usleep(1000);
			limit = due(burst, &begin);
		}
		if (burst->is_exact)
			lttng_ust_tracepoint(emitter, exact, n);
		else
			lttng_ust_tracepoint(emitter, loose, n);
	}
	return NULL;
}

static int is_enabled(int is_exact)
{
	return is_exact ? lttng_ust_tracepoint_enabled(emitter, exact) : lttng_ust_tracepoint_enabled(emitter, loose);
}

int main(void)
{
	char line[256], command[16], event[16];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct burst *bursts = calloc((size_t) cpus, sizeof(*bursts));

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (bursts && fgets(line, sizeof(line), stdin)) {
		unsigned long count = 0, rate = 0;

		if (sscanf(line, "%15s %15s %lu %lu", command, event, &count, &rate) < 2)
			return 2;
		if (strcmp(command, "wait") == 0) {
			while (!is_enabled(strcmp(event, "exact") == 0))
				usleep(1000);
			puts("enabled");
			continue;
		}
		for (long i = 0; i < cpus; i++) {
			bursts[i] = (struct burst) {
				.cpu = (int) i, .is_exact = strcmp(event, "exact") == 0, .count = count, .rate = rate
			};
			if (pthread_create(&bursts[i].thread, NULL, emit, &bursts[i]) != 0)
				return 1;
		}
		for (long i = 0; i < cpus; i++)
			pthread_join(bursts[i].thread, NULL);
		puts("done");
	}
	free(bursts);
	return 0;
}
