%% What beamtap must not do to a VM. Each case has a VM of its own, so that a crash is a failed case.
-module(beamtap_harm_SUITE).

-export([all/0, suite/0, end_per_testcase/2]).
-export([meta_trace/1, traced_port_sends_to_the_dead/1, naive_start/1]).
-export([provider_before_daemon/1, no_native_library/1, no_provider/1, no_sessiond/1, no_permission/1, reload/1]).
%% In the other VM
-export([call_meta_traced/0, send_from_traced_port/1, flood/0, start_sampling/0, sampled/1]).

%% So many answers after a tap's bound may take longer than the slowest without tracing.
-define(SLOW_ANSWERS, 3).

suite() -> [{timetrap, {minutes, 2}}].

all() ->
    [
        meta_trace,
        traced_port_sends_to_the_dead,
        naive_start,
        provider_before_daemon,
        no_native_library,
        no_provider,
        no_sessiond,
        no_permission,
        reload
    ].

end_per_testcase(_, Config) ->
    beamtap_world:until(fun() ->
        #{daemons := Daemons} = beamtap_world:snapshot(),
        Daemons =:= [] orelse Daemons
    end),
    Config.

%% trace_call/5 and trace_send/5 would be called with three arguments here: the VM would end with a segmentation fault.
meta_trace(Config) ->
    Vm = vm(#{}),
    {ok, Tap} = call(Vm, beamtap, start, [{lists, seq, 3}, opts(Vm, meta, Config)]),
    {beamtap_nif, 0} = call(Vm, beamtap, tracer, []),
    1000 = call(Vm, ?MODULE, call_meta_traced, []),
    {ok, #{events := #{<<"call">> := Calls}}} = call(Vm, beamtap, stop, [Tap]),
    true = Calls >= 1000,
    healthy(Vm).

call_meta_traced() ->
    1 = erlang:trace_pattern({lists, seq, 2}, [{'_', [], [{exception_trace}]}], [{meta, beamtap_nif, 0}]),
    Done = [lists:seq(1, N) || N <- lists:seq(1, 1000)],
    {'EXIT', _} = (catch lists:seq(2, 0)),
    1 = erlang:trace_pattern({lists, seq, 2}, false, [meta]),
    length(Done).

traced_port_sends_to_the_dead(Config) ->
    Vm = vm(#{}),
    {ok, Tap} = call(Vm, beamtap, start, [[send, 'receive'], opts(Vm, port, Config)]),
    {beamtap_nif, 0} = call(Vm, beamtap, tracer, []),
    ok = call(Vm, ?MODULE, send_from_traced_port, [{beamtap_nif, 0}]),
    {ok, #{ended_by := stop}} = call(Vm, beamtap, stop, [Tap]),
    healthy(Vm).

%% A process that does not own the socket asks for its data and dies; the answer is sent to it all the same.
send_from_traced_port({Module, State}) ->
    {ok, Listen} = gen_tcp:listen(0, [{active, false}, {ip, {127, 0, 0, 1}}]),
    {ok, Port} = inet:port(Listen),
    {ok, Client} = gen_tcp:connect({127, 0, 0, 1}, Port, [{active, false}]),
    {ok, Server} = gen_tcp:accept(Listen),
    {Asker, Monitor} = spawn_monitor(fun() -> {ok, _} = prim_inet:async_recv(Server, 0, -1) end),
    receive
        {'DOWN', Monitor, process, Asker, normal} -> ok
    end,
    1 = erlang:trace(Server, true, [send, 'receive', {tracer, Module, State}]),
    ok = gen_tcp:send(Client, <<"for the dead">>),
    beamtap_world:until(fun() ->
        case inet:getstat(Server, [recv_cnt]) of
            {ok, [{recv_cnt, Count}]} when Count > 0 -> true;
            Other -> Other
        end
    end),
    {flags, [_ | _]} = erlang:trace_info(Server, flags),
    ok = gen_tcp:close(Server),
    ok = gen_tcp:close(Client),
    gen_tcp:close(Listen).

%% Everything of every process of a busy node, as somebody would who did not read the manual.
naive_start(Config) ->
    %% As on a node with LTTng in use: that a daemon starts, and is found, on a machine with nothing to spare is not what
    %% this is about.
    Daemon = beamtap_sessiond:start(Config),
    Vm = vm(#{}),
    ok = call(Vm, ?MODULE, flood, []),
    Sampler = call(Vm, ?MODULE, start_sampling, []),
    %% Not all at one go: as long as a scheduler has something to do it does not take its share of the flood.
    Untraced = fun() -> [Us || {_, Us} <- call(Vm, ?MODULE, sampled, [Sampler])] end,
    beamtap_world:until(fun() -> length(Untraced()) >= 200 orelse few end),
    Usual = lists:max(Untraced()),
    {ok, Tap} = call(Vm, beamtap, start, [all, opts(Vm, naive, Config)]),
    beamtap_world:until(fun() ->
        {ok, #{state := State}} = call(Vm, beamtap, info, [Tap]),
        State =:= ended orelse State
    end),
    %% The machine may be too slow for a million events in the ten seconds.
    {ok, #{ended_by := Bound, path := Path, events := Events}} = call(Vm, beamtap, stop, [Tap]),
    true = Bound =:= events orelse Bound =:= deadline,
    Tripped = last_event(Path),
    %% As before: an answer after the end took no longer than the slowest had taken.
    AsBefore = fun() -> [At || {At, Us} <- call(Vm, ?MODULE, sampled, [Sampler]), At > Tripped, Us =< Usual] end,
    beamtap_world:until(fun() -> AsBefore() =/= [] orelse still_slow end),
    Back = lists:min(AsBefore()),
    Samples = call(Vm, ?MODULE, sampled, [Sampler]),
    Worst = lists:max([Us || {_, Us} <- Samples]),
    Slow = [Us || {At, Us} <- Samples, At > Tripped, At < Back],
    Figures = io_lib:format(
        "~b events; slowest answer ~.1f ms before, ~.1f ms while traced; as before ~.1f ms and ~b slow answers after the bound",
        [lists:sum(maps:values(Events)), Usual / 1000, Worst / 1000, (Back - Tripped) / 1.0e6, length(Slow)]
    ),
    ct:pal("~ts", [Figures]),
    ct:comment("~ts", [Figures]),
    %% Counted in answers, since other people's work on this machine is not what this is about: one was under way at the
    %% bound, and one more may have to wait for the flags to be taken away.
    true = length(Slow) =< ?SLOW_ANSWERS orelse {slow, Slow},
    healthy(Vm),
    beamtap_sessiond:stop(Daemon).

%% When the last event of the flood was written, in nanoseconds since the epoch: the bound was reached.
last_event(Path) ->
    Read = [beamtap_files:file("beamtapd"), " read --json --event beamtap:send --fields to_kind '", Path, "' | tail -n 1"],
    {match, [Ns]} = re:run(os:cmd(unicode:characters_to_list(Read)), "\"time_ns\":(\\d+)", [{capture, all_but_first, list}]),
    list_to_integer(Ns).

%% The time of a process's start and answer, in microseconds.
latency() ->
    Self = self(),
    {Us, _} = timer:tc(fun() ->
        Ref = make_ref(),
        _ = spawn(fun() -> Self ! Ref end),
        receive
            Ref -> ok
        end
    end),
    Us.

%% A process that goes on asking; with when each answer had come, in nanoseconds since the epoch.
start_sampling() -> spawn(fun() -> sample([]) end).

sample(Samples) ->
    Us = latency(),
    Known = [{erlang:system_time(nanosecond), Us} | Samples],
    receive
        {From, sampled} ->
            From ! {self(), Known},
            sample(Known)
    after 1 -> sample(Known)
    end.

sampled(Sampler) ->
    Sampler ! {self(), sampled},
    receive
        {Sampler, Samples} -> Samples
    end.

flood() ->
    Loop = fun Loop(N) ->
        self() ! N,
        receive
            N -> ok
        end,
        _ = lists:reverse(lists:seq(1, 100)),
        Loop(N + 1)
    end,
    _ = [spawn(fun() -> Loop(1) end) || _ <- lists:seq(1, 20)],
    ok.

%% liblttng-ust is opened where no daemon has ever run: what it shares with daemons is not there yet. A tap must record
%% all the same. In an LTTng world of its own, since any daemon leaves it behind.
provider_before_daemon(Config) ->
    Script = filename:join([beamtap_world:root(), "scripts", "lttng-sandbox"]),
    Output = beamtap_world:scratch(?FUNCTION_NAME, Config),
    Paths = [["-pa '", filename:absname(Path), "' "] || Path <- code:get_path(), not is_otp(Path), filelib:is_dir(Path)],
    Code = [
        "ok = beamtap:load_provider(), {ok, Tap} = beamtap:start({lists, seq, 2}, [{output, \"", Output, "\"}]), ",
        "lists:seq(1, 3), {ok, R} = beamtap:stop(Tap), io:format(\"recorded ~p~n\", [maps:get(ended_by, R)])"
    ],
    Command = unicode:characters_to_list([Script, " erl -noshell ", Paths, "-eval '", Code, "' -s init stop 2>&1"]),
    "recorded stop\n" = os:cmd(Command).

no_native_library(Config) ->
    Empty = filename:join(proplists:get_value(priv_dir, Config), "empty"),
    ok = filelib:ensure_path(Empty),
    refused(vm(#{env => [{"BEAMTAP_NATIVE_DIR", Empty}]}), no_native_library, error, Config).

no_provider(Config) ->
    Directory = filename:join(proplists:get_value(priv_dir, Config), "no_provider"),
    ok = filelib:ensure_path(Directory),
    Library = beamtap_files:file("libbeamtap_nif.so"),
    {ok, _} = file:copy(Library, filename:join(Directory, filename:basename(Library))),
    Vm = vm(#{env => [{"BEAMTAP_NATIVE_DIR", Directory}]}),
    {error, #{reason := no_provider}} = call(Vm, beamtap, tracer, []),
    refused(Vm, no_provider, error, Config).

%% LTTng's library is there, and no daemon to be found.
no_sessiond(Config) ->
    refused(vm(#{env => [{"LTTNG_SESSIOND_PATH", "/nonexistent/lttng-sessiond"}]}), no_sessiond, error, Config).

%% A user who may not write where LTTng's daemon would keep its things.
no_permission(Config) ->
    case {os:cmd("id -u"), os:find_executable("setpriv")} of
        {"0\n", Setpriv} when is_list(Setpriv) ->
            Home = filename:join(proplists:get_value(priv_dir, Config), "home"),
            ok = filelib:ensure_path(Home),
            ok = file:change_mode(Home, 8#555),
            %% Nobody's way to the code goes through directories that are root's alone.
            case os:cmd("setpriv --reuid=65534 --regid=65534 --clear-groups test -r '" ++ code:which(beamtap) ++ "' || echo no") of
                "" ->
                    Vm = vm(#{
                        env => [{"HOME", Home}, {"LTTNG_HOME", Home}],
                        exec => {Setpriv, ["--reuid=65534", "--regid=65534", "--clear-groups", os:find_executable("erl")]}
                    }),
                    refused(Vm, [not_permitted, no_sessiond], error, [{priv_dir, "/tmp"} | Config]);
                "no\n" ->
                    beamtap_skip:cannot_run("another user cannot read the code")
            end;
        _ ->
            beamtap_skip:cannot_run("becoming somebody else needs root and setpriv")
    end.

%% The native module cannot be exchanged while it is loaded; trying says so and harms nothing.
reload(Config) ->
    Vm = vm(#{}),
    {ok, Tap} = call(Vm, beamtap, start, [[procs, {lists, seq, 2}], opts(Vm, reload, Config)]),
    {error, on_load_failure} = call(Vm, code, load_file, [beamtap_nif]),
    [1, 2] = call(Vm, lists, seq, [1, 2]),
    {module, beamtap_vm} = call(Vm, code, load_file, [beamtap_vm]),
    {ok, #{problems := []}} = call(Vm, beamtap, stop, [Tap]),
    healthy(Vm).

%%% Within

vm(Options) ->
    Paths = lists:append([["-pa", Path] || Path <- code:get_path(), filelib:is_dir(Path), not is_otp(Path)]),
    {ok, Vm, _} = peer:start(maps:merge(#{connection => standard_io, args => Paths}, Options)),
    Vm.

is_otp(Path) -> string:prefix(Path, code:lib_dir()) =/= nomatch.

%% The process that carries out a call ends with it, and a tap with its owner.
opts(Vm, Case, Config) ->
    #{output => beamtap_world:scratch(Case, Config), owner => call(Vm, erlang, whereis, [init])}.

call(Vm, Module, Function, Arguments) ->
    peer:call(Vm, Module, Function, Arguments, 60000).

%% One clear error; nothing set; the VM goes on.
refused(Vm, Reasons, Verdict, Config) ->
    Path = beamtap_world:scratch(refused, Config),
    Before = call(Vm, beamtap_world, snapshot, []),
    {error, #{reason := Reason, message := Message, remedy := Remedy}} =
        call(Vm, beamtap, start, [[procs, {lists, seq, 2}], #{output => Path}]),
    {Reason, true} = {Reason, lists:member(Reason, lists:flatten([Reasons]))},
    lists:foreach(
        fun(Line) -> true = Line =/= <<>> andalso binary:match(Line, <<"\n">>) =:= nomatch end, [Message, Remedy]
    ),
    Before = call(Vm, beamtap_world, snapshot, []),
    Rows = call(Vm, beamtap_doctor, rows, []),
    Verdict = call(Vm, beamtap_doctor, worst, [Rows]),
    false = filelib:is_dir(Path),
    healthy(Vm).

healthy(Vm) ->
    [1, 2, 3] = call(Vm, lists, seq, [1, 3]),
    #{flags := [], patterns := []} = call(Vm, beamtap_world, snapshot, []),
    ok = peer:stop(Vm).
