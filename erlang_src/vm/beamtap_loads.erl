%% @private
%% Tells tap processes of modules that are loaded: newly loaded code has no breakpoints.
%%
%% It meta-traces the functions that every load goes through. If another tool meta-traces them, nobody can be told. While no
%% tap process watches, nothing is set.
-module(beamtap_loads).
-behaviour(gen_server).

-export([start_link/0, watch/0, unwatch/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

%% `grip' holds the meta trace. `preparing' and `finishing' are calls that have not returned, by process. `prepared' code is
%% known by the VM's reference to it. After one FORGET_MS it becomes `earlier', and after another it is forgotten.
-type state() :: #{
    watchers := #{reference() => pid()},
    grip := none | beamtap_vm:loads(),
    preparing := #{pid() => module()},
    prepared := #{reference() => module()},
    earlier := #{reference() => module()},
    finishing := #{pid() => [module()]}
}.

-define(FORGET_MS, 30000).

-spec start_link() -> gen_server:start_ret().
start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, none, []).

%% @doc Sends the caller `{beamtap_loaded, [module()], AtUs}' when modules have been loaded, with the system's time in
%% microseconds, until unwatch/1 or its exit. `blind': another tool's trace is in the way.
-spec watch() -> ok | blind.
watch() ->
    gen_server:call(?MODULE, {watch, self()}, infinity).

%% @doc Stops telling a process.
-spec unwatch(pid()) -> ok.
unwatch(Watcher) ->
    try
        gen_server:call(?MODULE, {unwatch, Watcher}, infinity)
    catch
        %% The application stops, and with it the meta trace.
        exit:_ -> ok
    end.

-spec init(none) -> {ok, state()}.
init(none) ->
    process_flag(trap_exit, true),
    process_flag(sensitive, true),
    %% When the application fails, its master kills every process whose group leader it is. This one has to clear its trace.
    true = group_leader(whereis(init), self()),
    %% An earlier process may have been killed.
    ok = beamtap_vm:loads_sweep(),
    {ok, idle(#{watchers => #{}})}.

idle(State) ->
    State#{grip => none, preparing => #{}, prepared => #{}, earlier => #{}, finishing => #{}}.

-spec handle_call(term(), gen_server:from(), state()) -> {reply, ok | blind, state()}.
handle_call({watch, Pid}, _From, #{watchers := Watchers} = State) ->
    case on(State) of
        {ok, On} ->
            case lists:member(Pid, maps:values(Watchers)) of
                true -> {reply, ok, On};
                false -> {reply, ok, On#{watchers := Watchers#{monitor(process, Pid) => Pid}}}
            end;
        blind -> {reply, blind, State}
    end;
handle_call({unwatch, Pid}, _From, #{watchers := Watchers} = State) ->
    Gone = [Monitor || {Monitor, Watcher} <- maps:to_list(Watchers), Watcher =:= Pid],
    lists:foreach(fun(Monitor) -> demonitor(Monitor, [flush]) end, Gone),
    {reply, ok, off(State#{watchers := maps:without(Gone, Watchers)})};
handle_call(_, _From, State) ->
    {reply, ok, State}.

on(#{grip := none} = State) ->
    case beamtap_vm:loads_on() of
        {ok, Grip} ->
            _ = erlang:send_after(?FORGET_MS, self(), forget),
            {ok, State#{grip := Grip}};
        taken ->
            blind
    end;
on(State) ->
    {ok, State}.

off(#{watchers := Watchers, grip := Grip} = State) when map_size(Watchers) =:= 0, Grip =/= none ->
    ok = beamtap_vm:loads_off(Grip),
    idle(State);
off(State) ->
    State.

-spec handle_cast(term(), state()) -> {noreply, state()}.
handle_cast(_, State) ->
    {noreply, State}.

-spec handle_info(term(), state()) -> {noreply, state()}.
handle_info({trace_ts, Pid, call, {_, prepare_loading, [Module, _]}, _}, #{preparing := Preparing} = State) ->
    {noreply, State#{preparing := Preparing#{Pid => Module}}};
handle_info({trace_ts, Pid, return_from, {_, prepare_loading, _}, Code, _}, #{preparing := Preparing, prepared := Prepared} = State) ->
    case maps:take(Pid, Preparing) of
        {Module, Left} when is_reference(Code) -> {noreply, State#{preparing := Left, prepared := Prepared#{Code => Module}}};
        {_, Left} -> {noreply, State#{preparing := Left}};
        error -> {noreply, State}
    end;
handle_info({trace_ts, Pid, call, {_, finish_loading, [Codes]}, _}, #{finishing := Finishing} = State) ->
    #{prepared := Prepared, earlier := Earlier} = State,
    Modules = [Module || Code <- Codes, Known <- [Earlier, Prepared], {ok, Module} <- [maps:find(Code, Known)]],
    {noreply, State#{
        finishing := Finishing#{Pid => Modules}, prepared := maps:without(Codes, Prepared), earlier := maps:without(Codes, Earlier)
    }};
handle_info({trace_ts, Pid, call, {_, finish_after_on_load, [Module, true]}, _}, #{finishing := Finishing} = State) ->
    {noreply, State#{finishing := Finishing#{Pid => [Module]}}};
handle_info({trace_ts, Pid, return_from, {_, _, _}, Answer, {Mega, Seconds, Micro}}, #{finishing := Finishing} = State) ->
    case maps:take(Pid, Finishing) of
        {Modules, Left} when Answer =:= ok; Answer =:= true ->
            AtUs = (Mega * 1000000 + Seconds) * 1000000 + Micro,
            _ = [Watcher ! {beamtap_loaded, Modules, AtUs} || Watcher <- maps:values(map_get(watchers, State))],
            {noreply, State#{finishing := Left}};
        {_, Left} ->
            {noreply, State#{finishing := Left}};
        error ->
            {noreply, State}
    end;
handle_info({trace_ts, Pid, _, _, _, _}, #{preparing := Preparing, finishing := Finishing} = State) ->
    %% The call raised an exception.
    {noreply, State#{preparing := maps:remove(Pid, Preparing), finishing := maps:remove(Pid, Finishing)}};
handle_info(forget, #{grip := none} = State) ->
    {noreply, State};
handle_info(forget, #{prepared := Prepared} = State) ->
    _ = erlang:send_after(?FORGET_MS, self(), forget),
    {noreply, State#{prepared := #{}, earlier := Prepared}};
handle_info({'DOWN', Monitor, process, _, _}, #{watchers := Watchers} = State) ->
    {noreply, off(State#{watchers := maps:remove(Monitor, Watchers)})};
handle_info(_, State) ->
    {noreply, State}.

-spec terminate(term(), state()) -> term().
terminate(_Reason, State) ->
    off(State#{watchers := #{}}).
