/* See vm.h. What is made is never freed: the process is short. */
#include "vm.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_LIST = 1, TAG_BOXED = 2, TAG_MASK = 3, ATOM_TAG = 0x0B, NIL = 0x3B };
/* Headers of boxed terms; a tuple's has the arity above six zero bits. */
enum { HEADER_REFERENCE = 0x10, HEADER_BINARY = 0x24, HEADER_MAP = 0x3C };

#define ATOMS_MAX 4096
static char *atoms[ATOMS_MAX];

/* Terms stand side by side, as on a process's heap. */
static uint64_t heap[1 << 16];
static size_t heap_used;

static uint64_t *room(size_t words)
{
	uint64_t *at = heap + heap_used;
	heap_used += words;
	if (heap_used > sizeof heap / sizeof *heap)
		abort();
	return at;
}

static ERL_NIF_TERM boxed(uint64_t *at) { return (ERL_NIF_TERM) at | TAG_BOXED; }

static uint64_t *unboxed(ERL_NIF_TERM term, uint64_t header, uint64_t mask)
{
	uint64_t *at = (uint64_t *) (term & ~(uint64_t) 7);
	return (term & TAG_MASK) == TAG_BOXED && (at[0] & mask) == header ? at : NULL;
}

static ERL_NIF_TERM atom(const char *name, size_t length)
{
	for (unsigned i = 1; i < ATOMS_MAX; i++) {
		if (!atoms[i])
			atoms[i] = strndup(name, length);
		if (strlen(atoms[i]) == length && !memcmp(atoms[i], name, length))
			return (ERL_NIF_TERM) i << 6 | ATOM_TAG;
	}
	abort();
}

ERL_NIF_TERM vm_atom(const char *name) { return atom(name, strlen(name)); }
ERL_NIF_TERM vm_small(uint64_t value) { return value << 4 | 0xF; }
ERL_NIF_TERM vm_pid(uint64_t number, uint64_t serial) { return serial << 32 | number << 4 | 3; }
ERL_NIF_TERM vm_port(uint64_t number) { return number << 4 | 7; }
ERL_NIF_TERM vm_nil(void) { return NIL; }

ERL_NIF_TERM vm_reference(uint64_t number)
{
	uint64_t *at = room(2);
	at[0] = HEADER_REFERENCE;
	at[1] = number;
	return boxed(at);
}

ERL_NIF_TERM enif_make_tuple_from_array(ErlNifEnv *env, const ERL_NIF_TERM elements[], unsigned arity)
{
	(void) env;
	uint64_t *at = room(1 + arity);
	at[0] = (uint64_t) arity << 6;
	memcpy(at + 1, elements, arity * sizeof *at);
	return boxed(at);
}

ERL_NIF_TERM vm_tuple(unsigned arity, ...)
{
	ERL_NIF_TERM elements[16];
	va_list list;
	va_start(list, arity);
	for (unsigned i = 0; i < arity; i++)
		elements[i] = va_arg(list, ERL_NIF_TERM);
	va_end(list);
	return enif_make_tuple_from_array(NULL, elements, arity);
}

ERL_NIF_TERM vm_cons(ERL_NIF_TERM head, ERL_NIF_TERM tail)
{
	uint64_t *at = room(2);
	at[0] = head;
	at[1] = tail;
	return (ERL_NIF_TERM) at | TAG_LIST;
}

ERL_NIF_TERM enif_make_list_cell(ErlNifEnv *env, ERL_NIF_TERM head, ERL_NIF_TERM tail)
{
	(void) env;
	return vm_cons(head, tail);
}

ERL_NIF_TERM vm_map(unsigned pairs, ...)
{
	uint64_t *at = room(2 + 2 * pairs);
	va_list list;
	va_start(list, pairs);
	at[0] = HEADER_MAP;
	at[1] = pairs;
	for (unsigned i = 0; i < 2 * pairs; i++)
		at[2 + i] = va_arg(list, ERL_NIF_TERM);
	va_end(list);
	return boxed(at);
}

ERL_NIF_TERM vm_binary(const char *bytes)
{
	size_t size = strlen(bytes);
	uint64_t *at = room(2 + size / 8 + 1);
	at[0] = HEADER_BINARY;
	at[1] = size;
	memcpy(at + 2, bytes, size);
	return boxed(at);
}

ERL_NIF_TERM enif_make_atom_len(ErlNifEnv *env, const char *name, size_t length)
{
	(void) env;
	return atom(name, length);
}

/* Nothing comes of it: the library then asks the VM about strings of bits. */
size_t enif_binary_to_term(ErlNifEnv *env, const unsigned char *bytes, size_t size, ERL_NIF_TERM *term,
	ErlNifBinaryToTerm options)
{
	(void) env; (void) bytes; (void) size; (void) options;
	*term = NIL;
	return 0;
}

ERL_NIF_TERM enif_make_uint(ErlNifEnv *env, unsigned value)
{
	(void) env;
	return vm_small(value);
}

int enif_is_atom(ErlNifEnv *env, ERL_NIF_TERM term)
{
	(void) env;
	return (term & 0x3F) == ATOM_TAG;
}

int enif_get_atom(ErlNifEnv *env, ERL_NIF_TERM term, char *name, unsigned size, ErlNifCharEncoding encoding)
{
	(void) encoding;
	if (!enif_is_atom(env, term) || strlen(atoms[term >> 6]) >= size)
		return 0;
	strcpy(name, atoms[term >> 6]);
	return (int) strlen(name) + 1;
}

int enif_is_list(ErlNifEnv *env, ERL_NIF_TERM term)
{
	(void) env;
	return term == NIL || (term & TAG_MASK) == TAG_LIST;
}

int enif_is_empty_list(ErlNifEnv *env, ERL_NIF_TERM term)
{
	(void) env;
	return term == NIL;
}

int enif_get_list_cell(ErlNifEnv *env, ERL_NIF_TERM term, ERL_NIF_TERM *head, ERL_NIF_TERM *tail)
{
	(void) env;
	if ((term & TAG_MASK) != TAG_LIST)
		return 0;
	uint64_t *at = (uint64_t *) (term & ~(uint64_t) 7);
	*head = at[0];
	*tail = at[1];
	return 1;
}

int enif_get_list_length(ErlNifEnv *env, ERL_NIF_TERM term, unsigned *length)
{
	ERL_NIF_TERM head;
	for (*length = 0; enif_get_list_cell(env, term, &head, &term); ++*length)
		;
	return term == NIL;
}

int enif_get_tuple(ErlNifEnv *env, ERL_NIF_TERM term, int *arity, const ERL_NIF_TERM **elements)
{
	(void) env;
	uint64_t *at = unboxed(term, 0, 0x3F);
	if (!at)
		return 0;
	*arity = (int) (at[0] >> 6);
	*elements = at + 1;
	return 1;
}

int enif_get_ulong(ErlNifEnv *env, ERL_NIF_TERM term, unsigned long *value)
{
	(void) env;
	*value = term >> 4;
	return (term & 0xF) == 0xF;
}

int enif_get_map_value(ErlNifEnv *env, ERL_NIF_TERM map, ERL_NIF_TERM key, ERL_NIF_TERM *value)
{
	(void) env;
	uint64_t *at = unboxed(map, HEADER_MAP, ~(uint64_t) 0);
	for (uint64_t i = 0; at && i < at[1]; i++) {
		if (at[2 + 2 * i] == key) {
			*value = at[3 + 2 * i];
			return 1;
		}
	}
	return 0;
}

int enif_is_ref(ErlNifEnv *env, ERL_NIF_TERM term)
{
	(void) env;
	return unboxed(term, HEADER_REFERENCE, ~(uint64_t) 0) != NULL;
}

ErlNifUInt64 enif_hash(ErlNifHash type, ERL_NIF_TERM term, ErlNifUInt64 salt)
{
	(void) type;
	return (unboxed(term, HEADER_REFERENCE, ~(uint64_t) 0)[1] ^ salt) & 0xFFFFFFFF;
}

int enif_inspect_binary(ErlNifEnv *env, ERL_NIF_TERM term, ErlNifBinary *binary)
{
	(void) env;
	uint64_t *at = unboxed(term, HEADER_BINARY, ~(uint64_t) 0);
	if (!at)
		return 0;
	binary->size = at[1];
	binary->data = (unsigned char *) (at + 2);
	return 1;
}

ErlNifResourceType *enif_init_resource_type(ErlNifEnv *env, const char *name, const ErlNifResourceTypeInit *init,
	ErlNifResourceFlags flags, ErlNifResourceFlags *tried)
{
	(void) env; (void) name; (void) init; (void) flags;
	if (tried)
		*tried = ERL_NIF_RT_CREATE;
	return (ErlNifResourceType *) room(1);
}

/* Errors come back as binaries: they are shown, so that nobody has to guess. */
int enif_alloc_binary(size_t size, ErlNifBinary *binary)
{
	memset(binary, 0, sizeof *binary);
	binary->size = size;
	binary->data = calloc(1, size + 1);
	return binary->data != NULL;
}

ERL_NIF_TERM enif_make_binary(ErlNifEnv *env, ErlNifBinary *binary)
{
	(void) env;
	fprintf(stderr, "the library says: %.*s\n", (int) binary->size, (const char *) binary->data);
	return NIL;
}

ErlNifEnv *enif_alloc_env(void) { return (ErlNifEnv *) room(1); }

void enif_free_env(ErlNifEnv *env) { (void) env; }

ERL_NIF_TERM enif_make_ulong(ErlNifEnv *env, unsigned long value)
{
	(void) env;
	return vm_small(value);
}

int enif_is_exception(ErlNifEnv *env, ERL_NIF_TERM term)
{
	(void) env; (void) term;
	return 0;
}

ERL_NIF_TERM enif_make_copy(ErlNifEnv *env, ERL_NIF_TERM term)
{
	(void) env;
	return term;
}

void enif_clear_env(ErlNifEnv *env) { (void) env; }
