%% @private
%% What a tap does not have though it was asked for: written into its trace, and told by `info/1' and the receipt.
-module(beamtap_caveats).

-export([without_return/2, piled/2, loaded/4, watch_loads/1, all/1]).

%% @doc Says which functions are recorded without returns from the start, or from a change on; Before are those that were
%% told already.
-spec without_return(beamtap_returns:told(), Data) -> Data when Data :: map().
without_return(Before, #{tracing := #{limits := Limits} = Tracing} = Data) ->
    New = beamtap_tracing:without_return(Tracing) -- Before,
    Texts = [beamtap_returns:text(New, ""), beamtap_returns:unread(Limits)],
    lists:foreach(fun(Text) -> write(Text, Data) end, [Text || Text <- Texts, Text =/= none]),
    Data.

%% @doc Says which functions are recorded without returns from now on.
-spec piled([mfa()], Data) -> Data when Data :: map().
piled(Functions, #{tracing := Tracing} = Data) ->
    Told = [Told || #{function := MFA} = Told <- beamtap_tracing:without_return(Tracing), lists:member(MFA, Functions)],
    Since = [" from ", time_text(erlang:system_time(millisecond), millisecond), " on"],
    lost(beamtap_returns:text(Told, Since), Data).

%% @doc Says of modules that were loaded at a time, and are traced since another, both in microseconds of the system's
%% time, what is missing.
-spec loaded([module()], integer(), integer(), Data) -> Data when Data :: map().
loaded([], _, _, Data) ->
    Data;
loaded(Modules, LoadedUs, TracedUs, Data) ->
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
    write(Text, Data),
    Data#{problems := [Text | Problems]}.

%% @doc What `info/1' and the receipt say of it.
-spec all(map()) -> map().
all(#{tracing := Tracing}) ->
    #{without_return => beamtap_tracing:without_return(Tracing)};
all(#{}) ->
    #{}.

write(Text, #{session_name := Session}) ->
    _ = beamtap_nif:emit_caveat(Session, Text),
    ok.

time_text(Time, Unit) ->
    calendar:system_time_to_rfc3339(Time, [{unit, Unit}, {offset, "Z"}]).
