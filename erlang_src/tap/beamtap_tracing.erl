%% @private
%% What a tap traces in the VM: processes, ports, functions and classes.
%%
%% Everything is noted in the ledger before it is set, so cleaning up after a tap needs the ledger alone.
-module(beamtap_tracing).

-export([new/3, admit/1, open/3, functions_on/1, flags_on/1, close/1, flags_off/1, clean/2, lost/2]).
-export([admit/2, add/2, drop/2, pause/1, resume/1, describe/1]).
-export([take_off/3, without_return/1, watches_stacks/1, loaded/2]).
-export_type([tracing/0, wish/0]).

%% What a tap asks for, with names resolved to functions.
-type wish() :: #{
    classes := [beamtap_spec:class()],
    inherit := [beamtap_spec:inheritance()],
    targets := [beamtap_spec:target()],
    asked := [beamtap_match:asked()],
    limits := beamtap_returns:limits(),
    patterns := [beamtap_pattern:pattern()]
}.
%% `spared': processes and ports that were dropped although a wider target includes them; `dropped': the same of functions.
%% `instruments': the processes in charge of classes that no trace flag makes.
-type tracing() :: #{
    tap := beamtap:tap(),
    owner := pid(),
    known_bad := refuse | allow,
    classes := [beamtap_spec:class()],
    inherit := [beamtap_spec:inheritance()],
    targets := [beamtap_spec:target()],
    asked := [beamtap_match:asked()],
    limits := beamtap_returns:limits(),
    patterns := [beamtap_pattern:pattern()],
    dropped := [beamtap_match:mfa_pattern()],
    spared := [pid() | port()],
    is_paused := boolean(),
    processes := beamtap_vm:processes(),
    sampling := beamtap_options:sampling(),
    instruments := beamtap_instruments:running(),
    grip => beamtap_vm:grip()
}.

-define(SAME(Key, One, Other), map_get(Key, One) =:= map_get(Key, Other)).

-spec new(beamtap:tap(), wish(), #{owner := pid(), atom() => term()}) -> tracing().
new(Tap, Wish, #{owner := Owner} = Opts) ->
    Known = maps:with([classes, inherit, targets, asked, limits, patterns], Wish),
    Known#{
        tap => Tap,
        owner => Owner,
        known_bad => maps:get(known_bad, Opts, refuse),
        dropped => [],
        spared => [],
        is_paused => false,
        processes => #{traced => 0, left => 0},
        sampling => beamtap_options:sampling(Opts),
        instruments => #{}
    }.

%% @doc Whether the tap can run in this VM, beside what others trace.
-spec admit(tracing()) -> ok | beamtap_error:error().
admit(Tracing) ->
    case selected(Tracing) of
        {ok, _} -> ok;
        {error, _} = Error -> Error
    end.

selected(#{tap := Tap, owner := Owner, targets := Targets, classes := Classes, spared := Spared} = Tracing) ->
    {_, Flags} = beamtap_instruments:split(Classes),
    case beamtap_targets:select(Targets, Owner, Flags) of
        {ok, #{pids := Pids, ports := Ports} = Selection} ->
            Selection1 = Selection#{pids := Pids -- Spared, ports := Ports -- Spared},
            case beamtap_neighbours:refusal({Tap, Tracing}, Selection1) of
                none -> {ok, Selection1};
                {error, _} = Error -> Error
            end;
        {error, _} = Error ->
            Error
    end.

%%% Opening and closing

%% @doc Opens the tap's hold on the VM, for the slot's tracer. HasArguments: whether that gets the arguments of calls.
-spec open(tracing(), beamtap_nif:slot(), boolean()) -> tracing().
open(#{tap := Tap} = Tracing, Slot, HasArguments) ->
    Grip = beamtap_vm:open({beamtap_nif, Slot}, HasArguments),
    ok = beamtap_ledger:note(Tap, #{vm => Grip, asked => [], classes => [], inherit => []}),
    Tracing#{grip => Grip}.

%% @doc Sets the patterns of the functions.
-spec functions_on(tracing()) -> ok.
functions_on(#{asked := Asked} = Tracing) ->
    functions(Tracing, [], Asked).

functions(#{tap := Tap, grip := Grip}, Old, New) ->
    beamtap_breakpoints:change(Tap, Grip, Old, New).

%% @doc Sets the flags on everything selected now, and starts the instruments.
-spec flags_on(tracing()) -> {ok, tracing()} | beamtap_error:error().
flags_on(Tracing) ->
    flags_on(Tracing, Tracing).

%% Sets the flags on what Part selects.
flags_on(#{tap := Tap, grip := Grip, classes := Classes, inherit := Inherit} = Tracing, Part) ->
    {Instruments, Flags} = beamtap_instruments:split(Classes),
    %% Two taps must not claim the same processes at the same time.
    beamtap_ledger:locked(fun() ->
        case selected(Part) of
            {ok, Selection} ->
                ok = beamtap_ledger:note(Tap, #{classes => Classes, inherit => Inherit, instruments => Instruments}),
                case instruments_on(Instruments, Tracing) of
                    {ok, Playing} ->
                        IsTaken = beamtap_neighbours:taken(Tap, Tracing),
                        case beamtap_vm:flags_on(Grip, Flags ++ Inherit, Selection, IsTaken) of
                            {ok, Processes} ->
                                {ok, Playing#{processes := Processes}};
                            {error, _} = Error ->
                                _ = instruments_off(Instruments -- playing(Tracing), Playing),
                                Error
                        end;
                    {error, _} = Error ->
                        ok = beamtap_ledger:note(Tap, #{instruments => playing(Tracing)}),
                        Error
                end;
            {error, _} = Error ->
                Error
        end
    end).

%% @doc Takes the flags off and stops the instruments. Returns the first failure of those.
-spec flags_off(tracing()) -> ok | beamtap_nif:failure().
flags_off(Tracing) ->
    ok = flags_away(Tracing),
    {Answer, _} = instruments_off(playing(Tracing), Tracing),
    Answer.

flags_away(#{grip := Grip}) -> beamtap_vm:flags_off(Grip);
flags_away(_) -> ok.

%%% Instruments

playing(#{instruments := Running}) -> maps:keys(Running).

instruments_on(Instruments, #{tap := Tap, grip := #{tracer := {_, Slot}}, sampling := Sampling, instruments := Running} = Tracing) ->
    case beamtap_instruments:open(Instruments, #{tap => Tap, slot => Slot, sampling => Sampling}, Running) of
        {ok, More} -> {ok, Tracing#{instruments := More}};
        {error, _} = Error -> Error
    end.

instruments_off(Instruments, #{tap := Tap, instruments := Running} = Tracing) ->
    Answer = beamtap_instruments:close(Tap, maps:with(Instruments, Running)),
    Left = Tracing#{instruments := maps:without(Instruments, Running)},
    ok = beamtap_ledger:note(Tap, #{instruments => playing(Left)}),
    {Answer, Left}.

%% @doc A linked process has exited. If it was an instrument: what is left, and its class.
-spec lost(tracing(), pid()) -> {tracing(), beamtap_instruments:class()} | none.
lost(#{tap := Tap, instruments := Running} = Tracing, Pid) ->
    case beamtap_instruments:lost(Tap, Pid, Running) of
        {Left, Class} ->
            ok = beamtap_ledger:note(Tap, #{instruments => maps:keys(Left)}),
            {Tracing#{instruments := Left}, Class};
        none ->
            none
    end.

%% @doc Clears the patterns and closes the hold on the VM. The flags are off by now.
-spec close(tracing()) -> ok.
close(#{tap := Tap, grip := Grip, asked := Asked}) ->
    ok = beamtap_breakpoints:change(Tap, Grip, Asked, []),
    beamtap_vm:close(Grip);
close(_) ->
    ok.

%% @doc Removes from the VM all that the ledger has of a tap.
-spec clean(beamtap:tap(), beamtap_ledger:entry()) -> ok.
clean(Tap, #{vm := Grip, session := Session} = Entry) ->
    ok = beamtap_loads:unwatch(Session),
    ok = beamtap_vm:flags_off(Grip),
    ok = beamtap_instruments:clean(Tap, Entry),
    ok = beamtap_breakpoints:change(Tap, Grip, maps:get(asked, Entry, []), []),
    beamtap_vm:close(Grip);
clean(_, _) ->
    ok.

%%% Changes

%% @doc Whether {@link add/2} is possible.
-spec admit(tracing(), wish()) -> ok | beamtap_error:error().
admit(Tracing, Wish) ->
    case wider(Tracing, Wish) of
        {ok, Wider} -> admit(Wider);
        {error, _} = Error -> Error
    end.

wider(#{asked := Asked, limits := Limits, patterns := Patterns, dropped := Dropped, inherit := Inherit, targets := Targets, spared := Spared} = Tracing, Wish) ->
    #{limits := MoreLimits, patterns := MorePatterns, asked := More, classes := MoreClasses, inherit := MoreInherit, targets := MoreTargets} = Wish,
    Classes = lists:usort(map_get(classes, Tracing) ++ MoreClasses),
    {_, Flags} = beamtap_instruments:split(Classes),
    case beamtap_targets:select(MoreTargets, map_get(owner, Tracing), Flags) of
        {ok, #{pids := Pids, ports := Ports}} ->
            {ok, Tracing#{
                asked := beamtap_match:add(More, Asked),
                limits := beamtap_returns:merge(Limits, MoreLimits),
                patterns := Patterns ++ (MorePatterns -- Patterns),
                dropped := [MFA || MFA <- Dropped, not lists:any(fun({Wide, _}) -> beamtap_match:covers(Wide, MFA) end, More)],
                classes := Classes,
                inherit := lists:usort(Inherit ++ MoreInherit),
                targets := lists:usort(Targets ++ MoreTargets),
                %% Asked for again, they are no longer spared.
                spared := Spared -- (Pids ++ Ports)
            }};
        {error, _} = Error ->
            Error
    end.

%% @doc Traces more. After an error it is as before.
-spec add(tracing(), wish()) -> {ok, tracing()} | beamtap_error:error().
add(Tracing, Wish) ->
    case wider(Tracing, Wish) of
        {ok, Wider} -> add_admitted(admit(Wider), Tracing, Wider);
        {error, _} = Error -> Error
    end.

add_admitted(ok, #{asked := Asked} = Tracing, #{asked := NewAsked} = Wider) ->
    ok = functions(Wider, Asked, NewAsked),
    case widen(Tracing, Wider) of
        {ok, Done} ->
            {ok, Done};
        {error, _} = Error ->
            ok = functions(Tracing, NewAsked, Asked),
            Error
    end;
add_admitted({error, _} = Error, _, _) ->
    Error.

widen(_, #{is_paused := true} = Wider) ->
    {ok, Wider};
widen(Tracing, Wider) when
    ?SAME(classes, Tracing, Wider), ?SAME(inherit, Tracing, Wider), ?SAME(targets, Tracing, Wider), ?SAME(spared, Tracing, Wider)
->
    {ok, Wider};
widen(_, Wider) ->
    flags_on(Wider).

%% @doc Traces less: without these functions, classes or targets.
-spec drop(tracing(), wish()) -> {ok, tracing()} | beamtap_error:error().
drop(#{asked := Asked, dropped := Dropped, classes := Classes, inherit := Inherit} = Tracing, Wish) ->
    {_, Flags} = beamtap_instruments:split(Classes),
    #{asked := Less, classes := Named, inherit := LessInherit, targets := LessTargets} = Wish,
    %% Functions imply their class.
    LessClasses = Named -- [call || Less =/= []],
    {LessInstruments, LessFlags} = beamtap_instruments:split(LessClasses),
    case beamtap_targets:select(LessTargets, maps:get(owner, Tracing), Flags) of
        {ok, Selection} ->
            LessFunctions = lists:usort([MFA || {MFA, Clauses} <- Less, Clauses =/= no_return]),
            NewAsked = beamtap_match:drop(LessFunctions, Asked),
            ok = functions(Tracing, Asked, NewAsked),
            ok = flags_less(Tracing, [Flag || Flag <- LessFlags ++ LessInherit, lists:member(Flag, Classes ++ Inherit)]),
            {_, Left} = instruments_off(LessInstruments, Tracing),
            {ok, targets_less(LessTargets, Selection, Left#{
                asked := NewAsked, dropped := lists:usort(Dropped ++ LessFunctions), classes := Classes -- LessClasses, inherit := Inherit -- LessInherit
            })};
        {error, _} = Error ->
            Error
    end.

flags_less(_, []) -> ok;
flags_less(#{grip := Grip}, Flags) -> beamtap_vm:flags_off_all(Grip, Flags).

targets_less([], _, Tracing) ->
    Tracing;
targets_less(Less, #{pids := Pids, ports := Ports} = Selection, #{grip := Grip, targets := Targets, spared := Spared} = Tracing) ->
    #{classes := Classes, inherit := Inherit} = Tracing,
    {_, Flags} = beamtap_instruments:split(Classes),
    ToCome = [new_processes || maps:get(new, Selection)] ++ [new_ports || maps:get(new_ports, Selection)],
    ok = beamtap_vm:flags_off(Grip, Flags ++ Inherit, ToCome ++ Pids ++ Ports),
    Left =
        case lists:member(new, Less) andalso lists:member(all, Targets) of
            true -> [existing | Targets -- [all | Less]];
            false -> Targets -- Less
        end,
    Tracing#{targets := Left, spared := lists:usort(Spared ++ Pids ++ Ports)}.

%% @doc Takes the flags off. Until {@link resume/1} nothing is recorded and nothing costs time.
-spec pause(tracing()) -> tracing().
pause(Tracing) ->
    ok = flags_away(Tracing),
    {_, Silent} = instruments_off(playing(Tracing), Tracing),
    Silent#{is_paused := true}.

%% @doc Sets the flags again, on what the targets select now.
-spec resume(tracing()) -> {ok, tracing()} | beamtap_error:error().
resume(Tracing) ->
    flags_on(Tracing#{is_paused := false}).

%% @doc Takes functions off, because calls pile up in a process with a stack of so many words that was seen in these functions.
%% Returns which ones.
-spec take_off(tracing(), Words :: pos_integer(), [mfa()]) -> {[mfa()], tracing()} | none.
take_off(#{asked := Asked, limits := Limits} = Tracing, Words, Stack) ->
    case beamtap_returns:piled(Words, Stack, Asked, Limits) of
        {Piled, NewAsked, NewLimits} ->
            ok = functions(Tracing, Asked, NewAsked),
            {Piled, Tracing#{asked := NewAsked, limits := NewLimits}};
        none ->
            none
    end.

%% @doc Sets the patterns again in modules that have been loaded. Returns in which modules, and since when, in microseconds of
%% the system's time.
-spec loaded(tracing(), [module()]) -> {none | {[module()], integer()}, tracing()}.
loaded(#{tap := Tap, grip := Grip, asked := Asked, limits := Limits, patterns := Patterns, dropped := Dropped} = Tracing, Modules) ->
    Of = fun({{M, _, _}, _}) -> lists:member(M, Modules) end,
    {Before, Others} = lists:partition(Of, Asked),
    Wanted = beamtap_match:drop(Dropped, lists:append([beamtap_code:asked_of(M, Patterns) || M <- Modules])),
    case lists:usort([M || {{M, _, _}, Clauses} <- Wanted, is_list(Clauses)]) of
        [] when Before =:= [] ->
            {none, Tracing};
        [] ->
            {none, Tracing#{asked := Others}};
        Meant ->
            %% At once with the loops known before; then with those of the new code.
            AtFirst = Others ++ Wanted ++ [Wish || {_, no_return} = Wish <- Before],
            ok = beamtap_breakpoints:reload(Tap, Grip, Asked, AtFirst, Meant),
            TracedUs = erlang:system_time(microsecond),
            {New, NewLimits} = beamtap_returns:limit(Wanted),
            ok = functions(Tracing, AtFirst, Others ++ New),
            NowLimits = beamtap_returns:reloaded(Modules, Limits, NewLimits),
            {{Meant, TracedUs}, Tracing#{asked := Others ++ New, limits := NowLimits}}
    end.

%% @doc The functions that are recorded without returns.
-spec without_return(tracing()) -> beamtap_returns:told().
without_return(#{asked := Asked, limits := Limits}) ->
    beamtap_returns:told(Asked, Limits).

%% @doc Whether there are functions of which it is not known whether they return.
-spec watches_stacks(tracing()) -> boolean().
watches_stacks(#{asked := Asked, limits := Limits}) ->
    beamtap_returns:watched(Asked, Limits) =/= [].

%% @doc What {@link beamtap:info/1} says of it.
-spec describe(tracing()) -> map().
describe(#{asked := Asked, classes := Classes, inherit := Inherit, targets := Targets, processes := Processes}) ->
    #{
        classes => Classes,
        inherit => Inherit,
        targets => Targets,
        functions => beamtap_breakpoints:count(Asked),
        processes => Processes
    }.
