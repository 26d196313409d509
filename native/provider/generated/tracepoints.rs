// Rendered from native/schema/src/catalogue.rs by `cargo test -p beamtap-schema`. Do not edit.

use std::ffi::{c_int, c_void};

extern "C" {
    fn beamtap_emit_call(event: *const c_void);
    fn beamtap_enabled_call() -> *const c_int;
    fn beamtap_emit_return_from(event: *const c_void);
    fn beamtap_enabled_return_from() -> *const c_int;
    fn beamtap_emit_exception_from(event: *const c_void);
    fn beamtap_enabled_exception_from() -> *const c_int;
    fn beamtap_emit_return_to(event: *const c_void);
    fn beamtap_enabled_return_to() -> *const c_int;
    fn beamtap_emit_send(event: *const c_void);
    fn beamtap_enabled_send() -> *const c_int;
    fn beamtap_emit_send_to_non_existing_process(event: *const c_void);
    fn beamtap_enabled_send_to_non_existing_process() -> *const c_int;
    fn beamtap_emit_receive(event: *const c_void);
    fn beamtap_enabled_receive() -> *const c_int;
    fn beamtap_emit_receive_timeout(event: *const c_void);
    fn beamtap_enabled_receive_timeout() -> *const c_int;
    fn beamtap_emit_port_receive(event: *const c_void);
    fn beamtap_enabled_port_receive() -> *const c_int;
    fn beamtap_emit_spawn(event: *const c_void);
    fn beamtap_enabled_spawn() -> *const c_int;
    fn beamtap_emit_spawned(event: *const c_void);
    fn beamtap_enabled_spawned() -> *const c_int;
    fn beamtap_emit_exit(event: *const c_void);
    fn beamtap_enabled_exit() -> *const c_int;
    fn beamtap_emit_register(event: *const c_void);
    fn beamtap_enabled_register() -> *const c_int;
    fn beamtap_emit_unregister(event: *const c_void);
    fn beamtap_enabled_unregister() -> *const c_int;
    fn beamtap_emit_link(event: *const c_void);
    fn beamtap_enabled_link() -> *const c_int;
    fn beamtap_emit_unlink(event: *const c_void);
    fn beamtap_enabled_unlink() -> *const c_int;
    fn beamtap_emit_getting_linked(event: *const c_void);
    fn beamtap_enabled_getting_linked() -> *const c_int;
    fn beamtap_emit_getting_unlinked(event: *const c_void);
    fn beamtap_enabled_getting_unlinked() -> *const c_int;
    fn beamtap_emit_in(event: *const c_void);
    fn beamtap_enabled_in() -> *const c_int;
    fn beamtap_emit_out(event: *const c_void);
    fn beamtap_enabled_out() -> *const c_int;
    fn beamtap_emit_in_exiting(event: *const c_void);
    fn beamtap_enabled_in_exiting() -> *const c_int;
    fn beamtap_emit_out_exiting(event: *const c_void);
    fn beamtap_enabled_out_exiting() -> *const c_int;
    fn beamtap_emit_out_exited(event: *const c_void);
    fn beamtap_enabled_out_exited() -> *const c_int;
    fn beamtap_emit_gc_minor_start(event: *const c_void);
    fn beamtap_enabled_gc_minor_start() -> *const c_int;
    fn beamtap_emit_gc_minor_end(event: *const c_void);
    fn beamtap_enabled_gc_minor_end() -> *const c_int;
    fn beamtap_emit_gc_major_start(event: *const c_void);
    fn beamtap_enabled_gc_major_start() -> *const c_int;
    fn beamtap_emit_gc_major_end(event: *const c_void);
    fn beamtap_enabled_gc_major_end() -> *const c_int;
    fn beamtap_emit_gc_max_heap_size(event: *const c_void);
    fn beamtap_enabled_gc_max_heap_size() -> *const c_int;
    fn beamtap_emit_open(event: *const c_void);
    fn beamtap_enabled_open() -> *const c_int;
    fn beamtap_emit_closed(event: *const c_void);
    fn beamtap_enabled_closed() -> *const c_int;
    fn beamtap_emit_port_register(event: *const c_void);
    fn beamtap_enabled_port_register() -> *const c_int;
    fn beamtap_emit_port_unregister(event: *const c_void);
    fn beamtap_enabled_port_unregister() -> *const c_int;
    fn beamtap_emit_port_getting_linked(event: *const c_void);
    fn beamtap_enabled_port_getting_linked() -> *const c_int;
    fn beamtap_emit_port_getting_unlinked(event: *const c_void);
    fn beamtap_enabled_port_getting_unlinked() -> *const c_int;
    fn beamtap_emit_port_in(event: *const c_void);
    fn beamtap_enabled_port_in() -> *const c_int;
    fn beamtap_emit_port_out(event: *const c_void);
    fn beamtap_enabled_port_out() -> *const c_int;
    fn beamtap_emit_seq_send(event: *const c_void);
    fn beamtap_enabled_seq_send() -> *const c_int;
    fn beamtap_emit_seq_receive(event: *const c_void);
    fn beamtap_enabled_seq_receive() -> *const c_int;
    fn beamtap_emit_seq_print(event: *const c_void);
    fn beamtap_enabled_seq_print() -> *const c_int;
    fn beamtap_emit_long_gc(event: *const c_void);
    fn beamtap_enabled_long_gc() -> *const c_int;
    fn beamtap_emit_large_heap(event: *const c_void);
    fn beamtap_enabled_large_heap() -> *const c_int;
    fn beamtap_emit_long_schedule(event: *const c_void);
    fn beamtap_enabled_long_schedule() -> *const c_int;
    fn beamtap_emit_port_long_schedule(event: *const c_void);
    fn beamtap_enabled_port_long_schedule() -> *const c_int;
    fn beamtap_emit_busy_port(event: *const c_void);
    fn beamtap_enabled_busy_port() -> *const c_int;
    fn beamtap_emit_busy_dist_port(event: *const c_void);
    fn beamtap_enabled_busy_dist_port() -> *const c_int;
    fn beamtap_emit_long_message_queue(event: *const c_void);
    fn beamtap_enabled_long_message_queue() -> *const c_int;
    fn beamtap_emit_scheduler_load(event: *const c_void);
    fn beamtap_enabled_scheduler_load() -> *const c_int;
    fn beamtap_emit_scheduler_states(event: *const c_void);
    fn beamtap_enabled_scheduler_states() -> *const c_int;
    fn beamtap_emit_run_queue(event: *const c_void);
    fn beamtap_enabled_run_queue() -> *const c_int;
    fn beamtap_emit_allocator(event: *const c_void);
    fn beamtap_enabled_allocator() -> *const c_int;
    fn beamtap_emit_payload_text(event: *const c_void);
    fn beamtap_enabled_payload_text() -> *const c_int;
    fn beamtap_emit_payload_size(event: *const c_void);
    fn beamtap_enabled_payload_size() -> *const c_int;
    fn beamtap_emit_mark(event: *const c_void);
    fn beamtap_enabled_mark() -> *const c_int;
    fn beamtap_emit_span_begin(event: *const c_void);
    fn beamtap_enabled_span_begin() -> *const c_int;
    fn beamtap_emit_span_end(event: *const c_void);
    fn beamtap_enabled_span_end() -> *const c_int;
    fn beamtap_emit_def_function(event: *const c_void);
    fn beamtap_enabled_def_function() -> *const c_int;
    fn beamtap_emit_def_ends(event: *const c_void);
    fn beamtap_enabled_def_ends() -> *const c_int;
    fn beamtap_emit_def_atom(event: *const c_void);
    fn beamtap_enabled_def_atom() -> *const c_int;
    fn beamtap_emit_def_process(event: *const c_void);
    fn beamtap_enabled_def_process() -> *const c_int;
    fn beamtap_emit_def_process_label(event: *const c_void);
    fn beamtap_enabled_def_process_label() -> *const c_int;
    fn beamtap_emit_def_module(event: *const c_void);
    fn beamtap_enabled_def_module() -> *const c_int;
    fn beamtap_emit_def_clock(event: *const c_void);
    fn beamtap_enabled_def_clock() -> *const c_int;
    fn beamtap_emit_def_thread(event: *const c_void);
    fn beamtap_enabled_def_thread() -> *const c_int;
    fn beamtap_emit_def_vm(event: *const c_void);
    fn beamtap_enabled_def_vm() -> *const c_int;
    fn beamtap_emit_caveat(event: *const c_void);
    fn beamtap_enabled_caveat() -> *const c_int;
    fn beamtap_emit_canary(event: *const c_void);
    fn beamtap_enabled_canary() -> *const c_int;
    fn beamtap_emit_gap(event: *const c_void);
    fn beamtap_enabled_gap() -> *const c_int;
    fn beamtap_emit_pause(event: *const c_void);
    fn beamtap_enabled_pause() -> *const c_int;
    fn beamtap_emit_resume(event: *const c_void);
    fn beamtap_enabled_resume() -> *const c_int;
    fn beamtap_emit_ended(event: *const c_void);
    fn beamtap_enabled_ended() -> *const c_int;
    fn beamtap_emit_counters(event: *const c_void);
    fn beamtap_enabled_counters() -> *const c_int;
}

/// Records one event, by kind.
pub(crate) const EMIT: [unsafe extern "C" fn(*const c_void); beamtap_schema::EVENT_COUNT] = [
    beamtap_emit_call,
    beamtap_emit_return_from,
    beamtap_emit_exception_from,
    beamtap_emit_return_to,
    beamtap_emit_send,
    beamtap_emit_send_to_non_existing_process,
    beamtap_emit_receive,
    beamtap_emit_receive_timeout,
    beamtap_emit_port_receive,
    beamtap_emit_spawn,
    beamtap_emit_spawned,
    beamtap_emit_exit,
    beamtap_emit_register,
    beamtap_emit_unregister,
    beamtap_emit_link,
    beamtap_emit_unlink,
    beamtap_emit_getting_linked,
    beamtap_emit_getting_unlinked,
    beamtap_emit_in,
    beamtap_emit_out,
    beamtap_emit_in_exiting,
    beamtap_emit_out_exiting,
    beamtap_emit_out_exited,
    beamtap_emit_gc_minor_start,
    beamtap_emit_gc_minor_end,
    beamtap_emit_gc_major_start,
    beamtap_emit_gc_major_end,
    beamtap_emit_gc_max_heap_size,
    beamtap_emit_open,
    beamtap_emit_closed,
    beamtap_emit_port_register,
    beamtap_emit_port_unregister,
    beamtap_emit_port_getting_linked,
    beamtap_emit_port_getting_unlinked,
    beamtap_emit_port_in,
    beamtap_emit_port_out,
    beamtap_emit_seq_send,
    beamtap_emit_seq_receive,
    beamtap_emit_seq_print,
    beamtap_emit_long_gc,
    beamtap_emit_large_heap,
    beamtap_emit_long_schedule,
    beamtap_emit_port_long_schedule,
    beamtap_emit_busy_port,
    beamtap_emit_busy_dist_port,
    beamtap_emit_long_message_queue,
    beamtap_emit_scheduler_load,
    beamtap_emit_scheduler_states,
    beamtap_emit_run_queue,
    beamtap_emit_allocator,
    beamtap_emit_payload_text,
    beamtap_emit_payload_size,
    beamtap_emit_mark,
    beamtap_emit_span_begin,
    beamtap_emit_span_end,
    beamtap_emit_def_function,
    beamtap_emit_def_ends,
    beamtap_emit_def_atom,
    beamtap_emit_def_process,
    beamtap_emit_def_process_label,
    beamtap_emit_def_module,
    beamtap_emit_def_clock,
    beamtap_emit_def_thread,
    beamtap_emit_def_vm,
    beamtap_emit_caveat,
    beamtap_emit_canary,
    beamtap_emit_gap,
    beamtap_emit_pause,
    beamtap_emit_resume,
    beamtap_emit_ended,
    beamtap_emit_counters,
];

/// Finds an event's switch, by kind.
pub(crate) const ENABLED: [unsafe extern "C" fn() -> *const c_int; beamtap_schema::EVENT_COUNT] = [
    beamtap_enabled_call,
    beamtap_enabled_return_from,
    beamtap_enabled_exception_from,
    beamtap_enabled_return_to,
    beamtap_enabled_send,
    beamtap_enabled_send_to_non_existing_process,
    beamtap_enabled_receive,
    beamtap_enabled_receive_timeout,
    beamtap_enabled_port_receive,
    beamtap_enabled_spawn,
    beamtap_enabled_spawned,
    beamtap_enabled_exit,
    beamtap_enabled_register,
    beamtap_enabled_unregister,
    beamtap_enabled_link,
    beamtap_enabled_unlink,
    beamtap_enabled_getting_linked,
    beamtap_enabled_getting_unlinked,
    beamtap_enabled_in,
    beamtap_enabled_out,
    beamtap_enabled_in_exiting,
    beamtap_enabled_out_exiting,
    beamtap_enabled_out_exited,
    beamtap_enabled_gc_minor_start,
    beamtap_enabled_gc_minor_end,
    beamtap_enabled_gc_major_start,
    beamtap_enabled_gc_major_end,
    beamtap_enabled_gc_max_heap_size,
    beamtap_enabled_open,
    beamtap_enabled_closed,
    beamtap_enabled_port_register,
    beamtap_enabled_port_unregister,
    beamtap_enabled_port_getting_linked,
    beamtap_enabled_port_getting_unlinked,
    beamtap_enabled_port_in,
    beamtap_enabled_port_out,
    beamtap_enabled_seq_send,
    beamtap_enabled_seq_receive,
    beamtap_enabled_seq_print,
    beamtap_enabled_long_gc,
    beamtap_enabled_large_heap,
    beamtap_enabled_long_schedule,
    beamtap_enabled_port_long_schedule,
    beamtap_enabled_busy_port,
    beamtap_enabled_busy_dist_port,
    beamtap_enabled_long_message_queue,
    beamtap_enabled_scheduler_load,
    beamtap_enabled_scheduler_states,
    beamtap_enabled_run_queue,
    beamtap_enabled_allocator,
    beamtap_enabled_payload_text,
    beamtap_enabled_payload_size,
    beamtap_enabled_mark,
    beamtap_enabled_span_begin,
    beamtap_enabled_span_end,
    beamtap_enabled_def_function,
    beamtap_enabled_def_ends,
    beamtap_enabled_def_atom,
    beamtap_enabled_def_process,
    beamtap_enabled_def_process_label,
    beamtap_enabled_def_module,
    beamtap_enabled_def_clock,
    beamtap_enabled_def_thread,
    beamtap_enabled_def_vm,
    beamtap_enabled_caveat,
    beamtap_enabled_canary,
    beamtap_enabled_gap,
    beamtap_enabled_pause,
    beamtap_enabled_resume,
    beamtap_enabled_ended,
    beamtap_enabled_counters,
];
