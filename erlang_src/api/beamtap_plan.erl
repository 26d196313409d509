%% @private
%% From what a user asked for to a tap that records.
-module(beamtap_plan).

-export([carry_out/3, wish/1]).

%% How often a tap's process is started where those that it needs were killed.
-define(LAUNCHES, 3).

%% @doc Starts a tap; More is added to its session's plan.
-spec carry_out(beamtap_spec:spec(), beamtap_spec:opts(), #{counting => true}) -> {ok, beamtap:tap()} | beamtap_error:error().
carry_out(Spec, Opts, More) ->
    pipe(
        [
            fun(Plan) -> checked(beamtap_spec:divide(Spec, Opts), Plan) end,
            fun(Plan) -> with_environment(beamtap_environment:check(), Plan) end,
            fun running/1,
            fun resolve/1,
            fun place/1,
            fun(Plan) -> launch(Plan, ?LAUNCHES) end
        ],
        More
    ).

checked({ok, Spec, Opts}, Plan) ->
    case beamtap_spec:check(Spec) of
        {ok, Named} -> with(beamtap_options:check(Opts, owner()), fun(Checked) -> (maps:merge(Plan, Named))#{opts => Checked} end);
        {error, _} = Error -> Error
    end;
checked({error, _} = Error, _) ->
    Error.

%% The owner unless another is named. A process that only carries out a call from another node ends with that call: the tap
%% then belongs to the node.
owner() ->
    case process_info(self(), [initial_call, parent]) of
        [{initial_call, {erpc, Carries, _}}, _] when Carries =:= execute_call; Carries =:= execute_cast -> whereis(init);
        %% A C node's call, or that of a node before OTP 23.
        [_, {parent, Parent}] when is_pid(Parent) -> owner(Parent =:= whereis(rex));
        _ -> self()
    end.

owner(true) -> whereis(init);
owner(false) -> self().

with_environment(ok, Plan) -> {ok, Plan};
with_environment({error, _} = Error, _) -> Error.

running(Plan) ->
    case application:ensure_all_started(beamtap) of
        {ok, _} ->
            %% Processes that were killed are there again, and what a killed tap left is nobody's any more.
            _ = beamtap_sup:settle(),
            _ = beamtap_janitor:sweep(),
            {ok, Plan};
        {error, Reason} ->
            {error, #{reason => not_started, what => application, cause => Reason}}
    end.

resolve(#{functions := Functions} = Plan) ->
    with(wish({ok, Plan}), fun(Wish) ->
        is_map_key(counting, Plan) orelse [logger:notice("beamtap: ~ts", [beamtap_words_vm:left_out(Left)]) || Left <- beamtap_code:left_out(Functions)],
        Plan#{wish => Wish}
    end).

%% @doc What a checked spec wants of the VM: names turned into functions.
-spec wish({ok, map()} | beamtap_error:error()) -> {ok, beamtap_tracing:wish()} | beamtap_error:error().
wish({ok, #{functions := Functions} = Checked}) ->
    with(beamtap_code:asked(Functions), fun(Named) ->
        {Asked, Limits} = beamtap_returns:limit(Named),
        (maps:with([classes, inherit, targets], Checked))#{asked => Asked, limits => Limits, patterns => Functions}
    end);
wish({error, _} = Error) ->
    Error.

%% What was refused before has taken no number.
place(#{opts := #{output := Output} = Opts} = Plan) ->
    Number = erlang:unique_integer([positive, monotonic]),
    Stem = beamtap_traces:stem(),
    Name = <<Stem/binary, "-", (integer_to_binary(Number))/binary>>,
    Named = Plan#{tap => {tap, Number}, name => Name},
    case beamtap_mode:writes_here(Opts) of
        true -> with(beamtap_traces:path(Output, Stem), fun(Path) -> Named#{path => Path} end);
        %% The trace is at a relay daemon.
        false -> {ok, Named#{path => hd([Url || #{url := Url} <- beamtap_mode:places(Opts, <<>>, Name)])}}
    end.

launch(#{tap := Tap} = Plan, Left) ->
    case beamtap_sup:start_session(Plan) of
        {ok, Session} ->
            case beamtap_session:await(Session) of
                ok -> {ok, Tap};
                {error, #{reason := ended}} = Error when Left > 1 -> again(Plan, Left - 1, Error);
                {error, _} = Error -> Error
            end;
        {error, _} when Left > 1 ->
            %% A process of beamtap's was killed a moment ago.
            _ = beamtap_sup:settle() =:= stopped andalso application:stop(beamtap),
            pipe([fun running/1, fun(Again) -> launch(Again, Left - 1) end], Plan);
        {error, Reason} ->
            {error, #{reason => not_started, what => session, cause => Reason}}
    end.

%% A supervisor that ends its sessions because a process beside them was killed ends those that just start, too. Not so one
%% whose application is stopped.
again(#{tap := Tap, path := Path} = Plan, Left, Error) ->
    IsShutDown =
        case beamtap_ledger:receipt(Tap) of
            {ok, #{ended_by := shutdown}} -> true;
            _ -> false
        end,
    case IsShutDown andalso beamtap_sup:settle() =:= ok andalso file:list_dir_all(Path) of
        {ok, [_ | _]} ->
            Error;
        false ->
            Error;
        _ ->
            ok = beamtap_ledger:forget(Tap),
            launch(Plan, Left)
    end.

with({ok, Value}, Next) -> {ok, Next(Value)};
with({error, _} = Error, _) -> Error.

pipe([Last], Value) ->
    Last(Value);
pipe([Step | Rest], Value) ->
    case Step(Value) of
        {ok, Next} -> pipe(Rest, Next);
        {error, _} = Error -> Error
    end.
