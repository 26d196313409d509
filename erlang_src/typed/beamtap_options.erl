%% @doc The options of {@link beamtap:start/2}, checked. Those about how LTTng records are {@link beamtap_mode}'s, those about
%% what events carry {@link beamtap_payload}'s. Pure.
-module(beamtap_options).

-export([check/2, keys/1, sampling/1]).
-export_type([options/0, checked/0, sampling/0, thresholds/0]).

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
-type options() ::
    #{
        for => pos_integer() | infinity,
        events => pos_integer() | infinity,
        rate => pos_integer() | infinity,
        output => file:name_all(),
        payload => beamtap_payload:option(),
        owner => pid(),
        known_bad => refuse | allow,
        system_monitor => thresholds() | [{atom(), term()}],
        sample_every => 100..3600000,
        %% And {@link beamtap_mode:options()}.
        atom() => term()
    }
    | [{atom(), term()}].

-type checked() :: #{
    for := pos_integer() | infinity,
    events := pos_integer() | infinity,
    rate := pos_integer() | infinity,
    output := binary() | default,
    payload := beamtap_payload:checked(),
    owner := pid(),
    known_bad := refuse | allow,
    system_monitor := #{atom() => term()},
    sample_every := pos_integer(),
    %% And {@link beamtap_mode:checked()}.
    atom() => term()
}.

%% What the classes that no trace flag makes are recorded with.
-type sampling() :: #{system_monitor := #{atom() => term()}, sample_every := pos_integer()}.

%% A tap ends by itself after this many milliseconds...
-define(DEFAULT_FOR_MS, 10000).
%% ...or this many events, whichever comes first.
-define(DEFAULT_EVENTS, 1000000).
%% Ten years; longer times do not fit LTTng's and the VM's timers.
-define(MAX_FOR_MS, 315360000000).
-define(MAX_EVENTS, 16#FFFFFFFFFFFF).

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

%% @doc The keys of both arguments, the most used first. No key is both, so each may stand in either argument.
-spec keys(spec | option) -> [atom()].
keys(spec) -> [functions, classes, targets];
keys(option) -> [for, events, rate, payload, output, owner, known_bad, system_monitor, sample_every | beamtap_mode:keys()].

%% @doc Of checked options, those about sampling.
-spec sampling(checked()) -> sampling().
sampling(Checked) -> maps:with([system_monitor, sample_every], Checked).

%% @doc Checks the options; Owner is the owner unless another is named.
-spec check(term(), pid()) -> {ok, checked()} | beamtap_error:error().
check(Opts, Owner) ->
    Defaults = (beamtap_mode:defaults())#{
        for => ?DEFAULT_FOR_MS,
        events => ?DEFAULT_EVENTS,
        rate => infinity,
        output => default,
        payload => beamtap_payload:none(),
        owner => Owner,
        known_bad => refuse,
        system_monitor => thresholds(),
        sample_every => ?DEFAULT_SAMPLE_EVERY_MS
    },
    try
        Given = keyed(Opts),
        {ok, fitting(beamtap_mode:complete(maps:merge(Defaults, maps:map(fun opt/2, Given))))}
    catch
        throw:{error, _} = Error -> Error
    end.

%% As recon and dbg are called: recon's second argument is how many, a process alone is whom.
keyed(Number) when is_integer(Number) ->
    refuse(#{reason => bad_shape, expected => options, value => Number, meant => events});
keyed(Pid) when is_pid(Pid) ->
    refuse(#{reason => bad_shape, expected => options, value => Pid, belongs => targets});
keyed(Given) ->
    Keys = #{spec => keys(spec), option => keys(option)},
    beamtap_shape:keyed(Given, keys(option), fun(Key) -> beamtap_shape:unknown_key(option, Key, Keys) end).

%%% Options

opt(Bound, infinity) when Bound =:= for; Bound =:= events; Bound =:= rate -> infinity;
opt(for, Ms) when is_integer(Ms), Ms >= 1, Ms =< ?MAX_FOR_MS -> Ms;
opt(events, N) when is_integer(N), N >= 1, N =< ?MAX_EVENTS -> N;
opt(rate, N) when is_integer(N), N >= 1, N =< ?MAX_EVENTS -> N;
opt(owner, Pid) when is_pid(Pid), node(Pid) =:= node() -> Pid;
opt(known_bad, What) when What =:= refuse; What =:= allow -> What;
opt(sample_every, Ms) when is_integer(Ms), Ms >= ?MIN_SAMPLE_EVERY_MS, Ms =< ?MAX_SAMPLE_EVERY_MS -> Ms;
opt(payload, Payload) ->
    case beamtap_payload:check(Payload) of
        {ok, Checked} -> Checked;
        error -> bad(payload, Payload)
    end;
opt(output, Name) ->
    case beamtap_shape:file_name(Name) of
        {ok, Path} -> Path;
        error -> bad(output, Name)
    end;
opt(system_monitor, Given) ->
    Known = beamtap_shape:keyed(Given, maps:keys(thresholds())),
    maps:merge(thresholds(), maps:map(fun threshold/2, Known));
opt(Key, Value) ->
    case lists:member(Key, beamtap_mode:keys()) of
        true -> beamtap_mode:option(Key, Value);
        false -> bad(Key, Value)
    end.

-spec bad(atom(), term()) -> no_return().
bad(Key, Value) -> refuse(#{reason => bad_option, option => Key, value => Value}).

-spec refuse(beamtap_error:reason()) -> no_return().
refuse(Reason) -> beamtap_shape:refuse(Reason).

%% LTTng drops an event that is larger than a sub-buffer without counting it.
fitting(#{payload := Payload, subbuf_size := Size} = Opts) ->
    case beamtap_payload:longest(Payload) of
        Longest when Longest * 2 =< Size -> Opts;
        Longest -> refuse(#{reason => bad_option, option => payload, longest => Longest, subbuf_size => Size})
    end.

%%% The system monitor

%% A `long_message_queue' of `default' is what the VM allows.
thresholds() ->
    #{
        long_gc => ?DEFAULT_LONG_GC_MS,
        long_schedule => ?DEFAULT_LONG_SCHEDULE_MS,
        large_heap => ?DEFAULT_LARGE_HEAP_WORDS,
        long_message_queue => default,
        busy_port => true,
        busy_dist_port => true
    }.

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
    refuse(#{reason => bad_option, option => Key, within => system_monitor, value => Other}).
