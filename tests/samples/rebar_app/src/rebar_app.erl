%% @doc A project that uses beamtap as a dependency: does some work, traced, and tells what was recorded.
-module(rebar_app).

-export([traced/2, work/1, main/0]).

%% @doc Calls `work/1' Times times under a tap that writes to Output; returns how many calls were recorded.
-spec traced(pos_integer(), file:name_all()) -> non_neg_integer().
traced(Times, Output) ->
    {ok, Tap} = beamtap:start("rebar_app:work/1 -> return", #{output => Output}),
    lists:foreach(fun ?MODULE:work/1, lists:seq(1, Times)),
    {ok, #{events := #{<<"call">> := Calls, <<"return_from">> := Calls}}} = beamtap:stop(Tap),
    Calls.

-spec work(integer()) -> integer().
work(N) -> N * N.

%% @doc What the tests start: prints the number of calls recorded as its last line.
-spec main() -> ok.
main() ->
    io:format("recorded ~b calls~n", [traced(100, os:getenv("SAMPLE_OUTPUT"))]).
