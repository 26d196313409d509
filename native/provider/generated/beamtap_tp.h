/* Rendered from native/schema/src/catalogue.rs by `cargo test -p beamtap-schema`. Do not edit. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER beamtap

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./beamtap_tp.h"

#ifndef BEAMTAP_TP_STRUCTS
#define BEAMTAP_TP_STRUCTS
#include <stdint.h>

struct beamtap_call {
	uint64_t pid;
	uint32_t function;
};

struct beamtap_return_from {
	uint64_t pid;
	uint32_t function;
};

struct beamtap_exception_from {
	uint64_t pid;
	uint32_t function;
	uint8_t class;
};

struct beamtap_return_to {
	uint64_t pid;
	uint32_t function;
};

struct beamtap_send {
	uint64_t from;
	uint8_t from_kind;
	uint64_t to;
	uint8_t to_kind;
	uint8_t message;
	uint64_t tag;
};

struct beamtap_send_to_non_existing_process {
	uint64_t from;
	uint8_t from_kind;
	uint64_t to;
	uint8_t to_kind;
	uint8_t message;
	uint64_t tag;
};

struct beamtap_receive {
	uint64_t to;
	uint8_t to_kind;
	uint8_t message;
	uint64_t tag;
};

struct beamtap_receive_timeout {
	uint64_t pid;
};

struct beamtap_port_receive {
	uint64_t port;
	uint64_t from;
	uint8_t from_kind;
	uint8_t op;
	uint64_t command;
	uint64_t bytes;
};

struct beamtap_spawn {
	uint64_t pid;
	uint64_t parent;
	uint32_t function;
};

struct beamtap_spawned {
	uint64_t pid;
	uint64_t parent;
	uint32_t function;
};

struct beamtap_exit {
	uint64_t pid;
	const char * reason;
};

struct beamtap_register {
	uint64_t pid;
	uint32_t name;
};

struct beamtap_unregister {
	uint64_t pid;
	uint32_t name;
};

struct beamtap_link {
	uint64_t pid;
	uint64_t peer;
	uint8_t peer_kind;
};

struct beamtap_unlink {
	uint64_t pid;
	uint64_t peer;
	uint8_t peer_kind;
};

struct beamtap_getting_linked {
	uint64_t pid;
	uint64_t peer;
	uint8_t peer_kind;
};

struct beamtap_getting_unlinked {
	uint64_t pid;
	uint64_t peer;
	uint8_t peer_kind;
};

struct beamtap_in {
	uint64_t pid;
	uint32_t function;
	uint32_t thread;
};

struct beamtap_out {
	uint64_t pid;
	uint32_t function;
	uint32_t thread;
};

struct beamtap_in_exiting {
	uint64_t pid;
	uint32_t function;
	uint32_t thread;
};

struct beamtap_out_exiting {
	uint64_t pid;
	uint32_t function;
	uint32_t thread;
};

struct beamtap_out_exited {
	uint64_t pid;
	uint32_t function;
	uint32_t thread;
};

struct beamtap_gc_minor_start {
	uint64_t pid;
	uint32_t thread;
	uint64_t need_words;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t recent_words;
	uint64_t mbuf_words;
	uint64_t bin_vheap_words;
	uint64_t bin_vheap_block_words;
	uint64_t bin_old_vheap_words;
	uint64_t bin_old_vheap_block_words;
};

struct beamtap_gc_minor_end {
	uint64_t pid;
	uint32_t thread;
	uint64_t reclaimed_words;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t recent_words;
	uint64_t mbuf_words;
	uint64_t bin_vheap_words;
	uint64_t bin_vheap_block_words;
	uint64_t bin_old_vheap_words;
	uint64_t bin_old_vheap_block_words;
};

struct beamtap_gc_major_start {
	uint64_t pid;
	uint32_t thread;
	uint64_t need_words;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t recent_words;
	uint64_t mbuf_words;
	uint64_t bin_vheap_words;
	uint64_t bin_vheap_block_words;
	uint64_t bin_old_vheap_words;
	uint64_t bin_old_vheap_block_words;
};

struct beamtap_gc_major_end {
	uint64_t pid;
	uint32_t thread;
	uint64_t reclaimed_words;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t recent_words;
	uint64_t mbuf_words;
	uint64_t bin_vheap_words;
	uint64_t bin_vheap_block_words;
	uint64_t bin_old_vheap_words;
	uint64_t bin_old_vheap_block_words;
};

struct beamtap_gc_max_heap_size {
	uint64_t pid;
	uint32_t thread;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t mbuf_words;
};

struct beamtap_open {
	uint64_t port;
	uint64_t opener;
	uint32_t driver;
};

struct beamtap_closed {
	uint64_t port;
	const char * reason;
};

struct beamtap_port_register {
	uint64_t port;
	uint32_t name;
};

struct beamtap_port_unregister {
	uint64_t port;
	uint32_t name;
};

struct beamtap_port_getting_linked {
	uint64_t port;
	uint64_t peer;
	uint8_t peer_kind;
};

struct beamtap_port_getting_unlinked {
	uint64_t port;
	uint64_t peer;
	uint8_t peer_kind;
};

struct beamtap_port_in {
	uint64_t port;
	uint32_t operation;
	uint32_t thread;
};

struct beamtap_port_out {
	uint64_t port;
	uint32_t operation;
	uint32_t thread;
};

struct beamtap_seq_send {
	uint64_t label;
	uint64_t previous;
	uint64_t serial;
	uint64_t from;
	uint8_t from_kind;
	uint64_t to;
	uint8_t to_kind;
	uint8_t message;
	uint64_t tag;
};

struct beamtap_seq_receive {
	uint64_t label;
	uint64_t previous;
	uint64_t serial;
	uint64_t from;
	uint8_t from_kind;
	uint64_t to;
	uint8_t to_kind;
	uint8_t message;
	uint64_t tag;
};

struct beamtap_seq_print {
	uint64_t label;
	uint64_t previous;
	uint64_t serial;
	uint64_t from;
	uint8_t from_kind;
};

struct beamtap_long_gc {
	uint64_t pid;
	uint64_t duration_ns;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t mbuf_words;
};

struct beamtap_large_heap {
	uint64_t pid;
	uint64_t heap_words;
	uint64_t heap_block_words;
	uint64_t old_heap_words;
	uint64_t old_heap_block_words;
	uint64_t stack_words;
	uint64_t mbuf_words;
};

struct beamtap_long_schedule {
	uint64_t pid;
	uint64_t duration_ns;
	uint32_t in_function;
	uint32_t out_function;
};

struct beamtap_port_long_schedule {
	uint64_t port;
	uint64_t duration_ns;
	uint32_t operation;
};

struct beamtap_busy_port {
	uint64_t pid;
	uint64_t port;
};

struct beamtap_busy_dist_port {
	uint64_t pid;
	uint64_t connection;
	uint8_t connection_kind;
};

struct beamtap_long_message_queue {
	uint64_t pid;
	uint8_t is_long;
};

struct beamtap_scheduler_load {
	uint8_t kind;
	uint32_t scheduler;
	uint64_t busy_ns;
	uint64_t length_ns;
};

struct beamtap_scheduler_states {
	uint8_t kind;
	uint32_t scheduler;
	uint64_t emulator_ns;
	uint64_t port_ns;
	uint64_t gc_ns;
	uint64_t check_io_ns;
	uint64_t aux_ns;
	uint64_t other_ns;
	uint64_t sleep_ns;
};

struct beamtap_run_queue {
	uint8_t kind;
	uint32_t scheduler;
	uint64_t waiting;
};

struct beamtap_allocator {
	uint32_t allocator;
	uint32_t instance;
	uint64_t mbc_carriers;
	uint64_t mbc_carriers_bytes;
	uint64_t mbc_blocks;
	uint64_t mbc_blocks_bytes;
	uint64_t pool_carriers;
	uint64_t pool_carriers_bytes;
	uint64_t sbc_carriers;
	uint64_t sbc_carriers_bytes;
	uint64_t sbc_blocks_bytes;
	uint64_t created;
	uint64_t destroyed;
	uint64_t fetched;
};

struct beamtap_payload_text {
	uint64_t owner;
	uint8_t owner_kind;
	uint8_t part;
	uint8_t is_truncated;
	const char * text;
};

struct beamtap_payload_size {
	uint64_t owner;
	uint8_t owner_kind;
	uint8_t part;
	uint8_t is_lower_bound;
	uint64_t bytes;
};

struct beamtap_mark {
	uint64_t pid;
	uint8_t is_truncated;
	const char * text;
};

struct beamtap_span_begin {
	uint64_t pid;
	uint64_t span;
	uint8_t is_truncated;
	const char * name;
};

struct beamtap_span_end {
	uint64_t pid;
	uint64_t span;
	uint8_t outcome;
};

struct beamtap_def_function {
	uint32_t function;
	const char * module;
	const char * name;
	uint8_t arity;
};

struct beamtap_def_ends {
	uint32_t function;
	uint8_t recorded;
};

struct beamtap_def_atom {
	uint32_t atom;
	const char * text;
};

struct beamtap_def_process {
	uint64_t pid;
	uint64_t parent;
	uint32_t name;
	uint32_t function;
};

struct beamtap_def_process_label {
	uint64_t pid;
	const char * label;
};

struct beamtap_def_module {
	const char * module;
	const char * md5;
};

struct beamtap_def_clock {
	uint64_t monotonic_offset_ns;
	uint64_t system_offset_ns;
};

struct beamtap_def_thread {
	uint32_t thread;
	uint8_t kind;
	uint32_t scheduler;
	const char * name;
};

struct beamtap_def_vm {
	uint32_t os_pid;
	const char * node;
	const char * otp_release;
	const char * erts;
	uint32_t schedulers;
	uint32_t word_bytes;
	const char * beamtap;
};

struct beamtap_caveat {
	const char * session;
	const char * text;
};

struct beamtap_canary {
	uint64_t nonce_high;
	uint64_t nonce_low;
};

struct beamtap_gap {
	const char * session;
	uint64_t length_ns;
	uint64_t emitted;
	uint64_t since_begin;
	const char * reason;
};

struct beamtap_pause {
	const char * session;
};

struct beamtap_resume {
	const char * session;
	uint64_t length_ns;
};

struct beamtap_ended {
	const char * session;
	const char * ended_by;
	uint64_t length_ns;
};

struct beamtap_counters {
	uint8_t phase;
	const char * event;
	uint64_t emitted;
	uint64_t suppressed;
	uint64_t unreadable;
	uint64_t truncated;
};
#endif

#if !defined(BEAMTAP_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define BEAMTAP_TP_H
#include <lttng/tracepoint.h>

/* LTTng calls a function of its library for each field that it writes, and writes texts byte by byte. Where records are
 * packed, numbers that stand beside one another are written by one call, and a text, whose length is known by then, as
 * a whole. */
#undef BEAMTAP_NUMBERS
#undef BEAMTAP_NUMBERS_END
#if defined(lttng_ust__get_dynamic_len) && !defined(LTTNG_UST_RING_BUFFER_NATURAL_ALIGN)
#define BEAMTAP_NUMBERS { char numbers[sizeof(*e)], *end = numbers;
#define BEAMTAP_NUMBERS_END __chan->ops->event_write(&__ctx, numbers, end - numbers, 1); }
#undef lttng_ust_field_integer
#define lttng_ust_field_integer(type, item, source) { const type number = source; memcpy(end, &number, sizeof(number)); end += sizeof(number); }
#undef lttng_ust_field_string
#define lttng_ust_field_string(item, source) __chan->ops->event_write(&__ctx, source, lttng_ust__get_dynamic_len(item), 1);
#else
#define BEAMTAP_NUMBERS
#define BEAMTAP_NUMBERS_END
#endif

LTTNG_UST_TRACEPOINT_EVENT(beamtap, call,
	LTTNG_UST_TP_ARGS(const struct beamtap_call *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, return_from,
	LTTNG_UST_TP_ARGS(const struct beamtap_return_from *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, exception_from,
	LTTNG_UST_TP_ARGS(const struct beamtap_exception_from *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint8_t, class, e->class)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, return_to,
	LTTNG_UST_TP_ARGS(const struct beamtap_return_to *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, send,
	LTTNG_UST_TP_ARGS(const struct beamtap_send *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, from, e->from)
		lttng_ust_field_integer(uint8_t, from_kind, e->from_kind)
		lttng_ust_field_integer(uint64_t, to, e->to)
		lttng_ust_field_integer(uint8_t, to_kind, e->to_kind)
		lttng_ust_field_integer(uint8_t, message, e->message)
		lttng_ust_field_integer(uint64_t, tag, e->tag)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, send_to_non_existing_process,
	LTTNG_UST_TP_ARGS(const struct beamtap_send_to_non_existing_process *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, from, e->from)
		lttng_ust_field_integer(uint8_t, from_kind, e->from_kind)
		lttng_ust_field_integer(uint64_t, to, e->to)
		lttng_ust_field_integer(uint8_t, to_kind, e->to_kind)
		lttng_ust_field_integer(uint8_t, message, e->message)
		lttng_ust_field_integer(uint64_t, tag, e->tag)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, receive,
	LTTNG_UST_TP_ARGS(const struct beamtap_receive *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, to, e->to)
		lttng_ust_field_integer(uint8_t, to_kind, e->to_kind)
		lttng_ust_field_integer(uint8_t, message, e->message)
		lttng_ust_field_integer(uint64_t, tag, e->tag)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, receive_timeout,
	LTTNG_UST_TP_ARGS(const struct beamtap_receive_timeout *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_receive,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_receive *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint64_t, from, e->from)
		lttng_ust_field_integer(uint8_t, from_kind, e->from_kind)
		lttng_ust_field_integer(uint8_t, op, e->op)
		lttng_ust_field_integer(uint64_t, command, e->command)
		lttng_ust_field_integer(uint64_t, bytes, e->bytes)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, spawn,
	LTTNG_UST_TP_ARGS(const struct beamtap_spawn *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, parent, e->parent)
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, spawned,
	LTTNG_UST_TP_ARGS(const struct beamtap_spawned *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, parent, e->parent)
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, exit,
	LTTNG_UST_TP_ARGS(const struct beamtap_exit *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(reason, e->reason)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, register,
	LTTNG_UST_TP_ARGS(const struct beamtap_register *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, name, e->name)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, unregister,
	LTTNG_UST_TP_ARGS(const struct beamtap_unregister *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, name, e->name)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, link,
	LTTNG_UST_TP_ARGS(const struct beamtap_link *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, peer, e->peer)
		lttng_ust_field_integer(uint8_t, peer_kind, e->peer_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, unlink,
	LTTNG_UST_TP_ARGS(const struct beamtap_unlink *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, peer, e->peer)
		lttng_ust_field_integer(uint8_t, peer_kind, e->peer_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, getting_linked,
	LTTNG_UST_TP_ARGS(const struct beamtap_getting_linked *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, peer, e->peer)
		lttng_ust_field_integer(uint8_t, peer_kind, e->peer_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, getting_unlinked,
	LTTNG_UST_TP_ARGS(const struct beamtap_getting_unlinked *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, peer, e->peer)
		lttng_ust_field_integer(uint8_t, peer_kind, e->peer_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, in,
	LTTNG_UST_TP_ARGS(const struct beamtap_in *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, out,
	LTTNG_UST_TP_ARGS(const struct beamtap_out *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, in_exiting,
	LTTNG_UST_TP_ARGS(const struct beamtap_in_exiting *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, out_exiting,
	LTTNG_UST_TP_ARGS(const struct beamtap_out_exiting *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, out_exited,
	LTTNG_UST_TP_ARGS(const struct beamtap_out_exited *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, gc_minor_start,
	LTTNG_UST_TP_ARGS(const struct beamtap_gc_minor_start *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		lttng_ust_field_integer(uint64_t, need_words, e->need_words)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, recent_words, e->recent_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_words, e->bin_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_block_words, e->bin_vheap_block_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_words, e->bin_old_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_block_words, e->bin_old_vheap_block_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, gc_minor_end,
	LTTNG_UST_TP_ARGS(const struct beamtap_gc_minor_end *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		lttng_ust_field_integer(uint64_t, reclaimed_words, e->reclaimed_words)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, recent_words, e->recent_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_words, e->bin_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_block_words, e->bin_vheap_block_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_words, e->bin_old_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_block_words, e->bin_old_vheap_block_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, gc_major_start,
	LTTNG_UST_TP_ARGS(const struct beamtap_gc_major_start *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		lttng_ust_field_integer(uint64_t, need_words, e->need_words)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, recent_words, e->recent_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_words, e->bin_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_block_words, e->bin_vheap_block_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_words, e->bin_old_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_block_words, e->bin_old_vheap_block_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, gc_major_end,
	LTTNG_UST_TP_ARGS(const struct beamtap_gc_major_end *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		lttng_ust_field_integer(uint64_t, reclaimed_words, e->reclaimed_words)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, recent_words, e->recent_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_words, e->bin_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_vheap_block_words, e->bin_vheap_block_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_words, e->bin_old_vheap_words)
		lttng_ust_field_integer(uint64_t, bin_old_vheap_block_words, e->bin_old_vheap_block_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, gc_max_heap_size,
	LTTNG_UST_TP_ARGS(const struct beamtap_gc_max_heap_size *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, open,
	LTTNG_UST_TP_ARGS(const struct beamtap_open *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint64_t, opener, e->opener)
		lttng_ust_field_integer(uint32_t, driver, e->driver)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, closed,
	LTTNG_UST_TP_ARGS(const struct beamtap_closed *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(reason, e->reason)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_register,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_register *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint32_t, name, e->name)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_unregister,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_unregister *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint32_t, name, e->name)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_getting_linked,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_getting_linked *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint64_t, peer, e->peer)
		lttng_ust_field_integer(uint8_t, peer_kind, e->peer_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_getting_unlinked,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_getting_unlinked *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint64_t, peer, e->peer)
		lttng_ust_field_integer(uint8_t, peer_kind, e->peer_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_in,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_in *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint32_t, operation, e->operation)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_out,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_out *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint32_t, operation, e->operation)
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, seq_send,
	LTTNG_UST_TP_ARGS(const struct beamtap_seq_send *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, label, e->label)
		lttng_ust_field_integer(uint64_t, previous, e->previous)
		lttng_ust_field_integer(uint64_t, serial, e->serial)
		lttng_ust_field_integer(uint64_t, from, e->from)
		lttng_ust_field_integer(uint8_t, from_kind, e->from_kind)
		lttng_ust_field_integer(uint64_t, to, e->to)
		lttng_ust_field_integer(uint8_t, to_kind, e->to_kind)
		lttng_ust_field_integer(uint8_t, message, e->message)
		lttng_ust_field_integer(uint64_t, tag, e->tag)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, seq_receive,
	LTTNG_UST_TP_ARGS(const struct beamtap_seq_receive *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, label, e->label)
		lttng_ust_field_integer(uint64_t, previous, e->previous)
		lttng_ust_field_integer(uint64_t, serial, e->serial)
		lttng_ust_field_integer(uint64_t, from, e->from)
		lttng_ust_field_integer(uint8_t, from_kind, e->from_kind)
		lttng_ust_field_integer(uint64_t, to, e->to)
		lttng_ust_field_integer(uint8_t, to_kind, e->to_kind)
		lttng_ust_field_integer(uint8_t, message, e->message)
		lttng_ust_field_integer(uint64_t, tag, e->tag)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, seq_print,
	LTTNG_UST_TP_ARGS(const struct beamtap_seq_print *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, label, e->label)
		lttng_ust_field_integer(uint64_t, previous, e->previous)
		lttng_ust_field_integer(uint64_t, serial, e->serial)
		lttng_ust_field_integer(uint64_t, from, e->from)
		lttng_ust_field_integer(uint8_t, from_kind, e->from_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, long_gc,
	LTTNG_UST_TP_ARGS(const struct beamtap_long_gc *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, duration_ns, e->duration_ns)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, large_heap,
	LTTNG_UST_TP_ARGS(const struct beamtap_large_heap *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, heap_words, e->heap_words)
		lttng_ust_field_integer(uint64_t, heap_block_words, e->heap_block_words)
		lttng_ust_field_integer(uint64_t, old_heap_words, e->old_heap_words)
		lttng_ust_field_integer(uint64_t, old_heap_block_words, e->old_heap_block_words)
		lttng_ust_field_integer(uint64_t, stack_words, e->stack_words)
		lttng_ust_field_integer(uint64_t, mbuf_words, e->mbuf_words)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, long_schedule,
	LTTNG_UST_TP_ARGS(const struct beamtap_long_schedule *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, duration_ns, e->duration_ns)
		lttng_ust_field_integer(uint32_t, in_function, e->in_function)
		lttng_ust_field_integer(uint32_t, out_function, e->out_function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, port_long_schedule,
	LTTNG_UST_TP_ARGS(const struct beamtap_port_long_schedule *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, port, e->port)
		lttng_ust_field_integer(uint64_t, duration_ns, e->duration_ns)
		lttng_ust_field_integer(uint32_t, operation, e->operation)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, busy_port,
	LTTNG_UST_TP_ARGS(const struct beamtap_busy_port *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, port, e->port)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, busy_dist_port,
	LTTNG_UST_TP_ARGS(const struct beamtap_busy_dist_port *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, connection, e->connection)
		lttng_ust_field_integer(uint8_t, connection_kind, e->connection_kind)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, long_message_queue,
	LTTNG_UST_TP_ARGS(const struct beamtap_long_message_queue *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint8_t, is_long, e->is_long)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, scheduler_load,
	LTTNG_UST_TP_ARGS(const struct beamtap_scheduler_load *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint8_t, kind, e->kind)
		lttng_ust_field_integer(uint32_t, scheduler, e->scheduler)
		lttng_ust_field_integer(uint64_t, busy_ns, e->busy_ns)
		lttng_ust_field_integer(uint64_t, length_ns, e->length_ns)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, scheduler_states,
	LTTNG_UST_TP_ARGS(const struct beamtap_scheduler_states *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint8_t, kind, e->kind)
		lttng_ust_field_integer(uint32_t, scheduler, e->scheduler)
		lttng_ust_field_integer(uint64_t, emulator_ns, e->emulator_ns)
		lttng_ust_field_integer(uint64_t, port_ns, e->port_ns)
		lttng_ust_field_integer(uint64_t, gc_ns, e->gc_ns)
		lttng_ust_field_integer(uint64_t, check_io_ns, e->check_io_ns)
		lttng_ust_field_integer(uint64_t, aux_ns, e->aux_ns)
		lttng_ust_field_integer(uint64_t, other_ns, e->other_ns)
		lttng_ust_field_integer(uint64_t, sleep_ns, e->sleep_ns)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, run_queue,
	LTTNG_UST_TP_ARGS(const struct beamtap_run_queue *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint8_t, kind, e->kind)
		lttng_ust_field_integer(uint32_t, scheduler, e->scheduler)
		lttng_ust_field_integer(uint64_t, waiting, e->waiting)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, allocator,
	LTTNG_UST_TP_ARGS(const struct beamtap_allocator *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, allocator, e->allocator)
		lttng_ust_field_integer(uint32_t, instance, e->instance)
		lttng_ust_field_integer(uint64_t, mbc_carriers, e->mbc_carriers)
		lttng_ust_field_integer(uint64_t, mbc_carriers_bytes, e->mbc_carriers_bytes)
		lttng_ust_field_integer(uint64_t, mbc_blocks, e->mbc_blocks)
		lttng_ust_field_integer(uint64_t, mbc_blocks_bytes, e->mbc_blocks_bytes)
		lttng_ust_field_integer(uint64_t, pool_carriers, e->pool_carriers)
		lttng_ust_field_integer(uint64_t, pool_carriers_bytes, e->pool_carriers_bytes)
		lttng_ust_field_integer(uint64_t, sbc_carriers, e->sbc_carriers)
		lttng_ust_field_integer(uint64_t, sbc_carriers_bytes, e->sbc_carriers_bytes)
		lttng_ust_field_integer(uint64_t, sbc_blocks_bytes, e->sbc_blocks_bytes)
		lttng_ust_field_integer(uint64_t, created, e->created)
		lttng_ust_field_integer(uint64_t, destroyed, e->destroyed)
		lttng_ust_field_integer(uint64_t, fetched, e->fetched)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, payload_text,
	LTTNG_UST_TP_ARGS(const struct beamtap_payload_text *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, owner, e->owner)
		lttng_ust_field_integer(uint8_t, owner_kind, e->owner_kind)
		lttng_ust_field_integer(uint8_t, part, e->part)
		lttng_ust_field_integer(uint8_t, is_truncated, e->is_truncated)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(text, e->text)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, payload_size,
	LTTNG_UST_TP_ARGS(const struct beamtap_payload_size *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, owner, e->owner)
		lttng_ust_field_integer(uint8_t, owner_kind, e->owner_kind)
		lttng_ust_field_integer(uint8_t, part, e->part)
		lttng_ust_field_integer(uint8_t, is_lower_bound, e->is_lower_bound)
		lttng_ust_field_integer(uint64_t, bytes, e->bytes)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, mark,
	LTTNG_UST_TP_ARGS(const struct beamtap_mark *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint8_t, is_truncated, e->is_truncated)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(text, e->text)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, span_begin,
	LTTNG_UST_TP_ARGS(const struct beamtap_span_begin *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, span, e->span)
		lttng_ust_field_integer(uint8_t, is_truncated, e->is_truncated)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(name, e->name)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, span_end,
	LTTNG_UST_TP_ARGS(const struct beamtap_span_end *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, span, e->span)
		lttng_ust_field_integer(uint8_t, outcome, e->outcome)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_function,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_function *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(module, e->module)
		lttng_ust_field_string(name, e->name)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint8_t, arity, e->arity)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_ends,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_ends *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, function, e->function)
		lttng_ust_field_integer(uint8_t, recorded, e->recorded)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_atom,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_atom *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, atom, e->atom)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(text, e->text)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_process,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_process *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		lttng_ust_field_integer(uint64_t, parent, e->parent)
		lttng_ust_field_integer(uint32_t, name, e->name)
		lttng_ust_field_integer(uint32_t, function, e->function)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_process_label,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_process_label *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, pid, e->pid)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(label, e->label)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_module,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_module *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(module, e->module)
		lttng_ust_field_string(md5, e->md5)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_clock,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_clock *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, monotonic_offset_ns, e->monotonic_offset_ns)
		lttng_ust_field_integer(uint64_t, system_offset_ns, e->system_offset_ns)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_thread,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_thread *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, thread, e->thread)
		lttng_ust_field_integer(uint8_t, kind, e->kind)
		lttng_ust_field_integer(uint32_t, scheduler, e->scheduler)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(name, e->name)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, def_vm,
	LTTNG_UST_TP_ARGS(const struct beamtap_def_vm *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, os_pid, e->os_pid)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(node, e->node)
		lttng_ust_field_string(otp_release, e->otp_release)
		lttng_ust_field_string(erts, e->erts)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, schedulers, e->schedulers)
		lttng_ust_field_integer(uint32_t, word_bytes, e->word_bytes)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(beamtap, e->beamtap)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, caveat,
	LTTNG_UST_TP_ARGS(const struct beamtap_caveat *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(session, e->session)
		lttng_ust_field_string(text, e->text)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, canary,
	LTTNG_UST_TP_ARGS(const struct beamtap_canary *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, nonce_high, e->nonce_high)
		lttng_ust_field_integer(uint64_t, nonce_low, e->nonce_low)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, gap,
	LTTNG_UST_TP_ARGS(const struct beamtap_gap *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(session, e->session)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, length_ns, e->length_ns)
		lttng_ust_field_integer(uint64_t, emitted, e->emitted)
		lttng_ust_field_integer(uint64_t, since_begin, e->since_begin)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(reason, e->reason)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, pause,
	LTTNG_UST_TP_ARGS(const struct beamtap_pause *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(session, e->session)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, resume,
	LTTNG_UST_TP_ARGS(const struct beamtap_resume *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(session, e->session)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, length_ns, e->length_ns)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, ended,
	LTTNG_UST_TP_ARGS(const struct beamtap_ended *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(session, e->session)
		lttng_ust_field_string(ended_by, e->ended_by)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, length_ns, e->length_ns)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(beamtap, counters,
	LTTNG_UST_TP_ARGS(const struct beamtap_counters *, e),
	LTTNG_UST_TP_FIELDS(
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint8_t, phase, e->phase)
		BEAMTAP_NUMBERS_END
		lttng_ust_field_string(event, e->event)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, emitted, e->emitted)
		lttng_ust_field_integer(uint64_t, suppressed, e->suppressed)
		lttng_ust_field_integer(uint64_t, unreadable, e->unreadable)
		lttng_ust_field_integer(uint64_t, truncated, e->truncated)
		BEAMTAP_NUMBERS_END
	)
)

#endif

#include <lttng/tracepoint-event.h>
