%% @private
%% Ring buffers that a crash left in a tap's `shm_path'. Beside the buffers of an LTTng session is a link to its trace,
%% `NAME.trace'. The next tap with the same `shm_path' has beamtapd recover the buffers into that trace.
-module(beamtap_remains).

-export([mark/3, unmark/1, recover/2, flights/0]).
-export_type([recovery/0]).

%% What becomes of the buffers of one LTTng session. `events' are those in the whole trace; what the crash left is in its
%% directory `recovered'. For a flight recorder that was written when its VM was killed there is no count.
-type recovery() :: #{
    session := binary(),
    state := recovering | recovered | failed,
    trace => binary(),
    events => non_neg_integer(),
    reason => binary()
}.

-define(LINK, ".trace").
%% beamtapd has a time limit of its own, which is shorter.
-define(RECOVER_MS, 660000).
%% beamtapd's exit status if a process still uses the buffers.
-define(IN_USE, 3).

%% @doc Makes the link to where the LTTng session of this name writes. Returns the link.
-spec mark(ShmPath :: binary(), Name :: binary(), Trace :: binary()) -> {ok, binary()} | {error, file:posix()}.
mark(ShmPath, Name, Trace) ->
    Link = link_of(ShmPath, Name),
    %% LTTng makes the directory only with the first buffer.
    _ = filelib:ensure_path(ShmPath),
    case file:make_symlink(Trace, Link) of
        ok -> {ok, Link};
        {error, Reason} when is_atom(Reason) -> {error, Reason}
    end.

link_of(ShmPath, Name) -> <<(filename:join(ShmPath, Name))/binary, ?LINK>>.

%% @doc What became of flight recorders of killed VMs of this node's name. Each is returned once.
-spec flights() -> [recovery()].
flights() ->
    [flight(Name, Written) || {Name, Written} <- beamtap_nif:flights(beamtap_definitions:stem_of_node())].

flight(Name, {ok, Trace}) ->
    logger:notice("beamtap: what the flight recorder ~ts of a VM that was killed held is in ~ts", [Name, Trace]),
    #{session => Name, state => recovered, trace => Trace};
flight(Name, {error, Reason}) ->
    logger:warning("beamtap: what the flight recorder ~ts of a VM that was killed held is not written: ~ts", [Name, Reason]),
    #{session => Name, state => failed, reason => Reason}.

%% @doc The LTTng session has ended in order.
-spec unmark(binary()) -> ok.
unmark(Link) ->
    _ = file:delete(Link),
    ok.

%% @doc Recovers buffers that a crash left in this `shm_path', one LTTng session after another, unless they are in use. Whenever
%% something is new, the process is sent `{beamtap_remains, [recovery()]}'.
-spec recover(ShmPath :: binary() | none, pid()) -> ok.
recover(none, _) ->
    ok;
recover(ShmPath, Listener) ->
    case marked(ShmPath) of
        [] ->
            ok;
        Names ->
            %% It may take longer than the tap.
            _ = proc_lib:spawn(fun() -> recover_left(ShmPath, left(ShmPath, Names), Listener) end),
            ok
    end.

%% The LTTng sessions that have, or had, their buffers there.
marked(ShmPath) ->
    [
        Name
     || {ok, Files} <- [file:list_dir(ShmPath)],
        File <- lists:sort(Files),
        ?LINK =:= filename:extension(File),
        Name <- [unicode:characters_to_binary(filename:rootname(File))],
        is_binary(Name)
    ].

%% The daemon of an existing LTTng session writes its buffers itself. Of one that ended in order only the link may be left.
left(ShmPath, Names) ->
    case beamtap_nif:sessions() of
        {ok, Known} ->
            {Left, Gone} = lists:partition(fun(Name) -> filelib:is_dir(filename:join(ShmPath, Name)) end, Names -- Known),
            lists:foreach(fun(Name) -> unmark(link_of(ShmPath, Name)) end, Gone),
            Left;
        {error, _} ->
            []
    end.

recover_left(_, [], _) ->
    ok;
recover_left(ShmPath, Names, Listener) ->
    Begun = [#{session => Name, state => recovering} || Name <- Names],
    Tell = fun(Recoveries) -> Listener ! {beamtap_remains, Recoveries} end,
    _ = Tell(Begun),
    _ = lists:foldl(
        fun(#{session := Name} = Recovery, {Done, [_ | Rest]}) ->
            Now = Done ++ [maps:merge(Recovery, Ended) || Ended <- recover_one(ShmPath, Name)],
            _ = Tell(Now ++ Rest),
            {Now, Rest}
        end,
        {[], Begun},
        Begun
    ),
    ok.

recover_one(ShmPath, Name) ->
    Directory = filename:join(ShmPath, Name),
    Link = link_of(ShmPath, Name),
    case {file:read_link_all(Link), beamtap_sidecar:capture(["recover", Directory, "--remove", "--json"], ?RECOVER_MS)} of
        {{ok, Trace}, {0, Said}} ->
            %% LTTng's directory for the buffers is empty now.
            _ = file:del_dir(Directory),
            Events = events(Said),
            logger:notice("beamtap: ~b events in ~ts, with those that a crash had left in ~ts", [Events, Trace, Directory]),
            [#{state => recovered, trace => unicode:characters_to_binary(Trace), events => Events}];
        {_, {?IN_USE, _}} ->
            [];
        {_, Failed} ->
            %% Another tap may have recovered it meanwhile.
            [failed(Directory, failure(Failed)) || filelib:is_dir(Directory)]
    end.

failed(Directory, Reason) ->
    logger:warning("beamtap: what a crash left in ~ts is not recovered: ~ts", [Directory, Reason]),
    #{state => failed, reason => Reason}.

events(Json) ->
    {match, [Number]} = re:run(Json, "\"read\":\\s*(\\d+)", [{capture, all_but_first, binary}]),
    binary_to_integer(Number).

failure({error, #{reason := no_beamtapd}}) -> <<"beamtapd cannot be run">>;
failure(timeout) -> <<"beamtapd did not end in time">>;
failure({_, Said}) -> string:trim(Said).
