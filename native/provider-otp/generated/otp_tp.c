/* Rendered from native/schema/src/otp.rs by `cargo test -p beamtap-schema`. Do not edit. */
/* LTTng's own way to have its few lines of read-side locking compiled in; they are meant for code of any
 * licence (lttng/urcu/static/urcu-ust.h). */
#define _LGPL_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "otp_tp.h"

/* The caller has looked at the switch: these record without looking again. */

void org_erlang_dyntrace_emit_process_spawn(const void *e);
void org_erlang_dyntrace_emit_process_spawn(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, process_spawn, (const struct org_erlang_dyntrace_process_spawn *) e);
}
const int *org_erlang_dyntrace_enabled_process_spawn(void);
const int *org_erlang_dyntrace_enabled_process_spawn(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___process_spawn.state;
}

void org_erlang_dyntrace_emit_process_link(const void *e);
void org_erlang_dyntrace_emit_process_link(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, process_link, (const struct org_erlang_dyntrace_process_link *) e);
}
const int *org_erlang_dyntrace_enabled_process_link(void);
const int *org_erlang_dyntrace_enabled_process_link(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___process_link.state;
}

void org_erlang_dyntrace_emit_process_exit(const void *e);
void org_erlang_dyntrace_emit_process_exit(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, process_exit, (const struct org_erlang_dyntrace_process_exit *) e);
}
const int *org_erlang_dyntrace_enabled_process_exit(void);
const int *org_erlang_dyntrace_enabled_process_exit(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___process_exit.state;
}

void org_erlang_dyntrace_emit_process_register(const void *e);
void org_erlang_dyntrace_emit_process_register(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, process_register, (const struct org_erlang_dyntrace_process_register *) e);
}
const int *org_erlang_dyntrace_enabled_process_register(void);
const int *org_erlang_dyntrace_enabled_process_register(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___process_register.state;
}

void org_erlang_dyntrace_emit_process_scheduled(const void *e);
void org_erlang_dyntrace_emit_process_scheduled(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, process_scheduled, (const struct org_erlang_dyntrace_process_scheduled *) e);
}
const int *org_erlang_dyntrace_enabled_process_scheduled(void);
const int *org_erlang_dyntrace_enabled_process_scheduled(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___process_scheduled.state;
}

void org_erlang_dyntrace_emit_port_open(const void *e);
void org_erlang_dyntrace_emit_port_open(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, port_open, (const struct org_erlang_dyntrace_port_open *) e);
}
const int *org_erlang_dyntrace_enabled_port_open(void);
const int *org_erlang_dyntrace_enabled_port_open(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___port_open.state;
}

void org_erlang_dyntrace_emit_port_exit(const void *e);
void org_erlang_dyntrace_emit_port_exit(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, port_exit, (const struct org_erlang_dyntrace_port_exit *) e);
}
const int *org_erlang_dyntrace_enabled_port_exit(void);
const int *org_erlang_dyntrace_enabled_port_exit(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___port_exit.state;
}

void org_erlang_dyntrace_emit_port_link(const void *e);
void org_erlang_dyntrace_emit_port_link(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, port_link, (const struct org_erlang_dyntrace_port_link *) e);
}
const int *org_erlang_dyntrace_enabled_port_link(void);
const int *org_erlang_dyntrace_enabled_port_link(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___port_link.state;
}

void org_erlang_dyntrace_emit_port_scheduled(const void *e);
void org_erlang_dyntrace_emit_port_scheduled(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, port_scheduled, (const struct org_erlang_dyntrace_port_scheduled *) e);
}
const int *org_erlang_dyntrace_enabled_port_scheduled(void);
const int *org_erlang_dyntrace_enabled_port_scheduled(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___port_scheduled.state;
}

void org_erlang_dyntrace_emit_function_call(const void *e);
void org_erlang_dyntrace_emit_function_call(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, function_call, (const struct org_erlang_dyntrace_function_call *) e);
}
const int *org_erlang_dyntrace_enabled_function_call(void);
const int *org_erlang_dyntrace_enabled_function_call(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___function_call.state;
}

void org_erlang_dyntrace_emit_function_return(const void *e);
void org_erlang_dyntrace_emit_function_return(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, function_return, (const struct org_erlang_dyntrace_function_return *) e);
}
const int *org_erlang_dyntrace_enabled_function_return(void);
const int *org_erlang_dyntrace_enabled_function_return(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___function_return.state;
}

void org_erlang_dyntrace_emit_function_exception(const void *e);
void org_erlang_dyntrace_emit_function_exception(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, function_exception, (const struct org_erlang_dyntrace_function_exception *) e);
}
const int *org_erlang_dyntrace_enabled_function_exception(void);
const int *org_erlang_dyntrace_enabled_function_exception(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___function_exception.state;
}

void org_erlang_dyntrace_emit_message_send(const void *e);
void org_erlang_dyntrace_emit_message_send(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, message_send, (const struct org_erlang_dyntrace_message_send *) e);
}
const int *org_erlang_dyntrace_enabled_message_send(void);
const int *org_erlang_dyntrace_enabled_message_send(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___message_send.state;
}

void org_erlang_dyntrace_emit_message_receive(const void *e);
void org_erlang_dyntrace_emit_message_receive(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, message_receive, (const struct org_erlang_dyntrace_message_receive *) e);
}
const int *org_erlang_dyntrace_enabled_message_receive(void);
const int *org_erlang_dyntrace_enabled_message_receive(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___message_receive.state;
}

void org_erlang_dyntrace_emit_gc_minor_start(const void *e);
void org_erlang_dyntrace_emit_gc_minor_start(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, gc_minor_start, (const struct org_erlang_dyntrace_gc_minor_start *) e);
}
const int *org_erlang_dyntrace_enabled_gc_minor_start(void);
const int *org_erlang_dyntrace_enabled_gc_minor_start(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___gc_minor_start.state;
}

void org_erlang_dyntrace_emit_gc_minor_end(const void *e);
void org_erlang_dyntrace_emit_gc_minor_end(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, gc_minor_end, (const struct org_erlang_dyntrace_gc_minor_end *) e);
}
const int *org_erlang_dyntrace_enabled_gc_minor_end(void);
const int *org_erlang_dyntrace_enabled_gc_minor_end(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___gc_minor_end.state;
}

void org_erlang_dyntrace_emit_gc_major_start(const void *e);
void org_erlang_dyntrace_emit_gc_major_start(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, gc_major_start, (const struct org_erlang_dyntrace_gc_major_start *) e);
}
const int *org_erlang_dyntrace_enabled_gc_major_start(void);
const int *org_erlang_dyntrace_enabled_gc_major_start(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___gc_major_start.state;
}

void org_erlang_dyntrace_emit_gc_major_end(const void *e);
void org_erlang_dyntrace_emit_gc_major_end(const void *e)
{
	lttng_ust_do_tracepoint(org_erlang_dyntrace, gc_major_end, (const struct org_erlang_dyntrace_gc_major_end *) e);
}
const int *org_erlang_dyntrace_enabled_gc_major_end(void);
const int *org_erlang_dyntrace_enabled_gc_major_end(void)
{
	return &lttng_ust_tracepoint_org_erlang_dyntrace___gc_major_end.state;
}
