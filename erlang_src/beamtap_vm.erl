%% @doc The only caller of `erlang:trace*' and of the module `trace'.
%%
%% From OTP 27 on everything of a tap hangs on one trace session of its own. Before, there is one set of flags and
%% patterns in the VM: what others have set is not touched, and where ours cannot stand beside it, nothing is set.
%% A process or function is known as ours by its tracer, or by the ledger; both outlive the process that set it.
-module(beamtap_vm).

-export([open/2, patterns_on/2, patterns_off/2, flags_on/3, flags_off/1, close/1]).
-export([refusal/3, known_bad/2, erts/0, has_sessions/0, foreign/0]).
-export_type([grip/0, tracer/0, processes/0]).

-type tracer() :: {module(), non_neg_integer()}.
%% What holds a tap's place in the VM. The session's reference is what keeps the session alive.
-type grip() :: #{tracer := tracer(), session := none | tuple(), arguments := boolean()}.
%% How many processes and ports are traced, and how many were left since somebody else traces them.
-type processes() :: #{traced := non_neg_integer(), left := non_neg_integer()}.

-define(OF_PORTS, [ports, running_ports]).
%% What `erlang:trace/3' works on; always there.
-define(LEGACY_SESSION, {legacy, default}).
%% Taking away takes all of it, whatever was inherited.
-define(EVERY_FLAG, [all]).

%% @doc Whether this VM has trace sessions (OTP 27 and later).
-spec has_sessions() -> boolean().
has_sessions() ->
    _ = code:ensure_loaded(trace),
    erlang:function_exported(trace, session_create, 3).

%% @doc Makes the place in the VM that patterns and flags are set in. Tracer's module must be loaded; Arguments says
%% whether the VM is to hand it the arguments of calls.
-spec open(tracer(), Arguments :: boolean()) -> grip().
open({Module, State} = Tracer, Arguments) ->
    Session =
        case has_sessions() of
            true -> trace(session_create, [beamtap, {Module, State}, []]);
            false -> none
        end,
    #{tracer => Tracer, session => Session, arguments => Arguments}.

%% @doc Gives the place up. Patterns and flags must be off.
-spec close(grip()) -> ok.
close(#{session := none}) ->
    ok;
close(#{session := Session}) ->
    _ = trace(session_destroy, [Session]),
    ok.

%%% Functions

%% @doc Sets trace patterns; answers how many functions they match.
-spec patterns_on(grip(), [beamtap_match:laid()]) -> non_neg_integer().
patterns_on(Grip, Laid) ->
    Matched = [{MFA, pattern(Grip, MFA, MatchSpec)} || {MFA, MatchSpec} <- Laid],
    %% What a wider pattern has counted is not counted again.
    lists:sum([
        Count
     || {MFA, Count} <- Matched, not lists:any(fun({Wide, _}) -> Wide =/= MFA andalso beamtap_match:covers(Wide, MFA) end, Laid)
    ]).

%% @doc Takes trace patterns away.
-spec patterns_off(grip(), [beamtap_match:laid()]) -> ok.
patterns_off(Grip, Laid) ->
    _ = [pattern(Grip, MFA, false) || is_open(Grip), {MFA, _} <- Laid],
    ok.

%% `local' patterns hold for local calls too, and return_to needs them.
pattern(#{session := none}, MFA, MatchSpec) ->
    erlang:trace_pattern(MFA, MatchSpec, [local]);
pattern(#{session := Session}, MFA, MatchSpec) ->
    trace(function, [Session, MFA, MatchSpec, [local]]).

%%% Processes

%% @doc Sets flags on the processes and ports selected, those to come first.
-spec flags_on(grip(), [beamtap_spec:class() | beamtap_spec:inheritance()], beamtap_targets:selection()) ->
    {ok, processes()} | beamtap_error:error().
flags_on(Grip, Flags, #{pids := Pids, ports := Ports, new := New, new_ports := NewPorts}) ->
    OfProcesses = arity(Grip) ++ (Flags -- ?OF_PORTS),
    OfPorts = [Flag || Flag <- Flags, lists:member(Flag, ?OF_PORTS)] ++ [Flag || Flag <- Flags, Flag =:= send orelse Flag =:= 'receive'],
    try
        _ = [process(Grip, new_processes, true, OfProcesses) || New],
        _ = [port(Grip, new_ports, true, OfPorts) || NewPorts],
        Done = [flag_on(Grip, Pid, OfProcesses) || Pid <- Pids] ++ [flag_on(Grip, Port, OfPorts) || Port <- Ports],
        {ok, #{
            traced => length([traced || traced <- Done]),
            left => length([foreign || foreign <- Done])
        }}
    catch
        error:badarg -> traced_by_others(new_processes, erlang:trace_info(new_processes, tracer))
    end.

%% Arguments do not reach the tracer unless it is to say something of them.
arity(#{arguments := true}) -> [];
arity(#{arguments := false}) -> [arity].

flag_on(#{session := none, tracer := Tracer} = Grip, Who, Flags) ->
    case erlang:trace_info(Who, tracer) of
        {tracer, Free} when Free =:= []; Free =:= Tracer -> set(Grip, Who, Flags);
        {tracer, _} -> foreign;
        undefined -> gone
    end;
flag_on(Grip, Who, Flags) ->
    set(Grip, Who, Flags).

set(Grip, Who, Flags) ->
    try process_or_port(Grip, Who, true, Flags) of
        0 -> gone;
        _ -> traced
    catch
        %% It ended just now, or somebody else began to trace it.
        error:badarg -> gone
    end.

%% @doc Takes the flags of this grip from everything that has them.
-spec flags_off(grip()) -> ok.
flags_off(#{session := none} = Grip) ->
    _ = [process_or_port(Grip, Whom, false, ?EVERY_FLAG) || Whom <- [new_processes, new_ports], is_ours(Whom, Grip)],
    %% Twice: a process that was being made while the default was taken back may show itself only now.
    _ = [flag_off(Grip, Who) || _ <- [first, second], Who <- processes() ++ erlang:ports()],
    ok;
flags_off(Grip) ->
    _ = [
        process_or_port(Grip, Whom, false, ?EVERY_FLAG)
     || is_open(Grip), Whom <- [new_processes, new_ports, existing_processes, existing_ports]
    ],
    ok.

flag_off(Grip, Who) ->
    try
        is_ours(Who, Grip) andalso process_or_port(Grip, Who, false, ?EVERY_FLAG)
    catch
        error:badarg -> gone
    end.

is_ours(Whom, #{tracer := Tracer}) ->
    erlang:trace_info(Whom, tracer) =:= {tracer, Tracer}.

process_or_port(Grip, Whom, How, Flags) when is_port(Whom); Whom =:= new_ports; Whom =:= existing_ports ->
    port(Grip, Whom, How, Flags);
process_or_port(Grip, Whom, How, Flags) ->
    process(Grip, Whom, How, Flags).

process(#{session := none} = Grip, Whom, How, Flags) -> legacy(Grip, Whom, How, Flags);
process(#{session := Session}, Whom, How, Flags) -> trace(process, [Session, Whom, How, Flags]).

port(#{session := none} = Grip, Whom, How, Flags) -> legacy(Grip, Whom, How, Flags);
port(#{session := Session}, Whom, How, Flags) -> trace(port, [Session, Whom, How, Flags]).

legacy(_, Whom, false, Flags) ->
    erlang:trace(Whom, false, Flags);
legacy(#{tracer := {Module, State}}, Whom, true, Flags) ->
    erlang:trace(Whom, true, [{tracer, Module, State} | Flags]).

%%% Others

%% @doc Why this VM, or what others trace in it, forbids a tap; none when nothing does.
-spec refusal([beamtap_spec:class()], beamtap_targets:selection(), [beamtap_match:laid()]) -> none | beamtap_error:error().
refusal(Classes, Selection, Patterns) ->
    first([
        fun() -> bad_release(Classes) end,
        fun() -> foreign_tracer(Selection) end,
        fun() -> foreign_pattern(Patterns) end
    ]).

first([]) ->
    none;
first([Check | Rest]) ->
    case Check() of
        none -> first(Rest);
        Error -> Error
    end.

bad_release(Classes) ->
    Found = [
        {Class, Finding, Remedy}
     || Class <- Classes, {refuse, Finding, Remedy} <- [known_bad(erts(), Class)], foreign() =/= []
    ],
    case Found of
        [] -> none;
        [{Class, Finding, Remedy} | _] -> beamtap_error:new(known_bad, [atom_to_list(Class), ": ", Finding], Remedy)
    end.

foreign_tracer(Selection) ->
    case has_sessions() of
        true -> none;
        false -> foreign_tracer_legacy(Selection)
    end.

foreign_tracer_legacy(#{new := New, new_ports := NewPorts, named := Named}) ->
    Whom = [new_processes || New] ++ [new_ports || NewPorts] ++ Named,
    case [{Who, T} || Who <- Whom, {tracer, T} <- [erlang:trace_info(Who, tracer)], T =/= []] of
        [] ->
            none;
        [{Who, Tracer} | _] ->
            traced_by_others(Who, Tracer)
    end.

traced_by_others(Who, Tracer) ->
    beamtap_error:new(
        traced_by_others,
        [beamtap_error:quote(Who), " is traced already, by ", beamtap_error:quote(Tracer)],
        "end that trace (dbg:stop() when it is dbg's), or name other targets"
    ).

foreign_pattern(Patterns) ->
    case has_sessions() of
        true -> none;
        false -> foreign_pattern_legacy(Patterns)
    end.

foreign_pattern_legacy(Patterns) ->
    Traced = fun({M, F, A}) ->
        case erlang:trace_info({M, F, A}, traced) of
            {traced, How} -> How =:= local orelse How =:= global
        end
    end,
    case lists:search(Traced, lists:append([functions(MFA) || {MFA, _} <- Patterns])) of
        false ->
            none;
        {value, {M, F, A}} ->
            beamtap_error:new(
                traced_by_others,
                [beamtap_error:quote({M, F, A}), " has a trace pattern already"],
                "take it away (dbg:ctp() when it is dbg's), or name other functions"
            )
    end.

functions({M, F, A}) ->
    [{M, F1, A1} || {F1, A1} <- M:module_info(functions), F =:= '_' orelse F1 =:= F, A =:= '_' orelse A1 =:= A].

%% @doc The trace sessions of others, and `legacy' when a process outside every session has garbage collection
%% traced; only on VMs with sessions.
-spec foreign() -> [term()].
foreign() ->
    case has_sessions() of
        true ->
            [Session || {Name, _} = Session <- sessions(), Name =/= beamtap, Session =/= ?LEGACY_SESSION] ++
                [legacy || lists:any(fun has_legacy_gc/1, processes())];
        false ->
            []
    end.

has_legacy_gc(Pid) ->
    case erlang:trace_info(Pid, flags) of
        {flags, Flags} -> lists:member(garbage_collection, Flags);
        undefined -> false
    end.

%% What closes a session, closes it for all: clear/0 may have been first.
is_open(#{session := none}) -> true;
is_open(#{session := {_Strong, Weak}}) -> lists:member(Weak, sessions()).

%% All sessions, each as {Name, Number}.
sessions() ->
    trace(session_info, [all]).

%% @doc What is known to go wrong with a class of events in a release of the run-time system.
-spec known_bad([non_neg_integer()], beamtap_spec:class()) ->
    none | {refuse | warn, Finding :: binary(), Remedy :: binary()}.
known_bad([Major | _], garbage_collection) when Major >= 15, Major =< 17 ->
    {refuse, <<"OTP 27 to 29 crash when two trace sessions see one process collect garbage (erlang/otp#11624)">>,
        <<"end the other trace session, or leave garbage_collection out">>};
known_bad(Erts, Class) when Erts < [13, 2], Class =:= running; Erts < [13, 2], Class =:= exiting ->
    {warn, <<"OTP before 25.3 can crash when a process on a dirty scheduler is traced (erlang/otp#6448)">>,
        <<"use OTP 25.3 or later, or trace named processes only">>};
known_bad(_, _) ->
    none.

%% @doc The run-time system's version as numbers.
-spec erts() -> [non_neg_integer()].
erts() ->
    [list_to_integer(Part) || Part <- string:lexemes(erlang:system_info(version), "."), is_number_text(Part)].

is_number_text(Text) ->
    lists:all(fun(C) -> C >= $0 andalso C =< $9 end, Text).

%% Applied by name: OTP 25 and 26 have no such module.
trace(Function, Arguments) ->
    apply(trace, Function, Arguments).
