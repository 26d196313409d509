// Rendered from native/schema/src/otp.rs by `cargo test -p beamtap-schema`. Do not edit.

use std::ffi::{c_int, c_void};

extern "C" {
    fn org_erlang_dyntrace_emit_process_spawn(event: *const c_void);
    fn org_erlang_dyntrace_enabled_process_spawn() -> *const c_int;
    fn org_erlang_dyntrace_emit_process_link(event: *const c_void);
    fn org_erlang_dyntrace_enabled_process_link() -> *const c_int;
    fn org_erlang_dyntrace_emit_process_exit(event: *const c_void);
    fn org_erlang_dyntrace_enabled_process_exit() -> *const c_int;
    fn org_erlang_dyntrace_emit_process_register(event: *const c_void);
    fn org_erlang_dyntrace_enabled_process_register() -> *const c_int;
    fn org_erlang_dyntrace_emit_process_scheduled(event: *const c_void);
    fn org_erlang_dyntrace_enabled_process_scheduled() -> *const c_int;
    fn org_erlang_dyntrace_emit_port_open(event: *const c_void);
    fn org_erlang_dyntrace_enabled_port_open() -> *const c_int;
    fn org_erlang_dyntrace_emit_port_exit(event: *const c_void);
    fn org_erlang_dyntrace_enabled_port_exit() -> *const c_int;
    fn org_erlang_dyntrace_emit_port_link(event: *const c_void);
    fn org_erlang_dyntrace_enabled_port_link() -> *const c_int;
    fn org_erlang_dyntrace_emit_port_scheduled(event: *const c_void);
    fn org_erlang_dyntrace_enabled_port_scheduled() -> *const c_int;
    fn org_erlang_dyntrace_emit_function_call(event: *const c_void);
    fn org_erlang_dyntrace_enabled_function_call() -> *const c_int;
    fn org_erlang_dyntrace_emit_function_return(event: *const c_void);
    fn org_erlang_dyntrace_enabled_function_return() -> *const c_int;
    fn org_erlang_dyntrace_emit_function_exception(event: *const c_void);
    fn org_erlang_dyntrace_enabled_function_exception() -> *const c_int;
    fn org_erlang_dyntrace_emit_message_send(event: *const c_void);
    fn org_erlang_dyntrace_enabled_message_send() -> *const c_int;
    fn org_erlang_dyntrace_emit_message_receive(event: *const c_void);
    fn org_erlang_dyntrace_enabled_message_receive() -> *const c_int;
    fn org_erlang_dyntrace_emit_gc_minor_start(event: *const c_void);
    fn org_erlang_dyntrace_enabled_gc_minor_start() -> *const c_int;
    fn org_erlang_dyntrace_emit_gc_minor_end(event: *const c_void);
    fn org_erlang_dyntrace_enabled_gc_minor_end() -> *const c_int;
    fn org_erlang_dyntrace_emit_gc_major_start(event: *const c_void);
    fn org_erlang_dyntrace_enabled_gc_major_start() -> *const c_int;
    fn org_erlang_dyntrace_emit_gc_major_end(event: *const c_void);
    fn org_erlang_dyntrace_enabled_gc_major_end() -> *const c_int;
}

/// Records one event, by kind.
pub(crate) const EMIT: [unsafe extern "C" fn(*const c_void); beamtap_schema::OTP_EVENT_COUNT] = [
    org_erlang_dyntrace_emit_process_spawn,
    org_erlang_dyntrace_emit_process_link,
    org_erlang_dyntrace_emit_process_exit,
    org_erlang_dyntrace_emit_process_register,
    org_erlang_dyntrace_emit_process_scheduled,
    org_erlang_dyntrace_emit_port_open,
    org_erlang_dyntrace_emit_port_exit,
    org_erlang_dyntrace_emit_port_link,
    org_erlang_dyntrace_emit_port_scheduled,
    org_erlang_dyntrace_emit_function_call,
    org_erlang_dyntrace_emit_function_return,
    org_erlang_dyntrace_emit_function_exception,
    org_erlang_dyntrace_emit_message_send,
    org_erlang_dyntrace_emit_message_receive,
    org_erlang_dyntrace_emit_gc_minor_start,
    org_erlang_dyntrace_emit_gc_minor_end,
    org_erlang_dyntrace_emit_gc_major_start,
    org_erlang_dyntrace_emit_gc_major_end,
];

/// Finds an event's switch, by kind.
pub(crate) const ENABLED: [unsafe extern "C" fn() -> *const c_int; beamtap_schema::OTP_EVENT_COUNT] = [
    org_erlang_dyntrace_enabled_process_spawn,
    org_erlang_dyntrace_enabled_process_link,
    org_erlang_dyntrace_enabled_process_exit,
    org_erlang_dyntrace_enabled_process_register,
    org_erlang_dyntrace_enabled_process_scheduled,
    org_erlang_dyntrace_enabled_port_open,
    org_erlang_dyntrace_enabled_port_exit,
    org_erlang_dyntrace_enabled_port_link,
    org_erlang_dyntrace_enabled_port_scheduled,
    org_erlang_dyntrace_enabled_function_call,
    org_erlang_dyntrace_enabled_function_return,
    org_erlang_dyntrace_enabled_function_exception,
    org_erlang_dyntrace_enabled_message_send,
    org_erlang_dyntrace_enabled_message_receive,
    org_erlang_dyntrace_enabled_gc_minor_start,
    org_erlang_dyntrace_enabled_gc_minor_end,
    org_erlang_dyntrace_enabled_gc_major_start,
    org_erlang_dyntrace_enabled_gc_major_end,
];
