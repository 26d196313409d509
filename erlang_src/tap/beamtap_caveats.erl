%% @private
%% What a tap does not have though it was asked for: written into its trace, and told by `info/1' and the receipt.
-module(beamtap_caveats).

-export([limits/2, piled/2, loaded/3, watch_loads/1, warned/1, all/1]).

%% More lines than these nobody reads, and modules can be loaded without end.
-define(MAX_LINES, 64).

%% @doc Says which functions are recorded without returns, and of which modules nobody could read the code, since the start
%% or, where the tracing before it is given, since a change.
-spec limits(none | beamtap_tracing:tracing(), Data) -> Data when Data :: map().
limits(Before, #{tracing := #{limits := #{unread := Unread}} = Tracing} = Data) ->
    {ToldBefore, UnreadBefore} =
        case Before of
            none -> {[], []};
            #{limits := #{unread := Known}} -> {beamtap_tracing:without_return(Before), Known}
        end,
    Told = beamtap_tracing:without_return(Tracing),
    ok = ends(functions(ToldBefore) -- functions(Told), true),
    ok = ends(functions(Told) -- functions(ToldBefore), false),
    Texts = [beamtap_returns:text(Told -- ToldBefore), beamtap_returns:unread(Unread -- UnreadBefore)],
    lists:foreach(fun(Text) -> write(Text, Data) end, [Text || Text <- Texts, Text =/= none]),
    Data.

functions(Told) -> [MFA || #{function := MFA} <- Told].

ends([], _) ->
    ok;
ends(Functions, IsRecorded) ->
    _ = beamtap_definitions:ends(Functions, IsRecorded),
    ok.

%% @doc Says which functions are not recorded any more.
-spec piled([mfa()], Data) -> Data when Data :: map().
piled(Functions, Data) ->
    ok = ends(Functions, false),
    lost(beamtap_returns:piled_text(Functions, time_text(erlang:system_time(millisecond), millisecond)), Data).

%% @doc Says what is missing of modules that were loaded at a time, in microseconds of the system's, and are traced since
%% another.
-spec loaded(none | {[module()], TracedUs :: integer()}, LoadedUs :: integer(), Data) -> Data when Data :: map().
loaded(none, _, Data) ->
    Data;
loaded({Modules, TracedUs}, LoadedUs, Data) ->
    Names = lists:join(", ", [beamtap_error:quote(M) || M <- Modules]),
    lost(
        unicode:characters_to_binary([
            Names, case Modules of [_] -> " was"; _ -> " were" end, " loaded at ", time_text(LoadedUs, microsecond),
            ": calls are missing for ", integer_to_list(max(0, TracedUs - LoadedUs)), " µs from then on, and calls within older code that goes on running"
        ]),
        Data
    ).

%% @doc Has the caller told of modules that are loaded, or says that it will not be. With functions alone; once is enough.
-spec watch_loads(Data) -> Data when Data :: map().
watch_loads(#{tracing := #{patterns := []}} = Data) ->
    Data;
watch_loads(Data) ->
    case beamtap_loads:watch() of
        ok -> Data;
        blind -> blind(Data)
    end.

blind(Data) ->
    lost(<<"a module that is loaded from now on is not traced: somebody else traces erlang:finish_loading/1 with meta">>, Data).

lost(Text, #{problems := Problems} = Data) ->
    case lists:member(Text, Problems) of
        false when length(Problems) < ?MAX_LINES ->
            tell(Text, Data);
        false when length(Problems) =:= ?MAX_LINES ->
            tell(<<"more modules were loaded, or functions taken off, than are told here">>, Data);
        _ ->
            Data
    end.

tell(Text, #{problems := Problems} = Data) ->
    write(Text, Data),
    Data#{problems := [Text | Problems]}.

%% @doc Says in log, `info/1' and receipt what is known to go wrong in this release with what is traced; each once.
-spec warned(Data) -> Data when Data :: map().
warned(#{tap := Tap, tracing := Tracing} = Data) ->
    Known = maps:get(warnings, Data, []),
    New = beamtap_neighbours:warnings(Tracing) -- Known,
    lists:foreach(fun(Text) -> logger:warning("beamtap: ~ts: ~ts", [beamtap_error:quote(Tap), Text], #{domain => [beamtap]}) end, New),
    Data#{warnings => Known ++ New}.

%% @doc What `info/1' and the receipt say of it.
-spec all(map()) -> map().
all(#{tracing := Tracing} = Data) ->
    #{without_return => beamtap_tracing:without_return(Tracing), warnings => maps:get(warnings, Data, [])};
all(#{}) ->
    #{}.

write(Text, #{session_name := Session}) ->
    _ = beamtap_definitions:caveat(Session, Text),
    ok.

time_text(Time, Unit) ->
    calendar:system_time_to_rfc3339(Time, [{unit, Unit}, {offset, "Z"}]).
