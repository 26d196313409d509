%% The shortest proof that beamtap works on a VM and an LTTng it was not built with. Each check answers ok or fails.
-module(matrix_smoke).

-export([workload/0, owner_exit/0, dbg/0]).
%% Traced
-export([traced/1]).

-define(CLASSES, [call, return_to, send, 'receive', procs, running, exiting, garbage_collection]).

%% Every class at once: each event emitted is read, none is discarded, and the calls are those that were made.
workload() ->
    Output = "/beamtap/traces/workload",
    Receipt = workload:record(Output, ?CLASSES, #{events => infinity}),
    #{discarded := 0, lost := 0, problems := [], events := #{<<"call">> := 21991, <<"gc_minor_end">> := _}} = Receipt,
    residual_is_zero(Output).

residual_is_zero(Output) ->
    Info = os:cmd("/native/beamtapd info --json '" ++ Output ++ "'"),
    [
        {match, _} = re:run(Info, ["\"", Key, "\": 0,"], [{capture, first}])
     || Key <- ["residual", "discarded", "lost", "gap"]
    ],
    ok.

%% The death of a tap's owner takes away all that the tap had set.
owner_exit() ->
    {ok, _} = application:ensure_all_started(beamtap),
    ok = beamtap_native:load(),
    Before = beamtap_world:snapshot(),
    Owner = spawn(fun() -> receive never -> ok end end),
    Spec = #{functions => ["matrix_smoke:traced/1 -> return"], classes => [procs]},
    {ok, Tap} = beamtap:start(Spec, #{owner => Owner, output => "/beamtap/traces/owner_exit"}),
    false = Before =:= beamtap_world:snapshot(),
    1 = traced(1),
    exit(Owner, kill),
    ok = beamtap_world:settled(Before),
    {ok, #{ended_by := owner, events := #{<<"call">> := 1}}} = beamtap:stop(Tap),
    ok.

%% A session made with the lttng command records what dbg switches on.
dbg() ->
    Output = "/beamtap/traces/dbg",
    "" = os:cmd("lttng-sessiond --daemonize --no-kernel --pidfile=/beamtap/sessiond.pid 2>&1"),
    [
        0 = status(["lttng --no-sessiond ", Arguments])
     || Arguments <- [["create matrix --output=", Output], "enable-event --userspace 'beamtap:*'", "start"]
    ],
    {ok, _} = dbg:tracer(module, beamtap:tracer()),
    ok = beamtap_nif:await_enabled([<<"call">>], 10000),
    {ok, _} = dbg:p(self(), [c]),
    {ok, _} = dbg:tpl(?MODULE, traced, 1, []),
    [N = traced(N) || N <- lists:seq(1, 10)],
    ok = dbg:stop(),
    0 = status("lttng --no-sessiond stop"),
    0 = status("lttng --no-sessiond destroy"),
    10 = beamtap_world:calls(Output, ?MODULE, traced),
    ok.

traced(N) -> N.

status(Command) ->
    Text = os:cmd([Command, " 2>&1; printf ' %d' $?"]),
    Status = list_to_integer(lists:last(string:lexemes(Text, " "))),
    Status =:= 0 orelse io:put_chars(Text),
    Status.
