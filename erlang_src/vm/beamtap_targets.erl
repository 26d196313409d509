%% @doc Which processes and ports a tap is about, and which it leaves alone.
%%
%% Where `all', `new' or `existing' is asked for, the processes that the trace, the shell and the VM itself stand on
%% are left out: beamtap's own, those that do the owner's and the VM's input and output, logger, code server and what
%% the VM calls its system processes. Named by pid or name they are traced, except beamtap's own.
-module(beamtap_targets).

-export([select/3]).
-export_type([selection/0]).

%% `pids' and `ports' are there now; `new' and `new_ports' say whether those to come are meant too; `named' are those
%% that the user named one by one.
-type selection() :: #{
    pids := [pid()],
    ports := [port()],
    new := boolean(),
    new_ports := boolean(),
    named := [pid() | port()]
}.

-define(OWN, [
    beamtap_sup,
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
    %% Its locks are those of taps.
    global_name_server,
    erl_signal_server
]).

%% @doc Turns targets into processes and ports, these where Classes are about them: flags, no instruments. Where there
%% are none it is about nothing. Owner's group leader is left alone too.
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
        undefined -> throw(no_process(Name, [": no process is registered by this name", near(Name)]))
    end;
named(Port) when is_port(Port) ->
    erlang:port_info(Port, id) =/= undefined orelse throw(no_process(Port, " is not open")),
    [Port];
named(Pid) ->
    is_process_alive(Pid) orelse throw(no_process(Pid, " is not alive")),
    lists:member(Pid, own()) andalso
        throw(
            beamtap_error:new(
                bad_target,
                [beamtap_error:quote(Pid), " is one of beamtap's own processes"],
                "beamtap does not trace itself"
            )
        ),
    [Pid].

%% What belongs together. Nobody is asked: a supervisor that is busy starting a child would not answer.
group({app, App} = Target) ->
    some([Pid || Pid <- processes(), application:get_application(Pid) =:= {ok, App}], Target);
group({supervisor, Name} = Target) when is_atom(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> some(below(Pid), Target);
        _ -> throw(no_process(Name, ": no process is registered by this name"))
    end;
group({supervisor, Pid} = Target) ->
    some(below(Pid), Target);
group({initial_call, Call} = Target) ->
    some([Pid || Pid <- processes(), is_started_by(Pid, Call)], Target);
group(_) ->
    [].

some(Found, Target) ->
    case Found -- own() of
        [] -> throw(no_process(Target, " stands for no process now"));
        Pids -> Pids
    end.

%% A process that has a name is known by it to those that it started.
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

near(Name) ->
    case beamtap_shape:near(Name, registered()) of
        {ok, Best} -> ["; did you mean ", beamtap_error:quote(Best), "?"];
        none -> []
    end.

no_process(Target, Said) ->
    beamtap_error:new(
        no_process,
        [beamtap_error:quote(Target), Said],
        ["see ", beamtap_wording:either("registered()", "Process.registered()"), "; all, new and existing need no name"]
    ).

present(Owner) ->
    Alone = left_alone(Owner),
    [Pid || Pid <- processes(), not maps:is_key(Pid, Alone), not erts_internal:is_system_process(Pid)].

%% Ports of the processes left alone are left alone, too.
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

%% Beside the registered ones: the taps' sessions, the application master, which is their group leader, and what is
%% linked to it.
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
