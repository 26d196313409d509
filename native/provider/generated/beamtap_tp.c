/* Rendered from native/schema/src/catalogue.rs by `cargo test -p beamtap-schema`. Do not edit. */
/* LTTng's own way to have its few lines of read-side locking compiled in; they are meant for code of any
 * licence (lttng/urcu/static/urcu-ust.h). */
#define _LGPL_SOURCE
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "beamtap_tp.h"

/* The caller has looked at the switch: these record without looking again. */

void beamtap_emit_call(const void *e);
void beamtap_emit_call(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, call, (const struct beamtap_call *) e);
}
const int *beamtap_enabled_call(void);
const int *beamtap_enabled_call(void)
{
	return &lttng_ust_tracepoint_beamtap___call.state;
}

void beamtap_emit_return_from(const void *e);
void beamtap_emit_return_from(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, return_from, (const struct beamtap_return_from *) e);
}
const int *beamtap_enabled_return_from(void);
const int *beamtap_enabled_return_from(void)
{
	return &lttng_ust_tracepoint_beamtap___return_from.state;
}

void beamtap_emit_exception_from(const void *e);
void beamtap_emit_exception_from(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, exception_from, (const struct beamtap_exception_from *) e);
}
const int *beamtap_enabled_exception_from(void);
const int *beamtap_enabled_exception_from(void)
{
	return &lttng_ust_tracepoint_beamtap___exception_from.state;
}

void beamtap_emit_return_to(const void *e);
void beamtap_emit_return_to(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, return_to, (const struct beamtap_return_to *) e);
}
const int *beamtap_enabled_return_to(void);
const int *beamtap_enabled_return_to(void)
{
	return &lttng_ust_tracepoint_beamtap___return_to.state;
}

void beamtap_emit_send(const void *e);
void beamtap_emit_send(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, send, (const struct beamtap_send *) e);
}
const int *beamtap_enabled_send(void);
const int *beamtap_enabled_send(void)
{
	return &lttng_ust_tracepoint_beamtap___send.state;
}

void beamtap_emit_send_to_non_existing_process(const void *e);
void beamtap_emit_send_to_non_existing_process(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, send_to_non_existing_process, (const struct beamtap_send_to_non_existing_process *) e);
}
const int *beamtap_enabled_send_to_non_existing_process(void);
const int *beamtap_enabled_send_to_non_existing_process(void)
{
	return &lttng_ust_tracepoint_beamtap___send_to_non_existing_process.state;
}

void beamtap_emit_receive(const void *e);
void beamtap_emit_receive(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, receive, (const struct beamtap_receive *) e);
}
const int *beamtap_enabled_receive(void);
const int *beamtap_enabled_receive(void)
{
	return &lttng_ust_tracepoint_beamtap___receive.state;
}

void beamtap_emit_receive_timeout(const void *e);
void beamtap_emit_receive_timeout(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, receive_timeout, (const struct beamtap_receive_timeout *) e);
}
const int *beamtap_enabled_receive_timeout(void);
const int *beamtap_enabled_receive_timeout(void)
{
	return &lttng_ust_tracepoint_beamtap___receive_timeout.state;
}

void beamtap_emit_port_receive(const void *e);
void beamtap_emit_port_receive(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_receive, (const struct beamtap_port_receive *) e);
}
const int *beamtap_enabled_port_receive(void);
const int *beamtap_enabled_port_receive(void)
{
	return &lttng_ust_tracepoint_beamtap___port_receive.state;
}

void beamtap_emit_spawn(const void *e);
void beamtap_emit_spawn(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, spawn, (const struct beamtap_spawn *) e);
}
const int *beamtap_enabled_spawn(void);
const int *beamtap_enabled_spawn(void)
{
	return &lttng_ust_tracepoint_beamtap___spawn.state;
}

void beamtap_emit_spawned(const void *e);
void beamtap_emit_spawned(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, spawned, (const struct beamtap_spawned *) e);
}
const int *beamtap_enabled_spawned(void);
const int *beamtap_enabled_spawned(void)
{
	return &lttng_ust_tracepoint_beamtap___spawned.state;
}

void beamtap_emit_exit(const void *e);
void beamtap_emit_exit(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, exit, (const struct beamtap_exit *) e);
}
const int *beamtap_enabled_exit(void);
const int *beamtap_enabled_exit(void)
{
	return &lttng_ust_tracepoint_beamtap___exit.state;
}

void beamtap_emit_register(const void *e);
void beamtap_emit_register(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, register, (const struct beamtap_register *) e);
}
const int *beamtap_enabled_register(void);
const int *beamtap_enabled_register(void)
{
	return &lttng_ust_tracepoint_beamtap___register.state;
}

void beamtap_emit_unregister(const void *e);
void beamtap_emit_unregister(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, unregister, (const struct beamtap_unregister *) e);
}
const int *beamtap_enabled_unregister(void);
const int *beamtap_enabled_unregister(void)
{
	return &lttng_ust_tracepoint_beamtap___unregister.state;
}

void beamtap_emit_link(const void *e);
void beamtap_emit_link(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, link, (const struct beamtap_link *) e);
}
const int *beamtap_enabled_link(void);
const int *beamtap_enabled_link(void)
{
	return &lttng_ust_tracepoint_beamtap___link.state;
}

void beamtap_emit_unlink(const void *e);
void beamtap_emit_unlink(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, unlink, (const struct beamtap_unlink *) e);
}
const int *beamtap_enabled_unlink(void);
const int *beamtap_enabled_unlink(void)
{
	return &lttng_ust_tracepoint_beamtap___unlink.state;
}

void beamtap_emit_getting_linked(const void *e);
void beamtap_emit_getting_linked(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, getting_linked, (const struct beamtap_getting_linked *) e);
}
const int *beamtap_enabled_getting_linked(void);
const int *beamtap_enabled_getting_linked(void)
{
	return &lttng_ust_tracepoint_beamtap___getting_linked.state;
}

void beamtap_emit_getting_unlinked(const void *e);
void beamtap_emit_getting_unlinked(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, getting_unlinked, (const struct beamtap_getting_unlinked *) e);
}
const int *beamtap_enabled_getting_unlinked(void);
const int *beamtap_enabled_getting_unlinked(void)
{
	return &lttng_ust_tracepoint_beamtap___getting_unlinked.state;
}

void beamtap_emit_in(const void *e);
void beamtap_emit_in(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, in, (const struct beamtap_in *) e);
}
const int *beamtap_enabled_in(void);
const int *beamtap_enabled_in(void)
{
	return &lttng_ust_tracepoint_beamtap___in.state;
}

void beamtap_emit_out(const void *e);
void beamtap_emit_out(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, out, (const struct beamtap_out *) e);
}
const int *beamtap_enabled_out(void);
const int *beamtap_enabled_out(void)
{
	return &lttng_ust_tracepoint_beamtap___out.state;
}

void beamtap_emit_in_exiting(const void *e);
void beamtap_emit_in_exiting(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, in_exiting, (const struct beamtap_in_exiting *) e);
}
const int *beamtap_enabled_in_exiting(void);
const int *beamtap_enabled_in_exiting(void)
{
	return &lttng_ust_tracepoint_beamtap___in_exiting.state;
}

void beamtap_emit_out_exiting(const void *e);
void beamtap_emit_out_exiting(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, out_exiting, (const struct beamtap_out_exiting *) e);
}
const int *beamtap_enabled_out_exiting(void);
const int *beamtap_enabled_out_exiting(void)
{
	return &lttng_ust_tracepoint_beamtap___out_exiting.state;
}

void beamtap_emit_out_exited(const void *e);
void beamtap_emit_out_exited(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, out_exited, (const struct beamtap_out_exited *) e);
}
const int *beamtap_enabled_out_exited(void);
const int *beamtap_enabled_out_exited(void)
{
	return &lttng_ust_tracepoint_beamtap___out_exited.state;
}

void beamtap_emit_gc_minor_start(const void *e);
void beamtap_emit_gc_minor_start(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, gc_minor_start, (const struct beamtap_gc_minor_start *) e);
}
const int *beamtap_enabled_gc_minor_start(void);
const int *beamtap_enabled_gc_minor_start(void)
{
	return &lttng_ust_tracepoint_beamtap___gc_minor_start.state;
}

void beamtap_emit_gc_minor_end(const void *e);
void beamtap_emit_gc_minor_end(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, gc_minor_end, (const struct beamtap_gc_minor_end *) e);
}
const int *beamtap_enabled_gc_minor_end(void);
const int *beamtap_enabled_gc_minor_end(void)
{
	return &lttng_ust_tracepoint_beamtap___gc_minor_end.state;
}

void beamtap_emit_gc_major_start(const void *e);
void beamtap_emit_gc_major_start(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, gc_major_start, (const struct beamtap_gc_major_start *) e);
}
const int *beamtap_enabled_gc_major_start(void);
const int *beamtap_enabled_gc_major_start(void)
{
	return &lttng_ust_tracepoint_beamtap___gc_major_start.state;
}

void beamtap_emit_gc_major_end(const void *e);
void beamtap_emit_gc_major_end(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, gc_major_end, (const struct beamtap_gc_major_end *) e);
}
const int *beamtap_enabled_gc_major_end(void);
const int *beamtap_enabled_gc_major_end(void)
{
	return &lttng_ust_tracepoint_beamtap___gc_major_end.state;
}

void beamtap_emit_gc_max_heap_size(const void *e);
void beamtap_emit_gc_max_heap_size(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, gc_max_heap_size, (const struct beamtap_gc_max_heap_size *) e);
}
const int *beamtap_enabled_gc_max_heap_size(void);
const int *beamtap_enabled_gc_max_heap_size(void)
{
	return &lttng_ust_tracepoint_beamtap___gc_max_heap_size.state;
}

void beamtap_emit_open(const void *e);
void beamtap_emit_open(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, open, (const struct beamtap_open *) e);
}
const int *beamtap_enabled_open(void);
const int *beamtap_enabled_open(void)
{
	return &lttng_ust_tracepoint_beamtap___open.state;
}

void beamtap_emit_closed(const void *e);
void beamtap_emit_closed(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, closed, (const struct beamtap_closed *) e);
}
const int *beamtap_enabled_closed(void);
const int *beamtap_enabled_closed(void)
{
	return &lttng_ust_tracepoint_beamtap___closed.state;
}

void beamtap_emit_port_register(const void *e);
void beamtap_emit_port_register(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_register, (const struct beamtap_port_register *) e);
}
const int *beamtap_enabled_port_register(void);
const int *beamtap_enabled_port_register(void)
{
	return &lttng_ust_tracepoint_beamtap___port_register.state;
}

void beamtap_emit_port_unregister(const void *e);
void beamtap_emit_port_unregister(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_unregister, (const struct beamtap_port_unregister *) e);
}
const int *beamtap_enabled_port_unregister(void);
const int *beamtap_enabled_port_unregister(void)
{
	return &lttng_ust_tracepoint_beamtap___port_unregister.state;
}

void beamtap_emit_port_getting_linked(const void *e);
void beamtap_emit_port_getting_linked(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_getting_linked, (const struct beamtap_port_getting_linked *) e);
}
const int *beamtap_enabled_port_getting_linked(void);
const int *beamtap_enabled_port_getting_linked(void)
{
	return &lttng_ust_tracepoint_beamtap___port_getting_linked.state;
}

void beamtap_emit_port_getting_unlinked(const void *e);
void beamtap_emit_port_getting_unlinked(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_getting_unlinked, (const struct beamtap_port_getting_unlinked *) e);
}
const int *beamtap_enabled_port_getting_unlinked(void);
const int *beamtap_enabled_port_getting_unlinked(void)
{
	return &lttng_ust_tracepoint_beamtap___port_getting_unlinked.state;
}

void beamtap_emit_port_in(const void *e);
void beamtap_emit_port_in(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_in, (const struct beamtap_port_in *) e);
}
const int *beamtap_enabled_port_in(void);
const int *beamtap_enabled_port_in(void)
{
	return &lttng_ust_tracepoint_beamtap___port_in.state;
}

void beamtap_emit_port_out(const void *e);
void beamtap_emit_port_out(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_out, (const struct beamtap_port_out *) e);
}
const int *beamtap_enabled_port_out(void);
const int *beamtap_enabled_port_out(void)
{
	return &lttng_ust_tracepoint_beamtap___port_out.state;
}

void beamtap_emit_seq_send(const void *e);
void beamtap_emit_seq_send(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, seq_send, (const struct beamtap_seq_send *) e);
}
const int *beamtap_enabled_seq_send(void);
const int *beamtap_enabled_seq_send(void)
{
	return &lttng_ust_tracepoint_beamtap___seq_send.state;
}

void beamtap_emit_seq_receive(const void *e);
void beamtap_emit_seq_receive(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, seq_receive, (const struct beamtap_seq_receive *) e);
}
const int *beamtap_enabled_seq_receive(void);
const int *beamtap_enabled_seq_receive(void)
{
	return &lttng_ust_tracepoint_beamtap___seq_receive.state;
}

void beamtap_emit_seq_print(const void *e);
void beamtap_emit_seq_print(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, seq_print, (const struct beamtap_seq_print *) e);
}
const int *beamtap_enabled_seq_print(void);
const int *beamtap_enabled_seq_print(void)
{
	return &lttng_ust_tracepoint_beamtap___seq_print.state;
}

void beamtap_emit_long_gc(const void *e);
void beamtap_emit_long_gc(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, long_gc, (const struct beamtap_long_gc *) e);
}
const int *beamtap_enabled_long_gc(void);
const int *beamtap_enabled_long_gc(void)
{
	return &lttng_ust_tracepoint_beamtap___long_gc.state;
}

void beamtap_emit_large_heap(const void *e);
void beamtap_emit_large_heap(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, large_heap, (const struct beamtap_large_heap *) e);
}
const int *beamtap_enabled_large_heap(void);
const int *beamtap_enabled_large_heap(void)
{
	return &lttng_ust_tracepoint_beamtap___large_heap.state;
}

void beamtap_emit_long_schedule(const void *e);
void beamtap_emit_long_schedule(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, long_schedule, (const struct beamtap_long_schedule *) e);
}
const int *beamtap_enabled_long_schedule(void);
const int *beamtap_enabled_long_schedule(void)
{
	return &lttng_ust_tracepoint_beamtap___long_schedule.state;
}

void beamtap_emit_port_long_schedule(const void *e);
void beamtap_emit_port_long_schedule(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, port_long_schedule, (const struct beamtap_port_long_schedule *) e);
}
const int *beamtap_enabled_port_long_schedule(void);
const int *beamtap_enabled_port_long_schedule(void)
{
	return &lttng_ust_tracepoint_beamtap___port_long_schedule.state;
}

void beamtap_emit_busy_port(const void *e);
void beamtap_emit_busy_port(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, busy_port, (const struct beamtap_busy_port *) e);
}
const int *beamtap_enabled_busy_port(void);
const int *beamtap_enabled_busy_port(void)
{
	return &lttng_ust_tracepoint_beamtap___busy_port.state;
}

void beamtap_emit_busy_dist_port(const void *e);
void beamtap_emit_busy_dist_port(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, busy_dist_port, (const struct beamtap_busy_dist_port *) e);
}
const int *beamtap_enabled_busy_dist_port(void);
const int *beamtap_enabled_busy_dist_port(void)
{
	return &lttng_ust_tracepoint_beamtap___busy_dist_port.state;
}

void beamtap_emit_long_message_queue(const void *e);
void beamtap_emit_long_message_queue(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, long_message_queue, (const struct beamtap_long_message_queue *) e);
}
const int *beamtap_enabled_long_message_queue(void);
const int *beamtap_enabled_long_message_queue(void)
{
	return &lttng_ust_tracepoint_beamtap___long_message_queue.state;
}

void beamtap_emit_scheduler_load(const void *e);
void beamtap_emit_scheduler_load(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, scheduler_load, (const struct beamtap_scheduler_load *) e);
}
const int *beamtap_enabled_scheduler_load(void);
const int *beamtap_enabled_scheduler_load(void)
{
	return &lttng_ust_tracepoint_beamtap___scheduler_load.state;
}

void beamtap_emit_scheduler_states(const void *e);
void beamtap_emit_scheduler_states(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, scheduler_states, (const struct beamtap_scheduler_states *) e);
}
const int *beamtap_enabled_scheduler_states(void);
const int *beamtap_enabled_scheduler_states(void)
{
	return &lttng_ust_tracepoint_beamtap___scheduler_states.state;
}

void beamtap_emit_run_queue(const void *e);
void beamtap_emit_run_queue(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, run_queue, (const struct beamtap_run_queue *) e);
}
const int *beamtap_enabled_run_queue(void);
const int *beamtap_enabled_run_queue(void)
{
	return &lttng_ust_tracepoint_beamtap___run_queue.state;
}

void beamtap_emit_allocator(const void *e);
void beamtap_emit_allocator(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, allocator, (const struct beamtap_allocator *) e);
}
const int *beamtap_enabled_allocator(void);
const int *beamtap_enabled_allocator(void)
{
	return &lttng_ust_tracepoint_beamtap___allocator.state;
}

void beamtap_emit_payload_text(const void *e);
void beamtap_emit_payload_text(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, payload_text, (const struct beamtap_payload_text *) e);
}
const int *beamtap_enabled_payload_text(void);
const int *beamtap_enabled_payload_text(void)
{
	return &lttng_ust_tracepoint_beamtap___payload_text.state;
}

void beamtap_emit_payload_size(const void *e);
void beamtap_emit_payload_size(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, payload_size, (const struct beamtap_payload_size *) e);
}
const int *beamtap_enabled_payload_size(void);
const int *beamtap_enabled_payload_size(void)
{
	return &lttng_ust_tracepoint_beamtap___payload_size.state;
}

void beamtap_emit_mark(const void *e);
void beamtap_emit_mark(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, mark, (const struct beamtap_mark *) e);
}
const int *beamtap_enabled_mark(void);
const int *beamtap_enabled_mark(void)
{
	return &lttng_ust_tracepoint_beamtap___mark.state;
}

void beamtap_emit_span_begin(const void *e);
void beamtap_emit_span_begin(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, span_begin, (const struct beamtap_span_begin *) e);
}
const int *beamtap_enabled_span_begin(void);
const int *beamtap_enabled_span_begin(void)
{
	return &lttng_ust_tracepoint_beamtap___span_begin.state;
}

void beamtap_emit_span_end(const void *e);
void beamtap_emit_span_end(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, span_end, (const struct beamtap_span_end *) e);
}
const int *beamtap_enabled_span_end(void);
const int *beamtap_enabled_span_end(void)
{
	return &lttng_ust_tracepoint_beamtap___span_end.state;
}

void beamtap_emit_def_function(const void *e);
void beamtap_emit_def_function(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_function, (const struct beamtap_def_function *) e);
}
const int *beamtap_enabled_def_function(void);
const int *beamtap_enabled_def_function(void)
{
	return &lttng_ust_tracepoint_beamtap___def_function.state;
}

void beamtap_emit_def_ends(const void *e);
void beamtap_emit_def_ends(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_ends, (const struct beamtap_def_ends *) e);
}
const int *beamtap_enabled_def_ends(void);
const int *beamtap_enabled_def_ends(void)
{
	return &lttng_ust_tracepoint_beamtap___def_ends.state;
}

void beamtap_emit_def_atom(const void *e);
void beamtap_emit_def_atom(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_atom, (const struct beamtap_def_atom *) e);
}
const int *beamtap_enabled_def_atom(void);
const int *beamtap_enabled_def_atom(void)
{
	return &lttng_ust_tracepoint_beamtap___def_atom.state;
}

void beamtap_emit_def_process(const void *e);
void beamtap_emit_def_process(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_process, (const struct beamtap_def_process *) e);
}
const int *beamtap_enabled_def_process(void);
const int *beamtap_enabled_def_process(void)
{
	return &lttng_ust_tracepoint_beamtap___def_process.state;
}

void beamtap_emit_def_process_label(const void *e);
void beamtap_emit_def_process_label(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_process_label, (const struct beamtap_def_process_label *) e);
}
const int *beamtap_enabled_def_process_label(void);
const int *beamtap_enabled_def_process_label(void)
{
	return &lttng_ust_tracepoint_beamtap___def_process_label.state;
}

void beamtap_emit_def_module(const void *e);
void beamtap_emit_def_module(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_module, (const struct beamtap_def_module *) e);
}
const int *beamtap_enabled_def_module(void);
const int *beamtap_enabled_def_module(void)
{
	return &lttng_ust_tracepoint_beamtap___def_module.state;
}

void beamtap_emit_def_clock(const void *e);
void beamtap_emit_def_clock(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_clock, (const struct beamtap_def_clock *) e);
}
const int *beamtap_enabled_def_clock(void);
const int *beamtap_enabled_def_clock(void)
{
	return &lttng_ust_tracepoint_beamtap___def_clock.state;
}

void beamtap_emit_def_thread(const void *e);
void beamtap_emit_def_thread(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_thread, (const struct beamtap_def_thread *) e);
}
const int *beamtap_enabled_def_thread(void);
const int *beamtap_enabled_def_thread(void)
{
	return &lttng_ust_tracepoint_beamtap___def_thread.state;
}

void beamtap_emit_def_vm(const void *e);
void beamtap_emit_def_vm(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, def_vm, (const struct beamtap_def_vm *) e);
}
const int *beamtap_enabled_def_vm(void);
const int *beamtap_enabled_def_vm(void)
{
	return &lttng_ust_tracepoint_beamtap___def_vm.state;
}

void beamtap_emit_caveat(const void *e);
void beamtap_emit_caveat(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, caveat, (const struct beamtap_caveat *) e);
}
const int *beamtap_enabled_caveat(void);
const int *beamtap_enabled_caveat(void)
{
	return &lttng_ust_tracepoint_beamtap___caveat.state;
}

void beamtap_emit_canary(const void *e);
void beamtap_emit_canary(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, canary, (const struct beamtap_canary *) e);
}
const int *beamtap_enabled_canary(void);
const int *beamtap_enabled_canary(void)
{
	return &lttng_ust_tracepoint_beamtap___canary.state;
}

void beamtap_emit_gap(const void *e);
void beamtap_emit_gap(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, gap, (const struct beamtap_gap *) e);
}
const int *beamtap_enabled_gap(void);
const int *beamtap_enabled_gap(void)
{
	return &lttng_ust_tracepoint_beamtap___gap.state;
}

void beamtap_emit_pause(const void *e);
void beamtap_emit_pause(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, pause, (const struct beamtap_pause *) e);
}
const int *beamtap_enabled_pause(void);
const int *beamtap_enabled_pause(void)
{
	return &lttng_ust_tracepoint_beamtap___pause.state;
}

void beamtap_emit_resume(const void *e);
void beamtap_emit_resume(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, resume, (const struct beamtap_resume *) e);
}
const int *beamtap_enabled_resume(void);
const int *beamtap_enabled_resume(void)
{
	return &lttng_ust_tracepoint_beamtap___resume.state;
}

void beamtap_emit_ended(const void *e);
void beamtap_emit_ended(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, ended, (const struct beamtap_ended *) e);
}
const int *beamtap_enabled_ended(void);
const int *beamtap_enabled_ended(void)
{
	return &lttng_ust_tracepoint_beamtap___ended.state;
}

void beamtap_emit_counters(const void *e);
void beamtap_emit_counters(const void *e)
{
	lttng_ust_do_tracepoint(beamtap, counters, (const struct beamtap_counters *) e);
}
const int *beamtap_enabled_counters(void);
const int *beamtap_enabled_counters(void)
{
	return &lttng_ust_tracepoint_beamtap___counters.state;
}
