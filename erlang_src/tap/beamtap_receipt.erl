%% @private
%% The receipt of a tap: what was recorded, what was lost, and where the trace is.
-module(beamtap_receipt).

-export([make/2, refuse/1]).
-export_type([receipt/0]).

%% {@link beamtap:receipt()} without words: `facts' has what `problems', `warnings' and `without_return' say.
-type receipt() :: #{
    tap := beamtap:tap(), path := binary(), ended_by := beamtap:ended_by(), facts := beamtap_caveats:facts(), atom() => term()
}.

%% @doc The receipt, from what was open of a tap. Of one that was killed little is known: the rest is `unknown'.
-spec make(beamtap:ended_by(), beamtap_steps:open() | #{plan := #{tap := beamtap:tap(), path := binary(), _ => _}}) ->
    receipt().
make(EndedBy, #{plan := #{tap := Tap, path := Path}} = Open) ->
    Recording = maps:get(recording, Open, #{sessions => [], earlier => [], gaps => []}),
    #{recordings := Recordings, gaps := Gaps} = beamtap_recording:describe(Recording),
    Events = counted(fun({_, Emitted, _, _, _}) -> Emitted end, Recording),
    Cost = maps:get(ns_per_event, Open, unknown),
    {Emitted, Discarded, Lost} = {sum(Events), total(discarded, Recordings), total(lost, Recordings)},
    #{facts := #{problems := Problems} = Facts} = Caveats = caveats(Open),
    (maps:merge(maps:with([recovered], Open), Caveats))#{
        tap => Tap,
        path => Path,
        ended_by => EndedBy,
        events => Events,
        traced => maps:get(traced, Open, 0),
        definitions => own(Events),
        emitted => Emitted,
        recorded => recorded(Emitted, Discarded, Lost),
        discarded => Discarded,
        lost => Lost,
        suppressed => sum(counted(fun({_, _, Suppressed, _, _}) -> Suppressed end, Recording)),
        unreadable => sum(counted(fun({_, _, _, Unreadable, _}) -> Unreadable end, Recording)),
        truncated => sum(counted(fun({_, _, _, _, Truncated}) -> Truncated end, Recording)),
        incomplete => incomplete(Recording),
        bytes => bytes(Path),
        recordings => Recordings,
        gaps => Gaps,
        duration_ms => erlang:convert_time_unit(duration(Open), native, millisecond),
        ns_per_event => Cost,
        scheduler_share => share(Cost, Events, Open),
        facts => Facts#{problems := interruptions(Gaps) ++ Problems}
    }.

caveats(#{tracing := Tracing, caveats := Caveats} = Open) ->
    beamtap_caveats:describe(Tracing, maps:get(ended, Open, erlang:monotonic_time()), Caveats);
caveats(#{}) ->
    #{facts => #{problems => []}, pauses => []}.

%% @doc The error for a request to a tap that has ended.
-spec refuse(receipt()) -> beamtap_error:error().
refuse(Receipt) ->
    {error, (maps:with([tap, ended_by, duration_ms], Receipt))#{reason => ended}}.

%% How many events were counted between begin and end of the recording, for the events that it has enabled. The event that
%% carries the counters is not counted.
counted(Of, #{before := Before, 'after' := After, events := Enabled}) ->
    Earlier = maps:from_list([{element(1, Counters), Of(Counters)} || Counters <- Before]),
    maps:from_list([
        {Event, Count - maps:get(Event, Earlier, 0)}
     || Counters <- After,
        {Event, Count} <- [{element(1, Counters), Of(Counters)}],
        lists:member(Event, Enabled),
        Event =/= <<"counters">>,
        Count > maps:get(Event, Earlier, 0)
    ]);
counted(_, _) ->
    #{}.

%% For each event, how many were not emitted, or not whole.
incomplete(Recording) ->
    Outcomes = [{3, suppressed}, {4, unreadable}, {5, truncated}],
    lists:foldl(
        fun({Place, Outcome}, All) ->
            Counts = counted(fun(Counters) -> element(Place, Counters) end, Recording),
            maps:fold(fun(Event, N, Sum) -> Sum#{Event => (maps:get(Event, Sum, #{}))#{Outcome => N}} end, All, Counts)
        end,
        #{},
        Outcomes
    ).

interruptions(Gaps) ->
    [
        {gap, (Ended - Began) div 1000, Reason, Resumed}
     || #{began_us := Began, ended_us := Ended, reason := Reason, resumed := Resumed} <- Gaps
    ].

share(unknown, _, _) -> unknown;
share(Cost, Events, Open) ->
    beamtap_cost:share(Cost, traced(Events), erlang:convert_time_unit(duration(Open), native, nanosecond)).

%% Events that the VM made. A payload belongs to the event that it is of.
traced(Events) ->
    sum(Events) - of_classes([<<>>, <<"payload">>, <<"marks">>], Events).

%% beamtap's own events: definitions, canaries, and what became of the tap.
own(Events) ->
    of_classes([<<>>], Events).

of_classes(Wanted, Events) ->
    Classes = maps:from_list([{Event, Class} || {Event, Class, _} <- beamtap_nif:catalogue()]),
    sum(maps:filter(fun(Event, _) -> lists:member(maps:get(Event, Classes, <<>>), Wanted) end, Events)).

sum(Counts) -> lists:sum(maps:values(Counts)).

%% How many events a lost packet held is not known.
recorded(Emitted, Discarded, 0) when is_integer(Discarded) -> max(0, Emitted - Discarded);
recorded(_, _, _) -> unknown.

%% The size of the trace on disk.
bytes(Path) ->
    filelib:fold_files(unicode:characters_to_list(Path), "", true, fun(File, Sum) -> Sum + filelib:file_size(File) end, 0).

%% A flight recorder overwrites by design. Beside a recording that keeps everything its losses do not count.
total(Key, Recordings) ->
    Kept =
        case [Recording || #{mode := Mode} = Recording <- Recordings, Mode =/= snapshot] of
            [] -> Recordings;
            Streams -> Streams
        end,
    case [maps:get(Key, Recording, unknown) || Recording <- Kept] of
        [] -> unknown;
        Counts -> lists:foldl(fun add/2, 0, Counts)
    end.

add(unknown, _) -> unknown;
add(_, unknown) -> unknown;
add(Count, Sum) -> Count + Sum.

duration(#{recording := #{began := Began}, ended := Ended}) ->
    Ended - Began;
duration(_) ->
    0.
