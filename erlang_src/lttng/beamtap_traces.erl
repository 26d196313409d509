%% @private
%% The traces below the default place: marked while their taps run, listed, and removed beyond what is to be kept.
%%
%% Nothing is removed unless beamtap's environment says what to keep: a trace may be all that is left of an incident.
-module(beamtap_traces).

-export([begin_trace/1, end_trace/1, list/0, keep/0, check_keep/1]).
-export_type([trace/0, keep/0]).

%% A trace of beamtap's: `running' while its tap may still write it; `interrupted' when its VM ended first; `elsewhere'
%% when that VM cannot be seen from here. `begun' and `changed' are seconds since 1970, in UTC.
-type trace() :: #{
    path := binary(),
    node := binary(),
    state := running | finished | interrupted | elsewhere,
    bytes := non_neg_integer(),
    begun := non_neg_integer(),
    changed := non_neg_integer()
}.
%% The newest traces, so many and of so many bytes, and those that changed within so many milliseconds. A number alone is
%% how many.
-type keep() :: #{number => pos_integer(), bytes => pos_integer(), age => pos_integer()} | pos_integer().

-define(KEYS, [number, bytes, age]).
-define(MOST, 16#FFFFFFFFFFFF).

%% @doc Marks the directory as a trace of this VM's. Without a mark it is neither listed nor removed.
-spec begin_trace(binary()) -> ok.
begin_trace(Path) ->
    _ = beamtap_nif:trace_begin(Path, atom_to_binary(node())),
    ok.

%% @doc Notes that nobody writes the trace any more, and removes traces beyond what is to be kept.
-spec end_trace(binary()) -> ok.
end_trace(Path) ->
    case beamtap_nif:trace_end(Path) of
        ok ->
            %% It may be gigabytes: nobody waits for it.
            _ = [proc_lib:spawn(fun keep/0) || application:get_env(beamtap, keep) =/= undefined],
            ok;
        {error, _} ->
            ok
    end.

%% @doc The traces below the default place, the newest first.
-spec list() -> {ok, [trace()]} | beamtap_error:error().
list() ->
    within(fun(Base) ->
        case beamtap_nif:traces_in(Base) of
            {ok, Traces} ->
                {ok, [
                    #{path => Path, node => Node, state => State, bytes => Bytes, begun => Begun, changed => Changed}
                 || {Path, Node, State, Bytes, Begun, Changed} <- Traces
                ]};
            {error, Why} ->
                unreadable(Why)
        end
    end).

%% @doc Removes finished traces beyond what beamtap's environment says is to be kept.
-spec keep() -> {ok, Removed :: [binary()]} | beamtap_error:error().
keep() ->
    case beamtap_environment:keep() of
        {ok, none} -> {ok, []};
        {ok, Keep} -> within(fun(Base) -> keep(Base, Keep) end);
        {error, _} = Error -> Error
    end.

keep(Base, Keep) ->
    [Number, Bytes, Age] = [maps:get(Key, Keep, infinity) || Key <- ?KEYS],
    case beamtap_nif:traces_keep(Base, Number, Bytes, Age) of
        {ok, Removed, Failures} ->
            _ = [logger:notice("beamtap: the trace ~ts is removed: it is beyond what is to be kept", [Path]) || Path <- Removed],
            _ = [logger:warning("beamtap: a trace beyond what is to be kept is not removed: ~ts", [Why]) || Why <- Failures],
            {ok, Removed};
        {error, Why} ->
            unreadable(Why)
    end.

%% @doc What is to be kept, checked.
-spec check_keep(term()) -> {ok, #{number => pos_integer(), bytes => pos_integer(), age => pos_integer()}} | error.
check_keep(Number) when is_integer(Number) ->
    check_keep(#{number => Number});
check_keep([_ | _] = Pairs) ->
    case lists:all(fun(Pair) -> is_tuple(Pair) andalso tuple_size(Pair) =:= 2 end, Pairs) of
        true -> check_keep(maps:from_list(Pairs));
        false -> error
    end;
check_keep(Keep) when is_map(Keep), map_size(Keep) > 0 ->
    IsBound = fun({Key, N}) -> lists:member(Key, ?KEYS) andalso is_integer(N) andalso N >= 1 andalso N =< ?MOST end,
    case lists:all(IsBound, maps:to_list(Keep)) of
        true -> {ok, Keep};
        false -> error
    end;
check_keep(_) ->
    error.

within(Act) ->
    case {beamtap_native:load(), beamtap_output:default_place()} of
        {ok, {ok, Base}} -> Act(Base);
        {ok, {error, _} = Error} -> Error;
        {{error, _} = Error, _} -> Error
    end.

unreadable(Why) ->
    beamtap_error:new(bad_output, Why, "look at the rights of that directory").
