-module(work).
-export([run/0, fib/1, thrower/1, tail/2, alloc/1]).
run() ->
    13 = fib(6),
    [catch thrower(N) || N <- [0, 1, 2]],
    done = tail(5, done),
    {Pid, Ref} = spawn_monitor(fun() -> alloc(20000) end),
    receive {'DOWN', Ref, process, Pid, _} -> ok end.
fib(N) when N < 2 -> 1;
fib(N) -> fib(N - 1) + fib(N - 2).
thrower(0) -> zero;
thrower(1) -> throw(one);
thrower(2) -> error(two).
tail(0, X) -> X;
tail(N, X) -> tail(N - 1, X).
alloc(N) -> length([integer_to_list(I) || I <- lists:seq(1, N)]).
