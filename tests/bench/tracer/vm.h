/* A stand-in for the VM, just enough of it to load the NIF library and call its callbacks. Terms are packed as the VM
 * packs them: the library reads atoms, small integers, pids, ports, tuples and lists in place. */
#include <erl_nif.h>
#include <stdint.h>

ERL_NIF_TERM vm_atom(const char *name);
ERL_NIF_TERM vm_small(uint64_t value);
ERL_NIF_TERM vm_pid(uint64_t number, uint64_t serial);
ERL_NIF_TERM vm_port(uint64_t number);
ERL_NIF_TERM vm_reference(uint64_t number);
ERL_NIF_TERM vm_tuple(unsigned arity, ...);
ERL_NIF_TERM vm_cons(ERL_NIF_TERM head, ERL_NIF_TERM tail);
ERL_NIF_TERM vm_nil(void);
ERL_NIF_TERM vm_map(unsigned pairs, ...);
ERL_NIF_TERM vm_binary(const char *bytes);

#define VM_BITS 28
