%% @doc What a tap leaves to its user: what was recorded, what was lost, and where it is.
-module(beamtap_receipt).

-export([make/2, refuse/1]).

%% @doc The receipt from what a session knows after it closed. What it never got to know is `unknown'.
-spec make(beamtap:ended_by(), map()) -> beamtap:receipt().
make(EndedBy, #{tap := Tap, path := Path} = Known) ->
    Recording = maps:get(recording, Known, #{sessions => [], earlier => [], gaps => []}),
    Recordings = beamtap_recording:parts(Recording),
    Gaps = maps:get(gaps, Recording),
    Events = counted(fun({_, Emitted, _, _, _}) -> Emitted end, Recording),
    Cost = maps:get(ns_per_event, Known, unknown),
    {Emitted, Discarded, Lost} = {sum(Events), total(discarded, Recordings), total(lost, Recordings)},
    (maps:merge(maps:with([recovered], Known), beamtap_caveats:all(Known)))#{
        tap => Tap,
        path => Path,
        ended_by => EndedBy,
        events => Events,
        traced => maps:get(traced, Known, 0),
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
        pauses => beamtap_pause:all(Known),
        duration_ms => erlang:convert_time_unit(duration(Known), native, millisecond),
        ns_per_event => Cost,
        scheduler_share => share(Cost, Events, Known),
        problems => interruptions(Gaps) ++ lists:reverse(maps:get(problems, Known, []))
    }.

%% @doc Says of a tap that has ended why it cannot do anything more.
-spec refuse(beamtap:receipt()) -> beamtap_error:error().
refuse(#{tap := Tap, ended_by := EndedBy, duration_ms := Ms}) ->
    {Why, Remedy} =
        case why(EndedBy) of
            %% Who means seconds sees what was taken.
            {Over, More} when EndedBy =:= deadline -> {[Over, " after ", integer_to_list(Ms), " ms"], More};
            Said -> Said
        end,
    beamtap_error:new(ended, [beamtap_error:quote(Tap), " has ended: ", Why], Remedy).

why(stop) -> {"it was stopped", another()};
why(clear) -> {"everything was cleared", another()};
why(deadline) -> {"its time was over", ["give the next more of it: ", beamtap_wording:either("#{for => Milliseconds}", "for: milliseconds")]};
why(events) -> {"it had as many events as it may have", ["let the next have more: ", beamtap_wording:either("#{events => N}", "events: n")]};
why(rate) -> {"its events came faster than they may", ["let the next have more a second: ", beamtap_wording:either("#{rate => N}", "rate: n")]};
%% A shell's process does so when an expression fails.
why(owner) -> {"the process that started it has", ["name one that lives longer: ", beamtap_wording:either("#{owner => whereis(init)}", "owner: Process.whereis(:init)")]};
why(_) -> {"beamtap ended it", ["see the receipt: ", beamtap_wording:either("beamtap:info()", "Beamtap.info()")]}.

another() -> ["start another: ", beamtap_wording:either("beamtap:start/2", "Beamtap.start/2")].

%% Events that were counted between begin and end of the recording, of those that it has enabled: other taps may have
%% others. The events that carry the counts are in no sum.
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

%% By event, what was not emitted, or not whole.
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
        unicode:characters_to_binary([
            "recorded nothing for ", integer_to_list((Ended - Began) div 1000), " ms: ", Reason,
            [" (until it ended)" || not Resumed]
        ])
     || #{began_us := Began, ended_us := Ended, reason := Reason, resumed := Resumed} <- Gaps
    ].

share(unknown, _, _) -> unknown;
share(Cost, Events, Known) ->
    beamtap_cost:share(Cost, traced(Events), erlang:convert_time_unit(duration(Known), native, nanosecond)).

%% Those that the VM made, each with its payload.
traced(Events) ->
    sum(Events) - of_classes([<<>>, <<"payload">>, <<"marks">>], Events).

%% Those that are beamtap's own: definitions, canaries, and what became of the tap.
own(Events) ->
    of_classes([<<>>], Events).

of_classes(Wanted, Events) ->
    Classes = maps:from_list([{Event, Class} || {Event, Class, _} <- beamtap_nif:catalogue()]),
    sum(maps:filter(fun(Event, _) -> lists:member(maps:get(Event, Classes, <<>>), Wanted) end, Events)).

sum(Counts) -> lists:sum(maps:values(Counts)).

%% Lost packets held nobody knows how many events.
recorded(Emitted, Discarded, 0) when is_integer(Discarded) -> max(0, Emitted - Discarded);
recorded(_, _, _) -> unknown.

%% The size of the trace on disk.
bytes(Path) ->
    filelib:fold_files(unicode:characters_to_list(Path), "", true, fun(File, Sum) -> Sum + filelib:file_size(File) end, 0).

%% A flight recorder overwrites by design: beside a recording that keeps everything its losses are none.
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
