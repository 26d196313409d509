%% @private
%% Definitions: what a trace says about the VM, its modules and its processes, so that events have names.
%%
%% A tap writes them when it begins to record. For LTTng sessions that beamtap did not make there is this process: the NIF
%% tells it when one begins to record definitions.
-module(beamtap_definitions).
-behaviour(gen_server).

-export([start_link/0, watch/0, dump/0, introduce/0, collect/0, emit/1, emit_modules_since/1, nonce/0, canary/1]).
-export([pause/1, resume/2, ended/3, caveat/2, ends/2]).
-export([outside/1, stem_of_vm/0, stem_of_node/0]).
-export([init/1, handle_call/3, handle_continue/2, handle_cast/2, handle_info/2, terminate/2]).
-export_type([known/0, outside/0]).

%% Everything that takes long to find out.
-type known() :: #{
    vm := map(),
    processes := [{pid(), pid() | undefined, atom(), mfa() | undefined}],
    labels := [{pid(), term()}],
    modules := [{module(), Md5 :: binary()}]
}.

%% An LTTng session that beamtap did not make. While the session daemon does not answer, `active' is `unknown' and the rest is as
%% last seen. `events': names and patterns of this VM's events that are enabled in it.
-type outside() :: #{
    session := binary(),
    state := outside,
    active := boolean() | unknown,
    mode := local | net | live | snapshot,
    path := binary(),
    events := [binary()]
}.
%% `told': the LTTng sessions that were active at the last dump.
-type state() :: #{outside := [outside()], told := [binary()]}.

%% While one recording begins or ends, others try again so often.
-define(TURNS, 100).
-define(TURN_MS, 50).
%% How long the session daemon is asked for its LTTng sessions when no caller waits.
-define(LOOK_MS, 1000).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%% @doc Makes the NIF, which is loaded, tell the process when definitions are missing. Without the application there is no such
%% process; LTTng sessions that beamtap did not make then have names only of what appears while they record.
-spec watch() -> ok.
watch() ->
    case whereis(?MODULE) of
        Pid when is_pid(Pid) ->
            _ = beamtap_nif:watch_definitions(Pid),
            ok;
        undefined ->
            ok
    end.

%% @doc Writes all definitions into every trace: before a snapshot, and when an LTTng session has begun that has none.
-spec dump() -> ok | {error, no_slot}.
dump() ->
    emit(collect()).

%% @doc Writes the definition of the caller. During a call of beamtap's the caller is sensitive ({@link beamtap_vm:unseen/1}):
%% other processes cannot see its initial call and label, so {@link collect/0} does not find them.
-spec introduce() -> ok.
introduce() ->
    {ok, Known} = process(self()),
    _ = erlang:module_loaded(beamtap_nif) andalso
        in_order([
            fun() -> beamtap_nif:dump_processes([Known]) end,
            fun() -> beamtap_nif:dump_labels(labels([self()])) end
        ]),
    ok.

in_turn(Emit, Turns) ->
    case Emit() of
        {error, no_slot} when Turns > 1 ->
            receive
            after ?TURN_MS -> in_turn(Emit, Turns - 1)
            end;
        Done ->
            Done
    end.

-spec collect() -> known().
collect() ->
    Pids = erlang:processes(),
    #{
        vm => vm(),
        processes => [Known || Pid <- Pids, {ok, Known} <- [process(Pid)]],
        labels => labels(Pids),
        modules => modules()
    }.

%% @doc Writes what was collected.
-spec emit(known()) -> ok | {error, no_slot}.
emit(#{vm := Vm, processes := Processes, labels := Labels, modules := Modules}) ->
    in_order([
        fun() -> beamtap_nif:dump_definitions(Vm) end,
        fun() -> beamtap_nif:dump_processes(Processes) end,
        fun() -> beamtap_nif:dump_labels(Labels) end,
        fun() -> beamtap_nif:dump_modules(Modules) end
    ]).

in_order([]) ->
    ok;
in_order([Emit | Rest]) ->
    case in_turn(Emit, ?TURNS) of
        ok -> in_order(Rest);
        {error, _} = Error -> Error
    end.

%% @doc Writes the modules that are new or have changed.
-spec emit_modules_since([{module(), binary()}]) -> ok | {error, no_slot}.
emit_modules_since(Before) ->
    New = ordsets:subtract(modules(), Before),
    in_turn(fun() -> beamtap_nif:dump_modules(New) end, ?TURNS).

%% @doc Writes into every trace that the tap whose LTTng session has this name is paused.
-spec pause(binary()) -> ok | {error, no_slot}.
pause(Session) ->
    in_turn(fun() -> beamtap_nif:emit_pause(Session) end, ?TURNS).

%% @doc The same: that it is resumed, after so many nanoseconds.
-spec resume(binary(), non_neg_integer()) -> ok | {error, no_slot}.
resume(Session, LengthNs) ->
    in_turn(fun() -> beamtap_nif:emit_resume(Session, LengthNs) end, ?TURNS).

%% @doc The same: that it has ended, for this reason and after so many nanoseconds.
-spec ended(binary(), beamtap:ended_by(), non_neg_integer()) -> ok | {error, no_slot}.
ended(Session, EndedBy, LengthNs) ->
    in_turn(fun() -> beamtap_nif:emit_ended(Session, EndedBy, LengthNs) end, ?TURNS).

%% @doc The same: what that tap's trace lacks.
-spec caveat(binary(), binary()) -> ok | {error, no_slot}.
caveat(Session, Text) ->
    in_turn(fun() -> beamtap_nif:emit_caveat(Session, Text) end, ?TURNS).

%% @doc Writes of which functions the ends of calls are recorded from now on, or are no longer.
-spec ends([mfa()], boolean()) -> ok | {error, no_slot}.
ends(Functions, IsRecorded) ->
    in_turn(fun() -> beamtap_nif:dump_ends(Functions, IsRecorded) end, ?TURNS).

%% @doc The LTTng sessions that beamtap did not make and that have events of this VM enabled; `[]' if LTTng does not answer in
%% time.
-spec outside(WithinMs :: pos_integer()) -> [outside()].
outside(WithinMs) ->
    %% The process may be writing definitions now.
    try
        gen_server:call(?MODULE, {outside, WithinMs div 2}, WithinMs)
    catch
        exit:_ -> []
    end.

%% @doc What the names of all LTTng sessions and traces of this VM's taps begin with.
-spec stem_of_vm() -> binary().
stem_of_vm() ->
    unicode:characters_to_binary([stem_of_node(), os:getpid(), "-"]).

%% @doc The same for all VMs that have, or had, this node's name.
-spec stem_of_node() -> binary().
stem_of_node() ->
    unicode:characters_to_binary(["beamtap-", atom_to_binary(node()), "-"]).

%%% The process

-spec init(none) -> {ok, state()}.
init(none) ->
    process_flag(trap_exit, true),
    %% The library may be loaded already, and know an earlier process.
    _ = erlang:module_loaded(beamtap_nif) andalso beamtap_nif:watch_definitions(self()),
    {ok, #{outside => [], told => []}}.

-spec handle_call(term(), gen_server:from(), state()) -> {reply, term(), state()} | {reply, term(), state(), {continue, tell}}.
handle_call({outside, WithinMs}, _From, State) ->
    #{outside := Sessions} = Looked = look(WithinMs, State),
    {reply, Sessions, Looked, {continue, tell}};
handle_call(_, _From, State) ->
    {reply, ok, State}.

%% LTTng does not announce an LTTng session that joins another one. If one is found here, definitions are written for it.
-spec handle_continue(tell, state()) -> {noreply, state()}.
handle_continue(tell, #{told := Told} = State) ->
    case active(State) -- Told of
        [] ->
            {noreply, State#{told := active(State)}};
        _ ->
            _ = dump(),
            {noreply, State#{told := active(State)}}
    end.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info(beamtap_definitions_missing, State) ->
    _ = dump(),
    Looked = look(?LOOK_MS, State),
    {noreply, Looked#{told := active(Looked)}};
handle_info(_, State) ->
    {noreply, State}.

look(WithinMs, #{outside := Before} = State) ->
    case erlang:module_loaded(beamtap_nif) andalso beamtap_nif:audience(WithinMs) of
        false -> State;
        {ok, Found} -> State#{outside := [outside_session(One) || One <- Found, not is_own(element(1, One))]};
        {error, _} -> State#{outside := [Session#{active := unknown} || Session <- Before]}
    end.

outside_session({Name, IsActive, Mode, Path, Events}) ->
    #{session => Name, state => outside, active => IsActive, mode => Mode, path => Path, events => Events}.

is_own(Name) -> string:prefix(Name, stem_of_vm()) =/= nomatch.

active(#{outside := Sessions}) -> [Name || #{session := Name, active := true} <- Sessions].

-spec terminate(term(), state()) -> term().
terminate(_Reason, _State) ->
    erlang:module_loaded(beamtap_nif) andalso beamtap_nif:watch_definitions(none).

%%% Collecting

vm() ->
    #{
        node => atom_to_binary(node()),
        otp_release => list_to_binary(erlang:system_info(otp_release)),
        erts => list_to_binary(erlang:system_info(version)),
        schedulers => erlang:system_info(schedulers),
        beamtap => version()
    }.

version() ->
    case application:get_key(beamtap, vsn) of
        {ok, Version} -> list_to_binary(Version);
        undefined -> <<>>
    end.

%% Known from OTP 27 on.
labels(Pids) ->
    case erlang:function_exported(proc_lib, get_label, 1) of
        true -> [{Pid, Label} || Pid <- Pids, Label <- [label(Pid)], Label =/= undefined];
        false -> []
    end.

label(Pid) ->
    apply(proc_lib, get_label, [Pid]).

%% In order.
modules() ->
    lists:sort([{Module, Md5} || {Module, _} <- code:all_loaded(), Md5 <- [md5(Module)], is_binary(Md5)]).

md5(Module) ->
    try
        erlang:get_module_info(Module, md5)
    catch
        %% It has just been deleted.
        error:badarg -> none
    end.

process(Pid) ->
    case process_info(Pid, [registered_name, initial_call]) of
        [{registered_name, Name}, {initial_call, Call}] ->
            {ok, {Pid, parent(Pid), name(Name), initial_call(Pid, Call)}};
        undefined ->
            none
    end.

name(Name) when is_atom(Name) -> Name;
name([]) -> undefined.

%% Known from OTP 25 on.
parent(Pid) ->
    try process_info(Pid, parent) of
        {parent, Parent} when is_pid(Parent), node(Parent) =:= node() -> Parent;
        _ -> undefined
    catch
        error:badarg -> undefined
    end.

%% proc_lib keeps the function that the process was started with.
initial_call(Pid, {proc_lib, init_p, _}) ->
    case proc_lib:initial_call(Pid) of
        {M, F, Args} when is_list(Args) -> {M, F, length(Args)};
        _ -> undefined
    end;
initial_call(_, {M, F, A}) ->
    {M, F, A}.

%% @doc A unique number for a canary.
-spec nonce() -> {non_neg_integer(), non_neg_integer()}.
nonce() ->
    <<High:64, Low:64>> = erlang:md5(term_to_binary({make_ref(), erlang:system_time(), os:getpid(), node()})),
    {High, Low}.

%% @doc Emits an event that is unique: if it is in the trace, LTTng records.
-spec canary({non_neg_integer(), non_neg_integer()}) -> ok | {error, no_slot}.
canary({High, Low}) ->
    beamtap_nif:emit_canary(High, Low).
