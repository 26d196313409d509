%% @doc How the classes that no trace flag makes are recorded: the options about them, checked. Pure.
-module(beamtap_sampling).

-export([keys/0, defaults/0, option/2]).
-export_type([options/0, checked/0, thresholds/0]).

%% What the system monitor tells of; `false' leaves it out. Times in milliseconds, heaps in words.
%% `long_message_queue' is `{Short, Long}': told of when the queue is Long, and again when it is no longer than Short;
%% OTP 27 and later.
-type thresholds() :: #{
    long_gc => pos_integer() | false,
    long_schedule => pos_integer() | false,
    large_heap => pos_integer() | false,
    long_message_queue => {Short :: non_neg_integer(), Long :: pos_integer()} | false,
    busy_port => boolean(),
    busy_dist_port => boolean()
}.
%% `system_monitor': what is left out of it keeps its default. `sample_every' (milliseconds): how often the classes
%% `schedulers' and `allocators' are sampled.
-type options() :: #{system_monitor => thresholds() | [{atom(), term()}], sample_every => 100..3600000}.
-type checked() :: #{
    system_monitor := #{atom() => term()},
    sample_every := pos_integer(),
    atom() => term()
}.

%% Longer than an application that is well does anything at one go.
-define(DEFAULT_LONG_GC_MS, 50).
-define(DEFAULT_LONG_SCHEDULE_MS, 50).
%% 80 MB on a 64-bit VM.
-define(DEFAULT_LARGE_HEAP_WORDS, 10485760).
-define(DEFAULT_SAMPLE_EVERY_MS, 1000).
%% A sample of everything takes some tenths of a millisecond for each scheduler.
-define(MIN_SAMPLE_EVERY_MS, 100).
-define(MAX_SAMPLE_EVERY_MS, 3600000).
%% Times and heaps that fit the VM's small integers on any machine.
-define(MAX_THRESHOLD, 16#7FFFFFF).

%% @doc The keys of the options that are about sampling.
-spec keys() -> [atom()].
keys() ->
    [system_monitor, sample_every].

%% @doc What holds unless something else is said. A `long_message_queue' of `default' is what the VM allows.
-spec defaults() -> checked().
defaults() ->
    #{system_monitor => thresholds(), sample_every => ?DEFAULT_SAMPLE_EVERY_MS}.

thresholds() ->
    #{
        long_gc => ?DEFAULT_LONG_GC_MS,
        long_schedule => ?DEFAULT_LONG_SCHEDULE_MS,
        large_heap => ?DEFAULT_LARGE_HEAP_WORDS,
        long_message_queue => default,
        busy_port => true,
        busy_dist_port => true
    }.

%% @doc One option, checked by itself. Throws an error.
-spec option(atom(), term()) -> term().
option(sample_every, Ms) when is_integer(Ms), Ms >= ?MIN_SAMPLE_EVERY_MS, Ms =< ?MAX_SAMPLE_EVERY_MS ->
    Ms;
option(sample_every, Other) ->
    bad([], sample_every, Other, "sample_every is a time in milliseconds from 100 to 3600000");
option(system_monitor, Given) ->
    Known = beamtap_shape:keyed(Given, maps:keys(thresholds())),
    maps:merge(thresholds(), maps:map(fun threshold/2, Known)).

threshold(_, false) -> false;
threshold(Flag, true) when Flag =:= busy_port; Flag =:= busy_dist_port -> true;
threshold(long_message_queue, {Short, Long} = Bounds) when
    is_integer(Short), is_integer(Long), Short >= 0, Long > Short, Long =< ?MAX_THRESHOLD
->
    Bounds;
threshold(Limit, N) when
    Limit =/= long_message_queue, Limit =/= busy_port, Limit =/= busy_dist_port, is_integer(N), N >= 1, N =< ?MAX_THRESHOLD
->
    N;
threshold(Key, Other) ->
    bad(
        beamtap_wording:either("system_monitor => ", "system_monitor: "),
        Key,
        Other,
        wanted(Key)
    ).

wanted(long_message_queue) -> "long_message_queue is {Short, Long}, in messages, or false";
wanted(large_heap) -> "large_heap is a number of words, or false";
wanted(Key) when Key =:= busy_port; Key =:= busy_dist_port -> [atom_to_list(Key), " is true or false"];
wanted(Key) -> [atom_to_list(Key), " is a time in milliseconds, or false"].

-spec bad(unicode:chardata(), atom(), term(), unicode:chardata()) -> no_return().
bad(Within, Key, Value, Want) ->
    beamtap_shape:fail(bad_option, [Within, beamtap_wording:setting(Key, Value), " cannot be"], Want).
