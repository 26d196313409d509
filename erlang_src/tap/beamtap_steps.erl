%% @private
%% The steps by which a tap opens, and how each is taken back. They work on what its session knows.
-module(beamtap_steps).

-export([open/2, close/2, traced/1]).
-export_type([step/0]).

-type step() :: admitted | library | directory | remains | provider | tap | lttng | recorder | armed | patterns | flags | clock.

%% @doc Takes a step. What it sets is in the ledger before it is set.
-spec open(step(), map()) -> {ok, map()} | beamtap_error:error().
open(admitted, #{tracing := Tracing} = Data) ->
    done(beamtap_tracing:admit(Tracing), beamtap_caveats:warned(Data));
open(directory, #{path := Path, opts := Opts} = Data) ->
    case beamtap_mode:writes_here(Opts) andalso beamtap_output:prepare(Path) of
        false -> {ok, Data#{made => false}};
        {ok, Made} ->
            ok = beamtap_traces:begin_trace(Path),
            {ok, Data#{made => Made}};
        {error, _} = Error -> Error
    end;
open(remains, #{opts := #{shm_path := ShmPath}} = Data) ->
    %% Found before this tap's own buffers are there.
    ok = case ShmPath of
        none -> ok;
        _ -> beamtap_remains:recover(ShmPath, beamtap_remains:find(ShmPath), self())
    end,
    case beamtap_remains:flights() of
        [] -> {ok, Data};
        Flights -> {ok, Data#{flights => Flights, recovered => Flights}}
    end;
open(library, #{tap := Tap} = Data) ->
    case beamtap_native:load() of
        ok -> done(beamtap_cost:measure_floor(Tap), Data);
        {error, _} = Error -> Error
    end;
open(provider, Data) ->
    done(beamtap_native:load_provider(), Data);
open(tap, #{tap := Tap, opts := #{for := For, events := Events, rate := Rate, payload := Payload}} = Data) ->
    %% This process is the tap's owner for the NIF: if it is killed, nothing is emitted from that moment on.
    Limits = #{
        events => Events, events_per_second => Rate, deadline_ms => For, payloads => beamtap_payload:native(Payload)
    },
    case beamtap_nif:tap_open(self(), Limits) of
        {ok, Slot} ->
            ok = beamtap_ledger:note(Tap, #{slot => Slot}),
            case beamtap_nif:tap_watch(Slot, self()) of
                ok ->
                    {ok, Data#{slot => Slot}};
                {error, no_guard} ->
                    ok = beamtap_nif:tap_close(Slot),
                    beamtap_error:new(
                        no_thread,
                        "no native thread to watch the tap's limits",
                        "look at the limits of this process (ulimit -u)"
                    )
            end;
        {error, no_slot} ->
            beamtap_error:new(no_slot, "every tracer slot is taken: 7 taps run", "beamtap:info() lists them")
    end;
open(lttng, #{path := Path, session_name := Name, wish := #{classes := Classes}, opts := Opts, deadline := Deadline} = Data) ->
    case beamtap_recording:open(#{path => Path, name => Name, classes => Classes, opts => Opts}, Deadline) of
        {ok, Recording} -> {ok, Data#{recording => Recording}};
        {error, _} = Error -> Error
    end;
open(recorder, #{recording := Recording, slot := Slot, deadline := Deadline} = Data) ->
    case beamtap_recording:start(Recording, Slot, Deadline) of
        {ok, Started} -> {ok, Data#{recording := Started}};
        {error, _} = Error -> Error
    end;
open(armed, #{slot := Slot} = Data) ->
    case beamtap_nif:tap_arm(Slot) of
        ok -> {ok, Data#{timed => beamtap_cost:timed()}};
        {error, no_tap} -> beamtap_error:new(no_slot, "the tap's slot is gone", "start the tap again")
    end;
open(patterns, #{tap := Tap, slot := Slot, tracing := Tracing, opts := #{payload := Payload}} = Data) ->
    Opened = beamtap_tracing:open(Tracing, Slot, beamtap_payload:has_arguments(Payload)),
    Watched = beamtap_caveats:watch_loads(Data#{tracing := Opened}),
    ok = beamtap_tracing:functions_on(Opened),
    #{grip := Grip} = Opened,
    Looker = beamtap_stacks:start_link(Grip),
    ok = beamtap_ledger:note(Tap, #{stacks => Looker}),
    {ok, beamtap_caveats:limits(none, Watched#{stacks => Looker})};
open(flags, #{tracing := Tracing} = Data) ->
    case beamtap_tracing:flags_on(Tracing) of
        {ok, Flagged} ->
            {ok, Data#{tracing := Flagged}};
        {error, _} = Error ->
            %% Some may be set already.
            _ = beamtap_tracing:flags_off(Tracing),
            Error
    end;
open(clock, #{slot := Slot} = Data) ->
    %% Its bound in time is that of the recording, however long a busy machine took to open.
    ok = beamtap_nif:tap_clock(Slot),
    {ok, Data}.

done(ok, Data) -> {ok, Data};
done({error, _} = Error, _) -> Error.

%% @doc Takes a step back, and notes what went wrong.
-spec close(step(), map()) -> map().
close(flags, #{tracing := Tracing} = Data) ->
    Answer = beamtap_tracing:flags_off(Tracing),
    problem("a class was not recorded to the end", Answer, Data#{ended => erlang:monotonic_time()});
close(patterns, #{tracing := Tracing} = Data) ->
    ok = beamtap_loads:unwatch(self()),
    ok = beamtap_tracing:close(Tracing),
    Data;
close(armed, #{slot := Slot, timed := Before} = Data) ->
    Disarmed = beamtap_nif:tap_disarm(Slot),
    Cost = beamtap_cost:per_event(Before, beamtap_cost:timed()),
    problem("callbacks of the tap did not end", Disarmed, Data#{ns_per_event => Cost});
close(recorder, #{recording := Recording, slot := Slot, deadline := Deadline} = Data) ->
    %% A start that failed has ended nothing.
    EndedBy = maps:get(ended_by, Data, none),
    {Stopped, Problems} = beamtap_recording:stop(Recording, Slot, EndedBy, Deadline),
    problems(Problems, Data#{recording := Stopped});
close(lttng, #{recording := Recording, deadline := Deadline} = Data) ->
    problems(beamtap_recording:close(Recording, Deadline), Data);
close(tap, #{slot := Slot} = Data) ->
    Traced = traced(Slot),
    ok = beamtap_nif:tap_close(Slot),
    Data#{traced => Traced};
close(provider, Data) ->
    %% Stays open: LTTng does not allow a provider to be unloaded.
    Data;
close(directory, #{path := Path, made := Made, opts := Opts} = Data) ->
    %% LTTng goes on writing into files that have no name any more, and says nothing.
    Kept =
        case not beamtap_mode:writes_here(Opts) orelse filelib:is_dir(Path) of
            true -> ok;
            false -> {error, removed}
        end,
    _ = beamtap_output:discard_empty(Path, Made) orelse beamtap_traces:end_trace(Path),
    problem("the trace's directory is gone", Kept, Data);
close(Step, Data) when Step =:= admitted; Step =:= library; Step =:= remains; Step =:= clock ->
    Data.

%% @doc Events of the tap so far: what its bound `events' is about.
-spec traced(beamtap_nif:slot()) -> non_neg_integer().
traced(Slot) ->
    case beamtap_nif:tap_info(Slot) of
        #{emitted := Count} -> Count;
        {error, no_tap} -> 0
    end.

problems(Problems, Data) ->
    lists:foldl(fun({Said, Answer}, D) -> problem(Said, Answer, D) end, Data, Problems).

problem(_, ok, Data) ->
    Data;
problem(Said, {error, Why}, #{problems := Problems} = Data) ->
    Detail =
        case Why of
            {_, Line, _} -> Line;
            Atom -> atom_to_binary(Atom)
        end,
    Data#{problems := [iolist_to_binary([Said, ": ", Detail]) | Problems]}.
