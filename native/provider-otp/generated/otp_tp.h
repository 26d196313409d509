/* Rendered from native/schema/src/otp.rs by `cargo test -p beamtap-schema`. Do not edit. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER org_erlang_dyntrace

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./otp_tp.h"

#ifndef OTP_TP_STRUCTS
#define OTP_TP_STRUCTS
#include <stdint.h>

struct org_erlang_dyntrace_process_spawn {
	const char * pid;
	const char * parent;
	const char * entry;
};

struct org_erlang_dyntrace_process_link {
	const char * from;
	const char * to;
	const char * type;
};

struct org_erlang_dyntrace_process_exit {
	const char * pid;
	const char * reason;
};

struct org_erlang_dyntrace_process_register {
	const char * pid;
	const char * name;
	const char * type;
};

struct org_erlang_dyntrace_process_scheduled {
	const char * pid;
	const char * entry;
	const char * type;
};

struct org_erlang_dyntrace_port_open {
	const char * pid;
	const char * driver;
	const char * port;
};

struct org_erlang_dyntrace_port_exit {
	const char * port;
	const char * reason;
};

struct org_erlang_dyntrace_port_link {
	const char * from;
	const char * to;
	const char * type;
};

struct org_erlang_dyntrace_port_scheduled {
	const char * pid;
	const char * entry;
	const char * type;
};

struct org_erlang_dyntrace_function_call {
	const char * pid;
	const char * entry;
	uint32_t depth;
};

struct org_erlang_dyntrace_function_return {
	const char * pid;
	const char * entry;
	uint32_t depth;
};

struct org_erlang_dyntrace_function_exception {
	const char * pid;
	const char * entry;
	const char * class;
};

struct org_erlang_dyntrace_message_send {
	const char * from;
	const char * to;
	const char * message;
};

struct org_erlang_dyntrace_message_receive {
	const char * to;
	const char * message;
};

struct org_erlang_dyntrace_gc_minor_start {
	const char * pid;
	uint64_t need;
	uint64_t heap;
	uint64_t old_heap;
};

struct org_erlang_dyntrace_gc_minor_end {
	const char * pid;
	uint64_t reclaimed;
	uint64_t heap;
	uint64_t old_heap;
};

struct org_erlang_dyntrace_gc_major_start {
	const char * pid;
	uint64_t need;
	uint64_t heap;
	uint64_t old_heap;
};

struct org_erlang_dyntrace_gc_major_end {
	const char * pid;
	uint64_t reclaimed;
	uint64_t heap;
	uint64_t old_heap;
};
#endif

#if !defined(OTP_TP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define OTP_TP_H
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

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, process_spawn,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_process_spawn *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(parent, e->parent)
		lttng_ust_field_string(entry, e->entry)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, process_link,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_process_link *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(from, e->from)
		lttng_ust_field_string(to, e->to)
		lttng_ust_field_string(type, e->type)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, process_exit,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_process_exit *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(reason, e->reason)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, process_register,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_process_register *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(name, e->name)
		lttng_ust_field_string(type, e->type)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, process_scheduled,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_process_scheduled *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(entry, e->entry)
		lttng_ust_field_string(type, e->type)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, port_open,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_port_open *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(driver, e->driver)
		lttng_ust_field_string(port, e->port)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, port_exit,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_port_exit *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(port, e->port)
		lttng_ust_field_string(reason, e->reason)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, port_link,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_port_link *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(from, e->from)
		lttng_ust_field_string(to, e->to)
		lttng_ust_field_string(type, e->type)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, port_scheduled,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_port_scheduled *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(entry, e->entry)
		lttng_ust_field_string(type, e->type)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, function_call,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_function_call *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(entry, e->entry)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, depth, e->depth)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, function_return,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_function_return *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(entry, e->entry)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint32_t, depth, e->depth)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, function_exception,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_function_exception *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		lttng_ust_field_string(entry, e->entry)
		lttng_ust_field_string(class, e->class)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, message_send,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_message_send *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(from, e->from)
		lttng_ust_field_string(to, e->to)
		lttng_ust_field_string(message, e->message)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, message_receive,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_message_receive *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(to, e->to)
		lttng_ust_field_string(message, e->message)
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, gc_minor_start,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_gc_minor_start *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, need, e->need)
		lttng_ust_field_integer(uint64_t, heap, e->heap)
		lttng_ust_field_integer(uint64_t, old_heap, e->old_heap)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, gc_minor_end,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_gc_minor_end *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, reclaimed, e->reclaimed)
		lttng_ust_field_integer(uint64_t, heap, e->heap)
		lttng_ust_field_integer(uint64_t, old_heap, e->old_heap)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, gc_major_start,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_gc_major_start *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, need, e->need)
		lttng_ust_field_integer(uint64_t, heap, e->heap)
		lttng_ust_field_integer(uint64_t, old_heap, e->old_heap)
		BEAMTAP_NUMBERS_END
	)
)

LTTNG_UST_TRACEPOINT_EVENT(org_erlang_dyntrace, gc_major_end,
	LTTNG_UST_TP_ARGS(const struct org_erlang_dyntrace_gc_major_end *, e),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_string(pid, e->pid)
		BEAMTAP_NUMBERS
		lttng_ust_field_integer(uint64_t, reclaimed, e->reclaimed)
		lttng_ust_field_integer(uint64_t, heap, e->heap)
		lttng_ust_field_integer(uint64_t, old_heap, e->old_heap)
		BEAMTAP_NUMBERS_END
	)
)

#endif

#include <lttng/tracepoint-event.h>
