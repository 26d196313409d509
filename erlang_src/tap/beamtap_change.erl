%% @private
%% Changes of a tap that runs: what it traces, what LTTng records of it.
-module(beamtap_change).

-export([make/3, needs_lttng/1]).
-export_type([request/0, view/0]).

-type request() ::
    {add, beamtap_tracing:wish()}
    | {drop, beamtap_tracing:wish()}
    | pause
    | resume
    | view
    | {snapshot, Label :: binary()}
    | {enable, Event :: binary(), Filter :: binary()}
    | {disable, Event :: binary()}.
%% What somebody who records the same events once more has to know.
-type view() :: #{name := binary(), wanted := [beamtap_lttng:wanted()]}.
-type open() :: beamtap_steps:open().

%% @doc Whether the change needs LTTng to record. Flags, functions and pauses concern the VM alone.
-spec needs_lttng(request()) -> boolean().
needs_lttng({drop, _}) -> false;
needs_lttng(Request) -> is_tuple(Request).

%% @doc Makes a change. `info': what is traced has changed, and the tap's info is the answer. After an error it is as before.
-spec make(request(), beamtap_deadline:deadline(), open()) ->
    {info, open()} | {ok | {ok, binary()} | {ok, view()} | beamtap_error:error(), open()}.
make({snapshot, Label}, Deadline, #{recording := Recording} = Open) ->
    {beamtap_recording:snapshot(Recording, Label, Deadline), Open};
make(view, _, #{plan := #{name := Name}, recording := Recording} = Open) ->
    {{ok, #{name => Name, wanted => beamtap_recording:wanted(Recording)}}, Open};
make({enable, Event, Filter}, Deadline, #{recording := Recording} = Open) ->
    recorded(beamtap_recording:enable(Recording, Event, Filter, Deadline), Open);
make({disable, Event}, Deadline, #{recording := Recording} = Open) ->
    recorded(beamtap_recording:disable(Recording, Event, Deadline), Open);
make(pause, _, #{tracing := #{is_paused := true}} = Open) ->
    {info, Open};
make(pause, _, #{tracing := Tracing, caveats := Caveats} = Open) ->
    Paused = beamtap_tracing:pause(Tracing),
    {info, Open#{tracing := Paused, caveats := beamtap_caveats:pause(Caveats)}};
make(resume, _, #{tracing := Tracing, caveats := Caveats} = Open) ->
    %% The trace says so before the first event.
    Said = beamtap_caveats:resume(Caveats),
    case beamtap_tracing:resume(Tracing) of
        {ok, Resumed} ->
            {info, Open#{tracing := Resumed, caveats := beamtap_caveats:resumed(Said)}};
        {error, _} = Error ->
            {Error, Open#{caveats := beamtap_caveats:remind(Caveats)}}
    end;
make({drop, Wish}, _, #{tracing := Tracing} = Open) ->
    case beamtap_tracing:drop(Tracing, Wish) of
        {ok, Less} -> {info, Open#{tracing := Less}};
        {error, _} = Error -> {Error, Open}
    end;
make({add, Wish}, Deadline, #{tracing := Tracing} = Open) ->
    %% First: LTTng is not to record what may not be traced.
    case beamtap_tracing:admit(Tracing, Wish) of
        ok -> add(Wish, Deadline, Open);
        {error, _} = Error -> {Error, Open}
    end.

add(#{classes := Classes} = Wish, Deadline, #{recording := Recording, tracing := Before, caveats := Caveats} = Open) ->
    case beamtap_recording:widen(Recording, Classes, Deadline) of
        {ok, Wider} ->
            case beamtap_tracing:add(Before, Wish) of
                {ok, Tracing} ->
                    Said = beamtap_caveats:watch_loads(Tracing, beamtap_caveats:warned(Tracing, Caveats)),
                    ok = beamtap_caveats:limits(Before, Tracing, Said),
                    {info, Open#{recording := Wider, tracing := Tracing, caveats := Said}};
                {error, _} = Error ->
                    {Error, Open}
            end;
        {error, _} = Error ->
            {Error, Open}
    end.

recorded({ok, Changed}, Open) -> {ok, Open#{recording := Changed}};
recorded({error, _} = Error, Open) -> {Error, Open}.
