%% The class `seq_trace' with a real LTTng: beamtap as the VM's system tracer.
-module(beamtap_seq_trace_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([sequence/1, changes/1, one_tap/1, foreign_tracer/1, taken_over/1, nothing_stays/1]).

-import(beamtap_world, [emits/2, number/1]).

-import(beamtap_sessiond, [before/1]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [sequence, changes, one_tap, foreign_tracer, taken_over, nothing_stays].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) ->
    _ = seq_trace:set_system_tracer(false),
    beamtap_sessiond:end_case(Config).

%% What is sent, received and printed under a token, whoever does it, and nothing else.
sequence(Config) ->
    Tap = start(seq_trace, #{}, ?FUNCTION_NAME, Config),
    Echo = echo(),
    self() ! untold,
    ok = asked(Echo, 4711),
    emits(Tap, 5),
    #{path := Path, events := Counted} = stop(Tap),
    #{<<"seq_send">> := 2, <<"seq_receive">> := 2, <<"seq_print">> := 1} = Counted,
    Told = beamtap_world:events(Path, [seq_send, seq_receive, seq_print]),
    [seq_send, seq_receive, seq_send, seq_receive, seq_print] = [Name || {Name, _} <- Told],
    [4711] = lists:usort([Label || {_, #{label := Label}} <- Told]),
    {Self, Other} = {number(self()), number(Echo)},
    [{Self, Other}, {Self, Other}, {Other, Self}, {Other, Self}] = [{From, To} || {_, #{from := From, to := To}} <- Told],
    [0, 1, 2, 3 | _] = lists:usort([Serial || {_, #{previous := P, serial := S}} <- Told, Serial <- [P, S]]).

%% As any class it is added and dropped while the tap runs.
changes(Config) ->
    Tap = start(#{classes => [procs], targets => self()}, #{}, ?FUNCTION_NAME, Config),
    false = seq_trace:get_system_tracer(),
    ok = asked(echo(), 1),
    {ok, _} = beamtap:add(Tap, seq_trace),
    ok = asked(echo(), 2),
    beamtap_world:until(fun() ->
        {ok, #{classes := Classes}} = beamtap:info(Tap),
        lists:member(seq_trace, Classes)
    end),
    {ok, _} = beamtap:drop(Tap, seq_trace),
    false = seq_trace:get_system_tracer(),
    ok = asked(echo(), 3),
    #{path := Path} = stop(Tap),
    [2] = lists:usort([Label || {seq_send, #{label := Label}} <- beamtap_world:events(Path, [seq_send])]).

one_tap(Config) ->
    Tap = start(seq_trace, #{}, ?FUNCTION_NAME, Config),
    {error, #{reason := traced_by_tap, tap := Tap}} = beamtap:start(seq_trace),
    _ = stop(Tap),
    _ = stop(start(seq_trace, #{}, again, Config)).

foreign_tracer(Config) ->
    Foreign = beamtap_worker:start(),
    false = seq_trace:set_system_tracer(Foreign),
    {error, #{reason := traced_by_others, message := Message}} = beamtap:start(seq_trace),
    {_, _} = binary:match(Message, list_to_binary(pid_to_list(Foreign))),
    Tap = start(procs, #{}, ?FUNCTION_NAME, Config),
    {error, #{reason := traced_by_others}} = beamtap:add(Tap, seq_trace),
    {ok, #{classes := [procs]}} = beamtap:info(Tap),
    _ = stop(Tap),
    Foreign = seq_trace:set_system_tracer(false),
    exit(Foreign, kill).

%% Whoever takes it over keeps it, and the receipt says so.
taken_over(Config) ->
    Tap = start(seq_trace, #{}, ?FUNCTION_NAME, Config),
    Foreign = beamtap_worker:start(),
    {beamtap_nif, _} = seq_trace:set_system_tracer(Foreign),
    {ok, #{problems := [Problem]}} = beamtap:stop(Tap),
    {_, _} = binary:match(Problem, <<"system tracer">>),
    Foreign = seq_trace:set_system_tracer(false),
    exit(Foreign, kill).

nothing_stays(Config) ->
    lists:foreach(
        fun(How) ->
            Owner = beamtap_worker:start(),
            Tap = start(seq_trace, #{owner => Owner}, How, Config),
            {beamtap_nif, _} = seq_trace:get_system_tracer(),
            ok = ended(How, Tap, Owner),
            beamtap_world:settled(before(Config)),
            exit(Owner, kill)
        end,
        [stop, owner, session, process, application]
    ).

ended(stop, Tap, _) ->
    {ok, #{problems := []}} = beamtap:stop(Tap),
    ok;
ended(owner, _, Owner) ->
    exit(Owner, kill),
    ok;
ended(session, _, _) ->
    [exit(Pid, kill) || {_, Pid, _, _} <- supervisor:which_children(beamtap_session_sup)],
    ok;
ended(process, Tap, _) ->
    exit(whereis(beamtap_seq_trace), kill),
    beamtap_world:until(fun() -> seq_trace:get_system_tracer() =:= false end),
    {ok, #{problems := [Problem]}} = beamtap:stop(Tap),
    {_, _} = binary:match(Problem, <<"seq_trace is recorded no more">>),
    ok;
ended(application, _, _) ->
    ok = application:stop(beamtap),
    {ok, _} = application:ensure_all_started(beamtap),
    ok.

%%% Within

echo() ->
    spawn(fun() ->
        receive
            {From, What} -> From ! {self(), What}
        end
    end).

%% A question and its answer under a token with this label, and a word about them.
asked(Echo, Label) ->
    0 = seq_trace:set_token(label, Label),
    [seq_trace:set_token(Flag, true) || Flag <- [send, 'receive', print]],
    Echo ! {self(), hello},
    receive
        {Echo, hello} -> ok
    end,
    seq_trace:print(Label, done),
    seq_trace:set_token([]),
    ok.

start(Spec, Opts, Case, Config) ->
    {ok, Tap} = beamtap:start(Spec, Opts#{output => beamtap_world:scratch(Case, Config), for => infinity}),
    Tap.

stop(Tap) ->
    {ok, #{problems := [], discarded := 0, lost := 0} = Receipt} = beamtap:stop(Tap),
    Receipt.
