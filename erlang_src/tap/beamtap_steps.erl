%% @private
%% The steps by which a tap opens, how each is taken back, and what is open between.
-module(beamtap_steps).

-export([all/0, new/2, open/2, close/2]).
-export([watch_stacks/1, lost/3, piled/3, loaded/3, describe/1]).
-export_type([step/0, open/0]).

-type step() :: library | admitted | directory | remains | slot | lttng | provider | recorder | armed | patterns | flags | clock.

%% What is open of a tap. Keys that are not there belong to steps that have not been taken.
-type open() :: #{
    plan := beamtap_session:plan(),
    %% The steps taken, last first.
    opened := [step()],
    %% Until when opening or closing is to be done.
    deadline := beamtap_deadline:deadline(),
    %% What is traced in the VM.
    tracing := beamtap_tracing:tracing(),
    %% What the trace lacks.
    caveats := beamtap_caveats:caveats(),
    %% Whether the directory was made for this tap.
    is_made => boolean(),
    %% What became of buffers that a crash left; those of flight recorders alone.
    recovered => [beamtap_remains:recovery()],
    flights => [beamtap_remains:recovery()],
    %% The tap's place in the NIF.
    slot => beamtap_nif:slot(),
    %% What LTTng records.
    recording => beamtap_recording:recording(),
    %% What events had cost before the tap was armed, and what its own cost.
    timed => beamtap_cost:timed(),
    ns_per_event => float() | unknown,
    %% The process that notices calls that pile up.
    stacks => pid(),
    %% Why the tap ends; `none' for a start that failed.
    ended_by => beamtap:ended_by() | none,
    %% When the trace flags were taken off, in the VM's monotonic time, and how many events the VM had made by then.
    ended => integer(),
    traced => non_neg_integer()
}.

%% @doc All steps in order. LTTng's daemon has to run before the provider is opened: liblttng-ust looks for it then.
-spec all() -> [step()].
all() ->
    [library, admitted, directory, remains, slot, lttng, provider, recorder, armed, patterns, flags, clock].

-spec new(beamtap_session:plan(), beamtap_deadline:deadline()) -> open().
new(#{tap := Tap, name := Name, wish := Wish, opts := Opts} = Plan, Deadline) ->
    #{
        plan => Plan,
        opened => [],
        deadline => Deadline,
        tracing => beamtap_tracing:new(Tap, Wish, Opts),
        caveats => beamtap_caveats:new(Tap, Name)
    }.

%% @doc Takes a step. What it sets in the VM is in the ledger before it is set.
-spec open(step(), open()) -> {ok, open()} | beamtap_error:error().
open(Step, #{plan := Plan} = Open) ->
    case open(Step, Plan, Open) of
        {ok, #{opened := Opened} = Changed} -> {ok, Changed#{opened := [Step | Opened]}};
        {error, _} = Error -> Error
    end.

open(library, #{tap := Tap}, Open) ->
    done(beamtap_native:load(), fun() ->
        ok = beamtap_cost:measure_floor(Tap),
        Open
    end);
open(admitted, _, #{tracing := Tracing, caveats := Caveats} = Open) ->
    done(beamtap_tracing:admit(Tracing), fun() -> Open#{caveats := beamtap_caveats:warned(Tracing, Caveats)} end);
open(directory, #{path := Path, opts := Opts}, Open) ->
    case beamtap_mode:writes_here(Opts) andalso beamtap_traces:open(Path) of
        false -> {ok, Open};
        {ok, IsMade} -> {ok, Open#{is_made => IsMade}};
        {error, _} = Error -> Error
    end;
open(remains, #{opts := #{shm_path := ShmPath}}, Open) ->
    %% Before this tap's own buffers exist.
    ok = beamtap_remains:recover(ShmPath, self()),
    case beamtap_remains:flights() of
        [] -> {ok, Open};
        Flights -> {ok, Open#{flights => Flights, recovered => Flights}}
    end;
open(slot, #{tap := Tap, opts := #{for := For, events := Events, rate := Rate, payload := Payload}}, Open) ->
    %% This process owns the slot: when it is killed, the NIF stops emitting at once.
    Limits = #{events => Events, events_per_second => Rate, deadline_ms => For, payloads => beamtap_payload:native(Payload)},
    case beamtap_nif:tap_open(self(), Limits) of
        {ok, Slot} ->
            ok = beamtap_ledger:note(Tap, #{slot => Slot}),
            case beamtap_nif:tap_watch(Slot, self()) of
                ok ->
                    {ok, Open#{slot => Slot}};
                {error, no_guard} ->
                    ok = beamtap_nif:tap_close(Slot),
                    {error, #{reason => no_thread, what => limits}}
            end;
        {error, no_slot} ->
            {error, #{reason => no_slot, what => taps}}
    end;
open(lttng, #{path := Path, name := Name, wish := #{classes := Classes}, opts := Opts}, #{deadline := Deadline} = Open) ->
    recording(beamtap_recording:open(Name, Path, Classes, Opts, Deadline), Open);
open(provider, _, Open) ->
    done(beamtap_native:load_provider(), fun() -> Open end);
open(recorder, _, #{recording := Recording, slot := Slot, deadline := Deadline} = Open) ->
    recording(beamtap_recording:start(Recording, Slot, Deadline), Open);
open(armed, _, #{slot := Slot} = Open) ->
    case beamtap_nif:tap_arm(Slot) of
        ok -> {ok, Open#{timed => beamtap_cost:timed()}};
        {error, no_tap} -> {error, #{reason => no_slot, what => slot}}
    end;
open(patterns, #{tap := Tap, opts := #{payload := Payload}}, #{slot := Slot, tracing := Tracing, caveats := Caveats} = Open) ->
    #{grip := Grip} = Opened = beamtap_tracing:open(Tracing, Slot, beamtap_payload:has_arguments(Payload)),
    Watched = beamtap_caveats:watch_loads(Opened, Caveats),
    ok = beamtap_tracing:functions_on(Opened),
    Looker = beamtap_stacks:start_link(Grip),
    ok = beamtap_ledger:note(Tap, #{stacks => Looker}),
    ok = beamtap_caveats:limits(none, Opened, Watched),
    {ok, Open#{tracing := Opened, caveats := Watched, stacks => Looker}};
open(flags, _, #{tracing := Tracing} = Open) ->
    case beamtap_tracing:flags_on(Tracing) of
        {ok, Flagged} ->
            {ok, Open#{tracing := Flagged}};
        {error, _} = Error ->
            %% Some may be set already.
            _ = beamtap_tracing:flags_off(Tracing),
            Error
    end;
open(clock, _, #{slot := Slot} = Open) ->
    %% The time limit starts here, however long it took to open.
    ok = beamtap_nif:tap_clock(Slot),
    {ok, Open}.

done(ok, Then) -> {ok, Then()};
done({error, _} = Error, _) -> Error.

recording({ok, Recording}, Open) -> {ok, Open#{recording => Recording}};
recording({error, _} = Error, _) -> Error.

%% @doc Takes a step back, and notes what went wrong. `interrupted': LTTng no longer recorded.
-spec close(step(), open()) -> open() | {interrupted, beamtap_nif:failure(), open()}.
close(flags, #{tracing := Tracing} = Open) ->
    Answer = beamtap_tracing:flags_off(Tracing),
    problem(class, Answer, Open#{ended => erlang:monotonic_time()});
close(patterns, #{tracing := Tracing} = Open) ->
    ok = beamtap_loads:unwatch(self()),
    ok = beamtap_tracing:close(Tracing),
    Open;
close(armed, #{slot := Slot, timed := Before} = Open) ->
    Disarmed = beamtap_nif:tap_disarm(Slot),
    problem(tap, Disarmed, Open#{ns_per_event => beamtap_cost:per_event(Before, beamtap_cost:timed())});
close(recorder, #{recording := Recording, slot := Slot, ended_by := EndedBy, deadline := Deadline} = Open) ->
    case beamtap_recording:stop(Recording, Slot, EndedBy, Deadline) of
        {ok, Stopped, Problems} -> problems(Problems, Open#{recording := Stopped});
        {interrupted, Failure, Found} -> {interrupted, Failure, Open#{recording := Found}}
    end;
close(lttng, #{recording := Recording, deadline := Deadline} = Open) ->
    problems(beamtap_recording:close(Recording, Deadline), Open);
close(slot, #{slot := Slot} = Open) ->
    Traced = traced(Slot),
    ok = beamtap_nif:tap_close(Slot),
    Open#{traced => Traced};
close(directory, #{plan := #{path := Path}, is_made := IsMade} = Open) ->
    problem(directory, beamtap_traces:close(Path, IsMade), Open);
close(_, Open) ->
    %% The provider stays open: LTTng does not allow a provider to be unloaded.
    Open.

problems(Problems, Open) ->
    lists:foldl(fun({What, Answer}, Known) -> problem(What, Answer, Known) end, Open, Problems).

problem(What, Answer, #{caveats := Caveats} = Open) ->
    Open#{caveats := beamtap_caveats:problem(What, Answer, Caveats)}.

%%% Between opening and closing

%% @doc Looks for calls that pile up, if a function may let them.
-spec watch_stacks(open()) -> open().
watch_stacks(#{stacks := Looker, tracing := Tracing} = Open) ->
    ok = case beamtap_tracing:watches_stacks(Tracing) of
        true -> beamtap_stacks:look(Looker);
        false -> ok
    end,
    Open;
watch_stacks(Open) ->
    Open.

%% @doc A linked process has ended. If it recorded a class, that class is recorded no more.
-spec lost(pid(), term(), open()) -> open().
lost(Pid, Reason, #{tracing := Tracing, caveats := Caveats} = Open) ->
    case beamtap_tracing:lost(Tracing, Pid) of
        {Left, Class} -> Open#{tracing := Left, caveats := beamtap_caveats:add({class_lost, Class, Reason}, Caveats)};
        none -> Open
    end.

%% @doc Takes functions off whose calls pile up.
-spec piled(Words :: pos_integer(), [mfa()], open()) -> open().
piled(Words, Stack, #{tracing := Tracing, caveats := Caveats} = Open) ->
    case beamtap_tracing:take_off(Tracing, Words, Stack) of
        {Piled, Limited} -> Open#{tracing := Limited, caveats := beamtap_caveats:piled(Piled, Caveats)};
        none -> Open
    end.

%% @doc Traces what is asked for in modules that were just loaded.
-spec loaded([module()], AtUs :: integer(), open()) -> open().
loaded(Modules, AtUs, #{tracing := #{grip := _} = Tracing, caveats := Caveats} = Open) ->
    {Meant, Traced} = beamtap_tracing:loaded(Tracing, Modules),
    Said = beamtap_caveats:loaded(Meant, AtUs, Caveats),
    ok = beamtap_caveats:limits(Tracing, Traced, Said),
    watch_stacks(Open#{tracing := Traced, caveats := Said});
loaded(_, _, Open) ->
    Open.

%% @doc What {@link beamtap:info/1} says, but for the state and the words.
-spec describe(open()) -> map().
describe(#{plan := #{tap := Tap, path := Path, opts := Opts}, tracing := Tracing, caveats := Caveats} = Open) ->
    Parts = [
        beamtap_tracing:describe(Tracing),
        maps:with([recovered], Open),
        maps:with([for, events, rate, owner], Opts),
        beamtap_caveats:describe(Tracing, erlang:monotonic_time(), Caveats)
        | [beamtap_recording:describe(Recording) || #{recording := Recording} <- [Open]]
    ],
    Traced = lists:sum([traced(Slot) || #{slot := Slot} <- [Open]]),
    lists:foldl(fun(Part, All) -> maps:merge(All, Part) end, #{tap => Tap, path => Path, traced => Traced}, Parts).

%% What the limit `events' counts.
traced(Slot) ->
    case beamtap_nif:tap_info(Slot) of
        #{emitted := Count} -> Count;
        {error, no_tap} -> 0
    end.
