%% @private
%% Which processes and ports a tap traces, and which it leaves alone.
%%
%% `all', `new' and `existing' leave out the processes that the trace, the shell and the VM depend on: beamtap's own, those
%% that do the owner's and the VM's input and output, logger, code server, and the VM's system processes. Except for beamtap's
%% own, they are traced if they are named.
-module(beamtap_targets).

-export([select/3]).
-export_type([selection/0]).

%% `pids' and `ports' exist now. `new' and `new_ports': whether later ones are traced too. `named': the ones that the user
%% named individually.
-type selection() :: #{
    pids := [pid()],
    ports := [port()],
    new := boolean(),
    new_ports := boolean(),
    named := [pid() | port()]
}.

-define(OWN, [
    beamtap_sup,
    beamtap_core_sup,
    beamtap_face_sup,
    beamtap_session_sup,
    beamtap_janitor,
    beamtap_definitions,
    beamtap_loads,
    beamtap_guest,
    beamtap_telemetry,
    beamtap_toggle,
    beamtap_seq_trace,
    beamtap_system_monitor,
    beamtap_schedulers,
    beamtap_allocators
]).
-define(LEFT_ALONE, [
    user,
    user_drv,
    user_drv_reader,
    user_drv_writer,
    standard_error,
    standard_error_sup,
    logger,
    logger_sup,
    logger_proxy,
    logger_handler_watcher,
    logger_std_h_default,
    'Elixir.Logger',
    'Elixir.Logger.Supervisor',
    code_server,
    erl_prim_loader,
    init,
    erts_code_purger,
    %% Taps use its locks.
    global_name_server,
    erl_signal_server
]).

%% @doc Turns targets into processes, and into ports if Classes, which are trace flags, concern ports. Without classes there are
%% none. Owner's group leader is left alone too.
-spec select([beamtap_spec:target()], pid(), [beamtap_spec:class()]) -> {ok, selection()} | beamtap_error:error().
select(Targets, Owner, Classes) ->
    try
        Named = [Who || Who <- lists:append([named(T) || T <- Targets]), Classes =/= []],
        Groups = [Pid || Pid <- lists:append([group(T) || T <- Targets]), Classes =/= []],
        Existing = lists:member(all, Targets) orelse lists:member(existing, Targets),
        New = lists:member(all, Targets) orelse lists:member(new, Targets),
        OfPorts = lists:member(ports, Classes) orelse lists:member(running_ports, Classes),
        OfProcesses = Classes -- [ports, running_ports] =/= [],
        {ok, #{
            pids => lists:usort(
                [Pid || Pid <- Named, is_pid(Pid)] ++ Groups ++ [Pid || Existing andalso OfProcesses, Pid <- present(Owner)]
            ),
            ports => lists:usort(
                [Port || Port <- Named, is_port(Port)] ++ [Port || Existing andalso OfPorts, Port <- present_ports(Owner)]
            ),
            new => New andalso OfProcesses,
            new_ports => New andalso OfPorts,
            named => Named
        }}
    catch
        throw:{error, _} = Error -> Error
    end.

named(Group) when Group =:= all; Group =:= new; Group =:= existing; is_tuple(Group) ->
    [];
named(Name) when is_atom(Name) ->
    case whereis(Name) of
        Here when is_pid(Here); is_port(Here) -> named(Here);
        undefined -> throw(not_registered(Name))
    end;
named(Port) when is_port(Port) ->
    erlang:port_info(Port, id) =/= undefined orelse throw(no_process(Port, not_open)),
    [Port];
named(Pid) ->
    is_process_alive(Pid) orelse throw(no_process(Pid, not_alive)),
    lists:member(Pid, own()) andalso
        throw({error, #{reason => bad_target, target => Pid, cause => own}}),
    [Pid].

not_registered(Name) ->
    {error, maps:merge(
        #{reason => no_process, target => Name, cause => not_registered},
        maps:from_list([{near, Near} || {ok, Near} <- [beamtap_shape:near(Name, registered())]])
    )}.

no_process(Target, Cause) ->
    {error, #{reason => no_process, target => Target, cause => Cause}}.

%% Groups of processes. No process is asked: a supervisor that is busy starting a child would not answer.
group({app, App} = Target) ->
    some([Pid || Pid <- processes(), application:get_application(Pid) =:= {ok, App}], Target);
group({supervisor, Name} = Target) when is_atom(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> some(below(Pid), Target);
        _ -> throw(not_registered(Name))
    end;
group({supervisor, Pid} = Target) ->
    some(below(Pid), Target);
group({initial_call, Call} = Target) ->
    some([Pid || Pid <- processes(), is_started_by(Pid, Call)], Target);
group(_) ->
    [].

some(Found, Target) ->
    case Found -- own() of
        [] -> throw(no_process(Target, empty));
        Pids -> Pids
    end.

%% The processes that a registered process started know it by its name.
below(Top) ->
    Known =
        case process_info(Top, registered_name) of
            {registered_name, Name} -> [Top, Name];
            _ -> [Top]
        end,
    [
        Pid
     || Pid <- processes(),
        Pid =:= Top orelse lists:any(fun(Ancestor) -> lists:member(Ancestor, Known) end, ancestors(Pid))
    ].

ancestors(Pid) ->
    case process_info(Pid, dictionary) of
        {dictionary, Dictionary} ->
            case lists:keyfind('$ancestors', 1, Dictionary) of
                {_, Ancestors} when is_list(Ancestors) -> Ancestors;
                _ -> []
            end;
        undefined ->
            []
    end.

is_started_by(Pid, {M, F, A}) ->
    Started =
        case process_info(Pid, initial_call) of
            {initial_call, {proc_lib, _, _}} -> proc_lib:translate_initial_call(Pid);
            {initial_call, Call} -> Call;
            undefined -> none
        end,
    case Started of
        {M, F, Arity} -> A =:= '_' orelse A =:= Arity;
        {M, _, Arity} when F =:= '_' -> A =:= '_' orelse A =:= Arity;
        _ -> false
    end.

present(Owner) ->
    Alone = left_alone(Owner),
    [Pid || Pid <- processes(), not maps:is_key(Pid, Alone), not erts_internal:is_system_process(Pid)].

%% Ports of processes that are left alone are left alone too.
present_ports(Owner) ->
    Alone = left_alone(Owner),
    [
        Port
     || Port <- erlang:ports(),
        {connected, Pid} <- [erlang:port_info(Port, connected)],
        not maps:is_key(Pid, Alone),
        not erts_internal:is_system_process(Pid)
    ].

left_alone(Owner) ->
    Registered = [whereis(Name) || Name <- ?LEFT_ALONE],
    maps:from_keys(own() ++ group_leader_of(Owner) ++ [Pid || Pid <- Registered, is_pid(Pid)], []).

%% Beside the registered ones: the tap processes, the application master, which is their group leader, and processes linked to
%% it.
own() ->
    Registered = [Pid || Name <- ?OWN, Pid <- [whereis(Name)], is_pid(Pid)],
    Masters = lists:append([group_leader_of(Pid) || Pid <- [whereis(beamtap_sup)], is_pid(Pid)]),
    Starters = [
        Pid
     || Master <- Masters, {links, Links} <- [process_info(Master, links)], Pid <- Links, is_pid(Pid), Pid =/= controller()
    ],
    Registered ++ beamtap_ledger:sessions() ++ beamtap_ledger:lookers() ++ Masters ++ Starters.

controller() ->
    whereis(application_controller).

group_leader_of(Pid) ->
    case process_info(Pid, group_leader) of
        {group_leader, Leader} -> [Leader];
        undefined -> []
    end.
