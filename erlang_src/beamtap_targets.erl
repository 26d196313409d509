%% @doc Which processes a tap is about, and which it leaves alone.
%%
%% Where `all', `new' or `existing' is asked for, the processes that the trace, the shell and the VM itself stand on
%% are left out: beamtap's own, those that do the owner's and the VM's input and output, logger, code server and what
%% the VM calls its system processes. Named by pid or name they are traced, except beamtap's own.
-module(beamtap_targets).

-export([select/2]).
-export_type([selection/0]).

%% `pids' are there now; `new' says whether processes to come are meant too; `named' are those the user named.
-type selection() :: #{pids := [pid()], new := boolean(), named := [pid()]}.

-define(OWN, [beamtap_sup, beamtap_session_sup, beamtap_session, beamtap_janitor]).
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
    erl_signal_server
]).

%% @doc Turns targets into processes. Owner's group leader is left alone too.
-spec select([beamtap_spec:target()], pid()) -> {ok, selection()} | beamtap_error:error().
select(Targets, Owner) ->
    try
        Named = lists:append([named(T) || T <- Targets]),
        Present =
            case lists:member(all, Targets) orelse lists:member(existing, Targets) of
                true -> present(Owner);
                false -> []
            end,
        New = lists:member(all, Targets) orelse lists:member(new, Targets),
        {ok, #{pids => lists:usort(Named ++ Present), new => New, named => Named}}
    catch
        throw:{error, _} = Error -> Error
    end.

named(Group) when Group =:= all; Group =:= new; Group =:= existing ->
    [];
named(Name) when is_atom(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> named(Pid);
        _ -> throw(no_process(Name, ": no process is registered by this name"))
    end;
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

no_process(Target, Said) ->
    beamtap_error:new(
        no_process,
        [beamtap_error:quote(Target), Said],
        "see processes() and registered(); all, new and existing need no name"
    ).

present(Owner) ->
    Alone = left_alone(Owner),
    [Pid || Pid <- processes(), not maps:is_key(Pid, Alone), not erts_internal:is_system_process(Pid)].

left_alone(Owner) ->
    Registered = [whereis(Name) || Name <- ?LEFT_ALONE],
    maps:from_keys(own() ++ group_leader_of(Owner) ++ [Pid || Pid <- Registered, is_pid(Pid)], []).

%% Beside the registered ones: the application master, which is their group leader, and what is linked to it.
own() ->
    Registered = [Pid || Name <- ?OWN, Pid <- [whereis(Name)], is_pid(Pid)],
    Masters = lists:append([group_leader_of(Pid) || Pid <- [whereis(beamtap_sup)], is_pid(Pid)]),
    Starters = [
        Pid
     || Master <- Masters, {links, Links} <- [process_info(Master, links)], Pid <- Links, is_pid(Pid), Pid =/= controller()
    ],
    Registered ++ Masters ++ Starters.

controller() ->
    whereis(application_controller).

group_leader_of(Pid) ->
    case process_info(Pid, group_leader) of
        {group_leader, Leader} -> [Leader];
        undefined -> []
    end.
