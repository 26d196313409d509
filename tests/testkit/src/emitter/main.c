/*
 * Emits on request: each line of stdin is a command, each is answered by one line.
 *   wait EVENT     until a session records EVENT          -> enabled
 *   burst EVENT N  N events on each CPU, all at once      -> done
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
#include <unistd.h>

struct burst {
	pthread_t thread;
	int cpu;
	int is_exact;
	unsigned long count;
};

static void *emit(void *argument)
{
	const struct burst *burst = argument;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(burst->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		perror("sched_setaffinity");
		exit(1);
	}
	for (unsigned long n = 0; n < burst->count; n++) {
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
		unsigned long count = 0;

		if (sscanf(line, "%15s %15s %lu", command, event, &count) < 2)
			return 2;
		if (strcmp(command, "wait") == 0) {
			while (!is_enabled(strcmp(event, "exact") == 0))
				usleep(1000);
			puts("enabled");
			continue;
		}
		for (long i = 0; i < cpus; i++) {
			bursts[i] = (struct burst) {
				.cpu = (int) i, .is_exact = strcmp(event, "exact") == 0, .count = count
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
