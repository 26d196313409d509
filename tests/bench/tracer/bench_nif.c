/* What the tracer bench compares with: a tracer that does nothing, and the bare tracepoint in a loop, both in the
 * same VM and the same LTTng session as the tracer measured. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <erl_nif.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static ERL_NIF_TERM atom_trace, atom_ok, atom_error;

static ERL_NIF_TERM enabled(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
	(void) env; (void) argc; (void) argv;
	return atom_trace;
}

static ERL_NIF_TERM trace(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
	(void) env; (void) argc; (void) argv;
	return atom_ok;
}

/* The thread's own time: on a shared machine others' work is not in it. */
static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t) t.tv_sec * 1000000000u + (uint64_t) t.tv_nsec;
}

/* The head of the provider's table (native/schema/src/provider.rs): an id, then a switch and a function per event. */
struct table {
	uint64_t schema_id;
	const void *slots[];
};

/* tracepoint(ProviderPath, Symbol, EventCount, Kind, Text, N) -> nanoseconds for N events of the catalogue's Kind-th
 * event, or error, also where that is not recorded. Every word of the event's structure points to Text: what is no text
 * takes it for a number. */
static ERL_NIF_TERM tracepoint(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
	char path[4096], name[64], text[64];
	unsigned events, kind, count;
	(void) argc;
	if (enif_get_string(env, argv[0], path, sizeof path, ERL_NIF_LATIN1) <= 0
	    || enif_get_string(env, argv[1], name, sizeof name, ERL_NIF_LATIN1) <= 0
	    || !enif_get_uint(env, argv[2], &events) || !enif_get_uint(env, argv[3], &kind) || kind >= events
	    || enif_get_string(env, argv[4], text, sizeof text, ERL_NIF_LATIN1) <= 0
	    || !enif_get_uint(env, argv[5], &count))
		return enif_make_badarg(env);
	void *library = dlopen(path, RTLD_NOW | RTLD_NODELETE);
	const struct table *(*find)(void);
	void *symbol = library ? dlsym(library, name) : NULL;
	if (!symbol)
		return atom_error;
	memcpy(&find, &symbol, sizeof find);
	const struct table *table = find();
	const volatile int *enabled = table->slots[kind];
	void (*emit)(const void *);
	memcpy(&emit, &table->slots[events + kind], sizeof emit);
	if (!*enabled)
		return atom_error;
	const char *structure[32];
	for (unsigned i = 0; i < 32; i++)
		structure[i] = text;
	uint64_t start = now_ns();
	for (unsigned i = 0; i < count; i++) {
		if (*enabled)
			emit(structure);
	}
	return enif_make_uint64(env, now_ns() - start);
}

/* thread_ns() -> CPU time of the calling scheduler: a difference means something to a process bound to it. */
static ERL_NIF_TERM thread_ns(ErlNifEnv *env, int argc, const ERL_NIF_TERM argv[])
{
	(void) argc; (void) argv;
	return enif_make_uint64(env, now_ns());
}

static int load(ErlNifEnv *env, void **priv, ERL_NIF_TERM info)
{
	(void) priv; (void) info;
	atom_trace = enif_make_atom(env, "trace");
	atom_ok = enif_make_atom(env, "ok");
	atom_error = enif_make_atom(env, "error");
	return 0;
}

static ErlNifFunc functions[] = {
	{ "enabled", 3, enabled, 0 },
	{ "enabled_call", 3, enabled, 0 },
	{ "enabled_send", 3, enabled, 0 },
	{ "enabled_receive", 3, enabled, 0 },
	{ "enabled_procs", 3, enabled, 0 },
	{ "enabled_running_procs", 3, enabled, 0 },
	{ "enabled_garbage_collection", 3, enabled, 0 },
	{ "trace", 5, trace, 0 },
	{ "trace_receive", 5, trace, 0 },
	{ "trace_procs", 5, trace, 0 },
	{ "trace_running_procs", 5, trace, 0 },
	{ "trace_garbage_collection", 5, trace, 0 },
	{ "thread_ns", 0, thread_ns, 0 },
	{ "tracepoint", 6, tracepoint, ERL_NIF_DIRTY_JOB_CPU_BOUND },
};

ERL_NIF_INIT(bench_nif, functions, load, NULL, NULL, NULL)
