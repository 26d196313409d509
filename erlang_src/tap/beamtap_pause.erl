%% @private
%% The pauses of a tap: told in its trace, in `info/1' and in its receipt, since what happened meanwhile is in none.
-module(beamtap_pause).

-export([pause/1, resume/1, remind/1, all/1]).
-export_type([pause/0]).

%% Begin and end in microseconds of the system's time; one that lasts has `resumed => false' and ends now.
-type pause() :: #{began_us := integer(), ended_us := integer(), resumed := boolean()}.

%% @doc Takes the flags off, and says so in the trace behind the last event.
-spec pause(map()) -> map().
pause(#{paused_at := _} = Session) ->
    Session;
pause(#{tracing := Tracing} = Session) ->
    Paused = Session#{tracing := beamtap_tracing:pause(Tracing), paused_at => erlang:monotonic_time()},
    told(fun beamtap_definitions:pause/1, Paused).

%% @doc Says in the trace that the tap goes on, and sets the flags again. After an error it is paused as before.
-spec resume(map()) -> {ok, map()} | beamtap_error:error().
resume(#{tracing := Tracing} = Session) ->
    Resumed = told(fun(Name) -> beamtap_definitions:resume(Name, length_ns(Session)) end, Session),
    case beamtap_tracing:resume(Tracing) of
        {ok, Going} ->
            {ok, (maps:without([paused_at], Resumed))#{tracing := Going, pauses => ended(Session)}};
        {error, _} = Error ->
            _ = told(fun beamtap_definitions:pause/1, Session),
            Error
    end.

%% @doc Says in a trace that has begun anew that the tap is paused, where it is.
-spec remind(map()) -> map().
remind(Session) ->
    told(fun beamtap_definitions:pause/1, Session).

%% @doc All of them, oldest first.
-spec all(map()) -> [pause()].
all(Session) ->
    maps:get(pauses, Session, []) ++ [pause(At, Session, false) || #{paused_at := At} <- [Session]].

ended(Session) ->
    maps:get(pauses, Session, []) ++ [pause(At, Session, true) || #{paused_at := At} <- [Session]].

pause(At, Session, Resumed) ->
    System = fun(Time) -> erlang:convert_time_unit(Time + erlang:time_offset(), native, microsecond) end,
    #{began_us => System(At), ended_us => System(maps:get(ended, Session, erlang:monotonic_time())), resumed => Resumed}.

length_ns(#{paused_at := At}) -> erlang:convert_time_unit(erlang:monotonic_time() - At, native, nanosecond);
length_ns(_) -> 0.

told(Tell, #{paused_at := _, session_name := Name} = Session) ->
    case Tell(Name) of
        ok ->
            Session;
        {error, Why} ->
            #{problems := Problems} = Session,
            Said = <<"a pause is not in the trace: ", (atom_to_binary(Why))/binary>>,
            Session#{problems := [Said | Problems]}
    end;
told(_, Session) ->
    Session.
