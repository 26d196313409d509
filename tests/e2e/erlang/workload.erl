%% A program whose trace is known: what the tests of the whole line record.
-module(workload).
-export([record/3, fib/1, thrower/1]).

%% Records run/0 into Output and answers how many calls of fib/1 there were.
record(Output, Classes, Opts) ->
    Spec = #{functions => ["workload:fib/1 -> return", "workload:thrower/1 -> exception"], classes => Classes},
    {ok, Tap} = beamtap:start(Spec, Opts#{output => Output}),
    run(),
    {ok, Receipt} = beamtap:stop(Tap),
    Receipt.

%% 21,891 calls of fib/1 and as many returns; 100 of thrower/1, each left by one of three exceptions or by returning.
run() ->
    fib(20),
    [catch thrower(N rem 4) || N <- lists:seq(1, 100)],
    Pids = [spawn_monitor(fun() -> work(N) end) || N <- lists:seq(1, 20)],
    [
        receive
            {'DOWN', Ref, process, Pid, _} -> ok
        end
     || {Pid, Ref} <- Pids
    ],
    Server = spawn(fun server/0),
    [call(Server, N) || N <- lists:seq(1, 50)],
    Server ! stop,
    ok.

fib(N) when N < 2 -> 1;
fib(N) -> fib(N - 1) + fib(N - 2).

thrower(0) -> 0;
thrower(1) -> throw(one);
thrower(2) -> exit(two);
thrower(3) -> error(three).

work(N) ->
    true = length([integer_to_list(X) || X <- lists:seq(1, N * 1000)]) > 0,
    exit({done, N}).

server() ->
    receive
        {'$gen_call', {From, Tag}, N} ->
            From ! {Tag, N},
            server();
        stop ->
            ok
    end.

call(Server, N) ->
    Tag = make_ref(),
    Server ! {'$gen_call', {self(), Tag}, N},
    receive
        {Tag, N} -> ok
    end.
