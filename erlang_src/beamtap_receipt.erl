%% @doc What a tap leaves to its user: what was recorded, what was lost, and where it is. Pure.
-module(beamtap_receipt).

-export([make/2]).

%% @doc The receipt from what a session knows after it closed. What it never got to know is `unknown'.
-spec make(beamtap:ended_by(), map()) -> beamtap:receipt().
make(EndedBy, #{tap := Tap, path := Path} = Known) ->
    Losses = maps:get(losses, Known, #{}),
    #{
        tap => Tap,
        path => Path,
        ended_by => EndedBy,
        events => emitted(Known),
        discarded => total(discarded, Losses),
        lost => total(lost_packets, Losses),
        duration_ms => duration(Known),
        problems => lists:reverse(maps:get(problems, Known, []))
    }.

%% Events that were counted between begin and end of the recording.
emitted(#{before := Before, 'after' := After}) ->
    Earlier = maps:from_list([{Event, Emitted} || {Event, Emitted, _, _, _} <- Before]),
    maps:from_list([
        {Event, Emitted - maps:get(Event, Earlier, 0)}
     || {Event, Emitted, _, _, _} <- After, Emitted > maps:get(Event, Earlier, 0)
    ]);
emitted(_) ->
    #{}.

total(Key, Losses) ->
    case Losses of
        #{Key := Channels} -> lists:sum(maps:values(Channels));
        #{} -> unknown
    end.

duration(#{began := Began, ended := Ended}) ->
    erlang:convert_time_unit(Ended - Began, native, millisecond);
duration(_) ->
    0.
