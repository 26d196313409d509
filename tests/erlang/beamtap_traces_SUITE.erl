%% The traces below the default place: listed, bounded by what is to be kept, and what is not beamtap's left alone.
-module(beamtap_traces_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([listed/1, kept/1, running_and_others_stay/1, session_killed/1, failed_start_leaves_none/1, wrong_environment/1]).
%% Traced
-export([work/1]).

all() -> [listed, kept, running_and_others_stay, session_killed, failed_start_leaves_none, wrong_environment].

suite() -> [{timetrap, {minutes, 2}}].

init_per_suite(Config) -> beamtap_sessiond:start(Config).

end_per_suite(Config) -> beamtap_sessiond:stop(Config).

init_per_testcase(Case, Config) ->
    Base = filename:absname(beamtap_world:scratch(Case, Config)),
    true = os:putenv("BEAMTAP_TRACES", Base),
    [{base, Base} | Config].

end_per_testcase(_, _) ->
    {ok, _} = beamtap:clear(),
    _ = [application:unset_env(beamtap, Key) || Key <- [keep, keep_daemon]],
    os:unsetenv("BEAMTAP_TRACES").

listed(_) ->
    {ok, []} = beamtap:traces(),
    {ok, Tap} = started(),
    Node = atom_to_binary(node()),
    {ok, [#{state := running, node := Node, path := Path}]} = beamtap:traces(),
    1 = work(1),
    {ok, #{path := Path, problems := [], bytes := Bytes}} = beamtap:stop(Tap),
    {ok, [#{state := finished, path := Path, bytes := Bytes, begun := Begun, changed := Changed}]} = beamtap:traces(),
    true = Begun =< Changed andalso abs(Changed - os:system_time(second)) < 60,
    %% The mark is in nobody's way.
    1 = beamtap_world:calls(Path, ?MODULE, work),
    {lines, [_ | _]} = {lines, string:lexemes(os:cmd("babeltrace2 '" ++ binary_to_list(Path) ++ "' 2>&1 | grep -i 'beamtap:call'"), "\n")},
    ok = beamtap:report(Path, #{json => true}).

kept(_) ->
    ok = application:set_env(beamtap, keep, #{number => 2, age => 86400000}),
    [_, Second, Third] = [Path || _ <- [1, 2, 3], {ok, Tap} <- [started()], {ok, #{path := Path}} <- [beamtap:stop(Tap)]],
    settled([Second, Third]).

running_and_others_stay(Config) ->
    Theirs = filename:join(proplists:get_value(base, Config), "beamtap-theirs"),
    ok = filelib:ensure_path(filename:join(Theirs, "ust")),
    {ok, Long} = started(#{targets => beamtap_worker:start()}),
    ok = application:set_env(beamtap, keep, [{bytes, 1}]),
    {ok, Tap} = started(#{targets => beamtap_worker:start()}),
    {ok, #{path := Short}} = beamtap:stop(Tap),
    beamtap_world:until(fun() -> not filelib:is_dir(Short) end),
    {ok, #{state := recording, path := Path}} = beamtap:info(Long),
    {ok, [#{state := running, path := Path}]} = beamtap:traces(),
    true = filelib:is_dir(Theirs),
    {ok, #{problems := []}} = beamtap:stop(Long),
    settled([]),
    true = filelib:is_dir(Theirs).

session_killed(_) ->
    {ok, Tap} = started(),
    [Session] = beamtap_ledger:sessions(),
    exit(Session, kill),
    {ok, #{ended_by := killed}} = beamtap:stop(Tap),
    {ok, [#{state := finished}]} = beamtap:traces().

failed_start_leaves_none(Config) ->
    Base = proplists:get_value(base, Config),
    {error, #{reason := shm_too_small}} = started(#{num_subbuf => 65536, subbuf_size => 1 bsl 30}),
    {ok, []} = beamtap:traces(),
    [] = filelib:wildcard("*", Base).

wrong_environment(_) ->
    lists:foreach(
        fun({Key, Value, Said}) ->
            ok = application:set_env(beamtap, Key, Value),
            {error, #{reason := bad_environment, message := Message}} = started(),
            {_, <<" in beamtap's environment: expected ", _/binary>>} = {Message, string:prefix(Message, Said)},
            ok = application:unset_env(beamtap, Key)
        end,
        [
            {keep_daemon, soon, "invalid value soon for \"keep_daemon\""},
            {keep_daemon, -1, "invalid value -1 for \"keep_daemon\""},
            {keep, 0, "invalid value 0 for \"keep\""},
            {keep, #{count => 3}, "invalid value #{count => 3} for \"keep\""},
            {keep, [number], "invalid value [number] for \"keep\""}
        ]
    ),
    {ok, []} = beamtap:traces().

work(N) -> N.

started() -> started(#{}).

started(More) ->
    {Spec, Opts} = {maps:with([targets], More), maps:without([targets], More)},
    beamtap:start(Spec#{functions => {?MODULE, work, 1}}, Opts).

%% Old traces are removed behind the tap's end.
settled(Paths) ->
    beamtap_world:until(fun() ->
        {ok, Traces} = beamtap:traces(),
        lists:sort([Path || #{path := Path} <- Traces]) =:= lists:sort(Paths) orelse Traces
    end).
