%% @doc How LTTng records: its options, checked, and where it writes. Pure.
-module(beamtap_mode).

-export([keys/0, defaults/0, option/2, complete/1, places/3, writes_here/1]).
-export_type([mode/0, options/0, checked/0, place/0]).

%% `local': into a directory of this machine. `{net, Url}': to a relay daemon. `live': to a relay daemon that viewers read
%% meanwhile; without a URL one is started on 127.0.0.1, which keeps the trace in the directory, too. `snapshot': a flight
%% recorder, which keeps the newest events in memory until {@link beamtap:snapshot/2} writes them into the directory, or
%% sends them to a relay daemon. Milliseconds limit how long an event waits before viewers see it. URLs:
%% `net://HOST[:CONTROL_PORT[:DATA_PORT]]', `net6://[HOST]...'.
-type mode() ::
    local
    | {local, file:name_all()}
    | {net, Url :: unicode:chardata()}
    | live
    | {live, Milliseconds :: pos_integer()}
    | {live, Url :: unicode:chardata(), Milliseconds :: pos_integer()}
    | snapshot
    | {snapshot, Url :: unicode:chardata()}.
%% `mode': one, or several of different kinds at once. `buffers': a preset for each CPU, `low' (64 KiB x 4), `default'
%% (512 KiB x 8) or `high' (2 MiB x 16); `subbuf_size' (bytes) and `num_subbuf' change it. `on_full': what goes when no
%% sub-buffer is free, the new event (`discard', counted exactly) or the oldest packets (`overwrite', as a flight recorder
%% does). `buffers_per': whose the buffers are, the user's (`uid'; they outlive a VM that is killed) or the VM's own (`pid').
%% A tap's buffers never hold another VM's events. `switch_timer': write half full sub-buffers every so many milliseconds.
%% `files': limits each stream's files. `rotate': after so many milliseconds or bytes, close what was written as a chunk of
%% its own, complete and readable, and keep so many chunks. `shm_path': a directory for the ring buffers; what a crash left
%% there is recovered when the next tap with the same directory starts. `trace_format': Common Trace Format 1.8 or 2;
%% LTTng's own choice by default, and before 2.15 always 1.8.
-type options() :: #{
    mode => mode() | [mode()],
    buffers => low | default | high,
    subbuf_size => pos_integer(),
    num_subbuf => pos_integer(),
    on_full => discard | overwrite,
    buffers_per => uid | pid,
    switch_timer => pos_integer(),
    files => #{size := pos_integer(), count => pos_integer()},
    rotate => #{every => pos_integer(), size => pos_integer(), keep => pos_integer()} | pos_integer(),
    shm_path => file:name_all(),
    trace_format => ctf1 | ctf2
}.
-type checked() :: #{
    mode := [tuple()],
    subbuf_size := pos_integer(),
    num_subbuf := pos_integer(),
    on_full := default | discard | overwrite,
    buffers_per := uid | pid,
    switch_timer := non_neg_integer(),
    files := #{size := non_neg_integer(), count := non_neg_integer()},
    rotate := none | #{every := non_neg_integer(), size := non_neg_integer(), keep := pos_integer() | infinity},
    shm_path := none | binary(),
    trace_format := default | ctf1 | ctf2,
    atom() => term()
}.
%% Where one LTTng session of a tap writes; `directory' where that is on this machine.
-type place() :: #{
    kind := local | net | live | snapshot,
    name := binary(),
    native := tuple(),
    directory => binary(),
    url => binary(),
    keep => pos_integer()
}.

%% The ring buffer of each CPU: 4 MiB hold some tens of milliseconds of a full-speed flood.
-define(DEFAULT_SUBBUF_SIZE_BYTES, 524288).
-define(DEFAULT_NUM_SUBBUF, 8).
%% LTTng takes no sub-buffer smaller than a memory page; more than this is a slip of the finger.
-define(MIN_SUBBUF_SIZE_BYTES, 4096).
-define(MAX_SUBBUF_SIZE_BYTES, 1073741824).
-define(MAX_NUM_SUBBUF, 65536).
-define(DEFAULT_LIVE_MS, 500).
%% LTTng counts its timers in microseconds, in 32 bits.
-define(MAX_TIMER_MS, 4294967).
-define(MAX_BYTES, 16#FFFFFFFFFFFF).

%% @doc The keys of the options that are about recording.
-spec keys() -> [atom()].
keys() ->
    [mode, buffers, subbuf_size, num_subbuf, on_full, buffers_per, switch_timer, files, rotate, shm_path, trace_format].

%% @doc What holds unless something else is said. {@link complete/1} adds the sizes of the preset.
-spec defaults() -> map().
defaults() ->
    #{
        mode => [{local, default}],
        buffers => default,
        on_full => default,
        buffers_per => uid,
        switch_timer => 0,
        files => #{size => 0, count => 0},
        rotate => none,
        shm_path => none,
        trace_format => default
    }.

%% @doc One option, checked by itself. Throws an error.
-spec option(atom(), term()) -> term().
option(mode, Modes) when is_list(Modes) ->
    case Modes =/= [] andalso beamtap_shape:is_proper(Modes) of
        true -> distinct([mode(Mode) || Mode <- Modes], Modes);
        false -> bad(mode, Modes)
    end;
option(mode, Mode) ->
    [mode(Mode)];
option(buffers, Preset) when Preset =:= low; Preset =:= default; Preset =:= high -> Preset;
option(subbuf_size, N) when
    is_integer(N), N >= ?MIN_SUBBUF_SIZE_BYTES, N =< ?MAX_SUBBUF_SIZE_BYTES, N band (N - 1) =:= 0
->
    N;
option(num_subbuf, N) when is_integer(N), N >= 2, N =< ?MAX_NUM_SUBBUF, N band (N - 1) =:= 0 -> N;
option(on_full, OnFull) when OnFull =:= discard; OnFull =:= overwrite -> OnFull;
option(buffers_per, Whose) when Whose =:= uid; Whose =:= pid -> Whose;
option(switch_timer, Ms) when is_integer(Ms), Ms >= 1, Ms =< ?MAX_TIMER_MS -> Ms;
option(files, #{size := Size} = Files) when is_integer(Size), Size >= 1, Size =< ?MAX_BYTES ->
    case maps:merge(#{count => 0}, Files) of
        #{count := Count} = Known when map_size(Known) =:= 2, is_integer(Count), Count >= 0, Count =< ?MAX_BYTES -> Known;
        _ -> bad(files, Files)
    end;
option(files, [_ | _] = Pairs) ->
    option(files, beamtap_shape:keyed(Pairs, [size, count]));
option(rotate, Ms) when is_integer(Ms) ->
    option(rotate, #{every => Ms});
option(rotate, #{} = Given) ->
    Known = maps:merge(#{every => 0, size => 0, keep => infinity}, Given),
    case Known of
        #{every := Every, size := Size, keep := Keep} when
            map_size(Known) =:= 3,
            is_integer(Every), Every >= 0, Every =< ?MAX_BYTES,
            is_integer(Size), Size >= 0, Size =< ?MAX_BYTES,
            Every + Size > 0,
            (Keep =:= infinity orelse (is_integer(Keep) andalso Keep >= 1))
        ->
            Known;
        _ ->
            bad(rotate, Given)
    end;
option(rotate, [_ | _] = Pairs) ->
    option(rotate, beamtap_shape:keyed(Pairs, [every, size, keep]));
option(trace_format, Format) when Format =:= ctf1; Format =:= ctf2 -> Format;
option(shm_path, Name) ->
    {local, Path} = directory(shm_path, Name),
    filename:absname(Path);
option(Key, Other) ->
    bad(Key, Other).

mode(local) -> {local, default};
mode({local, Name}) -> directory(mode, Name);
mode({net, Url}) -> {net, url(Url)};
mode(live) -> {relayd, ?DEFAULT_LIVE_MS};
mode({live, Ms}) when is_integer(Ms) -> {relayd, live_ms(Ms)};
mode({live, Url, Ms}) -> {live, url(Url), live_ms(Ms)};
mode(snapshot) -> {snapshot, default};
mode({snapshot, Url}) -> {snapshot, url(Url)};
mode(Other) -> bad(mode, Other).

live_ms(Ms) when is_integer(Ms), Ms >= 1, Ms =< ?MAX_TIMER_MS -> Ms;
live_ms(Other) -> bad(mode, {live, Other}).

directory(Key, Name) ->
    case beamtap_shape:file_name(Name) of
        {ok, Path} -> {local, Path};
        error -> bad(Key, Name)
    end.

url(Text) ->
    try unicode:characters_to_binary(Text) of
        <<"net://", Rest/binary>> = Url when Rest =/= <<>> -> Url;
        <<"net6://", Rest/binary>> = Url when Rest =/= <<>> -> Url;
        _ -> bad_url(Text)
    catch
        error:_ -> bad_url(Text)
    end.

distinct(Checked, Given) ->
    Kinds = [kind(Mode) || Mode <- Checked],
    case lists:usort(Kinds) =:= lists:sort(Kinds) of
        true -> Checked;
        false -> bad(mode, Given)
    end.

kind({relayd, _}) -> live;
kind(Mode) -> element(1, Mode).

%% @doc The options together: sizes of the preset where none were given. Throws an error for those that cannot go
%% together.
-spec complete(map()) -> map().
complete(#{buffers := Preset, buffers_per := Whose, mode := Modes, rotate := Rotate, output := Output} = Opts) ->
    Streams = [Mode || Mode <- Modes, lists:member(kind(Mode), [local, net])],
    Rotate =/= none andalso Streams =:= [] andalso
        conflict(rotate, mode),
    Whose =:= pid andalso lists:any(fun(Mode) -> kind(Mode) =:= snapshot end, Modes) andalso
        conflict(buffers_per, mode),
    Named = [Mode || {local, Path} = Mode <- Modes, Path =/= default],
    Output =/= default andalso Named =/= [] andalso
        conflict(output, mode),
    Placed =
        case Named of
            [] -> Opts;
            [{local, Path}] -> Opts#{output := Path, mode := [{local, default} | Modes -- Named]}
        end,
    maps:merge(preset(Preset), Placed).

preset(low) -> #{subbuf_size => 65536, num_subbuf => 4};
preset(default) -> #{subbuf_size => ?DEFAULT_SUBBUF_SIZE_BYTES, num_subbuf => ?DEFAULT_NUM_SUBBUF};
preset(high) -> #{subbuf_size => 2097152, num_subbuf => 16}.

%% @doc Whether anything is written into the tap's directory on this machine.
-spec writes_here(checked()) -> boolean().
writes_here(#{mode := Modes}) ->
    lists:any(fun is_here/1, Modes).

is_here({local, _}) -> true;
is_here({relayd, _}) -> true;
is_here({snapshot, default}) -> true;
is_here(_) -> false.

%% @doc The LTTng sessions of a tap. A tap of one mode has its directory to itself; of several, each has a directory
%% of its kind's name below it.
-spec places(checked(), Path :: binary(), Name :: binary()) -> [place()].
places(#{mode := [Mode]} = Opts, Path, Name) ->
    [place(Mode, Path, Name, Opts)];
places(#{mode := Modes} = Opts, Path, Name) ->
    [
        begin
            Kind = atom_to_binary(kind(Mode)),
            place(Mode, filename:join(Path, Kind), <<Name/binary, "-", Kind/binary>>, Opts)
        end
     || Mode <- Modes
    ].

place(Mode, Path, Name, Opts) ->
    maps:merge(#{kind => kind(Mode), name => Name}, target(Mode, Path, Opts)).

target({local, _}, Path, Opts) -> maps:merge(#{native => {local, Path}, directory => Path}, keep(Opts));
target({net, Url}, _, _) -> #{native => {net, Url}, url => Url};
target({relayd, Ms}, Path, _) -> #{native => {relayd, Path, Ms * 1000}, directory => Path};
target({live, Url, Ms}, _, _) -> #{native => {live, Url, Ms * 1000}, url => Url};
target({snapshot, default}, Path, _) -> #{native => {snapshot, Path}, directory => Path};
target({snapshot, Url}, _, _) -> #{native => {snapshot_net, Url}, url => Url}.

keep(#{rotate := #{keep := Keep}}) when is_integer(Keep) -> #{keep => Keep};
keep(_) -> #{}.

-spec bad(atom(), term()) -> no_return().
bad(Key, Value) -> beamtap_shape:refuse(#{reason => bad_option, option => Key, value => Value}).

-spec bad_url(term()) -> no_return().
bad_url(Url) -> beamtap_shape:refuse(#{reason => bad_option, option => mode, url => Url}).

%% Two options that do not go together.
-spec conflict(atom(), atom()) -> no_return().
conflict(Key, Other) -> beamtap_shape:refuse(#{reason => bad_option, option => Key, conflict => Other}).
