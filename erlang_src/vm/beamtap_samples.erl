%% @private
%% Samples schedulers and allocators at a steady pace. Each of the two classes has a process of its own.
%%
%% - `schedulers': their load, what they spend their time on, and how many processes wait for them. Each sample is the
%%   difference to the one before.
%% - `allocators': what they hold. One allocator is asked after the other, so that schedulers, each of which answers for its
%%   own instance, can do other work in between.
%%
%% The process has low priority. On a busy machine samples come late, and say how much time they cover.
-module(beamtap_samples).
-behaviour(gen_server).

-export([start_link/3, name/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).
-export_type([class/0]).

-type class() :: schedulers | allocators.
-type kind() :: scheduler | dirty_cpu | dirty_io.
%% What a sample of schedulers is compared with.
-type schedulers() :: #{
    at := integer(),
    loads := #{pos_integer() => {Active :: non_neg_integer(), Total :: non_neg_integer()}},
    states := #{{kind(), pos_integer()} => #{atom() => non_neg_integer()}}
}.
-type state() :: #{
    class := class(),
    slot := beamtap_nif:slot(),
    %% Milliseconds between two samples, and when the next is due.
    every := pos_integer(),
    next := integer(),
    %% The previous sample; allocators need none.
    previous := schedulers() | none
}.

%% A VM with extra microstate accounting counts more states. Each is added to the state in which other VMs count it.
-define(STATES, #{
    emulator => [emulator, bif, nif, send, ets],
    port => [port],
    gc => [gc, gc_full],
    check_io => [check_io],
    aux => [aux],
    other => [other, alloc, busy_wait, timers],
    sleep => [sleep]
}).

%% @doc The registered name of the process that samples a class.
-spec name(class()) -> atom().
name(schedulers) -> beamtap_schedulers;
name(allocators) -> beamtap_allocators.

%% @doc Samples a class every so many milliseconds.
-spec start_link(class(), beamtap_nif:slot(), pos_integer()) -> gen_server:start_ret().
start_link(Class, Slot, Ms) ->
    gen_server:start_link({local, name(Class)}, ?MODULE, {Class, Slot, Ms}, []).

-spec init({class(), beamtap_nif:slot(), pos_integer()}) -> {ok, state()}.
init({Class, Slot, Ms}) ->
    process_flag(sensitive, true),
    process_flag(priority, low),
    State = #{class => Class, slot => Slot, every => Ms, previous => first(Class), next => erlang:monotonic_time(millisecond)},
    {ok, later(State)}.

%% A tap shorter than the pace gets a sample too. A tap that may not emit any more needs none.
-spec handle_call(close, gen_server:from(), state()) -> {stop, normal, ok, state()}.
handle_call(close, _From, #{slot := Slot} = State) ->
    case beamtap_nif:tap_info(Slot) of
        #{state := armed} -> {stop, normal, ok, sampled(State)};
        _ -> {stop, normal, ok, State}
    end.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info(sample, State) ->
    {noreply, later(sampled(State))};
handle_info(_, State) ->
    {noreply, State}.

%% A sample that was missed is not taken later.
later(#{every := Ms, next := Last} = State) ->
    Now = erlang:monotonic_time(millisecond),
    Next = Last + Ms * ((max(0, Now - Last) div Ms) + 1),
    _ = erlang:send_after(Next, self(), sample, [{abs, true}]),
    State#{next := Next}.

first(schedulers) ->
    %% The VM measures for as long as this process lives.
    _ = erlang:system_flag(scheduler_wall_time, true),
    schedulers();
first(allocators) ->
    none.

sampled(#{class := schedulers, slot := Slot, previous := Previous} = State) ->
    State#{previous := sample_schedulers(Slot, Previous)};
sampled(#{class := allocators, slot := Slot} = State) ->
    ok = sample_allocators(Slot),
    State.

%%% Schedulers

sample_schedulers(Slot, #{at := Began, loads := Before, states := StatesBefore}) ->
    #{at := Ended, loads := Loads, states := States} = Sample = schedulers(),
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
    Sample.

schedulers() ->
    #{
        loads => maps:from_list([{Id, {Active, Total}} || {Id, Active, Total} <- erlang:statistics(scheduler_wall_time_all)]),
        states => maps:from_list([
            {{Kind, Number}, Counters}
         || #{type := Type, id := Number, counters := Counters} <- erlang:statistics(microstate_accounting),
            {ok, Kind} <- [kind_of(Type)]
        ]),
        at => erlang:monotonic_time(nanosecond)
    }.

%% The unit of scheduler_wall_time is unspecified. The quotient of two of its numbers is a share of the time that passed.
busy({Active, Total}, {ActiveBefore, TotalBefore}, Length) when Total > TotalBefore ->
    min(Length, max(0, Active - ActiveBefore) * Length div (Total - TotalBefore));
busy(_, _, _) ->
    0.

spent(Counters, Before) ->
    Spent = fun(State) ->
        %% Another tool may have reset the counters.
        lists:sum([max(0, maps:get(Part, Counters, 0) - maps:get(Part, Before, 0)) || Part <- maps:get(State, ?STATES)])
    end,
    list_to_tuple([
        erlang:convert_time_unit(Spent(State), perf_counter, nanosecond)
     || State <- [emulator, port, gc, check_io, aux, other, sleep]
    ]).

%% Normal schedulers are numbered first, then dirty CPU schedulers, then dirty I/O schedulers.
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

%% Each normal scheduler has a run queue. All dirty CPU schedulers share one, and so do all dirty I/O schedulers.
queues() ->
    Normal = [{scheduler, Id} || Id <- lists:seq(1, erlang:system_info(schedulers))],
    lists:zip(Normal ++ [{dirty_cpu, 0}, {dirty_io, 0}], erlang:statistics(run_queue_lengths_all)).

%%% Allocators

sample_allocators(Slot) ->
    _ = [
        beamtap_nif:observed(Slot, allocator, held(Allocator, Number, Facts))
     || Allocator <- erlang:system_info(alloc_util_allocators), {instance, Number, Facts} <- instances(Allocator)
    ],
    ok.

%% An allocator that is disabled has none.
instances(Allocator) ->
    case erlang:system_info({allocator, Allocator}) of
        Instances when is_list(Instances) -> Instances;
        false -> []
    end.

held(Allocator, Number, Facts) ->
    [Mbcs, Pool, Sbcs, Calls] = [proplists:get_value(Part, Facts, []) || Part <- [mbcs, mbcs_pool, sbcs, calls]],
    {
        Allocator,
        Number,
        {value(carriers, Mbcs), value(carriers_size, Mbcs), blocks(count, Mbcs), blocks(size, Mbcs)},
        {value(carriers, Pool), value(carriers_size, Pool)},
        {value(carriers, Sbcs), value(carriers_size, Sbcs), blocks(size, Sbcs)},
        {calls(mseg_alloc, Calls) + calls(sys_alloc, Calls), calls(mseg_dealloc, Calls) + calls(sys_free, Calls), calls(fetch, Pool)}
    }.

%% The form is {Key, Now, Max, MaxEver}, and {Key, Now} in the pool.
value(Key, List) ->
    case lists:keyfind(Key, 1, List) of
        false -> 0;
        Tuple -> element(2, Tuple)
    end.

%% A carrier can hold blocks of several allocators.
blocks(Key, List) ->
    lists:sum([value(Key, Known) || {blocks, Blocks} <- List, {_, Known} <- Blocks]).

calls(Key, List) ->
    case lists:keyfind(Key, 1, List) of
        {Key, Billions, Rest} -> Billions * 1000000000 + Rest;
        false -> 0
    end.
