%% @private
%% The only caller of `erlang:trace*', of the module `trace', of `erlang:system_monitor' and of `seq_trace'.
%%
%% From OTP 27 on a tap has a trace session of its own. Before, the VM has one set of flags and patterns: what others have set
%% is not changed, and if a tap cannot have its own beside it, nothing is set. The tracer, or the ledger, tells which processes
%% and functions are a tap's; both outlive the process that set it.
-module(beamtap_vm).

-export([open/2, patterns/2, flags_on/4, flags_off/1, flags_off/3, flags_off_all/2, close/1]).
-export([monitor_on/1, monitor_off/1, sequence_on/1, sequence_off/1, monitored_by/0]).
-export([loads_on/0, loads_off/1, loads_sweep/0, unseen/1]).
-export([has_sessions/0, sessions/0, is_traced/2, tracer/1, legacy_flags/1, has_pattern/1]).
-export_type([grip/0, tracer/0, processes/0, flag/0, monitor/0, loads/0]).

-type tracer() :: {module(), non_neg_integer()}.
%% A tap's hold on the VM: its tracer and its trace session. The reference keeps the trace session alive.
-type grip() :: #{tracer := tracer(), session := none | tuple(), arguments := boolean()}.
-type flag() :: beamtap_spec:class() | beamtap_spec:inheritance().
%% A hold on a system monitor: from OTP 28 on a trace session, before nothing.
-type monitor() :: none | tuple().
%% A hold on the meta trace of loads: from OTP 27 on a trace session.
-type loads() :: legacy | tuple().
%% How many processes and ports are traced, and how many were left alone because somebody else traces them.
-type processes() :: #{traced := non_neg_integer(), left := non_neg_integer()}.

-define(OF_PORTS, [ports, running_ports]).
%% All flags are taken off, whichever were inherited.
-define(EVERY_FLAG, [all]).

%% @doc Whether this VM has trace sessions (OTP 27 and later).
-spec has_sessions() -> boolean().
has_sessions() ->
    _ = code:ensure_loaded(trace),
    erlang:function_exported(trace, session_create, 3).

%% @doc Opens a tap's hold on the VM. Tracer's module must be loaded. Arguments: whether it gets the arguments of calls.
-spec open(tracer(), Arguments :: boolean()) -> grip().
open({Module, State} = Tracer, Arguments) ->
    Session =
        case has_sessions() of
            true -> trace(session_create, [beamtap, {Module, State}, []]);
            false -> none
        end,
    #{tracer => Tracer, session => Session, arguments => Arguments}.

%% @doc Closes the hold. Patterns and flags must be off.
-spec close(grip()) -> ok.
close(#{session := none}) ->
    ok;
close(#{session := Session}) ->
    _ = trace(session_destroy, [Session]),
    ok.

%%% Functions

%% @doc Sets and clears trace patterns, in the order given.
-spec patterns(grip(), [beamtap_match:laid()]) -> ok.
patterns(Grip, Laid) ->
    _ = [pattern(Grip, MFA, MatchSpec) || is_open(Grip), {MFA, MatchSpec} <- Laid],
    ok.

%% `local' patterns include local calls, and return_to needs them.
pattern(#{session := none}, MFA, MatchSpec) ->
    erlang:trace_pattern(MFA, MatchSpec, [local]);
pattern(#{session := Session}, MFA, MatchSpec) ->
    trace(function, [Session, MFA, MatchSpec, [local]]).

%%% Processes

%% @doc Sets flags on the processes and ports selected, first on future ones. Those that another tap has are left alone.
-spec flags_on(grip(), [flag()], beamtap_targets:selection(), fun((pid() | port()) -> boolean())) ->
    {ok, processes()} | beamtap_error:error().
flags_on(Grip, Flags, #{pids := Pids, ports := Ports, new := New, new_ports := NewPorts}, IsTaken) ->
    {OfProcesses, OfPorts} = flags(Grip, Flags),
    try
        _ = [process(Grip, new_processes, true, OfProcesses) || New],
        _ = [port(Grip, new_ports, true, OfPorts) || NewPorts],
        Done =
            [flag_on(Grip, Pid, OfProcesses, IsTaken) || Pid <- Pids] ++
                [flag_on(Grip, Port, OfPorts, IsTaken) || Port <- Ports],
        {ok, #{
            traced => length([traced || traced <- Done]),
            left => length([foreign || foreign <- Done])
        }}
    catch
        error:badarg ->
            {error, #{reason => traced_by_others, what => new_processes, by => tracer(new_processes)}}
    end.

%% The tracer gets the arguments only if it records something of them.
arity(#{arguments := true}) -> [];
arity(#{arguments := false}) -> [arity].

flags(Grip, Flags) ->
    Both = [Flag || Flag <- Flags, Flag =:= send orelse Flag =:= 'receive'],
    {arity(Grip) ++ (Flags -- ?OF_PORTS), Both ++ [Flag || Flag <- Flags, lists:member(Flag, ?OF_PORTS)]}.

flag_on(Grip, Who, Flags, IsTaken) ->
    case IsTaken(Who) orelse is_foreign(Grip, Who) of
        true -> foreign;
        false -> set(Grip, Who, Flags)
    end.

is_foreign(#{session := none, tracer := Tracer}, Who) ->
    Known = tracer(Who),
    Known =/= [] andalso Known =/= Tracer;
is_foreign(_, _) ->
    false.

set(Grip, Who, Flags) ->
    try process_or_port(Grip, Who, true, Flags) of
        0 -> gone;
        _ -> traced
    catch
        %% It has just exited, or somebody else has begun to trace it.
        error:badarg -> gone
    end.

%% @doc Takes this grip's flags off everything that has them.
-spec flags_off(grip()) -> ok.
flags_off(#{session := none} = Grip) ->
    _ = [process_or_port(Grip, Whom, false, ?EVERY_FLAG) || Whom <- [new_processes, new_ports], is_ours(Whom, Grip)],
    %% Twice: a process that was being spawned while the default was reset may be visible only now.
    _ = [flag_off(Grip, Who) || _ <- [first, second], Who <- processes() ++ erlang:ports()],
    ok;
flags_off(Grip) ->
    _ = [
        process_or_port(Grip, Whom, false, ?EVERY_FLAG)
     || is_open(Grip), Whom <- [new_processes, new_ports, existing_processes, existing_ports]
    ],
    ok.

%% @doc Takes flags of this grip off some processes and ports, or off future ones.
-spec flags_off(grip(), [flag()], [pid() | port() | new_processes | new_ports]) -> ok.
flags_off(Grip, Flags, Whom) ->
    {OfProcesses, OfPorts} = flags(Grip, Flags),
    _ = [
        flag_off(Grip, Who, case is_port(Who) orelse Who =:= new_ports of true -> OfPorts; false -> OfProcesses -- [arity] end)
     || is_open(Grip), Who <- Whom
    ],
    ok.

%% @doc Takes flags of this grip off everything that has them, and off future processes and ports.
-spec flags_off_all(grip(), [flag()]) -> ok.
flags_off_all(Grip, Flags) ->
    flags_off(Grip, Flags, [new_processes, new_ports] ++ processes() ++ erlang:ports()).

flag_off(Grip, Who) -> flag_off(Grip, Who, ?EVERY_FLAG).

flag_off(Grip, Who, Flags) ->
    try
        is_traced(Grip, Who) andalso process_or_port(Grip, Who, false, Flags)
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

%%% Loads

%% Every load of a module goes through these functions.
-define(LOADS, [{erts_internal, prepare_loading, 2}, {erlang, finish_loading, 1}, {erlang, finish_after_on_load, 2}]).

%% @doc Meta-traces loads for the caller, with the end of each call. `taken': another tool meta-traces these functions. A meta
%% trace for a dead process is taken over.
-spec loads_on() -> {ok, loads()} | taken.
loads_on() ->
    Ends = [{'_', [], [{exception_trace}]}],
    case has_sessions() of
        true ->
            Session = trace(session_create, [beamtap, self(), []]),
            try
                _ = [trace(function, [Session, MFA, Ends, [meta]]) || MFA <- ?LOADS],
                {ok, Session}
            catch
                error:badarg ->
                    ok = loads_off(Session),
                    taken
            end;
        false ->
            case lists:any(fun is_meta_traced/1, ?LOADS) of
                true ->
                    taken;
                false ->
                    _ = [erlang:trace_pattern(MFA, Ends, [meta]) || MFA <- ?LOADS],
                    {ok, legacy}
            end
    end.

%% @doc Takes off meta traces that dead processes have left.
-spec loads_sweep() -> ok.
loads_sweep() ->
    _ = [erlang:trace_pattern(MFA, false, [meta]) || not has_sessions(), MFA <- ?LOADS, not is_meta_traced(MFA), has_meta_pattern(MFA)],
    ok.

%% Once the VM has noticed that the tracer is dead, it tells none, but keeps the pattern.
has_meta_pattern(MFA) ->
    case erlang:trace_info(MFA, meta_match_spec) of
        {meta_match_spec, Spec} -> is_list(Spec);
        undefined -> false
    end.

is_meta_traced(MFA) ->
    case erlang:trace_info(MFA, meta) of
        {meta, Pid} when is_pid(Pid), node(Pid) =:= node() -> is_process_alive(Pid);
        {meta, Nobody} -> Nobody =/= false andalso Nobody =/= [];
        undefined -> false
    end.

%% @doc Ends the caller's meta trace of loads.
-spec loads_off(loads()) -> ok.
loads_off(legacy) ->
    Mine = self(),
    _ = [erlang:trace_pattern(MFA, false, [meta]) || MFA <- ?LOADS, erlang:trace_info(MFA, meta) =:= {meta, Mine}],
    ok;
loads_off(Session) ->
    _ = trace(session_destroy, [Session]),
    ok.

%% @doc Runs Act so that no trace shows what the caller does in it: work for beamtap in a user's process.
-spec unseen(fun(() -> Answer)) -> Answer.
unseen(Act) ->
    case process_flag(sensitive, true) of
        true ->
            Act();
        false ->
            try
                Act()
            after
                process_flag(sensitive, false)
            end
    end.

%%% The system monitor

%% @doc Makes the caller the system monitor, until {@link monitor_off/1} or its exit. Settings are those of `trace:system/3'.
%% Another process's monitor is left as it is.
-spec monitor_on([{atom(), term()}]) -> {ok, monitor()} | {taken, pid() | port()} | {unknown, [{atom(), term()}]}.
monitor_on(Settings) ->
    try
        case has_monitor_sessions() of
            true -> monitor_session(Settings);
            false -> monitor_node(Settings)
        end
    catch
        error:badarg -> {unknown, Settings}
    end.

monitor_session(Settings) ->
    Session = trace(session_create, [beamtap, self(), []]),
    _ = [trace(system, [Session, Event, Value]) || {Event, Value} <- Settings],
    {ok, Session}.

monitor_node(Settings) ->
    Legacy = [
        case Setting of
            {Flag, true} -> Flag;
            _ -> Setting
        end
     || Setting <- Settings
    ],
    case monitored_by() =:= none andalso erlang:system_monitor(self(), Legacy) of
        undefined ->
            {ok, none};
        {Other, _} = Theirs ->
            %% It was set in this moment.
            _ = erlang:system_monitor(Theirs),
            {taken, Other};
        false ->
            {taken, monitored_by()}
    end.

%% @doc Ends the caller's monitor. `taken': another process has become the monitor meanwhile, and stays it.
-spec monitor_off(monitor()) -> ok | taken.
monitor_off(none) ->
    case erlang:system_monitor() of
        {Pid, _} when Pid =:= self() ->
            _ = erlang:system_monitor(undefined),
            ok;
        _ ->
            taken
    end;
monitor_off(Session) ->
    _ = trace(session_destroy, [Session]),
    ok.

%% @doc Who has the node's only system monitor; `none' also if each trace session can have one.
-spec monitored_by() -> pid() | port() | none.
monitored_by() ->
    case has_monitor_sessions() orelse erlang:system_monitor() of
        {Who, _} -> Who;
        _ -> none
    end.

has_monitor_sessions() ->
    has_sessions() andalso erlang:function_exported(trace, system, 3).

%%% The system tracer of sequential tracing

%% @doc Makes this tracer the VM's only system tracer. `taken': there is another one, which stays.
-spec sequence_on(tracer()) -> ok | {taken, term()}.
sequence_on(Tracer) ->
    case seq_trace:get_system_tracer() of
        false ->
            case seq_trace:set_system_tracer(Tracer) of
                false ->
                    ok;
                Theirs ->
                    %% It was set in this moment.
                    _ = seq_trace:set_system_tracer(Theirs),
                    {taken, Theirs}
            end;
        Theirs ->
            {taken, Theirs}
    end.

%% @doc Ends what sequence_on/1 began. `taken': another system tracer was set meanwhile, and stays.
-spec sequence_off(tracer()) -> ok | taken.
sequence_off(Tracer) ->
    case seq_trace:get_system_tracer() of
        Tracer ->
            _ = seq_trace:set_system_tracer(false),
            ok;
        false ->
            ok;
        _ ->
            taken
    end.

%%% What is set

%% @doc Whether this grip traces a process or port, or future ones.
-spec is_traced(grip(), pid() | port() | new_processes | new_ports) -> boolean().
is_traced(#{session := none} = Grip, Who) ->
    is_ours(Who, Grip);
is_traced(#{session := Session} = Grip, Who) ->
    case is_open(Grip) andalso trace(info, [Session, Who, flags]) of
        {flags, [_ | _]} -> true;
        _ -> false
    end.

%% @doc The tracer of a process or port outside every trace session; `[]' if there is none or it is gone.
-spec tracer(pid() | port() | new_processes | new_ports) -> term().
tracer(Who) ->
    case erlang:trace_info(Who, tracer) of
        {tracer, Tracer} -> Tracer;
        undefined -> []
    end.

%% @doc The trace flags of a process outside every trace session.
-spec legacy_flags(pid()) -> [atom()].
legacy_flags(Pid) ->
    case erlang:trace_info(Pid, flags) of
        {flags, Flags} -> Flags;
        undefined -> []
    end.

%% @doc Whether a function has a trace pattern outside every trace session.
-spec has_pattern(mfa()) -> boolean().
has_pattern(MFA) ->
    case erlang:trace_info(MFA, traced) of
        {traced, How} -> How =:= local orelse How =:= global
    end.

%% @doc All trace sessions, each as {Name, Number}.
-spec sessions() -> [{atom(), term()}].
sessions() ->
    trace(session_info, [all]).

%% clear/0 may have destroyed the trace session already.
is_open(#{session := none}) -> true;
is_open(#{session := {_Strong, Weak}}) -> lists:member(Weak, sessions()).

%% Applied by name: OTP 25 and 26 have no such module.
trace(Function, Arguments) ->
    apply(trace, Function, Arguments).
