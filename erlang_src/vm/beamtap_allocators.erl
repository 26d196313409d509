%% @private
%% What the VM's allocators hold, sampled: one allocator after the other, so that schedulers, each of which tells of its
%% own instance, do other things between.
-module(beamtap_allocators).

-export([first/0, sample/2]).

-spec first() -> none.
first() ->
    none.

-spec sample(beamtap_nif:slot(), none) -> none.
sample(Slot, none) ->
    _ = [
        beamtap_nif:observed(Slot, allocator, held(Allocator, Number, Told))
     || Allocator <- erlang:system_info(alloc_util_allocators), {instance, Number, Told} <- instances(Allocator)
    ],
    none.

%% None for an allocator that is switched off.
instances(Allocator) ->
    case erlang:system_info({allocator, Allocator}) of
        Instances when is_list(Instances) -> Instances;
        false -> []
    end.

held(Allocator, Number, Told) ->
    [Mbcs, Pool, Sbcs, Calls] = [proplists:get_value(Part, Told, []) || Part <- [mbcs, mbcs_pool, sbcs, calls]],
    {
        Allocator,
        Number,
        {value(carriers, Mbcs), value(carriers_size, Mbcs), blocks(count, Mbcs), blocks(size, Mbcs)},
        {value(carriers, Pool), value(carriers_size, Pool)},
        {value(carriers, Sbcs), value(carriers_size, Sbcs), blocks(size, Sbcs)},
        {calls(mseg_alloc, Calls) + calls(sys_alloc, Calls), calls(mseg_dealloc, Calls) + calls(sys_free, Calls), calls(fetch, Pool)}
    }.

%% Sizes and numbers stand as {Key, Now, Max, MaxEver}, those of the pool as {Key, Now}.
value(Key, List) ->
    case lists:keyfind(Key, 1, List) of
        false -> 0;
        Tuple -> element(2, Tuple)
    end.

%% A carrier may hold blocks of several allocators.
blocks(Key, List) ->
    lists:sum([value(Key, Known) || {blocks, Blocks} <- List, {_, Known} <- Blocks]).

calls(Key, List) ->
    case lists:keyfind(Key, 1, List) of
        {Key, Billions, Rest} -> Billions * 1000000000 + Rest;
        false -> 0
    end.
