%% What the ledger knows while taps change and end at once, and what they leave in the VM.
-module(beamtap_ledger_SUITE).

-export([all/0, suite/0, init_per_testcase/2]).
-export([last_tap_takes_functions_away/1, taps_end_at_once/1, notes_at_once/1, struck_out_stays_so/1]).
%% Traced
-export([work/1]).

-define(TAPS, 4).
-define(ROUNDS, 200).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [last_tap_takes_functions_away, taps_end_at_once, notes_at_once, struck_out_stays_so].

%% A ledger of the test's own.
init_per_testcase(_, Config) ->
    _ = application:stop(beamtap),
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
    ok = beamtap_ledger:create(),
    Taps = [{tap, -N} || N <- lists:seq(1, ?TAPS)],
    lists:foreach(
        fun(_) ->
            lists:foreach(fun opened/1, Taps),
            at_once([
                fun() ->
                    ok = (one_of([fun closed/1, fun cleaned/1]))(Tap),
                    beamtap_ledger:strike(Tap)
                end
             || Tap <- Taps
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
    beamtap_tracing:new(Tap, self(), #{classes => [call], inherit => [], targets => [], asked => Asked}, #{}).

one_of(Things) -> lists:nth(rand:uniform(length(Things)), Things).

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
