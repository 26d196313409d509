%% A process that does what it is told, one thing after another.
-module(beamtap_worker).

-export([start/0, does/2]).

start() ->
    spawn(fun loop/0).

%% @doc Lets a worker do something and answers what came of it.
does(Worker, Act) ->
    Worker ! {do, self(), Act},
    receive
        {done, Worker, Answer} -> Answer
    end.

loop() ->
    receive
        {do, From, Act} ->
            From ! {done, self(), Act()},
            loop()
    end.
