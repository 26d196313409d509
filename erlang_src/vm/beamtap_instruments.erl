%% @private
%% The classes that no trace flag makes: sequential tracing, the system monitor, and samples. While a tap records such a class,
%% a registered process is in charge of it. A class belongs to one tap at a time.
%%
%% What the process sets in the VM is reset when it exits, except microstate accounting and the system tracer. The tap
%% process, or the janitor, resets these.
-module(beamtap_instruments).

-export([classes/0, split/1, holder/1, open/3, close/2, clean/2, lost/3]).
-export_type([class/0, running/0, how/0]).

-type class() :: seq_trace | system_monitor | schedulers | allocators.
-type running() :: #{class() => pid()}.
-type how() :: #{tap := beamtap:tap(), slot := beamtap_nif:slot(), sampling := beamtap_options:sampling()}.

-define(CLASSES, (beamtap_spec:instruments())).
%% The process has this much time for events under way. Then it is killed.
-define(CLOSE_MS, 1000).

-spec classes() -> [class()].
classes() -> ?CLASSES.

%% @doc Divides classes into instruments and trace flags.
-spec split([beamtap_spec:class()]) -> {[class()], [beamtap_spec:class()]}.
split(Classes) ->
    lists:partition(fun(Class) -> lists:member(Class, ?CLASSES) end, Classes).

%% @doc The process in charge of a class, if there is one.
-spec holder(class()) -> pid() | undefined.
holder(Class) ->
    whereis(name(Class)).

name(seq_trace) -> beamtap_seq_trace;
name(system_monitor) -> beamtap_system_monitor;
name(Class) -> beamtap_samples:name(Class).

%% @doc Records these classes too. After an error everything is as before.
-spec open([class()], how(), running()) -> {ok, running()} | beamtap_error:error().
open(Classes, How, Running) ->
    open(Classes, How, Running, Running).

open([], _, _, Running) ->
    {ok, Running};
open([Class | Rest], How, Before, Running) when is_map_key(Class, Running) ->
    open(Rest, How, Before, Running);
open([Class | Rest], How, Before, Running) ->
    case start(Class, How) of
        {ok, Pid} ->
            open(Rest, How, Before, Running#{Class => Pid});
        {error, Reason} ->
            _ = close(maps:get(tap, How), maps:without(maps:keys(Before), Running)),
            error_of(Class, Reason)
    end.

start(seq_trace, #{slot := Slot}) ->
    beamtap_seq_trace:start_link(Slot);
start(system_monitor, #{slot := Slot, sampling := #{system_monitor := Thresholds}}) ->
    beamtap_system_monitor:start_link(Slot, Thresholds);
start(schedulers, #{tap := Tap} = How) ->
    ok = accounting_on(Tap),
    case sampler(schedulers, How) of
        {ok, Pid} ->
            {ok, Pid};
        {error, _} = Error ->
            ok = put_back(schedulers, Tap),
            Error
    end;
start(allocators, How) ->
    sampler(allocators, How).

sampler(Class, #{slot := Slot, sampling := #{sample_every := Ms}}) ->
    beamtap_samples:start_link(Class, Slot, Ms).

error_of(_, {shutdown, {error, #{}} = Error}) ->
    Error;
error_of(Class, Reason) ->
    {error, #{reason => not_started, class => Class, cause => Reason}}.

%% @doc Stops these. Events under way are recorded. Returns the first failure.
-spec close(beamtap:tap(), running()) -> ok | beamtap_nif:failure().
close(Tap, Running) ->
    Answers = [ended(Class, Tap, Pid) || {Class, Pid} <- maps:to_list(Running)],
    hd([Failure || Failure <- Answers, Failure =/= ok] ++ [ok]).

ended(Class, Tap, Pid) ->
    Answer =
        try
            gen_server:call(Pid, close, ?CLOSE_MS)
        catch
            %% It has exited already, or will be killed.
            exit:_ -> ok
        end,
    ok = kill(Pid),
    ok = put_back(Class, Tap),
    Answer.

%% What it has set is reset when it exits.
kill(Pid) ->
    Monitor = monitor(process, Pid),
    exit(Pid, kill),
    receive
        {'DOWN', Monitor, process, Pid, _} -> ok
    end.

%% @doc Stops what a tap records according to the ledger.
-spec clean(beamtap:tap(), beamtap_ledger:entry()) -> ok.
clean(Tap, #{instruments := Classes}) ->
    lists:foreach(
        fun(Class) ->
            _ = [kill(Pid) || Pid <- [holder(Class)], is_pid(Pid)],
            put_back(Class, Tap)
        end,
        Classes
    );
clean(_, _) ->
    ok.

%% @doc A linked process has exited. If it was in charge of a class: the classes left, and that class.
-spec lost(beamtap:tap(), pid(), running()) -> {running(), class()} | none.
lost(Tap, Pid, Running) ->
    case [Class || {Class, Known} <- maps:to_list(Running), Known =:= Pid] of
        [Class] ->
            ok = put_back(Class, Tap),
            {maps:remove(Class, Running), Class};
        [] ->
            none
    end.

%%% Settings of the whole node

accounting_on(Tap) ->
    case is_accounting() of
        true ->
            ok;
        false ->
            ok = beamtap_ledger:note(Tap, #{accounting => ours}),
            _ = erlang:system_flag(microstate_accounting, true),
            ok
    end.

%% The flag cannot be read without setting it. While it is on, the counters increase.
is_accounting() ->
    [First, Second] = [lists:sort(erlang:statistics(microstate_accounting)) || _ <- [first, second]],
    First =/= Second.

put_back(schedulers, Tap) ->
    case beamtap_ledger:entry(Tap) of
        {ok, #{accounting := ours}} ->
            _ = erlang:system_flag(microstate_accounting, false),
            beamtap_ledger:note(Tap, #{accounting => theirs});
        _ ->
            ok
    end;
put_back(seq_trace, Tap) ->
    case beamtap_ledger:entry(Tap) of
        {ok, #{slot := Slot}} ->
            _ = beamtap_vm:sequence_off({beamtap_nif, Slot}),
            ok;
        _ ->
            ok
    end;
put_back(_, _) ->
    ok.
