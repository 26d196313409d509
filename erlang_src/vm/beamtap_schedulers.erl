%% @private
%% What schedulers do, sampled: their load, what they spend their time on, and how many wait for them.
-module(beamtap_schedulers).

-export([first/0, sample/2]).

-type kind() :: scheduler | dirty_cpu | dirty_io.
-type known() :: #{
    at := integer(),
    loads := #{pos_integer() => {Active :: non_neg_integer(), Total :: non_neg_integer()}},
    states := #{{kind(), pos_integer()} => #{atom() => non_neg_integer()}}
}.

%% States that only a VM with extra microstate accounting tells apart, and where other VMs count them.
-define(STATES, #{
    emulator => [emulator, bif, nif, send, ets],
    port => [port],
    gc => [gc, gc_full],
    check_io => [check_io],
    aux => [aux],
    other => [other, alloc, busy_wait, timers],
    sleep => [sleep]
}).

%% @doc What the first sample is compared with. The VM measures as long as this process lives.
-spec first() -> known().
first() ->
    _ = erlang:system_flag(scheduler_wall_time, true),
    known().

-spec sample(beamtap_nif:slot(), known()) -> known().
sample(Slot, #{at := Began, loads := Before, states := StatesBefore}) ->
    #{at := Ended, loads := Loads, states := States} = Known = known(),
    Length = Ended - Began,
    _ = [
        beamtap_nif:observed(Slot, scheduler_load, {Kind, Number, busy(Load, maps:get(Id, Before, {0, 0}), Length), Length})
     || {Id, Load} <- lists:sort(maps:to_list(Loads)), {Kind, Number} <- [kind(Id)], Length > 0
    ],
    _ = [
        beamtap_nif:observed(Slot, scheduler_states, {Kind, Number, spent(Counters, maps:get(Scheduler, StatesBefore, #{}))})
     || {{Kind, Number} = Scheduler, Counters} <- lists:sort(maps:to_list(States))
    ],
    _ = [beamtap_nif:observed(Slot, run_queue, {Kind, Number, Waiting}) || {{Kind, Number}, Waiting} <- queues()],
    Known.

known() ->
    #{
        loads => maps:from_list([{Id, {Active, Total}} || {Id, Active, Total} <- erlang:statistics(scheduler_wall_time_all)]),
        states => maps:from_list([
            {{Kind, Number}, Counters}
         || #{type := Type, id := Number, counters := Counters} <- erlang:statistics(microstate_accounting),
            {ok, Kind} <- [kind_of(Type)]
        ]),
        at => erlang:monotonic_time(nanosecond)
    }.

%% The unit of scheduler_wall_time is unspecified; its quotient is a share of the time that passed.
busy({Active, Total}, {ActiveBefore, TotalBefore}, Length) when Total > TotalBefore ->
    min(Length, max(0, Active - ActiveBefore) * Length div (Total - TotalBefore));
busy(_, _, _) ->
    0.

spent(Counters, Before) ->
    Spent = fun(State) ->
        %% Somebody else may have set them back.
        lists:sum([max(0, maps:get(Part, Counters, 0) - maps:get(Part, Before, 0)) || Part <- maps:get(State, ?STATES)])
    end,
    list_to_tuple([
        erlang:convert_time_unit(Spent(State), perf_counter, nanosecond)
     || State <- [emulator, port, gc, check_io, aux, other, sleep]
    ]).

%% Schedulers come first, then those for dirty work on the CPU, then those for input and output.
kind(Id) ->
    Normal = erlang:system_info(schedulers),
    Cpu = Normal + erlang:system_info(dirty_cpu_schedulers),
    if
        Id =< Normal -> {scheduler, Id};
        Id =< Cpu -> {dirty_cpu, Id - Normal};
        true -> {dirty_io, Id - Cpu}
    end.

kind_of(scheduler) -> {ok, scheduler};
kind_of(dirty_cpu_scheduler) -> {ok, dirty_cpu};
kind_of(dirty_io_scheduler) -> {ok, dirty_io};
kind_of(_) -> none.

%% One for each scheduler, and two that all of a kind share.
queues() ->
    Normal = [{scheduler, Id} || Id <- lists:seq(1, erlang:system_info(schedulers))],
    lists:zip(Normal ++ [{dirty_cpu, 0}, {dirty_io, 0}], erlang:statistics(run_queue_lengths_all)).
