%% A tap that closes step by step: what its process hears in between, and what is left when it ends half way.
-module(beamtap_session_SUITE).

-export([all/0, suite/0, init_per_suite/1, end_per_suite/1, init_per_testcase/2, end_per_testcase/2]).
-export([hears_while_closing/1, shut_down_while_closing/1, killed_while_closing/1]).

suite() -> [{timetrap, {minutes, 2}}].

all() -> [hears_while_closing, shut_down_while_closing, killed_while_closing].

init_per_suite(Config) -> beamtap_sessiond:begin_suite(Config).

end_per_suite(Config) -> beamtap_sessiond:end_suite(Config).

init_per_testcase(_, Config) -> beamtap_sessiond:begin_case(Config).

end_per_testcase(_, Config) -> beamtap_sessiond:end_case(Config).

%% All requests are there before the first step back is taken.
hears_while_closing(Config) ->
    Before = beamtap_world:snapshot(),
    {Tap, Session} = started(?FUNCTION_NAME, Config),
    ok = sys:suspend(Session),
    [First, Info, Second, Change] = [
        gen_statem:send_request(Session, Request)
     || Request <- [{{stop, stop}, beamtap_deadline:stop()}, info, {{stop, clear}, beamtap_deadline:stop()}, {pause, beamtap_deadline:change()}]
    ],
    ok = sys:resume(Session),
    {reply, {ok, #{ended_by := stop, facts := #{problems := []}, recordings := [#{verified := true}]} = Receipt}} = gen_statem:wait_response(First, infinity),
    {reply, {ok, #{tap := Tap, state := closing, classes := [procs]}}} = gen_statem:wait_response(Info, infinity),
    {reply, {ok, Receipt}} = gen_statem:wait_response(Second, infinity),
    %% What would change it has come too late.
    {error, {normal, Session}} = gen_statem:wait_response(Change, infinity),
    {error, #{reason := ended, ended_by := stop}} = beamtap:pause(Tap),
    beamtap_world:settled(Before).

%% The rest is taken back in terminate/3, and the reason stays.
shut_down_while_closing(Config) ->
    Before = beamtap_world:snapshot(),
    {Tap, Session} = closing(?FUNCTION_NAME, Config),
    ok = supervisor:terminate_child(beamtap_session_sup, Session),
    {ok, #{ended_by := stop, problems := [], recordings := [#{discarded := 0, lost := 0}]}} = beamtap:stop(Tap),
    beamtap_world:settled(Before).

%% The rest is the janitor's.
killed_while_closing(Config) ->
    Before = beamtap_world:snapshot(),
    {Tap, Session} = closing(?FUNCTION_NAME, Config),
    exit(Session, kill),
    {ok, #{ended_by := killed}} = beamtap:stop(Tap),
    beamtap_world:settled(Before).

%%% Within

%% Stands still with no step taken back yet.
closing(Case, Config) ->
    {Tap, Session} = started(Case, Config),
    _ = gen_statem:send_request(Session, {{stop, stop}, beamtap_deadline:stop()}),
    ok = sys:suspend(Session),
    {closing, _} = sys:get_state(Session),
    {Tap, Session}.

started(Case, Config) ->
    {ok, Tap} = beamtap:start(procs, #{output => beamtap_world:scratch(Case, Config)}),
    [Session] = beamtap_ledger:sessions(),
    {Tap, Session}.
