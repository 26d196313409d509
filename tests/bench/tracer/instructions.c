/* Calls the library's callbacks as the VM does, in a process that callgrind can count.
 *
 *   instructions                                        prints the names of the events it can drive
 *   instructions NATIVE_DIR PROVIDER EVENT COUNT        drives one event COUNT times, after one to warm up
 *
 * PROVIDER is provider.c's library: every event switched on, nothing recorded. */
#include "vm.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef ERL_NIF_TERM callback(ErlNifEnv *, int, const ERL_NIF_TERM[]);

static ErlNifEntry *library;

static void *symbol(const char *file, const char *name)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_NODELETE);
	void *found = handle ? dlsym(handle, name) : NULL;
	if (!found) {
		fprintf(stderr, "%s in %s: %s\n", name, file, dlerror());
		exit(1);
	}
	return found;
}

static callback *function(const char *name, unsigned arity)
{
	for (int i = 0; i < library->num_of_funcs; i++) {
		const ErlNifFunc *entry = &library->funcs[i];
		if (!strcmp(entry->name, name) && entry->arity == arity)
			return entry->fptr;
	}
	fprintf(stderr, "the library has no %s/%u\n", name, arity);
	exit(1);
}

static void expect_ok(const char *what, ERL_NIF_TERM answer)
{
	if (answer != vm_atom("ok")) {
		fprintf(stderr, "%s failed\n", what);
		exit(1);
	}
}

static void calibrate(ErlNifEnv *env)
{
	ERL_NIF_TERM pids = vm_nil(), ports = vm_nil();
	pids = vm_cons(vm_tuple(3, vm_pid(0, 0), vm_small(0), vm_small(0)), pids);
	ports = vm_cons(vm_tuple(2, vm_port(0), vm_small(0)), ports);
	for (int bit = 0; bit < VM_BITS; bit++) {
		uint64_t n = 1ull << bit;
		pids = vm_cons(vm_tuple(3, vm_pid(n, 0), vm_small(n), vm_small(0)), pids);
		pids = vm_cons(vm_tuple(3, vm_pid(0, n), vm_small(0), vm_small(n)), pids);
		ports = vm_cons(vm_tuple(2, vm_port(n), vm_small(n)), ports);
	}
	const ERL_NIF_TERM arguments[] = { pids, ports };
	expect_ok("calibrate", function("calibrate", 2)(env, 2, arguments));
}

/* The provider must seem to be of the library's own version: it takes the real one's id. */
static uint64_t real_schema_id(const char *directory)
{
	char path[4096];
	const uint64_t *(*provider)(void);
	snprintf(path, sizeof path, "%s/libbeamtap_provider.so", directory);
	void *found = symbol(path, "beamtap_provider");
	memcpy(&provider, &found, sizeof provider);
	return *provider();
}

static void load(ErlNifEnv *env, const char *directory, const char *provider)
{
	char path[4096];
	ErlNifEntry *(*init)(void);
	void *priv = NULL;
	snprintf(path, sizeof path, "%s/libbeamtap_nif.so", directory);
	void *found = symbol(path, "nif_init");
	memcpy(&init, &found, sizeof init);
	library = init();
	if (library->load(env, &priv, vm_small(0))) {
		fputs("the library does not load\n", stderr);
		exit(1);
	}
	calibrate(env);
	*(uint64_t *) symbol(provider, "schema_id") = real_schema_id(directory);
	const ERL_NIF_TERM arguments[] = { vm_binary(provider) };
	expect_ok("open_provider", function("open_provider", 1)(env, 1, arguments));
}

/* An event as the VM tells it: which questions it asks first, and what it hands over. */
struct event {
	const char *name, *enabled, *trace;
	int asks_status;
	ERL_NIF_TERM term, options;
};

static ERL_NIF_TERM sizes(void)
{
	static const char *const names[] = {
		"bin_old_vheap_block_size", "bin_old_vheap_size", "bin_vheap_block_size", "bin_vheap_size", "heap_size",
		"old_heap_size", "stack_size", "recent_size", "mbuf_size", "heap_block_size", "old_heap_block_size", "wordsize",
	};
	ERL_NIF_TERM list = vm_nil();
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		list = vm_cons(vm_tuple(2, vm_atom(names[i]), vm_small(i)), list);
	return list;
}

static unsigned events(struct event *out)
{
	ERL_NIF_TERM none = vm_map(0), mfa = vm_tuple(3, vm_atom("lists"), vm_atom("seq"), vm_small(2));
	ERL_NIF_TERM to = vm_map(1, vm_atom("extra"), vm_pid(131, 0));
	ERL_NIF_TERM start = vm_map(1, vm_atom("extra"), vm_tuple(3, vm_atom("lists"), vm_atom("seq"), vm_nil()));
	ERL_NIF_TERM tag = vm_cons(vm_atom("alias"), vm_reference(7));
	ERL_NIF_TERM call = vm_tuple(3, vm_atom("$gen_call"), vm_tuple(2, vm_pid(130, 0), tag), vm_atom("get"));
	const struct event all[] = {
		{ "call", "enabled_call", "trace", 1, mfa, none },
		{ "return_from", NULL, "trace", 0, mfa, none },
		{ "return_to", NULL, "trace", 0, mfa, none },
		{ "send", "enabled_send", "trace", 0, call, to },
		{ "receive", "enabled_receive", "trace_receive", 0, call, none },
		{ "spawn", "enabled_procs", "trace_procs", 0, vm_pid(132, 0), start },
		{ "exit", "enabled_procs", "trace_procs", 0, vm_atom("normal"), none },
		{ "link", "enabled_procs", "trace_procs", 0, vm_pid(132, 0), none },
		{ "in", "enabled_running_procs", "trace_running_procs", 1, mfa, none },
		{ "out", "enabled_running_procs", "trace_running_procs", 0, mfa, none },
		{ "gc_minor_start", "enabled_garbage_collection", "trace_garbage_collection", 0, sizes(), none },
		{ "gc_minor_end", "enabled_garbage_collection", "trace_garbage_collection", 0, sizes(), none },
	};
	memcpy(out, all, sizeof all);
	return sizeof all / sizeof *all;
}

static void drive(ErlNifEnv *env, const struct event *event, unsigned long count)
{
	ERL_NIF_TERM tag = vm_atom(event->name), state = vm_small(0), tracee = vm_pid(130, 0);
	const ERL_NIF_TERM status[] = { vm_atom("trace_status"), state, tracee };
	const ERL_NIF_TERM question[] = { tag, state, tracee };
	const ERL_NIF_TERM traced[] = { tag, state, tracee, event->term, event->options };
	ERL_NIF_TERM yes = vm_atom("trace");
	callback *asked = function("enabled", 3), *trace = function(event->trace, 5);
	callback *enabled = event->enabled ? function(event->enabled, 3) : NULL;
	for (unsigned long i = 0; i < count; i++) {
		if ((event->asks_status && asked(env, 3, status) != yes) || (enabled && enabled(env, 3, question) != yes)) {
			fprintf(stderr, "%s is not enabled\n", event->name);
			exit(1);
		}
		trace(env, 5, traced);
	}
}

int main(int argc, char **argv)
{
	struct event all[32];
	unsigned known = events(all);
	if (argc != 5) {
		for (unsigned i = 0; i < known; i++)
			puts(all[i].name);
		return 0;
	}
	ErlNifEnv *env = (ErlNifEnv *) &known;
	unsigned long count = strtoul(argv[4], NULL, 10);
	load(env, argv[1], argv[2]);
	const uint64_t *recorded = symbol(argv[2], "recorded");
	for (unsigned i = 0; i < known; i++) {
		if (strcmp(all[i].name, argv[3]))
			continue;
		drive(env, &all[i], 1);
		uint64_t before = *recorded;
		drive(env, &all[i], count);
		if (*recorded - before == count)
			return 0;
		fprintf(stderr, "%lu of %lu were recorded\n", (unsigned long) (*recorded - before), count);
	}
	return 1;
}
