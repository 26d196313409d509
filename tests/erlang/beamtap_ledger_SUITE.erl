%% What the ledger knows while taps change and end at once, and what they leave in the VM.
-module(beamtap_ledger_SUITE).

-export([all/0, suite/0, init_per_testcase/2]).
-export([last_tap_takes_functions_away/1, taps_end_at_once/1, notes_at_once/1, struck_out_stays_so/1]).
-export([living_sessions_are_spared/1, killed_before_slot_was_noted/1, killed_while_holding/1, janitor_ends_while_asked/1]).
%% Traced
-export([work/1]).

-define(TAPS, 4).
-define(ROUNDS, 200).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        last_tap_takes_functions_away,
        taps_end_at_once,
        notes_at_once,
        struck_out_stays_so,
        living_sessions_are_spared,
        killed_before_slot_was_noted,
        killed_while_holding,
        janitor_ends_while_asked
    ].

%% A ledger of the test's own.
init_per_testcase(_, Config) ->
    _ = application:stop(beamtap),
    %% The one of a case before outlives its process.
    _ = ets:whereis(beamtap_ledger) =/= undefined andalso ets:delete(beamtap_ledger),
    Config.

%% Before OTP 27 the taps of a VM share its patterns, and the last one takes them away: whichever that is, whether it ends
%% itself or is cleaned up after, and also while the one before is not struck out of the ledger yet.
last_tap_takes_functions_away(_) ->
    ok = beamtap_ledger:create(),
    lists:foreach(
        fun({First, Last}) ->
            ok = opened({tap, -1}),
            ok = opened({tap, -2}),
            {traced, local} = erlang:trace_info({?MODULE, work, 1}, traced),
            ok = First({tap, -1}),
            {traced, local} = erlang:trace_info({?MODULE, work, 1}, traced),
            ok = Last({tap, -2}),
            {traced, false} = erlang:trace_info({?MODULE, work, 1}, traced),
            ok = beamtap_ledger:strike({tap, -1}),
            ok = beamtap_ledger:strike({tap, -2})
        end,
        [{First, Last} || First <- [fun closed/1, fun cleaned/1], Last <- [fun closed/1, fun cleaned/1]]
    ).

taps_end_at_once(_) ->
    ok = beamtap_seed:new(?FUNCTION_NAME),
    ok = beamtap_ledger:create(),
    Taps = [{tap, -N} || N <- lists:seq(1, ?TAPS)],
    lists:foreach(
        fun(_) ->
            lists:foreach(fun opened/1, Taps),
            at_once([
                fun() ->
                    ok = End(Tap),
                    beamtap_ledger:strike(Tap)
                end
             || Tap <- Taps, End <- [beamtap_seed:one_of([fun closed/1, fun cleaned/1])]
            ]),
            {traced, false} = erlang:trace_info({?MODULE, work, 1}, traced)
        end,
        lists:seq(1, ?ROUNDS)
    ).

opened(Tap) ->
    Grip = #{tracer => {beamtap_nif, 0}, session => none, arguments => false},
    ok = beamtap_ledger:write(Tap, #{session => self(), path => <<>>, vm => Grip, asked => []}),
    beamtap_tracing:functions_on((tracing(Tap))#{grip => Grip}).

closed(Tap) ->
    {ok, #{vm := Grip}} = beamtap_ledger:entry(Tap),
    beamtap_tracing:close((tracing(Tap))#{grip => Grip}).

cleaned(Tap) ->
    {ok, Entry} = beamtap_ledger:entry(Tap),
    beamtap_tracing:clean(Tap, Entry).

tracing(Tap) ->
    Asked = [{{?MODULE, work, 1}, [{'_', [], []}]}],
    Wish = #{classes => [call], inherit => [], targets => [], asked => Asked, limits => beamtap_returns:none(), patterns => []},
    beamtap_tracing:new(Tap, Wish, #{owner => self()}).

notes_at_once(_) ->
    ok = beamtap_ledger:create(),
    ok = beamtap_ledger:write({tap, -1}, #{session => self(), path => <<>>}),
    Keys = [{key, N} || N <- lists:seq(1, 16)],
    at_once([fun() -> ok = beamtap_ledger:note({tap, -1}, #{Key => Value}) end || Key <- Keys, Value <- lists:seq(1, 20)]),
    {ok, Entry} = beamtap_ledger:entry({tap, -1}),
    [] = Keys -- maps:keys(Entry),
    #{session := Session, path := <<>>} = Entry,
    Session = self().

struck_out_stays_so(_) ->
    ok = beamtap_ledger:create(),
    lists:foreach(
        fun(_) ->
            ok = beamtap_ledger:write({tap, -1}, #{session => self(), path => <<>>}),
            at_once([
                fun() -> beamtap_ledger:strike({tap, -1}) end
                | [fun() -> beamtap_ledger:note({tap, -1}, #{slot => N}) end || N <- lists:seq(1, 8)]
            ]),
            none = beamtap_ledger:entry({tap, -1})
        end,
        lists:seq(1, ?ROUNDS)
    ).

%% A tap that starts while others are cleaned up after is none of them.
living_sessions_are_spared(_) ->
    ok = beamtap_ledger:create(),
    [Dead, Alive] = [beamtap_worker:start(), beamtap_worker:start()],
    ok = beamtap_ledger:write({tap, -1}, #{session => Dead, path => <<>>}),
    ok = beamtap_ledger:write({tap, -2}, #{session => Alive, path => <<>>}),
    killed(Dead),
    [{tap, -1}] = beamtap_janitor:sweep(),
    {ok, _} = beamtap_ledger:entry({tap, -2}),
    killed(Alive).

%% What the library knows of a session is closed, whatever the ledger knows.
killed_before_slot_was_noted(_) ->
    ok = beamtap_ledger:create(),
    ok = beamtap_native:load(),
    {Session, Slot} = session_with_slot({tap, -1}),
    [Slot] = beamtap_nif:taps_of(Session),
    killed(Session),
    [{tap, -1}] = beamtap_janitor:sweep(),
    [] = beamtap_nif:taps_of(Session),
    {error, no_tap} = beamtap_nif:tap_info(Slot).

%% Each tap holds emission for itself: what one that is killed held is let go, and what another holds is not.
killed_while_holding(_) ->
    ok = beamtap_ledger:create(),
    ok = beamtap_native:load(),
    {Session, Slot} = session_with_slot({tap, -1}),
    {Other, OtherSlot} = session_with_slot({tap, -2}),
    false = is_held(),
    _ = [ok = beamtap_worker:does(Pid, fun() -> beamtap_nif:hold(Held) end) || {Pid, Held} <- [{Session, Slot}, {Other, OtherSlot}]],
    true = is_held(),
    killed(Session),
    [{tap, -1}] = beamtap_janitor:sweep(),
    true = is_held(),
    ok = beamtap_nif:release(OtherSlot),
    false = is_held(),
    %% Cleaned up after before it came to hold.
    {error, not_quiet} = beamtap_nif:hold(Slot),
    false = is_held(),
    killed(Other),
    [{tap, -2}] = beamtap_janitor:sweep().

is_held() ->
    case beamtap_nif:dump_labels([]) of
        ok -> false;
        {error, no_slot} -> true
    end.

session_with_slot(Tap) ->
    Session = beamtap_worker:start(),
    ok = beamtap_ledger:write(Tap, #{session => Session, path => <<>>}),
    {ok, Slot} = beamtap_worker:does(Session, fun() ->
        beamtap_nif:tap_open(self(), #{events => infinity, deadline_ms => infinity})
    end),
    {Session, Slot}.

%% The application may stop while somebody asks for a tap.
janitor_ends_while_asked(_) ->
    Janitor = spawn(fun() ->
        receive
            {'$gen_call', _, settle} -> exit(shutdown)
        end
    end),
    true = register(beamtap_janitor, Janitor),
    ok = beamtap_janitor:settle(),
    false = is_process_alive(Janitor).

killed(Pid) ->
    Monitor = monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

%% Each in a process of its own, let go together.
at_once(Acts) ->
    Started = [
        spawn_monitor(fun() ->
            receive
                go -> ok = Act()
            end
        end)
     || Act <- Acts
    ],
    _ = [Pid ! go || {Pid, _} <- Started],
    lists:foreach(
        fun({Pid, Monitor}) ->
            receive
                {'DOWN', Monitor, process, Pid, Reason} -> normal = Reason
            end
        end,
        Started
    ).

work(N) -> N.
