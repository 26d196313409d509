%% @private
%% A process that calls a function of ours over and over, to measure what it costs that the calls are traced.
-module(beamtap_probe).

-export([start/0, ns/2, stop/1, mfa/0]).
%% Traced
-export([probe/1]).

-spec start() -> pid().
start() ->
    spawn_link(fun work/0).

%% @doc The function it calls.
-spec mfa() -> mfa().
mfa() ->
    {?MODULE, probe, 1}.

%% @doc Nanoseconds that so many calls take: the quickest of a few runs, since what others do meanwhile only makes them
%% slower.
-spec ns(pid(), Calls :: pos_integer()) -> non_neg_integer().
ns(Probe, Calls) ->
    Probe ! {self(), Calls},
    receive
        {Probe, Ns} -> Ns
    end.

-spec stop(pid()) -> ok.
stop(Probe) ->
    true = unlink(Probe),
    true = exit(Probe, kill),
    receive
        {'EXIT', Probe, _} -> ok
    after 0 -> ok
    end.

work() ->
    receive
        {Asker, Calls} ->
            Asker ! {self(), lists:min([timed(Calls) || _ <- lists:seq(1, 3)])},
            work()
    end.

timed(Calls) ->
    Begin = erlang:monotonic_time(nanosecond),
    ok = loop(Calls),
    erlang:monotonic_time(nanosecond) - Begin.

loop(0) ->
    ok;
loop(N) ->
    _ = ?MODULE:probe(N),
    loop(N - 1).

-spec probe(integer()) -> integer().
probe(N) -> N.
