%% A tracer that does nothing, and the bare tracepoint: see bench_nif.c.
-module(bench_nif).
-export([
    enabled/3, enabled_call/3, enabled_send/3, enabled_receive/3, enabled_procs/3,
    enabled_running_procs/3, enabled_garbage_collection/3,
    trace/5, trace_receive/5, trace_procs/5, trace_running_procs/5, trace_garbage_collection/5,
    tracepoint/6, thread_ns/0
]).
-on_load(init/0).

init() ->
    erlang:load_nif(filename:join(os:getenv("BENCH_DIR"), "bench_nif"), 0).

enabled(_, _, _) -> stub().
enabled_call(_, _, _) -> stub().
enabled_send(_, _, _) -> stub().
enabled_receive(_, _, _) -> stub().
enabled_procs(_, _, _) -> stub().
enabled_running_procs(_, _, _) -> stub().
enabled_garbage_collection(_, _, _) -> stub().
trace(_, _, _, _, _) -> stub().
trace_receive(_, _, _, _, _) -> stub().
trace_procs(_, _, _, _, _) -> stub().
trace_running_procs(_, _, _, _, _) -> stub().
trace_garbage_collection(_, _, _, _, _) -> stub().
tracepoint(_, _, _, _, _, _) -> stub().
thread_ns() -> stub().

stub() -> erlang:nif_error(not_loaded).
